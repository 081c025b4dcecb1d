/**
 * Who is heard on the OSPF interfaces, and what keeps them from becoming neighbors. The protocol itself is the judge: a
 * router with our configuration that never says a word is given the Hellos that come in. No sockets, no clock.
 */
import { helloMismatches } from './core/hello.ts'
import type { Datagram, Instant, InterfaceConfig } from './core/io.ts'
import { Router } from './core/router.ts'
import { nodeDigests } from './crypto.ts'
import { deviceOf, linkOf, placeOf } from './interface-address.ts'
import { finding, type PreflightFinding } from './lvs/preflight-checks.ts'
import { initialChanges, type Parsed } from './options.ts'
import type { Link } from './ports.ts'
import { formatIpv4, lengthOfMask } from './wire/address.ts'
import { DecodeError } from './wire/bytes.ts'
import type { HelloBody } from './wire/hello.ts'
import { decodePacket, decodePacketHeader, type PacketHeader, PacketType } from './wire/packet.ts'

/** Somebody who was heard. */
export interface HeardRouter {
  readonly interface: string
  readonly address: string
  readonly routerId: string
  readonly area: string
  /** AuType: 0 null, 1 simple password, 2 cryptographic, 3 cryptographic with 64-bit sequence numbers. */
  readonly auType: number
  /** Packets of any type. */
  readonly packets: number
  /** Those of them that were sent to a multicast group. */
  readonly multicasts: number
  /** The last Hello; undefined: none came. */
  readonly hello:
    | {
        /** Seconds; 0 of one that says several a second. */
        readonly helloInterval: number
        readonly deadInterval: number
        readonly networkMask: string
        readonly priority: number
        /** 0.0.0.0: none. */
        readonly designatedRouter: string
        readonly backupDesignatedRouter: string
        /** Router IDs that it hears. */
        readonly neighbors: readonly string[]
      }
    | undefined
}

type UsableLink = Link & { readonly address: number }

const isUsable = (link: Link | undefined): link is UsableLink =>
  link?.up === true && link.address !== undefined

/** An interface that is listened on. */
export interface Place {
  readonly name: string
  readonly link: UsableLink
  /** Undefined: nothing is configured. */
  readonly config: InterfaceConfig | undefined
}

type Heard = { -readonly [K in keyof HeardRouter]: HeardRouter[K] }

const FIRST_MULTICAST = 0xe0000000
/** More than these, and somebody is making them up. */
const ROUTERS = 1000

/** Reasons to drop a packet that are told as what differs, or are none of the sender's doing. */
const explained: ReadonlySet<string> = new Set([
  'own-packet',
  'interface-down',
  'rate',
  'neighbor-limit',
  'duplicate-router-id',
  'area-mismatch',
  'hello-mismatch',
  'auth-type',
  'auth-key',
  'auth-digest',
  'ttl',
])

export class Listener {
  /** Where to listen. */
  readonly places: readonly Place[]
  /** Where not, and why. */
  readonly skipped: readonly { readonly what: string; readonly why: string }[]
  readonly #parsed: Parsed | undefined
  readonly #router: Router | undefined
  readonly #own: ReadonlySet<number>
  readonly #heard = new Map<string, Heard>()
  /** Interfaces on which something came in that was no packet. */
  readonly #noise = new Set<string>()
  /** By what they say, so that each is said once. */
  readonly #findings = new Map<string, PreflightFinding>()

  /**
   * @param parsed what is configured; undefined: nothing is compared
   * @param devices to listen on where nothing is configured; default: all that are up with an address, but for lo
   * @param wallOffset milliseconds from `now` to the wall clock, for the lifetimes of keys
   */
  constructor(
    parsed: Parsed | undefined,
    links: ReadonlyMap<string, Link>,
    devices: readonly string[] | undefined,
    now: Instant,
    wallOffset: number,
  ) {
    this.#parsed = parsed
    this.#own = new Set([...links.values()].flatMap(({ addresses }) => addresses.map(addressOf)))
    const skipped: { readonly what: string; readonly why: string }[] = []
    const wanted =
      parsed === undefined ? plain(links, devices) : configured(parsed.interfaces, links)
    this.places = wanted.flatMap(({ name, link, config }) => {
      const why = isUsable(link)
        ? config?.passive
          ? 'it is passive'
          : undefined
        : link === undefined
          ? 'there is no such device'
          : `it ${link.up ? 'has no address' : 'is down'}`
      if (why === undefined) return [{ name, link: link as UsableLink, config }]
      skipped.push({ what: `Hellos on ${name}`, why })
      return []
    })
    this.skipped = skipped
    if (parsed === undefined) return
    const { routerId, limits, abrType } = parsed
    this.#router = new Router({ routerId, limits, abrType, seed: 1, digests: nodeDigests })
    this.#router.handleConfig(now, { type: 'wall-clock', offset: wallOffset })
    this.#router.handleConfig(now, ...initialChanges(parsed))
    for (const { name, link } of this.places) this.#router.handleInterface(now, name, link)
    this.#events()
  }

  /** Seconds in which everybody who is there has said Hello. */
  get enough(): number {
    const intervals = this.places.map(({ config }) => config?.helloInterval ?? 10)
    return Math.min(60, Math.max(1, ...intervals) + 1)
  }

  /** @param datagram `bytes` need not last */
  hear(now: Instant, datagram: Datagram): void {
    if (this.#own.has(datagram.source)) return
    let header: PacketHeader
    try {
      header = decodePacketHeader(datagram.bytes)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#noise.add(datagram.interface)
      return this.#dropped(datagram, error.message)
    }
    const heard = this.#note(datagram, header)
    if (header.type !== PacketType.hello) return
    const hello = helloOf(datagram.bytes)
    if (heard !== undefined && hello !== undefined) heard.hello = shownHello(hello)
    this.#judge(now, datagram, hello)
  }

  #note(
    { interface: name, source, destination }: Datagram,
    header: PacketHeader,
  ): Heard | undefined {
    const key = `${name} ${source}`
    let heard = this.#heard.get(key)
    if (heard === undefined && this.#heard.size >= ROUTERS) return undefined
    heard ??= {
      interface: name,
      address: formatIpv4(source),
      routerId: '',
      area: '',
      auType: 0,
      packets: 0,
      multicasts: 0,
      hello: undefined,
    }
    heard.routerId = formatIpv4(header.routerId)
    heard.area = formatIpv4(header.areaId)
    heard.auType = header.auType
    heard.packets++
    if (destination >= FIRST_MULTICAST) heard.multicasts++
    this.#heard.set(key, heard)
    return heard
  }

  #judge(now: Instant, datagram: Datagram, hello: HelloBody | undefined): void {
    const router = this.#router
    const iface = router?.interfaces.get(datagram.interface)
    if (router === undefined || iface === undefined) return
    const before = { ...iface.drops }
    router.handleDatagram(now, { ...datagram, bytes: datagram.bytes.slice() })
    const reasons = Object.keys(iface.drops) as (keyof typeof before)[]
    const reason = reasons.find((each) => iface.drops[each] !== before[each])
    if (reason === 'hello-mismatch' && hello !== undefined) {
      for (const differs of helloMismatches(iface, hello)) this.#differs(datagram, ...differs)
    }
    const told = this.#events(datagram)
    if (reason !== undefined && !told && !explained.has(reason)) this.#dropped(datagram, reason)
  }

  /** What the router has to say of a packet; what it would send stays unsaid. @returns whether it was something */
  #events(datagram?: Datagram): boolean {
    let isTold = false
    for (let out = this.#router?.poll(); out !== undefined; out = this.#router?.poll()) {
      if (out.type !== 'event' || datagram === undefined) continue
      const { event } = out
      if (event.type === 'duplicate-router-id') {
        this.#say(
          finding(
            'duplicate-router-id',
            'error',
            `${event.address} on ${event.interface} has the Router ID ${event.routerId}, as we do`,
            "two routers with one Router ID fight over each other's LSAs, and neither is reached",
            'give one of them another Router ID (routerId)',
          ),
        )
      } else if (event.type === 'mismatch') {
        this.#differs(datagram, event.field, event.ours, event.theirs)
      } else continue
      isTold = true
    }
    return isTold
  }

  #say(found: PreflightFinding): void {
    if (this.#findings.size < ROUTERS) this.#findings.set(`${found.id} ${found.found}`, found)
  }

  #differs(
    { interface: name, source }: Datagram,
    field: string,
    ours: string,
    theirs: string,
  ): void {
    this.#say(
      finding(
        'ospf-mismatch',
        'error',
        `${field} of ${formatIpv4(source)} on ${name} is ${theirs}, ours ${ours}`,
        'it must be the same on both sides, or they never become neighbors (RFC 2328 8.2, 10.5)',
        'change it here or there',
      ),
    )
  }

  #dropped({ interface: name, source }: Datagram, reason: string): void {
    this.#say(
      finding(
        'ospf-dropped',
        'error',
        `packets of ${formatIpv4(source)} on ${name} are dropped: ${reason}`,
        'whoever sends them does not become a neighbor',
        'look at what it sends: record with --pcap, or tcpdump -w, and ospf-speaker decode',
      ),
    )
  }

  /** Who was heard. */
  get heard(): readonly HeardRouter[] {
    return [...this.#heard.values()]
  }

  /** @param seconds how long it was listened */
  findings(seconds: number): PreflightFinding[] {
    return [
      ...this.#findings.values(),
      ...this.places.flatMap((place) => [...this.#silence(place, seconds), ...this.#twins(place)]),
    ]
  }

  #on(name: string): Heard[] {
    return [...this.#heard.values()].filter((one) => one.interface === name)
  }

  #silence({ name, config }: Place, seconds: number): PreflightFinding[] {
    const heard = this.#on(name)
    const isMulticast = config?.network !== 'nbma' && config?.nonBroadcast !== true
    if (heard.length === 0) {
      if (this.#noise.has(name)) return []
      const rest = isMulticast
        ? ', a switch that snoops IGMP without a querier, or a network that has no multicast'
        : ''
      return [
        finding(
          'nothing-heard',
          'warning',
          `no OSPF packet came in on ${name} within ${seconds} s`,
          `there is no other router, or its packets are lost: a firewall that drops IP protocol 89${rest}`,
          'tcpdump -ni DEVICE proto 89 shows what comes before the firewall: nothing there is not of this host',
        ),
      ]
    }
    const own = this.#parsed && formatIpv4(this.#parsed.routerId)
    const found: PreflightFinding[] = []
    if (isMulticast && heard.every(({ multicasts }) => multicasts === 0)) {
      found.push(
        finding(
          'no-multicast',
          'error',
          `what came in on ${name} was sent to us alone, nothing to 224.0.0.5`,
          'Hellos are multicast: without them no neighbor stays longer than its dead interval',
          'look for IGMP snooping without a querier and for filters of multicast on the way, or use network nbma',
        ),
      )
    }
    for (const { address, routerId, hello } of heard) {
      if (hello === undefined || own === undefined || hello.neighbors.includes(own)) continue
      found.push(
        finding(
          'not-heard-there',
          'info',
          `${address} (${routerId}) on ${name} does not list ${own} among those that it hears`,
          'it is no neighbor yet: nothing runs here, or what we send does not arrive there',
          'if a speaker runs here, look for what differs, and for firewalls on the way and on that router',
        ),
      )
    }
    return found
  }

  /** A router with two interfaces on one segment is rare; two routers with one Router ID are not. */
  #twins({ name }: Place): PreflightFinding[] {
    const addresses = new Map<string, string[]>()
    for (const { routerId, address } of this.#on(name)) {
      addresses.set(routerId, [...(addresses.get(routerId) ?? []), address])
    }
    return [...addresses].flatMap(([routerId, of]) =>
      of.length < 2
        ? []
        : finding(
            'same-router-id',
            'warning',
            `${of.join(' and ')} on ${name} have one Router ID, ${routerId}`,
            "two routers with one Router ID fight over each other's LSAs, and neither is reached",
            'give one of them another Router ID, unless it is one router with two interfaces here',
          ),
    )
  }
}

const addressOf = ({ address }: { readonly address: number }): number => address

type Wanted = Omit<Place, 'link'> & { readonly link: Link | undefined }

const plain = (
  links: ReadonlyMap<string, Link>,
  devices: readonly string[] | undefined,
): Wanted[] =>
  (
    devices ??
    [...links.values()].filter((l) => !l.loopback && isUsable(l)).map((link) => link.name)
  ).map((name) => ({ name, link: links.get(name), config: undefined }))

function configured(
  configs: readonly InterfaceConfig[],
  links: ReadonlyMap<string, Link>,
): Wanted[] {
  return configs.map((config) => {
    const { name } = config
    const device = links.get(deviceOf(name))
    const others = configs.filter((o) => o.name !== name && deviceOf(o.name) === deviceOf(name))
    const link =
      device &&
      linkOf(config, device, {
        inUse: undefined,
        isNamed: (address) => others.some((other) => placeOf(other.name).address === address),
        isTaken: () => false,
        // those of a speaker that runs beside us
        isVip: (address) =>
          device.addresses.some((one) => one.address === address && one.protocol === 188),
      })
    return { name, link, config }
  })
}

function helloOf(bytes: Uint8Array): HelloBody | undefined {
  try {
    const { body } = decodePacket(bytes)
    return body.kind === 'hello' ? body : undefined
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

const shownHello = (hello: HelloBody): NonNullable<HeardRouter['hello']> => ({
  helloInterval: hello.helloInterval,
  deadInterval: hello.deadInterval,
  networkMask: formatIpv4(hello.networkMask),
  priority: hello.priority,
  designatedRouter: formatIpv4(hello.designatedRouter),
  backupDesignatedRouter: formatIpv4(hello.backupDesignatedRouter),
  neighbors: hello.neighbors.map(formatIpv4),
})

const seals = ['none', 'simple password', 'cryptographic', 'cryptographic, 64-bit']

/** For people, a line each. */
export function formatHeard(heard: readonly HeardRouter[]): string[] {
  return heard.map((one) => {
    const { hello, packets } = one
    const count = packets === 1 ? '1 packet' : `${packets} packets`
    const head = `heard ${one.address} on ${one.interface}: Router ID ${one.routerId}, area ${one.area}`
    const seal = `authentication ${seals[one.auType] ?? one.auType}, ${count}`
    if (hello === undefined) return `${head}, ${seal}, no Hello`
    const { helloInterval, deadInterval, networkMask, priority, designatedRouter: dr } = hello
    const mask = maskText(networkMask)
    const elected = dr === '0.0.0.0' ? '' : `, Designated Router ${dr}`
    const times = `hello ${helloInterval} s, dead ${deadInterval} s`
    return `${head}, ${times}, mask ${mask}, priority ${priority}${elected}, ${seal}`
  })
}

function maskText(mask: string): string {
  const number = mask.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)
  const length = lengthOfMask(number)
  return length === undefined ? mask : `/${length}`
}
