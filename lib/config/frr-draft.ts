/** What has been read so far, and what every statement may do to it. */

import type { NssaOptions, RangeOptions } from '../area-options.ts'
import { type FrrAuthentication, KeyChainReader } from './frr-authentication.ts'
import type { Args } from './frr-grammar.ts'
import { area, Refusal, shown } from './frr-parse.ts'
import { type Feature, reasons } from './frr-pending.ts'
import { type MapEntry, Policies } from './frr-policy.ts'
import type {
  FrrAddress,
  FrrCompat,
  FrrInterface,
  FrrInterfaceSettings,
  FrrNeighbor,
  FrrNetwork,
  FrrNotice,
  FrrOptions,
  FrrPlace,
  FrrProblem,
  FrrStaticRoute,
  FrrVirtualLink,
} from './frr-types.ts'

/** Where a statement stands: at the top, or in which block. `other` is a block of another daemon. */
export type Mode =
  | 'config'
  | 'interface'
  | 'router ospf'
  | 'route-map'
  | 'key chain'
  | 'key'
  | 'line vty'
  | 'vrf'
  | 'other'

/** What a statement does. */
export type Statement = (draft: Draft, args: Args) => void
/** The statements of a block, by their grammar. */
export type Statements = Readonly<Record<string, Statement>>
export type { Args }

/** Something that is said by name before or after what it names: looked up when all is read. */
export interface Reference {
  readonly name: string
  readonly place: FrrPlace
  readonly statement: string
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** What is said of an area. */
export interface AreaDraft {
  readonly id: string
  type: 'normal' | 'stub' | 'nssa'
  noSummary: boolean
  defaultCost?: number
  authentication?: 'simple' | 'message-digest'
  readonly ranges: Map<string, Mutable<RangeOptions>>
  readonly nssa: {
    translator?: NonNullable<NssaOptions['translator']>
    defaultOriginate?: { readonly metric?: number; readonly type?: 1 | 2 }
    readonly ranges: Map<string, Mutable<RangeOptions>>
  }
  /** `filter-list prefix` and `import-list`, `export-list`. */
  readonly filters: Map<'in' | 'out' | 'import' | 'export', Reference>
  readonly virtualLinks: Map<string, FrrVirtualLink>
}

const newArea = (id: string): AreaDraft => ({
  id,
  type: 'normal',
  noSummary: false,
  ranges: new Map(),
  nssa: { ranges: new Map() },
  filters: new Map(),
  virtualLinks: new Map(),
})

/** Externals to originate: by which statement, and how. */
export interface OriginatedDraft {
  readonly from: Reference
  readonly metric?: number
  readonly type?: 1 | 2
  readonly routeMap?: Reference
}

interface SummaryAddressDraft {
  readonly from: Reference
  readonly advertise: boolean
  readonly tag?: number
}

interface StubRouterDraft {
  administrative: Reference | undefined
  onStartup: (Reference & { readonly seconds: number }) | undefined
  onShutdown: (Reference & { readonly seconds: number }) | undefined
}

/** What `router ospf` says, and is forgotten at `no router ospf`. */
export class RouterDraft {
  readonly place: FrrPlace
  readonly instance: string
  /** '': the default one. */
  readonly vrf: string
  readonly options: Partial<Mutable<FrrOptions>> = {}
  readonly areas: Map<string, AreaDraft> = new Map()
  readonly networks: Map<string, FrrNetwork> = new Map()
  readonly neighbors: Map<string, FrrNeighbor> = new Map()
  /** By protocol. */
  readonly redistribute: Map<string, OriginatedDraft> = new Map()
  readonly distributeLists: Map<string, Reference> = new Map()
  defaultInformation: (OriginatedDraft & { readonly always: boolean }) | undefined
  defaultMetric: number | undefined
  readonly summaryAddresses: Map<string, SummaryAddressDraft> = new Map()
  readonly stubRouter: StubRouterDraft = {
    administrative: undefined,
    onStartup: undefined,
    onShutdown: undefined,
  }

  constructor(place: FrrPlace, instance: string, vrf: string) {
    this.place = place
    this.instance = instance
    this.vrf = vrf
  }

  area(id: string): AreaDraft {
    const key = area(id)
    const draft = this.areas.get(key) ?? newArea(key)
    this.areas.set(key, draft)
    return draft
  }
}

/** What zebra is told of one VRF. */
export class VrfDraft {
  /** `ip router-id`, where `router ospf` says nothing. */
  routerId?: string
  /** `ip protocol ospf route-map`; and `any`, where OSPF has none of its own. */
  readonly filters: Map<'ospf' | 'any', Reference> = new Map()
  /** Statements that matter to a `router ospf` of this VRF alone. */
  readonly notices: FrrNotice[] = []
}

export class Draft {
  readonly compat: FrrCompat
  /** What the speaker has no options for. */
  readonly lacks: ReadonlySet<Feature>
  /** `ip ospf N area`: the instances that interfaces name. */
  readonly instances: Map<string, Reference> = new Map()
  mode: Mode = 'config'
  place: FrrPlace = { file: '', line: 0 }
  /** The words of the line. */
  words: readonly string[] = []
  /** The device of the block. */
  interface = ''
  router: RouterDraft | undefined
  /** The entry of the block. */
  mapEntry: MapEntry = {
    sequence: 0,
    action: 'deny',
    matches: new Map(),
    sets: new Map(),
    foreign: [],
  }
  hostname: string | undefined
  /** By name; '': the default one. */
  readonly vrfs: Map<string, VrfDraft> = new Map()
  /** The VRF of the block. */
  vrfBlock = ''
  /** The VRF that an `interface` statement names, by device. */
  readonly interfaceVrfs: Map<string, string> = new Map()
  readonly policies: Policies = new Policies()
  readonly keyChains: KeyChainReader = new KeyChainReader()
  readonly interfaces: Map<string, FrrInterface> = new Map()
  readonly addresses: Map<string, FrrAddress> = new Map()
  staticRoutes: readonly FrrStaticRoute[] = []
  readonly accepted: FrrNotice[] = []
  readonly errors: FrrProblem[] = []

  constructor(compat: FrrCompat, lacks: ReadonlySet<Feature>) {
    this.compat = compat
    this.lacks = lacks
  }

  /** Refuses the statement where the speaker lacks what it asks for. */
  needs(feature: Feature): void {
    if (this.lacks.has(feature)) throw new Refusal(reasons[feature])
  }

  /** Runs `act`; what it refuses becomes an error at `place`. */
  guard<T>(place: FrrPlace, act: () => T): T | undefined {
    try {
      return act()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.errors.push({ ...place, message: error.message })
      return undefined
    }
  }

  /** Notes the statement as one that changes nothing here. */
  accept(reason?: string): void {
    const notice = { ...this.place, statement: shown(this.words) }
    this.accepted.push(reason === undefined ? notice : { ...notice, reason })
  }

  reference(name: string): Reference {
    return { name, place: this.place, statement: shown(this.words) }
  }

  /** The VRF that a statement is about: that which it names, or that of the block. */
  vrfOf(name: string | undefined): string {
    return vrfName(name ?? (this.mode === 'vrf' ? this.vrfBlock : ''))
  }

  /** What is told zebra of the VRF that a statement is about. */
  vrf(name: string | undefined): VrfDraft {
    const key = this.vrfOf(name)
    const draft = this.vrfs.get(key) ?? new VrfDraft()
    this.vrfs.set(key, draft)
    draft.notices.push({ ...this.place, statement: shown(this.words) })
    return draft
  }

  /** The router that the block is about. */
  get ospf(): RouterDraft {
    if (this.router === undefined) throw new Error('a statement of a router outside of its block')
    return this.router
  }

  settings(name: string = this.interface): FrrInterface {
    const settings = this.interfaces.get(name) ?? {}
    this.interfaces.set(name, settings)
    return settings
  }

  /** What is said of the interface, or of one address of it. */
  settingsAt(address: string | undefined, name: string = this.interface): FrrInterfaceSettings {
    const settings = this.settings(name)
    if (address === undefined) return settings
    settings.byAddress ??= {}
    return (settings.byAddress[address] ??= {})
  }

  authentication(address: string | undefined): FrrAuthentication {
    return (this.settingsAt(address).authentication ??= { digestKeys: [] })
  }
}

/** The default VRF has a name, too. */
export const vrfName = (name: string | undefined): string =>
  name === undefined || name === 'default' ? '' : name

/** A statement that manages a daemon: nothing to do. */
export const accept: Statement = (d) => d.accept()

/** A statement that is understood, and not done here; refused when asked to be strict. */
export const ignore =
  (reason: string): Statement =>
  (d) =>
    d.accept(reason)

/** A statement that would make another router of this one, so that it cannot be passed over. */
export const refuse =
  (reason: string): Statement =>
  () => {
    throw new Refusal(reason)
  }

/** Both forms of a switch. */
export const isOn = ({ no }: Args): boolean => no === undefined
