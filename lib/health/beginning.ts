/** Files as probes read them: their beginning, and without waiting for anybody. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/**
 * Opens a file to read. A FIFO that nobody writes to would be waited for by a thread of libuv's pool, out of reach of any
 * signal; four of those, and no file, name or certificate of this process is read any more.
 */
export const openToRead = (path: string): Promise<FileHandle> =>
  open(path, constants.O_RDONLY | constants.O_NONBLOCK)

/** Its first octets as UTF-8. What has no beginning, as a FIFO, rejects with ESPIPE. */
export async function readBeginning(handle: FileHandle, octets: number): Promise<string> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(octets), 0, octets, 0)
  return buffer.toString('utf8', 0, bytesRead)
}

/** Both, and closes it. */
export async function beginningOf(path: string, octets: number): Promise<string> {
  const handle = await openToRead(path)
  try {
    return await readBeginning(handle, octets)
  } finally {
    await handle.close()
  }
}
