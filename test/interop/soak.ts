/**
 * Real time with FRR, BIRD and this library mixed: cables are pulled, daemons stop and are killed, packets are lost. Then
 * all is mended, and all have to agree: every neighbor Full, one database, and the routes of the beginning.
 */
import type { Random } from '../../lib/sim/random.ts'
import { Bird, type Daemon, Frr, type RouterPlan, Speaker } from './daemons.ts'
import { type Lab, until } from './lab.ts'
import type { Memory } from './memory-probe.ts'
import { gateways } from './tables.ts'

const sleep = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1000))

const routers = ['f1', 'b1', 's1', 'f2', 'b2', 's2'] as const
type Router = (typeof routers)[number]

/** Two LANs of one of each make, and three links between them. */
const lans: readonly (readonly Router[])[] = [
  ['f1', 'b1', 's1'],
  ['f2', 'b2', 's2'],
  ['f1', 's2'],
  ['b1', 'f2'],
  ['s1', 'b2'],
]

const idOf = (router: Router): string => `10.0.0.${routers.indexOf(router) + 1}`

const neighborsOf = (router: Router): readonly string[] => [
  ...new Set(
    lans
      .filter((members) => members.includes(router))
      .flatMap((members) => members.filter((other) => other !== router).map(idOf)),
  ),
]

/** One LSA as every make shows it: 'type ID originator sequence checksum', in hex, the type in decimal. */
type Database = readonly string[]

interface FrrLsa {
  readonly lsId: string
  readonly advertisedRouter: string
  readonly sequenceNumber: string
  readonly checksum: string
}

interface FrrDatabase {
  readonly areas: Readonly<
    Record<
      string,
      {
        readonly routerLinkStates?: readonly FrrLsa[]
        readonly networkLinkStates?: readonly FrrLsa[]
      }
    >
  >
}

function databaseOfFrr({ areas }: FrrDatabase): Database {
  const lines = (type: number, lsas: readonly FrrLsa[] = []): string[] =>
    lsas.map(
      ({ lsId, advertisedRouter, sequenceNumber, checksum }) =>
        `${type} ${lsId} ${advertisedRouter} ${sequenceNumber} ${Number.parseInt(checksum, 16).toString(16)}`,
    )
  return Object.values(areas)
    .flatMap((area) => [...lines(1, area.routerLinkStates), ...lines(2, area.networkLinkStates)])
    .toSorted()
}

/** Of `show ospf lsadb`: ' 0001  10.0.0.1  10.0.0.1  80000004  12  ab12'. */
function databaseOfBird(text: string): Database {
  const line =
    /^\s*(000[12])\s+(\d+\.\d+\.\d+\.\d+)\s+(\d+\.\d+\.\d+\.\d+)\s+([0-9a-f]{8})\s+\d+\s+([0-9a-f]{4})/gm
  return Array.from(
    text.matchAll(line),
    ([, type, id, router, sequence, checksum]) =>
      `${Number(type)} ${id} ${router} ${sequence} ${Number.parseInt(checksum!, 16).toString(16)}`,
  ).toSorted()
}

async function databaseOf(daemon: Daemon): Promise<Database> {
  if (daemon instanceof Frr) return databaseOfFrr(await daemon.json('show ip ospf database json'))
  if (daemon instanceof Bird) return databaseOfBird(await daemon.birdc('show', 'ospf', 'lsadb'))
  return databaseOfFrr(await (daemon as Speaker).show<FrrDatabase>('ip', 'ospf', 'database'))
}

export interface SoakReport {
  readonly seconds: number
  readonly faults: Readonly<Record<string, number>>
  /** Seconds from the mending to agreement. */
  readonly convergence: number
  readonly lsas: number
  readonly routes: number
  /** Of a speaker that was never restarted, without garbage: early, half-way, and when all has come to rest. */
  readonly memory: { readonly early: Memory; readonly middle: Memory; readonly late: Memory }
}

/** @throws when the routers do not agree within two minutes */
export async function soak(
  lab: Lab,
  seconds: number,
  random: Random,
  say: (line: string) => void,
): Promise<SoakReport> {
  const devices = new Map<string, string>()
  const interfaces = new Map<Router, RouterPlan['interfaces'][number][]>()
  for (const router of routers) {
    lab.node(router, { 'net.ipv4.ip_forward': 1 })
    interfaces.set(router, [])
  }
  for (const [i, members] of lans.entries()) {
    lab.lan(
      `lan${i}`,
      Object.fromEntries(
        members.map((router) => [router, `10.1.${i}.${idOf(router).split('.')[3]}/24`]),
      ),
    )
    for (const router of members) {
      const own = interfaces.get(router)!
      devices.set(`${router} ${i}`, `eth${own.length}`)
      own.push({ name: `eth${own.length}`, network: `10.1.${i}.0/24`, cost: 10 + i })
    }
  }
  const make = (router: Router): Daemon => {
    const plan = { routerId: idOf(router), interfaces: interfaces.get(router)! }
    if (router.startsWith('f')) return new Frr(lab, router, plan)
    if (router.startsWith('b')) return new Bird(lab, router, plan)
    return new Speaker(lab, router, plan, { tellsMemory: router === 's1' })
  }
  const daemons = new Map(routers.map((router) => [router, make(router)]))
  await Promise.all([...daemons.values()].map((daemon) => daemon.start()))

  const routesNow = async (): Promise<string> => {
    const all = await Promise.all(
      routers.map(async (router) => {
        const found = Object.entries(await gateways(lab, router)).toSorted()
        return `${router}: ${found.map(([prefix, via]) => `${prefix} via ${via}`).join(', ')}`
      }),
    )
    return all.join('\n')
  }
  let databases: readonly Database[] = []
  /** What is not as it must be; undefined: all agree. */
  const disagreement = async (): Promise<string | undefined> => {
    for (const [router, daemon] of daemons) {
      const have = await daemon.fullNeighbors()
      const lacks = neighborsOf(router).filter((id) => !have.includes(id))
      if (lacks.length > 0) return `${router} is not Full with ${lacks.join(', ')}`
    }
    databases = await Promise.all([...daemons.values()].map(databaseOf))
    const [first = []] = databases
    if (first.length < routers.length) return `only ${first.length} LSAs`
    const other = databases.findIndex((database) => database.join() !== first.join())
    if (other < 0) return undefined
    return `${routers[other]} has ${databases[other]!.join('; ')}, ${routers[0]} ${first.join('; ')}`
  }
  const agreed = async (what: string, wanted?: string): Promise<string> => {
    let routes = ''
    await until(
      async () => {
        const wrong = await disagreement()
        if (wrong !== undefined) throw new Error(wrong)
        const before = routes
        routes = await routesNow()
        if (wanted !== undefined && routes !== wanted) {
          throw new Error(`routes:\n${routes}\nought to be:\n${wanted}`)
        }
        // without something to compare with: twice the same
        return wanted !== undefined || routes === before
      },
      { what, timeout: 120 },
    )
    return routes
  }
  const routes = await agreed('all agree at the beginning')
  say(`${databases[0]!.length} LSAs, ${routes.split(' via ').length - 1} routes:\n${routes}`)

  const watched = daemons.get('s1') as Speaker
  const loss = async (router: Router, percent: number): Promise<void> => {
    await lab.exec(router, ['nft', 'add', 'table', 'ip', 'soak'])
    await lab.exec(router, ['nft', 'flush', 'table', 'ip', 'soak'])
    if (percent === 0)
      return void (await lab.exec(router, ['nft', 'delete', 'table', 'ip', 'soak']))
    const chain = '{ type filter hook input priority 0; }'
    await lab.exec(router, ['nft', `add chain ip soak in ${chain}`])
    const rule = `meta l4proto 89 numgen random mod 100 < ${percent} drop`
    await lab.exec(router, ['nft', `add rule ip soak in ${rule}`])
  }

  const counts: Record<string, number> = {}
  const log = (what: string, detail: string): void => {
    counts[what] = (counts[what] ?? 0) + 1
    say(`${((Date.now() - begun) / 1000).toFixed(0).padStart(4)} s: ${what} ${detail}`)
  }
  const begun = Date.now()
  const end = begun + seconds * 1000
  let early: Memory | undefined
  let middle: Memory | undefined
  while (Date.now() < end) {
    const passed = (Date.now() - begun) / 1000
    if (passed > Math.min(60, seconds / 3)) early ??= await watched.memory()
    if (passed > seconds / 2) middle ??= await watched.memory()
    const router = random.pick(routers)
    const duration = random.pick([0.3, 2, 6])
    const fault = random.pick(['flap', 'flap', 'loss', 'stop', 'kill'] as const)
    if (fault === 'flap') {
      const i = random.int(lans.length)
      const member = random.pick(lans[i]!)
      const device = devices.get(`${member} ${i}`)!
      log('flap', `${member} ${device} for ${duration} s`)
      lab.carrier(member, device, false)
      await sleep(duration)
      lab.carrier(member, device, true)
    } else if (fault === 'loss') {
      const percent = random.pick([5, 20, 40])
      log('loss', `${percent} % at ${router} for ${duration + 4} s`)
      await loss(router, percent)
      await sleep(duration + 4)
      await loss(router, 0)
    } else if (router !== 's1') {
      // s1 lives on: its memory is watched
      log(fault, `${router} for ${duration} s`)
      const daemon = daemons.get(router)!
      if (fault === 'stop') await daemon.stop()
      else await daemon.kill()
      await sleep(duration)
      await daemon.start()
    }
    await sleep(random.pick([0.2, 1, 5]))
  }
  const took = (Date.now() - begun) / 1000
  const mended = Date.now()
  await agreed('all agree at the end', routes)
  const convergence = (Date.now() - mended) / 1000
  const late = await watched.memory()
  const memory = { early: early ?? late, middle: middle ?? late, late }
  for (const daemon of daemons.values()) await daemon.stop()
  return {
    seconds: took,
    faults: counts,
    convergence,
    lsas: databases[0]!.length,
    routes: routes.split(' via ').length - 1,
    memory,
  }
}
