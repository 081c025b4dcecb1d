/** What a director would do to the kernel now, without doing it. */
import { Director, type LvsData, openDataPlane } from '../index.ts'

/** A line each, as ipvsadm would be told. */
export async function planLines(lvs: LvsData): Promise<readonly string[]> {
  await using ipvs = await openDataPlane(lvs)
  if (ipvs === undefined) return ['the kernel is left as it is']
  const { dataPlane: _, ...options } = lvs
  const { text } = await Director.preview({ ...options, ipvs })
  return text === '' ? ['nothing to do'] : text.split('\n')
}
