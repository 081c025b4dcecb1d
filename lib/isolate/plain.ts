/** Errors, events and times in a form that crosses from one process to another, and back. */
import { OspfError } from '../errors.ts'
import type { SpeakerEvent } from '../events.ts'
import { reasonOf } from '../reason.ts'
import type { DownResult, StepReport, VipChange } from '../vip-history.ts'
import type { PlainError, PlainEvent, Result } from './messages.ts'

export const plainError = (error: unknown): PlainError =>
  error instanceof OspfError
    ? { code: error.code, errno: error.errno, message: error.message }
    : { code: undefined, errno: undefined, message: reasonOf(error) }

export function errorOf({ code, errno, message }: PlainError): Error {
  if (code === undefined) return new Error(message)
  return new OspfError(code, message, errno === undefined ? {} : { errno })
}

/** How a promise ended. Does not reject. */
export async function resultOf(run: () => unknown): Promise<Result> {
  try {
    return { ok: true, value: await run() }
  } catch (error) {
    return { ok: false, error: plainError(error) }
  }
}

/** @param shift milliseconds from our clock to the other's. */
export function plainEvent(event: SpeakerEvent, shift: number): PlainEvent {
  switch (event.type) {
    case 'error':
      return { ...event, error: plainError(event.error) }
    case 'announcement':
    case 'announcement-step':
      return { ...event, at: event.at + shift }
    default:
      return event
  }
}

export const eventOf = (event: PlainEvent): SpeakerEvent =>
  event.type === 'error' ? { ...event, error: errorOf(event.error) } : event

const shiftSteps = (steps: readonly StepReport[], shift: number): StepReport[] =>
  steps.map((step) => ({ ...step, at: step.at + shift }))

export const shiftHistory = (changes: readonly VipChange[], shift: number): VipChange[] =>
  changes.map((change) => ({
    ...change,
    at: change.at + shift,
    steps: shiftSteps(change.steps, shift),
  }))

export const shiftResult = (result: DownResult, shift: number): DownResult => ({
  ...result,
  steps: shiftSteps(result.steps, shift),
})
