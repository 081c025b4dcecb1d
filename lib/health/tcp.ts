/** A probe that is healthy when a TCP connection can be made and, if asked for, the server says what it should. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { converse, type Dialogue, parseDialogue } from './dialogue.ts'
import { explain, named, type Probe } from './probe.ts'
import { formatTarget, parseTarget, type Target } from './target.ts'

/** Where a TCP probe connects to. */
export type TcpTarget = Target

export interface TcpOptions extends Dialogue {
  /** Source address to connect from; default: the kernel chooses. */
  readonly localAddress?: string
}

/**
 * Connects, sends and expects what it is told to, and closes. Rejects with the kernel's words: `connect ECONNREFUSED
 * 127.0.0.1:8080`, or with what was answered instead.
 *
 * @param target `'127.0.0.1:8080'`, `'[::1]:8080'`, `'db.internal:5432'`, or host and port apart.
 * @throws OspfError ERR_OSPF_CONFIG when the target has no host or no port
 */
export function tcp(target: string | TcpTarget, options: TcpOptions = {}): Probe {
  const { host, port } = parseTarget(target)
  const { localAddress } = options
  const dialogue = parseDialogue(options)
  return named(`tcp ${formatTarget({ host, port })}`, async (signal) => {
    signal.throwIfAborted()
    const socket = connect({ ...(localAddress === undefined ? {} : { localAddress }), host, port })
    // Whatever comes after the verdict is nobody's business.
    socket.on('error', () => {})
    try {
      await once(socket, 'connect', { signal })
      await converse(socket, dialogue, signal)
    } catch (error) {
      throw explain(error, signal)
    } finally {
      socket.destroy()
    }
  })
}
