/** What a LAN carried, as tcpdump wrote it: TCP in IPv4 on Ethernet, plain or in a tunnel of IPVS. */

export interface Segment {
  /** '10.0.2.10:40000'. */
  readonly source: string
  readonly destination: string
  readonly ttl: number
  /** All of TCP, hexadecimal, but its checksum, which the senders here leave to the hardware that is not there. */
  readonly tcp: string
  /** The flags: 'S', 'SA', 'A' ... */
  readonly flags: string
  /** What is said. */
  readonly text: string
}

export interface Frame {
  /** Seconds since 1970, with the fraction. */
  readonly time: number
  /** MAC addresses, as `ip link` shows them. */
  readonly from: string
  readonly to: string
  readonly segment: Segment
  /** The datagram around it. */
  readonly tunnel?: {
    readonly type: 'ipip' | 'gue' | 'gre'
    readonly source: string
    readonly destination: string
  }
}

const [IPIP, TCP, UDP, GRE] = [4, 6, 17, 47]
const ETHERNET = 14
/** No checksum, no key. */
const GRE_HEADER = 4
const UDP_HEADER = 8

/** The frames of a classic pcap file with TCP in them, in order; all others are left out. */
export function readFrames(file: Uint8Array): readonly Frame[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (view.getUint32(0, true) !== 0xa1b2c3d4 || view.getUint32(20, true) !== 1) {
    throw new Error('not a capture of Ethernet by this machine')
  }
  const frames: Frame[] = []
  for (let at = 24; at + 16 <= file.length; ) {
    const start = at + 16
    const end = start + view.getUint32(at + 8, true)
    const time = view.getUint32(at, true) + view.getUint32(at + 4, true) / 1e6
    at = end
    if (end > file.length) break // still being written
    if (view.getUint16(start + 12) !== 0x0800) continue
    const content = contentOf(Buffer.from(file.subarray(start + ETHERNET, end)))
    if (content === undefined) continue
    frames.push({ time, to: mac(file, start), from: mac(file, start + 6), ...content })
  }
  return frames
}

const mac = (file: Uint8Array, at: number): string =>
  [...file.subarray(at, at + 6)].map((octet) => octet.toString(16).padStart(2, '0')).join(':')

interface Datagram {
  readonly protocol: number
  readonly ttl: number
  readonly source: string
  readonly destination: string
  readonly payload: Buffer
}

function datagram(bytes: Buffer): Datagram {
  return {
    ttl: bytes[8]!,
    protocol: bytes[9]!,
    source: [...bytes.subarray(12, 16)].join('.'),
    destination: [...bytes.subarray(16, 20)].join('.'),
    payload: bytes.subarray((bytes[0]! & 15) * 4, bytes.readUInt16BE(2)),
  }
}

function contentOf(bytes: Buffer): Pick<Frame, 'segment' | 'tunnel'> | undefined {
  const outer = datagram(bytes)
  const { source, destination, payload } = outer
  if (outer.protocol === TCP) return { segment: segmentOf(outer) }
  const inside = (type: 'ipip' | 'gue' | 'gre', inner: Buffer) => {
    const found = datagram(inner)
    if (found.protocol !== TCP) return undefined
    return { segment: segmentOf(found), tunnel: { type, source, destination } }
  }
  if (outer.protocol === IPIP) return inside('ipip', payload)
  if (outer.protocol === GRE && payload.readUInt16BE(2) === 0x0800) {
    return inside('gre', payload.subarray(GRE_HEADER))
  }
  // GUE: four octets, and as many words more as the lower five bits of the first say
  if (outer.protocol === UDP && payload[UDP_HEADER + 1] === IPIP) {
    return inside('gue', payload.subarray(UDP_HEADER + 4 + (payload[UDP_HEADER]! & 31) * 4))
  }
  return undefined
}

function segmentOf({ source, destination, ttl, payload }: Datagram): Segment {
  const withoutChecksum = Buffer.from(payload)
  withoutChecksum.writeUInt16BE(0, 16)
  const flags = ['F', 'S', 'R', 'P', 'A'].filter((_, i) => (payload[13]! & (1 << i)) !== 0)
  return {
    source: `${source}:${payload.readUInt16BE(0)}`,
    destination: `${destination}:${payload.readUInt16BE(2)}`,
    ttl,
    tcp: withoutChecksum.toString('hex'),
    flags: flags.join(''),
    text: payload.subarray((payload[12]! >> 4) * 4).toString('latin1'),
  }
}
