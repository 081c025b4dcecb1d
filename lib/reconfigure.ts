/** From the options in effect to other ones: what the core is told, which sockets open and close, and how it reads. */
import { isDeepStrictEqual } from 'node:util'
import { BACKBONE } from './core/area.ts'
import { startsAnew } from './core/configure.ts'
import type { ConfigChange, InterfaceConfig } from './core/io.ts'
import { OspfError } from './errors.ts'
import type { Parsed } from './options.ts'
import { checkOriginate } from './prefix-list.ts'
import { formatIpv4, formatPrefix } from './wire/address.ts'

/** What `reconfigure` did. */
export interface ReconfigureResult {
  /** What is different now, a line each, for people; none: the options said nothing new. */
  readonly changes: readonly string[]
  /** Interfaces that were there before and whose neighbors are met anew, as they must be. */
  readonly restarted: readonly string[]
}

/** What was announced at run time and stays. */
export interface Kept {
  readonly change: ConfigChange
  /** In effect now. */
  readonly active: boolean
  /** 'VIP 10.0.1.100/32' */
  readonly what: string
}

/** The way from some options to others. */
export interface Plan extends ReconfigureResult {
  /** In their order, in one step. */
  readonly steps: readonly ConfigChange[]
  /** Interfaces that send and hear from now on, and those that do no longer. */
  readonly opened: readonly InterfaceConfig[]
  readonly closed: readonly string[]
}

type Prefix = { readonly prefix: number; readonly length: number }

/**
 * Finds what differs.
 * @throws OspfError ERR_OSPF_CONFIG that names what cannot change in a running speaker
 */
export function planReconfigure(old: Parsed, now: Parsed, kept: readonly Kept[]): Plan {
  refuseFixed(old, now)
  for (const each of kept) refuseHomeless(each, now)
  const changes: string[] = []
  const restarted = new Set<string>()
  const steps = [
    ...removals(old, now, changes),
    ...areas(old, now, changes, restarted),
    ...interfaces(old, now, changes, restarted),
    ...prefixes(old, now, kept, changes),
    ...emptied(old, now, changes),
    ...others(old, now, changes),
  ]
  const before = new Set(speaking(old).map(({ name }) => name))
  const after = speaking(now)
  return {
    steps,
    opened: after.filter(({ name }) => !before.has(name)),
    closed: [...before].filter((name) => !after.some((config) => config.name === name)),
    changes,
    restarted: [...restarted],
  }
}

const speaking = ({ interfaces }: Parsed): InterfaceConfig[] =>
  interfaces.filter(({ passive }) => !passive)

const fixed = {
  routerId: 'routerId',
  record: 'record',
  eventQueue: 'eventQueue',
  sequenceStore: 'sequenceStore',
  kernel: 'installRoutes',
} as const satisfies Partial<Record<keyof Parsed, string>>

function refuseFixed(old: Parsed, now: Parsed): void {
  for (const [field, name] of Object.entries(fixed) as [keyof typeof fixed, string][]) {
    const isSame =
      field === 'sequenceStore'
        ? old[field] === now[field]
        : isDeepStrictEqual(old[field], now[field])
    if (isSame) continue
    throw new OspfError(
      'ERR_OSPF_CONFIG',
      `${name}: cannot change while the speaker runs; stop it and start anew`,
    )
  }
}

/** What was announced must have a place to be announced in. */
function refuseHomeless(
  { change, what }: Kept,
  { interfaces, originate, routerInformation }: Parsed,
): void {
  const refuse = (where: string): OspfError =>
    new OspfError('ERR_OSPF_CONFIG', `${where}: ${what} is announced there; withdraw it first`)
  const needsArea = (area: number): void => {
    if (!interfaces.some((i) => i.area === area)) throw refuse(`area ${formatIpv4(area)}`)
  }
  if (change.type === 'external') checkOriginate(what, originate, change.external)
  if (change.type === 'announce') {
    checkOriginate(what, originate, change.stub)
    needsArea(change.stub.area)
  }
  if (change.type !== 'opaque') return
  const { where, opaqueType, opaqueId } = change
  if (routerInformation && opaqueType === 4 && opaqueId === 0 && where.scope !== 'link') {
    throw new OspfError('ERR_OSPF_CONFIG', `hostname: ${what} is in its place; withdraw it first`)
  }
  if (where.scope === 'area') needsArea(where.area)
  if (where.scope === 'link' && !interfaces.some(({ name }) => name === where.interface)) {
    throw refuse(`interface ${where.interface}`)
  }
}

const named = ({ interfaces, virtualLinks }: Parsed): InterfaceConfig[] => [
  ...interfaces,
  ...virtualLinks,
]

const title = ({ name, virtual }: InterfaceConfig): string => (virtual ? name : `interface ${name}`)

function* removals(old: Parsed, now: Parsed, changes: string[]): Generator<ConfigChange> {
  const names = new Set(named(now).map(({ name }) => name))
  // virtual links before what they go over
  for (const config of named(old).toReversed()) {
    if (names.has(config.name)) continue
    changes.push(`${title(config)} removed`)
    yield { type: 'remove-interface', interface: config.name }
  }
}

function* areas(
  old: Parsed,
  now: Parsed,
  changes: string[],
  restarted: Set<string>,
): Generator<ConfigChange> {
  for (const config of now.areas) {
    const was = old.areas.find(({ id }) => id === config.id)
    if (isDeepStrictEqual(was, config)) continue
    const name = `area ${formatIpv4(config.id)}`
    changes.push(was ? `${name}: ${differences(was, config)}` : `${name} added`)
    yield { type: 'area', config }
    if (was === undefined || was.kind === config.kind) continue
    for (const i of now.interfaces) {
      if (i.area === config.id && old.interfaces.some(({ name }) => name === i.name)) {
        restarted.add(i.name)
      }
    }
  }
}

function* interfaces(
  old: Parsed,
  now: Parsed,
  changes: string[],
  restarted: Set<string>,
): Generator<ConfigChange> {
  const before = new Map(named(old).map((config) => [config.name, config]))
  for (const config of named(now)) {
    const was = before.get(config.name)
    if (isDeepStrictEqual(was, config)) continue
    yield { type: 'interface', config }
    if (was === undefined) {
      changes.push(`${title(config)} added`)
      continue
    }
    if (startsAnew(was, config)) restarted.add(config.name)
    // that it shares its device now follows from the others
    const words = differences({ ...was, device: undefined }, { ...config, device: undefined })
    if (words !== '') changes.push(`${title(config)}: ${words}`)
  }
}

const isSamePrefix = (a: Prefix, b: Prefix): boolean =>
  a.prefix === b.prefix && a.length === b.length

function* prefixes(
  old: Parsed,
  now: Parsed,
  kept: readonly Kept[],
  changes: string[],
): Generator<ConfigChange> {
  const isKeptStub = (stub: Prefix & { readonly area: number }): boolean =>
    kept.some(
      ({ change, active }) =>
        active &&
        change.type === 'announce' &&
        change.stub.area === stub.area &&
        isSamePrefix(change.stub, stub),
    )
  for (const stub of old.stubs) {
    const { area, prefix, length } = stub
    if (now.stubs.some((s) => s.area === area && isSamePrefix(s, stub))) continue
    changes.push(`area ${formatIpv4(area)}: stub network ${formatPrefix(prefix, length)} removed`)
    if (!isKeptStub(stub)) yield { type: 'withdraw', area, prefix, length }
  }
  for (const stub of now.stubs) {
    const { area, prefix, length, cost } = stub
    const was = old.stubs.find((s) => s.area === area && isSamePrefix(s, stub))
    if (isDeepStrictEqual(was, stub)) continue
    const words = was ? `cost ${was.cost} -> ${cost}` : 'added'
    changes.push(`area ${formatIpv4(area)}: stub network ${formatPrefix(prefix, length)} ${words}`)
    if (!isKeptStub(stub)) yield { type: 'announce', stub }
  }
  for (const external of old.externals) {
    const { prefix, length } = external
    if (now.externals.some((e) => isSamePrefix(e, external))) continue
    changes.push(`external ${formatPrefix(prefix, length)} removed`)
    yield { type: 'withdraw-external', prefix, length, source: 'option' }
  }
  for (const external of now.externals) {
    const was = old.externals.find((e) => isSamePrefix(e, external))
    if (isDeepStrictEqual(was, external)) continue
    const name = `external ${formatPrefix(external.prefix, external.length)}`
    changes.push(was ? `${name}: ${differences(was, external)}` : `${name} added`)
    yield { type: 'external', external, source: 'option' }
  }
}

/** Areas that nobody is in any more. */
function* emptied(old: Parsed, now: Parsed, changes: string[]): Generator<ConfigChange> {
  for (const { id } of old.areas) {
    if (now.areas.some((area) => area.id === id)) continue
    changes.push(`area ${formatIpv4(id)} removed`)
    // virtual links belong to the backbone, whether it is configured or not
    if (id !== BACKBONE || now.virtualLinks.length === 0) yield { type: 'remove-area', area: id }
  }
  const had = old.virtualLinks.length > 0 && !old.areas.some(({ id }) => id === BACKBONE)
  const has = now.virtualLinks.length > 0 || now.areas.some(({ id }) => id === BACKBONE)
  if (had && !has) yield { type: 'remove-area', area: BACKBONE }
}

function* others(old: Parsed, now: Parsed, changes: string[]): Generator<ConfigChange> {
  const { routerInformation: information, limits, spfDelay: config } = now
  if (!isDeepStrictEqual(old.routerInformation, information)) {
    const [was, is] = [old.routerInformation, information].map((i) => i?.hostname ?? 'none')
    changes.push(was === is ? `hostname: scope ${information?.scope}` : `hostname ${was} -> ${is}`)
    yield { type: 'router-information', information }
  }
  if (!isDeepStrictEqual(old.limits, limits)) {
    changes.push(`limits: ${differences(old.limits, limits)}`)
    yield { type: 'limits', limits }
  }
  if (!isDeepStrictEqual(old.lsaThrottle, now.lsaThrottle)) {
    changes.push(`lsaThrottle: ${differences(old.lsaThrottle, now.lsaThrottle)}`)
    yield { type: 'lsa-throttle', throttle: now.lsaThrottle }
  }
  if (!isDeepStrictEqual(old.spfDelay, config)) {
    changes.push(`spfDelay: ${differences(old.spfDelay, config)}`)
    yield { type: 'spf-delay', config }
  }
  if (!isDeepStrictEqual(old.routeDelay, now.routeDelay)) {
    changes.push(`routeDelay: ${differences(old.routeDelay, now.routeDelay)}`)
    yield { type: 'route-delay', config: now.routeDelay }
  }
  const { abrType, rfc1583Compatibility } = now
  const was = { abrType: old.abrType, rfc1583Compatibility: old.rfc1583Compatibility }
  const behaviour = { abrType, rfc1583Compatibility }
  if (!isDeepStrictEqual(was, behaviour)) {
    changes.push(differences(was, behaviour))
    yield { type: 'behaviour', abrType, rfc1583Compatibility }
  }
  if (old.role !== now.role) {
    changes.push(`role ${old.role} -> ${now.role}`)
    yield { type: 'announce-only', announceOnly: now.role === 'announce-only' }
  }
  if (!isDeepStrictEqual(old.originate, now.originate)) {
    changes.push('originate changed')
    yield { type: 'originate', allowed: now.originate }
  }
  const { summaryAddresses: addresses } = now
  if (!isDeepStrictEqual(old.summaryAddresses, addresses)) {
    changes.push('summaryAddresses changed')
    yield { type: 'summary-addresses', addresses }
  }
  if (old.vipsAsExternalAbove !== now.vipsAsExternalAbove) {
    changes.push(`vipsAsExternalAbove ${old.vipsAsExternalAbove} -> ${now.vipsAsExternalAbove}`)
  }
  // what is no business of the core, or not at once
  for (const field of Object.keys(names) as (keyof typeof names)[]) {
    if (!isDeepStrictEqual(old[field], now[field])) changes.push(`${names[field]} changed`)
  }
  for (const [one, other, word] of [
    [now, old, 'added'],
    [old, now, 'removed'],
  ] as const) {
    for (const address of one.addresses) {
      if (other.addresses.some((a) => isDeepStrictEqual(a, address))) continue
      const { device, prefixLength } = address
      changes.push(`address ${formatIpv4(address.address)}/${prefixLength} of ${device} ${word}`)
    }
  }
}

const names = {
  stubRouter: 'stubRouter',
  accept: 'installRoutes: accept',
  routerHelper: 'routerHelper',
  directorHelper: 'directorHelper',
  redistribution: 'redistribution',
} as const

/** 'cost 10 -> 20, authentication changed': simple values are shown, and keys are not. */
function differences(was: object, now: object): string {
  const before = was as Readonly<Record<string, unknown>>
  const after = now as Readonly<Record<string, unknown>>
  const fields = new Set([...Object.keys(before), ...Object.keys(after)])
  const words: string[] = []
  for (const field of fields) {
    const [a, b] = [before[field], after[field]]
    if (isDeepStrictEqual(a, b)) continue
    if (field === 'area')
      words.push(`area ${formatIpv4(a as number)} -> ${formatIpv4(b as number)}`)
    else if (isSimple(a) && isSimple(b)) words.push(`${field} ${shown(a)} -> ${shown(b)}`)
    else words.push(`${field} changed`)
  }
  return words.join(', ')
}

const isSimple = (value: unknown): value is string | number | boolean | undefined =>
  ['string', 'number', 'boolean', 'undefined'].includes(typeof value)

const shown = (value: string | number | boolean | undefined): string =>
  value === undefined ? 'default' : String(value)
