/**
 * A router that is none: it says Hello, lets itself be synchronized as the slave, answers requests, floods what it is
 * told to, and counts acknowledgements. In front of any daemon, over this library's codecs and sockets alone.
 */
import type { RawSocketPort } from '../lib/linux/socket.ts'
import type { DatagramSocket, Link } from '../lib/ports.ts'
import { encodeLsa, type Lsa, type LsaHeader, LsType, lsaKey } from '../lib/wire/lsa.ts'
import { decodePacket, encodePacket, type Packet, type PacketBody } from '../lib/wire/packet.ts'
import type { RouterLink } from '../lib/wire/router-lsa.ts'

const ALL_SPF_ROUTERS = 0xe0000005
const FIRST_MULTICAST = 0xe0000000
const OPTION_E = 2
const PACKET_OCTETS = 1400
const HEADERS_PER_PACKET = 60

export interface PeerPlan {
  readonly device: Link
  readonly routerId: number
  readonly address: number
  readonly network: 'point-to-point' | 'broadcast'
}

/** Milliseconds of a clock that all processes of a machine have in common. */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6

export class FakePeer {
  /** What it has: others take it as it is. By `lsaKey`. */
  readonly database = new Map<string, Lsa>()
  /** When it came to pass; of Hellos, each. */
  readonly hellos: number[] = []
  exStartAt: number | undefined
  /** The other has its own LSA list us: it takes us for Full. */
  listedAt: number | undefined
  acknowledged = 0
  readonly #plan: PeerPlan
  readonly #socket: DatagramSocket
  readonly #timer: NodeJS.Timeout
  #other: { readonly routerId: number; readonly address: number } | undefined
  #dr = 0
  #summary: LsaHeader[] = []
  #sent: PacketBody | undefined
  #sequence = -1

  constructor(port: RawSocketPort, plan: PeerPlan) {
    this.#plan = plan
    const { device, address } = plan
    this.#socket = port.open(
      { name: device.name, index: device.index, address },
      ({ source, destination, bytes }) => {
        // every socket on the device gets what is sent to any address of it
        const isForUs = destination === address || destination >= FIRST_MULTICAST
        if (source === address || !isForUs) return
        try {
          this.#take(source, decodePacket(bytes.slice()))
        } catch {
          // not for us to judge
        }
      },
      () => {},
    )
    this.#timer = setInterval(() => this.#hello(), 1000)
    this.#hello()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#socket[Symbol.asyncDispose]()
  }

  /** Its own router-LSA: the way to the other, and what is to hang on it. */
  say(links: readonly RouterLink[], other: number, sequence: number): Lsa {
    const { routerId, address } = this.#plan
    const way: RouterLink[] =
      this.#plan.network === 'point-to-point'
        ? [{ type: 1, id: other, data: address, metric: 10, tos: [] }]
        : []
    const lsa = routerLsa(routerId, [...way, ...links], sequence)
    this.database.set(lsaKey(LsType.router, routerId, routerId), lsa)
    return lsa
  }

  /** Sends LSAs, so many packets a second at most. Resolves when all have left. */
  async flood(lsas: readonly Lsa[], packetsPerSecond = 2000): Promise<void> {
    const begun = monotonic()
    let sent = 0
    for (const some of packed(lsas)) {
      for (const lsa of some) this.database.set(keyOf(lsa.header), lsa)
      this.#send({ kind: 'ls-update', lsas: some })
      sent++
      const ahead = begun + (1000 * sent) / packetsPerSecond - monotonic()
      if (ahead > 2) await new Promise((resolve) => setTimeout(resolve, ahead))
    }
  }

  #hello(): void {
    const { network } = this.#plan
    this.#send({
      kind: 'hello',
      networkMask: network === 'broadcast' ? 0xffff0000 : 0xfffffffc,
      helloInterval: 1,
      deadInterval: 4,
      options: OPTION_E,
      priority: 0,
      designatedRouter: this.#dr,
      backupDesignatedRouter: 0,
      neighbors: this.#other ? [this.#other.routerId] : [],
    })
  }

  #take(source: number, { header, body }: Packet): void {
    // others like us may be on the segment
    if (this.#other !== undefined && this.#other.routerId !== header.routerId) return
    switch (body.kind) {
      case 'hello': {
        if (body.priority === 0) return
        this.hellos.push(monotonic())
        const isNew = this.#other === undefined || this.#dr !== body.designatedRouter
        this.#other = { routerId: header.routerId, address: source }
        this.#dr = body.designatedRouter
        if (isNew) this.#hello()
        return
      }
      case 'database-description': {
        if (body.sequence === this.#sequence && this.#sent) return this.#send(this.#sent, source)
        this.#sequence = body.sequence
        if (body.flags.init) {
          this.exStartAt = monotonic()
          this.#summary = [...this.database.values()].map((lsa) => lsa.header)
        }
        const headers = this.#summary.splice(0, HEADERS_PER_PACKET)
        const flags = { init: false, more: this.#summary.length > 0, master: false }
        const { sequence, mtu } = body
        this.#sent = { kind: body.kind, mtu, options: OPTION_E, flags, sequence, headers }
        return this.#send(this.#sent, source)
      }
      case 'ls-request': {
        const lsas = body.requests.flatMap(
          ({ type, lsId, advertisingRouter }) =>
            this.database.get(lsaKey(type, lsId, advertisingRouter)) ?? [],
        )
        for (const some of packed(lsas)) this.#send({ kind: 'ls-update', lsas: some }, source)
        return
      }
      case 'ls-update': {
        this.#send({ kind: 'ls-ack', headers: body.lsas.map((lsa) => lsa.header) }, source)
        const own = body.lsas.find((lsa) => lsa.header.advertisingRouter === header.routerId)
        if (own !== undefined && this.exStartAt !== undefined && lists(own.raw, this.#plan)) {
          this.listedAt ??= monotonic()
        }
        return
      }
      case 'ls-ack':
        this.acknowledged += body.headers.length
    }
  }

  #send(body: PacketBody, to = ALL_SPF_ROUTERS): void {
    this.#socket.send(to, encodePacket({ routerId: this.#plan.routerId, areaId: 0 }, body))
  }
}

export const routerLsa = (id: number, links: readonly RouterLink[], sequence: number): Lsa =>
  encodeLsa(
    { age: 1, options: OPTION_E, type: LsType.router, lsId: id, advertisingRouter: id, sequence },
    {
      kind: 'router',
      flags: 0,
      nssaTranslator: false,
      wildcard: false,
      virtualLink: false,
      border: false,
      external: false,
      links,
    },
  )

const keyOf = ({ type, lsId, advertisingRouter }: LsaHeader): string =>
  lsaKey(type, lsId, advertisingRouter)

/** Whether a router-LSA has a link to us, or to the segment that we are on. */
function lists(raw: Uint8Array, { routerId, network }: PeerPlan): boolean {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  for (let at = 24; at + 12 <= raw.length; at += 12) {
    const type = view.getUint8(at + 8)
    if (type === 1 && view.getUint32(at) === routerId) return true
    if (type === 2 && network === 'broadcast') return true
  }
  return false
}

function* packed(lsas: readonly Lsa[]): Generator<Lsa[]> {
  let some: Lsa[] = []
  let octets = 0
  for (const lsa of lsas) {
    if (octets + lsa.raw.length > PACKET_OCTETS && some.length > 0) {
      yield some
      some = []
      octets = 0
    }
    some.push(lsa)
    octets += lsa.raw.length
  }
  if (some.length > 0) yield some
}
