/** Locks of a network namespace: one owner for a set of routes, one speaker on a device. */
import { createHash } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { OspfError } from '../errors.ts'

/** Room in struct sockaddr_un. */
const NAME_LENGTH = 108

/**
 * Takes the lock on the routes of a table and metric: how a process knows that what it finds there is its own.
 * Rejects with ERR_OSPF_DUPLICATE while somebody else holds it.
 */
export function lockRoutes(table: number, metric: number): Promise<AsyncDisposable> {
  return lock(
    `routes/${namespace()}/${table}/${metric}`,
    `somebody else in this network namespace owns the routes of table ${table} with metric ${metric}`,
  )
}

/** Takes the lock on the static routes of this library. Rejects with ERR_OSPF_DUPLICATE while another process has it. */
export function lockStaticRoutes(): Promise<AsyncDisposable> {
  return lock(
    `static/${namespace()}`,
    'another process in this network namespace installs static routes as this one does',
  )
}

/** Takes the lock on a range of next hop ids. Rejects with ERR_OSPF_DUPLICATE while somebody else holds it. */
export function lockNextHops(firstId: number): Promise<AsyncDisposable> {
  return lock(
    `nexthops/${namespace()}/${firstId}`,
    `somebody else in this network namespace owns the next hop ids from ${firstId}: choose others (nextHopIds)`,
  )
}

/** Takes the lock on OSPF over an interface ('eth0', 'eth0:10.0.2.1'). Rejects with ERR_OSPF_DUPLICATE while another speaker holds it. */
export function lockInterface(name: string): Promise<AsyncDisposable> {
  return lock(
    `interface/${namespace()}/${name}`,
    `another speaker in this network namespace runs on ${name}`,
  )
}

/** Takes the lock on an address of ours. Rejects with ERR_OSPF_DUPLICATE while another speaker holds it. */
export function lockAddress(device: string, prefix: string): Promise<AsyncDisposable> {
  return lock(
    `address/${namespace()}/${device}/${prefix}`,
    `another speaker in this network namespace has ${prefix} on ${device}`,
  )
}

/** Takes the lock on tables of nftables by name. Rejects with ERR_OSPF_DUPLICATE while another data plane holds it. */
export function lockTable(name: string): Promise<AsyncDisposable> {
  return lock(
    `nftables/${namespace()}/${name}`,
    `another data plane in this network namespace has the tables ${name} of nftables: choose another name (table)`,
  )
}

/** Takes the lock on the file that remembers services. Rejects with ERR_OSPF_DUPLICATE while another director has it. */
export function lockServices(path: string): Promise<AsyncDisposable> {
  // paths are longer than names may be
  const short = createHash('sha256').update(path).digest('hex').slice(0, 16)
  return lock(
    `services/${namespace()}/${short}`,
    `another director in this network namespace has ${path}: choose another file (stateFile)`,
  )
}

/** Takes the lock on setting up this host as a real server. Rejects with ERR_OSPF_DUPLICATE while another process is at it. */
export function lockRealServer(): Promise<AsyncDisposable> {
  return lock(
    `real-server/${namespace()}`,
    'another process is setting up a real server in this network namespace',
  )
}

/** Holds an abstract socket: no file, and the kernel releases it however the process ends. */
async function lock(key: string, refusal: string): Promise<AsyncDisposable> {
  const name = `ospf-speaker/${key}`
  const server = createServer((socket) => socket.destroy())
  // Written out in full length, since Node 20 pads the name and later ones do not.
  const path = `\0${name}`.padEnd(NAME_LENGTH, '\0')
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === 'EADDRINUSE'
          ? new OspfError('ERR_OSPF_DUPLICATE', `${refusal} (abstract socket @${name} is taken)`, {
              cause,
              errno: 'EADDRINUSE',
            })
          : new OspfError('ERR_OSPF_KERNEL', `lock @${name}: ${cause.message}`, { cause }),
      )
    })
    // Exclusive: a cluster worker would share the primary's.
    server.listen({ path, exclusive: true }, resolve)
  })
  server.unref()
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) }
}

/** The inode of the network namespace. The name of a lock is private to it anyway; this is for those who look. */
export function namespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0] ?? 'net'
  } catch {
    return 'net'
  }
}
