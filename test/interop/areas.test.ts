/**
 * Kinds of areas in a chain of three routers, this library in each place between FRR and BIRD: the border, inside the
 * area, and in the backbone. Both ends have stub networks and are AS boundary routers where the area lets them.
 *
 *   left 10.0.0.1 -- 10.0.12.0/30, area 1 -- border 10.0.0.2 -- 10.0.23.0/30, area 0 -- right 10.0.0.3
 *   10.9.1.1, 10.9.1.2                                                                  10.9.3.1
 *   172.16.1.0/24 (E2, 5, tag 11)                                                       172.16.3.0/24 (E1, 30, tag 33)
 */
import t, { type Test } from 'tap'
import type { AreaOptions, InterfaceOptions, SpeakerOptions } from '../../lib/index.ts'
import { Bird, Frr, full, type PlannedExternal, type RouterPlan, redistributed } from './daemons.ts'
import { Lab, missing, type Need } from './lab.ts'
import { classicTimers, onEth0, SpeakerChild } from './speakers.ts'
import {
  type AnyRouter,
  externalOfBird,
  externalOfFrr,
  externalOfSpeaker,
  learns,
  type SeenExternal,
} from './tables.ts'

t.setTimeout(300_000)
t.jobs = 4

type Make = 'speaker' | 'frr' | 'bird'
type Position = 'left' | 'border' | 'right'
type Place = 'border' | 'inside'

const backbone = '0.0.0.0'
const ids: Readonly<Record<Position, string>> = {
  left: '10.0.0.1',
  border: '10.0.0.2',
  right: '10.0.0.3',
}
const leftLink = '10.0.12.0/30'
const rightLink = '10.0.23.0/30'
const ofLeft: PlannedExternal = { prefix: '172.16.1.0/24', type: 2, metric: 5, tag: 11 }
const ofRight: PlannedExternal = { prefix: '172.16.3.0/24', type: 1, metric: 30, tag: 33 }
const leftVips = ['10.9.1.1', '10.9.1.2']
const rightVip = '10.9.3.1'
const range = '10.9.1.0/24'
const everywhere = '0.0.0.0/0'

/** A kind of area: what each make calls it at its border and inside, and what then is known where. */
interface Kind {
  /** Default 0.0.0.1. */
  readonly area?: string
  readonly frr: Readonly<Record<Place, readonly string[]>>
  readonly bird: Readonly<Record<Place, readonly string[]>>
  readonly speaker: Readonly<Record<Place, AreaOptions>>
  readonly left: readonly string[]
  readonly right: readonly string[]
  /** Externals of its own are allowed. */
  readonly hasExternal: boolean
  /** What becomes of its external at the border; default: the same. */
  readonly translated?: PlannedExternal
}

const leftVipPrefixes = leftVips.map((vip) => `${vip}/32`)
const summaries = [rightLink, `${rightVip}/32`]
const both = <T>(words: T): Readonly<Record<Place, T>> => ({ border: words, inside: words })

const kinds: Readonly<Record<string, Kind>> = {
  'backbone alone': {
    area: backbone,
    frr: both([]),
    bird: both([]),
    speaker: both({}),
    left: [...summaries, ofRight.prefix],
    right: [leftLink, ...leftVipPrefixes, ofLeft.prefix],
    hasExternal: true,
  },
  normal: {
    frr: both([]),
    bird: both([]),
    speaker: both({}),
    left: [...summaries, ofRight.prefix],
    right: [leftLink, ...leftVipPrefixes, ofLeft.prefix],
    hasExternal: true,
  },
  'normal, with a range': {
    frr: { border: [`range ${range}`], inside: [] },
    bird: { border: [`networks { ${range}; };`], inside: [] },
    speaker: { border: { ranges: { [range]: {} } }, inside: {} },
    left: [...summaries, ofRight.prefix],
    right: [leftLink, range, ofLeft.prefix],
    hasExternal: true,
  },
  'normal, with a range that hides': {
    frr: { border: [`range ${range} not-advertise`], inside: [] },
    bird: { border: [`networks { ${range} hidden; };`], inside: [] },
    speaker: { border: { ranges: { [range]: { advertise: false } } }, inside: {} },
    left: [...summaries, ofRight.prefix],
    right: [leftLink, ofLeft.prefix],
    hasExternal: true,
  },
  stub: {
    frr: both(['stub']),
    bird: both(['stub yes;', 'summary yes;']),
    speaker: both({ type: 'stub' }),
    left: [...summaries, everywhere],
    right: [leftLink, ...leftVipPrefixes],
    hasExternal: false,
  },
  'totally stubby': {
    frr: { border: ['stub no-summary'], inside: ['stub'] },
    bird: { border: ['stub yes;', 'summary no;'], inside: ['stub yes;'] },
    speaker: { border: { type: 'stub', summaries: false }, inside: { type: 'stub' } },
    left: [everywhere],
    right: [leftLink, ...leftVipPrefixes],
    hasExternal: false,
  },
  NSSA: {
    frr: both(['nssa']),
    bird: both(['nssa;', 'summary yes;']),
    speaker: both({ type: 'nssa' }),
    left: summaries,
    right: [leftLink, ...leftVipPrefixes, ofLeft.prefix],
    hasExternal: true,
  },
  'NSSA with a default route': {
    frr: { border: ['nssa'], inside: ['nssa'] },
    bird: { border: ['nssa;', 'summary yes;', 'default nssa yes;'], inside: ['nssa;'] },
    speaker: {
      border: { type: 'nssa', nssa: { defaultOriginate: true } },
      inside: { type: 'nssa' },
    },
    left: [...summaries, everywhere],
    right: [leftLink, ...leftVipPrefixes, ofLeft.prefix],
    hasExternal: true,
  },
  'totally stubby NSSA': {
    frr: { border: ['nssa no-summary'], inside: ['nssa'] },
    bird: { border: ['nssa;', 'summary no;'], inside: ['nssa;'] },
    speaker: { border: { type: 'nssa', summaries: false }, inside: { type: 'nssa' } },
    left: [everywhere],
    right: [leftLink, ...leftVipPrefixes, ofLeft.prefix],
    hasExternal: true,
  },
}

/** Left, border, right. This library has each place once with each make beside it. */
const chains: readonly (readonly [left: Make, border: Make, right: Make])[] = [
  ['frr', 'speaker', 'bird'],
  ['bird', 'speaker', 'frr'],
  ['speaker', 'frr', 'bird'],
  ['speaker', 'bird', 'frr'],
  ['bird', 'frr', 'speaker'],
  ['frr', 'bird', 'speaker'],
]

/** Externals inside are told as one. FRR 8.4 has no such ranges. */
const aggregate: PlannedExternal = { prefix: '172.16.0.0/16', type: 2, metric: 6, tag: 44 }
const condensed: Kind = {
  frr: both(['nssa']),
  bird: {
    border: ['nssa;', 'summary yes;', `external { ${aggregate.prefix} tag ${aggregate.tag}; };`],
    inside: ['nssa;'],
  },
  speaker: {
    border: { type: 'nssa', nssa: { ranges: { [aggregate.prefix]: { tag: aggregate.tag } } } },
    inside: { type: 'nssa' },
  },
  left: summaries,
  right: [leftLink, ...leftVipPrefixes, aggregate.prefix],
  hasExternal: true,
  translated: aggregate,
}

for (const chain of chains) {
  if (chain[1] === 'frr') continue
  const name = `NSSA with a range of externals: ${chain.join(' - ')}`
  t.test(name, { skip: missing('frr', 'bird') }, (t) => run(t, condensed, chain))
}

t.test('an external that comes and goes', { skip: missing('frr', 'bird') }, async (t) => {
  const lab = Lab.for(t)
  for (const node of ['frr', 'bird', 'speaker']) lab.node(node)
  lab.lan('lan', { frr: '10.0.1.1/24', bird: '10.0.1.2/24', speaker: '10.0.1.3/24' })
  const plan = { interfaces: [{ name: 'eth0', network: '10.0.1.0/24' }] }
  const frr = new Frr(lab, 'frr', { routerId: '10.0.0.1', ...plan })
  const bird = new Bird(lab, 'bird', { routerId: '10.0.0.2', ...plan })
  await Promise.all([frr.start(), bird.start()])
  const speaker = await SpeakerChild.start(t, lab, 'speaker', onEth0('10.0.0.3'))
  await full(frr, ['10.0.0.3'])
  await full(bird, ['10.0.0.3'])
  const vip = '10.9.9.9'
  const external = { type: 1, metric: 7, tag: 99 } as const
  await speaker.announceAs(vip, { as: 'external', ...external })
  for (const node of ['frr', 'bird']) await learns(lab, node, { [`${vip}/32`]: '10.0.1.3' })
  const wanted = { ...external, metric: external.metric + 1 }
  t.strictSame(await externalOfFrr(frr, `${vip}/32`), wanted)
  t.strictSame(await externalOfBird(bird, `${vip}/32`), wanted)
  await speaker.withdraw(vip)
  for (const node of ['frr', 'bird']) await learns(lab, node, {})
})

for (const [name, kind] of Object.entries(kinds)) {
  for (const chain of chains) {
    const needs = chain.filter((make): make is Make & Need => make !== 'speaker')
    t.test(`${name}: ${chain.join(' - ')}`, { skip: missing(...needs) }, (t) => run(t, kind, chain))
  }
}

interface Station extends AnyRouter {
  external(prefix: string): Promise<SeenExternal | undefined>
}

async function run(t: Test, kind: Kind, chain: (typeof chains)[number]): Promise<void> {
  const lab = Lab.for(t)
  for (const node of Object.keys(ids)) lab.node(node, { 'net.ipv4.ip_forward': 1 })
  lab.link({ left: '10.0.12.1/30', border: '10.0.12.2/30' })
  lab.link({ border: '10.0.23.1/30', right: '10.0.23.2/30' })
  for (const vip of leftVips)
    await lab.exec('left', ['ip', 'address', 'add', `${vip}/32`, 'dev', 'lo'])
  await lab.exec('right', ['ip', 'address', 'add', `${rightVip}/32`, 'dev', 'lo'])
  const isOfFrr = chain[1] === 'frr' && kind.speaker.border.type === 'nssa'
  const starting = [
    build[chain[1]](t, lab, 'border', kind),
    build[chain[2]](t, lab, 'right', kind),
  ] as const
  if (isOfFrr) {
    // it leaves its translations out of database exchange: who comes later learns them with their next instance
    const [border, right] = await Promise.all(starting)
    await full(border, [ids.right])
    await full(right, [ids.border])
  }
  const [left, border, right] = await Promise.all([
    build[chain[0]](t, lab, 'left', kind),
    ...starting,
  ])

  await full(left, [ids.border])
  await full(border, [ids.left, ids.right])
  await full(right, [ids.border])
  t.pass('all adjacencies are Full, as both sides see them')

  // FRR 8.4 gives every NSSA a default route, and translates with its own default metric
  const known = isOfFrr ? [...new Set([...kind.left, everywhere])] : kind.left
  const translated = isOfFrr ? { ...ofLeft, metric: 20 } : (kind.translated ?? ofLeft)

  const through = (via: string, prefixes: readonly string[]): Record<string, string> =>
    Object.fromEntries(prefixes.map((prefix) => [prefix, via]))
  const fromLeft = [...leftVipPrefixes, ...(kind.hasExternal ? [ofLeft.prefix] : [])]
  await learns(lab, 'left', through('10.0.12.2', known))
  await learns(lab, 'right', through('10.0.23.1', kind.right))
  await learns(lab, 'border', {
    ...through('10.0.12.1', fromLeft),
    ...through('10.0.23.2', [`${rightVip}/32`, ofRight.prefix]),
  })
  t.pass('all kernels have the routes that they should have, and no other')

  const told = async (station: Station, of: PlannedExternal, distance: number): Promise<void> => {
    const { prefix, type, metric, tag } = of
    const wanted = { type, metric: type === 1 ? metric + distance : metric, tag }
    t.strictSame(await station.external(prefix), wanted, `${prefix} on ${station.node}`)
  }
  await told(border, ofRight, 1)
  if (kind.left.includes(ofRight.prefix)) await told(left, ofRight, 2)
  if (kind.hasExternal) {
    await told(border, ofLeft, 1)
    await told(right, translated, 2)
  }
}

const areaOf = (kind: Kind): string => kind.area ?? '0.0.0.1'

/** What every make is told, but for the words of the area. */
function planOf(position: Position, kind: Kind): RouterPlan {
  const area = areaOf(kind)
  const link = { type: 'point-to-point' } as const
  const toLeft = { ...link, network: leftLink, area }
  const toRight = { ...link, network: rightLink, area: backbone }
  const routerId = ids[position]
  switch (position) {
    case 'left':
      return {
        routerId,
        interfaces: [{ name: 'eth0', ...toLeft }],
        vips: leftVips,
        vipArea: area,
        ...(kind.hasExternal ? { external: ofLeft } : {}),
      }
    case 'border':
      return {
        routerId,
        interfaces: [
          { name: 'eth0', ...toLeft },
          { name: 'eth1', ...toRight },
        ],
      }
    case 'right':
      return {
        routerId,
        interfaces: [{ name: 'eth0', ...toRight }],
        vips: [rightVip],
        external: ofRight,
      }
  }
}

const withWords = (
  plan: RouterPlan,
  position: Position,
  kind: Kind,
  words: Kind['frr'],
): RouterPlan =>
  position === 'right'
    ? plan
    : { ...plan, areas: { [areaOf(kind)]: words[position === 'border' ? 'border' : 'inside'] } }

const externals = ({ prefix, ...how }: PlannedExternal): Pick<SpeakerOptions, 'externals'> => ({
  externals: { [prefix]: how },
})

type Build = (t: Test, lab: Lab, position: Position, kind: Kind) => Promise<Station>

const build: Readonly<Record<Make, Build>> = {
  async frr(_, lab, position, kind) {
    const plan = planOf(position, kind)
    if (plan.external) await redistributed(lab, position, plan.external.prefix)
    const frr = new Frr(lab, position, withWords(plan, position, kind, kind.frr))
    await frr.start()
    return Object.assign(frr, { external: (prefix: string) => externalOfFrr(frr, prefix) })
  },
  async bird(_, lab, position, kind) {
    const plan = planOf(position, kind)
    const bird = new Bird(lab, position, withWords(plan, position, kind, kind.bird))
    await bird.start()
    return Object.assign(bird, { external: (prefix: string) => externalOfBird(bird, prefix) })
  },
  async speaker(t, lab, position, kind) {
    const { routerId, interfaces, vips = [], vipArea = backbone, external } = planOf(position, kind)
    const areas: Record<string, AreaOptions> = {}
    if (position !== 'right') {
      areas[areaOf(kind)] = kind.speaker[position === 'border' ? 'border' : 'inside']
    }
    for (const { name, area = backbone } of interfaces) {
      const link: InterfaceOptions = { ...classicTimers, network: 'point-to-point' }
      const devices = { ...areas[area]?.interfaces, [name]: link }
      areas[area] = { ...areas[area], interfaces: devices }
    }
    const stubs = Object.fromEntries(vips.map((vip) => [`${vip}/32`, 1]))
    areas[vipArea] = { ...areas[vipArea], stubNetworks: stubs }
    const child = await SpeakerChild.start(t, lab, position, {
      routerId,
      areas,
      installRoutes: true,
      ...(external ? externals(external) : {}),
    })
    return Object.assign(child, { external: (prefix: string) => externalOfSpeaker(child, prefix) })
  },
}
