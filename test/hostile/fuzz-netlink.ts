/** What a kernel answers, damaged: nothing is thrown, and what cannot be read is undefined. */
import { decodeAddress, decodeDevice, encodeAddress } from '../../lib/linux/link-message.ts'
import {
  decodeAcknowledgement,
  decodeMessages,
  encodeMessages,
  MessageFlag,
  MessageType,
  type NetlinkMessage,
  PayloadWriter,
} from '../../lib/linux/netlink-message.ts'
import {
  decodeBucket,
  decodeNextHop,
  encodeGroup,
  encodeLeaf,
} from '../../lib/linux/nexthop-message.ts'
import { decodeRoute, decodeSeenRoute, encodeRoute } from '../../lib/linux/route-message.ts'
import {
  decodeDaemon,
  decodeDestination,
  decodeFamily,
  decodeInfo,
  decodeService,
  decodeTimeouts,
  encodeDaemon,
  encodeDestination,
  encodeService,
  encodeTimeouts,
  IpvsCommand,
} from '../../lib/lvs/ipvs-message.ts'
import type { IpvsService } from '../../lib/lvs/types.ts'
import type { Target } from './fuzz-engine.ts'

const message = (payload: Uint8Array, type = 24, flags = 0): NetlinkMessage => ({
  type,
  flags,
  sequence: 1,
  portId: 1,
  payload,
})

const hop = { index: 2, gateway: 0x0a000001 }
const route = { prefix: 0x0a0a0000, length: 16, table: 254, metric: 20, protocol: 188 }

const link = (): Uint8Array =>
  new PayloadWriter()
    .u8(0)
    .u8(0)
    .u16(1)
    .u32(2)
    .u32(0x1043)
    .u32(0)
    .attributeText(3, 'eth0')
    .attributeU32(4, 1500)
    .finish()

const refusal = (): Uint8Array =>
  Uint8Array.from([
    ...new PayloadWriter().u32(-17 >>> 0).finish(),
    ...encodeMessages([message(encodeRoute({ ...route, hops: [hop] }))]),
    ...new PayloadWriter().attributeText(1, 'Route already exists').finish(),
  ])

const bucket = (): Uint8Array =>
  new PayloadWriter()
    .u8(0)
    .u8(0)
    .u8(188)
    .u8(0)
    .u32(0)
    .attributeU32(1, 7)
    .attribute(
      13,
      Uint8Array.from([
        6, 0, 1, 0, 3, 0, 0, 0, 12, 0, 3, 0, 9, 0, 0, 0, 0, 0, 0, 0, 8, 0, 4, 0, 5, 0, 0, 0,
      ]),
    )
    .finish()

const answers = (): readonly NetlinkMessage[] => [
  message(encodeRoute({ ...route, hops: [hop] })),
  message(encodeRoute({ ...route, hops: [hop, { ...hop, weight: 9 }] })),
  message(encodeRoute({ ...route, hops: [], nextHop: 7 })),
  message(encodeLeaf({ id: 1, protocol: 188, hop })),
  message(
    encodeGroup({
      id: 7,
      protocol: 188,
      members: [
        { id: 1, weight: 1 },
        { id: 2, weight: 300 },
      ],
    }),
  ),
  message(
    encodeGroup({
      id: 7,
      protocol: 188,
      members: [{ id: 1, weight: 1 }],
      resilient: { buckets: 64, idleTimer: 60, unbalancedTimer: 0 },
    }),
  ),
  message(bucket()),
  message(encodeAddress(2, 0x0a000001, 24, { protocol: 188, label: 'eth0:v' })),
  message(link()),
  message(refusal(), MessageType.error, MessageFlag.acknowledgementAttributes),
  message(refusal(), MessageType.error, MessageFlag.acknowledgementAttributes | MessageFlag.capped),
  message(new PayloadWriter().u32(0).attributeText(1, 'x').finish(), MessageType.done, 0x200),
]

const services: readonly IpvsService[] = [
  { key: { protocol: 'tcp', address: '10.0.1.100', port: 80 }, scheduler: 'wrr' },
  {
    key: { fwmark: 7, family: 6 },
    scheduler: 'mh',
    flags: ['flag-1', 'flag-2'],
    persistence: { timeout: 300, prefixLength: 64 },
  },
]

const ipvsAnswers = (): readonly Uint8Array[] => [
  ...services.map((service) => encodeService(IpvsCommand.newService, service)),
  encodeDestination(IpvsCommand.newDestination, services[0]!.key, {
    address: '10.0.1.7',
    port: 80,
    forward: 'tun',
    weight: 5,
    tunnel: { type: 'gue', port: 5555, checksum: 'full' },
  }),
  encodeTimeouts({ tcp: 1, tcpFin: 2, udp: 3 }),
  encodeDaemon(IpvsCommand.newDaemon, {
    state: 'master',
    device: 'eth0',
    syncId: 7,
    group: '224.0.0.81',
  }),
]

export const netlink: readonly Target[] = [
  {
    name: 'netlink',
    seeds: () => [...answers().map((one) => encodeMessages([one])), encodeMessages(answers())],
    run: (input) => {
      for (const one of decodeMessages(input)) {
        decodeAcknowledgement(one)
        decodeDevice(one.payload, new Map())
        decodeAddress(one.payload)
        decodeRoute(one)
        decodeSeenRoute(one)
        decodeNextHop(one)
        decodeBucket(one)
      }
    },
  },
  {
    name: 'ipvs',
    seeds: ipvsAnswers,
    run: (input) => {
      decodeFamily(input)
      decodeInfo(input)
      decodeTimeouts(input)
      decodeService(input)
      decodeDestination(input, 4)
      decodeDestination(input, 6)
      decodeDaemon(input)
    },
  },
]
