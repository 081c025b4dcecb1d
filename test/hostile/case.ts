/** One hostile packet at a time, to a router with a neighbor that is Full: what is counted, and that nothing else happens. */
import type { Test } from 'tap'
import type { DropReason } from '../../lib/core/events.ts'
import type { Datagram } from '../../lib/core/io.ts'
import type { RouterOptions } from '../../lib/core/router.ts'
import type { NeighborState } from '../../lib/core/states.ts'
import { fletcher, ipChecksum } from '../../lib/wire/checksum.ts'
import { type Bench, externalLsa, keyOf, type Part, type Peer, segment } from '../core/bench.ts'

/** What a packet's header says where it does not say the truth. */
export interface Lies {
  readonly version?: number
  readonly length?: number
  readonly routerId?: number
  readonly areaId?: number
  readonly checksum?: number
  readonly auType?: number
  readonly authentication?: readonly number[]
  /** Follows what the length covers. */
  readonly trailer?: readonly number[]
}

/** Octets of a packet, with the checksum right unless told otherwise. */
export function packet(
  peer: Pick<Peer, 'routerId'>,
  type: number,
  body: readonly number[],
  lies: Lies = {},
): Uint8Array {
  const length = 24 + body.length
  const bytes = new Uint8Array(length + (lies.trailer?.length ?? 0))
  const view = new DataView(bytes.buffer)
  bytes[0] = lies.version ?? 2
  bytes[1] = type
  view.setUint16(2, lies.length ?? length)
  view.setUint32(4, lies.routerId ?? peer.routerId)
  view.setUint32(8, lies.areaId ?? 0)
  view.setUint16(14, lies.auType ?? 0)
  bytes.set(lies.authentication ?? [], 16)
  bytes.set(body, 24)
  bytes.set(lies.trailer ?? [], length)
  const covered = bytes.subarray(0, Math.max(24, Math.min(bytes.length, lies.length ?? length)))
  view.setUint16(12, lies.checksum ?? ipChecksum(covered, 16, 24))
  return bytes
}

export const u16 = (n: number): number[] => [(n >>> 8) & 255, n & 255]
export const u32 = (n: number): number[] => [...u16(n >>> 16), ...u16(n)]

/** What an LSA's header says where it does not say the truth. */
export interface LsaLies {
  readonly age?: number
  readonly options?: number
  readonly sequence?: number
  readonly length?: number
  readonly checksum?: number
}

/** Octets of an LSA, with length and checksum right unless told otherwise. */
export function lsa(
  type: number,
  lsId: number,
  advertisingRouter: number,
  body: readonly number[],
  { age = 1, options = 2, sequence = 0x80000001, length, checksum }: LsaLies = {},
): number[] {
  const header = [
    ...u16(age),
    options,
    type,
    ...u32(lsId),
    ...u32(advertisingRouter),
    ...u32(sequence),
  ]
  const bytes = Uint8Array.from([...header, 0, 0, ...u16(length ?? 20 + body.length), ...body])
  new DataView(bytes.buffer).setUint16(16, checksum ?? fletcher(bytes))
  return [...bytes]
}

/** The body of a Link State Update. */
export const update = (lsas: readonly (readonly number[])[], count = lsas.length): number[] => [
  ...u32(count),
  ...lsas.flat(),
]

export type Also = (t: Test, bench: Bench, peer: Peer) => void

export interface Case {
  /** As whom we meet it: at the end of a point-to-point link unless told otherwise. */
  readonly part?: Part
  readonly options?: Partial<RouterOptions>
  /** What is sent, once or several times. */
  readonly send: (peer: Peer, bench: Bench) => void
  /** What is counted, and nothing besides. */
  readonly drops: Partial<Record<DropReason, number>>
  /** Of the neighbor afterwards: Full unless told otherwise. */
  readonly state?: NeighborState
  /** What else must hold, right after it. */
  readonly also?: Also
}

/** Runs each as a test of its own name. */
export function cases(t: Test, list: Readonly<Record<string, Case>>): void {
  for (const [name, one] of Object.entries(list)) {
    t.test(name, async (t) => {
      const { bench, peers } = segment(one.part ?? 'Point-to-point', one.options)
      const [peer] = peers as readonly [Peer]
      const { drops: before } = bench
      const lsas = bench.router.database(0).length
      one.send(peer, bench)
      const counted: Record<string, number> = {}
      for (const [reason, count] of Object.entries(bench.drops)) {
        const added = count - (before[reason as DropReason] ?? 0)
        if (added > 0) counted[reason] = added
      }
      t.same(counted, one.drops, 'is counted so')
      t.equal(peer.state, one.state ?? 'Full')
      one.also?.(t, bench, peer)
      if (one.also === undefined) t.equal(bench.router.database(0).length, lsas, 'nothing is kept')
      // the next honest word is heard
      if (peer.state !== 'Full') {
        peer.hello({ neighbors: [] })
        peer.hello()
        bench.run(6)
        peer.to('Full')
      }
      const good = externalLsa('198.51.100.0', peer.routerId)
      peer.update(good)
      t.ok(
        bench.router.as.lsdb.find(good.header),
        `and then ${keyOf(good.header)} is taken as ever`,
      )
    })
  }
}

/** Sends octets as a packet of the neighbor. */
export const say =
  (type: number, body: readonly number[], lies?: Lies, how?: Partial<Datagram>): Case['send'] =>
  (peer) =>
    peer.sendBytes(packet(peer, type, body, lies), how)
