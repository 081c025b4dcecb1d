/** Looking at a table of a real kernel. */
import { kernelRoutes } from '../../lib/index.ts'
import { inNamespace, ip } from './netns.ts'

inNamespace('what is in a table, and where it leads', async (t) => {
  ip('link add a0 type veth peer name b0')
  ip('addr add 10.0.0.1/24 dev a0')
  ip('link set a0 up')
  ip('link set b0 up')
  ip('route add 10.1.0.0/16 via 10.0.0.9 proto 188 metric 20 src 10.0.0.1')
  ip(
    'route add 10.2.0.0/16 proto bgp nexthop via 10.0.0.8 dev a0 weight 3 nexthop via 10.0.0.9 dev a0',
  )
  ip('route add unreachable 10.3.0.0/16 metric 7')
  ip('route add 10.4.0.0/16 dev a0 scope link')
  ip('route add 10.5.0.0/16 via 10.0.0.9 table 100')
  ip('nexthop add id 5 via 10.0.0.7 dev a0')
  ip('route add 10.6.0.0/16 nhid 5')
  const hop = (gateway: string | undefined, weight = 1) => ({ interface: 'a0', gateway, weight })
  const plain = { type: 'unicast', protocol: 3, metric: 0, source: undefined }
  t.strictSame(await kernelRoutes(), [
    {
      ...plain,
      prefix: '10.0.0.0/24',
      protocol: 2,
      source: '10.0.0.1',
      nextHops: [hop(undefined)],
    },
    {
      ...plain,
      prefix: '10.1.0.0/16',
      protocol: 188,
      metric: 20,
      source: '10.0.0.1',
      nextHops: [hop('10.0.0.9')],
    },
    {
      ...plain,
      prefix: '10.2.0.0/16',
      protocol: 186,
      nextHops: [hop('10.0.0.8', 3), hop('10.0.0.9')],
    },
    { ...plain, prefix: '10.3.0.0/16', type: 'unreachable', metric: 7, nextHops: [] },
    { ...plain, prefix: '10.4.0.0/16', nextHops: [hop(undefined)] },
    { ...plain, prefix: '10.6.0.0/16', nextHops: [hop('10.0.0.7')] },
  ])
  t.strictSame(await kernelRoutes(100), [
    { ...plain, prefix: '10.5.0.0/16', nextHops: [hop('10.0.0.9')] },
  ])
  t.strictSame(await kernelRoutes(101), [], 'a table that is not there')
})
