/** A probe that greets a mail server: its greeting, HELO, QUIT. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { hostname } from 'node:os'
import { excerpt } from './dialogue.ts'
import { explain, invalid, named, type Probe } from './probe.ts'
import { formatTarget, parseTarget, type Target } from './target.ts'

export interface SmtpOptions {
  /** Said in HELO; default: the name of this host. */
  readonly helo?: string
  /** Source address to connect from; default: the kernel chooses. */
  readonly localAddress?: string
}

/** Octets of an answer that are read at most. */
const OCTETS = 4096

/**
 * Healthy when the server answers 220 to the connection, 250 to HELO and 221 to QUIT (RFC 5321). Rejects with what it
 * answered instead.
 *
 * @param target `'10.0.2.1:25'`, or host and port apart; the port is 25 by default.
 * @throws OspfError ERR_OSPF_CONFIG when the target or an option cannot be used
 */
export function smtp(target: string | Target, options: SmtpOptions = {}): Probe {
  const { host, port } = parseTarget(target, 25)
  const { helo = hostname(), localAddress } = options
  if (typeof helo !== 'string' || !/^[\x21-\x7e]+$/.test(helo)) {
    throw invalid('helo', 'a host name', helo)
  }
  return named(`smtp ${formatTarget({ host, port })}`, async (signal) => {
    signal.throwIfAborted()
    const socket = connect({ ...(localAddress === undefined ? {} : { localAddress }), host, port })
    socket.on('error', () => {})
    const abort = (): void => void socket.destroy()
    signal.addEventListener('abort', abort, { once: true })
    try {
      await once(socket, 'connect', { signal })
      const answers = repliesOf(socket)
      for (const [say, wanted] of [
        ['', '220'],
        [`HELO ${helo}\r\n`, '250'],
        ['QUIT\r\n', '221'],
      ] as const) {
        if (say !== '') socket.write(say)
        const { value = 'nothing, and closed' } = await answers.next()
        if (!value.startsWith(wanted)) {
          const to = say === '' ? 'the greeting' : `the answer to ${say.slice(0, 4)}`
          throw new Error(`${to} is '${excerpt(value)}', expected ${wanted}`)
        }
      }
    } catch (error) {
      throw explain(error, signal)
    } finally {
      signal.removeEventListener('abort', abort)
      socket.destroy()
    }
  })
}

/** The last line of each reply: lines before it have a hyphen after the code. */
async function* repliesOf(socket: Socket): AsyncGenerator<string, undefined> {
  let text = ''
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    text += chunk.toString('latin1')
    for (;;) {
      const end = text.indexOf('\n')
      if (end < 0) break
      const line = text.slice(0, end).trimEnd()
      text = text.slice(end + 1)
      if (!/^\d{3}-/.test(line)) yield line
    }
    if (text.length > OCTETS) throw new Error('a reply that does not end')
  }
  return undefined
}
