/** A probe that sends a UDP datagram: a port that nobody has is refused, and an answer may be asked for. */
import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { realClock } from '../clock.ts'
import { excerpt, parseExpected } from './dialogue.ts'
import { explain, invalid, named, type Probe } from './probe.ts'
import { formatTarget, parseTarget, type Target } from './target.ts'

export interface UdpOptions {
  /** Default: nothing, an empty datagram. */
  readonly send?: string | Uint8Array
  /** What a datagram of the answer must contain, or match. Without it no answer is asked for, unless `reply` says so. */
  readonly expect?: string | RegExp
  /** Ask for an answer, whatever it is; default false. */
  readonly reply?: boolean
  /** Looks at the octets of the answer and throws what is wrong with them. Without a `reply` asked for, none is needed. */
  readonly judge?: (answer: Uint8Array) => void
  /**
   * Seconds without a refusal that count as healthy where no answer is asked for: the kernel hears of a closed port by
   * an ICMP message, if one comes at all. Default 0.2.
   */
  readonly quiet?: number
  readonly localAddress?: string
}

/**
 * Sends one datagram from a port of its own. Rejects when the port is refused (`ECONNREFUSED`), when the answer is not what
 * it should be, and by the signal when an answer is asked for and does not come.
 *
 * @throws OspfError ERR_OSPF_CONFIG when the target or an option cannot be used
 */
export function udp(target: string | Target, options: UdpOptions = {}): Probe {
  const { host, port } = parseTarget(target)
  const {
    send = '',
    reply = options.expect !== undefined,
    quiet = 0.2,
    localAddress,
    judge,
  } = options
  if (typeof send !== 'string' && !(send instanceof Uint8Array)) {
    throw invalid('send', 'a string or a Uint8Array', send)
  }
  if (!Number.isFinite(quiet) || quiet < 0) throw invalid('quiet', 'seconds from 0', quiet)
  const { isExpected, wanted } = parseExpected(options.expect)
  return named(`udp ${formatTarget({ host, port })}`, async (signal) => {
    signal.throwIfAborted()
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
    let timer: Disposable | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        socket.on('error', reject).on('message', (message) => {
          try {
            judge?.(message)
          } catch (error) {
            return reject(error)
          }
          if (!reply) return judge === undefined ? undefined : resolve()
          const text = message.toString('utf8')
          if (isExpected === undefined || isExpected(text)) resolve()
          else reject(new Error(`the answer does not ${wanted}: '${excerpt(text)}'`))
        })
        const connected = (): void =>
          socket.connect(port, host, (error?: Error) => {
            if (error) return reject(error)
            socket.send(send, (failed) => {
              if (failed) reject(failed)
              else if (!reply) timer = after(quiet, resolve)
            })
          })
        if (localAddress === undefined) connected()
        else socket.bind(0, localAddress, connected)
      })
    } catch (error) {
      throw explain(error, signal)
    } finally {
      timer?.[Symbol.dispose]()
      socket.close()
    }
  })
}

/** Real time: what the kernel of another host needs for its answer has nothing to do with our clock. */
function after(seconds: number, callback: () => void): Disposable {
  return realClock.setTimer(seconds * 1000, callback)
}
