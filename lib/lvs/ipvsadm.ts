/**
 * Tables of virtual services as the text that `ipvsadm -S` writes and `ipvsadm -R` reads: a command a line, with the
 * options of ipvsadm 1.31, long or short. Names of hosts and ports are not looked up: `ipvsadm -Sn` writes numbers.
 */
import { OspfError } from '../errors.ts'
import { lengthOfMask, maskOf, parseIpv4 } from '../wire/address.ts'
import { bytesOfAddress } from './ip-bytes.ts'
import {
  canonicalAddress,
  familyOf,
  formatDestination,
  formatEndpoint,
  formatServiceKey,
} from './keys.ts'
import type {
  IpvsDaemon,
  IpvsDestination,
  IpvsForward,
  IpvsPort,
  IpvsSchedulerFlag,
  IpvsService,
  IpvsServiceKey,
  IpvsTimeouts,
  IpvsTunnel,
} from './types.ts'

export interface IpvsTableEntry {
  readonly service: IpvsService
  readonly destinations: readonly IpvsDestination[]
}

/** What a text of ipvsadm comes to. */
export interface IpvsTable {
  readonly services: readonly IpvsTableEntry[]
  /** Of --set. */
  readonly timeouts?: Partial<IpvsTimeouts>
  /** Of --start-daemon. Default: none. */
  readonly daemons?: readonly IpvsDaemon[]
}

/** What ipvsadm takes for granted: seconds of -p alone, and the scheduler. */
const PERSISTENCE_TIMEOUT = 360
const SCHEDULER = 'wlc'

type Command = 'A' | 'E' | 'D' | 'C' | 'a' | 'e' | 'd' | 'set' | 'start-daemon'

const commands: ReadonlyMap<string, Command> = new Map([
  ...(['A', 'E', 'D', 'C', 'a', 'e', 'd'] as const).map((name) => [`-${name}`, name] as const),
  ['--add-service', 'A'],
  ['--edit-service', 'E'],
  ['--delete-service', 'D'],
  ['--clear', 'C'],
  ['--add-server', 'a'],
  ['--edit-server', 'e'],
  ['--delete-server', 'd'],
  ['--set', 'set'],
  ['--start-daemon', 'start-daemon'],
])

/** Options by their long names, with the short ones; what follows them. */
const options: readonly (readonly [long: string, short: string, value: boolean])[] = [
  ['tcp-service', 't', true],
  ['udp-service', 'u', true],
  ['sctp-service', '', true],
  ['fwmark-service', 'f', true],
  ['ipv6', '6', false],
  ['scheduler', 's', true],
  ['netmask', 'M', true],
  ['pe', '', true],
  ['ops', 'o', false],
  ['sched-flags', 'b', true],
  ['real-server', 'r', true],
  ['gatewaying', 'g', false],
  ['ipip', 'i', false],
  ['masquerading', 'm', false],
  ['tun-type', '', true],
  ['tun-port', '', true],
  ['tun-nocsum', '', false],
  ['tun-csum', '', false],
  ['tun-remcsum', '', false],
  ['weight', 'w', true],
  ['u-threshold', 'x', true],
  ['l-threshold', 'y', true],
  ['mcast-interface', '', true],
  ['syncid', '', true],
  ['sync-maxlen', '', true],
  ['mcast-group', '', true],
  ['mcast-port', '', true],
  ['mcast-ttl', '', true],
  ['numeric', 'n', false],
]

interface Draft {
  service: IpvsService
  destinations: Map<string, IpvsDestination>
}

/** One line, taken apart. Throws text; whoever calls adds where. */
interface Line {
  readonly command: Command
  readonly values: ReadonlyMap<string, string>
  readonly rest: readonly string[]
}

class Refusal extends Error {}

/**
 * Reads a text; `file` is for errors alone.
 * @throws OspfError ERR_OSPF_CONFIG, 'file:line: what was expected'
 */
export function parseIpvsadm(text: string, file = 'ipvsadm'): IpvsTable {
  const drafts = new Map<string, Draft>()
  const daemons = new Map<string, IpvsDaemon>()
  let timeouts: Partial<IpvsTimeouts> = {}
  for (const [index, source] of text.split(/\r?\n/).entries()) {
    const words = source.replace(/#.*/, '').trim().split(/\s+/)
    if (words[0] === '') continue
    try {
      const line = parseLine(words)
      if (line.command === 'set') timeouts = { ...timeouts, ...parseTimeouts(line.rest) }
      else if (line.command === 'start-daemon') {
        const daemon = parseDaemon(line)
        daemons.set(daemon.state, daemon)
      } else carryOut(line, drafts)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      throw new OspfError('ERR_OSPF_CONFIG', `${file}:${index + 1}: ${error.message}`)
    }
  }
  return {
    services: Array.from(drafts.values(), ({ service, destinations }) => ({
      service,
      destinations: [...destinations.values()],
    })),
    ...(Object.keys(timeouts).length > 0 && { timeouts }),
    ...(daemons.size > 0 && { daemons: [...daemons.values()] }),
  }
}

function parseLine(words: readonly string[]): Line {
  // A script has the program in front of its arguments.
  const [first, ...others] = /(^|\/)ipvsadm$/.test(words[0]!) ? words.slice(1) : words
  const command = commands.get(first ?? '')
  if (command === undefined) {
    throw new Refusal(`expected a command (${[...commands.keys()].join(', ')}), got '${first}'`)
  }
  const values = new Map<string, string>()
  const rest: string[] = []
  const set = (name: string, value: string): void => {
    if (values.has(name)) throw new Refusal(`--${name} is given twice`)
    values.set(name, value)
  }
  for (let i = 0; i < others.length; i++) {
    const word = others[i]!
    if (!word.startsWith('-') || word === '-') {
      rest.push(word)
      continue
    }
    const [, name, inline] = /^([^=]*)(?:=(.*))?$/.exec(word)!
    const next = others[i + 1]
    if (name === '-p' || name === '--persistent') {
      const has = inline === undefined && next !== undefined && /^\d+$/.test(next)
      set('persistent', inline ?? (has ? next : String(PERSISTENCE_TIMEOUT)))
      if (has) i++
      continue
    }
    const known = options.find(([long, short]) => name === `--${long}` || name === `-${short}`)
    if (known === undefined || name === '-') throw new Refusal(`unknown option '${word}'`)
    const [long, , wantsValue] = known
    if (!wantsValue && inline !== undefined) throw new Refusal(`${name} takes no value`)
    if (wantsValue && inline === undefined && next === undefined) {
      throw new Refusal(`${name} expects a value`)
    }
    set(long, wantsValue ? (inline ?? next!) : '')
    if (wantsValue && inline === undefined) i++
  }
  if (rest.length > 0 && command !== 'set' && command !== 'start-daemon') {
    throw new Refusal(`expected an option, got '${rest[0]}'`)
  }
  return { command, values, rest }
}

function carryOut(line: Line, drafts: Map<string, Draft>): void {
  const { command } = line
  if (command === 'C') return drafts.clear()
  const key = parseKey(line)
  const name = formatServiceKey(key)
  const draft = drafts.get(name)
  if (command === 'A') {
    if (draft !== undefined) throw new Refusal(`service ${name} is there already`)
    drafts.set(name, { service: parseService(line, key), destinations: new Map() })
    return
  }
  if (draft === undefined) throw new Refusal(`there is no service ${name} above`)
  if (command === 'E') draft.service = parseService(line, key)
  else if (command === 'D') drafts.delete(name)
  else carryOutServer(line, key, draft)
}

function carryOutServer(line: Line, key: IpvsServiceKey, draft: Draft): void {
  const { command } = line
  // which one goes is told by its own address and port alone
  const destination = command === 'd' ? undefined : parseDestination(line, key)
  const name = formatDestination(destination ?? parseServer(line, key))
  const isThere = draft.destinations.has(name)
  if (command === 'a' && isThere) throw new Refusal(`destination ${name} is there already`)
  if (command !== 'a' && !isThere) throw new Refusal(`there is no destination ${name} above`)
  if (destination === undefined) draft.destinations.delete(name)
  else draft.destinations.set(name, destination)
}

function parseKey({ values }: Line): IpvsServiceKey {
  const kinds = ['tcp', 'udp', 'sctp', 'fwmark'] as const
  const given = kinds.filter((kind) => values.has(`${kind}-service`))
  const kind = given[0]
  if (kind === undefined || given.length > 1) {
    throw new Refusal('expected one of -t, -u, --sctp-service, -f')
  }
  const value = values.get(`${kind}-service`)!
  if (kind === 'fwmark') {
    const family = values.has('ipv6') ? 6 : 4
    return { fwmark: integer('a mark', value, 1, 0xffffffff), family }
  }
  const { address, port = 0 } = endpoint(value)
  if (port === 0 && !values.has('persistent') && values.has('scheduler')) {
    throw new Refusal('a service of any port must be persistent')
  }
  return { protocol: kind, address, port }
}

function endpoint(text: string): { address: string; port?: number } {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/.exec(text) ?? [text, undefined, text]
  const address = match[1] ?? match[2]!
  if (bytesOfAddress(address) === undefined || (match[1] === undefined && address.includes(':'))) {
    throw new Refusal(`expected an address and a port, as numbers, got '${text}'`)
  }
  const port = match[3]
  return {
    address: canonicalAddress(address),
    ...(port !== undefined && { port: integer('a port', port, 0, 0xffff) }),
  }
}

function integer(what: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new Refusal(`expected ${what} from ${least} to ${most}, got '${text}'`)
  }
  return value
}

const flagNames: ReadonlyMap<string, IpvsSchedulerFlag> = new Map([
  ['flag-1', 'flag-1'],
  ['sh-fallback', 'flag-1'],
  ['mh-fallback', 'flag-1'],
  ['flag-2', 'flag-2'],
  ['sh-port', 'flag-2'],
  ['mh-port', 'flag-2'],
  ['flag-3', 'flag-3'],
])

function parseService({ values }: Line, key: IpvsServiceKey): IpvsService {
  const flags = (values.get('sched-flags') ?? '').split(',').filter((flag) => flag !== '')
  const bits = new Set(
    flags.map((flag) => {
      const known = flagNames.get(flag)
      if (known === undefined) throw new Refusal(`expected a flag, got '${flag}'`)
      return known
    }),
  )
  const timeout = values.get('persistent')
  const mask = values.get('netmask')
  const engine = values.get('pe')
  if (timeout === undefined && (mask ?? engine) !== undefined) {
    throw new Refusal('-M and --pe are for persistent services')
  }
  const isIpv6 = 'fwmark' in key ? key.family === 6 : familyOf(key.address) === 6
  const length = mask === undefined ? undefined : prefixLength(mask, isIpv6)
  return {
    key,
    scheduler: values.get('scheduler') ?? SCHEDULER,
    ...(bits.size > 0 && { flags: [...bits].sort() }),
    ...(timeout !== undefined && {
      persistence: {
        timeout: integer('seconds', timeout, 1, 31 * 86400),
        ...(length !== undefined && { prefixLength: length }),
        ...(engine !== undefined && { engine }),
      },
    }),
    ...(values.has('ops') && { onePacket: true }),
  }
}

/** Undefined: all bits, as by default. */
function prefixLength(text: string, isIpv6: boolean): number | undefined {
  if (isIpv6) {
    const length = integer('a prefix length', text, 1, 128)
    return length === 128 ? undefined : length
  }
  const mask = parseIpv4(text)
  const length = mask === undefined ? undefined : lengthOfMask(mask)
  if (length === undefined || length === 0) throw new Refusal(`expected a mask, got '${text}'`)
  return length === 32 ? undefined : length
}

/** Of -r; the port is that of the service where there is none. */
function parseServer(
  { values }: Line,
  key: IpvsServiceKey,
): Pick<IpvsDestination, 'address' | 'port'> {
  const server = values.get('real-server')
  if (server === undefined) throw new Refusal('expected -r')
  const { address, port = 'fwmark' in key ? 0 : key.port } = endpoint(server)
  return { address, port }
}

function parseDestination(line: Line, key: IpvsServiceKey): IpvsDestination {
  const { values } = line
  const { address, port } = parseServer(line, key)
  const given = (['gatewaying', 'ipip', 'masquerading'] as const).filter((way) => values.has(way))
  if (given.length > 1) throw new Refusal('expected one of -g, -i, -m')
  const forward = ({ gatewaying: 'dr', ipip: 'tun', masquerading: 'nat' } as const)[
    given[0] ?? 'gatewaying'
  ]
  // ipvsadm does so, too: the packet keeps its port unless it is masqueraded.
  const fixedPort = 'fwmark' in key || forward === 'nat' ? undefined : key.port
  const number = (name: string, most: number): number | undefined => {
    const text = values.get(name)
    return text === undefined ? undefined : integer('a number', text, 0, most)
  }
  const [upper, lower] = [number('u-threshold', 0xffffffff), number('l-threshold', 0xffffffff)]
  const tunnel = parseTunnel(values, forward)
  return {
    address,
    port: fixedPort ?? port,
    forward,
    weight: number('weight', 0x7fffffff) ?? 1,
    ...(upper !== undefined && upper > 0 && { upperThreshold: upper }),
    ...(lower !== undefined && lower > 0 && { lowerThreshold: lower }),
    ...(tunnel !== undefined && { tunnel }),
  }
}

/** Undefined: ipip. */
function parseTunnel(
  values: ReadonlyMap<string, string>,
  forward: IpvsForward,
): IpvsTunnel | undefined {
  const type = values.get('tun-type') ?? 'ipip'
  const port = values.get('tun-port')
  const given = (['tun-nocsum', 'tun-csum', 'tun-remcsum'] as const).filter((c) => values.has(c))
  if (type !== 'ipip' && type !== 'gue' && type !== 'gre') {
    throw new Refusal(`expected ipip, gue or gre, got '${type}'`)
  }
  if (values.has('tun-type') && forward !== 'tun') throw new Refusal('--tun-type is for -i')
  if (given.length > 1) throw new Refusal('expected one of --tun-nocsum, --tun-csum, --tun-remcsum')
  if ((type === 'gue') !== (port !== undefined)) {
    throw new Refusal(type === 'gue' ? 'gue expects --tun-port' : '--tun-port is for gue')
  }
  const what = given[0] ?? 'tun-nocsum'
  const checksum = ({ 'tun-nocsum': 'none', 'tun-csum': 'full', 'tun-remcsum': 'remote' } as const)[
    what
  ]
  if ((type === 'ipip' && given.length > 0) || (type === 'gre' && checksum === 'remote')) {
    throw new Refusal(`--${what} is not for ${type}`)
  }
  if (type === 'ipip') return undefined
  return {
    type,
    ...(port !== undefined && { port: integer('a port', port, 1, 0xffff) }),
    ...(checksum !== 'none' && { checksum }),
  }
}

function parseTimeouts(rest: readonly string[]): Partial<IpvsTimeouts> {
  if (rest.length !== 3) throw new Refusal('--set expects tcp tcpfin udp')
  const [tcp, tcpFin, udp] = rest.map((text) => integer('seconds', text, 0, 31 * 86400))
  // 0 leaves one as it is
  return {
    ...(tcp! > 0 && { tcp: tcp! }),
    ...(tcpFin! > 0 && { tcpFin: tcpFin! }),
    ...(udp! > 0 && { udp: udp! }),
  }
}

function parseDaemon({ values, rest }: Line): IpvsDaemon {
  const [state] = rest
  if ((state !== 'master' && state !== 'backup') || rest.length > 1) {
    throw new Refusal('--start-daemon expects master or backup')
  }
  const number = (name: string, least: number, most: number): number | undefined => {
    const text = values.get(name)
    return text === undefined ? undefined : integer('a number', text, least, most)
  }
  const maximumLength = number('sync-maxlen', 1, 65507)
  const port = number('mcast-port', 1, 0xffff)
  const ttl = number('mcast-ttl', 1, 255)
  const group = values.get('mcast-group')
  if (group !== undefined && bytesOfAddress(group) === undefined) {
    throw new Refusal(`expected the address of a group, got '${group}'`)
  }
  const device = values.get('mcast-interface')
  if (device === undefined) throw new Refusal('expected --mcast-interface')
  return {
    state,
    device,
    syncId: number('syncid', 0, 255) ?? 0,
    ...(maximumLength !== undefined && { maximumLength }),
    ...(group !== undefined && { group: canonicalAddress(group) }),
    ...(port !== undefined && { port }),
    ...(ttl !== undefined && { ttl }),
  }
}

/** Writes the text that `ipvsadm -R` reads: as `ipvsadm -Sn` does, and the thresholds, which that leaves out. */
export function formatIpvsadm(table: IpvsTable): string {
  const lines: string[] = []
  for (const { service, destinations } of table.services) {
    const key = formatKey(service.key)
    lines.push(`-A ${key} ${formatService(service)}`)
    for (const one of destinations) lines.push(`-a ${key} ${formatServer(one)}`)
  }
  const { timeouts, daemons = [] } = table
  if (timeouts !== undefined) {
    lines.push(`--set ${timeouts.tcp ?? 0} ${timeouts.tcpFin ?? 0} ${timeouts.udp ?? 0}`)
  }
  for (const daemon of daemons) lines.push(formatDaemon(daemon))
  return lines.map((line) => `${line}\n`).join('')
}

function formatKey(key: IpvsServiceKey): string {
  if ('fwmark' in key) return `-f ${key.fwmark}${key.family === 6 ? ' -6' : ''}`
  const option = { tcp: '-t', udp: '-u', sctp: '--sctp-service' }[key.protocol]
  return `${option} ${formatEndpoint(canonicalAddress(key.address), key.port)}`
}

/** What ipvsadm calls a flag depends on the scheduler. */
function formatFlag(scheduler: string, flag: IpvsSchedulerFlag): string {
  const hasNames = (scheduler === 'sh' || scheduler === 'mh') && flag !== 'flag-3'
  return hasNames ? `${scheduler}-${flag === 'flag-1' ? 'fallback' : 'port'}` : flag
}

function formatService({
  key,
  scheduler,
  flags = [],
  persistence,
  onePacket,
}: IpvsService): string {
  const { timeout, prefixLength: length, engine } = persistence ?? {}
  const isIpv6 = 'fwmark' in key ? key.family === 6 : familyOf(key.address) === 6
  const mask = length !== undefined && length < (isIpv6 ? 128 : 32)
  return [
    `-s ${scheduler}`,
    ...(timeout === undefined ? [] : [`-p ${timeout}`]),
    ...(mask ? [`-M ${isIpv6 ? length : Array.from(maskBytes(length)).join('.')}`] : []),
    ...(engine === undefined ? [] : [`--pe ${engine}`]),
    ...(onePacket === true ? ['-o'] : []),
    ...(flags.length > 0 ? [`-b ${flags.map((flag) => formatFlag(scheduler, flag))}`] : []),
  ].join(' ')
}

const maskBytes = (length: number): number[] => {
  const mask = maskOf(length)
  return [24, 16, 8, 0].map((shift) => (mask >>> shift) & 255)
}

function formatServer(destination: IpvsDestination): string {
  const { address, port, forward, weight } = destination
  const { upperThreshold = 0, lowerThreshold = 0, tunnel } = destination
  const way = { dr: '-g', tun: '-i', nat: '-m', local: '-g', bypass: '-g' }[forward]
  return [
    `-r ${formatEndpoint(canonicalAddress(address), port)} ${way} -w ${weight}`,
    ...(upperThreshold > 0 ? [`-x ${upperThreshold}`] : []),
    ...(lowerThreshold > 0 ? [`-y ${lowerThreshold}`] : []),
    ...(forward === 'tun' ? [formatTunnel(tunnel ?? { type: 'ipip' })] : []),
  ].join(' ')
}

function formatTunnel({ type, port, checksum = 'none' }: IpvsTunnel): string {
  if (type === 'ipip') return '--tun-type ipip'
  const words = { none: 'nocsum', full: 'csum', remote: 'remcsum' }
  const portWords = type === 'gue' ? ` --tun-port ${port}` : ''
  return `--tun-type ${type}${portWords} --tun-${words[checksum]}`
}

function formatDaemon({ state, device, syncId, ...rest }: IpvsDaemon): string {
  return [
    `--start-daemon ${state} --mcast-interface ${device} --syncid ${syncId}`,
    ...(rest.maximumLength === undefined ? [] : [`--sync-maxlen ${rest.maximumLength}`]),
    ...(rest.group === undefined ? [] : [`--mcast-group ${rest.group}`]),
    ...(rest.port === undefined ? [] : [`--mcast-port ${rest.port}`]),
    ...(rest.ttl === undefined ? [] : [`--mcast-ttl ${rest.ttl}`]),
  ].join(' ')
}

/** Reads all services of a data plane with their destinations, as `ipvsadm -S` does. */
export async function saveIpvs(
  port: Pick<IpvsPort, 'services' | 'destinations'>,
): Promise<IpvsTable> {
  const services: IpvsTableEntry[] = []
  for (const { statistics: _, ...service } of await port.services()) {
    const destinations = (await port.destinations(service.key)).map(
      ({ statistics, activeConnections, inactiveConnections, persistentConnections, ...one }) =>
        one,
    )
    services.push({ service, destinations })
  }
  return { services }
}

/**
 * Adds all services of a table with their destinations, and sets its timeouts, as `ipvsadm -R` does. Rejects at the
 * first that is refused; what was added before stays. Daemons are left to their owner.
 */
export async function restoreIpvs(
  port: Pick<IpvsPort, 'addService' | 'addDestination' | 'setTimeouts'>,
  { services, timeouts }: IpvsTable,
): Promise<void> {
  for (const { service, destinations } of services) {
    await port.addService(service)
    for (const destination of destinations) await port.addDestination(service.key, destination)
  }
  if (timeouts !== undefined) await port.setTimeouts(timeouts)
}
