/** What is fuzzed: decoders, the receive path of a router that lives, configurations, what the kernel answers. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseIpPacket } from '../../lib/linux/ip-header.ts'
import { readSeal } from '../../lib/wire/auth.ts'
import { DecodeError, Reader, Writer } from '../../lib/wire/bytes.ts'
import {
  decodeDatabaseDescription,
  encodeDatabaseDescription,
} from '../../lib/wire/database-description.ts'
import { decodeHello, encodeHello } from '../../lib/wire/hello.ts'
import { decodeLsAck, encodeLsAck } from '../../lib/wire/ls-ack.ts'
import { decodeLsRequest, encodeLsRequest } from '../../lib/wire/ls-request.ts'
import { decodeLsUpdate, encodeLsUpdate } from '../../lib/wire/ls-update.ts'
import { decodeLsa, decodeRawLsa, encodeLsa } from '../../lib/wire/lsa.ts'
import {
  decodePacket,
  decodePacketHeader,
  encodePacket,
  type PacketBody,
} from '../../lib/wire/packet.ts'
import {
  decodeRouterInformation,
  encodeRouterInformation,
} from '../../lib/wire/router-information.ts'
import { decodeTrafficShares, encodeTrafficShares } from '../../lib/wire/traffic-share.ts'
import { readPcap } from '../pcap.ts'
import type { Target } from './fuzz-engine.ts'
import { importers } from './fuzz-importers.ts'
import { netlink } from './fuzz-netlink.ts'
import { receive } from './fuzz-receive.ts'

export const fuzzFolder = 'fixtures/fuzz'

const captured = (): readonly Uint8Array[] => {
  const folder = 'fixtures/packets'
  const files = readdirSync(folder).filter((name) => name.endsWith('.pcap'))
  const packets = files.flatMap((name) =>
    readPcap(readFileSync(join(folder, name))).map(({ payload }) => payload),
  )
  // a few of each size and type are as good as all
  const few = new Map(packets.map((bytes) => [`${bytes[1]} ${bytes.length}`, bytes]))
  return [...few.values()].map((bytes) => new Uint8Array(bytes))
}

const packetsOfType = (type: number): readonly Uint8Array[] =>
  captured().filter((bytes) => bytes[1] === type)

const bodiesOfType = (type: number): readonly Uint8Array[] =>
  packetsOfType(type).map((bytes) => bytes.slice(24))

const lsas = (): readonly Uint8Array[] => {
  const all = packetsOfType(4).flatMap((bytes) => {
    const { body } = decodePacket(bytes)
    return body.kind === 'ls-update' ? body.lsas : []
  })
  const few = new Map(all.map(({ header, raw }) => [`${header.type} ${header.length}`, raw]))
  return [...few.values()]
}

const dataOf = (encode: () => Uint8Array): readonly Uint8Array[] => [encode()]

/** Refused with DecodeError, or undefined. */
function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return undefined
  }
}

/** What is understood can be written, and is then the same. */
function bodyTarget<T extends PacketBody>(
  name: string,
  type: number,
  decode: (r: Reader) => T,
  encode: (body: T, w: Writer) => void,
): Target {
  return {
    name: `wire-${name}`,
    seeds: () => bodiesOfType(type),
    run: (input) => {
      const r = new Reader(input)
      const body = attempt(() => {
        const body = decode(r)
        r.end()
        return body
      })
      if (body === undefined || 'failed' in body) return
      const w = new Writer()
      encode(body, w)
      assert.deepEqual(w.finish(), input)
    },
  }
}

const wire: readonly Target[] = [
  bodyTarget('hello', 1, decodeHello, encodeHello),
  bodyTarget('database-description', 2, decodeDatabaseDescription, encodeDatabaseDescription),
  bodyTarget('ls-request', 3, decodeLsRequest, encodeLsRequest),
  bodyTarget('ls-update', 4, decodeLsUpdate, encodeLsUpdate),
  bodyTarget('ls-ack', 5, decodeLsAck, encodeLsAck),
  {
    name: 'wire-lsa',
    seeds: lsas,
    run: (input) => {
      const raw = attempt(() => decodeRawLsa(new Reader(input)))
      const lsa = raw && attempt(() => decodeLsa(raw))
      if (lsa === undefined) return
      const again = encodeLsa(lsa.header, lsa.body)
      // but for the checksum, which nobody has looked at yet
      const [a, b] = [again.raw, lsa.raw].map((bytes) => bytes.slice())
      for (const bytes of [a!, b!]) bytes.fill(0, 16, 18)
      assert.deepEqual(a, b)
    },
  },
  {
    name: 'wire-packet',
    seeds: captured,
    run: (input) => {
      const header = attempt(() => decodePacketHeader(input))
      if (header) readSeal(input, header)
      const packet = attempt(() => decodePacket(input))
      if (packet === undefined) return
      const { body } = packet
      if (body.kind === 'ls-update') {
        for (const raw of body.lsas) attempt(() => decodeLsa(raw))
      }
      if ('failed' in body) return
      const again = encodePacket(packet.header, body)
      assert.deepEqual(again.slice(24), input.slice(24, packet.header.length))
    },
  },
  {
    name: 'wire-ip',
    seeds: () =>
      captured().map((payload) =>
        Uint8Array.from([
          0x45,
          0xc0,
          0,
          20 + payload.length,
          0,
          0,
          0,
          0,
          1,
          89,
          ...Array(10).fill(0),
          ...payload,
        ]),
      ),
    run: (input) => {
      const packet = parseIpPacket(input)
      if (packet) assert(packet.payload.length <= input.length - 20)
    },
  },
  {
    name: 'wire-router-information',
    seeds: () =>
      dataOf(() =>
        encodeRouterInformation({ informational: 1 << 29, functional: 0, hostname: 'lb-1' }),
      ),
    run: (input) => {
      const information = decodeRouterInformation(input)
      const again = decodeRouterInformation(encodeRouterInformation(information))
      assert.deepEqual(again, information)
    },
  },
  {
    name: 'wire-traffic-share',
    seeds: () =>
      dataOf(() =>
        encodeTrafficShares({
          keepsConnections: true,
          shares: [
            { prefix: 0x0a000164, length: 32, weight: 7, drain: true },
            { prefix: undefined, length: 0, weight: 100, drain: false },
          ],
        }),
      ),
    run: (input) => {
      const shares = decodeTrafficShares(input)
      if (shares) assert.deepEqual(decodeTrafficShares(encodeTrafficShares(shares)), shares)
    },
  },
]

export const targets: readonly Target[] = [...wire, receive, ...importers, ...netlink]
