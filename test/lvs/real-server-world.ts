/** A host in memory, to be made a real server. */
import { OspfError } from '../../lib/errors.ts'
import type { RealServerWorld } from '../../lib/lvs/real-server.ts'
import type { State } from '../../lib/lvs/real-server-state.ts'
import type { DevicePort, HostAddress, HostDevice, TunnelDetails } from '../../lib/ports.ts'
import { parseIpv4 } from '../../lib/wire/address.ts'
import { FakeSysctls } from '../sysctls.ts'

export const address = (text: string): number => parseIpv4(text)!

export function device(name: string, more: Partial<HostDevice> = {}): HostDevice {
  return {
    name,
    index: 1,
    up: true,
    loopback: name === 'lo',
    broadcast: name !== 'lo',
    mtu: 1500,
    kind: undefined,
    local: undefined,
    addresses: [],
    ...more,
  }
}

const on = (text: string, prefixLength: number) => ({
  address: address(text),
  prefixLength,
  peer: undefined,
})

export class FakeHost implements DevicePort {
  readonly sysctls: FakeSysctls
  found: readonly HostDevice[] = [
    device('lo', { addresses: [on('127.0.0.1', 8)] }),
    device('eth0', { addresses: [on('10.0.1.11', 24)] }),
  ]
  gue: readonly number[] = []
  state: State | undefined
  /** What was done, in order. */
  readonly done: string[] = []
  /** Fails the n-th change, counted from 1; 0: none. */
  failAt = 0
  /** The kernel makes its own tunnel device with the first tunnel. */
  own: string | undefined
  #count = 0

  constructor(values: Readonly<Record<string, number>> = {}) {
    const names = ['all', 'lo', 'eth0'].flatMap((name) =>
      ['arp_ignore', 'arp_announce', 'rp_filter'].map((parameter) => `${name}/${parameter}`),
    )
    this.sysctls = new FakeSysctls(
      Object.fromEntries(
        names.map((name) => [`net/ipv4/conf/${name}`, values[name] ?? 0] as const),
      ),
    )
    const write = this.sysctls.write.bind(this.sysctls)
    this.sysctls.write = (path, value) => {
      this.#do(`${path.replace('net/ipv4/conf/', '')} ${value}`)
      write(path, value)
    }
  }

  /** Everything that a real server changes. */
  get picture(): unknown {
    return {
      found: this.found,
      gue: this.gue,
      sysctls: [...this.sysctls.values].filter(([path]) => /\/(all|lo|eth0)\//.test(path)),
    }
  }

  restart(failAt = 0): void {
    this.#count = 0
    this.failAt = failAt
    this.done.length = 0
  }

  #do(what: string): void {
    if (++this.#count === this.failAt) throw new OspfError('ERR_OSPF_KERNEL', `${what}: no`)
    this.done.push(what)
  }

  #change(name: string, more: Partial<HostDevice>): void {
    this.found = this.found.map((each) => (each.name === name ? { ...each, ...more } : each))
  }

  async devices(): Promise<readonly HostDevice[]> {
    return this.found
  }

  async addTunnel(
    name: string,
    kind: 'ipip' | 'gre',
    { local, checksum = false }: TunnelDetails = {},
  ): Promise<void> {
    if (this.own !== undefined && !this.found.some((each) => each.name === this.own)) {
      this.#add(this.own, kind)
    }
    if (this.own === name || (this.own !== undefined && local === undefined)) {
      throw new OspfError('ERR_OSPF_KERNEL', 'File exists', { errno: 'EEXIST' })
    }
    this.#do(`add ${kind} ${name}${checksum ? ' with checksums' : ''}`)
    this.#add(name, kind, local)
  }

  #add(name: string, kind: string, local?: number): void {
    this.found = [...this.found, device(name, { up: false, broadcast: false, kind, local })]
    for (const parameter of ['arp_ignore', 'arp_announce', 'rp_filter']) {
      this.sysctls.values.set(`net/ipv4/conf/${name}/${parameter}`, 0)
    }
  }

  async removeDevice(name: string): Promise<void> {
    this.#do(`remove ${name}`)
    this.found = this.found.filter((each) => each.name !== name)
    for (const path of this.sysctls.values.keys()) {
      if (path.includes(`/${name}/`)) this.sysctls.values.delete(path)
    }
  }

  async setUp(name: string, up: boolean): Promise<void> {
    this.#do(`${name} ${up ? 'up' : 'down'}`)
    this.#change(name, { up })
  }

  async setMtu(name: string, mtu: number): Promise<void> {
    this.#do(`${name} mtu ${mtu}`)
    this.#change(name, { mtu })
  }

  async addAddress({ device, address }: HostAddress): Promise<void> {
    this.#do(`add ${address} to ${device}`)
    const { addresses } = this.found.find(({ name }) => name === device)!
    const added = { address, prefixLength: 32, peer: undefined }
    this.#change(device, { addresses: [...addresses, added] })
  }

  async removeAddress({ device, address }: HostAddress): Promise<void> {
    this.#do(`remove ${address} from ${device}`)
    const { addresses } = this.found.find(({ name }) => name === device)!
    this.#change(device, { addresses: addresses.filter((each) => each.address !== address) })
  }

  async guePorts(): Promise<readonly number[]> {
    return this.gue
  }

  async addGue(port: number): Promise<void> {
    this.#do(`gue ${port}`)
    this.gue = [...this.gue, port]
  }

  async removeGue(port: number): Promise<void> {
    this.#do(`no gue ${port}`)
    this.gue = this.gue.filter((each) => each !== port)
  }

  async askArp(): Promise<string | undefined> {
    return undefined
  }
}

/** Each call is another process: nothing but the host and its file is shared. */
export const world = (host: FakeHost): RealServerWorld => ({
  devices: host,
  sysctls: host.sysctls,
  state: {
    // as a file has it
    read: () => host.state && (JSON.parse(JSON.stringify(host.state)) as State),
    write: (state) => {
      host.state = state
    },
    remove: () => {
      host.state = undefined
    },
  },
  lock: async () => ({ [Symbol.asyncDispose]: async () => {} }),
  [Symbol.dispose]: () => {},
})
