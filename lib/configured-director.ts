/**
 * The director of a configuration: its services are there before the VIPs that need them, and go after them. A reload
 * keeps what is known of the servers.
 */
import { isDeepStrictEqual } from 'node:util'
import type { LvsData } from './config/file-types.ts'
import { OspfError } from './errors.ts'
import type { Director, DirectorPorts, VipHooks } from './lvs/director.ts'
import { changesBetween } from './lvs/director-changes.ts'
import { type DirectorConfig, ProbeNames, parseDirector } from './lvs/director-config.ts'
import type { DirectorEvent } from './lvs/director-events.ts'
import type { DirectorOptions } from './lvs/director-options.ts'
import { isHopeless, LatePlane } from './lvs/late-plane.ts'
import type { ServiceStore } from './lvs/ledger.ts'
import type { ServiceFile } from './lvs/service-file.ts'
import type { IpvsPort } from './lvs/types.ts'
import type { Clock } from './ports.ts'

export interface DirectorWorld extends Pick<DirectorPorts, 'random' | 'notify'> {
  /** Default: the kernel's. */
  readonly openIpvs?: () => IpvsPort | Promise<IpvsPort>
  /** What remembers the services over a crash; default: the file of `openServiceFile`. */
  readonly openStore?: (lvs: LvsData) => Promise<(ServiceStore & AsyncDisposable) | undefined>
  /** Folder of the file that remembers the services over a crash, where `lvs: stateFile` says nothing; default: none. */
  readonly stateFolder?: string
}

/**
 * Opens who holds the services of a configuration; undefined: nobody.
 * @param onError told what cannot be put right by itself
 * @throws OspfError as `Ipvs.open` and `Nftables.open`
 */
export async function openDataPlane(
  { dataPlane = 'ipvs', checksOnly = false, keepOnStop = false }: LvsData,
  onError?: (error: OspfError) => void,
): Promise<IpvsPort | undefined> {
  if (dataPlane === 'none' || checksOnly) return undefined
  if (dataPlane === 'ipvs') {
    const { Ipvs } = await import('./lvs/ipvs.ts')
    return Ipvs.open()
  }
  const { type: _, ...options } = dataPlane === 'nftables' ? { type: dataPlane } : dataPlane
  const { Nftables } = await import('./lvs/nftables.ts')
  return Nftables.open({
    ...options,
    keepOnClose: keepOnStop,
    ...(onError === undefined ? {} : { onError }),
  })
}

/** What the director itself is asked. */
export function directorOptions({
  dataPlane = 'ipvs',
  stateFile: _,
  ...options
}: LvsData): DirectorOptions {
  return dataPlane === 'none' ? { ...options, checksOnly: true } : options
}

/** What cannot change: the plane, and whether there is one. */
const planeOf = (lvs: LvsData): unknown =>
  (directorOptions(lvs).checksOnly ?? false) ? 'none' : (lvs.dataPlane ?? 'ipvs')

/**
 * Opens what remembers the services over a crash; undefined: nothing does. The tables of nftables are ours by name.
 * @throws OspfError ERR_OSPF_DUPLICATE while another director has the file
 */
export async function openServiceFile(
  lvs: LvsData,
  folder?: string,
): Promise<ServiceFile | undefined> {
  const { stateFile } = lvs
  if (stateFile === false || planeOf(lvs) !== 'ipvs') return undefined
  if (stateFile === undefined && folder === undefined) return undefined
  const { ServiceFile, serviceFileIn } = await import('./lvs/service-file.ts')
  return ServiceFile.open(stateFile ?? serviceFileIn(folder!))
}

/** @throws OspfError ERR_OSPF_CONFIG that names the field */
export const parseLvs = (lvs: LvsData): DirectorConfig =>
  parseDirector(directorOptions(lvs), new ProbeNames())

/** Fields that are left out are to be as if they had never been there. */
const nothing = {
  defaults: undefined,
  vips: undefined,
  timeouts: undefined,
  reconcileInterval: undefined,
  retryInterval: undefined,
  maximumRetryInterval: undefined,
  keepOnStop: undefined,
  waitForPlane: undefined,
} satisfies { [K in Exclude<keyof DirectorOptions, 'services' | 'checksOnly'>]-?: undefined }

export class ConfiguredDirector {
  readonly #clock: Clock
  readonly #world: DirectorWorld
  readonly #say: (event: DirectorEvent) => void
  readonly #onError: (error: OspfError) => void
  #director: Director | undefined
  #ipvs: IpvsPort | undefined
  #store: (ServiceStore & AsyncDisposable) | undefined
  #lvs: LvsData | undefined
  /** Counts the changes: a later one overtakes what an earlier one has put off. */
  #change = 0

  constructor(
    clock: Clock,
    world: DirectorWorld,
    say: (event: DirectorEvent) => void,
    onError: (error: OspfError) => void,
  ) {
    this.#onError = onError
    this.#clock = clock
    this.#world = world
    this.#say = say
  }

  /** Undefined: there has been nothing to direct. */
  get director(): Director | undefined {
    return this.#director
  }

  /** @throws OspfError ERR_OSPF_CONFIG: what cannot change while it runs */
  check(lvs: LvsData | undefined): void {
    if (lvs === undefined || this.#lvs === undefined) return
    const refuse = (field: string): never => {
      const what = 'cannot change while the speaker runs; stop it and start anew'
      throw new OspfError('ERR_OSPF_CONFIG', `lvs: ${field}: ${what}`)
    }
    if (!isDeepStrictEqual(planeOf(lvs), planeOf(this.#lvs))) refuse('dataPlane')
    if (lvs.stateFile !== this.#lvs.stateFile) refuse('stateFile')
  }

  /** Lines for people. */
  differences(lvs: LvsData | undefined): string[] {
    const [before, after] = [this.#lvs, lvs].map((one) => parseLvs(one ?? { services: [] }))
    return changesBetween(before!, after!).map((line) => `lvs: ${line}`)
  }

  /**
   * Makes it what is wanted now. Services that are not wanted any more stay until `gone`.
   * @throws OspfError as `Director.start` and `Ipvs.open`
   */
  async to(lvs: LvsData | undefined, gone?: Promise<unknown>): Promise<void> {
    const change = ++this.#change
    if (this.#director === undefined) {
      if (lvs === undefined) return
      await this.#start(lvs)
    } else {
      const options = directorOptions(lvs ?? { services: [] })
      const update = async (services: DirectorOptions['services']): Promise<void> => {
        const { checksOnly: _, ...rest } = options
        await this.#director?.update({ ...nothing, ...rest, services } as Partial<DirectorOptions>)
      }
      const leftovers = gone === undefined ? [] : this.#leftovers(options)
      await update([...options.services, ...leftovers])
      if (leftovers.length > 0)
        void gone
          ?.then(async () => {
            if (this.#change === change) await update(options.services)
          })
          .catch(() => {})
    }
    this.#lvs = lvs ?? (this.#lvs && { ...this.#lvs, services: [] })
  }

  /** Services of now that are not in these. */
  #leftovers(options: DirectorOptions): DirectorOptions['services'] {
    if (this.#lvs === undefined) return []
    const wanted = new Set(parseDirector(options, new ProbeNames()).services.map(({ id }) => id))
    const now = directorOptions(this.#lvs)
    const { services } = parseDirector(now, new ProbeNames())
    return now.services.filter((_, i) => !wanted.has(services[i]!.id))
  }

  async #start(lvs: LvsData): Promise<void> {
    const options = directorOptions(lvs)
    const { random, notify } = this.#world
    if (options.checksOnly !== true) this.#ipvs = await this.#open(lvs)
    try {
      // loaded by the first who has services
      const { Director } = await import('./lvs/director.ts')
      const { openStore = (one) => openServiceFile(one, stateFolder), stateFolder } = this.#world
      this.#store = await openStore(lvs)
      this.#director = await Director.start({
        ...options,
        clock: this.#clock,
        ...(this.#ipvs === undefined ? {} : { ipvs: this.#ipvs }),
        ...(this.#store === undefined ? {} : { store: this.#store }),
        ...(random === undefined ? {} : { random }),
        ...(notify === undefined ? {} : { notify }),
      })
    } catch (error) {
      await this.#close()
      throw error
    }
    void this.#follow(this.#director)
  }

  async #open(lvs: LvsData): Promise<IpvsPort | undefined> {
    const open = async (): Promise<IpvsPort | undefined> =>
      (await this.#world.openIpvs?.()) ?? (await openDataPlane(lvs, this.#onError))
    try {
      return await open()
    } catch (error) {
      if (lvs.waitForPlane !== true || !isHopeless(error)) throw error
      return new LatePlane(open as () => Promise<IpvsPort>, planeOf(lvs) !== 'ipvs')
    }
  }

  async #follow(director: Director): Promise<void> {
    for await (const event of director) this.#say(event)
  }

  /** For the announcement of a VIP. @throws OspfError ERR_OSPF_CONFIG: no service has this address */
  vip(address: string): VipHooks {
    if (this.#director === undefined)
      throw new OspfError('ERR_OSPF_CONFIG', `VIP ${address}: expected an address of a service`)
    return this.#director.vip(address)
  }

  /** To be called when nothing is announced any more. */
  async stop(): Promise<void> {
    await this.#director?.stop()
    await this.#close()
  }

  async #close(): Promise<void> {
    await this.#ipvs?.[Symbol.asyncDispose]()
    await this.#store?.[Symbol.asyncDispose]()
    this.#ipvs = undefined
    this.#store = undefined
  }
}
