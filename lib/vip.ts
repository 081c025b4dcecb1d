/** A VIP as the application asks for it: how it is advertised, and what gates it. */
import type { GateVerdict } from './announcement.ts'
import type { ConfigChange, InterfaceConfig } from './core/io.ts'
import { healthy } from './health/healthy.ts'
import type { Probe } from './health/probe.ts'
import { type ExternalOptions, parseExternal } from './options.ts'
import { fail, onlyFields, parseArea, parseInteger } from './parse.ts'
import type { Clock } from './ports.ts'
import { formatIpv4, formatPrefix } from './wire/address.ts'

export interface AnnounceOptions {
  /**
   * The gate: the VIP is announced while it is open. A probe or several (which must all pass, with the default
   * timing), what `healthy()` makes of them, or any async iterable of booleans. Without a gate the VIP is announced
   * at once and for good.
   */
  readonly when?: AsyncIterable<GateVerdict> | Probe | readonly Probe[]
  /** A stub link of our router-LSA (12.4.1), or an AS external of its own (12.4.4); default 'stub'. */
  readonly as?: 'stub' | 'external'
  /** Cost of the stub link, 0 to 65535; default 0. */
  readonly cost?: number
  /** Area ID of the stub link; default: the area of the first interface. */
  readonly area?: string
  /** Of an external: default 2. */
  readonly type?: 1 | 2
  /** Of an external: default 20. */
  readonly metric?: number
  /** Of an external: default 0. */
  readonly tag?: number
  /** Put the VIP on this device ('lo') while the announcement lives; default: it is the application's business. */
  readonly device?: string
}

const fields = [
  'when',
  'as',
  'cost',
  'area',
  'type',
  'metric',
  'tag',
  'device',
] as const satisfies readonly (keyof AnnounceOptions)[]

const ofStubs = ['cost', 'area'] as const
const ofExternals = ['type', 'metric', 'tag'] as const

/**
 * What the core is told when the VIP comes, and when it goes.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function waysToAnnounce(
  destination: { readonly prefix: number; readonly length: number },
  options: AnnounceOptions,
  interfaces: readonly InterfaceConfig[],
): { announce: ConfigChange; withdraw: ConfigChange } {
  const where = `VIP ${formatPrefix(destination.prefix, destination.length)}`
  onlyFields(where, options, fields)
  const { as = 'stub' } = options
  if (as !== 'stub' && as !== 'external') throw fail(`${where}: as`, "'stub' or 'external'", as)
  for (const field of as === 'stub' ? ofExternals : ofStubs) {
    if (options[field] === undefined) continue
    throw fail(`${where}: ${field}`, `as: '${as === 'stub' ? 'external' : 'stub'}' with it`, as)
  }
  if (as === 'external') {
    const how: Record<string, unknown> = {}
    for (const field of ofExternals) {
      if (options[field] !== undefined) how[field] = options[field]
    }
    const external = parseExternal(where, destination, how as ExternalOptions)
    return {
      announce: { type: 'external', external },
      withdraw: { type: 'withdraw-external', ...destination },
    }
  }
  const area =
    options.area === undefined ? interfaces[0]!.area : parseArea(`${where}: area`, options.area)
  if (!interfaces.some((i) => i.area === area)) {
    throw fail(`${where}: area`, 'an area with an interface', formatIpv4(area))
  }
  const cost = parseInteger(`${where}: cost`, options.cost ?? 0, 0, 0xffff)
  return {
    announce: { type: 'announce', stub: { area, ...destination, cost } },
    withdraw: { type: 'withdraw', area, ...destination },
  }
}

/** What `when` may be, as verdicts. */
export function asGate(
  when: AnnounceOptions['when'],
  clock: Clock,
): AsyncIterable<GateVerdict> | undefined {
  if (when === undefined) return undefined
  if (typeof when === 'function' || Array.isArray(when)) return healthy(when, { clock })
  return when as AsyncIterable<GateVerdict>
}
