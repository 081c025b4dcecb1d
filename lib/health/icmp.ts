/** A probe that pings: an ICMP echo over a raw socket, for which the process needs CAP_NET_RAW. */
import { randomInt } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { realClock } from '../clock.ts'
import type { Clock } from '../ports.ts'
import { explain, invalid, named, type Probe } from './probe.ts'

export interface IcmpOptions {
  /** Octets of data; default 56, as ping sends. */
  readonly size?: number
  /** Seconds until an echo that was not answered is sent again; default 1. */
  readonly again?: number
  /** Default: the machine's. */
  readonly clock?: Clock
}

const IPPROTO_ICMP = 1
const ECHO_REQUEST = 8
const ECHO_REPLY = 0
const HEADER_OCTETS = 8
const SIZE_MAX = 1472
const SOL_RAW = 255
/** linux/icmp.h: a bit for each type that is not wanted. */
const ICMP_FILTER = 1
/** The kernel's byte order is that of every platform that is supported. */
const ALL_BUT_REPLIES = Uint8Array.of(0xfe, 0xff, 0xff, 0xff)

/**
 * Sends an echo request and waits for its reply, from a socket of its own that takes no other ICMP messages.
 *
 * @param host an IPv4 address, or a name that has one.
 * @throws OspfError ERR_OSPF_CONFIG when an option cannot be used; each run rejects with ERR_OSPF_NATIVE where the native
 * code is missing, and with the kernel's words where raw sockets are not permitted.
 */
export function icmp(host: string, options: IcmpOptions = {}): Probe {
  const { size = 56, again = 1, clock = realClock } = options
  if (typeof host !== 'string' || host === '') throw invalid('host', 'a name or an address', host)
  if (!Number.isInteger(size) || size < 0 || size > SIZE_MAX) {
    throw invalid('size', `a whole number from 0 to ${SIZE_MAX}`, size)
  }
  if (!Number.isFinite(again) || again <= 0) {
    throw invalid('again', 'a number of seconds above 0', again)
  }
  return named(`icmp ${host}`, async (signal) => {
    signal.throwIfAborted()
    const { loadRawSocket } = await import('../linux/raw-socket.ts')
    try {
      const { address } = await lookup(host, { family: 4 })
      signal.throwIfAborted()
      await echo(loadRawSocket()(IPPROTO_ICMP), address)
    } catch (error) {
      throw explain(error, signal)
    }

    async function echo(
      socket: ReturnType<ReturnType<typeof loadRawSocket>>,
      address: string,
    ): Promise<void> {
      const id = randomInt(0x10000)
      const buffer = new Uint8Array(65_535)
      let sequence = 0
      let timer: Disposable | undefined
      try {
        socket.setOption(SOL_RAW, ICMP_FILTER, ALL_BUT_REPLIES, ALL_BUT_REPLIES.length)
        await new Promise<void>((resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true })
          const send = (): void => {
            const packet = echoRequest(id, sequence++ & 0xffff, size)
            try {
              socket.send(packet, 0, packet.length, address, () => {})
            } catch (error) {
              return reject(error)
            }
            timer = clock.setTimer(again * 1000, send)
          }
          // in a turn of its own: nothing that waits for a promise goes on after the binding's events (Node 26)
          const soon = (end: () => void): void => void realClock.setTimer(0, end)
          socket.emit = (event, error) => {
            if (event === 'error') return soon(() => reject(error))
            if (event !== 'recvReady') return
            try {
              socket.recv(buffer, (_, octets) => {
                if (isReply(buffer.subarray(0, octets), address, id)) soon(resolve)
              })
            } catch (failure) {
              soon(() => reject(failure))
            }
          }
          socket.pause(false, true)
          send()
        })
      } finally {
        timer?.[Symbol.dispose]()
        socket.close()
      }
    }
  })
}

/** RFC 792. */
function echoRequest(id: number, sequence: number, size: number): Uint8Array {
  const packet = new Uint8Array(HEADER_OCTETS + size)
  const view = new DataView(packet.buffer)
  view.setUint8(0, ECHO_REQUEST)
  view.setUint16(4, id)
  view.setUint16(6, sequence)
  for (let i = 0; i < size; i++) packet[HEADER_OCTETS + i] = i
  view.setUint16(2, checksum(packet))
  return packet
}

function checksum(bytes: Uint8Array): number {
  let sum = 0
  for (const [i, octet] of bytes.entries()) sum += i % 2 === 0 ? octet << 8 : octet
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

/** `packet` begins with the IP header. */
function isReply(packet: Uint8Array, address: string, id: number): boolean {
  const header = ((packet[0] ?? 0) & 0xf) * 4
  if (header < 20 || packet.length < header + HEADER_OCTETS) return false
  if (packet.subarray(12, 16).join('.') !== address) return false
  const view = new DataView(packet.buffer, packet.byteOffset + header)
  return view.getUint8(0) === ECHO_REPLY && view.getUint16(4) === id
}
