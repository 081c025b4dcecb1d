/** What a director would do to the kernel now, without doing it. */
import { Director, Ipvs, type LvsData } from '../index.ts'

/** A line each, as ipvsadm would be told. */
export async function planLines({ dataPlane, ...options }: LvsData): Promise<readonly string[]> {
  if (dataPlane === 'none' || options.checksOnly === true) return ['the kernel is left as it is']
  await using ipvs = await Ipvs.open()
  const { text } = await Director.preview({ ...options, ipvs })
  return text === '' ? ['nothing to do'] : text.split('\n')
}
