/** What a director would do to the kernel now, without doing it. */
import { Director, type LvsData, OspfError, openDataPlane, openServiceFile } from '../index.ts'
import { STATE_FOLDER } from './state-folder.ts'

/** A line each, as ipvsadm would be told. */
export async function planLines(lvs: LvsData): Promise<readonly string[]> {
  await using ipvs = await openDataPlane(lvs)
  if (ipvs === undefined) return ['the kernel is left as it is']
  await using store = await openServiceFile(lvs, STATE_FOLDER).catch((error: unknown) => {
    // who runs has no leftovers
    if (error instanceof OspfError && error.code === 'ERR_OSPF_DUPLICATE') return undefined
    throw error
  })
  const { dataPlane: _, stateFile: __, ...options } = lvs
  const { text } = await Director.preview({ ...options, ipvs, ...(store && { store }) })
  return text === '' ? ['nothing to do'] : text.split('\n')
}
