/**
 * Lists of IPVS, read until they can be believed. The kernel keeps its place in a dump by counting: when somebody
 * removes an entry meanwhile, the one that begins the next datagram is left out, and nothing says so (no
 * NLM_F_DUMP_INTR).
 */

/** Octets of a dump that surely came at once, under the kernel's lock: a page, less what the kernel needs itself. */
const DATAGRAM = 3500
/** Times that a longer one is read at most. */
const ATTEMPTS = 5

export interface Reading<T> {
  readonly values: readonly T[]
  /** Octets of the whole dump. */
  readonly size: number
}

/**
 * Reads what does not fit into one datagram until the same names come twice in a row; where that does not happen,
 * everything that was seen is told, each as it was last. A name never comes twice. Two readings that follow each other
 * should be cut into datagrams at different places, or both may leave out the same; `attempt` counts from 0.
 */
export async function steadyList<T>(
  read: (attempt: number) => Promise<Reading<T>>,
  name: (value: T) => string,
): Promise<T[]> {
  const seen = new Map<string, T>()
  let before: ReadonlyMap<string, T> | undefined
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { values, size } = await read(attempt)
    const now = new Map(values.map((value) => [name(value), value]))
    if (size <= DATAGRAM || (before !== undefined && sameNames(before, now))) {
      return [...now.values()]
    }
    for (const [key, value] of now) seen.set(key, value)
    before = now
  }
  return [...seen.values()]
}

const sameNames = (a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean =>
  a.size === b.size && [...a.keys()].every((name) => b.has(name))
