/**
 * The kernel's table made to follow what is wanted. What is known of it is kept, so a change is a few calls; it is read
 * again from time to time, and after every failure, and what somebody else has changed is put back. Only services that
 * are or were wanted are ever touched.
 */
import { isDeepStrictEqual } from 'node:util'
import { OspfError, type OspfErrorCode } from '../errors.ts'
import type { Clock } from '../ports.ts'
import type { DirectorEvent } from './director-events.ts'
import type { PlaneStatus } from './director-status.ts'
import { formatDestination, formatServiceKey } from './keys.ts'
import { isHopeless } from './late-plane.ts'
import { Ledger, type ServiceStore } from './ledger.ts'
import {
  type ActualService,
  destinationDifference,
  type PlanStep,
  planService,
  serviceDifference,
  type WantedService,
} from './plan.ts'
import type {
  IpvsDestination,
  IpvsDestinationState,
  IpvsPort,
  IpvsService,
  IpvsServiceState,
  IpvsTimeouts,
} from './types.ts'

export interface TableOptions {
  readonly ipvs: IpvsPort
  readonly clock: Clock
  /** Default: nothing is remembered. */
  readonly store?: ServiceStore | undefined
  readonly retryInterval: () => number
  readonly maximumRetryInterval: () => number
  /** Seconds until the table is read again. */
  readonly interval: () => number
  readonly timeouts: () => Partial<IpvsTimeouts>
  readonly say: (event: DirectorEvent) => void
  /** The table was read: what is wanted may be changed by that, and is applied next. */
  readonly read: (table: Table) => void
  /** Begin although there is no IPVS, or no right to it. */
  readonly waits?: boolean
  /** What is known of the table changed, or a problem came or went. */
  readonly changed: () => void
}

/** What the kernel has, as far as is known: destinations oldest first, by address and port. */
export interface KnownService {
  service: IpvsService & Partial<IpvsServiceState>
  readonly destinations: Map<string, IpvsDestination & Partial<IpvsDestinationState>>
}

/** A step that was refused. */
interface Failure {
  readonly step: PlanStep
  readonly error: Error
}

/** Milliseconds between two passes over changes, at least, and for each destination: thousands do not change one by one. */
const PAUSE_MS = 50
const PAUSE_EACH_MS = 0.1

const codeOf = (error: unknown): OspfErrorCode | '' =>
  error instanceof OspfError ? error.code : ''

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error))

export class Table {
  readonly #options: TableOptions
  readonly #wanted = new Map<string, () => WantedService>()
  /** Services that we added or adopted. */
  readonly #owned = new Set<string>()
  readonly #known = new Map<string, KnownService>()
  readonly #problems = new Map<string, Error>()
  readonly #ledger: Ledger | undefined
  /** The whole table cannot be read or written. */
  #trouble: Error | undefined
  /** When that began or ended, in milliseconds. */
  #troubleSince: number
  #dirty = new Set<string>()
  #mustRead = true
  #wasRead = false
  #failures = 0
  #timer: Disposable | undefined
  /** When the table is read again, in milliseconds. */
  #due = Number.POSITIVE_INFINITY
  #running: Promise<void> | undefined
  /** No pass over changes before, in milliseconds. */
  #quietUntil = 0
  #pause: Disposable | undefined
  #isBusy = false
  #isOver = false
  /** As they were set; those of the kernel's own are nobody's wish. */
  #timeouts: Partial<IpvsTimeouts> = {}
  /** How the store failed last: it is said once. */
  #storeFailure = ''

  constructor(options: TableOptions) {
    this.#options = options
    const { store, clock } = options
    this.#troubleSince = clock.now()
    this.#ledger = store && new Ledger(store, (error) => this.#storeFailed(asError(error)))
  }

  /**
   * Reads the table for the first time and applies what is wanted.
   * @throws OspfError when there is no IPVS, or no right to it, unless it `waits`
   */
  async begin(): Promise<void> {
    await this.sync()
    if (isHopeless(this.#trouble) && this.#options.waits !== true) throw this.#trouble
  }

  /** Whether the table as a whole can be read and written. */
  plane(): PlaneStatus {
    const since = this.#troubleSince
    if (this.#trouble === undefined) {
      return { state: 'ready', code: undefined, reason: undefined, since }
    }
    const { message } = this.#trouble
    return { state: 'unready', code: codeOf(this.#trouble) || undefined, reason: message, since }
  }

  get known(): ReadonlyMap<string, KnownService> {
    return this.#known
  }

  /** Why a service is not as it is wanted. */
  problem(id: string): Error | undefined {
    return this.#trouble ?? this.#problems.get(id)
  }

  /** A pass is on: what is known is on its way to what is wanted. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  get wasRead(): boolean {
    return this.#wasRead
  }

  /** @param wanted is asked when it is this service's turn */
  want(id: string, wanted: () => WantedService): void {
    this.#wanted.set(id, wanted)
    this.#mark(id)
  }

  /** It is removed if it is ours. */
  unwant(id: string): void {
    if (this.#wanted.delete(id)) this.#mark(id)
  }

  /** Reads the table and makes it as wanted, now. */
  sync(): Promise<void> {
    this.#mustRead = true
    return this.#kick()
  }

  /** Resolves once what is wanted has been applied, or has failed. */
  async settled(): Promise<void> {
    while (this.#running !== undefined || this.#pause !== undefined) {
      if (this.#pause !== undefined) void this.#kick()
      await this.#running
    }
  }

  /** What would be done, given this to be wanted; the kernel is read, not written. */
  async preview(wanted: Iterable<WantedService>): Promise<{ steps: PlanStep[]; disorder: number }> {
    const found = new Map<string, KnownService>()
    const all = [...wanted]
    const leftovers = new Set<string>()
    await this.#ledger?.load()
    for (const service of await this.#options.ipvs.services()) {
      const id = formatServiceKey(service.key)
      found.set(id, { service, destinations: new Map() })
      if (!this.#wasRead && (await this.#isLeftover(id, service)) === true) leftovers.add(id)
    }
    const steps: PlanStep[] = []
    let disorder = 0
    const kept = new Set<string>()
    for (const one of all) {
      const id = formatServiceKey(one.service.key)
      kept.add(id)
      const service = found.get(id)?.service
      const destinations =
        service === undefined ? [] : await this.#options.ipvs.destinations(service.key)
      const plan = planService(one, service && { service, destinations })
      steps.push(...plan.steps)
      disorder += plan.disorder
    }
    for (const id of new Set([...this.#owned, ...leftovers])) {
      const service = kept.has(id) ? undefined : found.get(id)?.service
      const why = leftovers.has(id) ? 'left behind by an earlier life' : 'not wanted'
      if (service) steps.push({ do: 'removeService', key: service.key, why })
    }
    return { steps, disorder }
  }

  /** The end: our services are removed, unless they shall stay. */
  async stop(keep: boolean): Promise<void> {
    this.#isOver = true
    this.#timer?.[Symbol.dispose]()
    this.#endPause()
    await this.settled()
    const { ipvs, clock, say } = this.#options
    for (const id of this.#owned) {
      const known = this.#known.get(id)
      if (known === undefined) continue
      const at = clock.now()
      if (keep) {
        say({ type: 'service', service: id, what: 'kept', at })
        continue
      }
      const step = { do: 'removeService', key: known.service.key, why: 'stopped' } as const
      try {
        const isThere = await unless(
          'ERR_OSPF_IPVS_NO_SERVICE',
          ipvs.removeService(known.service.key),
        )
        this.#ledger?.forget(id)
        if (isThere) say({ type: 'service', service: id, what: 'removed', at })
      } catch (error) {
        // the next life knows of it
        say({ type: 'refused', step, error: asError(error), again: 0, at })
      }
    }
    await this.#ledger?.save()
    this.#owned.clear()
  }

  #storeFailed(error: Error): void {
    if (error.message === this.#storeFailure) return
    this.#storeFailure = error.message
    const { clock, say } = this.#options
    say({ type: 'store', error, at: clock.now() })
  }

  #mark(id: string): void {
    this.#dirty.add(id)
    if (this.#running === undefined) this.#soon()
  }

  /** At once, or as long after the last pass as it takes. */
  #soon(): void {
    const { clock } = this.#options
    const wait = this.#quietUntil - clock.now()
    if (this.#isOver || this.#pause !== undefined) return
    if (wait > 0) this.#pause = clock.setTimer(wait, () => void this.#kick())
    else void this.#kick()
  }

  #endPause(): void {
    this.#pause?.[Symbol.dispose]()
    this.#pause = undefined
  }

  #kick(): Promise<void> {
    this.#endPause()
    if (this.#isOver) return Promise.resolve()
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      let count = 0
      for (const { destinations } of this.#known.values()) count += destinations.size
      const pause = Math.max(PAUSE_MS, count * PAUSE_EACH_MS)
      this.#quietUntil = this.#options.clock.now() + pause
      if (this.#dirty.size > 0 && this.#trouble === undefined) this.#soon()
    })
    return this.#running
  }

  async #run(): Promise<void> {
    // what changes in one turn is applied together
    await undefined
    // while all of it is in trouble, nothing is tried before the next attempt is due
    let isFirst = true
    while (
      !this.#isOver &&
      (this.#mustRead || (isFirst && this.#dirty.size > 0 && !this.#trouble))
    ) {
      const isFull = this.#mustRead
      isFirst = false
      this.#isBusy = true
      const failed = await this.#pass(isFull)
      this.#isBusy = false
      if (this.#isOver) return
      if (isFull || failed) {
        const seconds = this.#trouble || this.#problems.size > 0 ? this.#again : undefined
        if (isFull) this.#failures = seconds === undefined ? 0 : this.#failures + 1
        this.#arm(seconds ?? this.#options.interval())
      }
      this.#options.changed()
    }
  }

  #arm(seconds: number): void {
    const { clock } = this.#options
    this.#timer?.[Symbol.dispose]()
    this.#due = clock.now() + seconds * 1000
    this.#timer = clock.setTimer(seconds * 1000, () => void this.sync())
  }

  /** The table may have to be read again sooner than was thought. */
  hasten(): void {
    if (!this.#wasRead || this.#isOver || this.#failures > 0) return
    const { clock, interval } = this.#options
    const seconds = interval()
    if (clock.now() + seconds * 1000 < this.#due) this.#arm(seconds)
  }

  /** Seconds until the next attempt. */
  get #again(): number {
    const { retryInterval, maximumRetryInterval } = this.#options
    return Math.min(maximumRetryInterval(), retryInterval() * 2 ** Math.min(this.#failures, 20))
  }

  /** @returns whether something failed */
  async #pass(isFull: boolean): Promise<boolean> {
    try {
      if (isFull) {
        this.#mustRead = false
        await this.#read()
      }
      const dirty = this.#dirty
      this.#dirty = new Set()
      let failed = false
      if (this.#ledger !== undefined && dirty.size > 1) {
        // written down in one go
        for (const id of dirty) this.#claim(id, this.#wanted.get(id)?.())
        await this.#ledger.save()
      }
      for (const id of dirty) {
        if (!(await this.#apply(id, isFull))) failed = true
      }
      await this.#ledger?.save()
      this.#inTrouble(undefined)
      return failed
    } catch (error) {
      this.#inTrouble(asError(error))
      return true
    }
  }

  /** The whole table cannot be read or written, or can again. */
  #inTrouble(error: Error | undefined): void {
    const { clock, say } = this.#options
    const before = this.#trouble
    this.#trouble = error
    // a module that is loaded anew has its own
    if (isHopeless(error)) this.#timeouts = {}
    if (error !== undefined && before?.message !== error.message) this.#refused(undefined, error)
    const isSame = before && error ? codeOf(before) === codeOf(error) : before === error
    if (isSame) return
    const at = clock.now()
    if (before === undefined || error === undefined) this.#troubleSince = at
    const { state, code, reason } = this.plane()
    say({ type: 'plane', ready: state === 'ready', code, reason, at })
  }

  #refused(step: PlanStep | undefined, error: Error): void {
    const { clock, say } = this.#options
    say({ type: 'refused', step, error, again: this.#again, at: clock.now() })
  }

  async #read(): Promise<void> {
    const { ipvs, clock, say, read, timeouts } = this.#options
    const wanted = timeouts()
    if (!isDeepStrictEqual(wanted, this.#timeouts) && Object.keys(wanted).length > 0) {
      await ipvs.setTimeouts(wanted)
    }
    this.#timeouts = wanted
    await this.#ledger?.load()
    const fresh = new Map<string, KnownService>()
    const leftovers = new Set<string>()
    const services = await ipvs.services()
    for (const service of services) {
      const id = formatServiceKey(service.key)
      if (!this.#wanted.has(id) && !this.#owned.has(id)) {
        if (this.#wasRead) continue
        const isOurs = await this.#isLeftover(id, service)
        if (isOurs === false) this.#disown(id)
        if (isOurs !== true) continue
        leftovers.add(id)
      }
      const destinations = await ipvs.destinations(service.key)
      const named = destinations.map((one) => [formatDestination(one), one] as const)
      fresh.set(id, { service, destinations: new Map(named) })
    }
    const found = this.#drift(fresh)
    this.#known.clear()
    for (const [id, known] of fresh) this.#known.set(id, known)
    if (!this.#wasRead) {
      for (const id of leftovers) this.#owned.add(id)
      for (const id of this.#ledger?.others(this.#known) ?? []) this.#ledger?.forget(id)
    }
    if (found.length > 0) say({ type: 'drift', found, at: clock.now() })
    this.#wasRead = true
    for (const id of [...this.#wanted.keys(), ...this.#owned]) this.#dirty.add(id)
    read(this)
  }

  /**
   * A service that nobody wants was left behind by an earlier life of ours, which was killed or told to keep it.
   * Undefined: there is no word of it; false: somebody else has made it anew.
   */
  async #isLeftover(id: string, service: IpvsService): Promise<boolean | undefined> {
    const { ipvs } = this.#options
    if (ipvs.exclusive === true) return true
    if (this.#wanted.has(id) || this.#ledger?.has(id) !== true) return undefined
    const destinations = await ipvs.destinations(service.key)
    return this.#ledger.isOurs(id, { service, destinations })
  }

  #disown(id: string): void {
    const { clock, say } = this.#options
    this.#ledger?.forget(id)
    say({ type: 'service', service: id, what: 'disowned', at: clock.now() })
  }

  /** What somebody else has done to our services since the last look. */
  #drift(fresh: ReadonlyMap<string, KnownService>): string[] {
    const found: string[] = []
    for (const id of this.#owned) {
      const before = this.#known.get(id)
      const now = fresh.get(id)
      if (before === undefined) continue
      if (now === undefined) {
        found.push(`${id} is gone`)
        continue
      }
      const why = serviceDifference(now.service, before.service)
      if (why !== '') found.push(`${id}: ${why}`)
      for (const [name, one] of before.destinations) {
        const other = now.destinations.get(name)
        const what = other && destinationDifference(other, one)
        if (what === undefined) found.push(`${id}: ${name} is gone`)
        else if (what !== '') found.push(`${id}: ${name}: ${what}`)
      }
      for (const name of now.destinations.keys()) {
        if (!before.destinations.has(name)) found.push(`${id}: ${name} was added`)
      }
    }
    return found
  }

  #claim(id: string, wanted: WantedService | undefined): void {
    if (wanted === undefined) return
    const { service, destinations, candidates = [] } = wanted
    const all = [...destinations, ...candidates]
    this.#ledger?.claim({ service, destinations: all, known: actualOf(this.#known.get(id)) })
  }

  /** @returns whether the service is as wanted now */
  async #apply(id: string, isFull: boolean): Promise<boolean> {
    const wanted = this.#wanted.get(id)?.()
    const known = this.#known.get(id)
    if (wanted === undefined) return this.#remove(id, known, isFull)
    const isFirst = !this.#owned.has(id)
    const actual = actualOf(known)
    const { steps, less } = planService(wanted, actual)
    // less of what is ours need not be written down
    if (
      isFirst ||
      steps.some((step) => step.do !== 'setDestination' && !step.do.startsWith('re'))
    ) {
      this.#claim(id, wanted)
      await this.#ledger?.save()
    }
    // adopted here and now, whatever of it can be changed
    if (known !== undefined) this.#owned.add(id)
    let failed: Failure | undefined
    for (const [i, step] of steps.entries()) {
      // what is there goes on serving while nothing that is wanted does
      if (failed !== undefined && i >= less && !this.#serves(id, wanted)) break
      const error = await this.#attempt(step, isFull)
      if (error === 'look') return false
      if (error === undefined) continue
      failed ??= { step, error }
      if (step.do === 'addService') break
    }
    if (failed !== undefined) return this.#complain(id, failed)
    this.#problems.delete(id)
    this.#owned.add(id)
    if (isFirst && known !== undefined) {
      const { clock, say } = this.#options
      say({ type: 'service', service: id, what: 'adopted', at: clock.now() })
    }
    return true
  }

  /** An earlier life left it, and it was wanted for too short a time to be adopted. */
  #wasOurs(id: string, known: KnownService | undefined): boolean {
    const actual = actualOf(known)
    if (actual === undefined) return false
    return this.#options.ipvs.exclusive === true || this.#ledger?.isOurs(id, actual) === true
  }

  async #remove(id: string, known: KnownService | undefined, isFull: boolean): Promise<boolean> {
    this.#problems.delete(id)
    if (!this.#owned.has(id) && !this.#wasOurs(id, known)) return true
    if (known !== undefined) {
      const step = { do: 'removeService', key: known.service.key, why: 'not wanted' } as const
      const error = await this.#attempt(step, isFull)
      if (error === 'look') return false
      if (error !== undefined) return this.#complain(id, { step, error })
    }
    this.#owned.delete(id)
    this.#ledger?.forget(id)
    const { clock, say } = this.#options
    say({ type: 'service', service: id, what: 'removed', at: clock.now() })
    return true
  }

  /** A destination that is wanted takes clients, or none is to take any. */
  #serves(id: string, { destinations }: WantedService): boolean {
    const known = this.#known.get(id)?.destinations
    const open = destinations.filter(({ weight }) => weight > 0)
    const takes = (one: IpvsDestination): boolean =>
      (known?.get(formatDestination(one))?.weight ?? 0) > 0
    return open.length === 0 || open.some(takes)
  }

  /** @returns why it was refused; 'look': the table is not what we take it to be, and is read first */
  async #attempt(step: PlanStep, isFull: boolean): Promise<Error | 'look' | undefined> {
    try {
      await this.#perform(step)
      return undefined
    } catch (error) {
      if (isHopeless(error)) throw error
      if (!isFull && ['ERR_OSPF_IPVS_NO_SERVICE', 'ERR_OSPF_IPVS_EXISTS'].includes(codeOf(error))) {
        this.#mustRead = true
        return 'look'
      }
      return asError(error)
    }
  }

  /** The first failure of a service is told, once; that of others may follow from it. */
  #complain(id: string, { step, error }: Failure): false {
    const isNews = this.#problems.get(id)?.message !== error.message
    this.#problems.set(id, error)
    if (isNews) this.#refused(step, error)
    return false
  }

  /** 3.6 (6): what is there already need not be added, and what is gone need not be removed. */
  async #perform(step: PlanStep): Promise<void> {
    const { ipvs } = this.#options
    const id = formatServiceKey('service' in step ? step.service.key : step.key)
    switch (step.do) {
      case 'addService':
        await ipvs.addService(step.service)
        // ours from here on, whatever becomes of its destinations
        this.#owned.add(id)
        this.#known.set(id, { service: step.service, destinations: new Map() })
        this.#options.say({
          type: 'service',
          service: id,
          what: 'added',
          at: this.#options.clock.now(),
        })
        return
      case 'setService':
        await ipvs.setService(step.service)
        this.#known.get(id)!.service = step.service
        return
      case 'removeService':
        await unless('ERR_OSPF_IPVS_NO_SERVICE', ipvs.removeService(step.key))
        this.#known.delete(id)
        return
      case 'addDestination': {
        const { key, destination } = step
        const isNew = await unless('ERR_OSPF_IPVS_EXISTS', ipvs.addDestination(key, destination))
        if (!isNew) await ipvs.setDestination(key, destination)
        return this.#note(id, destination)
      }
      case 'setDestination': {
        const { key, destination } = step
        const isThere = await unless(
          'ERR_OSPF_IPVS_NO_DESTINATION',
          ipvs.setDestination(key, destination),
        )
        if (!isThere) await ipvs.addDestination(key, destination)
        return this.#note(id, destination)
      }
      case 'removeDestination':
        await unless(
          'ERR_OSPF_IPVS_NO_DESTINATION',
          ipvs.removeDestination(step.key, step.destination),
        )
        this.#known.get(id)?.destinations.delete(formatDestination(step.destination))
    }
  }

  /** What it is now, with what was counted. */
  #note(id: string, destination: IpvsDestination): void {
    const destinations = this.#known.get(id)?.destinations
    const name = formatDestination(destination)
    const {
      upperThreshold: _,
      lowerThreshold: __,
      tunnel: ___,
      ...rest
    } = destinations?.get(name) ?? {}
    destinations?.set(name, { ...rest, ...destination })
  }
}

const actualOf = (known: KnownService | undefined): ActualService | undefined =>
  known && { service: known.service, destinations: [...known.destinations.values()] }

/** @returns false: it was refused with that code */
async function unless(code: string, call: Promise<void>): Promise<boolean> {
  try {
    await call
    return true
  } catch (error) {
    if (codeOf(error) === code) return false
    throw error
  }
}
