/** Where probes go: a host and a port. */
import { invalid } from './probe.ts'

export interface Target {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string
  /** 1 to 65535. */
  readonly port: number
}

/**
 * Reads `'127.0.0.1:8080'`, `'[::1]:8080'`, `'db.internal:5432'`, or host and port apart.
 * @param port where none is given; default: one must be
 * @throws OspfError ERR_OSPF_CONFIG
 */
export function parseTarget(target: string | Target, port?: number): Target {
  const { host, port: given = port } = typeof target === 'string' ? parse(target, port) : target
  if (typeof host !== 'string' || host === '') throw invalid('host', 'a name or an address', host)
  if (given === undefined || !Number.isInteger(given) || given < 1 || given > 65535) {
    throw invalid('port', 'a whole number from 1 to 65535', given)
  }
  return { host, port: given }
}

export const formatTarget = ({ host, port }: Target): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`

function parse(text: string, port: number | undefined): { host: string; port?: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text)
  if (match === null || (match[3] === undefined && port === undefined)) {
    throw invalid('target', "'host:port'", text)
  }
  const host = match[1] ?? match[2] ?? ''
  return match[3] === undefined ? { host } : { host, port: Number(match[3]) }
}
