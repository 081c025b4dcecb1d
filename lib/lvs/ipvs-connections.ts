/** The connection table, as /proc/net/ip_vs_conn shows it: text, in hexadecimal. */
import { addressOfBytes } from './ip-bytes.ts'
import type { IpvsConnection, IpvsEndpoint } from './types.ts'

/** One line; undefined: the heading, or nothing that we know. */
export function parseConnection(line: string): IpvsConnection | undefined {
  const [protocol, ...fields] = line.trim().split(/\s+/)
  const client = endpoint(fields[0], fields[1])
  const virtual = endpoint(fields[2], fields[3])
  const destination = endpoint(fields[4], fields[5])
  const [state, expires, engine, engineData] = fields.slice(6)
  if (protocol === undefined || state === undefined) return undefined
  if (expires === undefined || !/^\d{1,10}$/.test(expires)) return undefined
  if (client === undefined || virtual === undefined || destination === undefined) return undefined
  return {
    protocol: protocol.toLowerCase(),
    client,
    virtual,
    destination,
    state,
    expires: Number(expires),
    ...(engine !== undefined && { engine }),
    ...(engineData !== undefined && { engineData }),
  }
}

function endpoint(address = '', port = ''): IpvsEndpoint | undefined {
  if (!/^[0-9A-Fa-f]{4}$/.test(port)) return undefined
  const is4 = /^[0-9A-Fa-f]{8}$/.test(address)
  // The kernel writes all eight groups in full, in brackets where the families are mixed.
  const digits = is4 ? address : address.replaceAll(/[[\]:]/g, '')
  if (!is4 && !/^[0-9A-Fa-f]{32}$/.test(digits)) return undefined
  const bytes = Uint8Array.from(digits.match(/../g)!, (pair) => Number.parseInt(pair, 16))
  return { address: addressOfBytes(bytes, is4 ? 4 : 6)!, port: Number.parseInt(port, 16) }
}
