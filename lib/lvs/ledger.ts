/**
 * What is ours in the kernel's table, remembered over a crash. IPVS does not say who made a service, so a life of the
 * director that was killed leaves services behind that the next one would take for somebody else's, for ever. They are
 * written down before they enter the kernel. What is found there later is taken for a leftover of ours only if it is
 * still as it was written down: the same kind of service, with no destination that we did not give it.
 */
import { formatDestination, formatServiceKey } from './keys.ts'
import { type ActualService, serviceDifference } from './plan.ts'
import type { IpvsDestination, IpvsService } from './types.ts'

/** A service that is ours, or about to be. */
export interface OwnedService {
  /** How it is, and how it was before the last change, which may not have come to the kernel. */
  readonly shapes: readonly IpvsService[]
  /** All destinations that it may have: '10.0.2.1:80'. */
  readonly destinations: readonly string[]
}

/**
 * Keeps what a director owns over a crash: a `ServiceFile`, or what you make of it. One director has it at a time. What
 * was saved before the host started anew, or in another network namespace, must not be loaded.
 */
export interface ServiceStore {
  /** What was saved last; undefined: nothing was. */
  load(): Promise<readonly OwnedService[] | undefined> | readonly OwnedService[] | undefined
  /** Must have it safe when it resolves: the kernel is changed only then. */
  save(owned: readonly OwnedService[]): Promise<void> | void
}

interface Entry {
  shapes: readonly IpvsService[]
  destinations: ReadonlySet<string>
}

/** A service as it is to be, with every destination that it may come to have. */
export interface Claim {
  readonly service: IpvsService
  readonly destinations: readonly Pick<IpvsDestination, 'address' | 'port'>[]
  /** What the kernel has of it. */
  readonly known: ActualService | undefined
}

export class Ledger {
  readonly #store: ServiceStore
  readonly #failed: (error: unknown) => void
  readonly #entries = new Map<string, Entry>()
  /** The store does not have it as it is here. */
  #isUnsaved = false
  #isLoaded = false

  /** @param failed the store cannot be read or written: the kernel is changed all the same */
  constructor(store: ServiceStore, failed: (error: unknown) => void) {
    this.#store = store
    this.#failed = failed
  }

  /** What an earlier life has left word of; once. */
  async load(): Promise<void> {
    if (this.#isLoaded) return
    try {
      for (const { shapes, destinations } of (await this.#store.load()) ?? []) {
        const [first] = shapes
        if (first === undefined) continue
        const entry = { shapes, destinations: new Set(destinations) }
        this.#entries.set(formatServiceKey(first.key), entry)
      }
    } catch (error) {
      this.#failed(error)
    }
    this.#isLoaded = true
  }

  /** There is word of a service of that name. */
  has(id: string): boolean {
    return this.#entries.has(id)
  }

  /** What is there may be what we left there. */
  isOurs(id: string, { service, destinations }: ActualService): boolean {
    const entry = this.#entries.get(id)
    return (
      entry?.shapes.some((shape) => serviceDifference(shape, service) === '') === true &&
      destinations.every((one) => entry.destinations.has(formatDestination(one)))
    )
  }

  /** Notes what is about to be made or changed. */
  claim({ service, destinations, known }: Claim): void {
    const id = formatServiceKey(service.key)
    const names = [...destinations, ...(known?.destinations ?? [])].map(formatDestination)
    const before = this.#entries.get(id)
    const [newest] = before?.shapes ?? []
    const isSame = newest !== undefined && serviceDifference(newest, service) === ''
    const set = new Set(names)
    if (isSame && before?.destinations.size === set.size) {
      if (names.every((name) => before.destinations.has(name))) return
    }
    const was = known?.service ?? newest
    const isOther = was !== undefined && serviceDifference(was, service) !== ''
    const shapes = [service, ...(isOther ? [was] : [])].map(plain)
    this.#entries.set(id, { shapes, destinations: set })
    this.#isUnsaved = true
  }

  /** It is not in the kernel, or somebody else's. */
  forget(id: string): void {
    if (this.#entries.delete(id)) this.#isUnsaved = true
  }

  /** All services that there is word of, but those. */
  others(ids: { has(id: string): boolean }): string[] {
    return [...this.#entries.keys()].filter((id) => !ids.has(id))
  }

  async save(): Promise<void> {
    if (!this.#isUnsaved) return
    const owned = [...this.#entries.values()].map(({ shapes, destinations }) => ({
      shapes,
      destinations: [...destinations],
    }))
    this.#isUnsaved = false
    try {
      await this.#store.save(owned)
    } catch (error) {
      this.#isUnsaved = true
      this.#failed(error)
    }
  }
}

/** Without what the kernel counts. */
function plain(service: IpvsService): IpvsService {
  const { key, scheduler, flags, persistence, onePacket } = service
  return {
    key,
    scheduler,
    ...(flags === undefined ? {} : { flags }),
    ...(persistence === undefined ? {} : { persistence }),
    ...(onePacket === undefined ? {} : { onePacket }),
  }
}
