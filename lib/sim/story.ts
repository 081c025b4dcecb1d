/**
 * Stories: what befalls a network, as data. One drawn from a seed can be played, checked while it plays and after it has
 * been mended, and, when it ends badly, cut down to the few faults that it takes.
 */
import { MAX_AGE_S } from '../core/constants.ts'
import { formatIpv4, formatPrefix } from '../wire/address.ts'
import { lsaKey } from '../wire/lsa.ts'
import { settled } from './check.ts'
import type { Conditions } from './medium.ts'
import type { Network } from './network.ts'
import type { Freeze } from './node.ts'
import type { Random } from './random.ts'
import type { SimRouter } from './router.ts'

/** Something that happens, `after` so many seconds. Routers and segments are named. */
export type Fault = { readonly after: number } & (
  | { readonly what: 'crash'; readonly router: string }
  /** `memory`: with its databases, as a machine that was hibernated. */
  | { readonly what: 'restart'; readonly router: string; readonly memory?: boolean }
  | { readonly what: 'freeze'; readonly router: string; readonly how: Freeze }
  | { readonly what: 'thaw'; readonly router: string }
  /** Its process comes to everything so many seconds late; 0: it does not any more. */
  | { readonly what: 'slow'; readonly router: string; readonly delay: number }
  /** Its clock runs at so many times true time. */
  | { readonly what: 'skew'; readonly router: string; readonly rate: number }
  /** `silent`: a switch keeps the carrier, so that nobody is told. */
  | { readonly what: 'cut'; readonly segment: string; readonly silent: boolean }
  | { readonly what: 'mend'; readonly segment: string }
  | {
      readonly what: 'unplug'
      readonly segment: string
      readonly router: string
      readonly silent: boolean
    }
  | { readonly what: 'plug'; readonly segment: string; readonly router: string }
  /** These and the others hear nothing of each other; none: the partition ends. */
  | { readonly what: 'partition'; readonly routers: readonly string[] }
  | { readonly what: 'disturb'; readonly conditions: Partial<Conditions> }
  | {
      readonly what: 'cost'
      readonly router: string
      readonly interface: string
      readonly cost: number
    }
  | {
      readonly what: 'announce'
      readonly router: string
      readonly prefix: string
      readonly cost: number
    }
  | { readonly what: 'withdraw'; readonly router: string; readonly prefix: string }
)

export interface Story {
  /** Makes the network, the same each time. */
  readonly build: () => Network
  readonly faults: readonly Fault[]
  /** Seconds in which all must be well after the last fault was mended. */
  readonly limit: number
}

export interface Ending {
  /** What was wrong, in words; none: the story ended well. */
  readonly complaints: readonly string[]
  /** Seconds from the mending to rest; undefined: it did not come. */
  readonly convergence: number | undefined
  readonly network: Network
}

const prefixes = Array.from({ length: 5 }, (_, i) => `10.77.${i}.0/24`)

/** Draws faults for a network. */
export function drawFaults(net: Network, random: Random, count: number): Fault[] {
  const after = (): number => random.next() * random.pick([0.01, 1, 8, 30])
  return Array.from({ length: count }, () => {
    const r = random.pick(net.routers)
    const router = r.name
    const s = random.pick(net.segments)
    const segment = s.name
    const member = random.pick(s.attachments).node.name
    const silent = random.chance(0.5)
    const choices: (() => Fault)[] = [
      () => ({ after: after(), what: 'crash', router }),
      () => ({ after: after(), what: 'restart', router, memory: random.chance(0.2) }),
      () => ({ after: after(), what: 'restart', router }),
      () => ({
        after: after(),
        what: 'freeze',
        router,
        how: random.pick(['suspended', 'stalled']),
      }),
      () => ({ after: after(), what: 'thaw', router }),
      () => ({ after: after(), what: 'thaw', router }),
      () => ({ after: after(), what: 'cut', segment, silent }),
      () => ({ after: after(), what: 'mend', segment }),
      () => ({ after: after(), what: 'mend', segment }),
      () => ({ after: after(), what: 'unplug', segment, router: member, silent }),
      () => ({ after: after(), what: 'plug', segment, router: member }),
      () => ({
        after: after(),
        what: 'partition',
        routers: random
          .shuffle(net.routers)
          .slice(0, 1 + random.int(net.routers.length - 1))
          .map(({ name }) => name),
      }),
      () => ({ after: after(), what: 'partition', routers: [] }),
      () => ({ after: after(), what: 'disturb', conditions: { loss: random.pick([0, 0.1, 0.3]) } }),
      () => ({
        after: after(),
        what: 'disturb',
        conditions: {
          duplication: random.pick([0, 0.1]),
          reordering: random.pick([0, 0.3]),
          jitter: random.pick([0, 0.2]),
        },
      }),
      () => ({
        after: after(),
        what: 'cost',
        router,
        interface: random.pick(r.attachments).name,
        cost: 1 + random.int(9),
      }),
      () => ({
        after: after(),
        what: 'announce',
        router,
        prefix: random.pick(prefixes),
        cost: random.int(9),
      }),
      () => ({ after: after(), what: 'withdraw', router, prefix: random.pick(prefixes) }),
      () => ({ after: after(), what: 'slow', router, delay: random.pick([0, 0.02, 0.3, 1.5]) }),
      () => ({
        after: after(),
        what: 'skew',
        router,
        rate: random.pick([0.95, 0.999, 1.001, 1.05]),
      }),
    ]
    return random.pick(choices)()
  })
}

/** Lets a fault happen, now. What is named and not there, or is so already, is passed over: a story may have been cut. */
export function befall(net: Network, fault: Fault): void {
  const router =
    'router' in fault ? net.routers.find(({ name }) => name === fault.router) : undefined
  const segment =
    'segment' in fault ? net.segments.find(({ name }) => name === fault.segment) : undefined
  const attachment = segment?.attachments.find(({ node }) => node === router)
  switch (fault.what) {
    case 'crash':
      return router?.crash()
    case 'restart':
      return router?.restart(fault.memory ? { memory: true } : {})
    case 'freeze':
      return router?.running ? router.freeze(fault.how) : undefined
    case 'thaw':
      return router?.thaw()
    case 'slow':
      return router?.slow(fault.delay)
    case 'skew':
      return router?.skew(fault.rate)
    case 'cut':
      return segment?.down({ silent: fault.silent })
    case 'mend':
      return segment?.up()
    case 'unplug':
      return attachment?.down({ silent: fault.silent })
    case 'plug':
      return attachment?.up()
    case 'partition':
      return net.partition(
        fault.routers.length === 0
          ? []
          : [net.routers.filter(({ name }) => fault.routers.includes(name))],
      )
    case 'disturb':
      return net.disturb(fault.conditions)
    case 'cost':
      return router?.configure(fault.interface, { cost: fault.cost })
    case 'announce':
      return router?.announce(fault.prefix, { cost: fault.cost })
    case 'withdraw':
      return router?.withdraw(fault.prefix)
  }
}

/** Everything is as it was built, but for costs and announcements. */
export function mend(net: Network): void {
  for (const router of net.routers) {
    router.thaw()
    router.slow(0)
    router.skew(1)
    if (!router.running) router.restart()
  }
  for (const segment of net.segments) {
    segment.up()
    for (const attachment of segment.attachments) attachment.up()
  }
  net.heal()
}

/** Plays a story to its end: safety at every fault, then all is mended, and all must be well within its limit, and stay so. */
export function play(story: Story): Ending {
  const net = story.build()
  const safety = new Safety(net)
  const unsafe = (): readonly string[] | undefined => {
    const complaints = safety.check()
    return complaints.length > 0 ? complaints : undefined
  }
  for (const fault of story.faults) {
    net.run(fault.after)
    befall(net, fault)
    safety.note(fault)
    const complaints = unsafe()
    if (complaints) return { complaints, convergence: undefined, network: net }
  }
  mend(net)
  const begun = net.now
  const rests = net.runUntil(() => settled(net).length === 0, story.limit, { every: 1 })
  if (!rests) {
    const complaints = [`not settled ${story.limit} s after the last fault`, ...settled(net)]
    return { complaints, convergence: undefined, network: net }
  }
  const convergence = net.now - begun
  net.run(20)
  const after = settled(net).map((complaint) => `it did not stay well: ${complaint}`)
  return { complaints: unsafe() ?? after, convergence, network: net }
}

/** What must hold at any moment, whatever happens. */
export class Safety {
  readonly #net: Network
  /** By router: its present life, and the highest sequence number that it gave to each LSA of its own. */
  readonly #lives = new Map<SimRouter, { core: unknown; highest: Map<string, number> }>()

  constructor(net: Network) {
    this.#net = net
  }

  /** @returns complaints in words; none: nothing that must not be. */
  check(): string[] {
    const alive = this.#net.routers.filter(
      (router) => router.running && router.frozen === undefined,
    )
    return alive.flatMap((router) => [...this.#database(router), ...lists(router)])
  }

  #database(router: SimRouter): string[] {
    const complaints: string[] = []
    let life = this.#lives.get(router)
    if (life?.core !== router.core) {
      life = { core: router.core, highest: new Map() }
      this.#lives.set(router, life)
    }
    const { highest } = life
    const announced = new Set(
      router.announced.map(({ prefix, length }) => formatPrefix(prefix, length)),
    )
    for (const { lsa, age, own } of router.database()) {
      const { type, lsId, advertisingRouter, sequence } = lsa.header
      const name = `${router.name}: type ${type} ${formatIpv4(lsId)} of ${formatIpv4(advertisingRouter)}`
      if (age > MAX_AGE_S) complaints.push(`${name} is ${age} s old`)
      if (!own || age >= MAX_AGE_S) continue
      const key = lsaKey(type, lsId, advertisingRouter)
      const before = highest.get(key) ?? sequence
      if (sequence < before) complaints.push(`${name} fell from sequence ${before} to ${sequence}`)
      highest.set(key, Math.max(sequence, before))
      if (lsa.body.kind !== 'router' || age <= PACE_S) continue
      for (const { type, id } of lsa.body.links) {
        const prefix = formatPrefix(id, 24)
        if (type !== LINK_STUB || !prefixes.includes(prefix) || announced.has(prefix)) continue
        const withdrawn = this.#net.now - (this.#withdrawnAt.get(`${router.name} ${prefix}`) ?? 0)
        if (withdrawn > PACE_S) {
          complaints.push(`${name} announces ${prefix} ${withdrawn} s after it was withdrawn`)
        }
      }
    }
    return complaints
  }

  readonly #withdrawnAt = new Map<string, number>()

  /** Notes what was taken back, and when. */
  note(fault: Fault): void {
    if (fault.what !== 'withdraw') return
    this.#withdrawnAt.set(`${fault.router} ${fault.prefix}`, this.#net.now)
  }
}

/** After so many seconds an LSA says what it is to say: MinLSInterval, and a little. */
const PACE_S = 6
const LINK_STUB = 3

/** No more waits for an acknowledgement than there is. */
function lists(router: SimRouter): string[] {
  const lsas = router.database().length
  return router
    .neighbors()
    .filter(({ retransmissionList }) => retransmissionList > lsas)
    .map(
      (n) =>
        `${router.name}: ${n.retransmissionList} LSAs wait for ${formatIpv4(n.routerId)}, of ${lsas}`,
    )
}

/**
 * The shortest story found that ends badly still: faults are left out, halves first, for as long as it does.
 * @param budget how many stories may be played meanwhile; default 200
 */
export function shorten(story: Story, budget = 200): Story {
  let { faults } = story
  let played = 0
  const isBad = (some: readonly Fault[]): boolean => {
    played++
    try {
      return play({ ...story, faults: some }).complaints.length > 0
    } catch {
      return true
    }
  }
  for (
    let size = Math.ceil(faults.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < faults.length && played < budget; ) {
      // what is left out took its time: the rest happens when it did
      const skipped = faults.slice(at, at + size).reduce((sum, { after }) => sum + after, 0)
      const rest = faults.toSpliced(at, size)
      const next = rest[at]
      if (next) rest[at] = { ...next, after: next.after + skipped }
      if (isBad(rest)) faults = rest
      else at += size
    }
  }
  return { ...story, faults }
}

/** A fault as one line. */
export function formatFault(fault: Fault): string {
  const { after, what, ...more } = fault
  const rest = Object.entries(more)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(', ')
  return `after ${after.toFixed(3)} s: ${what}${rest === '' ? '' : ` ${rest}`}`
}
