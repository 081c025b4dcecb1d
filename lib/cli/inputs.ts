/** The files that a command is given, of whatever kind, as one configuration. */
import { autoConfig, detect } from '../config/detect.ts'
import { type FrrCompat, type FrrFile, importFrr } from '../config/frr.ts'
import type { ResolvedNetworks, resolveNetworks } from '../config/networks.ts'
import { at, isRecord, placeText } from '../config/source.ts'
import { formatProblem, readConfig } from '../configuration.ts'
import type { Config, ConfigSource, ConfigText, ConfigWorld, KeepalivedImport } from '../index.ts'
import { addressOf, type FrrData, frrData, frrSource, resolveFrr } from './frr-source.ts'
import type { LogLine } from './log.ts'
import { unreadable } from './unreadable.ts'

type Links = Parameters<typeof resolveNetworks>[1]

/** What the command line says of them. */
export interface Inputs {
  /** YAML or JSON. */
  readonly files?: readonly string[]
  /** Paths of Quagga's and FRR's files. */
  readonly frr?: readonly string[]
  /** Whose defaults count where those say nothing; default 'frr'. */
  readonly compat?: FrrCompat
  /** Refuse what is understood and not done here; default false: warn. */
  readonly strict?: boolean
  /** Path of a keepalived.conf. */
  readonly keepalived?: string
  /** Announce the addresses of its vrrp_instance blocks as well. */
  readonly vrrp?: boolean
  /** keepalived's -i. */
  readonly configId?: string
  /** Take the interface of the default route. */
  readonly auto?: boolean
  /** VIPs to announce with `auto`. */
  readonly vip?: readonly string[]
  /** Path of a file that gets every OSPF packet. */
  readonly pcap?: string
  /** The protocol runs in a child process. */
  readonly isolate?: boolean
}

/** The same as texts, which can be handed on. */
export interface Texts
  extends Pick<Inputs, 'compat' | 'strict' | 'vrrp' | 'auto' | 'vip' | 'pcap' | 'isolate'> {
  readonly files: readonly ConfigText[]
  readonly frr: readonly FrrFile[]
  /** What a keepalived.conf with all that it includes says. */
  readonly keepalived?: KeepalivedImport
}

/** The world around. */
export interface InputHost extends ConfigWorld {
  /** The devices now, by name. */
  links(): Promise<Links>
  /** Speed of a device in Mbit/s, where it is known. */
  speed(device: string): number | undefined
}

/** A configuration; or why there is none, a line each. */
export interface ReadInputs {
  readonly config: Config | undefined
  readonly errors: readonly string[]
  /** It is the machine that does not fit. */
  readonly isMachine: boolean
  readonly lines: readonly LogLine[]
  /** What may go wrong with others, although it is as it was asked for. */
  readonly hints: readonly string[]
}

/** Reads the files. @returns the errors when one cannot be read */
export async function loadInputs(
  inputs: Inputs,
  { readFile }: ConfigWorld,
): Promise<{ readonly texts: Texts; readonly errors: readonly string[] }> {
  const errors: string[] = []
  const read = async (names: readonly string[] = []): Promise<{ name: string; text: string }[]> => {
    const found = []
    for (const name of names)
      try {
        found.push({ name, text: await readFile(name) })
      } catch (error) {
        errors.push(`ospf-speaker: ${unreadable(name, error)}`)
      }
    return found
  }
  const { files, frr, keepalived, configId, ...rest } = inputs
  const texts = {
    ...rest,
    files: await read(files),
    frr: await read(frr),
    ...(keepalived === undefined ? {} : { keepalived: await readKeepalived(keepalived, configId) }),
  }
  return { texts, errors }
}

/** Its importer is loaded by the first who has such a file. */
async function readKeepalived(path: string, configId?: string): Promise<KeepalivedImport> {
  const { readConfiguration } = await import('./keepalived.ts')
  return readConfiguration(path, configId === undefined ? {} : { configId })
}

/**
 * Makes them one configuration.
 * @param inEffect what a running speaker does already: its own addresses are not taken for somebody else's
 */
export async function readInputs(
  texts: Texts,
  host: InputHost,
  inEffect?: Config,
): Promise<ReadInputs> {
  const lines: LogLine[] = []
  const hints: string[] = []
  const refuse = (errors: readonly string[], isMachine = false): ReadInputs => ({
    config: undefined,
    errors,
    isMachine,
    lines,
    hints,
  })
  const sources: (ConfigText | ConfigSource)[] = [...texts.files]
  const { names: vips, besides } = await vipsOf(texts.files)
  for (const vip of texts.vip ?? []) vips.set(addressOf(vip), vip)
  if (texts.auto === true) {
    const detected = detect(await host.readFile('/proc/net/route'), await host.links())
    if (typeof detected === 'string') return refuse([`ospf-speaker: --auto: ${detected}`], true)
    const data = autoConfig(detected, texts.vip ?? [])
    sources.push({ name: '--auto', data, place: () => ({ file: '--auto' }) })
    const { device, address } = detected
    lines.push({ level: 'info', text: `--auto: interface ${device}, router id ${address}` })
  }
  const { compat = 'frr', strict = false, keepalived } = texts
  if (keepalived !== undefined) {
    const { config, reports } = keepalived
    const { errorsOf, lineOf } = await import('./keepalived.ts')
    const refused = strict || config === undefined ? errorsOf(keepalived, strict) : []
    if (refused.length > 0) return refuse(refused)
    for (const report of reports) lines.push({ level: 'warning', text: lineOf(report) })
    if (config !== undefined) {
      const { vrrp = false } = texts
      const { keepalivedSource } = await import('./keepalived-source.ts')
      const { source, differences } = keepalivedSource(config, { vrrp, names: vips })
      if (strict && differences.length > 0) return refuse(differences)
      for (const text of differences) lines.push({ level: 'warning', text })
      const mixed = source.data.lvs && (await otherDefaults(texts.files))
      if (mixed !== undefined)
        return refuse([
          `${mixed}: lvs: defaults: expected keepalived, as there is a keepalived.conf beside it`,
        ])
      for (const key of Object.keys(source.data.vips)) vips.set(addressOf(key), key)
      sources.push(source)
    }
  }
  if (texts.frr.length > 0) {
    const { options, accepted, errors } = importFrr(texts.frr, { compat })
    if (options === undefined)
      return refuse(errors.map(({ file, line, message }) => `${file}:${line}: ${message}`))
    const refused: string[] = []
    for (const { file, line, statement, reason } of accepted) {
      const where = `${file}:${line}`
      if (reason === undefined)
        lines.push({ level: 'debug', text: `${where}: accepted, without effect: ${statement}` })
      else if (strict) refused.push(`${where}: ${statement}: ${reason}`)
      else lines.push({ level: 'warning', text: `${where}: not done: ${statement}: ${reason}` })
    }
    if (refused.length > 0) return refuse(refused)
    const links = without(await host.links(), inEffect, vips)
    const speed = (device: string): number | undefined => host.speed(device)
    let resolved: ResolvedNetworks
    const others = { names: vips, besides }
    let data: FrrData
    try {
      resolved = resolveFrr(options, links, speed, others)
      data = frrData(options, resolved, others)
    } catch (error) {
      // keys that are missing, which shows with the devices alone
      return refuse([`${texts.frr[0]!.name}: ${error instanceof Error ? error.message : error}`])
    }
    const { absent } = resolved
    if (absent.length > 0)
      return refuse(
        absent.map((name) => `ospf-speaker: interface ${name} does not exist`),
        true,
      )
    for (const text of resolved.warnings) lines.push({ level: 'warning', text })
    hints.push(...costHints(resolved, vips, compat))
    const build = (files: readonly FrrFile[]): object | undefined => {
      const again = importFrr(files, { compat }).options
      return again && frrData(again, resolveFrr(again, links, speed, others), others)
    }
    sources.push(frrSource(texts.frr, data, build))
  }
  if (texts.pcap !== undefined)
    sources.push({
      name: '--pcap',
      data: { record: texts.pcap },
      place: () => ({ file: '--pcap' }),
    })
  if (texts.isolate)
    sources.push({
      name: '--isolate',
      data: { isolate: true },
      place: () => ({ file: '--isolate' }),
    })
  const { config, problems } = await readConfig(sources, host)
  const isPlain = (file: string): boolean => texts.files.some(({ name }) => name === file)
  const foreign = problems.find(({ file }) => file.endsWith('.conf') && isPlain(file))
  const hint =
    foreign === undefined
      ? []
      : [
          `ospf-speaker: ${foreign.file}: Quagga's and FRR's files go with --frr, a keepalived.conf with --keepalived`,
        ]
  return config === undefined
    ? refuse([...problems.map(formatProblem), ...hint])
    : { config, errors: [], isMachine: false, lines, hints }
}

/** VIPs whose cost is a default, of which FRR and Quagga have different ones: a pair of both is no pair. */
function costHints(
  { unstated }: ResolvedNetworks,
  vips: ReadonlyMap<string, string>,
  compat: Inputs['compat'] & string,
): string[] {
  const found = unstated.filter(({ prefix }) => !vips.has(prefix))
  const [first] = found
  if (first === undefined) return []
  const names = found.map(({ prefix, length }) => `${prefix}/${length}`)
  const shown =
    names.length > 3
      ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
      : names.join(', ')
  const [own, other] =
    compat === 'frr' ? ['FRR', 'Quagga 0.99 gives 10'] : ['Quagga 0.99', 'FRR gives 0']
  const remedy =
    compat === 'frr' ? "--compat quagga-0.99, or 'ip ospf cost'" : "--compat frr, or 'ip ospf cost'"
  return [
    `${shown} on ${first.device}: cost ${first.cost}, as nothing is stated and ${own} has it so; ${other}: beside a director that runs that, all traffic goes to the cheaper of the two (${remedy} on ${first.device} of both)`,
  ]
}

/** How the files write their VIPs, by address; and those that are externals, or in several areas. */
async function vipsOf(
  files: readonly ConfigText[],
): Promise<{ readonly names: Map<string, string>; readonly besides: ReadonlySet<string> }> {
  const names = new Map<string, string>()
  const besides = new Set<string>()
  if (files.length === 0) return { names, besides }
  const { readYaml } = await import('../config/yaml.ts')
  for (const { name, text } of files) {
    const said = at(readYaml(name, text).source?.data, ['vips'])
    for (const [key, vip] of isRecord(said) ? Object.entries(said) : []) {
      for (const address of addressesOf(key)) names.set(address, key)
      if (at(vip, ['as']) !== undefined || at(vip, ['areas']) !== undefined) besides.add(key)
    }
  }
  return { names, besides }
}

/** Of a range, each; what cannot be one is refused elsewhere. */
function addressesOf(key: string): string[] {
  const [first = '', last] = key.split('-').map((end) => addressOf(end.trim()))
  if (last === undefined) return [first]
  const number = (text: string): number =>
    text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const [from, to] = [number(first), number(last)]
  const count = to - from + 1
  if (!(count >= 1 && count <= MOST)) return []
  return Array.from({ length: count }, (_, i) =>
    [24, 16, 8, 0].map((shift) => ((from + i) >>> shift) & 255).join('.'),
  )
}

/** Addresses of a range. */
const MOST = 10_000

/** Where services of our own stand that count on other defaults than those of keepalived. */
async function otherDefaults(files: readonly ConfigText[]): Promise<string | undefined> {
  const { readYaml } = await import('../config/yaml.ts')
  for (const { name, text } of files) {
    const { source } = readYaml(name, text)
    const path = ['lvs', 'services']
    if (source === undefined || at(source.data, path) === undefined) continue
    if (at(source.data, ['lvs', 'defaults']) !== 'keepalived') return placeText(source.place(path))
  }
  return undefined
}

/** The devices as they were before a speaker put its addresses there. */
function without(
  links: Links,
  config: Config | undefined,
  vips: ReadonlyMap<string, string>,
): Links {
  const ours = new Set([
    ...vips.keys(),
    ...Object.keys(config?.vips ?? {}).map(addressOf),
    ...(config?.options.addresses ?? []).map(
      ({ device, address }) => `${device} ${addressOf(address)}`,
    ),
  ])
  if (ours.size === 0) return links
  return new Map(
    [...links].map(([name, link]) => [
      name,
      {
        ...link,
        addresses: link.addresses.filter(({ address }) => {
          const text = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')
          return !ours.has(text) && !ours.has(`${name} ${text}`)
        }),
      },
    ]),
  )
}
