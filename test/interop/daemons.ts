/**
 * OSPF daemons in a lab: FRR, BIRD and this library's own command line. One description of a router gives the
 * configuration of each, so that a test can swap one for another.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type KernelRoute, type Lab, type LabProcess, until } from './lab.ts'
import type { Memory } from './memory-probe.ts'

/** One OSPF interface. Hello 1 s, dead 4 s, priority 1, cost 1 and area 0.0.0.0 unless said otherwise. */
export interface PlannedInterface {
  readonly name: string
  /** The network in it, as `network` of FRR has it: '10.0.1.0/24'. */
  readonly network: string
  readonly type?: 'broadcast' | 'non-broadcast' | 'point-to-point' | 'point-to-multipoint'
  /** Addresses of those that cannot be found by multicast: 'non-broadcast', and point-to-multipoint of BIRD. */
  readonly neighbors?: readonly string[]
  readonly area?: string
  readonly priority?: number
  readonly cost?: number
  /** Seconds. */
  readonly hello?: number
  /** Seconds. */
  readonly dead?: number
  readonly passive?: boolean
  /** Further lines of the interface, in the daemon's own words. */
  readonly lines?: readonly string[]
}

export interface RouterPlan {
  readonly routerId: string
  readonly interfaces: readonly PlannedInterface[]
  /** VIPs, announced as /32 stubs of cost 1. FRR announces them while they are on lo, BIRD always. */
  readonly vips?: readonly string[]
  /** The area of the VIPs; default 0.0.0.0. */
  readonly vipArea?: string
  /** By area, further lines of it: `area ID LINE` (FRR, speaker), or of the area's block (BIRD). */
  readonly areas?: Readonly<Record<string, readonly string[]>>
  /** An external that it advertises. FRR needs a route of the kernel to it: see `redistributed`. */
  readonly external?: PlannedExternal
  /** ospfd.conf in full (FRR, speaker), in place of all that is said above. */
  readonly conf?: string
  /** Further lines of `router ospf` (FRR, speaker) or of the protocol block (BIRD). */
  readonly extra?: readonly string[]
}

export interface PlannedExternal {
  readonly prefix: string
  readonly type: 1 | 2
  readonly metric: number
  readonly tag: number
  /** The router of others that it leads to: the forwarding address, where that is on a network of the plan. */
  readonly via?: string
}

/** Gives a node's kernel the route that FRR advertises as its external. */
export async function redistributed(
  lab: Lab,
  node: string,
  prefix: string,
  via?: string,
): Promise<void> {
  const how = via === undefined ? ['blackhole', prefix] : [prefix, 'via', via]
  await lab.exec(node, ['ip', 'route', 'add', ...how])
}

/** ospfd.conf of FRR; the speaker reads the same. */
export function ospfdConf(plan: RouterPlan): string {
  if (plan.conf !== undefined) return plan.conf
  const { routerId, interfaces, vips = [], vipArea = '0.0.0.0', areas = {}, extra = [] } = plan
  const { external } = plan
  const lines = [`hostname r${routerId}`, '!']
  for (const i of interfaces) {
    lines.push(
      `interface ${i.name}`,
      ` ip ospf network ${i.type ?? 'broadcast'}`,
      ` ip ospf hello-interval ${i.hello ?? 1}`,
      ` ip ospf dead-interval ${i.dead ?? 4}`,
      ` ip ospf priority ${i.priority ?? 1}`,
      ` ip ospf cost ${i.cost ?? 1}`,
      ...(i.lines ?? []).map((line) => ` ${line}`),
      '!',
    )
  }
  if (vips.length > 0) lines.push('interface lo', ' ip ospf cost 1', '!')
  lines.push('router ospf', ` ospf router-id ${routerId}`)
  for (const i of interfaces) {
    if (i.passive) lines.push(` passive-interface ${i.name}`)
    lines.push(` network ${i.network} area ${i.area ?? '0.0.0.0'}`)
  }
  for (const vip of vips) lines.push(` network ${vip}/32 area ${vipArea}`)
  for (const { neighbors = [] } of interfaces) {
    for (const address of neighbors) lines.push(` neighbor ${address} poll-interval 1`)
  }
  for (const [id, words] of Object.entries(areas)) {
    for (const line of words) lines.push(` area ${id} ${line}`)
  }
  if (external) {
    const { type, metric, tag } = external
    const how = `metric ${metric} metric-type ${type} route-map tagged`
    lines.push(` redistribute kernel ${how}`, '!', 'route-map tagged permit 10', ` set tag ${tag}`)
    lines.push('!', 'router ospf')
  }
  return [...lines, ...extra.map((line) => ` ${line}`), '!', ''].join('\n')
}

/** bird.conf for the same router. */
export function birdConf(plan: RouterPlan): string {
  const { routerId, interfaces, vips = [], vipArea = '0.0.0.0', extra = [], external } = plan
  const areas = new Map<string, string[]>()
  const area = (id: string): string[] => {
    const lines = areas.get(id) ?? []
    areas.set(id, lines)
    return lines
  }
  for (const [id, lines] of Object.entries(plan.areas ?? {})) area(id).push(...lines)
  for (const i of interfaces) {
    const type = birdTypes[i.type ?? 'broadcast']
    const timers = `hello ${i.hello ?? 1}; dead ${i.dead ?? 4};`
    const stub = i.passive ? ' stub yes;' : ''
    const neighbors = (i.neighbors ?? []).map((address) => `${address} eligible;`).join(' ')
    const lines = neighbors ? [`neighbors { ${neighbors} };`, 'poll 1;'] : []
    lines.push(...(i.lines ?? []))
    area(i.area ?? '0.0.0.0').push(
      `interface "${i.name}" { type ${type}; ${timers} priority ${i.priority ?? 1}; cost ${i.cost ?? 1};${stub} ${lines.join(' ')} };`,
    )
  }
  // BIRD gives a /32 of an interface cost 0 whatever is configured, which would be no equal cost.
  for (const vip of vips) area(vipArea).push(`stubnet ${vip}/32 { cost 1; };`)
  return [
    'log stderr all;',
    `router id ${routerId};`,
    'protocol device { scan time 1; }',
    'protocol kernel { merge paths yes; ipv4 { import none; export all; }; }',
    ...(external
      ? [`protocol static { ipv4; route ${external.prefix} ${birdWay(external)}; }`]
      : []),
    'protocol ospf v2 ospf1 {',
    '  ecmp yes;',
    `  ipv4 { import all; export ${birdExport(external)}; };`,
    ...extra.map((line) => `  ${line}`),
    ...[...areas].flatMap(([id, lines]) => [
      `  area ${id} {`,
      ...lines.map((line) => `    ${line}`),
      '  };',
    ]),
    '}',
    '',
  ].join('\n')
}

const birdTypes = {
  broadcast: 'broadcast',
  'non-broadcast': 'nbma',
  'point-to-point': 'ptp',
  'point-to-multipoint': 'ptmp',
} as const

const birdWay = ({ via }: PlannedExternal): string =>
  via === undefined ? 'blackhole' : `via ${via}`

const birdExport = (external: PlannedExternal | undefined): string => {
  if (!external) return 'none'
  const { type, metric, tag } = external
  const how = `ospf_metric${type} = ${metric}; ospf_tag = ${tag}; accept;`
  return `filter { if source = RTS_STATIC then { ${how} } reject; }`
}

/** A routing daemon on one node, whatever its make. */
export interface Daemon {
  readonly node: string
  /** Starts it and resolves once it answers. */
  start(): Promise<void>
  /** SIGTERM: it flushes its LSAs and takes its routes with it. */
  stop(): Promise<void>
  /** SIGKILL: nobody is told. */
  kill(): Promise<void>
  /** Router ids of the neighbors in state Full. */
  fullNeighbors(): Promise<readonly string[]>
  /** Prefixes that it has a route to through another router ('10.0.9.1/32'). */
  learned(): Promise<readonly string[]>
}

/** Resolves when every one of `routerIds` is a Full neighbor of the daemon. */
export async function full(
  daemon: Pick<Daemon, 'node' | 'fullNeighbors'>,
  routerIds: readonly string[],
): Promise<void> {
  await until(
    async () => {
      const have = await daemon.fullNeighbors()
      return routerIds.every((id) => have.includes(id))
    },
    { what: `${daemon.node} is Full with ${routerIds.join(', ')}` },
  )
}

/** One entry of `show ip ospf neighbor json`. */
export interface FrrNeighbor {
  /** 'Full/DR', 'Full/DROther', 'Full/-' ... */
  readonly state: string
  readonly ifaceName?: string
  readonly ifaceAddress?: string
}

/** `show ip ospf neighbor json` of FRR and of the speaker: neighbors by router id. */
export interface FrrNeighbors {
  readonly neighbors: Readonly<Record<string, readonly FrrNeighbor[]>>
}

const fullIn = ({ neighbors }: FrrNeighbors): readonly string[] =>
  Object.entries(neighbors)
    .filter(([, entries]) => entries.some(({ state }) => state.startsWith('Full')))
    .map(([id]) => id)

/** The command line as it was compiled together with this file. */
const cli = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url))
const memoryProbe = new URL('memory-probe.js', import.meta.url).href

/** zebra and ospfd with a run directory of their own. */
export class Frr implements Daemon {
  readonly node: string
  readonly directory: string
  readonly #lab: Lab
  readonly #plan: RouterPlan
  #zebra: LabProcess | undefined
  #ospfd: LabProcess | undefined

  constructor(lab: Lab, node: string, plan: RouterPlan) {
    this.#lab = lab
    this.#plan = plan
    this.node = node
    this.directory = join(lab.directory, `frr-${node}`)
    lab.whenFailed(`FRR on ${node}`, () =>
      this.vtysh('show ip ospf neighbor', 'show ip ospf database', 'show ip ospf route'),
    )
  }

  async start(): Promise<void> {
    rmSync(this.directory, { recursive: true, force: true })
    mkdirSync(this.directory)
    writeFileSync(join(this.directory, 'zebra.conf'), `hostname ${this.node}\n`)
    writeFileSync(join(this.directory, 'ospfd.conf'), ospfdConf(this.#plan))
    // The daemons drop root for their own user, and refuse to keep it: root is not in group frrvty.
    execFileSync('chown', ['-R', 'frr:frr', this.directory])
    this.#zebra = await this.#daemon('zebra', 'zserv.api')
    this.#ospfd = await this.#daemon('ospfd', 'ospfd.vty')
  }

  async stop(): Promise<void> {
    await this.#ospfd?.stop()
    await this.#zebra?.stop()
  }

  async kill(): Promise<void> {
    await this.#ospfd?.kill()
    await this.#zebra?.kill()
  }

  /** Runs commands one after the other as if typed into vtysh. */
  async vtysh(...commands: readonly string[]): Promise<string> {
    const argv = commands.flatMap((command) => ['-c', command])
    return this.#lab.exec(this.node, ['vtysh', '--vty_socket', this.directory, ...argv])
  }

  /** Runs a `show ... json` command. The shape is the caller's knowledge. */
  async json<T>(command: string): Promise<T> {
    return JSON.parse(await this.vtysh(command)) as T
  }

  /** Neighbors by router id. */
  async neighbors(): Promise<FrrNeighbors['neighbors']> {
    return (await this.json<FrrNeighbors>('show ip ospf neighbor json')).neighbors
  }

  async fullNeighbors(): Promise<readonly string[]> {
    return fullIn({ neighbors: await this.neighbors() })
  }

  async learned(): Promise<readonly string[]> {
    return inKernel(await this.#lab.routes(this.node), 'ospf')
  }

  async #daemon(name: 'zebra' | 'ospfd', socket: string): Promise<LabProcess> {
    const at = (file: string): string => join(this.directory, file)
    const paths = ['--vty_socket', this.directory, '-z', at('zserv.api'), '-i', at(`${name}.pid`)]
    const argv = [`/usr/lib/frr/${name}`, ...paths, '-f', at(`${name}.conf`), '-P', '0']
    const started = this.#lab.spawn(this.node, [...argv, '--log', 'stdout'], name)
    await until(() => existsSync(at(socket)) || !started.running, { what: `${name} is up` })
    if (!started.running) throw new Error(`${name} on ${this.node}: ${started.output}`)
    return started
  }
}

/** BIRD 2. */
export class Bird implements Daemon {
  readonly node: string
  readonly directory: string
  readonly #lab: Lab
  readonly #plan: RouterPlan
  #bird: LabProcess | undefined

  constructor(lab: Lab, node: string, plan: RouterPlan) {
    this.#lab = lab
    this.#plan = plan
    this.node = node
    this.directory = join(lab.directory, `bird-${node}`)
    lab.whenFailed(`BIRD on ${node}`, async () => {
      const shown = ['neighbors', 'lsadb'].map((what) => this.birdc('show', 'ospf', what))
      return (await Promise.all(shown)).join('\n')
    })
  }

  async start(): Promise<void> {
    rmSync(this.directory, { recursive: true, force: true })
    mkdirSync(this.directory)
    const at = (file: string): string => join(this.directory, file)
    writeFileSync(at('bird.conf'), birdConf(this.#plan))
    const paths = ['-c', at('bird.conf'), '-s', at('bird.ctl'), '-P', at('bird.pid')]
    const started = this.#lab.spawn(this.node, ['/usr/sbin/bird', '-f', ...paths], 'bird')
    this.#bird = started
    await until(() => existsSync(at('bird.ctl')) || !started.running, { what: 'bird is up' })
    if (!started.running) throw new Error(`bird on ${this.node}: ${started.output}`)
  }

  async stop(): Promise<void> {
    await this.#bird?.stop()
  }

  async kill(): Promise<void> {
    await this.#bird?.kill()
  }

  /** Reads a new plan, as `birdc configure` does. */
  async configure(plan: RouterPlan): Promise<void> {
    writeFileSync(join(this.directory, 'bird.conf'), birdConf(plan))
    await this.birdc('configure')
  }

  /** Runs one command of birdc. */
  async birdc(...command: readonly string[]): Promise<string> {
    const socket = join(this.directory, 'bird.ctl')
    return this.#lab.exec(this.node, ['birdc', '-s', socket, ...command])
  }

  async fullNeighbors(): Promise<readonly string[]> {
    const text = await this.birdc('show', 'ospf', 'neighbors')
    return [...text.matchAll(/^(\d+\.\d+\.\d+\.\d+)\s+\d+\s+Full\//gm)].map(([, id]) => id ?? '')
  }

  async learned(): Promise<readonly string[]> {
    return inKernel(await this.#lab.routes(this.node), 'bird')
  }
}

const inKernel = (routes: readonly KernelRoute[], protocol: string): readonly string[] =>
  routes
    .filter((route) => route.protocol === protocol && route.scope !== 'link')
    .map(({ dst }) => (dst === 'default' ? '0.0.0.0/0' : dst.includes('/') ? dst : `${dst}/32`))

/** This library's command line, as an operator runs it: `ospf-speaker run --frr ospfd.conf`. */
export class Speaker implements Daemon {
  readonly node: string
  readonly directory: string
  readonly #lab: Lab
  readonly #plan: RouterPlan
  #process: LabProcess | undefined
  #looks = 0
  readonly #tellsMemory: boolean

  /** `tellsMemory`: `memory()` can be asked. */
  constructor(lab: Lab, node: string, plan: RouterPlan, { tellsMemory = false } = {}) {
    this.#lab = lab
    this.#plan = plan
    this.#tellsMemory = tellsMemory
    this.node = node
    this.directory = join(lab.directory, `speaker-${node}`)
  }

  async start(): Promise<void> {
    rmSync(this.directory, { recursive: true, force: true })
    mkdirSync(this.directory)
    const config = join(this.directory, 'ospfd.conf')
    writeFileSync(config, ospfdConf(this.#plan))
    const probe = this.#tellsMemory ? ['--expose-gc', '--import', memoryProbe] : []
    const argv = [process.execPath, ...probe, cli, 'run', '--frr', config, '--socket', this.#socket]
    const started = this.#lab.spawn(this.node, argv, 'ospf-speaker')
    this.#process = started
    this.#looks = 0
    await until(() => started.output.includes('started, router id') || !started.running, {
      what: 'ospf-speaker is up',
    })
    if (!started.running) throw new Error(`ospf-speaker on ${this.node}: ${started.output}`)
  }

  async stop(): Promise<void> {
    await this.#process?.stop(15)
  }

  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  /** What it has in memory once garbage is collected. */
  async memory(): Promise<Memory> {
    const look = ++this.#looks
    this.#process?.signal('SIGUSR2')
    const told = (): string | undefined =>
      new RegExp(`^memory ${look} (.*)\\n`, 'm').exec(this.#process?.output ?? '')?.[1]
    return JSON.parse(await until(told, { what: `${this.node} tells its memory` })) as Memory
  }

  /** Arguments of node that make it `ospf-speaker show WORDS`. */
  showCommand(...words: readonly string[]): readonly string[] {
    return [cli, 'show', ...words, '--socket', this.#socket]
  }

  /** Runs `ospf-speaker show WORDS json`. The shape is FRR's. */
  async show<T>(...words: readonly string[]): Promise<T> {
    const argv = [process.execPath, cli, 'show', ...words, 'json', '--socket', this.#socket]
    return JSON.parse(await this.#lab.exec(this.node, argv)) as T
  }

  async fullNeighbors(): Promise<readonly string[]> {
    return fullIn(await this.show<FrrNeighbors>('ip', 'ospf', 'neighbor'))
  }

  /** From its own table: whether it gives routes to the kernel is a matter of configuration. */
  async learned(): Promise<readonly string[]> {
    const routes = await this.show<Record<string, { readonly nexthops: readonly object[] }>>(
      'ip',
      'ospf',
      'route',
    )
    return Object.entries(routes)
      .filter(([, { nexthops }]) => nexthops.some((hop) => 'via' in hop))
      .map(([prefix]) => prefix)
  }

  get #socket(): string {
    return join(this.directory, 'control.sock')
  }
}
