/** A probe that looks at a file: there, not there, or with something in it. */
import { openToRead, readBeginning } from './beginning.ts'
import { excerpt, parseExpected } from './dialogue.ts'
import { explain, invalid, named, type Probe } from './probe.ts'

export interface FileOptions {
  /** False: healthy while the file is not there, as with a file that says "maintenance"; default true. */
  readonly exists?: boolean
  /** What its beginning must contain, or match; read as UTF-8. */
  readonly expect?: string | RegExp
}

const OCTETS = 65_536

/** @throws OspfError ERR_OSPF_CONFIG when an option cannot be used */
export function file(path: string, options: FileOptions = {}): Probe {
  const { exists = true, expect } = options
  if (typeof path !== 'string' || path === '') throw invalid('path', 'a path', path)
  if (!exists && expect !== undefined) throw invalid('expect', 'a file that must exist', expect)
  const { isExpected, wanted } = parseExpected(expect)
  return named(`file ${path}`, async (signal) => {
    signal.throwIfAborted()
    try {
      const handle = await openToRead(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' && !exists) return undefined
        throw error
      })
      if (handle === undefined) return
      try {
        if (!exists) throw new Error(`${path} is there`)
        if (isExpected === undefined) return
        const text = await readBeginning(handle, OCTETS)
        if (!isExpected(text)) throw new Error(`${path} does not ${wanted}: '${excerpt(text)}'`)
      } finally {
        await handle.close()
      }
    } catch (error) {
      throw explain(error, signal)
    }
  })
}
