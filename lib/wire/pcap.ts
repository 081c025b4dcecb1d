/** Capture files in the classic pcap format, with raw IP packets inside (LINKTYPE_RAW): tshark and Wireshark read them. */
import { ipChecksum } from './checksum.ts'

/** Seconds, and microseconds. */
const MAGIC = 0xa1b2c3d4
const NANOSECONDS = 0xa1b23c4d
const FILE_HEADER = 24
const RECORD_HEADER = 16
const IP_HEADER = 20
const SNAPSHOT = 65535
const OSPF = 89
/** Internetwork control (A.1). */
const TOS = 0xc0
const ETHERTYPE_IPV4 = 0x0800
const VLAN = 0x8100

/** Where the IP header begins by link type, and where the EtherType stands. */
const LINK = { null: 0, ethernet: 1, raw: 101, linuxCooked: 113, ipv4: 228, linuxCooked2: 276 }

/** An OSPF packet with what IP says of it. */
export interface CapturedPacket {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly source: number
  readonly destination: number
  readonly ttl: number
  /** The OSPF packet, its authentication trailer included. */
  readonly bytes: Uint8Array
}

/** What a file begins with. */
export function pcapHeader(): Uint8Array {
  const bytes = new Uint8Array(FILE_HEADER)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC)
  view.setUint16(4, 2)
  view.setUint16(6, 4)
  view.setUint32(16, SNAPSHOT)
  view.setUint32(20, LINK.raw)
  return bytes
}

/** A packet as a record of the file, with an IP header in front of it. */
export function pcapRecord({ time, source, destination, ttl, bytes }: CapturedPacket): Uint8Array {
  const length = IP_HEADER + bytes.length
  const record = new Uint8Array(RECORD_HEADER + length)
  const view = new DataView(record.buffer)
  view.setUint32(0, Math.floor(time / 1000))
  view.setUint32(4, Math.floor((time % 1000) * 1000))
  view.setUint32(8, length)
  view.setUint32(12, length)
  const ip = RECORD_HEADER
  view.setUint8(ip, 0x45)
  view.setUint8(ip + 1, TOS)
  view.setUint16(ip + 2, length)
  view.setUint8(ip + 8, ttl)
  view.setUint8(ip + 9, OSPF)
  view.setUint32(ip + 12, source)
  view.setUint32(ip + 16, destination)
  view.setUint16(ip + 10, ipChecksum(record.subarray(ip, ip + IP_HEADER)))
  record.set(bytes, ip + IP_HEADER)
  return record
}

/** What a frame of a file is: an OSPF packet, or why it is none. */
export type PcapFrame = { readonly frame: number } & (
  | CapturedPacket
  | { readonly bytes?: undefined; readonly skipped: string }
)

/**
 * Reads a file: Ethernet, with a VLAN tag or without, Linux cooked captures (`-i any`) and raw IP. Frames are numbered
 * from 1, as tshark does. Throws RangeError for what is no such file.
 */
export function* readPcap(file: Uint8Array): Generator<PcapFrame> {
  if (file.length < FILE_HEADER) throw new RangeError('no pcap file: too short')
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const big = view.getUint32(0)
  const isBig = big === MAGIC || big === NANOSECONDS
  const magic = isBig ? big : view.getUint32(0, true)
  if (magic !== MAGIC && magic !== NANOSECONDS) {
    throw new RangeError(
      big === 0x0a0d0d0a
        ? 'a pcapng file: convert it with `tshark -r IN -F pcap -w OUT`'
        : 'no pcap file',
    )
  }
  const little = !isBig
  const link = view.getUint32(20, little) & 0x0fffffff
  if (!Object.values(LINK).includes(link) || link === LINK.null) {
    throw new RangeError(`link type ${link} is not read: Ethernet, Linux cooked and raw IP are`)
  }
  const fraction = magic === NANOSECONDS ? 1e6 : 1e3
  for (let at = FILE_HEADER, frame = 1; at + RECORD_HEADER <= file.length; frame++) {
    const captured = view.getUint32(at + 8, little)
    const time = view.getUint32(at, little) * 1000 + view.getUint32(at + 4, little) / fraction
    const start = at + RECORD_HEADER
    at = start + captured
    if (at > file.length) {
      yield { frame, skipped: 'the file ends within it' }
      return
    }
    yield { frame, ...readFrame(file.subarray(start, at), link, time) }
  }
}

function readFrame(
  bytes: Uint8Array,
  link: number,
  time: number,
): CapturedPacket | { readonly skipped: string } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const begin = ipBegin(view, link)
  if (begin === undefined || bytes.length < begin + IP_HEADER) return { skipped: 'no IPv4' }
  const first = view.getUint8(begin)
  const header = (first & 15) * 4
  if (first >> 4 !== 4 || header < IP_HEADER) return { skipped: 'no IPv4' }
  if (view.getUint8(begin + 9) !== OSPF) return { skipped: 'no OSPF' }
  if ((view.getUint16(begin + 6) & 0x3fff) !== 0) return { skipped: 'a fragment' }
  const total = view.getUint16(begin + 2)
  if (total < header || begin + total > bytes.length) return { skipped: 'cut off' }
  return {
    time,
    source: view.getUint32(begin + 12),
    destination: view.getUint32(begin + 16),
    ttl: view.getUint8(begin + 8),
    bytes: bytes.subarray(begin + header, begin + total),
  }
}

function ipBegin(view: DataView, link: number): number | undefined {
  const isIpv4 = (at: number): boolean =>
    view.byteLength >= at + 2 && view.getUint16(at) === ETHERTYPE_IPV4
  switch (link) {
    case LINK.ethernet:
      if (view.byteLength >= 18 && view.getUint16(12) === VLAN) return isIpv4(16) ? 18 : undefined
      return isIpv4(12) ? 14 : undefined
    case LINK.linuxCooked:
      return isIpv4(14) ? 16 : undefined
    case LINK.linuxCooked2:
      return isIpv4(0) ? 20 : undefined
    default:
      return 0
  }
}
