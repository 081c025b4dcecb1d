/** Database Description packets (A.3.3). */
import type { Reader, Writer } from './bytes.ts'
import { octetTable } from './flags.ts'
import { decodeLsaHeaders, encodeLsaHeader, type LsaHeader } from './lsa.ts'

/** The I, M and MS bits. */
export interface DatabaseDescriptionFlags {
  /** I: the first of the sequence. */
  readonly init: boolean
  /** M: more will follow. */
  readonly more: boolean
  /** MS: the sender is the master. */
  readonly master: boolean
  /**
   * The other five bits of the octet, when one is set; 0x08 is R, out-of-band resynchronisation
   * (RFC 4811).
   */
  readonly reserved?: number
}

/** The body of a Database Description packet. */
export interface DatabaseDescriptionBody {
  readonly kind: 'database-description'
  /** Interface MTU in octets; 0 on virtual links. */
  readonly mtu: number
  readonly options: number
  readonly flags: DatabaseDescriptionFlags
  /** DD sequence number, unsigned. */
  readonly sequence: number
  readonly headers: readonly LsaHeader[]
}

const Flag = { ms: 0x01, m: 0x02, i: 0x04 } as const
const RESERVED = 0xf8

const flagsOf = octetTable(([, , , , , i, m, ms], octet): DatabaseDescriptionFlags => {
  const flags = { init: i === 1, more: m === 1, master: ms === 1 }
  const reserved = octet & RESERVED
  return Object.freeze(reserved === 0 ? flags : { ...flags, reserved })
})

/*
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |         Interface MTU         |    Options    |0|0|0|0|0|I|M|MS
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                     DD sequence number                        |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                                                               |
 *   +-                                                             -+
 *   |                                                               |
 *   +-                      An LSA Header                          -+
 *   |                                                               |
 *   +-                                                             -+
 *   |                                                               |
 *   +-                                                             -+
 *   |                                                               |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                              ...                              |
 */
/** Reads the body of a Database Description packet. Throws DecodeError 'truncated'. */
export function decodeDatabaseDescription(r: Reader): DatabaseDescriptionBody {
  return {
    kind: 'database-description',
    mtu: r.u16(),
    options: r.u8(),
    flags: flagsOf[r.u8()]!,
    sequence: r.u32(),
    headers: decodeLsaHeaders(r),
  }
}

/** Writes the body of a Database Description packet. */
export function encodeDatabaseDescription(body: DatabaseDescriptionBody, w: Writer): void {
  const { init, more, master, reserved } = body.flags
  const flags = (init ? Flag.i : 0) | (more ? Flag.m : 0) | (master ? Flag.ms : 0)
  w.u16(body.mtu)
    .u8(body.options)
    .u8(flags | ((reserved ?? 0) & RESERVED))
    .u32(body.sequence)
  for (const header of body.headers) encodeLsaHeader(header, w)
}
