/**
 * The native half of the `raw-socket` package, without its JavaScript half, which we have to do without:
 * it reads one packet per poll wake-up, starves sending while packets arrive, closes the socket on the first poll
 * error, reports an exception of the receiver as an error of the socket, and queues without bound.
 *
 * What to know of the native half:
 * - `send` and `recv` are one `sendto` and one `recvfrom`, at once; failure is an exception with strerror's text and no
 *   errno. After `close` both silently open a new socket that has none of the options: never call them then.
 * - Events are calls of `emit` on the object, straight from libuv: on Node 26 no tick and no microtask runs after them
 *   until something else happens.
 * - A poll error stops the polling for good.
 * - Collecting the object closes the socket: somebody must hold on to it.
 * - It polls on the default event loop and cannot be loaded in a worker thread.
 * - The descriptor is not close-on-exec: children inherit it.
 */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { getSystemErrorMap } from 'node:util'
import { isMainThread } from 'node:worker_threads'
import { OspfError, type OspfErrorCode } from '../errors.ts'

/** A raw socket, as raw-socket's `SocketWrap` is. */
export interface RawSocket {
  /** Called by the binding: 'recvReady', 'sendReady', 'error', 'close'. Ours to set. */
  emit: (event: string, error?: Error) => void
  setOption(level: number, option: number, value: number): void
  setOption(level: number, option: number, value: Uint8Array, length: number): void
  send(
    buffer: Uint8Array,
    offset: number,
    length: number,
    address: string,
    sent: (bytes: number) => void,
  ): void
  /** IPv4 packets come with their header, those of IPv6 without. */
  recv(
    buffer: Uint8Array,
    received: (buffer: Uint8Array, bytes: number, source: string) => void,
  ): void
  /** `true` for what should not be polled for. Also starts polling again after a poll error. */
  pause(receive: boolean, send: boolean): void
  close(): void
}

/** Opens a raw socket of an IP protocol, of IPv4 unless told otherwise; throws with the kernel's text alone as message. */
export type OpenRawSocket = (protocol: number, family?: 4 | 6) => RawSocket

/** As the binding calls the families. */
const FAMILIES = { 4: 1, 6: 2 } as const

/** Loads the native code of `raw-socket`. Throws ERR_OSPF_NATIVE with what to do about it. */
export function loadRawSocket(): OpenRawSocket {
  if (!isMainThread) {
    throw native('raw sockets need the main thread: start the speaker there, or with isolate: true')
  }
  if (process.platform !== 'linux') {
    throw native(`a speaker needs Linux; this is ${process.platform}`)
  }
  const require = createRequire(import.meta.url)
  try {
    // npm leaves an optional dependency out altogether if its build fails.
    const folder = dirname(require.resolve('raw-socket'))
    const { SocketWrap } = require(join(folder, 'build', 'Release', 'raw.node')) as {
      SocketWrap: new (protocol: number, family: number) => RawSocket
    }
    return (protocol, family = 4) => new SocketWrap(protocol, FAMILIES[family])
  } catch (cause) {
    const words = textOf(cause)
      .replace(/\nRequire stack:.*/s, '')
      .replaceAll('\n', ' ')
    throw native(
      `raw-socket does not load (${words}). It is compiled for one Node when ospf-speaker is installed, given make, ` +
        'g++ and python3 and that npm may run its install script (npm 12: `npm install-scripts approve ' +
        'ospf-speaker`). Then `npm rebuild ospf-speaker` compiles it',
      cause,
    )
  }
}

const native = (message: string, cause?: unknown): OspfError =>
  new OspfError('ERR_OSPF_NATIVE', message, { cause })

/** The symbolic errno behind strerror's text, which is all that the binding tells. */
export function errnoOf(error: unknown): string | undefined {
  return errnoByText.get(textOf(error).toLowerCase())
}

/** An error of the kernel, with its words kept. */
export function kernelError(
  error: unknown,
  doing: string,
  code: OspfErrorCode = 'ERR_OSPF_KERNEL',
): OspfError {
  const errno = errnoOf(error)
  return new OspfError(code, `${doing}: ${textOf(error)}`, {
    cause: error,
    ...(errno === undefined ? {} : { errno }),
  })
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** libuv's table has glibc's texts in lower case, but for these of glibc and musl. */
const errnoByText: ReadonlyMap<string, string> = new Map([
  ...[...getSystemErrorMap().values()].map(([name, text]) => [text, name] as const),
  ['cannot assign requested address', 'EADDRNOTAVAIL'],
  ['message too large', 'EMSGSIZE'],
  ['network unreachable', 'ENETUNREACH'],
])
