import t from 'tap'
import { prefixKey } from '../../lib/core/area.ts'
import { Bench, ip, Peer } from './bench.ts'

t.test('a prefix key tells prefixes and lengths apart', async (t) => {
  const prefixes = ['0.0.0.0', '0.0.0.1', '10.0.0.0', '255.255.255.255'].map(ip)
  const keys = prefixes.flatMap((p) => [0, 1, 31, 32].map((length) => prefixKey(p, length)))
  t.equal(new Set(keys).size, keys.length)
  t.ok(keys.every(Number.isSafeInteger))
})

t.test('an area is in an exchange while a neighbor of it is in Exchange or Loading', async (t) => {
  for (const state of ['Init', 'ExStart', 'Exchange', 'Loading', 'Full'] as const) {
    const bench = new Bench()
    bench.up({ network: 'point-to-point' })
    bench.up({ name: 'eth1', area: 1 }, { address: ip('10.0.1.1') })
    new Peer(bench).to(state)
    const { areas } = bench.router
    t.equal(areas.get(0)!.exchanging, state === 'Exchange' || state === 'Loading', state)
    t.equal(areas.get(1)!.exchanging, false)
  }
})

t.test('A.2: in a normal area the E-bit is set', async (t) => {
  const bench = new Bench()
  bench.up()
  t.equal(bench.router.areas.get(0)!.options, 2)
})
