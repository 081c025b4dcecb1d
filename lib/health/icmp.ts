/** A probe that pings: an ICMP echo over a raw socket, for which the process needs CAP_NET_RAW. */
import { randomInt } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { isIPv6, SocketAddress } from 'node:net'
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

/** What the families have different. */
interface Kind {
  readonly family: 4 | 6
  readonly protocol: number
  readonly request: number
  readonly reply: number
  /** The socket takes nothing but replies: level, option and value. */
  readonly filter: readonly [level: number, option: number, value: Uint8Array]
}

const HEADER_OCTETS = 8
const SIZE_MAX = 1472
/** linux/icmp.h, ICMP_FILTER: a bit for each type that is not wanted, in the byte order of every supported platform. */
const ICMP: Kind = {
  family: 4,
  protocol: 1,
  request: 8,
  reply: 0,
  filter: [255, 1, Uint8Array.of(0xfe, 0xff, 0xff, 0xff)],
}
/** linux/icmpv6.h, ICMPV6_FILTER: as above, for 256 types. */
const ICMP6: Kind = {
  family: 6,
  protocol: 58,
  request: 128,
  reply: 129,
  filter: [58, 1, new Uint8Array(32).fill(0xff).fill(0xfd, 16, 17)],
}

/**
 * Sends an echo request and waits for its reply, from a socket of its own that takes no other ICMP messages.
 *
 * @param host an address, or a name that has one of IPv4.
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
      const kind = isIPv6(host) ? ICMP6 : ICMP
      const { address } = await lookup(host, { family: kind.family })
      signal.throwIfAborted()
      await echo(loadRawSocket()(kind.protocol, kind.family), kind, canonical(address))
    } catch (error) {
      throw explain(error, signal)
    }

    async function echo(
      socket: ReturnType<ReturnType<typeof loadRawSocket>>,
      kind: Kind,
      address: string,
    ): Promise<void> {
      const id = randomInt(0x10000)
      const buffer = new Uint8Array(65_535)
      let sequence = 0
      let timer: Disposable | undefined
      try {
        const [level, option, value] = kind.filter
        socket.setOption(level, option, value, value.length)
        await new Promise<void>((resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true })
          const send = (): void => {
            const packet = echoRequest(kind, id, sequence++ & 0xffff, size)
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
              socket.recv(buffer, (_, octets, source) => {
                const isFrom = source === address
                if (isFrom && isReply(kind, buffer.subarray(0, octets), id)) soon(resolve)
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

/** As the kernel writes it: IPv6 in its short form. */
const canonical = (address: string): string =>
  isIPv6(address) ? new SocketAddress({ address, family: 'ipv6' }).address : address

/** RFC 792, RFC 4443 (4.1); the checksum of the latter is the kernel's to write. */
function echoRequest(kind: Kind, id: number, sequence: number, size: number): Uint8Array {
  const packet = new Uint8Array(HEADER_OCTETS + size)
  const view = new DataView(packet.buffer)
  view.setUint8(0, kind.request)
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

/** An IPv4 packet begins with its header. */
function isReply({ family, reply }: Kind, packet: Uint8Array, id: number): boolean {
  const header = family === 6 ? 0 : ((packet[0] ?? 0) & 0xf) * 4
  if ((family === 4 && header < 20) || packet.length < header + HEADER_OCTETS) return false
  const view = new DataView(packet.buffer, packet.byteOffset + header)
  return view.getUint8(0) === reply && view.getUint16(4) === id
}
