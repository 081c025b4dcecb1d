/**
 * A configuration from files: read, checked as a whole, and with every secret and check in its place. Everything that
 * is wrong is said at once, with file, line and column, and then there is no configuration.
 */
import { dirname, isAbsolute, join } from 'node:path'
import type { CheckData, CheckObject, ConfigData, LvsData, VipData } from './config/file-types.ts'
import {
  at,
  type ConfigProblem,
  depthOf,
  formatPath,
  isRecord,
  merge,
  type Path,
  type Source,
  withAt,
} from './config/source.ts'
import { parseLvs } from './configured-director.ts'
import { OspfError } from './errors.ts'
import { CheckError, GateBook, partsOf, withParts } from './gate-book.ts'
import { type HookOptions, parseHooks } from './observe/hook-options.ts'
import { parseListen } from './observe/metrics-server.ts'
import {
  type IsolateOptions,
  type Parsed,
  parseIsolate,
  parseOptions,
  type SpeakerOptions,
} from './options.ts'
import { parseVip } from './parse.ts'
import { checkOriginate } from './prefix-list.ts'
import { reasonOf } from './reason.ts'
import { parseStaticRoute, type StaticRouteOptions } from './static-routes.ts'
import { type AnnounceOptions, checkAnnounce } from './vip.ts'
import { expandVips } from './vip-list.ts'
import { checkWeight } from './vip-share.ts'
import { formatPrefix } from './wire/address.ts'

export type { CheckData, LvsData, VipData } from './config/file-types.ts'
export type { ConfigProblem, Source as ConfigSource } from './config/source.ts'
export { formatProblem } from './config/source.ts'

/** A configuration that has been checked. */
export interface Config {
  readonly options: Omit<SpeakerOptions, 'signal' | 'sequenceStore' | 'isolate'>
  readonly isolate: boolean | IsolateOptions
  readonly sequenceFile: string | undefined
  /** In the kernel while the speaker runs. */
  readonly staticRoutes: readonly StaticRouteOptions[]
  /** Virtual services. */
  readonly lvs: LvsData | undefined
  /** By prefix; every check in place. */
  readonly vips: Readonly<Record<string, VipData>>
  readonly socket: string | undefined
  readonly log: ConfigData['log']
  /** Where metrics are served. */
  readonly metrics?: string
  readonly hooks?: readonly HookOptions[]
}

/** A configuration, or what is wrong with it. */
export type ReadConfig =
  | { readonly config: Config; readonly problems: readonly [] }
  | { readonly config: undefined; readonly problems: readonly ConfigProblem[] }

/** A YAML or JSON file. */
export interface ConfigText {
  readonly name: string
  readonly text: string
}

/** The world that secrets come from. */
export interface ConfigWorld {
  readFile(path: string): Promise<string>
  readonly environment: Readonly<Record<string, string | undefined>>
}

/**
 * Reads files, and what was made of others, as one configuration. What two of them say must be the same.
 * Never throws on their account.
 */
export async function readConfig(
  sources: readonly (ConfigText | Source)[],
  world: ConfigWorld,
): Promise<ReadConfig> {
  const problems: ConfigProblem[] = []
  const read: Source[] = []
  for (const each of sources) {
    // what importers make is theirs to check
    const checked =
      'text' in each
        ? await readText(each, sources.length === 1)
        : { source: each, problems: [] as const }
    problems.push(...checked.problems)
    if (checked.source === undefined || checked.problems.length > 0) continue
    read.push(await withSecrets(checked.source, world, problems))
  }
  if (problems.length > 0 || read.length === 0) return failed(problems)
  const merged = merge(read)
  problems.push(...merged.problems)
  if (problems.length > 0) return failed(problems)
  return assemble(merged.source)
}

/** Says what is wrong with a file, as far as the file alone shows: no secret is read, nothing is merged. */
export async function validateConfig(
  name: string,
  text: string,
): Promise<readonly ConfigProblem[]> {
  return (await readText({ name, text }, true)).problems
}

/** The parser is loaded by the first who has a text, what says in words where the schema is left by one that leaves it. */
async function readText(
  { name, text }: ConfigText,
  isAlone: boolean,
): Promise<{ readonly source: Source | undefined; readonly problems: readonly ConfigProblem[] }> {
  const { readYaml } = await import('./config/yaml.ts')
  const { source, problems } = readYaml(name, text)
  if (source === undefined) return { source, problems }
  const { isAccepted } = await import('./config/accepted.ts')
  if (isAccepted(source.data, isAlone)) return { source, problems: [] }
  const { problemsOf } = await import('./config/validate.ts')
  return { source, problems: problemsOf(source, isAlone) }
}

/** In the order of the files, and of their lines. */
function failed(problems: readonly ConfigProblem[]): ReadConfig {
  const files = [...new Set(problems.map(({ file }) => file))]
  const rank = ({ file, line = 0, column = 0 }: ConfigProblem): number =>
    files.indexOf(file) * 2 ** 40 + line * 2 ** 16 + column
  return { config: undefined, problems: problems.toSorted((a, b) => rank(a) - rank(b)) }
}

const problemAt = (source: Source, path: Path, message: string): ConfigProblem => ({
  ...source.place(path),
  path: formatPath(path),
  message,
})

// Secrets

const fileFields: Readonly<Record<string, string>> = {
  keyFile: 'key',
  caFile: 'ca',
  certFile: 'cert',
  passphraseFile: 'passphrase',
}
/** Those of which the first line is meant. */
const oneLine: ReadonlySet<string> = new Set(['keyFile', 'passphraseFile'])

/** The same with what its files and variables hold in place of their names. */
async function withSecrets(
  source: Source,
  world: ConfigWorld,
  problems: ConfigProblem[],
): Promise<Source> {
  const folder = dirname(source.name)
  const visit = async (value: unknown, path: Path): Promise<unknown> => {
    if (Array.isArray(value)) return Promise.all(value.map((item, i) => visit(item, [...path, i])))
    if (!isRecord(value)) return value
    const isPacket = path.includes('authentication')
    const entries = await Promise.all(
      Object.entries(value).map(async ([field, item]): Promise<[string, unknown]> => {
        const here = [...path, field]
        const isField = isSecretPlace(path)
        if (isField && field === 'keyEnv' && typeof item === 'string') {
          const found = world.environment[item]
          if (found === undefined || found === '')
            problems.push(
              problemAt(source, here, `there is no variable ${item} in the environment`),
            )
          return ['key', found ?? '']
        }
        const to = fileFields[field]
        if (!isField || to === undefined || typeof item !== 'string')
          return [field, await visit(item, here)]
        try {
          const text = await world.readFile(isAbsolute(item) ? item : join(folder, item))
          const isLine = oneLine.has(field) && (isPacket || field === 'passphraseFile')
          const content = isLine ? (text.split(/\r?\n/)[0] ?? '') : text
          if (content === '') problems.push(problemAt(source, here, `${item} is empty`))
          return [to, content]
        } catch (error) {
          problems.push(problemAt(source, here, `${item} cannot be read: ${reasonOf(error)}`))
          return [to, '']
        }
      }),
    )
    return Object.fromEntries(entries)
  }
  return { ...source, data: await visit(source.data, []), place: source.place }
}

/** Names of one's own are no fields: an interface may be called keyFile. */
function isSecretPlace(path: Path): boolean {
  const [top, , third, , fifth] = path
  if (top === 'areas')
    return (third === 'interfaces' || third === 'virtualLinks') && fifth === 'authentication'
  if (top === 'checks')
    return path.length >= 2 && path.at(-1) !== 'headers' && path.at(-1) !== 'env'
  if (top === 'lvs') return path.includes('checks') && path.at(-1) !== 'headers'
  return top === 'vips' && third === 'when' && path.at(-1) !== 'headers' && path.at(-1) !== 'env'
}

// Meaning

const besides = [
  'isolate',
  'sequenceFile',
  'staticRoutes',
  'lvs',
  'checks',
  'vips',
  'socket',
  'metrics',
  'hooks',
  'log',
] as const

function assemble(source: Source): ReadConfig {
  const problems: ConfigProblem[] = []
  const refuse = (path: Path, message: string): void =>
    void problems.push(problemAt(source, path, message))
  const data = source.data as ConfigData
  const parsed = parseAll(source, problems)
  const { isolate = false, sequenceFile, staticRoutes = [], lvs, checks = {}, vips = {} } = data
  const { socket, log } = data
  const { metrics, hooks } = data
  for (const [name, look] of [
    ['metrics', () => metrics === undefined || parseListen(metrics)],
    ['hooks', () => parseHooks(hooks ?? [])],
  ] as const) {
    try {
      look()
    } catch (error) {
      refuse([name], reasonOf(error).replace(`${name}: `, ''))
    }
  }
  if (isolate !== false) {
    try {
      parseIsolate(isolate)
    } catch (error) {
      refuse(['isolate'], reasonOf(error).replace('isolate: ', ''))
    }
  }
  /** What throws otherwise is a mistake of ours. */
  const attempt = (path: Path, act: () => void, within: unknown = data): void => {
    try {
      act()
    } catch (error) {
      if (!(error instanceof OspfError)) throw error
      const { path: where, message } = placed(error, within, path)
      refuse(where, message)
    }
  }
  for (const [i, route] of staticRoutes.entries()) {
    const path = ['staticRoutes', i]
    attempt(path, () => void parseStaticRoute(path.join(': '), route))
  }
  const served = new Set<string>()
  if (lvs !== undefined && lvs.services === undefined) {
    refuse(['lvs'], "'services' is missing")
    return failed(problems)
  }
  try {
    for (const { vips: own } of lvs === undefined ? [] : parseLvs(lvs).services)
      for (const address of own) served.add(address)
  } catch (error) {
    if (!(error instanceof OspfError)) throw error
    const { path, message } = placedLvs(error.message, data)
    refuse(path, message)
  }
  const book = new GateBook()
  const named = new Names(checks, refuse)
  const isGood = (check: CheckData | readonly CheckData[], path: Path): boolean => {
    try {
      book.gate(check)
      return true
    } catch (error) {
      if (!(error instanceof CheckError)) throw error
      refuse([...path, ...error.path], error.message)
      return false
    }
  }
  for (const name of Object.keys(checks)) {
    const check = named.find(name, ['checks', name])
    if (check !== undefined) isGood(check, ['checks', name])
  }
  const announced: Record<string, VipData> = {}
  for (const [text, said] of Object.entries(vips)) {
    const path: Path = ['vips', text]
    const { when, lvs: follows, ...rest } = said ?? {}
    const isMany = Array.isArray(when)
    const list = when === undefined ? [] : ((isMany ? when : [when]) as readonly CheckData[])
    const found = list.map((check, i) =>
      named.resolve(check, isMany ? [...path, 'when', i] : [...path, 'when']),
    )
    const isNamed = list.every((check) => typeof check === 'string')
    const resolved = found.filter((check) => check !== undefined)
    if (resolved.length < found.length) continue
    const gate = when === undefined ? undefined : isMany ? resolved : resolved[0]!
    if (gate !== undefined && !isNamed && !isGood(gate, [...path, 'when'])) continue
    const announce = (): void => {
      const area = rest.area === undefined ? {} : { area: String(rest.area) }
      const vip: VipData = { ...rest, ...area, ...(gate === undefined ? {} : { when: gate }) }
      for (const prefix of vipsOf(text)) {
        if (announced[prefix] !== undefined)
          throw new OspfError('ERR_OSPF_CONFIG', `VIP ${prefix}: is there twice`)
        const destination = parseVip(prefix)
        if (parsed !== undefined) checkVip(destination, vip, parsed)
        const isServed = destination.length === 32 && served.has(addressOf(prefix))
        if (follows === true && !isServed)
          return refuse([...path, 'lvs'], 'expected an address of a service in lvs')
        announced[prefix] = { ...vip, ...((follows ?? isServed) ? { lvs: true } : {}) }
      }
    }
    attempt(path, announce, { ...data, vips: { [text]: said } })
  }
  if (problems.length > 0) return failed(problems)
  const options: Config['options'] = optionsOf(data)
  return {
    config: {
      options,
      isolate,
      sequenceFile,
      staticRoutes,
      lvs,
      vips: announced,
      socket,
      log,
      ...(metrics === undefined ? {} : { metrics }),
      ...(hooks === undefined ? {} : { hooks }),
    },
    problems: [],
  }
}

/** A VIP, or each of a range. @throws OspfError */
function vipsOf(text: string): readonly string[] {
  if (!text.includes('-')) return expandVips(text)
  try {
    return expandVips(text)
  } catch (error) {
    const why = reasonOf(error).replace(/^VIPs: /, '')
    throw new OspfError('ERR_OSPF_CONFIG', `VIP ${text}: ${why}`)
  }
}

const addressOf = (prefix: string): string => prefix.split('/')[0]!

/** As the speaker will look at it. @throws OspfError */
function checkVip(
  destination: { readonly prefix: number; readonly length: number },
  { when, ...rest }: VipData,
  { interfaces, originate }: Parsed,
): void {
  const options: AnnounceOptions = when === undefined ? rest : { ...rest, when: [] }
  checkAnnounce(destination, options, interfaces)
  if (rest.weight !== undefined) checkWeight(`VIP: weight`, rest.weight)
  checkOriginate('VIP', originate, destination)
}

/** Names of checks, and what they stand for. */
class Names {
  readonly #checks: Readonly<Record<string, CheckData>>
  readonly #refuse: (path: Path, message: string) => void
  readonly #found = new Map<string, CheckObject | undefined>()
  readonly #open = new Set<string>()

  constructor(
    checks: Readonly<Record<string, CheckData>>,
    refuse: (path: Path, message: string) => void,
  ) {
    this.#checks = checks
    this.#refuse = refuse
  }

  /** The check of that name; undefined: refused, maybe before. */
  find(name: string, path: Path): CheckObject | undefined {
    if (this.#found.has(name)) return this.#found.get(name)
    const check = Object.hasOwn(this.#checks, name) ? this.#checks[name] : undefined
    if (check === undefined || this.#open.has(name)) {
      const known = Object.keys(this.#checks)
      this.#refuse(
        path,
        check === undefined
          ? `there is no check '${name}'${known.length === 0 ? '' : `; there are ${known.join(', ')}`}`
          : `check '${name}' is made of itself`,
      )
      return undefined
    }
    this.#open.add(name)
    const resolved = this.resolve(check, ['checks', name])
    this.#open.delete(name)
    const found =
      resolved === undefined || resolved.name !== undefined || typeof check === 'string'
        ? resolved
        : { ...resolved, name }
    this.#found.set(name, found)
    return found
  }

  /** The check with no names left in it; undefined: refused. */
  resolve(check: CheckData, path: Path): CheckObject | undefined {
    if (typeof check === 'string') return this.find(check, path)
    if (partsOf(check).length === 0) return check
    let isGood = true
    const resolved = withParts(check, (part, within) => {
      const found = this.resolve(part, [...path, ...within])
      isGood &&= found !== undefined
      return found ?? {}
    })
    return isGood ? resolved : undefined
  }
}

// Errors of the options, in their place

/** Errors that are looked for, each time without what was wrong before. */
const ROUNDS = 50

/** Checks the speaker's options. Says every error that is not a consequence of another. */
function parseAll(source: Source, problems: ConfigProblem[]): Parsed | undefined {
  let data = source.data as ConfigData
  const removed: Path[] = []
  for (let round = 0; round < ROUNDS; round++) {
    try {
      const parsed = parseOptions(optionsOf(data))
      return removed.length === 0 ? parsed : undefined
    } catch (error) {
      if (!(error instanceof OspfError)) throw error
      const { path, message } = placed(error, data, [])
      const isConsequence = removed.some((one) => path.every((key, i) => one[i] === key))
      if (!isConsequence) problems.push(problemAt(source, path, message))
      // others refer to these by name
      if (path[0] === 'prefixLists' || path[0] === 'routeMaps') return undefined
      let away = isConsequence ? path.slice(0, -1) : path
      // an item of a list cannot go without the others changing their place
      while (typeof away.at(-1) === 'number') away = away.slice(0, -1)
      if (away.length === 0) return undefined
      removed.push(path, away)
      data = withAt(data, away, undefined) as ConfigData
    }
  }
  return undefined
}

/** What of a file the speaker takes. */
const optionsOf = (data: ConfigData): SpeakerOptions =>
  Object.fromEntries(
    Object.entries(data).filter(([name]) => !besides.some((one) => one === name)),
  ) as unknown as SpeakerOptions

/** Where in the file what an error speaks of stands, and the error without those words. */
function placed(
  error: OspfError,
  data: unknown,
  fallback: Path,
): { readonly path: Path; readonly message: string } {
  const words = error.message.split(': ')
  const [first = '', ...rest] = words
  let path = headOf(first, data)
  if (path === undefined) return { path: fallback, message: error.message }
  let used = 1
  for (const word of rest) {
    // 'keys: 0 (id 3)'
    const key = word.replace(/ \(id \d+\)$/, '')
    const parent = at(data, path)
    const next = Array.isArray(parent) && /^\d+$/.test(key) ? Number(key) : key
    const longer: Path = [...path, next]
    const isLast = used === words.length - 1
    if (isLast || (at(data, longer) === undefined && !/^\w+$/.test(key))) break
    path = longer
    used++
  }
  const message = words.slice(used).join(': ')
  // a key that is not what it must be
  const got = /got '(.*)'$/.exec(message)?.[1]
  if (path.length === 1 && path[0] === 'area') path = ['areas']
  if (got !== undefined && isRecord(at(data, path)) && Object.hasOwn(at(data, path) as object, got))
    return { path: [...path, got], message }
  return { path: depthOf(data, path) === path.length ? path : shortened(path, data), message }
}

/** As `placed`, of what the director says: 'services[0] (tcp 10.0.1.100:80): servers[1]: port: expected ...'. */
function placedLvs(text: string, data: unknown): { readonly path: Path; readonly message: string } {
  const words = text.split(': ')
  let path: Path = ['lvs']
  let used = 0
  while (used < words.length - 1) {
    const [, field, index] = /^(\w+)(?:\[(\d+)\])?(?: \(.*\))?$/.exec(words[used]!) ?? []
    if (field === undefined) break
    path = [...path, field, ...(index === undefined ? [] : [Number(index)])]
    used++
  }
  return { path: shortened(path, data), message: words.slice(used).join(': ') }
}

/** What is missing has no place: what it is missing in does. */
const shortened = (path: Path, data: unknown): Path => path.slice(0, depthOf(data, path))

function headOf(word: string, data: unknown): Path | undefined {
  const areas = Object.entries((at(data, ['areas']) ?? {}) as Record<string, unknown>)
  const [, kind, name] = /^(interface|area|VIP) (.+)$/.exec(word) ?? []
  const link = /^virtual link to (\S+) through/.exec(word)?.[1]
  if (link !== undefined || kind === 'interface') {
    const field = link === undefined ? 'interfaces' : 'virtualLinks'
    for (const [id] of areas) {
      const path = ['areas', id, field, link ?? name!]
      if (at(data, path) !== undefined) return path
    }
  }
  if (kind === 'area') {
    const exact = areas.find(([id]) => id === name) ?? areas.find(([id]) => dotted(id) === name)
    return exact === undefined ? undefined : ['areas', exact[0]]
  }
  if (kind === 'VIP' || word === 'VIP') {
    const vips = Object.keys((at(data, ['vips']) ?? {}) as object)
    const vip = vips.find((one) => kind === undefined || one.split('/')[0] === name!.split('/')[0])
    return vip === undefined ? undefined : ['vips', vip]
  }
  return /^\w+$/.test(word) ? [word] : undefined
}

/** An Area ID that is a number, as errors write it. */
const dotted = (id: string): string =>
  /^\d+$/.test(id) ? formatPrefix(Number(id), 32).split('/')[0]! : id
