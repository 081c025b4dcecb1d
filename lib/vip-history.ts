/** What happened to a VIP and why: every change with its cause, and the steps that followed, in a bounded ring. */
import type { Evidence } from './gate-verdict.ts'
import type { Clock } from './ports.ts'

/** Who or what had the last word in a change. */
export type Cause =
  | 'gate'
  | 'request'
  | 'override'
  | 'policy'
  | 'fleet'
  | 'lease'
  | 'address'
  | 'data plane'
  | 'stop'

/** The steps of the pipeline that take time, or may fail. */
export type StepName =
  | 'prepare'
  | 'announce'
  | 'stop new'
  | 'connections'
  | 'withdraw'
  | 'hold'
  | 'release'
  | 'remove address'

/** One router's acknowledgement. */
export interface Acknowledgement {
  /** Dotted. */
  readonly routerId: string
  readonly interface: string
  /** Milliseconds from the change to the acknowledgement. */
  readonly after: number
}

/** What became of a word that was sent to the routers. */
export interface Confirmation {
  /** Every router that was adjacent (Full) has acknowledged it: it is known at the first hop. */
  readonly acknowledged: boolean
  readonly by: readonly Acknowledgement[]
  /** Router IDs of those that have not. */
  readonly missing: readonly string[]
  /**
   * Router IDs of the adjacent routers when none of them had anything to acknowledge: what they know has not changed, as
   * when a VIP is withdrawn before the word of its announcement has left.
   */
  readonly unaffected: readonly string[]
  /** The LSAs that carried it, as 'router 10.0.1.133 0x80000005'. */
  readonly lsas: readonly string[]
}

/** How a step ended. */
export interface StepReport {
  readonly step: StepName
  /** 'cut': something else made waiting for it pointless. */
  readonly outcome: 'done' | 'skipped' | 'timeout' | 'failed' | 'cut'
  /** Why it did not end well, or what was done. */
  readonly detail: string
  /** When it ended, in milliseconds on the clock handed in. */
  readonly at: number
  /** Milliseconds. */
  readonly took: number
  /** Of 'announce' and 'withdraw'. */
  readonly confirmation?: Confirmation
}

/** A change of state, or of the reason for it. */
export interface VipChange {
  /** Milliseconds on the clock handed in. */
  readonly at: number
  /** Milliseconds since 1970. */
  readonly wall: number
  readonly was: string
  readonly state: string
  readonly cause: Cause
  readonly reason: string
  /** The runs of a probe that led to it, where a gate told of them. */
  readonly evidence?: Evidence
  /** What followed from it so far. */
  readonly steps: readonly StepReport[]
}

/** What really happened on the way down. */
export interface DownResult {
  /** 'undone': `undrain` came first; 'stopped': the announcement, or the speaker, was stopped before the drain was over. */
  readonly outcome: 'done' | 'undone' | 'stopped'
  /** Every adjacent router has acknowledged the withdrawal. */
  readonly acknowledged: boolean
  readonly by: readonly Acknowledgement[]
  /** Router IDs of those that have not. */
  readonly missing: readonly string[]
  /** As of the confirmation: adjacent routers that had nothing to acknowledge. */
  readonly unaffected: readonly string[]
  /** Connections that were left when the VIP was withdrawn, where they are counted. */
  readonly connections?: number
  /** Milliseconds in all. */
  readonly took: number
  readonly steps: readonly StepReport[]
}

/** Changes that are kept. */
const CHANGES = 100
/** Steps that are kept of each. */
const STEPS = 16

export class History {
  readonly #prefix: string
  readonly #clock: Clock
  readonly #changes: (VipChange & { readonly steps: StepReport[] })[] = []

  constructor(prefix: string, clock: Clock) {
    this.#prefix = prefix
    this.#clock = clock
  }

  change(change: Omit<VipChange, 'steps' | 'wall'>): void {
    const wall = this.#clock.wall()
    this.#changes.push({ ...change, wall, steps: [] })
    if (this.#changes.length > CHANGES) this.#changes.shift()
  }

  /** Belongs to the latest change. */
  step(report: StepReport): void {
    const latest = this.#changes.at(-1)
    if (latest !== undefined && latest.steps.length < STEPS) latest.steps.push(report)
  }

  changes(): readonly VipChange[] {
    return this.#changes.map((change) => ({ ...change, steps: [...change.steps] }))
  }

  stepsSince(at: number): StepReport[] {
    return this.#changes.flatMap(({ steps }) => steps.filter((step) => step.at >= at))
  }

  /** The latest one of a withdrawal. */
  confirmation(): Confirmation | undefined {
    for (const { steps } of this.#changes.toReversed()) {
      const found = steps.findLast(({ step }) => step === 'withdraw')
      if (found !== undefined) return found.confirmation
    }
    return undefined
  }

  lines(): string[] {
    return this.#changes.map((change) => `${this.#prefix} ${formatChange(change)}`)
  }
}

/** One line for a change and all that followed. */
export function formatChange(change: VipChange): string {
  const { wall, was, state, cause, reason, evidence, steps } = change
  const when = new Intl.DateTimeFormat('sv-SE', {
    dateStyle: 'short',
    timeStyle: 'medium',
    timeZone: 'UTC',
  }).format(wall)
  const what = was === state ? state : `${was} -> ${state}`
  const because = evidence ? `${reason}; ${formatEvidence(evidence)}` : reason
  return [`${when} ${what} (${cause}: ${because})`, ...steps.map(formatStep)].join('; ')
}

const formatEvidence = ({ probe, passed, times, needed }: Evidence): string =>
  passed
    ? `${probe} passed ${times} in a row, rise ${needed}`
    : `${probe} failed ${times} in a row, fall ${needed}`

/** A step as a part of a line. */
export function formatStep({ step, outcome, detail, took, confirmation }: StepReport): string {
  const words: string[] = [step]
  if (outcome !== 'done') words.push(` ${outcome}`)
  if (confirmation !== undefined) words.push(` ${formatConfirmation(confirmation)}`)
  if (detail !== '') words.push(`: ${detail}`)
  if (confirmation === undefined && took > 0) words.push(` after ${Math.round(took)} ms`)
  return words.join('')
}

function formatConfirmation({ lsas, by, missing, unaffected }: Confirmation): string {
  const parts = lsas.length > 0 ? [`in ${lsas.join(', ')}`] : []
  const names = by.map((b) => `${b.routerId} on ${b.interface} after ${Math.round(b.after)} ms`)
  if (by.length > 0) parts.push(`acknowledged by ${names.join(', ')}`)
  else if (unaffected.length > 0) parts.push('with nothing new for routers to acknowledge')
  else if (missing.length === 0) parts.push('with no adjacent router to acknowledge')
  if (missing.length > 0) parts.push(`not acknowledged by ${missing.join(', ')}`)
  return parts.join(' ')
}
