/** Destinations of the route sink by prefix, and those of them whose turn it is. */
import { type Entry, newEntry } from './route-entry.ts'

/** Entries by prefix and length. */
export class EntryTable {
  /** By length, then by prefix as a signed number, which takes no memory of its own as a key. */
  readonly #byLength: (Map<number, Entry> | undefined)[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  get(prefix: number, length: number): Entry | undefined {
    return this.#byLength[length]?.get(prefix | 0)
  }

  /** A new one, where none is. */
  add(prefix: number, length: number): Entry {
    const entry = newEntry(prefix, length)
    const entries = (this.#byLength[length] ??= new Map())
    entries.set(prefix | 0, entry)
    this.#size++
    return entry
  }

  /** Unless another has taken its place. */
  delete(entry: Entry): void {
    if (this.get(entry.prefix, entry.length) !== entry) return
    this.#byLength[entry.length]?.delete(entry.prefix | 0)
    this.#size--
  }

  *values(): Generator<Entry> {
    for (const entries of this.#byLength) if (entries !== undefined) yield* entries.values()
  }
}

/** Entries that may be deleted from a queue before it is looked through. */
const SPARE = 1000

/** Entries whose turn it is. Each is in one queue at most. */
export class EntryQueue {
  #entries: Entry[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  add(entry: Entry): void {
    if (entry.isReady) return
    entry.isReady = true
    this.#size++
    this.#entries.push(entry)
  }

  delete(entry: Entry): void {
    if (!entry.isReady) return
    entry.isReady = false
    this.#size--
    // what comes and goes while the kernel is late does not pile up
    if (this.#entries.length > 2 * this.#size + SPARE) {
      const entries = new Set(this.#entries)
      this.#entries = [...entries].filter(({ isReady }) => isReady)
    }
  }

  /** Empties it: they are under way. */
  take(): Entry[] {
    const entries = this.#entries
    this.#entries = []
    this.#size = 0
    let kept = 0
    for (const entry of entries) {
      // it was deleted; or it was added again after that, and is there twice
      if (!entry.isReady) continue
      entry.isReady = false
      entry.isUnderWay = true
      entries[kept++] = entry
    }
    entries.length = kept
    return entries
  }
}
