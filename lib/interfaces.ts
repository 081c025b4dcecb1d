/** The interfaces of a speaker: what the kernel says of their devices, their sockets, and what the core is told. */
import type { Datagram, Instant, InterfaceConfig, Output } from './core/io.ts'
import type { Router } from './core/router.ts'
import { OspfError } from './errors.ts'
import type { SpeakerEvent } from './events.ts'
import { deviceOf, linkOf, placeOf } from './interface-address.ts'
import type { Clock, DatagramPort, Link, LinkPort } from './ports.ts'
import { isUsable, Sockets } from './sockets.ts'

/** What the interfaces need of the speaker that has them. */
export interface InterfacesOwner {
  readonly clock: Clock
  readonly datagrams: DatagramPort
  readonly links: Pick<LinkPort, 'links' | 'watch'>
  readonly core: Router
  /** Hands something to the core. */
  input(handle: (now: Instant) => void): void
  say(event: SpeakerEvent): void
  /** What failed, and how. */
  failed(where: string, cause: unknown): void
}

export class Interfaces {
  readonly sockets: Sockets
  readonly #owner: InterfacesOwner
  readonly #waiting = new Map<string, 'device' | 'link' | 'address'>()
  /** Addresses that were ever announced as VIPs. */
  readonly #vips = new Set<number>()
  #configs: readonly InterfaceConfig[]

  constructor(owner: InterfacesOwner, configs: readonly InterfaceConfig[]) {
    this.#owner = owner
    this.#configs = configs
    const { clock, datagrams, core } = owner
    this.sockets = new Sockets({
      clock,
      datagrams,
      receive: (datagram: Datagram) => owner.input((now) => core.handleDatagram(now, datagram)),
      failed: (where, cause) => owner.failed(where, cause),
      link: (name) => this.#link(name),
      vrf: (name) => {
        const links = owner.links.links()
        return links.get(links.get(deviceOf(name))?.vrf ?? '')
      },
      isElected: (name) => core.interfaces.get(name)?.isElected ?? false,
    })
  }

  /** @throws OspfError ERR_OSPF_NO_INTERFACE when one of the devices does not exist */
  require(devices: Iterable<string>): void {
    const present = this.#owner.links.links()
    for (const name of devices) {
      if (present.has(name)) continue
      const names = [...present.keys()].join(', ')
      throw new OspfError(
        'ERR_OSPF_NO_INTERFACE',
        `interface ${name} does not exist; there are ${names}`,
      )
    }
  }

  /** Follows the devices, until disposed. */
  watch(): Disposable {
    return this.#owner.links.watch((device) => this.#deviceChanged(device))
  }

  /**
   * Opens the sockets of those that are not passive and whose devices are ready. All of them, or none.
   * @throws OspfError as `Sockets.open`
   */
  open(configs: readonly InterfaceConfig[]): void {
    const opened: string[] = []
    try {
      for (const config of configs) {
        const link = this.#linkOf(config)
        if (config.passive || !isUsable(link)) continue
        this.sockets.open(config.name, link)
        opened.push(config.name)
      }
    } catch (error) {
      for (const name of opened) this.sockets.shut(name)
      throw error
    }
  }

  /** Sends a packet of the core: out of its interface, or wherever routes lead if that is a virtual link. */
  transmit({ interface: name, destination, bytes, ttl }: Output & { type: 'transmit' }): void {
    const iface = this.#owner.core.interfaces.get(name)
    if (!iface?.isVirtual) return this.sockets.send(name, destination, bytes, ttl)
    if (iface.address) this.sockets.sendRouted(iface.address, destination, bytes, ttl)
  }

  /** Tells the core how all of them are, and opens and closes sockets accordingly. */
  look(): void {
    // who stands on an address by name comes last, when the other has left it
    const byName = (config: InterfaceConfig): number => (placeOf(config.name).address ? 1 : 0)
    for (const config of [...this.#configs].sort((a, b) => byName(a) - byName(b))) {
      this.#look(config)
    }
  }

  /** What is configured from now on; `look` makes it so. */
  configure(configs: readonly InterfaceConfig[]): void {
    this.#configs = configs
    for (const name of this.#waiting.keys()) {
      if (!configs.some((config) => config.name === name)) this.#waiting.delete(name)
    }
  }

  /** A VIP is never advertised as the secondary address that it may be, not even when it is withdrawn. */
  noteVip(address: number): void {
    if (this.#vips.has(address)) return
    this.#vips.add(address)
    if (this.#configs.some((config) => config.secondaryAddresses)) this.look()
  }

  #deviceChanged(device: string): void {
    if (this.#configs.some(({ name }) => deviceOf(name) === device)) {
      for (const config of this.#configs) if (deviceOf(config.name) === device) this.#look(config)
    }
  }

  #look(config: InterfaceConfig): void {
    const { name, passive } = config
    const link = this.#linkOf(config)
    if (isUsable(link)) {
      this.#waiting.delete(name)
      if (!passive) this.sockets.reopen(name, link)
    } else {
      const needs = link === undefined ? 'device' : !link.up ? 'link' : 'address'
      this.sockets.shut(name)
      if (this.#waiting.get(name) !== needs) {
        this.#waiting.set(name, needs)
        this.#owner.say({ type: 'waiting', interface: name, for: needs })
      }
    }
    this.#owner.input((now) => this.#owner.core.handleInterface(now, name, link))
  }

  #link(name: string): Link | undefined {
    const config = this.#configs.find((each) => each.name === name)
    return config && this.#linkOf(config)
  }

  #linkOf(config: InterfaceConfig): Link | undefined {
    const device = deviceOf(config.name)
    const link = this.#owner.links.links().get(device)
    if (link === undefined) return undefined
    const { interfaces } = this.#owner.core
    const others = this.#configs.filter(
      ({ name }) => name !== config.name && deviceOf(name) === device,
    )
    return linkOf(config, link, {
      inUse: interfaces.get(config.name)?.link,
      isNamed: (address) => others.some(({ name }) => placeOf(name).address === address),
      isTaken: (address) => others.some(({ name }) => interfaces.get(name)?.address === address),
      isVip: (address) => this.#vips.has(address),
    })
  }
}
