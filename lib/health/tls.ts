/** A probe that makes a TLS connection: the certificate must be good, and good for a while. */
import { once } from 'node:events'
import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { realClock } from '../clock.ts'
import type { Clock } from '../ports.ts'
import { tls as secure } from '../secure.ts'
import { converse, type Dialogue, parseDialogue } from './dialogue.ts'
import { explain, invalid, named, type Probe } from './probe.ts'
import { formatTarget, parseTarget, type Target } from './target.ts'

export interface TlsOptions
  extends Dialogue,
    Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'rejectUnauthorized'> {
  /** The name that is asked for (SNI) and that the certificate must carry; default: the host. */
  readonly servername?: string
  readonly localAddress?: string
  /** Days that the certificate must still be valid; default 0. */
  readonly minimumDays?: number
  /** Default: the machine's. */
  readonly clock?: Pick<Clock, 'wall'>
}

const DAY_MS = 86_400_000

/**
 * Connects, shakes hands, sends and expects what it is told to, and closes. Certificates are verified unless
 * `rejectUnauthorized` is false.
 *
 * @throws OspfError ERR_OSPF_CONFIG when the target or an option cannot be used
 */
export function tls(target: string | Target, options: TlsOptions = {}): Probe {
  const { host, port } = parseTarget(target, 443)
  const dialogue = parseDialogue(options)
  const { ca, cert, key, passphrase, rejectUnauthorized, localAddress } = options
  const { minimumDays = 0, clock = realClock } = options
  if (!Number.isFinite(minimumDays) || minimumDays < 0) {
    throw invalid('minimumDays', 'a number of days from 0', minimumDays)
  }
  const servername = options.servername ?? (isIP(host) ? undefined : host)
  const settings: ConnectionOptions = {
    host,
    port,
    ...(servername === undefined ? {} : { servername }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    ...(localAddress === undefined ? {} : { localAddress }),
  }
  return named(`tls ${formatTarget({ host, port })}`, async (signal) => {
    signal.throwIfAborted()
    const socket = secure().connect(settings)
    socket.on('error', () => {})
    try {
      await once(socket, 'secureConnect', { signal })
      const { valid_to } = socket.getPeerCertificate()
      const left = (Date.parse(valid_to) - clock.wall()) / DAY_MS
      if (left < minimumDays) {
        throw new Error(
          `the certificate is valid for ${left.toFixed(1)} days, expected ${minimumDays}`,
        )
      }
      await converse(socket, dialogue, signal)
    } catch (error) {
      throw explain(error, signal)
    } finally {
      socket.destroy()
    }
  })
}
