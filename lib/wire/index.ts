/** Bytes to values and back, for those who bring their own loop: `ospf-speaker/wire`. */
export {
  formatIpv4,
  formatPrefix,
  type Ipv4,
  lengthOfMask,
  maskOf,
  networkOf,
  parseIpv4,
} from './address.ts'
export {
  AuType,
  type AuthAlgorithm,
  type AuthKey,
  authAlgorithms,
  checkSeal,
  checkSimple,
  type Digests,
  type HashName,
  readSeal,
  type Seal,
  sealCryptographic,
  sealOctets,
  sealSimple,
} from './auth.ts'
export { DecodeError, type DecodeErrorCode, Reader, Writer } from './bytes.ts'
export { fletcher, fletcherOk, ipChecksum } from './checksum.ts'
export type { DatabaseDescriptionBody, DatabaseDescriptionFlags } from './database-description.ts'
export type { ExternalLsaBody, ExternalPath, ExternalTos } from './external-lsa.ts'
export type { HelloBody } from './hello.ts'
export type { LsAckBody } from './ls-ack.ts'
export type { LsRequest, LsRequestBody } from './ls-request.ts'
export type { AgedLsa, LsUpdateBody } from './ls-update.ts'
export {
  decodeLsa,
  decodeLsaHeader,
  decodeRawLsa,
  encodeLsa,
  encodeLsaHeader,
  LSA_HEADER_LENGTH,
  type Lsa,
  type LsaBody,
  type LsaHeader,
  LsType,
  lsaKey,
  type RawLsa,
  type UnknownLsaBody,
  withAge,
} from './lsa.ts'
export type { NetworkLsaBody } from './network-lsa.ts'
export { type OpaqueLsaBody, opaqueLsId } from './opaque-lsa.ts'
export { formatOptions, Option, optionNames } from './options.ts'
export {
  decodePacket,
  decodePacketHeader,
  encodePacket,
  PACKET_HEADER_LENGTH,
  type Packet,
  type PacketBody,
  type PacketHeader,
  PacketType,
  verifyChecksum,
} from './packet.ts'
export { type CapturedPacket, type PcapFrame, pcapHeader, pcapRecord, readPcap } from './pcap.ts'
export {
  decodeRouterInformation,
  decodeTlv,
  encodeRouterInformation,
  encodeTlv,
  InformationalCapability,
  OPAQUE_ROUTER_INFORMATION,
  type RouterInformation,
  RouterInformationTlv,
  type Tlv,
} from './router-information.ts'
export type { RouterLink, RouterLinkTos, RouterLsaBody } from './router-lsa.ts'
export type { SummaryLsaBody, SummaryTos } from './summary-lsa.ts'
