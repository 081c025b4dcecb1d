/** `ip route` in every form. */
import t from 'tap'
import { importFrr } from '../../lib/config/frr.ts'

const read = (text: string) =>
  importFrr([{ name: 'f', text: `router ospf\n router-id 1.1.1.1\n!\n${text}\n` }])
const routes = (text: string) => {
  const { options, errors } = read(text)
  t.strictSame(errors, [], text)
  return (options?.staticRoutes ?? []).map(({ file: _, line: __, ...route }) => route)
}

t.test('every form', async (t) => {
  for (const [text, route] of [
    ['10.9.0.0/16 10.0.0.1', { gateway: '10.0.0.1' }],
    ['10.9.0.0 255.255.0.0 10.0.0.1', { gateway: '10.0.0.1' }],
    ['10.9.0.7/16 10.0.0.1 5', { gateway: '10.0.0.1', distance: 5 }],
    ['10.9.0.0/16 eth0', { interface: 'eth0' }],
    ['10.9.0.0/16 10.0.0.1 eth0 onlink', { gateway: '10.0.0.1', interface: 'eth0', onLink: true }],
    ['10.9.0.0/16 10.0.0.1 onlink', { gateway: '10.0.0.1', onLink: true }],
    ['10.9.0.0/16 Null0', { discard: 'blackhole' }],
    ['10.9.0.0/16 blackhole 250', { discard: 'blackhole', distance: 250 }],
    ['10.9.0.0/16 reject', { discard: 'unreachable' }],
    ['10.9.0.0/16 10.0.0.1 tag 7', { gateway: '10.0.0.1', tag: 7 }],
    ['10.9.0.0/16 10.0.0.1 table 8', { gateway: '10.0.0.1', table: 8 }],
    ['10.9.0.0/16 eth0 table 8 20', { interface: 'eth0', table: 8, distance: 20 }],
    ['10.9.0.0/16 10.0.0.1 vrf red', { gateway: '10.0.0.1', vrf: 'red' }],
    ['10.9.0.0/16 Null0 vrf red nexthop-vrf red', { discard: 'blackhole', vrf: 'red' }],
    ['10.9.0.0/16 10.0.0.1 vrf default nexthop-vrf default', { gateway: '10.0.0.1' }],
  ] as const)
    t.strictSame(routes(`ip route ${text}`), [{ prefix: '10.9.0.0/16', ...route }], text)
})

t.test('`no`, and what is said again', async (t) => {
  const two = 'ip route 10.9.0.0/16 10.0.0.1\nip route 10.9.0.0/16 10.0.0.2'
  t.equal(routes(two).length, 2)
  t.strictSame(routes(`${two}\nno ip route 10.9.0.0/16 10.0.0.1`), [
    { prefix: '10.9.0.0/16', gateway: '10.0.0.2' },
  ])
  t.strictSame(routes(`${two}\nno ip route 10.9.0.0/16`), [])
  t.equal(routes(`${two} vrf red\nno ip route 10.9.0.0/16`).length, 1, 'that of the VRF stays')
  t.strictSame(routes('ip route 10.9.0.0/16 10.0.0.1\nip route 10.9.0.0/16 10.0.0.1 9'), [
    { prefix: '10.9.0.0/16', gateway: '10.0.0.1', distance: 9 },
  ])
})

t.test('what is not done is told', async (t) => {
  for (const vrfs of ['vrf red nexthop-vrf blue', 'nexthop-vrf red', 'vrf red nexthop-vrf default'])
    t.match(read(`ip route 10.9.0.0/16 10.0.0.1 ${vrfs}`), {
      accepted: [{ reason: /from one VRF to another/ }],
      options: { staticRoutes: undefined },
    })
  t.match(read('ip route 10.9.0.0/16 10.0.0.1 vrf red table 5').errors, [
    { line: 4, message: /table of its own/ },
  ])
  t.match(read('ip route 10.9.0.0/16 10.0.0.1 tag 3').accepted, [{ reason: /no tag/ }])
  t.match(read('ip route 10.9.0.0/16 10.0.0.1 label 16').errors, [{ line: 4, message: /labels/ }])
  t.match(read('ip route 10.9.0.0 255.0.255.0 10.0.0.1').errors, [{ message: /not a mask/ }])
  t.match(read('ip route 10.9.0.0/16').errors, [{ line: 4 }])
})
