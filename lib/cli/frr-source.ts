/** FRR's files in the words of our own, beside what other files say. */
import type { FrrFile, FrrOptions } from '../config/frr.ts'
import { type Places, placesOf } from '../config/frr-places.ts'
import { type ResolvedNetworks, resolveNetworks } from '../config/networks.ts'
import type { ConfigSource, SpeakerOptions, VipData } from '../index.ts'
import { startOptions } from './options.ts'

type Links = Parameters<typeof resolveNetworks>[1]

/** VIPs of other files. */
export interface OtherVips {
  /** How they are written there, by address. */
  readonly names: ReadonlyMap<string, string>
  /** Those of the names that are not announced as one stub network: no cost or area of lo is theirs. */
  readonly besides?: ReadonlySet<string>
}

/** What lo and the `network` statements say of VIPs that other files have. */
type VipsOfLo = Record<string, Pick<VipData, 'cost' | 'area'>>

export interface FrrData extends SpeakerOptions {
  readonly vips?: VipsOfLo
}

export const addressOf = (prefix: string): string => prefix.split('/')[0]!

/** Matches the files with the devices, as if the VIPs of other files were on lo: there they will be. */
export function resolveFrr(
  options: FrrOptions,
  links: Links,
  speed: (device: string) => number | undefined,
  { names }: OtherVips,
): ResolvedNetworks {
  const { addresses } = options
  const [first] = addresses
  const known = new Set(addresses.map(({ address }) => address))
  const place = { file: first?.file ?? '', line: first?.line ?? 0 }
  const vips = [...names.keys()]
    .filter((address) => !known.has(address))
    .map((address) => ({ device: 'lo', address, length: 32, ...place }))
  const resolved = resolveNetworks({ ...options, addresses: [...addresses, ...vips] }, links, speed)
  const missing = resolved.missing.filter((one) => addresses.includes(one))
  return { ...resolved, missing }
}

/**
 * FRR's files in our words. A VIP of another file is announced by what that says alone, where FRR would announce it for
 * its `network` statement: at lo's cost and in the area of that statement, unless the other file says otherwise.
 */
export function frrData(
  options: FrrOptions,
  resolved: ResolvedNetworks,
  { names, besides = new Set() }: OtherVips,
): FrrData {
  const said = startOptions(options, resolved)
  const areas = Object.entries(said.areas).map(([id, { stubNetworks = {}, ...area }]) => {
    const left = Object.entries(stubNetworks).filter(([prefix]) => !names.has(addressOf(prefix)))
    return [id, { ...area, stubNetworks: Object.fromEntries(left) }]
  })
  const running = new Set(resolved.interfaces.map(({ area }) => area))
  const vips: VipsOfLo = {}
  for (const { prefix, area, cost } of resolved.stubs) {
    const name = names.get(prefix)
    // the first of a range speaks for all of it
    if (name === undefined || besides.has(name) || vips[name] !== undefined) continue
    vips[name] = {
      ...(cost === 0 ? {} : { cost }),
      ...(running.size > 1 && running.has(area) ? { area } : {}),
    }
  }
  const stated = Object.entries(vips).filter(([, vip]) => Object.keys(vip).length > 0)
  return {
    ...said,
    areas: Object.fromEntries(areas),
    ...(stated.length === 0 ? {} : { vips: Object.fromEntries(stated) }),
  }
}

/** Where each option stands is found out when somebody asks. FRR's defaults give way to what other files say. */
export function frrSource(
  files: readonly FrrFile[],
  data: object,
  build: (files: readonly FrrFile[]) => object | undefined,
): ConfigSource {
  let known: Places | undefined
  const places = (): Places => (known ??= placesOf(files, build))
  const name = files[0]?.name ?? ''
  return {
    name,
    data,
    place: (path) => places().of(path)[0] ?? { file: name },
    isDefault: (path) => path[0] === 'vips' || !places().isStated(path),
  }
}
