/** What runs inside the namespace of kernel-install.ts: `MODE COUNT`; prints its figures as JSON. */
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NextHop, RouteChange } from '../lib/core/io.ts'
import { LinuxLinks } from '../lib/linux/links.ts'
import { NetlinkSocket } from '../lib/linux/netlink.ts'
import { decodeRoute, RTM_DELROUTE, RTNLGRP_IPV4_ROUTE } from '../lib/linux/route-message.ts'
import { routeSettings } from '../lib/linux/route-options.ts'
import { LinuxRoutes } from '../lib/linux/routes.ts'
import { Random } from '../lib/sim/random.ts'
import { formatIpv4 } from '../lib/wire/address.ts'
import { type Lsa, LsType } from '../lib/wire/lsa.ts'
import { encodePacket } from '../lib/wire/packet.ts'
import type { RouterLink } from '../lib/wire/router-lsa.ts'
import {
  Bench,
  firstSequence,
  ip,
  lsaOf,
  Peer,
  pointToPoint,
  stub,
  us,
} from '../test/core/bench.ts'
import { encodeAlone, sendAlone, withGroup } from './kernel-send.ts'

export interface Figure {
  /** Of several rounds in one process, where the first does not count: the median. */
  readonly ms: number
  /** The first round, before anything is compiled. */
  readonly first?: number
  /** Of this process, user and system. */
  readonly cpu: number
  readonly routes: number
}

export interface Figures {
  readonly mode: string
  readonly install: Readonly<Record<string, Figure>>
  readonly learn: {
    readonly learned: Figure
    readonly withdrawn: Figure
    /** Prefixes whose route in the kernel is not what it ought to be. */
    readonly wrong: number
    /** Routes other than those withdrawn of which netlink told. */
    readonly touched: number
  }
}

const [, , mode = 'groups', words = '10000', times = '7'] = process.argv
const count = Number(words)
const rounds = Number(times)
/** Prefixes that one router announces. */
const PER_ROUTER = 10
const PACKET_OCTETS = 1400
const SINGLE = 'one next hop'

const links = await LinuxLinks.open()
const prefixOf = (i: number): number => (ip('20.0.0.0') + i) >>> 0
const hop = (i: number): NextHop => ({
  interface: `eth${i & 1}`,
  gateway: ip(i & 1 ? '10.0.4.2' : '10.0.0.2') + (i >> 1),
})

async function timed(routes: number, work: () => void | Promise<void>): Promise<Figure> {
  const before = process.cpuUsage()
  const begun = performance.now()
  await work()
  const ms = performance.now() - begun
  const { user, system } = process.cpuUsage(before)
  return { ms, cpu: (user + system) / 1000, routes }
}

const open = (): Promise<LinuxRoutes> =>
  LinuxRoutes.open({
    links,
    mode: mode as 'groups',
    ...(mode === 'resilient' ? { resilient: { prefixes: 'all' } as const } : {}),
  })

/** Those of a route in the kernel, as text. */
const text = (hops: Iterable<string>): string => [...new Set(hops)].sort().join()

async function install(): Promise<Figures['install']> {
  const all = (...nextHops: readonly NextHop[]): RouteChange[] =>
    Array.from({ length: count }, (_, i) => ({
      type: 'replace',
      route: {
        prefix: prefixOf(i),
        length: 32,
        pathType: 'intra-area',
        area: 0,
        cost: 1,
        nextHops,
      },
    }))
  const gone = Array.from(
    { length: count },
    (_, i): RouteChange => ({ type: 'remove', prefix: prefixOf(i), length: 32 }),
  )
  const [first, second] = [all(hop(0), hop(1)), all(hop(2), hop(3))]
  const single = all(hop(0))
  const found: Record<string, Figure[]> = {}
  const note = (what: string, figure: Figure): void => void (found[what] ??= []).push(figure)
  const write = (routes: LinuxRoutes, changes: readonly RouteChange[]): Promise<Figure> =>
    timed(count, async () => {
      routes.apply(changes)
      await routes.settled()
    })
  for (let round = 0; round <= rounds; round++) {
    const routes = await open()
    note('install: one batch', await write(routes, first))
    note('install: all changed', await write(routes, second))
    note('install: all removed', await write(routes, gone))
    await routes[Symbol.asyncDispose]()
  }
  // when all is compiled
  for (let round = 0; round <= rounds; round++) {
    const routes = await open()
    note(`${SINGLE}: one batch`, await write(routes, single))
    await routes[Symbol.asyncDispose]()
  }
  if (mode !== 'resilient') {
    const hops = [hop(0), hop(1)]
    await halves(hops, note)
    await halves(hops.slice(0, 1), (what, figure) => note(`${SINGLE}: ${what}`, figure))
  }
  const figures = Object.fromEntries(
    Object.entries(found).map(([what, each]) => [what, summary(each)]),
  )
  if (mode === 'multipath') {
    const each: Figure[] = []
    for (let round = 0; round < Math.max(1, rounds); round++) each.push(await ipBatch())
    figures['ip -batch'] = { ...middle(each), routes: count }
  }
  return figures
}

/** What a batch is made of. */
async function halves(
  nextHops: readonly NextHop[],
  note: (what: string, figure: Figure) => void,
): Promise<void> {
  const hops = nextHops.map(({ interface: name, gateway }) => ({
    index: links.links().get(name)!.index,
    gateway: gateway!,
  }))
  const prefixes = Array.from({ length: count }, (_, i) => prefixOf(i))
  const settings = routeSettings({ links })
  const measure = async (group: number | undefined): Promise<void> => {
    const alike = { prefixes, hops, group, settings }
    for (let round = 0; round <= rounds; round++) {
      note('encode alone', { ...encodeAlone(alike), routes: count })
      note('send alone', { ...sendAlone(alike), routes: count })
    }
  }
  if (mode === 'multipath') await measure(undefined)
  else await withGroup(hops, 1, measure)
}

const middle = (each: readonly Figure[]): Figure =>
  each.toSorted((a, b) => a.ms - b.ms)[Math.floor(each.length / 2)]!

/** The median of what follows the first. */
function summary([first, ...rest]: readonly Figure[]): Figure {
  return { ...middle(rest.length > 0 ? rest : [first!]), first: first!.ms }
}

function ipBatch(): Promise<Figure> {
  const file = join(tmpdir(), `kernel-install-${process.pid}`)
  const via = [hop(0), hop(1)]
    .map(({ interface: dev, gateway }) => `nexthop via ${formatIpv4(gateway!)} dev ${dev}`)
    .join(' ')
  const lines = Array.from(
    { length: count },
    (_, i) => `route add ${formatIpv4(prefixOf(i))} metric 20 ${via}`,
  )
  writeFileSync(file, lines.join('\n'))
  try {
    return timed(count, () => void execFileSync('ip', ['-batch', file])).finally(() =>
      execFileSync('ip', ['route', 'flush', 'proto', 'boot']),
    )
  } finally {
    rmSync(file)
  }
}

/** A grid of routers with random costs. The two at the ends of the first row are our neighbors. */
class Grid {
  readonly size = Math.ceil(count / PER_ROUTER)
  readonly width = Math.max(2, Math.ceil(Math.sqrt(this.size)))
  readonly links: { to: number; cost: number }[][] = Array.from({ length: this.size }, () => [])
  readonly withdrawn = new Set<number>()

  constructor() {
    const random = new Random('kernel-install')
    const join = (a: number, b: number): void => {
      this.links[a]!.push({ to: b, cost: 1 + random.int(3) })
      this.links[b]!.push({ to: a, cost: 1 + random.int(3) })
    }
    for (let n = 0; n < this.size; n++) {
      if (n % this.width !== this.width - 1 && n + 1 < this.size) join(n, n + 1)
      if (n + this.width < this.size) join(n, n + this.width)
    }
  }

  /** Our neighbors. */
  get ends(): readonly [number, number] {
    return [0, this.width - 1]
  }

  idOf = (n: number): number => ip('30.0.0.1') + n

  lsa(n: number, sequence: number): Lsa {
    const id = this.idOf(n)
    const found: RouterLink[] = this.links[n]!.map(({ to, cost }) =>
      pointToPoint(this.idOf(to), id, cost),
    )
    const at = this.ends.indexOf(n)
    if (at >= 0) found.push(pointToPoint(us, ip(at === 0 ? '10.0.0.2' : '10.0.4.2'), 10))
    for (let i = n * PER_ROUTER; i < Math.min(count, (n + 1) * PER_ROUTER); i++) {
      if (!this.withdrawn.has(n)) found.push(stub(formatIpv4(prefixOf(i)), 32, 1))
    }
    const body = {
      kind: 'router',
      flags: 0,
      nssaTranslator: false,
      wildcard: false,
      virtualLink: false,
      border: false,
      external: false,
      links: found,
    } as const
    return lsaOf(LsType.router, id, id, body, { sequence })
  }

  /** By relaxing every link until nothing changes. */
  distancesFrom(end: number): number[] {
    const distance = this.links.map((_, n) => (n === end ? 0 : Number.POSITIVE_INFINITY))
    for (let changed = true; changed; ) {
      changed = false
      for (const [n, list] of this.links.entries()) {
        for (const { to, cost } of list) {
          if (distance[n]! + cost >= distance[to]!) continue
          distance[to] = distance[n]! + cost
          changed = true
        }
      }
    }
    return distance
  }

  /** The gateways of each router's prefixes. */
  oracle(): string[] {
    const [one, two] = this.ends.map((end) => this.distancesFrom(end))
    return this.links.map((_, n) => {
      const [a, b] = [one![n]!, two![n]!]
      return text([...(a <= b ? ['10.0.0.2'] : []), ...(b <= a ? ['10.0.4.2'] : [])])
    })
  }
}

async function learn(): Promise<Figures['learn']> {
  const grid = new Grid()
  const bench = new Bench()
  const quiet = { network: 'point-to-point', helloInterval: 3600, deadInterval: 65_535 } as const
  bench.up(quiet)
  bench.up({ ...quiet, name: 'eth1' }, { address: ip('10.0.4.1') })
  for (const [at, end] of grid.ends.entries()) {
    const address = ip(at === 0 ? '10.0.0.2' : '10.0.4.2')
    new Peer(bench, { interface: `eth${at}`, routerId: grid.idOf(end), address }).to('Full')
  }
  bench.run(30)
  const routes = await open()
  const take = async (lsas: readonly Lsa[]): Promise<void> => {
    bench.forget()
    for (const bytes of packets(lsas, grid.idOf(0))) {
      bench.datagram({ source: ip('10.0.0.2'), bytes })
    }
    bench.run(10)
    routes.apply(bench.routeChanges)
    await routes.settled()
  }
  const all = grid.links.map((_, n) => grid.lsa(n, firstSequence + 1))
  const learned = await timed(count, () => take(all))
  const oracle = grid.oracle()
  let wrong = differing(oracle, grid)

  const leaving = Math.max(1, Math.floor(grid.size / 10))
  const random = new Random('withdraw')
  while (grid.withdrawn.size < leaving) grid.withdrawn.add(random.int(grid.size))
  const gone = [...grid.withdrawn].map((n) => grid.lsa(n, firstSequence + 2))
  const expected = new Set(
    [...grid.withdrawn].flatMap((n) => {
      const first = n * PER_ROUTER
      return Array.from({ length: Math.min(count - first, PER_ROUTER) }, (_, i) =>
        prefixOf(first + i),
      )
    }),
  )
  let touched = 0
  const monitor = NetlinkSocket.open({
    groups: [RTNLGRP_IPV4_ROUTE],
    receiveBuffer: 0x2000000,
    notify: (messages) => {
      for (const message of messages) {
        const route = decodeRoute(message)
        if (route === undefined) continue
        if (message.type !== RTM_DELROUTE || !expected.delete(route.prefix)) touched++
      }
    },
    overrun: () => {
      touched = Number.NaN
    },
  })
  const withdrawn = await timed(expected.size, () => take(gone))
  // some at a time
  for (let before = -1; before !== expected.size; ) {
    before = expected.size
    monitor.poll()
  }
  monitor.close()
  // one of which nothing was told
  touched += expected.size
  wrong += differing(oracle, grid)
  await routes[Symbol.asyncDispose]()
  return { learned, withdrawn, wrong, touched }
}

function* packets(lsas: readonly Lsa[], routerId: number): Generator<Uint8Array> {
  let some: Lsa[] = []
  let octets = 0
  const pack = (): Uint8Array =>
    encodePacket({ routerId, areaId: 0 }, { kind: 'ls-update', lsas: some })
  for (const lsa of lsas) {
    if (octets + lsa.raw.length > PACKET_OCTETS && some.length > 0) {
      yield pack()
      some = []
      octets = 0
    }
    some.push(lsa)
    octets += lsa.raw.length
  }
  if (some.length > 0) yield pack()
}

function gatewaysOfGroups(): Map<number, string> {
  const argv = ['-j', 'nexthop']
  const printed = execFileSync('ip', argv, { encoding: 'utf8', maxBuffer: 1 << 28 })
  const objects = JSON.parse(printed || '[]') as {
    readonly id: number
    readonly gateway?: string
    readonly group?: readonly { readonly id: number }[]
  }[]
  const leaves = new Map(objects.map(({ id, gateway = '' }) => [id, gateway]))
  return new Map(
    objects.map(({ id, group = [{ id }] }) => [
      id,
      text(group.map((member) => leaves.get(member.id) ?? '')),
    ]),
  )
}

/** How many prefixes the kernel has another route for than it ought to have. */
function differing(oracle: readonly string[], { withdrawn }: Grid): number {
  const argv = ['-j', 'route', 'show', 'proto', '188']
  const printed = execFileSync('ip', argv, { encoding: 'utf8', maxBuffer: 1 << 28 })
  const groups = gatewaysOfGroups()
  const found = new Map<string, string>()
  for (const { dst, nhid, gateway, nexthops } of JSON.parse(printed || '[]') as {
    readonly dst: string
    readonly nhid?: number
    readonly gateway?: string
    readonly nexthops?: readonly { readonly gateway: string }[]
  }[]) {
    const spelledOut = text(nexthops?.map((next) => next.gateway) ?? [gateway ?? ''])
    found.set(dst, nhid === undefined ? spelledOut : (groups.get(nhid) ?? ''))
  }
  let wrong = 0
  for (let i = 0; i < count; i++) {
    const n = Math.floor(i / PER_ROUTER)
    const dst = formatIpv4(prefixOf(i))
    if (found.get(dst) !== (withdrawn.has(n) ? undefined : oracle[n])) wrong++
    found.delete(dst)
  }
  return wrong + found.size
}

const figures: Figures = { mode, install: await install(), learn: await learn() }
await links[Symbol.asyncDispose]()
process.stdout.write(JSON.stringify(figures))
