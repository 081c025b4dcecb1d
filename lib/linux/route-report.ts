/** Tells what happens to routes: what failed for one reason once, however many routes it concerned. */
import type { OspfError } from '../errors.ts'
import type { RouteEvent } from './route-options.ts'

type Failure = Extract<RouteEvent, { type: 'error' }>

export class RouteReport {
  readonly #onEvent: (event: RouteEvent) => void
  readonly #failures = new Map<OspfError, Failure>()
  readonly #now: () => number
  #isForbidden = false
  #last: { readonly error: OspfError; readonly at: number } | undefined

  /** @param now milliseconds, monotonic */
  constructor(onEvent: (event: RouteEvent) => void, now: () => number) {
    this.#onEvent = onEvent
    this.#now = now
  }

  /** We may not write. */
  get isForbidden(): boolean {
    return this.#isForbidden
  }

  /** What went wrong last, and when. */
  get last(): { readonly error: OspfError; readonly at: number } | undefined {
    return this.#last
  }

  emit(event: RouteEvent): void {
    if ('error' in event) this.#last = { error: event.error, at: this.#now() }
    try {
      this.#onEvent(event)
    } catch (error) {
      // Whoever listens does not stop the work.
      queueMicrotask(() => {
        throw error
      })
    }
  }

  /** To be told by `tell`, together with the others of the same error. */
  failed(failure: Omit<Failure, 'type' | 'others'>): void {
    const told = this.#failures.get(failure.error)
    const others = told === undefined ? 0 : told.others + 1
    this.#failures.set(failure.error, { ...(told ?? failure), type: 'error', others })
  }

  tell(): void {
    for (const event of this.#failures.values()) {
      if (event.error.code === 'ERR_OSPF_PERMISSION') this.forbidden(event.error)
      else this.emit(event)
    }
    this.#failures.clear()
  }

  /** We may not write. Told once, until we could. */
  forbidden(error: OspfError): void {
    if (!this.#isForbidden) this.emit({ type: 'forbidden', error })
    this.#isForbidden = true
  }

  /** Something was written. */
  allowed(): void {
    this.#isForbidden = false
  }
}
