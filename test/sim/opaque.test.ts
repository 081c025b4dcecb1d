/** Opaque LSAs and names across links, areas and lives. */
import t from 'tap'
import type { OpaqueScope } from '../../lib/core/io.ts'
import { equalDatabases } from '../../lib/sim/check.ts'
import { Network } from '../../lib/sim/network.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { quick } from './topologies.ts'

/** a -area 1- b -backbone- c -backbone- d -area 2- e, where area 2 is a stub, and a LAN of a with f. */
function chain(seed: number) {
  const net = new Network({ seed })
  const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => net.router(name))
  const [a, b, c, d, e, f] = all as [
    SimRouter,
    SimRouter,
    SimRouter,
    SimRouter,
    SimRouter,
    SimRouter,
  ]
  for (const router of [d, e]) router.area('0.0.0.2', { kind: 'stub' })
  net.link(a, b, { ...quick, area: '0.0.0.1' })
  net.link(b, c, quick)
  net.link(c, d, quick)
  net.link(d, e, { ...quick, area: '0.0.0.2' })
  net.segment('lan', '10.0.99.0/24', [a, f], { ...quick, area: '0.0.0.1' })
  return { net, all, a, b, c, d, e, f }
}

/** Names of the routers that have an opaque LSA of another. */
const holders = (all: readonly SimRouter[], of: SimRouter, type: number): string =>
  all
    .filter((router) => router !== of)
    .filter((router) => {
      const lsas = router.database().filter(({ age }) => age < 3600)
      return lsas.some(({ lsa: { header: h } }) => h.type === type && h.advertisingRouter === of.id)
    })
    .map(({ name }) => name)
    .join('')

/** The names that a router shows somewhere. */
const namesAt = (router: SimRouter): string =>
  [...new Set(router.database().flatMap(({ hostname }) => hostname ?? []))].sort().join('')

const data = Uint8Array.of(1, 2, 3, 4)
const everywhere: OpaqueScope[] = [
  { scope: 'link', interface: 'eth0' },
  { scope: 'area', area: 1 },
  { scope: 'as' },
]

t.test('names are learnt in the area, and by its border', async (t) => {
  const { net, all, a, c } = chain(1)
  for (const router of all) router.call(router.name)
  net.run(30)
  t.same(all.map(namesAt), ['abf', 'abcdf', 'bcd', 'bcde', 'de', 'abf'])
  t.same(
    c.neighbors().map((n) => n.hostname),
    ['b', 'd'],
  )
  a.call('renamed')
  net.run(10)
  t.equal(all[5]!.neighbors()[0]?.hostname, 'renamed')
})

t.test('names for the whole AS are learnt over areas, but for a stub area', async (t) => {
  const { net, all, a } = chain(2)
  for (const router of all) router.call(router.name, 'as')
  net.run(30)
  // e itself is in the stub area: only d hears of it
  t.same(all.map(namesAt), ['abcdf', 'abcdf', 'abcdf', 'abcdef', 'de', 'abcdf'])
  const usable = all[2]!.core.opaques(all[2]!.now()).filter((o) => o.advertisingRouter === a.id)
  t.match(usable, [{ scope: 'as', usable: true }], 'by the summary of its border router')
  a.crash()
  net.run(20)
  const stale = all[2]!.core.opaques(all[2]!.now()).filter((o) => o.advertisingRouter === a.id)
  t.match(stale, [{ scope: 'as', usable: false }], 'there, but not to be used')
})

t.test(
  'type 9 stays on its link, 10 in its area, 11 goes everywhere but into a stub area',
  async (t) => {
    const { net, all, a, e } = chain(3)
    for (const where of everywhere) a.opaque(where, 200, 1, data)
    e.opaque({ scope: 'as' }, 200, 1, data)
    net.run(30)
    t.equal(holders(all, a, 9), 'b')
    t.equal(holders(all, a, 10), 'bf')
    t.equal(holders(all, a, 11), 'bcdf')
    t.equal(holders(all, e, 11), '', 'nor out of one')
    for (const area of ['0.0.0.0', '0.0.0.1', '0.0.0.2']) {
      const members = { '0.0.0.0': 'bcd', '0.0.0.1': 'abf', '0.0.0.2': 'de' }[area]!
      t.same(
        equalDatabases(
          all.filter((r) => members.includes(r.name)),
          area,
        ),
        [],
      )
    }
  },
)

t.test(
  'a router that comes back without its opaque LSAs flushes those of its earlier life',
  async (t) => {
    const { net, all, a } = chain(4)
    for (const where of everywhere) a.opaque(where, 200, 1, data)
    a.opaque({ scope: 'area', area: 1 }, 200, 2, data)
    net.run(30)
    a.crash()
    net.run(10)
    t.equal(holders(all, a, 11), 'bcdf', 'nobody knows yet')
    for (const where of everywhere) a.opaque(where, 200, 1)
    a.restart()
    net.run(20)
    t.same([holders(all, a, 9), holders(all, a, 10), holders(all, a, 11)], ['', 'bf', ''])
    const left = all[5]!.database().filter(({ lsa }) => lsa.header.type === 10)
    t.same(
      left.map(({ lsa }) => lsa.header.lsId & 0xff),
      [2],
      'what it still wants to say',
    )
  },
)

for (const seed of [1, 2, 3, 4]) {
  t.test(`changes under loss of 20 %, seed ${seed}`, async (t) => {
    const { net, all, a, c } = chain(seed)
    net.disturb({ loss: 0.2, duplication: 0.1, reordering: 0.1, jitter: 0.01 })
    for (let i = 0; i < 12; i++) {
      net.run(4)
      a.opaque({ scope: 'area', area: 1 }, 200, i % 3, Uint8Array.of(0, 0, 0, i))
      c.opaque({ scope: 'as' }, 200, i % 2, i % 5 === 4 ? undefined : Uint8Array.of(0, 0, 1, i))
      if (i === 6) c.crash()
      if (i === 8) c.restart()
    }
    net.heal()
    net.run(60)
    const contents = (router: SimRouter, type: number): string[] =>
      router
        .database()
        .filter(({ lsa, age }) => lsa.header.type === type && age < 3600)
        .map(({ lsa }) => `${lsa.header.lsId} ${lsa.body.kind === 'opaque' && lsa.body.data}`)
        .sort()
    t.equal(contents(a, 10).length, 3)
    for (const router of [all[1]!, all[5]!]) t.same(contents(router, 10), contents(a, 10))
    t.ok(contents(c, 11).length > 0)
    for (const router of all.filter(({ name }) => name !== 'e')) {
      t.same(contents(router, 11), contents(c, 11), router.name)
    }
  })
}
