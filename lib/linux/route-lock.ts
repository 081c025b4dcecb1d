/** One owner for the routes of a table and metric: how a process knows that what it finds there is its own. */
import { readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { OspfError } from '../errors.ts'

/** Room in struct sockaddr_un. */
const NAME_LENGTH = 108

/**
 * Takes the lock, in the network namespace of this process; the kernel releases it however the process ends.
 * Rejects with ERR_OSPF_DUPLICATE while somebody else holds it.
 */
export async function lockRoutes(table: number, metric: number): Promise<AsyncDisposable> {
  const name = `ospf-speaker/routes/${namespace()}/${table}/${metric}`
  const server = createServer((socket) => socket.destroy())
  // An abstract socket: no file, and a name of its own in every network namespace. Written out in full length,
  // since Node 20 pads the name and later ones do not.
  const path = `\0${name}`.padEnd(NAME_LENGTH, '\0')
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === 'EADDRINUSE'
          ? new OspfError(
              'ERR_OSPF_DUPLICATE',
              `somebody else in this network namespace owns the routes of table ${table} with metric ${metric} (abstract socket @${name} is taken)`,
              { cause, errno: 'EADDRINUSE' },
            )
          : new OspfError('ERR_OSPF_KERNEL', `lock @${name}: ${cause.message}`, { cause }),
      )
    })
    // Exclusive: a cluster worker would share the primary's.
    server.listen({ path, exclusive: true }, resolve)
  })
  server.unref()
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) }
}

/** The inode of the network namespace. The name is private to it anyway; this is for those who look. */
function namespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0] ?? 'net'
  } catch {
    return 'net'
  }
}
