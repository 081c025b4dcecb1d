/**
 * `ospf-speaker decode FILE.pcap`: the OSPF packets of a capture, and what the protocol would make of them: the checks of
 * RFC 2328 8.2, the seal, and those of 13 (1) to (3) for every LSA. What depends on the state of a router is not said.
 */
import { createHash, createHmac } from 'node:crypto'
import {
  AuType,
  type AuthAlgorithm,
  type AuthKey,
  authAlgorithms,
  type CapturedPacket,
  checkSeal,
  checkSimple,
  DecodeError,
  type Digests,
  decodeLsa,
  decodePacket,
  decodePacketHeader,
  fletcherOk,
  formatIpv4,
  formatOptions,
  type HelloBody,
  type LsaHeader,
  type Packet,
  type PacketHeader,
  type RawLsa,
  readPcap,
  readSeal,
  verifyChecksum,
} from '../wire/index.ts'
import { UsageError } from './grammar.ts'
import { timestamp } from './text.ts'

export interface DecodeOptions {
  /** 'PASSWORD', or 'ID:ALGORITHM:SECRET'. */
  readonly keys?: readonly string[]
}

/** A packet as it is told. */
export interface Decoded {
  readonly frame: number
  readonly time: number
  readonly source: string
  readonly destination: string
  readonly what: string
  /** One for each LSA, header or neighbor. */
  readonly parts: readonly string[]
  /** 'accepted', or why it would be dropped: the reasons of the speaker's counters. */
  readonly verdict: string
  /** What is odd and does not keep the packet from being processed. */
  readonly remarks: readonly string[]
}

const digests: Digests = {
  hash: (name, data) => createHash(name).update(data).digest(),
  hmac: (name, key, data) => createHmac(name, key).update(data).digest(),
}

interface Keys {
  readonly passwords: readonly Uint8Array[]
  readonly keys: readonly AuthKey[]
}

/** Throws UsageError. */
export function parseKeys(texts: readonly string[]): Keys {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
  const [passwords, keys]: [Uint8Array[], AuthKey[]] = [[], []]
  for (const text of texts) {
    const [id, algorithm, ...secret] = text.split(':')
    if (algorithm === undefined) {
      passwords.push(encode(text))
      continue
    }
    const isKnown = authAlgorithms.includes(algorithm as AuthAlgorithm)
    if (!/^\d+$/.test(id!) || !isKnown || secret.length === 0) {
      const names = authAlgorithms.join(', ')
      throw new UsageError(`--key: expected PASSWORD or ID:ALGORITHM:SECRET (${names})`)
    }
    const key = encode(secret.join(':'))
    keys.push({ id: Number(id), algorithm: algorithm as AuthAlgorithm, key })
  }
  return { passwords, keys }
}

/** Every packet of a file; frames that are no OSPF are passed over. Throws RangeError for what is no capture. */
export function* decodeFile(file: Uint8Array, options: DecodeOptions = {}): Generator<Decoded> {
  const keys = parseKeys(options.keys ?? [])
  const hellos = new Map<string, HelloBody>()
  for (const frame of readPcap(file)) {
    if (frame.bytes !== undefined) yield { frame: frame.frame, ...decodeOne(frame, keys, hellos) }
  }
}

type Told = Omit<Decoded, 'frame'>

function decodeOne(packet: CapturedPacket, keys: Keys, hellos: Map<string, HelloBody>): Told {
  const source = formatIpv4(packet.source)
  const begin = { time: packet.time, source, destination: formatIpv4(packet.destination) }
  const dropped = (verdict: string, what = `${packet.bytes.length} octets`): Told => ({
    ...begin,
    what,
    parts: [],
    verdict: `dropped: ${verdict}`,
    remarks: [],
  })
  let header: PacketHeader
  try {
    header = decodePacketHeader(packet.bytes)
  } catch (error) {
    return dropped(reasonOf(error))
  }
  const isPlain = header.auType <= AuType.simple
  const name = `type ${header.type} of ${formatIpv4(header.routerId)}`
  if (isPlain && !verifyChecksum(packet.bytes, header.length)) return dropped('checksum', name)
  const seal = sealOf(packet, header, keys)
  if (seal.drop) return dropped(seal.drop, name)
  let decoded: Packet
  try {
    decoded = decodePacket(packet.bytes)
  } catch (error) {
    return dropped(reasonOf(error), name)
  }
  const parts = partsOf(decoded)
  const remarks = [...(seal.remark ? [seal.remark] : []), ...remarksOf(packet, decoded, hellos)]
  const bad = header.routerId === 0 ? 'bad-router-id' : parts.drop
  const badLsas = parts.lines.filter((line) => line.includes(': dropped: ')).length
  const good = badLsas === 0 ? 'accepted' : `accepted but for ${badLsas} LSAs`
  return {
    ...begin,
    what: whatOf(decoded),
    parts: parts.lines,
    verdict: bad === undefined ? good : `dropped: ${bad}`,
    remarks,
  }
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof DecodeError)) throw error
  const known = ['runt', 'version', 'length', 'unknown-type']
  return `${known.includes(error.code) ? error.code : 'malformed'} (${error.message})`
}

function sealOf(
  { bytes, source }: CapturedPacket,
  header: PacketHeader,
  { passwords, keys }: Keys,
): { readonly drop?: string; readonly remark?: string } {
  switch (header.auType) {
    case AuType.null:
      return {}
    case AuType.simple:
      if (passwords.length === 0) return { remark: 'a password: not checked without --key' }
      return passwords.some((password) => checkSimple(header, password))
        ? { remark: 'the password is right' }
        : { drop: 'auth-key (another password)' }
    case AuType.cryptographic:
    case AuType.extended: {
      const seal = readSeal(bytes, header)
      if (seal === undefined) return { drop: 'auth-length' }
      const what = `key ${seal.keyId}, sequence number ${seal.sequence}`
      if (keys.length === 0) return { remark: `${what}: not checked without --key` }
      const key = keys.find(({ id }) => id === seal.keyId)
      if (key === undefined) return { drop: `auth-key (${what})` }
      const found = checkSeal(bytes, seal, key, source, digests)
      if (found !== 'good') return { drop: `auth-${found} (${what})` }
      return { remark: `${what}: the digest is right` }
    }
    default:
      return { drop: `auth-type (${header.auType})` }
  }
}

const names: Readonly<Record<Packet['body']['kind'], string>> = {
  hello: 'Hello',
  'database-description': 'Database Description',
  'ls-request': 'Link State Request',
  'ls-update': 'Link State Update',
  'ls-ack': 'Link State Acknowledgment',
}

function whatOf({ header, body }: Packet): string {
  const begin = `${names[body.kind]} of ${formatIpv4(header.routerId)}, area ${formatIpv4(header.areaId)}`
  switch (body.kind) {
    case 'hello': {
      const { helloInterval, deadInterval, priority, options } = body
      const roles = `DR ${formatIpv4(body.designatedRouter)}, BDR ${formatIpv4(body.backupDesignatedRouter)}`
      return `${begin}: hello ${helloInterval} s, dead ${deadInterval} s, priority ${priority}, ${roles}, options ${formatOptions(options)}`
    }
    case 'database-description': {
      const { init, more, master } = body.flags
      const flags = [init && 'I', more && 'M', master && 'MS'].filter(Boolean).join('|') || '-'
      return `${begin}: ${flags}, sequence ${body.sequence}, MTU ${body.mtu}, ${body.headers.length} headers`
    }
    case 'ls-request':
      return `${begin}: ${body.requests.length} LSAs`
    case 'ls-update':
      return `${begin}: ${body.lsas.length} LSAs`
    case 'ls-ack':
      return `${begin}: ${body.headers.length} LSAs`
  }
}

const nameOf = (id: Pick<LsaHeader, 'type' | 'lsId' | 'advertisingRouter'>): string =>
  `type ${id.type} ${formatIpv4(id.lsId)} of ${formatIpv4(id.advertisingRouter)}`

const headerOf = (header: LsaHeader): string =>
  `${nameOf(header)}, sequence 0x${(header.sequence >>> 0).toString(16)}, age ${header.age} s`

function partsOf({ body }: Packet): { readonly lines: readonly string[]; readonly drop?: string } {
  switch (body.kind) {
    case 'hello':
      return { lines: body.neighbors.map((id) => `hears ${formatIpv4(id)}`) }
    case 'database-description':
    case 'ls-ack':
      return { lines: body.headers.map(headerOf) }
    case 'ls-request':
      return { lines: body.requests.map(nameOf) }
    case 'ls-update': {
      const lines = body.lsas.map((lsa) => `${headerOf(lsa.header)}: ${lsaVerdict(lsa)}`)
      return body.failed === undefined
        ? { lines }
        : { lines, drop: `lsa-malformed (${body.failed.message})` }
    }
  }
}

/** LS types that are known here, and MaxAge (appendix B). */
const TYPES: readonly number[] = [1, 2, 3, 4, 5, 7, 9, 10, 11]
const MAX_AGE = 3600
const RESERVED_SEQUENCE = -0x80000000

/** 13 (1), (2), and what else an LSA is refused for by itself. */
function lsaVerdict(lsa: RawLsa): string {
  const { header, raw } = lsa
  if (!fletcherOk(raw)) return 'dropped: lsa-checksum'
  if (!TYPES.includes(header.type)) return 'dropped: lsa-type'
  if (header.age > MAX_AGE) return 'dropped: lsa-age'
  if (header.sequence === RESERVED_SEQUENCE) return 'dropped: lsa-sequence'
  if (header.type === 1 && header.lsId !== header.advertisingRouter) return 'dropped: lsa-id'
  try {
    const { body } = decodeLsa(lsa)
    return body.kind === 'router' ? `accepted, ${body.links.length} links` : 'accepted'
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return `dropped: lsa-malformed (${error.message})`
  }
}

/** Hellos of one subnet that do not agree (10.5) make no adjacency. */
function remarksOf(
  { source, ttl }: CapturedPacket,
  { header, body }: Packet,
  hellos: Map<string, HelloBody>,
): string[] {
  const remarks =
    ttl === 1 || ttl === 255 ? [] : [`TTL ${ttl}: not from the link, or over a virtual one`]
  if (body.kind !== 'hello') return remarks
  const network = (source & body.networkMask) >>> 0
  const key = `${network} ${header.areaId}`
  const before = hellos.get(key)
  hellos.set(key, body)
  if (before === undefined) return remarks
  const differing = [
    before.helloInterval !== body.helloInterval && 'HelloInterval',
    before.deadInterval !== body.deadInterval && 'RouterDeadInterval',
    before.networkMask !== body.networkMask && 'network mask',
    (before.options & 0x0a) !== (body.options & 0x0a) && 'E-bit or N-bit',
  ].filter((field) => field !== false)
  return [
    ...remarks,
    ...differing.map(
      (field) => `hello-mismatch: ${field} differs from the Hello before on this subnet`,
    ),
  ]
}

export function formatDecoded(packet: Decoded): string {
  const { frame, time, source, destination, what, parts, verdict, remarks } = packet
  return [
    `${frame}  ${timestamp(time)}  ${source} > ${destination}  ${what}: ${verdict}`,
    ...parts.map((part) => `    ${part}`),
    ...remarks.map((remark) => `    ! ${remark}`),
    '',
  ].join('\n')
}
