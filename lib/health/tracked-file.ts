/** A probe that reads a number from a file, as keepalived's track_file: 0, or no file, says that all is well. */
import { beginningOf } from './beginning.ts'
import { explain, invalid, named, type Probe } from './probe.ts'

export interface TrackedFileOptions {
  /** 0, the default: any number but 0 fails. Else the number times this fails when it is below 0. */
  readonly weight?: number
  /** The number times the weight is taken away in place of being added; default false. */
  readonly reverse?: boolean
}

/** Octets of it that are looked at. */
const OCTETS = 1024

/** @throws OspfError ERR_OSPF_CONFIG when an option cannot be used */
export function trackedFile(path: string, options: TrackedFileOptions = {}): Probe {
  const { weight = 0, reverse = false } = options
  if (typeof path !== 'string' || path === '') throw invalid('path', 'a path', path)
  if (!Number.isInteger(weight)) throw invalid('weight', 'a whole number', weight)
  const factor = reverse ? -weight : weight
  return named(`file ${path}`, async (signal) => {
    signal.throwIfAborted()
    let text: string
    try {
      text = await beginningOf(path, OCTETS)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      throw explain(error, signal)
    }
    const value = Number(/^\s*([+-]?\d{1,10})/.exec(text)?.[1] ?? 0)
    if (weight === 0 ? value !== 0 : value * factor < 0) throw new Error(`${path} says ${value}`)
  })
}
