/** Events as plain records for logs and hooks: what JSON can hold, under names that stay. */
import { reasonOf } from '../reason.ts'

/** Any event of a speaker or a director. */
export interface AnyEvent {
  readonly type: string
}

/** Strings, numbers, booleans, lists and records of them. */
export type EventRecord = Readonly<Record<string, unknown>>

/** Text of bytes, in octets: more is cut off. */
const OCTETS = 1024
/** Of one list. */
const LISTED = 1000

/**
 * The fields of an event by their own names, `type` as `event`. An error is `{ message, code }`, bytes are hexadecimal,
 * big numbers are text, and what is undefined is left out.
 */
export function eventRecord(event: AnyEvent): EventRecord {
  // `at` is on the speaker's own clock, which nobody outside can read
  const { type, at: _, ...fields } = event as AnyEvent & { readonly at?: number }
  return { event: type, ...(plain(fields) as object) }
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return Buffer.from(value.subarray(0, OCTETS)).toString('hex')
  if (value instanceof Error) {
    const { code } = value as { readonly code?: unknown }
    return { message: reasonOf(value), ...(typeof code === 'string' ? { code } : {}) }
  }
  if (Array.isArray(value)) return value.slice(0, LISTED).map(plain)
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => (one === undefined ? [] : [[name, plain(one)]])),
  )
}
