/** `ospf-speaker convert`: files in the words of Quagga and FRR as a file in ours. */
import { type FrrCompat, type FrrFile, type FrrOptions, importFrr } from '../config/frr.ts'
import { type Places, placesOf } from '../config/frr-places.ts'
import type { ResolvedNetworks, resolveNetworks } from '../config/networks.ts'
import { merge, type Path } from '../config/source.ts'
import type { ConfigSource, SpeakerOptions } from '../index.ts'
import { type FrrData, frrData, frrSource, type OtherVips, resolveFrr } from './frr-source.ts'
import { type InputHost, type Inputs, loadInputs } from './inputs.ts'
import { errorsOf, lineOf } from './keepalived.ts'
import { keepalivedSource } from './keepalived-source.ts'
import { type Said, say } from './said.ts'

type Links = Parameters<typeof resolveNetworks>[1]

/** Writes the file to `out`; what could not be taken over are complaints. */
export async function convert(inputs: Inputs, host: InputHost): Promise<Said> {
  const { texts, errors } = await loadInputs(inputs, host)
  if (errors.length > 0) return say(2, [], errors)
  const links = await host.links().catch(() => new Map() as Links)
  const { compat = 'frr', keepalived, strict, vrrp = false } = texts
  const speed = (device: string): number | undefined => host.speed(device)
  if (keepalived === undefined) return convertFrr(texts.frr, compat, links, speed)
  const { config } = keepalived
  if (config === undefined || strict === true) {
    const refused = errorsOf(keepalived, strict)
    if (config === undefined || refused.length > 0) return say(2, [], refused)
  }
  const { source, differences } = keepalivedSource(config, { vrrp })
  const names = new Map(Object.keys(source.data.vips).map((vip) => [vip, vip]))
  const said = [...keepalived.reports.map(lineOf), ...differences].map((text) => `warning: ${text}`)
  const { status, out, complaints } = await convertFrr(texts.frr, compat, links, speed, {
    source,
    others: { names },
  })
  return say(status, out, [...said, ...complaints])
}

/** What a keepalived.conf adds. */
interface Beside {
  readonly source: ConfigSource
  /** VIPs that are announced through it alone. */
  readonly others: OtherVips
}

const noOthers: OtherVips = { names: new Map() }

/** The same with the devices that there are. Those that are not, and have an address in the files, are made up. */
export async function convertFrr(
  files: readonly FrrFile[],
  compat: FrrCompat,
  devices: Links,
  speed: (device: string) => number | undefined,
  beside?: Beside,
): Promise<Said> {
  const { writeYaml } = await import('../config/convert.ts')
  const besides = (path: Path): string | undefined => {
    const { file, line } = beside!.source.place(path)
    return path.length > 1 && line !== undefined ? `${file}:${line}` : undefined
  }
  if (files.length === 0 && beside !== undefined) {
    const { name, data } = beside.source
    return say(0, writeYaml(data, besides, ` From ${name}.`).trimEnd().split('\n'), [])
  }
  const { options, accepted, errors } = importFrr(files, { compat })
  if (options === undefined)
    return say(
      2,
      [],
      errors.map(({ file, line, message }) => `${file}:${line}: ${message}`),
    )
  const links = new Map(devices)
  for (const { device } of options.addresses)
    if (!links.has(device)) links.set(device, madeUp(device))
  const { resolved, data, refusal } = resolve(options, links, speed, beside?.others)
  if (resolved === undefined) return say(2, [], [`${files[0]?.name}: ${refusal}`])
  const build = (some: readonly FrrFile[]): SpeakerOptions | undefined => {
    const again = importFrr(some, { compat }).options
    return again && resolve(again, links, speed, beside?.others).data
  }
  const places = placesOf(files, build)
  const names = [...files.map(({ name }) => name), ...(beside ? [beside.source.name] : [])]
  const heading = ` From ${names.join(', ')}.`
  const complaints = [
    ...resolved.absent.map((name) => `warning: interface ${name} does not exist; it is left out`),
    ...resolved.warnings.map((text) => `warning: ${text}`),
    ...accepted
      .filter(({ reason }) => reason !== undefined)
      .map(
        ({ file, line, statement, reason }) => `warning: ${file}:${line}: ${statement}: ${reason}`,
      ),
  ]
  const isBeside = ([top, , field]: Path): boolean =>
    beside !== undefined &&
    (top === 'lvs' || (top === 'vips' && field !== 'cost' && field !== 'area'))
  const all =
    beside === undefined ? data : merge([frrSource(files, data, build), beside.source]).source.data
  const text = writeYaml(
    all,
    (path) => (isBeside(path) ? besides(path) : linesOf(places, path)),
    heading,
  )
  return say(0, text.trimEnd().split('\n'), complaints)
}

/** What does not fit shows with the devices alone. */
function resolve(
  options: FrrOptions,
  links: Links,
  speed: (device: string) => number | undefined,
  others = noOthers,
):
  | { resolved: ResolvedNetworks; data: FrrData; refusal?: never }
  | { resolved?: never; data?: never; refusal: string } {
  try {
    const resolved = resolveFrr(options, links, speed, others)
    // also those that zebra has put there: it will not once this is in its place
    const all = { ...resolved, missing: options.addresses }
    return { resolved, data: tidied(frrData(options, all, others)) }
  } catch (error) {
    return { refusal: error instanceof Error ? error.message : String(error) }
  }
}

function linesOf(places: Places, path: Path): string | undefined {
  const found = places.of(path)
  if (found.length === 0) return undefined
  const byFile = new Map<string, number[]>()
  for (const { file, line } of found) byFile.set(file, [...(byFile.get(file) ?? []), line])
  return [...byFile].map(([file, lines]) => `${file}:${lines.join(',')}`).join(' ')
}

/** Without what says nothing. */
function tidied({ areas, limits, addresses, ...rest }: FrrData): FrrData {
  const some = Object.entries(areas).map(([id, { stubNetworks, interfaces, ...area }]) => [
    id,
    {
      ...area,
      ...(isEmpty(interfaces) ? {} : { interfaces }),
      ...(isEmpty(stubNetworks) ? {} : { stubNetworks }),
    },
  ])
  return {
    ...rest,
    areas: Object.fromEntries(some),
    ...(isEmpty(limits) ? {} : { limits: limits! }),
    ...(isEmpty(addresses) ? {} : { addresses: addresses! }),
  }
}

const isEmpty = (value: object | undefined): boolean =>
  value === undefined || Object.keys(value).length === 0

function madeUp(name: string): Links extends ReadonlyMap<string, infer Link> ? Link : never {
  const loopback = name === 'lo'
  return {
    name,
    index: 1,
    up: true,
    mtu: 1500,
    address: undefined,
    prefixLength: 0,
    addresses: [],
    loopback,
    broadcast: !loopback,
  }
}
