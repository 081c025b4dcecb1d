/** The boot count under the 64-bit sequence numbers of AuType 3, which must never go back (RFC 7474 2). */
import { OspfError } from './errors.ts'

/**
 * Where the boot count is kept over restarts: a file, a row of a database.
 * @example
 * ```ts
 * const store: SequenceStore = {
 *   load: async () => Number(await readFile(path, 'utf8').catch(() => '0')),
 *   save: (count) => writeFile(path, `${count}`),
 * }
 * ```
 */
export interface SequenceStore {
  /** The count that was saved last; undefined: none was. */
  load(): Promise<number | undefined> | number | undefined
  /** Must have the count safe when it resolves: no packet leaves before. */
  save(bootCount: number): Promise<void> | void
}

const LARGEST = 0xffffffff

/**
 * The boot count of this start, saved already: one more than the last one, and no less than the seconds of the wall
 * clock, so that a store that was lost (or is not there) does no harm while the clock is right.
 * @param wall milliseconds since 1970.
 * @throws OspfError ERR_OSPF_CONFIG when what was loaded is no count, or the last that there is; what the store throws.
 */
export async function nextBootCount(
  store: SequenceStore | undefined,
  wall: number,
): Promise<number> {
  const stored = (await store?.load()) ?? 0
  if (!Number.isInteger(stored) || stored < 0 || stored >= LARGEST) {
    throw new OspfError(
      'ERR_OSPF_CONFIG',
      `sequenceStore: expected a boot count below ${LARGEST}, got ${String(stored)}`,
    )
  }
  const seconds = Math.min(Math.max(0, Math.floor(wall / 1000)), LARGEST - 1)
  const bootCount = Math.max(stored + 1, seconds)
  await store?.save(bootCount)
  return bootCount
}

/** The next start must go on from there, or its packets are replays (RFC 7474 2). What fails is told. */
export async function keepBootCount(
  store: SequenceStore | undefined,
  bootCount: number,
  failures: { add(where: string, cause: unknown): void },
): Promise<void> {
  try {
    await store?.save(bootCount)
  } catch (error) {
    failures.add('sequence store', error)
  }
}
