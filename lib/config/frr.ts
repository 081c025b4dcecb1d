/**
 * Quagga's and FRR's configuration text (ospfd.conf, zebra.conf, frr.conf) as options of a speaker. Every statement is
 * applied, accepted as of no consequence here, or an error with its file and line; with one error nothing is returned,
 * so that a box never runs on half of its configuration. The syntax is that of FRR 8.4, which reads Quagga 0.99's.
 */

import { parseIpv4 } from '../wire/address.ts'
import {
  addDigestKey,
  type FrrAuthentication,
  KeyChainReader,
  type KeyChains,
  password,
} from './frr-authentication.ts'
import {
  address,
  area,
  device,
  integer,
  lookup,
  prefix,
  Refusal,
  type Statements,
  shown,
  wordsOf,
} from './frr-parse.ts'
import { Policy } from './frr-policy.ts'

export interface FrrFile {
  /** As it shall stand in messages. */
  readonly name: string
  readonly text: string
}

/** Where something stands. Lines count from 1. */
export interface FrrPlace {
  readonly file: string
  readonly line: number
}

/** A statement that was understood and changes nothing here. Passwords are not repeated. */
export interface FrrNotice extends FrrPlace {
  readonly statement: string
}

export interface FrrProblem extends FrrPlace {
  readonly message: string
}

/** `network P/L area A`: addresses within the prefix take part in the area; host bits are cleared. */
export interface FrrNetwork extends FrrPlace {
  readonly prefix: string
  readonly length: number
  readonly area: string
}

/** `ip address A/L` under an interface: an address the device shall have. */
export interface FrrAddress extends FrrPlace {
  readonly device: string
  readonly address: string
  readonly length: number
}

/** What was said of one interface. Times in seconds. */
export interface FrrInterface {
  /** `ip ospf area`: the area of all its addresses. */
  area?: string
  network?: 'broadcast' | 'point-to-point'
  cost?: number
  helloInterval?: number
  /** Four times the hello interval when only that was given, as in FRR. */
  deadInterval?: number
  retransmitInterval?: number
  transmitDelay?: number
  priority?: number
  passive?: boolean
  mtuIgnore?: boolean
  authentication?: FrrAuthentication
}

export interface FrrOptions {
  readonly hostname?: string
  /** `router-info`: a Router Information LSA is sent, with the hostname in it, which FRR leaves out. */
  readonly routerInformation?: 'area' | 'as'
  readonly routerId: string
  /** `area N authentication`, by area; interfaces may say otherwise. */
  readonly areaAuthentication?: Readonly<Record<string, 'simple' | 'message-digest'>>
  readonly keyChains?: KeyChains
  readonly networks: readonly FrrNetwork[]
  /** By device name; what was said of one address of it, by 'eth0:A.B.C.D'. */
  readonly interfaces: Readonly<Record<string, FrrInterface>>
  readonly addresses: readonly FrrAddress[]
  /** `passive-interface default`: interfaces that do not say otherwise are passive. */
  readonly passiveDefault: boolean
  /** False when `ip protocol ospf route-map` denies every route: learn, install nothing. */
  readonly installRoutes: boolean
  readonly maximumPaths?: number
  /** Mbit/s, for interfaces without a cost. */
  readonly referenceBandwidth?: number
  /** `timers throttle spf`: delay, first and longest hold time, in seconds. */
  readonly spfThrottle?: {
    readonly delay: number
    readonly hold: number
    readonly maximumHold: number
  }
  /** `timers throttle lsa all`: MinLSInterval, in seconds. */
  readonly minLsInterval?: number
  /** `max-metric router-lsa`; seconds. */
  readonly stubRouter?: {
    readonly always?: true
    readonly onStartup?: number
    readonly onShutdown?: number
  }
  /** `timers lsa min-arrival`: MinLSArrival, in seconds. */
  readonly minLsArrival?: number
}

export interface FrrImport {
  /** Undefined when there are errors. */
  readonly options: FrrOptions | undefined
  readonly accepted: readonly FrrNotice[]
  readonly errors: readonly FrrProblem[]
}

/** Reads the files as one configuration. Never throws on their account: what is wrong is in `errors`. */
export function importFrr(files: readonly FrrFile[]): FrrImport {
  const draft = new Draft()
  for (const file of files) draft.read(file)
  return draft.finish(files[0]?.name ?? '')
}

type Mode = 'key chain' | 'key' | 'config' | 'interface' | 'router ospf' | 'route-map' | 'line vty'
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

class Draft {
  mode: Mode = 'config'
  place: FrrPlace = { file: '', line: 0 }
  interface = ''
  /** The address of the interface that a statement is about. */
  address: string | undefined
  mapEntry: { readonly lists: string[] } = { lists: [] }
  router: FrrPlace | undefined
  filter: { readonly map: string; readonly place: FrrPlace } | undefined
  readonly policy = new Policy()
  readonly keyChains = new KeyChainReader()
  readonly options: Partial<Mutable<FrrOptions>> = {}
  readonly networks = new Map<string, FrrNetwork>()
  readonly interfaces = new Map<string, FrrInterface>()
  readonly addresses: FrrAddress[] = []
  readonly accepted: FrrNotice[] = []
  readonly errors: FrrProblem[] = []
  #words: string[] = []

  read({ name, text }: FrrFile): void {
    this.mode = 'config'
    for (const [i, line] of text
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/)
      .entries()) {
      this.#words = wordsOf(line)
      this.place = { file: name, line: i + 1 }
      if (this.#words.length > 0) this.guard(this.place, () => this.#statement(/^\s/.test(line)))
    }
  }

  finish(firstFile: string): FrrImport {
    if (this.router === undefined) {
      const place = { file: firstFile, line: 1 }
      this.errors.push({ ...place, message: "no 'router ospf' in the files given" })
    } else if (this.options.routerId === undefined) {
      // FRR would take the highest address on lo, which a pair of directors has in common: the VIP.
      const message = "router ospf: no router id; state it with 'ospf router-id A.B.C.D'"
      this.errors.push({ ...this.router, message })
    }
    const { filter } = this
    let installRoutes = true
    if (filter !== undefined)
      this.guard(filter.place, () => {
        installRoutes = this.policy.installs(filter.map)
      })

    // their errors have no line of their own: it is what is not there
    const place = { file: firstFile, line: 1 }
    this.guard(place, () => {
      const keyChains = this.keyChains.finish()
      if (Object.keys(keyChains).length > 0) this.options.keyChains = keyChains
    })
    const { routerId, passiveDefault = false, ...rest } = this.options
    const accepted = this.accepted
    if (routerId === undefined || this.errors.length > 0)
      return { options: undefined, accepted, errors: this.errors }
    for (const settings of this.interfaces.values())
      if (settings.helloInterval !== undefined) settings.deadInterval ??= 4 * settings.helloInterval
    const options: FrrOptions = {
      ...rest,
      routerId,
      networks: [...this.networks.values()],
      interfaces: Object.fromEntries(this.interfaces),
      addresses: this.addresses,
      passiveDefault,
      installRoutes,
    }
    return { options, accepted, errors: [] }
  }

  /** Runs `act`; what it refuses becomes an error at `place`. */
  guard(place: FrrPlace, act: () => void): void {
    try {
      act()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.errors.push({ ...place, message: error.message })
    }
  }

  accept(): void {
    this.accepted.push({ ...this.place, statement: shown(this.#words) })
  }

  settings(name: string = this.#addressed): FrrInterface {
    const settings = this.interfaces.get(name) ?? {}
    this.interfaces.set(name, settings)
    return settings
  }

  get #addressed(): string {
    return this.address === undefined ? this.interface : `${this.interface}:${this.address}`
  }

  authentication(): FrrAuthentication {
    return (this.settings().authentication ??= { digestKeys: [] })
  }

  /** As vty reads: a statement is looked up where we are, then at the top, which leaves the block. */
  #statement(indented: boolean): void {
    const words = this.#words
    const address = this.mode === 'interface' ? addressIn(words) : undefined
    const here =
      lookup(statements[this.mode], words) ??
      (address === undefined ? undefined : lookup(interfaceStatements, words.slice(0, -1)))
    this.address = here && here.args.at(-1) !== address ? address : undefined
    const found = here ?? lookup(statements.config, words)
    if (found === undefined) {
      const { mode } = this
      if (!indented) this.mode = 'config'
      throw new Refusal(explain(words, indented ? mode : 'config'))
    }
    if (here === undefined) this.mode = 'config'
    try {
      found.apply(this, ...found.args)
    } catch (error) {
      if (error instanceof Refusal) error.message = `${shown(words)}: ${error.message}`
      throw error
    }
  }
}

/** `ip ospf cost 5 A.B.C.D` is about one address of the interface. */
function addressIn(words: readonly string[]): string | undefined {
  const last = words.at(-1)!
  const isOspf = words.join(' ').startsWith('ip ospf ')
  return isOspf && parseIpv4(last) !== undefined ? last : undefined
}

function explain(words: readonly string[], mode: Mode): string {
  for (const [block, table] of Object.entries(statements))
    if (lookup(table, words) !== undefined) return `${shown(words)}: belongs under '${block}'`
  return `not supported${mode === 'config' ? '' : ` under '${mode}'`}: ${shown(words)}`
}

const seconds = (word: string): number => integer(word, 1, 65535)
const milliseconds = (word: string, most: number): number => integer(word, 0, most) / 1000
const accept = (d: Draft): void => d.accept()

const config: Statements<Draft> = {
  'interface *': (d, name) => {
    d.mode = 'interface'
    d.interface = device(name)
    d.settings()
  },
  'router ospf': (d) => {
    d.mode = 'router ospf'
    d.router ??= d.place
  },
  'route-map * * *': (d, name, verb, sequence) => {
    d.mapEntry = d.policy.entry(name, verb, sequence)
    d.mode = 'route-map'
  },
  'access-list * ...': (d, name, ...rule) => d.policy.accessList(name, rule),
  'key chain *': (d, name) => {
    d.keyChains.chain(name)
    d.mode = 'key chain'
  },
  'ip protocol ospf route-map *': (d, map) => {
    d.filter = { map, place: d.place }
  },
  'hostname *': (d, name) => {
    d.options.hostname = name
    d.accept()
  },
  'line vty': (d) => {
    d.mode = 'line vty'
    d.accept()
  },
  'password ...': accept,
  'enable password ...': accept,
  'log ...': accept,
  'service ...': accept,
  'frr version ...': accept,
  'frr defaults ...': accept,
  'debug ...': accept,
  exit: (d) => {
    d.mode = 'config'
  },
  end: (d) => {
    d.mode = 'config'
  },
}

const interfaceStatements: Statements<Draft> = {
  'ip ospf area *': (d, id) => {
    if (d.networks.size > 0) throw new Refusal("not together with 'network ... area' statements")
    d.settings().area = area(id)
  },
  'ip ospf network *': (d, type) => {
    if (type !== 'broadcast' && type !== 'point-to-point')
      throw new Refusal(`network type '${type}' is not supported`)
    d.settings().network = type
  },
  'ip ospf cost *': (d, n) => {
    d.settings().cost = integer(n, 1, 65535)
  },
  'ip ospf hello-interval *': (d, n) => {
    d.settings().helloInterval = seconds(n)
  },
  'ip ospf dead-interval *': (d, n) => {
    d.settings().deadInterval = seconds(n)
  },
  'ip ospf retransmit-interval *': (d, n) => {
    d.settings().retransmitInterval = seconds(n)
  },
  'ip ospf transmit-delay *': (d, n) => {
    d.settings().transmitDelay = seconds(n)
  },
  'ip ospf priority *': (d, n) => {
    d.settings().priority = integer(n, 0, 255)
  },
  'ip ospf mtu-ignore': (d) => {
    d.settings().mtuIgnore = true
  },
  'ip ospf passive': (d) => {
    d.settings().passive = true
  },
  'no ip ospf passive': (d) => {
    d.settings().passive = false
  },
  'ip ospf authentication': (d) => {
    d.authentication().type = 'simple'
  },
  'ip ospf authentication null': (d) => {
    d.authentication().type = 'null'
  },
  'ip ospf authentication message-digest': (d) => {
    d.authentication().type = 'message-digest'
  },
  'ip ospf authentication key-chain *': (d, name) => {
    d.authentication().keyChain = name
  },
  'ip ospf authentication-key *': (d, key) => {
    d.authentication().password = password(key)
  },
  'ip ospf message-digest-key * md5 *': (d, id, key) => addDigestKey(d.authentication(), id, key),
  'ip address *': (d, word) => {
    const { address, length } = prefix(word)
    d.addresses.push({ device: d.interface, address, length, ...d.place })
  },
  'description ...': accept,
  'no shutdown': accept,
  'link-detect': accept,
  multicast: accept,
}

const routerStatements: Statements<Draft> = {
  'ospf router-id *': (d, id) => routerId(d, id),
  'router-id *': (d, id) => routerId(d, id),
  'network * area *': (d, word, id) => {
    if ([...d.interfaces.values()].some((settings) => settings.area !== undefined))
      throw new Refusal("not together with 'ip ospf area' statements")
    const { network, length } = prefix(word)
    const entry = { prefix: network, length, area: area(id), ...d.place }
    const key = `${network}/${length}`
    const before = d.networks.get(key)
    if (before !== undefined && before.area !== entry.area)
      throw new Refusal(`${key} is in area ${before.area} by ${before.file}:${before.line}`)
    if (before === undefined) d.networks.set(key, entry)
  },
  'passive-interface default': (d) => {
    d.options.passiveDefault = true
  },
  'passive-interface *': (d, name) => {
    d.settings(device(name)).passive = true
  },
  'no passive-interface default': (d) => {
    d.options.passiveDefault = false
  },
  'no passive-interface *': (d, name) => {
    d.settings(device(name)).passive = false
  },
  'log-adjacency-changes': accept,
  'log-adjacency-changes detail': accept,
  'maximum-paths *': (d, n) => {
    d.options.maximumPaths = integer(n, 1, 256)
  },
  'auto-cost reference-bandwidth *': (d, n) => {
    d.options.referenceBandwidth = integer(n, 1, 4294967)
  },
  'max-metric router-lsa administrative': (d) => stubRouter(d, { always: true }),
  'max-metric router-lsa on-startup *': (d, n) =>
    stubRouter(d, { onStartup: integer(n, 5, 86_400) }),
  'max-metric router-lsa on-shutdown *': (d, n) =>
    stubRouter(d, { onShutdown: integer(n, 5, 100) }),
  'area * authentication': (d, id) => areaAuthentication(d, id, 'simple'),
  'area * authentication message-digest': (d, id) => areaAuthentication(d, id, 'message-digest'),
  'timers throttle spf * * *': (d, delay, hold, maximum) => {
    d.options.spfThrottle = {
      delay: milliseconds(delay, 600000),
      hold: milliseconds(hold, 600000),
      maximumHold: milliseconds(maximum, 600000),
    }
  },
  'timers throttle lsa all *': (d, n) => {
    d.options.minLsInterval = milliseconds(n, 5000)
  },
  // opaque LSAs are always carried
  'capability opaque': accept,
  'ospf opaque-lsa': accept,
  'router-info as': (d) => {
    d.options.routerInformation = 'as'
  },
  'router-info area': (d) => {
    d.options.routerInformation = 'area'
  },
  // FRR ignores which
  'router-info area *': (d, id) => {
    area(id)
    d.options.routerInformation = 'area'
  },
  'timers lsa min-arrival *': (d, n) => {
    d.options.minLsArrival = milliseconds(n, 600000)
  },
}

function stubRouter(d: Draft, how: FrrOptions['stubRouter']): void {
  d.options.stubRouter = { ...d.options.stubRouter, ...how }
}

function areaAuthentication(d: Draft, id: string, type: 'simple' | 'message-digest'): void {
  d.options.areaAuthentication = { ...d.options.areaAuthentication, [area(id)]: type }
}

const keyStatement: Statements<Draft> = {
  'key *': (d, id) => {
    d.keyChains.key(id)
    d.mode = 'key'
  },
}

const statements: Readonly<Record<Mode, Statements<Draft>>> = {
  config,
  interface: interfaceStatements,
  'router ospf': routerStatements,
  'key chain': keyStatement,
  key: {
    ...keyStatement,
    'key-string ...': (d, ...words) => d.keyChains.keyString(words),
    'cryptographic-algorithm *': (d, name) => d.keyChains.algorithm(name),
    'send-lifetime ...': (d, ...words) => d.keyChains.lifetime('send', words),
    'accept-lifetime ...': (d, ...words) => d.keyChains.lifetime('accept', words),
    exit: (d) => {
      d.mode = 'key chain'
    },
  },
  'route-map': {
    'match ip address *': (d, list) => {
      d.mapEntry.lists.push(list)
    },
    'description ...': accept,
  },
  'line vty': {
    'exec-timeout ...': accept,
    'access-class *': accept,
    login: accept,
    'no login': accept,
  },
}

function routerId(d: Draft, word: string): void {
  const id = address(word)
  if (id === '0.0.0.0') throw new Refusal('it must not be 0.0.0.0')
  d.options.routerId = id
}
