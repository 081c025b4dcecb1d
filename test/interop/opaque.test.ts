/** Opaque LSAs and Router Information (RFC 5250, RFC 7770) between FRR, BIRD and this library. */
import t from 'tap'
import { Bird, Frr, full, type PlannedInterface, type RouterPlan, Speaker } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'

t.setTimeout(120_000)

const ids = { frr: '10.0.1.1', middle: '10.0.1.2', end: '10.0.2.2' }
const routerInformation = '4.0.0.0'

/** frr -- 10.0.1.0/24 -- middle -- 10.0.2.0/24 -- end; the last two are ours. */
async function chain(lab: Lab, frrExtra: readonly string[], ourExtra: readonly string[]) {
  for (const node of Object.keys(ids)) lab.node(node)
  lab.link({ frr: '10.0.1.1/24', middle: '10.0.1.2/24' })
  lab.link({ middle: '10.0.2.1/24', end: '10.0.2.2/24' })
  const one = (name: string, network: string): PlannedInterface => ({
    name,
    network,
    type: 'point-to-point',
  })
  const [near, away] = ['10.0.1.0/24', '10.0.2.0/24'] as const
  const plan = (
    routerId: string,
    interfaces: readonly PlannedInterface[],
    extra: readonly string[],
  ): RouterPlan => ({ routerId, interfaces, extra })
  const frr = new Frr(lab, 'frr', plan(ids.frr, [one('eth0', near)], frrExtra))
  const middle = new Speaker(
    lab,
    'middle',
    plan(ids.middle, [one('eth0', near), one('eth1', away)], ourExtra),
  )
  const end = new Speaker(lab, 'end', plan(ids.end, [one('eth0', away)], ourExtra))
  await Promise.all([frr.start(), middle.start(), end.start()])
  await Promise.all([full(frr, [ids.middle]), full(middle, [ids.frr, ids.end])])
  return { frr, middle, end }
}

interface OurLsa {
  readonly lsId: string
  readonly advertisedRouter: string
  readonly advertisedRouterHostname?: string
  readonly checksum: string
}

interface OurDatabase {
  readonly areas: Record<string, { readonly areaLocalOpaqueLsa?: readonly OurLsa[] }>
  readonly asExternalOpaqueLsa?: readonly OurLsa[]
}

const database = (speaker: Speaker): Promise<OurDatabase> =>
  speaker.show<OurDatabase>('ip', 'ospf', 'database')

t.test(
  "FRR's router information goes through us, and ours comes to FRR",
  { skip: missing('frr') },
  async (t) => {
    const lab = Lab.for(t)
    const { frr, middle, end } = await chain(
      lab,
      ['capability opaque', 'router-info area'],
      ['router-info area'],
    )
    const opaques = async (speaker: Speaker): Promise<readonly OurLsa[]> =>
      (await database(speaker)).areas['0.0.0.0']?.areaLocalOpaqueLsa ?? []
    for (const speaker of [middle, end]) {
      await until(async () => (await opaques(speaker)).length === 3, {
        what: `${speaker.node} has the three LSAs`,
      })
    }
    const atEnd = await opaques(end)
    t.same(
      atEnd.map((l) => [l.lsId, l.advertisedRouter, l.advertisedRouterHostname]).sort(),
      [
        [routerInformation, ids.frr, undefined],
        [routerInformation, ids.middle, `r${ids.middle}`],
        [routerInformation, ids.end, `r${ids.end}`],
      ].sort(),
      'FRR has no name to say',
    )
    const text = await until(
      async () => {
        const found = await frr.vtysh('show ip ospf database opaque-area')
        return found.includes(`Advertising Router: ${ids.end}`) ? found : undefined
      },
      { what: 'FRR has the LSA of the far end' },
    )
    t.match(text, /Opaque-Type 4 \(Router Information LSA\)/, 'FRR knows what it is')
    // the words of the TLV walker of FRR, which found what it expected
    t.match(text, /Router Capabilities: 0x28000000/)
    t.match(text, 'Unknown TLV: [type(0x7), length(0x9)]', 'the hostname, which FRR does not know')
    t.notMatch(text, /exceeds|error|malformed/i)

    const json = await frr.json<unknown>('show ip ospf database opaque-area json')
    const said = JSON.stringify(json)
    for (const id of Object.values(ids)) t.match(said, `"advertisingRouter":"${id}"`)

    // what FRR has is byte by byte what we have, by its checksum
    for (const { advertisedRouter, checksum } of atEnd) {
      const block = text.split(`Advertising Router: ${advertisedRouter}`)[1] ?? ''
      t.equal(/Checksum: 0x([0-9a-f]+)/.exec(block)?.[1]?.padStart(4, '0'), checksum)
    }

    const neighbors = await lab.exec('end', [
      process.execPath,
      ...end.showCommand('ip', 'ospf', 'neighbor'),
    ])
    t.match(neighbors, `(r${ids.middle})`, 'names are shown')

    await end.stop()
    await until(
      async () => {
        // FRR keeps what is at MaxAge for a while
        const [line = ' 3600 '] =
          new RegExp(`^4.0.0.0 +${ids.end} .*$`, 'm').exec(
            await frr.vtysh('show ip ospf database'),
          ) ?? []
        return line.includes(' 3600 ')
      },
      { what: 'FRR has flushed the LSA of who has stopped' },
    )
  },
)

t.test('for the whole AS', { skip: missing('frr') }, async (t) => {
  const lab = Lab.for(t)
  const { frr, end } = await chain(lab, ['capability opaque', 'router-info as'], ['router-info as'])
  await until(async () => (await database(end)).asExternalOpaqueLsa?.length === 3, {
    what: 'the far end has three LSAs of the AS',
  })
  const text = await until(
    async () => {
      const found = await frr.vtysh('show ip ospf database opaque-as')
      return found.includes(ids.end) ? found : undefined
    },
    { what: 'FRR has the LSA of the far end' },
  )
  t.match(text, /Router Capabilities: 0x28000000/)
})

t.test('FRR without opaque capability is told nothing', { skip: missing('frr') }, async (t) => {
  const lab = Lab.for(t)
  const { frr, middle, end } = await chain(lab, [], ['router-info area'])
  await until(
    async () => (await database(end)).areas['0.0.0.0']?.areaLocalOpaqueLsa?.length === 2,
    { what: 'we tell each other' },
  )
  t.notMatch(await frr.vtysh('show ip ospf database'), routerInformation)
  t.same(await middle.fullNeighbors(), [ids.frr, ids.end])
  const [neighbor] = (await frr.neighbors())[ids.middle] ?? []
  t.match(neighbor, { state: /^Full/ })
  await until(
    async () => {
      const shown = await middle.show<{
        readonly neighbors: Readonly<Record<string, readonly { retransmitCounter: number }[]>>
      }>('ip', 'ospf', 'neighbor')
      return shown.neighbors[ids.frr]?.[0]?.retransmitCounter === 0
    },
    { what: 'nothing waits for an acknowledgement that will not come' },
  )
})

t.test('BIRD carries what we say to each other', { skip: missing('bird') }, async (t) => {
  const lab = Lab.for(t)
  for (const node of ['one', 'bird', 'two']) lab.node(node)
  lab.link({ one: '10.0.1.1/24', bird: '10.0.1.2/24' })
  lab.link({ bird: '10.0.2.1/24', two: '10.0.2.2/24' })
  const on = (name: string, network: string): PlannedInterface => ({
    name,
    network,
    type: 'point-to-point',
  })
  const extra = ['router-info area']
  const plans = [[on('eth0', '10.0.1.0/24')], [on('eth0', '10.0.2.0/24')]] as const
  const one = new Speaker(lab, 'one', { routerId: '1.1.1.1', interfaces: plans[0], extra })
  const two = new Speaker(lab, 'two', { routerId: '2.2.2.2', interfaces: plans[1], extra })
  const interfaces = [on('eth0', '10.0.1.0/24'), on('eth1', '10.0.2.0/24')]
  const bird = new Bird(lab, 'bird', { routerId: '3.3.3.3', interfaces })
  await Promise.all([one.start(), two.start(), bird.start()])
  await full(bird, ['1.1.1.1', '2.2.2.2'])
  const names = async (speaker: Speaker): Promise<string> =>
    ((await database(speaker)).areas['0.0.0.0']?.areaLocalOpaqueLsa ?? [])
      .flatMap((l) => l.advertisedRouterHostname ?? [])
      .sort()
      .join()
  for (const speaker of [one, two]) {
    await until(async () => (await names(speaker)) === 'r1.1.1.1,r2.2.2.2', {
      what: `${speaker.node} knows both names`,
    })
  }
  t.match(await bird.birdc('show', 'ospf', 'lsadb'), / 4\.0\.0\.0 +1\.1\.1\.1 /)
})
