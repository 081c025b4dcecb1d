/**
 * A host as a real server behind directors that forward by direct routing or by tunnels: it has the VIP, and nobody hears
 * so by ARP.
 *
 * Every change is one entry of the state file, written before the change is made (real-server-state.ts): what fails is
 * undone at once, `stop` from any process undoes the rest, last first, and whoever starts again after a kill takes over
 * what is there. What was as it should be before is not ours, and stays.
 *
 * Order matters. `arp_ignore` and `arp_announce` come before the address, and go after it: in between, the host would
 * answer ARP for the VIP and take the clients of its subnet away from the directors. So an undo stops at the first
 * failure; what is left is still written down, and can be tried again.
 */
import { isDeepStrictEqual } from 'node:util'
import { OspfError } from '../errors.ts'
import type { DevicePort, HostDevice, SysctlPort } from '../ports.ts'
import { reasonOf } from '../reason.ts'
import {
  parseRealServer,
  type RealServerConfig,
  type RealServerHostOptions,
} from './real-server-options.ts'
import { type Change, type State, StateFile, type StateStore } from './real-server-state.ts'
import { type RealServerStatus, statusOf } from './real-server-status.ts'
import { type Wish, wishesOf } from './real-server-wishes.ts'

/** What a real server stands on; the default is Linux. */
export interface RealServerWorld extends Disposable {
  readonly devices: DevicePort
  readonly sysctls: SysctlPort
  readonly state: StateStore
  /** Keeps other processes out while something is changed. */
  readonly lock: () => Promise<AsyncDisposable>
}

/** A host that is a real server. Disposing it is `stop()`. */
export interface RealServerHost extends AsyncDisposable {
  /** What the kernel has of it now. */
  status(): Promise<RealServerStatus>
  /**
   * Undoes what was changed and nothing else. Idempotent, and fine when another process did it.
   * @throws OspfError in the kernel's words; what is not undone can be tried again
   */
  stop(): Promise<void>
}

/**
 * Makes this host a real server, or completes it: what is there already is kept, and what an earlier life did is taken
 * over. With other VIPs than before, those that are no longer wanted go. Nothing is changed when something fails.
 * @throws OspfError ERR_OSPF_CONFIG (the options, or it is one of another kind already), ERR_OSPF_PERMISSION,
 * ERR_OSPF_NO_INTERFACE, ERR_OSPF_DUPLICATE (another process is at it), ERR_OSPF_KERNEL, ERR_OSPF_NATIVE
 */
export async function realServer(
  options: RealServerHostOptions,
  world?: RealServerWorld,
): Promise<RealServerHost> {
  const config = parseRealServer(options)
  const { stateFile } = options
  await within(stateFile, world, (opened) => start(config, opened))
  return handle(stateFile, world)
}

/**
 * The real server that this host is, whichever process made it one; undefined: none that is written down.
 * @throws OspfError ERR_OSPF_CONFIG for a file that is none of ours, ERR_OSPF_PERMISSION
 */
export async function findRealServer(
  { stateFile }: { readonly stateFile?: string } = {},
  world?: RealServerWorld,
): Promise<RealServerHost | undefined> {
  const state = await within(stateFile, world, async (opened) => opened.state.read())
  return state && handle(stateFile, world)
}

function handle(stateFile: string | undefined, world: RealServerWorld | undefined): RealServerHost {
  const stop = (): Promise<void> => within(stateFile, world, end)
  return {
    status: () =>
      within(stateFile, world, async ({ devices, sysctls, state }) =>
        statusOf(state.read(), await devices.devices(), await portsOf(devices, state), sysctls),
      ),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** GUE ports are looked at only where they matter: it may load a module. */
const portsOf = async (devices: DevicePort, state: StateStore): Promise<readonly number[]> =>
  state.read()?.config.port === undefined ? [] : devices.guePorts()

async function within<T>(
  stateFile: string | undefined,
  world: RealServerWorld | undefined,
  act: (world: RealServerWorld) => Promise<T>,
): Promise<T> {
  if (world !== undefined) return act(world)
  using opened = await openLinux(stateFile)
  return await act(opened)
}

async function openLinux(stateFile: string | undefined): Promise<RealServerWorld> {
  const [{ LinuxDevices }, { LinuxSysctls }, { lockRealServer, namespace }] = await Promise.all([
    import('../linux/devices.ts'),
    import('../linux/sysctl.ts'),
    import('../linux/route-lock.ts'),
  ])
  const devices = LinuxDevices.open()
  const path = stateFile ?? `/run/ospf-speaker/real-server-${namespace()}.json`
  return {
    devices,
    sysctls: new LinuxSysctls(),
    state: new StateFile(path),
    lock: lockRealServer,
    [Symbol.dispose]: () => devices[Symbol.dispose](),
  }
}

/** What must not differ between two starts. */
const kindOf = ({
  mode,
  device,
  tunnel,
  port,
  local,
  checksum,
  scope,
}: RealServerConfig): object => ({
  mode,
  device,
  tunnel: tunnel ?? null,
  port: port ?? null,
  local: local ?? null,
  checksum: checksum ?? false,
  scope,
})

async function start(config: RealServerConfig, world: RealServerWorld): Promise<void> {
  await using _lock = await world.lock()
  const before = world.state.read()
  if (before !== undefined && !isDeepStrictEqual(kindOf(before.config), kindOf(config))) {
    const { mode, device, tunnel } = before.config
    throw new OspfError(
      'ERR_OSPF_CONFIG',
      `real server: this host is one already, ${tunnel ?? mode} on ${device}; stop it before it becomes another`,
    )
  }
  const journal = new Journal(world, config, before)
  try {
    await apply(config, journal, world)
  } catch (error) {
    await journal.undo(journal.added).catch((cause: unknown) => {
      throw new OspfError(
        'ERR_OSPF_KERNEL',
        `${reasonOf(error)}; and it could not be undone: ${reasonOf(cause)}`,
        { cause: error },
      )
    })
    journal.forget(before)
    throw error
  }
}

async function end(world: RealServerWorld): Promise<void> {
  await using _lock = await world.lock()
  const state = world.state.read()
  if (state === undefined) return world.state.remove()
  const journal = new Journal(world, state.config, state)
  await journal.undo(state.changes)
}

/** What was changed, kept up to date in the file. */
class Journal {
  readonly #world: RealServerWorld
  readonly #config: RealServerConfig
  #changes: readonly Change[]
  /** In this life. */
  added: readonly Change[] = []

  constructor(world: RealServerWorld, config: RealServerConfig, before: State | undefined) {
    this.#world = world
    this.#config = config
    this.#changes = before?.changes ?? []
  }

  /** Whether an earlier life made such a change, of the same thing. */
  find<T extends Change['type']>(
    type: T,
    is: (change: Extract<Change, { readonly type: T }>) => boolean,
  ): Extract<Change, { readonly type: T }> | undefined {
    return this.#changes.find(
      (each): each is Extract<Change, { readonly type: T }> =>
        each.type === type && is(each as Extract<Change, { readonly type: T }>),
    )
  }

  /** Writes a change down, and makes it. One that fails was none. */
  async make(change: Change, act: () => void | Promise<void>): Promise<void> {
    this.added = [...this.added, change]
    this.#save([...this.#changes, change])
    try {
      await act()
    } catch (error) {
      this.added = this.added.filter((each) => each !== change)
      this.#save(this.#changes.filter((each) => each !== change))
      throw error
    }
  }

  /** Undoes changes, last first; throws at the first that the kernel refuses. */
  async undo(changes: readonly Change[]): Promise<void> {
    for (const change of changes.toReversed()) {
      await undoOne(change, this.#world)
      this.#save(this.#changes.filter((each) => each !== change))
    }
    if (this.#changes.length === 0) this.#world.state.remove()
  }

  /** Everything is as wanted. */
  keep(): void {
    this.#save(this.#changes)
  }

  /** Everything is as it was. */
  forget(before: State | undefined): void {
    if (before !== undefined) this.#world.state.write({ ...before, changes: this.#changes })
  }

  #save(changes: readonly Change[]): void {
    this.#world.state.write({ boot: '', config: this.#config, changes })
    this.#changes = changes
  }
}

async function undoOne(change: Change, { devices, sysctls }: RealServerWorld): Promise<void> {
  const found = async (name: string): Promise<HostDevice | undefined> =>
    (await devices.devices()).find((each) => each.name === name)
  switch (change.type) {
    case 'gue':
      if ((await devices.guePorts()).includes(change.port)) await devices.removeGue(change.port)
      return
    case 'tunnel':
      if ((await found(change.device))?.kind === change.kind) {
        await devices.removeDevice(change.device)
      }
      return
    case 'mtu':
      // whoever changed it since knows better
      if ((await found(change.device))?.mtu === change.wanted) {
        await devices.setMtu(change.device, change.before)
      }
      return
    case 'sysctl':
      // of a device that is gone, nothing is left to put back
      if (sysctls.read(change.path) === change.wanted) sysctls.write(change.path, change.before)
      return
    case 'address':
      if ((await found(change.device)) !== undefined) await devices.removeAddress(change)
      return
    case 'up':
      if ((await found(change.device))?.up) await devices.setUp(change.device, false)
      return
  }
}

async function apply(
  config: RealServerConfig,
  journal: Journal,
  world: RealServerWorld,
): Promise<void> {
  const { devices } = world
  const { device, vips, label, scope, mtu } = config
  if (config.port !== undefined) await applyGue(config.port, journal, devices)
  if (config.tunnel !== undefined) await applyTunnel(config, journal, devices)
  const all = await devices.devices()
  const found = all.find(({ name }) => name === device)
  if (found === undefined) {
    throw new OspfError('ERR_OSPF_NO_INTERFACE', `no such device: ${device}`, { errno: 'ENODEV' })
  }
  if (mtu !== undefined && found.mtu !== mtu) {
    const earlier = journal.find('mtu', (each) => each.device === device && each.wanted === mtu)
    const set = (): Promise<void> => devices.setMtu(device, mtu)
    if (earlier !== undefined) await set()
    else await journal.make({ type: 'mtu', device, before: found.mtu, wanted: mtu }, set)
  }
  for (const wish of wishesOf(config, all)) await applySysctl(wish, journal, world.sysctls)
  for (const address of vips) {
    const isThere = found.addresses.some(
      (each) => each.address === address && each.prefixLength === 32,
    )
    if (isThere) continue
    const add = (): Promise<void> => devices.addAddress({ device, address, label, scope })
    const earlier = journal.find('address', (each) => each.address === address)
    if (earlier !== undefined) await add()
    else await journal.make({ type: 'address', device, address }, add)
  }
  if (!found.up) {
    const up = (): Promise<void> => devices.setUp(device, true)
    if (journal.find('up', (each) => each.device === device) !== undefined) await up()
    else await journal.make({ type: 'up', device }, up)
  }
  await dropVips(config, journal)
  journal.keep()
}

/** VIPs of before that are not wanted any more. */
async function dropVips({ vips }: RealServerConfig, journal: Journal): Promise<void> {
  for (;;) {
    const left = journal.find('address', ({ address }) => !vips.includes(address))
    if (left === undefined) return
    await journal.undo([left])
  }
}

async function applyGue(port: number, journal: Journal, devices: DevicePort): Promise<void> {
  if ((await devices.guePorts()).includes(port)) return
  const add = (): Promise<void> => devices.addGue(port)
  if (journal.find('gue', (each) => each.port === port) !== undefined) await add()
  else await journal.make({ type: 'gue', port }, add)
}

async function applyTunnel(
  { device, tunnel, local, checksum }: RealServerConfig,
  journal: Journal,
  devices: DevicePort,
): Promise<void> {
  // inside GUE, IPVS has plain IP in IP
  const kind = tunnel === 'gre' ? 'gre' : 'ipip'
  const look = async (): Promise<HostDevice | undefined> => {
    const found = (await devices.devices()).find(({ name }) => name === device)
    if (found !== undefined && found.kind !== kind) {
      throw new OspfError(
        'ERR_OSPF_CONFIG',
        `real server: device: expected a tunnel of kind ${kind}, got ${device}, which is ${found.kind ?? 'none'}`,
      )
    }
    return found
  }
  if ((await look()) !== undefined) return
  try {
    const add = (): Promise<void> => devices.addTunnel(device, kind, { local, checksum })
    const earlier = journal.find('tunnel', (each) => each.device === device)
    if (earlier !== undefined) await add()
    else await journal.make({ type: 'tunnel', device, kind }, add)
  } catch (error) {
    // loading the module has made the kernel's own device, of that name
    if (!(error instanceof OspfError) || error.errno !== 'EEXIST') throw error
    if ((await look()) !== undefined) return
    const own = kind === 'gre' ? 'gre0' : 'tunl0'
    throw new OspfError(
      'ERR_OSPF_KERNEL',
      `${error.message}; the kernel has ${own} for packets to any address: use that, or give local`,
      { cause: error, errno: 'EEXIST' },
    )
  }
}

async function applySysctl(wish: Wish, journal: Journal, sysctls: SysctlPort): Promise<void> {
  const { path, wanted, suffices } = wish
  const before = sysctls.read(path)
  if (before === undefined) {
    throw new OspfError(
      'ERR_OSPF_KERNEL',
      `${path}: this kernel or namespace has no such parameter`,
    )
  }
  if (before === wanted || suffices(before, (each) => sysctls.read(each))) return
  const write = (): void => sysctls.write(path, wanted)
  const earlier = journal.find('sysctl', (each) => each.path === path)
  if (earlier !== undefined) write()
  else await journal.make({ type: 'sysctl', path, before, wanted }, write)
}
