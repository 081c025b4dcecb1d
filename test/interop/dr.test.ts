/** Designated routers (RFC 2328 9.4): this library beside FRR and BIRD in either part, and among its own. */
import t, { type Test } from 'tap'
import { Bird, type Daemon, Frr, type RouterPlan, Speaker } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'
import { onEth0, SpeakerChild } from './speakers.ts'

t.setTimeout(180_000)
t.jobs = 5

const makes = {
  frr: (lab: Lab, node: string, plan: RouterPlan) => new Frr(lab, node, plan),
  bird: (lab: Lab, node: string, plan: RouterPlan) => new Bird(lab, node, plan),
  speaker: (lab: Lab, node: string, plan: RouterPlan) => new Speaker(lab, node, plan),
} satisfies Record<string, (lab: Lab, node: string, plan: RouterPlan) => Daemon>

const pairs = [
  ['speaker', 'frr'],
  ['frr', 'speaker'],
  ['speaker', 'bird'],
  ['bird', 'speaker'],
] as const

const dr = '10.0.1.1'
const bdr = '10.0.1.2'
const observer = '10.0.1.3'

const plan = (routerId: string, priority: number): RouterPlan => ({
  routerId,
  interfaces: [{ name: 'eth0', network: '10.0.1.0/24', priority }],
})

for (const [first, second] of pairs) {
  const skip = missing('frr', ...(first === 'bird' || second === 'bird' ? ['bird' as const] : []))
  t.test(`DR ${first}, BDR ${second}`, { skip }, async (t) => {
    const lab = Lab.for(t)
    for (const node of ['dr', 'bdr', 'other']) lab.node(node)
    lab.lan('lan', { dr: `${dr}/24`, bdr: `${bdr}/24`, other: `${observer}/24` })
    const one = makes[first](lab, 'dr', plan(dr, 5))
    const two = makes[second](lab, 'bdr', plan(bdr, 3))
    const other = new Frr(lab, 'other', plan(observer, 0))

    await Promise.all([one.start(), other.start()])
    await sees(other, { [dr]: 'Full/DR' })
    await two.start()
    await sees(other, { [dr]: 'Full/DR', [bdr]: 'Full/Backup' })
    await until(async () => (await one.fullNeighbors()).length === 2, { what: 'DR: two Full' })
    await until(async () => (await two.fullNeighbors()).length === 2, { what: 'BDR: two Full' })
    await attached(t, other, dr, [dr, bdr, observer])
    t.strictSame(Object.keys(await networkLsas(other)), [dr], 'only the DR has a network-LSA')

    await one.kill()
    await sees(other, { [bdr]: 'Full/DR' })
    await attached(t, other, bdr, [bdr, observer])

    // It comes back with the higher priority, and is no more than Backup; its LSA of the life before goes.
    await one.start()
    await sees(other, { [bdr]: 'Full/DR', [dr]: 'Full/Backup' })
    await attached(t, other, bdr, [bdr, dr, observer])
    await until(async () => Object.keys(await networkLsas(other)).join() === bdr, {
      what: 'the network-LSA of the former DR is gone',
    })
  })
}

/** Waits until FRR sees its neighbors in these states. */
async function sees(frr: Frr, states: Readonly<Record<string, string>>): Promise<void> {
  await until(
    async () => {
      const neighbors = await frr.neighbors()
      const now = Object.keys(states).map((id) => [id, neighbors[id]?.[0]?.state])
      const seen = JSON.stringify(Object.fromEntries(now))
      if (seen === JSON.stringify(states)) return true
      throw new Error(seen)
    },
    { what: `${frr.node} sees ${JSON.stringify(states)}` },
  )
}

interface NetworkLsa {
  readonly linkStateId: string
  readonly advertisingRouter: string
  readonly lsaAge: number
  readonly networkMask: number
  /** FRR's spelling. */
  readonly attchedRouters: Readonly<Record<string, object>>
}

/** `show ip ospf database network json`, by link state id, without what is on its way out. */
async function networkLsas(frr: Frr): Promise<Readonly<Record<string, NetworkLsa>>> {
  const document = await frr.json<{
    readonly networkLinkStates?: {
      readonly areas?: Readonly<Record<string, readonly NetworkLsa[]>>
    }
  }>('show ip ospf database network json')
  const lsas = Object.values(document.networkLinkStates?.areas ?? {}).flat()
  return Object.fromEntries(
    lsas.filter(({ lsaAge }) => lsaAge < 3600).map((lsa) => [lsa.linkStateId, lsa]),
  )
}

/** Waits until FRR's database has the network-LSA of a DR with just these attached routers, and checks the rest. */
async function attached(t: Test, frr: Frr, address: string, routers: readonly string[]) {
  const wanted = routers.toSorted().join()
  const lsa = await until(
    async () => {
      const lsa = (await networkLsas(frr))[address]
      const now = Object.keys(lsa?.attchedRouters ?? {})
      if (now.toSorted().join() === wanted) return lsa
      throw new Error(JSON.stringify(lsa))
    },
    { what: `the network-LSA of ${address} lists ${wanted}` },
  )
  // The LSA's routers have their addresses for ids here.
  t.match(lsa, { linkStateId: address, advertisingRouter: address, networkMask: 24 })
}

t.test('five speakers elect by priority and router id', { skip: missing() }, async (t) => {
  const lab = Lab.for(t)
  const priorities = { a: 1, b: 3, c: 3, d: 0, e: 1 } as const
  type Name = keyof typeof priorities
  const names = Object.keys(priorities) as Name[]
  const address = (name: Name): string => `10.0.1.${names.indexOf(name) + 1}`
  for (const name of names) lab.node(name)
  lab.lan('lan', Object.fromEntries(names.map((name) => [name, `${address(name)}/24`])))
  const start = (name: Name): Promise<SpeakerChild> =>
    SpeakerChild.start(t, lab, name, onEth0(address(name), { priority: priorities[name] }))
  const speakers = new Map<Name, SpeakerChild>()
  await Promise.all(names.map(async (name) => speakers.set(name, await start(name))))

  /** Everybody agrees on the two, and has the adjacencies that follow: with the DR and the BDR, and nobody else. */
  const elected = async (first: Name, second: Name): Promise<void> => {
    for (const [name, speaker] of speakers) {
      const others = [...speakers.keys()].filter((other) => other !== name).toSorted()
      const isFull = (other: Name): boolean =>
        [name, other].some((n) => [first, second].includes(n))
      const wanted = {
        state: name === first ? 'DR' : name === second ? 'Backup' : 'DROther',
        designatedRouter: address(first),
        backupDesignatedRouter: address(second),
        neighbors: Object.fromEntries(
          others.map((other) => [address(other), isFull(other) ? 'Full' : '2-Way']),
        ),
      }
      await until(
        async () => {
          const { interfaces, neighbors } = await speaker.snapshot()
          const { state, designatedRouter, backupDesignatedRouter } = interfaces[0]!
          const seen = {
            state,
            designatedRouter,
            backupDesignatedRouter,
            neighbors: Object.fromEntries(
              neighbors
                .toSorted((a, b) => (a.address < b.address ? -1 : 1))
                .map((neighbor) => [neighbor.routerId, neighbor.state]),
            ),
          }
          if (JSON.stringify(seen) === JSON.stringify(wanted)) return true
          throw new Error(JSON.stringify(seen))
        },
        { what: `${name} has ${JSON.stringify(wanted)}` },
      )
      t.pass(`${name}: DR ${first}, BDR ${second}`)
    }
    const routers = [...speakers.keys()].map(address).toSorted()
    const [witness] = speakers.values()
    const list = await until(
      async () => {
        const { database } = await witness!.snapshot()
        const lsa = database.find(({ type, lsId }) => type === 2 && lsId === address(first))
        if (lsa?.body.kind !== 'network') throw new Error('no network-LSA')
        const list = lsa.body.attachedRouters.map(dotted).toSorted()
        if (list.join() === routers.join()) return list
        throw new Error(list.join())
      },
      { what: `the network-LSA of ${first} lists ${routers.join()}` },
    )
    t.strictSame(list, routers)
  }

  await elected('c', 'b')

  await speakers.get('c')!.kill()
  speakers.delete('c')
  await elected('b', 'e')

  speakers.set('c', await start('c'))
  await elected('b', 'e')

  // In order this time: it says that it is gone, so nobody waits for the dead interval.
  const since = Date.now()
  t.equal((await speakers.get('b')!.stop()).status, 0)
  speakers.delete('b')
  await elected('e', 'c')
  const [moved] = speakers.get('a')!.events('designated-router', { since })
  t.match(moved?.event, { designatedRouter: address('e') })
})

const dotted = (address: number): string =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')
