/**
 * What of the library's code has run, from V8's own block counters, read through `node:inspector`. The counters start at
 * zero with each reading. Only code that is compiled after `new Coverage()` is counted by block: import it afterwards.
 */
import { Session } from 'node:inspector'

interface Range {
  readonly startOffset: number
  readonly endOffset: number
  readonly count: number
}

interface ScriptCoverage {
  readonly url: string
  readonly functions: readonly { readonly ranges: readonly Range[] }[]
}

/** A piece of a file that ran. */
export interface Piece {
  readonly file: string
  readonly from: number
  readonly to: number
}

export class Coverage {
  readonly #session = new Session()
  readonly #counts: (url: string) => boolean

  /** @param counts which files count, by their URLs */
  constructor(counts: (url: string) => boolean) {
    this.#counts = counts
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** What ran since the last time. */
  take(): Piece[] {
    let scripts: readonly ScriptCoverage[] = []
    this.#session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error) throw error
      scripts = taken.result
    })
    return scripts
      .filter(({ url }) => this.#counts(url))
      .flatMap(({ url, functions }) => functions.flatMap(({ ranges }) => leaves(url, ranges)))
  }

  stop(): void {
    this.#session.disconnect()
  }
}

/** The ranges of a function lie in each other, the outer first: what ran is each without the inner ones. */
function leaves(file: string, ranges: readonly Range[]): Piece[] {
  const pieces: Piece[] = []
  const open: Range[] = []
  let at = 0
  const close = (until: number): void => {
    while (open.length > 0) {
      const inner = open.at(-1)!
      const to = Math.min(inner.endOffset, until)
      if (to > at && inner.count > 0) pieces.push({ file, from: at, to })
      at = Math.max(at, to)
      if (inner.endOffset > until) return
      open.pop()
    }
  }
  for (const range of ranges) {
    close(range.startOffset)
    at = range.startOffset
    open.push(range)
  }
  close(Number.POSITIVE_INFINITY)
  return pieces
}

/** The code that has run so far, by character. */
export class Covered {
  readonly #files = new Map<string, Uint8Array>()
  /** Characters of code that have run. */
  size = 0

  /** Adds what is new. @returns how many characters were */
  add(pieces: readonly Piece[]): number {
    const before = this.size
    for (const { file, from, to } of pieces) {
      let map = this.#files.get(file)
      if (map === undefined || map.length < to) {
        const longer = new Uint8Array(Math.max(to, 4096, (map?.length ?? 0) * 2))
        longer.set(map ?? [])
        map = longer
        this.#files.set(file, map)
      }
      for (let i = from; i < to; i++) {
        if (map[i] === 0) {
          map[i] = 1
          this.size++
        }
      }
    }
    return this.size - before
  }

  /** The pieces of these that have not run, as far as they begin in such. */
  news(pieces: readonly Piece[]): Piece[] {
    return pieces.flatMap(({ file, from, to }) => {
      const map = this.#files.get(file)
      for (let i = from; i < to; i++) {
        if (!map?.[i]) return [{ file, from: i, to }]
      }
      return []
    })
  }

  has({ file, from }: Piece): boolean {
    return this.#files.get(file)?.[from] === 1
  }
}
