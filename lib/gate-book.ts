/** Checks as data, made into gates. The same check is one gate, however many VIPs and reloads ask for it. */
import { realClock } from './clock.ts'
import type { CheckData, CheckKind, CheckObject } from './config/file-types.ts'
import { checkKinds } from './config/file-types.ts'
import { type Path, stable } from './config/source.ts'
import { OspfError } from './errors.ts'
import { all, any, atLeast, type CombineOptions, damped, weighted } from './health/combine.ts'
import { command } from './health/command.ts'
import type { DampingOptions } from './health/damping.ts'
import { type DnsOptions, dns } from './health/dns.ts'
import { file } from './health/file.ts'
import type { Gate } from './health/gate.ts'
import { grpc } from './health/grpc.ts'
import { type HealthyOptions, healthy, timingFields } from './health/healthy.ts'
import { http } from './health/http.ts'
import { icmp } from './health/icmp.ts'
import { override } from './health/override.ts'
import { type PanicOptions, panic } from './health/panic.ts'
import type { Probe } from './health/probe.ts'
import { self } from './health/self.ts'
import type { TcpTarget } from './health/tcp.ts'
import { tcp } from './health/tcp.ts'
import { tls } from './health/tls.ts'
import { trackedFile } from './health/tracked-file.ts'
import { udp } from './health/udp.ts'
import type { Clock } from './ports.ts'

/** What is wrong with a check, and where in it. */
export class CheckError extends Error {
  readonly path: Path

  constructor(path: Path, message: string) {
    super(message)
    this.path = path
  }
}

interface Entry {
  readonly gate: Gate
  /** Keeps it watched, so that its verdict outlives its readers. */
  held: AsyncIterator<unknown> | undefined
}

export class GateBook {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()

  constructor(clock: Clock = realClock) {
    this.#clock = clock
  }

  /**
   * The gate of a check, a list of them (all must pass), in which no names are left.
   * @throws CheckError
   */
  gate(check: CheckData | readonly CheckData[], path: Path = []): Gate {
    if (!isList(check)) return this.#one(check, path)
    if (check.length === 1) return this.#one(check[0]!, [...path, 0])
    return this.#one({ all: check }, path)
  }

  /** All that are watched. */
  gates(): readonly Gate[] {
    return Array.from(this.#entries.values(), ({ gate }) => gate)
  }

  /** From now on these and what is in them are watched; what is in none of them is forgotten. */
  keep(checks: readonly (CheckData | readonly CheckData[])[]): void {
    const wanted = new Set<string>()
    const note = (check: CheckData): void => {
      wanted.add(stable(check))
      if (typeof check !== 'string') for (const part of partsOf(check)) note(part.check)
    }
    for (const check of checks) {
      if (!isList(check)) note(check)
      else if (check.length === 1) note(check[0]!)
      else note({ all: check })
    }
    for (const [key, entry] of this.#entries) {
      if (wanted.has(key)) {
        if (entry.held !== undefined) continue
        entry.held = entry.gate[Symbol.asyncIterator]()
        void entry.held.next()
      } else {
        this.#entries.delete(key)
        void entry.held?.return?.()
      }
    }
  }

  [Symbol.dispose](): void {
    this.keep([])
  }

  #one(check: CheckData, path: Path): Gate {
    if (typeof check === 'string') throw new CheckError(path, `there is no check '${check}'`)
    const key = stable(check)
    const known = this.#entries.get(key)
    if (known !== undefined) return known.gate
    const gate = this.#make(check, path)
    this.#entries.set(key, { gate, held: undefined })
    return gate
  }

  #make(check: CheckObject, path: Path): Gate {
    const kind = kindOf(check)
    if (kind === undefined) throw new CheckError(path, `expected one of ${checkKinds.join(', ')}`)
    const clock = this.#clock
    const { damping, name } = check
    const parts = partsOf(check).map(({ check: part, path: within, weight }) => ({
      gate: this.#one(part, [...path, ...within]),
      weight,
    }))
    try {
      const named = name === undefined ? {} : { name }
      let gate: Gate
      if (isCombined(kind)) {
        const combined = combine(kind, check, parts, { ...named, clock })
        gate = damping ? damped(combined, { ...dampingOf(damping), ...named, clock }) : combined
      } else {
        const timing = pick(check, timingFields) as HealthyOptions
        gate = healthy(probes[kind](check), { ...timing, ...named, clock })
      }
      const { overrideFile, overrideInterval, overrideSignals } = check
      if (overrideFile === undefined && overrideSignals === undefined) return gate
      return override(
        {
          clock,
          ...(overrideFile === undefined ? {} : { file: overrideFile }),
          ...(overrideInterval === undefined ? {} : { fileInterval: overrideInterval }),
          ...(overrideSignals === undefined ? {} : { signals: overrideSignals }),
        },
        gate,
      )
    } catch (error) {
      if (!(error instanceof OspfError)) throw error
      throw new CheckError(path, error.message)
    }
  }
}

const isList = (check: CheckData | readonly CheckData[]): check is readonly CheckData[] =>
  Array.isArray(check)

const kindOf = (check: CheckObject): CheckKind | undefined =>
  checkKinds.find((kind) => check[kind] !== undefined)

const combinedKinds = ['all', 'any', 'atLeast', 'weighted'] as const
type CombinedKind = (typeof combinedKinds)[number]
const isCombined = (kind: CheckKind): kind is CombinedKind =>
  combinedKinds.some((one) => one === kind)

const dampingOf = (damping: true | DampingOptions): DampingOptions =>
  damping === true ? {} : damping

interface Part {
  readonly check: CheckData
  readonly path: Path
  readonly weight: number
}

/** The checks that a check is made of. */
export function partsOf(check: CheckObject): readonly Part[] {
  const kind = kindOf(check)
  if (kind === 'weighted') {
    const list = check['weighted'] as readonly { check: CheckData; weight: number }[]
    return list.map(({ check: part, weight }, i) => ({
      check: part,
      path: ['weighted', i, 'check'],
      weight,
    }))
  }
  const field = kind === 'atLeast' ? 'of' : kind
  if (kind !== 'all' && kind !== 'any' && kind !== 'atLeast') return []
  const list = check[field!] as readonly CheckData[]
  return list.map((part, i) => ({ check: part, path: [field!, i], weight: 1 }))
}

/** The same check with its parts changed. */
export function withParts(
  check: CheckObject,
  change: (part: CheckData, path: Path) => CheckData,
): CheckObject {
  const parts = partsOf(check)
  if (parts.length === 0) return check
  const changed = parts.map((part) => change(part.check, part.path))
  const field = String(parts[0]!.path[0])
  return {
    ...check,
    [field]:
      field === 'weighted'
        ? changed.map((part, i) => ({ check: part, weight: parts[i]!.weight }))
        : changed,
  }
}

function combine(
  kind: CombinedKind,
  check: CheckObject,
  parts: readonly { readonly gate: Gate; readonly weight: number }[],
  options: CombineOptions,
): Gate {
  const share = check['panic'] as PanicOptions | undefined
  const sources = parts.map(({ gate }) => gate)
  const { clock } = options
  const gates =
    share === undefined ? sources : panic({ ...share, ...(clock ? { clock } : {}) }, sources)
  const weights = gates.map((gate, i) => [gate, parts[i]!.weight] as const)
  switch (kind) {
    case 'weighted': {
      const { minimum, hysteresis } = check as { minimum?: number; hysteresis?: number }
      return weighted(
        { ...options, minimum: minimum ?? 1, ...(hysteresis === undefined ? {} : { hysteresis }) },
        weights,
      )
    }
    case 'all':
      return all(...gates, options)
    case 'any':
      return any(...gates, options)
    case 'atLeast':
      return atLeast(check['atLeast'] as number, ...gates, options)
  }
}

type Fields = Readonly<Record<string, unknown>>

const pick = (from: Fields, names: readonly string[]): Fields =>
  Object.fromEntries(
    names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]),
  )

/** Text that must be there, or a pattern. */
function wanted(check: CheckObject, to: string, literal: string, pattern: string): Fields {
  const source = check[pattern]
  if (source === undefined) return pick({ [to]: check[literal] }, [to])
  try {
    return { [to]: new RegExp(String(source)) }
  } catch (error) {
    throw new OspfError('ERR_OSPF_CONFIG', `${pattern}: ${(error as Error).message}`)
  }
}

const dialogueFields = ['send', 'maxAnswer', 'localAddress']
export const tlsFields: readonly string[] = [
  'ca',
  'cert',
  'key',
  'passphrase',
  'rejectUnauthorized',
  'servername',
]

const probes: Readonly<Record<Exclude<CheckKind, CombinedKind>, (check: CheckObject) => Probe>> = {
  http: (check) =>
    http(String(check['http']), {
      ...pick(check, ['method', 'status', 'headers', 'host', 'maxBody', 'localAddress', 'tls']),
      ...wanted(check, 'body', 'body', 'bodyMatch'),
    }),
  tcp: (check) =>
    tcp(target(check['tcp']), {
      ...pick(check, dialogueFields),
      ...wanted(check, 'expect', 'expect', 'expectMatch'),
    }),
  tls: (check) =>
    tls(target(check['tls']), {
      ...pick(check, [...dialogueFields, ...tlsFields, 'minimumDays']),
      ...wanted(check, 'expect', 'expect', 'expectMatch'),
    }),
  udp: (check) =>
    udp(target(check['udp']), {
      ...pick(check, ['send', 'reply', 'quiet', 'localAddress']),
      ...wanted(check, 'expect', 'expect', 'expectMatch'),
    }),
  dns: (check) =>
    dns(target(check['dns']), {
      ...(pick(check, ['type', 'rcode', 'answer', 'localAddress']) as DnsOptions),
      ...(check['query'] === undefined ? {} : { name: String(check['query']) }),
    }),
  icmp: (check) => icmp(String(check['icmp']), pick(check, ['size', 'again'])),
  grpc: (check) => grpc(String(check['grpc']), pick(check, ['service', 'authority', 'tls'])),
  command: (check) => {
    const line = check['command']
    const [program, ...args] = (Array.isArray(line) ? line : [line]) as string[]
    return command(program!, args, pick(check, ['exit', 'env', 'cwd', 'uid', 'gid']))
  },
  file: (check) =>
    file(String(check['file']), {
      ...pick(check, ['exists']),
      ...wanted(check, 'expect', 'expect', 'expectMatch'),
    }),
  trackedFile: (check) =>
    trackedFile(String(check['trackedFile']), pick(check, ['weight', 'reverse'])),
  self: (check) => self(check['self'] as object),
}

const target = (value: unknown): string | TcpTarget => value as string | TcpTarget
