/** Static routes in a real kernel: there, put back, exchanged and removed; those of others left alone. */

import { LinuxLinks } from '../../lib/linux/links.ts'
import { LinuxRouteSource } from '../../lib/linux/route-source.ts'
import { installStaticRoutes } from '../../lib/static-routes.ts'
import { inNamespace, ip, until } from './netns.ts'

/** One line each, next hops included. */
const ours = (table = 'main'): string[] =>
  ip(`route show table ${table} proto 246`)
    .replace(/\s*\n\s+nexthop/g, ' nexthop')
    .split('\n')
    .map((line) =>
      line
        .replace(/ (linkdown|weight 1)\b/g, '')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '')

function devices(): void {
  for (const [name, address] of [
    ['a0', '10.0.0.1'],
    ['b0', '10.0.1.1'],
  ]) {
    ip(`link add ${name} type veth peer name peer-${name}`)
    ip(`link set peer-${name} up`)
    ip(`addr add ${address}/24 dev ${name}`)
    ip(`link set ${name} up`)
  }
}

inNamespace('static routes are there until they are disposed of', async (t) => {
  devices()
  ip('route add 10.8.0.0/16 via 10.0.1.2 proto static metric 19')
  const errors: string[] = []
  const routes = await installStaticRoutes({
    routes: [
      { prefix: '10.9.0.0/16', gateway: '10.0.0.9' },
      { prefix: '10.9.0.0/16', gateway: '10.0.1.9', distance: 5 },
      { prefix: '0.0.0.0/0', gateway: '10.0.0.9' },
      { prefix: '0.0.0.0/0', gateway: '10.0.1.9' },
      { prefix: '10.7.0.0/16', interface: 'b0' },
      { prefix: '10.6.0.0/16', discard: 'blackhole' },
      { prefix: '10.5.0.0/16', discard: 'unreachable', distance: 250 },
      { prefix: '10.4.0.0/16', gateway: '10.99.0.1', interface: 'b0', onLink: true, table: 77 },
      { prefix: '10.8.0.0/16', gateway: '10.0.0.9' },
    ],
    onError: (error) => errors.push(error.message),
  })
  const all = [
    'default metric 19 nexthop via 10.0.0.9 dev a0 nexthop via 10.0.1.9 dev b0',
    'unreachable 10.5.0.0/16 metric 269',
    'blackhole 10.6.0.0/16 metric 19',
    '10.7.0.0/16 dev b0 scope link metric 19',
    '10.9.0.0/16 via 10.0.0.9 dev a0 metric 19',
  ]
  t.strictSame(ours(), all)
  t.strictSame(ours('77'), ['10.4.0.0/16 via 10.99.0.1 dev b0 metric 19 onlink'])
  t.match(errors, [/10.8.0.0\/16.*exists/i], "somebody else's route stays, and that is said")
  t.match(ip('route show 10.8.0.0/16'), /via 10.0.1.2/)

  await t.rejects(installStaticRoutes({ routes: [] }), { code: 'ERR_OSPF_DUPLICATE' })

  ip('route del 10.9.0.0/16')
  await routes.settled()
  t.strictSame(ours(), all, 'put back')

  ip('link set a0 down')
  await until('the other gateway takes over', () =>
    ours().some((line) => line.startsWith('10.9.0.0/16 via 10.0.1.9 dev b0')),
  )
  t.ok(ours().includes('default via 10.0.1.9 dev b0 metric 19'), ours().join('\n'))
  ip('link set a0 up')
  await until('the first one is back', () => JSON.stringify(ours()) === JSON.stringify(all)).catch(
    (error) => t.fail(`${error}: ${ours().join('; ')} ${errors.join('; ')}`),
  )

  await routes[Symbol.asyncDispose]()
  t.strictSame([...ours(), ...ours('77')], [])
  t.match(ip('route show 10.8.0.0/16'), /via 10.0.1.2/, "somebody else's is still there")
})

inNamespace('what an earlier life left is put right', async (t) => {
  devices()
  ip('route add 10.9.0.0/16 via 10.0.0.3 proto 246 metric 19')
  ip('route add 10.3.0.0/16 via 10.0.0.3 proto 246 metric 19')
  const routes = await installStaticRoutes({
    routes: [{ prefix: '10.9.0.0/16', gateway: '10.0.0.9' }],
  })
  t.strictSame(ours(), ['10.9.0.0/16 via 10.0.0.9 dev a0 metric 19'])
  const links = await LinuxLinks.open()
  const source = await LinuxRouteSource.open({ links })
  t.ok(
    [...source.routes()].some(({ routes }) => routes.some(({ protocol }) => protocol === 246)),
    'redistribution sees them',
  )
  await source[Symbol.asyncDispose]()
  await links[Symbol.asyncDispose]()
  await routes[Symbol.asyncDispose]()
  t.strictSame(ours(), [])
})
