/** Opaque LSAs from the application (RFC 5250): what may be originated, and the handle of what is. */
import type { ConfigChange, OpaqueId, OpaqueScope } from './core/io.ts'
import { OspfError, stopped } from './errors.ts'
import { onlyFields, parseArea, parseInteger } from './parse.ts'
import { formatIpv4 } from './wire/address.ts'

/** An opaque LSA to originate: data for whoever knows its type, flooded by OSPF and not looked at by it. */
export interface OpaqueOptions {
  /** How far it travels: the link of an interface, an area, or every area but stub areas and NSSAs (types 9 to 11). */
  readonly scope: 'link' | 'area' | 'as'
  /** Of scope 'link': the device. */
  readonly interface?: string
  /** Of scope 'area'; default: the area of the first interface. */
  readonly area?: string
  /** One that IANA has assigned, or 128 to 255 for private use. */
  readonly opaqueType: number
  /** 0 to 0xffffff, to tell several of a type apart; default 0. */
  readonly opaqueId?: number
  /** A multiple of 4 octets (RFC 5250 A.2), at most `limits.opaqueOctets`. It is copied. */
  readonly data: Uint8Array
}

/** Opaque types that IANA has assigned; the others below 128 are reserved (RFC 5250 9). */
const assigned: ReadonlyMap<number, string> = new Map([
  [1, 'traffic engineering (RFC 3630)'],
  [3, 'grace (RFC 3623)'],
  [4, 'router information (RFC 7770)'],
  [5, 'layer 1 VPN (RFC 5252)'],
  [6, 'inter-AS traffic engineering (RFC 5392)'],
  [7, 'extended prefix (RFC 7684)'],
  [8, 'extended link (RFC 7684)'],
  [9, 'topology-transparent zone (RFC 8099)'],
  [10, 'dynamic flooding (RFC 9667)'],
])
const FIRST_PRIVATE = 128

/** What a speaker knows that decides what may be originated. */
export interface OpaqueContext {
  readonly interfaces: readonly { readonly name: string; readonly area: number }[]
  /** Largest data in octets. */
  readonly limit: number
  /** The speaker has a Router Information LSA of its own. */
  readonly saysHostname: boolean
}

/** An opaque LSA in the core's terms. */
export interface ParsedOpaque extends OpaqueId {
  readonly where: OpaqueScope
  readonly data: Uint8Array
  /** For events and errors; no two LSAs of a router have the same. */
  readonly text: string
}

const fields = [
  'scope',
  'interface',
  'area',
  'opaqueType',
  'opaqueId',
  'data',
] as const satisfies readonly (keyof OpaqueOptions)[]

const refuse = (message: string): OspfError =>
  new OspfError('ERR_OSPF_CONFIG', `opaque LSA: ${message}`)

/** @throws OspfError ERR_OSPF_CONFIG */
export function parseOpaque(options: OpaqueOptions, context: OpaqueContext): ParsedOpaque {
  if (typeof options !== 'object' || options === null) throw refuse('expected an object')
  onlyFields('opaque LSA', options, fields)
  const opaqueType = parseInteger('opaque LSA: opaqueType', options.opaqueType, 0, 0xff)
  const opaqueId = parseInteger('opaque LSA: opaqueId', options.opaqueId ?? 0, 0, 0xffffff)
  if (opaqueType < FIRST_PRIVATE && !assigned.has(opaqueType)) {
    const known = [...assigned].map(([type, name]) => `${type} ${name}`).join(', ')
    const which = `${known}, and from ${FIRST_PRIVATE} on what you like`
    throw refuse(`opaqueType: ${opaqueType} is reserved; there are ${which}`)
  }
  if (context.saysHostname && opaqueType === 4 && opaqueId === 0 && options.scope !== 'link') {
    throw refuse("4/0 is the speaker's own, as it has a hostname; take another opaqueId")
  }
  const where = parseScope(options, context)
  const place =
    where.scope === 'link'
      ? `link ${where.interface}`
      : where.scope === 'area'
        ? `area ${formatIpv4(where.area)}`
        : 'the AS'
  const data = parseData(options.data, context.limit)
  return { where, opaqueType, opaqueId, data, text: `${opaqueType}/${opaqueId} for ${place}` }
}

/** @throws OspfError ERR_OSPF_CONFIG */
export function parseData(data: unknown, limit: number): Uint8Array {
  if (!(data instanceof Uint8Array)) throw refuse('data: expected a Uint8Array')
  if (data.length % 4 !== 0) {
    throw refuse(`data: expected a multiple of 4 octets (RFC 5250 A.2), got ${data.length}`)
  }
  if (data.length > limit) {
    throw refuse(`data: expected at most ${limit} octets (limits.opaqueOctets), got ${data.length}`)
  }
  // a copy of its own, also of a Buffer
  return new Uint8Array(data)
}

function parseScope(options: OpaqueOptions, { interfaces }: OpaqueContext): OpaqueScope {
  const { scope, interface: name, area: text } = options
  if (scope !== 'link' && name !== undefined) throw refuse("interface: is for scope 'link'")
  if (scope !== 'area' && text !== undefined) throw refuse("area: is for scope 'area'")
  switch (scope) {
    case 'link':
      if (!interfaces.some((i) => i.name === name)) {
        const names = interfaces.map((i) => i.name).join(', ')
        throw refuse(`interface: expected one of ${names}, got ${name}`)
      }
      return { scope, interface: name! }
    case 'area': {
      const area = text === undefined ? interfaces[0]!.area : parseArea('opaque LSA: area', text)
      if (!interfaces.some((i) => i.area === area)) {
        throw refuse(`area: no interface is in area ${formatIpv4(area)}`)
      }
      return { scope, area }
    }
    case 'as':
      return { scope }
    default:
      throw refuse(`scope: expected 'link', 'area' or 'as', got ${String(scope)}`)
  }
}

/** An opaque LSA of ours, there until it is withdrawn or the speaker stops. */
export class OriginatedOpaque implements Disposable {
  readonly #update: (data: Uint8Array) => void
  readonly #withdraw: () => void

  /** Made by `OspfSpeaker.originateOpaque`. */
  constructor(update: (data: Uint8Array) => void, withdraw: () => void) {
    this.#update = update
    this.#withdraw = withdraw
  }

  /**
   * Gives it other data; changes in quick succession leave as one (MinLSInterval).
   * @throws OspfError ERR_OSPF_CONFIG; ERR_OSPF_STOPPED when it is withdrawn or the speaker has stopped
   */
  update(data: Uint8Array): void {
    this.#update(data)
  }

  /** Flushes it. Does nothing the second time. */
  withdraw(): void {
    this.#withdraw()
  }

  [Symbol.dispose](): void {
    this.withdraw()
  }
}

/** What the originations need of the speaker. */
export interface OpaqueOwner {
  configure(change: ConfigChange): void
  /** Nothing is originated any more. */
  isStopping(): boolean
}

/** The opaque LSAs of a speaker that are originated now. */
export class OpaqueOriginations {
  readonly #owner: OpaqueOwner
  /** By their names, each with what the core was told first. */
  readonly #all = new Map<string, readonly [OriginatedOpaque, ConfigChange]>()

  constructor(owner: OpaqueOwner) {
    this.#owner = owner
  }

  /** @throws OspfError ERR_OSPF_CONFIG, ERR_OSPF_DUPLICATE, ERR_OSPF_STOPPED */
  originate(options: OpaqueOptions, context: OpaqueContext): OriginatedOpaque {
    const { text, data, ...id } = parseOpaque(options, context)
    const isOver = (): OspfError => stopped(`opaque LSA ${text}`)
    if (this.#owner.isStopping()) throw isOver()
    if (this.#all.has(text)) {
      throw new OspfError('ERR_OSPF_DUPLICATE', `opaque LSA ${text} is originated already`)
    }
    const isCurrent = (): boolean => this.#all.get(text)?.[0] === originated
    const originated = new OriginatedOpaque(
      (next) => {
        if (this.#owner.isStopping() || !isCurrent()) throw isOver()
        this.#owner.configure({ type: 'opaque', ...id, data: parseData(next, context.limit) })
      },
      () => {
        if (!isCurrent()) return
        this.#all.delete(text)
        this.#owner.configure({ type: 'withdraw-opaque', ...id })
      },
    )
    const change: ConfigChange = { type: 'opaque', ...id, data }
    this.#all.set(text, [originated, change])
    this.#owner.configure(change)
    return originated
  }

  /** Each by its name, with what the core was told first. */
  *changes(): Generator<readonly [string, ConfigChange]> {
    for (const [text, [, change]] of this.#all) yield [text, change]
  }
}
