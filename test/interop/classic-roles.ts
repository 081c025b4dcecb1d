/**
 * The story of the classic cluster: this library in every box, then FRR as the router, then FRR as a director. In each
 * the router's kernel must have the same routes, all three boxes must say the same, and clients must be served.
 */
import type { Test } from 'tap'
import { differences } from '../cli/shape.ts'
import { type Box, cli, frrBox, ourBox } from './boxes.ts'
import { classicIds, nextHops } from './classic.ts'
import {
  classicNetwork,
  type Role,
  roles,
  servers,
  type Variant,
  type VariantName,
  variants,
} from './classic-files.ts'
import type { FrrNeighbors } from './daemons.ts'
import { type Lab, until } from './lab.ts'

/** Seconds that a step may take on a machine that is emulated. */
const PATIENCE = 120

/** What every box is asked, as JSON. */
const documents: readonly string[] = [
  'show ip ospf',
  'show ip ospf neighbor',
  'show ip ospf neighbor detail',
  'show ip ospf interface',
  'show ip ospf database',
  'show ip ospf database router',
  'show ip ospf database network',
  'show ip ospf database external',
  'show ip ospf route',
  'show ip route ospf',
]

/** And as an operator reads it. */
const texts: readonly string[] = [
  'show ip ospf neighbor',
  'show ip ospf database',
  'show ip ospf route',
  'show ip route ospf',
]

/** What a box says, and the routes of its kernel. */
interface View {
  readonly documents: ReadonlyMap<string, unknown>
  readonly texts: ReadonlyMap<string, string>
  readonly kernel: readonly string[]
}

type Views = Readonly<Record<Role, View>>

/** Ages, sequence numbers, checksums and timers. */
const still = (text: string): string =>
  text
    .replace(/\b\d\d:\d\d:\d\d\b/g, '*')
    .replace(/\b(0x[0-9a-f]{4,8}|(\d+(\.\d+)?[wdhms])+)(?=\s|$)/g, '*')
    .replace(/^(\S+ +\S+ +)\d+( )/gm, '$1*$2')
    .replace(/ +/g, ' ')
    // without `capability opaque` FRR keeps no such table; this library always has the capability
    .replace(/=+ OSPF reachable[\s\S]*?\n\n/, '')
    // in the order in which the calculation came by them
    .replace(/(?:^ via .*\n)+/gm, (hops) =>
      hops
        .split(/(?<=\n)/)
        .toSorted()
        .join(''),
    )

/** Next hops come in the order in which the calculation came by them. */
const inOrder = (document: unknown): unknown =>
  JSON.parse(JSON.stringify(document), (key, value) =>
    key === 'nexthops' && Array.isArray(value)
      ? value.toSorted((a, b) => (String(a.ip) < String(b.ip) ? -1 : 1))
      : value,
  )

async function viewOf(lab: Lab, node: Role, box: Box): Promise<View> {
  const found = new Map<string, unknown>()
  for (const command of documents)
    found.set(command, inOrder(JSON.parse(await box.ask(`${command} json`))))
  const read = new Map<string, string>()
  for (const command of texts) read.set(command, still(await box.ask(command)))
  const kernel = (await lab.exec(node, ['ip', 'route']))
    .replaceAll(/ nhid \d+/g, '')
    // zebra gives all of its routes metric 20; ours have a number of their own, so that nobody else's are touched
    .replaceAll(/proto (static metric 20|246 metric 19)/g, 'proto static')
    .split(/\n(?=\S)/)
    .map((route) => {
      const [head, ...hops] = route.trimEnd().split('\n')
      return [head, ...hops.map((hop) => hop.trim()).toSorted()].join('\n')
    })
  return { documents: found, texts: read, kernel }
}

/** Differences between FRR and this library in the same role: by command, the pattern, and why. */
const allowed: Readonly<Record<string, readonly (readonly [pattern: RegExp, why: string])[]>> = {
  'show ip ospf': [
    [/^value \.maximumPaths: 256 \/ 64$/, 'another default'],
    [/^extra \.opaqueCapable$/, 'FRR wants to be told `capability opaque`; here it is always on'],
    [/^lacking \.adjacencyChangesLogged$/, 'how the daemon logs; here changes are always logged'],
  ],
  'show ip ospf neighbor detail': [
    [
      /^value .*\.optionsList: \*\|-\|.* \/ \*\|O\|/,
      'the O-bit of neighbors that are opaque-capable',
    ],
  ],
  'show ip ospf interface': [
    [/^lacking \.interfaces\.lo$/, 'the address of lo is a stub network here, not an interface'],
  ],
  'show ip ospf route': [[/^extra \.\*$/, 'routers that are neither ABR nor ASBR: as the text']],
  'show ip route ospf': [[/^lacking .*[nN]exthopGroupId$/, "ids of zebra's own next-hop groups"]],
}

/** Differences that are there or not, as it happens. */
const sometimes: readonly RegExp[] = [
  // FRR's retransmission timers run, or not, after what they were for is done
  /^(extra|lacking) .*thread(LinkState|Database)\w+$/,
]

/** Compares a box of FRR with one of ours in the same role. `used` gets the patterns that were needed. */
function compare(t: Test, role: Role, ours: View, theirs: View, used: Set<RegExp>): void {
  for (const command of documents) {
    const unexplained = [
      ...differences(theirs.documents.get(command), ours.documents.get(command)),
    ].filter((difference) => {
      if (sometimes.some((pattern) => pattern.test(difference))) return false
      const line = (allowed[command] ?? []).find(([pattern]) => pattern.test(difference))
      if (line !== undefined) used.add(line[0])
      return line === undefined
    })
    t.strictSame(unexplained, [], `${role}: ${command} json`)
  }
  for (const command of texts)
    t.equal(ours.texts.get(command), theirs.texts.get(command), `${role}: ${command}`)
  t.strictSame(ours.kernel, theirs.kernel, `${role}: ip route`)
}

/** How many of the connections from each client each server answered, none failing. */
async function served(
  t: Test,
  lab: Lab,
  { vip, clients }: Variant,
  by: readonly string[],
): Promise<void> {
  for (const client of clients) {
    const { answered, failed } = await lab.connections(client, vip, 80, 40)
    t.strictSame(failed, {}, `${client}: none fails`)
    t.strictSame(Object.keys(answered).toSorted(), by, `${client}: ${JSON.stringify(answered)}`)
  }
}

/** Waits until the boxes have converged, and looks at them. */
async function views(
  lab: Lab,
  boxes: Readonly<Record<Role, Box>>,
  { vip, learned }: Variant,
): Promise<Views> {
  const wanted = {
    router: { [classicIds.lb1]: 'Full/DROther', [classicIds.lb2]: 'Full/DROther' },
    lb1: { [classicIds.router]: 'Full/DR', [classicIds.lb2]: '2-Way/DROther' },
    lb2: { [classicIds.router]: 'Full/DR', [classicIds.lb1]: '2-Way/DROther' },
  }
  const json = async <T>(role: Role, command: string): Promise<T> =>
    JSON.parse(await boxes[role].ask(`${command} json`)) as T
  for (const role of roles)
    await until(
      async () => {
        const { neighbors } = await json<FrrNeighbors>(role, 'show ip ospf neighbor')
        const detail = await boxes[role].ask('show ip ospf neighbor detail json')
        // lists are long only while something is on its way; nobody is eligible to be the Backup
        const isBusy =
          /Counter":[1-9]/.test(JSON.stringify(neighbors)) || /BackupId": *"[^0]/.test(detail)
        const states = Object.entries(neighbors).map(([id, [one]]) => [id, one?.state])
        const routes = Object.keys(await json<object>(role, 'show ip ospf route'))
        const isSame =
          JSON.stringify(states.toSorted()) ===
          JSON.stringify(Object.entries(wanted[role]).toSorted())
        const lacking = [`${vip}/32`, ...(role === 'router' ? [] : learned)].filter(
          (prefix) => !routes.includes(prefix),
        )
        if (isSame && !isBusy && lacking.length === 0) return true
        throw new Error(`${JSON.stringify(states)}, lacks ${lacking.join()}, busy ${isBusy}`)
      },
      { what: `${role} (${boxes[role].make}) has converged`, timeout: PATIENCE },
    )
  const both = [classicIds.lb1, classicIds.lb2].join()
  await until(async () => (await nextHops(lab, 'router', vip)).join() === both, {
    what: 'the router has two next hops for the VIP',
    timeout: PATIENCE,
  })
  const found: [Role, View][] = []
  for (const role of roles) found.push([role, await viewOf(lab, role, boxes[role])])
  return Object.fromEntries(found) as unknown as Views
}

export interface Story {
  /** Directors are given the keepalived.conf, and forward to real servers; else they answer clients themselves. */
  readonly ipvs: boolean
  /** The role that FRR takes over. Default: one after the other. */
  readonly swap?: 'router' | 'director'
}

export async function everyRole(t: Test, name: VariantName, { ipvs, swap }: Story): Promise<void> {
  const variant: Variant = variants[name]
  const { vip, keepalived } = variant
  const { lab, files } = await classicNetwork(t, name)
  const box = async (role: Role, make: typeof ourBox): Promise<Box> =>
    make(lab, role, {
      ...files(role),
      ...(ipvs && role !== 'router' ? { keepalived } : {}),
    })
  const answering = ipvs ? Object.keys(servers) : ['lb1', 'lb2']
  const serve = async (node: string): Promise<void> => {
    const state = ['--state-file', `${lab.directory}/${node}.json`]
    if (ipvs) await lab.exec(node, [process.execPath, cli, 'real-server', 'start', vip, ...state])
    await lab.serve(node, '0.0.0.0', 80, node)
  }
  await Promise.all(answering.map(serve))
  /** Clients are served; in IPVS through both directors. */
  const serving = async (): Promise<void> => {
    const before = ipvs ? await carried(lab) : []
    await served(t, lab, variant, answering)
    if (!ipvs) return
    // the kernel adds its counters up every two seconds
    await until(
      async () => {
        const grown = (await carried(lab)).map((count, i) => count - before[i]!)
        if (grown.every((count) => count > 0)) return true
        throw new Error(grown.join(' and '))
      },
      { what: 'connections went through both directors', timeout: PATIENCE },
    )
    t.pass('through both directors')
  }
  const tableOf = async (node: Role): Promise<readonly string[]> =>
    ipvs ? (await lab.exec(node, ['ipvsadm', '-Sn'])).trim().split('\n').toSorted() : []
  const used = new Set<RegExp>()

  const [router, lb1, lb2] = await Promise.all(roles.map((role) => box(role, ourBox)))
  const boxes = { router: router!, lb1: lb1!, lb2: lb2! }
  const ours = await views(lab, boxes, variant)
  const tables = await Promise.all(roles.slice(1).map(tableOf))
  t.strictSame(tables[0], tables[1], 'both directors have the same services')
  await serving()

  const asRouter = async (t: Test): Promise<void> => {
    await boxes.router.stop()
    boxes.router = await box('router', frrBox)
    const now = await views(lab, boxes, variant)
    for (const role of roles) compare(t, role, ours[role], now[role], used)
    await serving()
  }
  const asDirector = async (t: Test): Promise<void> => {
    const again = boxes.router.make === 'ours' ? undefined : boxes.router.stop()
    await Promise.all([again, boxes.lb1.stop()])
    t.strictSame(await tableOf('lb1'), ipvs ? [''] : [], 'nothing is left')
    ;[boxes.router, boxes.lb1] = await Promise.all([
      again === undefined ? boxes.router : box('router', ourBox),
      box('lb1', frrBox),
    ])
    const now = await views(lab, boxes, variant)
    for (const role of roles) compare(t, role, ours[role], now[role], used)
    t.strictSame(await tableOf('lb1'), tables[0], 'keepalived has the same services')
    await serving()
  }
  if (swap !== 'director') await t.test('FRR as the router', asRouter)
  if (swap !== 'router') await t.test('FRR as a director', asDirector)
  for (const [pattern, why] of swap === undefined ? Object.values(allowed).flat() : [])
    t.ok(used.has(pattern), `${pattern} is a difference: ${why}`)
}

/** Connections that each director has passed on. */
async function carried(lab: Lab): Promise<readonly number[]> {
  const counts: number[] = []
  for (const node of ['lb1', 'lb2']) {
    const table = await lab.exec(node, ['ipvsadm', '-Ln', '--stats', '--exact'])
    counts.push(Number(/^TCP +\S+ +(\d+)/m.exec(table)?.[1]))
  }
  return counts
}
