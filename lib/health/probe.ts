/** What a probe is, and what the probes of this folder share. */
import { inspect } from 'node:util'
import { OspfError } from '../errors.ts'
import { reasonOf } from '../reason.ts'

/**
 * One health check, run once: resolves when healthy, rejects when not, with a message that says
 * why. Any async function will do. The signal aborts when the run has taken too long or is no
 * longer wanted; a probe then lets go of what it holds and rejects. `name`, if the function has
 * one, tells it from its neighbors where several are watched.
 */
export type Probe = (signal: AbortSignal) => Promise<void>

/** The error for an option that is not what it must be. */
export function invalid(option: string, must: string, got: unknown): OspfError {
  return new OspfError('ERR_OSPF_CONFIG', `${option} must be ${must}, got ${show(got)}`)
}

const show = (value: unknown): string =>
  inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 100 })

/** Gives a probe the name that reports call it by. */
export const named = (name: string, probe: Probe): Probe =>
  Object.defineProperty(probe, 'name', { value: name })

/**
 * What a probe throws for `error`: the reason of the signal, once that has aborted, and never an
 * empty message.
 */
export function explain(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  if (error instanceof Error && error.message !== '') return error
  return new Error(reasonOf(error), { cause: error })
}
