/** Reads classic pcap files with IPv4 in Ethernet or in Linux cooked captures v2 (`tcpdump -i any`). */

/** One IPv4 datagram of a capture. */
export interface CapturedDatagram {
  /** Frame number, from 1, as tshark and Wireshark count. */
  readonly frame: number
  /** Seconds since 1970, with the fraction. */
  readonly time: number
  readonly source: number
  readonly destination: number
  readonly ttl: number
  readonly protocol: number
  /** What follows the IP header; a view of the file. */
  readonly payload: Uint8Array
}

/** Where the IP header begins, and where the EtherType stands, by link type. */
const linkTypes: ReadonlyMap<number, { readonly etherType: number; readonly ip: number }> = new Map(
  [
    [1, { etherType: 12, ip: 14 }],
    [276, { etherType: 0, ip: 20 }],
  ],
)

/** Throws on anything but whole IPv4 datagrams: the captures of the fixtures hold nothing else. */
export function readPcap(file: Uint8Array): readonly CapturedDatagram[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const magic = view.getUint32(0)
  const little = magic === 0xd4c3b2a1 || magic === 0x4d3cb2a1
  const nanoseconds = magic === 0xa1b23c4d || magic === 0x4d3cb2a1
  if (!little && magic !== 0xa1b2c3d4 && magic !== 0xa1b23c4d) throw new Error('no pcap file')
  const link = linkTypes.get(view.getUint32(20, little) & 0x0fffffff)
  if (link === undefined) throw new Error(`link type ${view.getUint32(20, little)}`)

  const datagrams: CapturedDatagram[] = []
  for (let at = 24; at < file.length; ) {
    const frame = datagrams.length + 1
    const captured = view.getUint32(at + 8, little)
    if (captured !== view.getUint32(at + 12, little)) throw new Error(`frame ${frame} is cut off`)
    const fraction = view.getUint32(at + 4, little) / (nanoseconds ? 1e9 : 1e6)
    const time = view.getUint32(at, little) + fraction
    const start = at + 16
    at = start + captured
    if (view.getUint16(start + link.etherType) !== 0x0800)
      throw new Error(`frame ${frame}: no IPv4`)
    const ip = start + link.ip
    if ((view.getUint16(ip + 6) & 0x3fff) !== 0) throw new Error(`frame ${frame}: a fragment`)
    datagrams.push({
      frame,
      time,
      source: view.getUint32(ip + 12),
      destination: view.getUint32(ip + 16),
      ttl: view.getUint8(ip + 8),
      protocol: view.getUint8(ip + 9),
      // Up to the total length: Ethernet pads short frames.
      payload: file.subarray(ip + (view.getUint8(ip) & 15) * 4, ip + view.getUint16(ip + 2)),
    })
  }
  return datagrams
}
