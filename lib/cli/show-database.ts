/** `show ip ospf database`, the lists: the keys and columns of FRR 8.4. */
import type { AreaView, LsaView, Snapshots } from './speaker-like.ts'
import { areaTitle, block, byAddress, left, right } from './text.ts'

/** What FRR calls an LS type: the word of the command, the key of the lists, the title. */
export interface LsaKind {
  readonly type: number
  readonly word: string
  readonly key: string
  readonly title: string
  /** Of the whole autonomous system. */
  readonly isOfAs: boolean
}

const kind = (type: number, word: string, key: string, title: string, isOfAs = false): LsaKind => ({
  type,
  word,
  key,
  title,
  isOfAs,
})

/** In FRR's order: those of areas first. */
export const lsaKinds: readonly LsaKind[] = [
  kind(1, 'router', 'routerLinkStates', 'Router Link States'),
  kind(2, 'network', 'networkLinkStates', 'Net Link States'),
  kind(3, 'summary', 'summaryLinkStates', 'Summary Link States'),
  kind(4, 'asbr-summary', 'asbrSummaryLinkStates', 'ASBR-Summary Link States'),
  kind(7, 'nssa-external', 'nssaExternalLinkStates', 'NSSA-external Link States'),
  kind(9, 'opaque-link', 'linkLocalOpaqueLsa', 'Link-Local Opaque-LSA'),
  kind(10, 'opaque-area', 'areaLocalOpaqueLsa', 'Area-Local Opaque-LSA'),
  kind(5, 'external', 'asExternalLinkStates', 'AS External Link States', true),
  kind(11, 'opaque-as', 'asExternalOpaqueLsa', 'AS-external Opaque-LSA', true),
]

/** Which LSAs. */
export interface LsaQuestion {
  readonly adverts?: string | undefined
  readonly lsId?: string | undefined
  readonly own?: boolean
  readonly maxAge?: boolean
}

const MAX_AGE = 3600

export const isAsked = (lsa: LsaView, { adverts, lsId, own, maxAge }: LsaQuestion): boolean =>
  (adverts === undefined || lsa.advertisingRouter === adverts) &&
  (lsId === undefined || lsa.lsId === lsId) &&
  (!own || lsa.own) &&
  (!maxAge || lsa.age >= MAX_AGE)

/** As FRR lists them: by Link State ID, then by who advertises. */
export const inOrder = (lsas: readonly LsaView[]): LsaView[] =>
  lsas.toSorted(
    (a, b) => byAddress(a.lsId, b.lsId) || byAddress(a.advertisingRouter, b.advertisingRouter),
  )

export interface LsaEntry {
  readonly [key: string]: string | number
}

type Lists = Readonly<Record<string, readonly LsaEntry[] | number>>

export interface DatabaseDocument {
  readonly routerId: string
  readonly areas?: Readonly<Record<string, Lists>>
  readonly [key: string]: unknown
}

export function databaseDocument(speaker: Snapshots, question: LsaQuestion = {}): DatabaseDocument {
  const lsas = inOrder(speaker.database().filter((lsa) => isAsked(lsa, question)))
  return {
    routerId: speaker.routerId,
    areas: Object.fromEntries(
      areasOf(speaker).map(({ id }) => [id, lists(lsas, (lsa) => lsa.area === id)]),
    ),
    ...lists(lsas, (lsa) => lsa.area === undefined),
  }
}

export const areasOf = (speaker: Snapshots): AreaView[] =>
  speaker.status().areas.toSorted((a, b) => byAddress(a.id, b.id))

function lists(lsas: readonly LsaView[], belongs: (lsa: LsaView) => boolean): Lists {
  const found: Record<string, readonly LsaEntry[] | number> = {}
  for (const { type, key } of lsaKinds) {
    const entries = lsas.filter((lsa) => belongs(lsa) && lsa.type === type).map(entryOf)
    if (entries.length === 0) continue
    found[key] = entries
    found[`${key}Count`] = entries.length
  }
  return found
}

export const sequenceText = (sequence: number): string =>
  (sequence >>> 0).toString(16).padStart(8, '0')

function entryOf(lsa: LsaView): LsaEntry {
  const { body, prefix } = lsa
  const external =
    body.kind === 'external' && prefix !== undefined
      ? { metricType: `E${body.metricType}`, route: prefix, tag: body.tag }
      : {}
  return {
    lsId: lsa.lsId,
    advertisedRouter: lsa.advertisingRouter,
    lsaAge: lsa.age,
    sequenceNumber: sequenceText(lsa.sequence),
    checksum: lsa.checksum.toString(16),
    ...(lsa.links === undefined ? {} : { numOfRouterLinks: lsa.links }),
    ...(body.kind === 'summary' && prefix !== undefined ? { summaryAddress: prefix } : {}),
    ...external,
    ...(lsa.advertisingHostname === undefined
      ? {}
      : { advertisedRouterHostname: lsa.advertisingHostname }),
  }
}

export const heading = (routerId: string): string[] => [
  '',
  `       OSPF Router with ID (${routerId})`,
  '',
]

/** What stands in the last column, for the types that have one more. */
const lastColumns: Readonly<Record<number, string>> = {
  1: '  Link count',
  3: '  Route',
  5: '  Route',
  7: '  Route',
}

/** @param types kinds of areas */
export function databaseText(
  database: DatabaseDocument,
  types: Readonly<Record<string, string>> = {},
): string {
  const lines = heading(database.routerId)
  for (const [area, found] of Object.entries(database.areas ?? {}))
    lines.push(...listLines(found, ` (Area ${areaTitle(area, types[area])})`))
  lines.push(...listLines(database as unknown as Lists, ''))
  return block(...lines, '')
}

function listLines(found: Lists, where: string): string[] {
  const lines: string[] = []
  for (const { type, key, title } of lsaKinds) {
    const entries = found[key]
    if (!Array.isArray(entries)) continue
    const first = type >= 9 ? 'Opaque-Type/Id  ' : 'Link ID         '
    lines.push(
      `                ${title}${where}`,
      '',
      `${first}ADV Router      Age  Seq#       CkSum${lastColumns[type] ?? ''}`,
      ...(entries as LsaEntry[]).map(lsaLine),
      '',
    )
  }
  return lines
}

function lsaLine(lsa: LsaEntry): string {
  const { route, tag, metricType, numOfRouterLinks, summaryAddress } = lsa as Record<string, string>
  const external = route && `${metricType} ${route} [0x${Number(tag).toString(16)}]`
  const last = numOfRouterLinks ?? summaryAddress ?? external
  const name = lsa['advertisedRouterHostname']
  return [
    left(lsa['lsId']!, 14),
    left(lsa['advertisedRouter']!, 15),
    right(lsa['lsaAge']!, 4),
    `0x${lsa['sequenceNumber']}`,
    `0x${String(lsa['checksum']).padStart(4, '0')}`,
    ...(last === undefined ? [] : [last]),
    ...(name === undefined ? [] : [`(${name})`]),
  ].join(' ')
}
