/** Router-LSAs (A.4.2). */
import { type Reader, u32At, type Writer } from './bytes.ts'
import { octetTable } from './flags.ts'

/** A metric for one Type of Service: history, kept so that the bytes come out as they went in. */
export interface RouterLinkTos {
  readonly tos: number
  readonly metric: number
  /** The octet between the two, when it is not 0. */
  readonly reserved?: number
}

/** One link of a router. What `id` and `data` mean depends on the type (12.4.1). */
export interface RouterLink {
  /**
   * 1 point-to-point, 2 transit network, 3 stub network, 4 virtual link; anything else is unknown.
   */
  readonly type: number
  readonly id: number
  readonly data: number
  /** 0 to 65535. */
  readonly metric: number
  readonly tos: readonly RouterLinkTos[]
}

/** The links of a router into an area, and what the router is. */
export interface RouterLsaBody {
  readonly kind: 'router'
  /** V: endpoint of a virtual link through this area. */
  readonly virtualLink: boolean
  /** E: AS boundary router. */
  readonly external: boolean
  /** B: area border router. */
  readonly border: boolean
  /** Nt: translates type 7 LSAs whatever the election says (RFC 3101). */
  readonly nssaTranslator: boolean
  /** W: wild-card multicast receiver (RFC 1584). */
  readonly wildcard: boolean
  /**
   * The octet that these bits are of. Encoding takes only the remaining, unassigned bits from it.
   */
  readonly flags: number
  /** The octet after the flags, when it is not 0. */
  readonly reserved?: number
  readonly links: readonly RouterLink[]
}

const Flag = { b: 0x01, e: 0x02, v: 0x04, w: 0x08, nt: 0x10 } as const
/** Bits of `flagsOfRouter`. */
export const RouterFlag: { readonly [flag in 'b' | 'e' | 'v' | 'w' | 'nt']: number } = Flag
const UNASSIGNED = 0xe0
const LINK_LENGTH = 12
const TOS_LENGTH = 4
const NO_TOS: readonly RouterLinkTos[] = Object.freeze([])

const flagsOf = octetTable(([, , , nt, w, v, e, b]) => ({
  virtualLink: v === 1,
  external: e === 1,
  border: b === 1,
  nssaTranslator: nt === 1,
  wildcard: w === 1,
}))

/*
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |  0  |N|W|V|E|B|        0      |            # links            |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                          Link ID                              |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                         Link Data                             |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |     Type      |     # TOS     |            metric             |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                              ...                              |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |      TOS      |        0      |          TOS  metric          |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                          Link ID                              |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                              ...                              |
 */
/**
 * Reads the body of a router-LSA. Throws DecodeError 'truncated', or 'count' where links or TOS
 * metrics do not fit.
 */
export function decodeRouterLsa(r: Reader): RouterLsaBody {
  const flags = r.u8()
  const reserved = r.u8()
  const count = r.u16()
  r.expect(count, LINK_LENGTH)
  const links: RouterLink[] = []
  for (let i = 0; i < count; i++) links.push(decodeLink(r))
  const { virtualLink, external, border, nssaTranslator, wildcard } = flagsOf[flags]!
  const body: RouterLsaBody = {
    kind: 'router',
    virtualLink,
    external,
    border,
    nssaTranslator,
    wildcard,
    flags,
    links,
  }
  return reserved === 0 ? body : { ...body, reserved }
}

/** Octets of the LSA header. */
const BODY_AT = 20
const COUNT_AT = BODY_AT + 2
const LINKS_AT = BODY_AT + 4

const u16 = (bytes: Uint8Array, at: number): number => bytes[at]! * 0x100 + bytes[at + 1]!

/** The octet of V, E, B and the other bits in the bytes of a whole router-LSA. */
export const flagsOfRouter = (raw: Uint8Array): number => raw[BODY_AT]!

/** Links in the bytes of a whole router-LSA. */
export const linkCount = (raw: Uint8Array): number => u16(raw, COUNT_AT)

/**
 * Whether the bytes of a whole router-LSA are what `decodeRouterLsa` takes: what follows the header is as long as the
 * links say.
 */
export function isRouterLsa(raw: Uint8Array): boolean {
  if (raw.length < LINKS_AT) return false
  let at = LINKS_AT
  for (let left = linkCount(raw); left > 0; left--) {
    if (at + LINK_LENGTH > raw.length) return false
    at += LINK_LENGTH + TOS_LENGTH * raw[at + 9]!
  }
  return at === raw.length
}

/**
 * Walks over the links in the bytes of a whole router-LSA that is known to be good, and makes no objects: of these a
 * calculation would make one for each link of the network.
 */
export class RouterLinks {
  #raw: Uint8Array
  /** Of the link that it is at, and of the next. */
  #at = LINKS_AT
  #next = LINKS_AT
  #left: number

  constructor(raw: Uint8Array) {
    this.#raw = raw
    this.#left = linkCount(raw)
  }

  /** Begins with another one. */
  of(raw: Uint8Array): this {
    this.#raw = raw
    this.#next = LINKS_AT
    this.#left = linkCount(raw)
    return this
  }

  /** Goes on to the next; false: there is none. */
  next(): boolean {
    if (this.#left === 0) return false
    this.#left--
    this.#at = this.#next
    this.#next = this.#at + LINK_LENGTH + TOS_LENGTH * this.#raw[this.#at + 9]!
    return true
  }

  // read when asked for: of most links it is the type alone

  get type(): number {
    return this.#raw[this.#at + 8]!
  }

  get id(): number {
    return u32At(this.#raw, this.#at)
  }

  get data(): number {
    return u32At(this.#raw, this.#at + 4)
  }

  get metric(): number {
    return u16(this.#raw, this.#at + 10)
  }
}

function decodeLink(r: Reader): RouterLink {
  const id = r.u32()
  const data = r.u32()
  const type = r.u8()
  const tosCount = r.u8()
  const metric = r.u16()
  return { type, id, data, metric, tos: tosCount === 0 ? NO_TOS : decodeTos(tosCount, r) }
}

function decodeTos(count: number, r: Reader): RouterLinkTos[] {
  r.expect(count, TOS_LENGTH)
  return Array.from({ length: count }, () => {
    const tos = r.u8()
    const reserved = r.u8()
    const metric = r.u16()
    return reserved === 0 ? { tos, metric } : { tos, metric, reserved }
  })
}

/** Writes the body of a router-LSA. */
export function encodeRouterLsa(body: RouterLsaBody, w: Writer): void {
  const flags =
    (body.flags & UNASSIGNED) |
    (body.border ? Flag.b : 0) |
    (body.external ? Flag.e : 0) |
    (body.virtualLink ? Flag.v : 0) |
    (body.wildcard ? Flag.w : 0) |
    (body.nssaTranslator ? Flag.nt : 0)
  w.u8(flags)
    .u8(body.reserved ?? 0)
    .u16(body.links.length)
  for (const link of body.links) {
    w.u32(link.id).u32(link.data).u8(link.type).u8(link.tos.length).u16(link.metric)
    for (const t of link.tos)
      w.u8(t.tos)
        .u8(t.reserved ?? 0)
        .u16(t.metric)
  }
}
