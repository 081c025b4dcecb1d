/** A probe that is healthy when a TCP connection can be made. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { explain, invalid, named, type Probe } from './probe.ts'

/** Where a TCP probe connects to. */
export interface TcpTarget {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string
  /** 1 to 65535. */
  readonly port: number
}

export interface TcpOptions {
  /** Source address to connect from; default: the kernel chooses. */
  readonly localAddress?: string
}

/**
 * Connects and closes, and sends nothing. Rejects with the kernel's words: `connect ECONNREFUSED
 * 127.0.0.1:8080`.
 *
 * @param target `'127.0.0.1:8080'`, `'[::1]:8080'`, `'db.internal:5432'`, or host and port apart.
 * @throws OspfError ERR_OSPF_CONFIG when the target has no host or no port
 */
export function tcp(target: string | TcpTarget, options: TcpOptions = {}): Probe {
  const { host, port } = typeof target === 'string' ? parse(target) : target
  if (typeof host !== 'string' || host === '') throw invalid('host', 'a name or an address', host)
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw invalid('port', 'a whole number from 1 to 65535', port)
  }
  return named(`tcp ${host.includes(':') ? `[${host}]` : host}:${port}`, async (signal) => {
    signal.throwIfAborted()
    const socket = connect({ ...options, host, port })
    // Whatever comes after the verdict is nobody's business.
    socket.on('error', () => {})
    try {
      await once(socket, 'connect', { signal })
    } catch (error) {
      throw explain(error, signal)
    } finally {
      socket.destroy()
    }
  })
}

function parse(text: string): TcpTarget {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text)
  if (match === null) throw invalid('target', "'host:port'", text)
  return { host: match[1] ?? match[2] ?? '', port: Number(match[3]) }
}
