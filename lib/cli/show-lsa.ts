/** `show ip ospf database router` and its like: LSAs with all that is in them, in the keys and words of FRR 8.4. */
import {
  areasOf,
  heading,
  inOrder,
  isAsked,
  type LsaKind,
  type LsaQuestion,
  sequenceText,
} from './show-database.ts'
import { optionsOctet, optionsText } from './show-neighbor.ts'
import type { LsaView, Snapshots } from './speaker-like.ts'
import { areaTitle, block, left } from './text.ts'

type Json = string | number | boolean | { readonly [key: string]: Json }
export type LsaDetail = Readonly<Record<string, Json>>

/** Three shapes: FRR nests LSAs by Link State ID where it was asked for an originator. */
export interface LsaDocument {
  readonly routerId: string
  readonly [key: string]: unknown
}

export function lsaDocument(speaker: Snapshots, kind: LsaKind, question: LsaQuestion): LsaDocument {
  const all = speaker.database()
  const translated = translations(all)
  const found = inOrder(all.filter((lsa) => lsa.type === kind.type && isAsked(lsa, question)))
  const isNested =
    question.lsId === undefined && (question.own === true || question.adverts !== undefined)
  const shape = (lsas: readonly LsaView[]): unknown => {
    const details = lsas.map((lsa) => [lsa.lsId, detailOf(lsa, kind, translated.has(lsa))] as const)
    return isNested ? Object.fromEntries(details) : details.map(([, detail]) => detail)
  }
  const { routerId } = speaker
  if (kind.isOfAs) return { routerId, [isNested ? kind.title : kind.key]: shape(found) }
  const areas = Object.fromEntries(
    areasOf(speaker).map(({ id }) => [id, shape(found.filter((lsa) => lsa.area === id))]),
  )
  return { routerId, [isNested ? kind.title : kind.key]: isNested ? areas : { areas } }
}

/** Those of ours that speak for a type 7 LSA of another router. */
function translations(lsas: readonly LsaView[]): ReadonlySet<LsaView> {
  const sources = new Map<string, number>()
  for (const { type, own, lsId, body, options } of lsas) {
    if (type === 7 && !own && body.kind === 'external' && options.includes('N/P')) {
      sources.set(lsId, body.forwardingAddress)
    }
  }
  return new Set(
    lsas.filter(
      ({ type, own, lsId, body }) =>
        type === 5 &&
        own &&
        body.kind === 'external' &&
        body.forwardingAddress !== 0 &&
        sources.get(lsId) === body.forwardingAddress,
    ),
  )
}

/** OSPF_LSA_* of FRR, as far as they say something of the LSA. */
const Flag = { self: 1, checked: 2, received: 4, approved: 8, translated: 0x20 } as const

function flagsOf({ own, type }: LsaView, isTranslated: boolean): number {
  if (!own) return Flag.checked | Flag.received
  if (type >= 9) return Flag.self
  const base = Flag.self | Flag.checked
  if (type <= 2) return base
  return base | Flag.approved | (isTranslated ? Flag.translated : 0)
}

const lsaTypes: Readonly<Record<number, string>> = {
  1: 'router-LSA',
  2: 'network-LSA',
  3: 'summary-LSA',
  4: 'summary-LSA',
  5: 'AS-external-LSA',
  7: 'NSSA-LSA',
  9: 'Link-Local Opaque-LSA',
  10: 'Area-Local Opaque-LSA',
  11: 'AS-external Opaque-LSA',
}

function detailOf(lsa: LsaView, { type }: LsaKind, isTranslated: boolean): LsaDetail {
  const { body } = lsa
  const roles =
    body.kind === 'router'
      ? {
          flags: (body.border ? 1 : 0) | (body.external ? 2 : 0) | (body.virtualLink ? 4 : 0),
          ...(body.border ? { abr: true } : {}),
          ...(body.external ? { asbr: true } : {}),
          ...(body.virtualLink ? { virtual: true } : {}),
        }
      : {}
  return {
    lsaAge: lsa.age,
    options: optionsText(lsa.options),
    lsaFlags: flagsOf(lsa, isTranslated),
    ...(isTranslated ? { translatedFromType7: true } : {}),
    ...roles,
    lsaType: lsaTypes[type]!,
    linkStateId: lsa.lsId,
    advertisingRouter: lsa.advertisingRouter,
    ...(lsa.advertisingHostname === undefined
      ? {}
      : { advertisingRouterHostname: lsa.advertisingHostname }),
    lsaSeqNumber: sequenceText(lsa.sequence),
    checksum: lsa.checksum.toString(16),
    length: lsa.length,
    ...bodyOf(lsa),
  }
}

const dotted = (n: number): string => [24, 16, 8, 0].map((shift) => (n >>> shift) & 255).join('.')
const bits = (mask: number): number => (mask >>> 0).toString(2).replaceAll('0', '').length

function bodyOf({ body, type }: LsaView): LsaDetail {
  switch (body.kind) {
    case 'router': {
      const links = body.links.map((link, i) => [`link${i}`, linkOf(link)] as const)
      return { numOfLinks: links.length, routerLinks: Object.fromEntries(links) }
    }
    case 'network': {
      const ids = body.attachedRouters.map(dotted)
      const routers = ids.map((id) => [id, { attachedRouterId: id }] as const)
      // FRR's spelling
      return { networkMask: bits(body.mask), attchedRouters: Object.fromEntries(routers) }
    }
    case 'summary':
      return { networkMask: bits(body.mask), tos0Metric: body.metric }
    case 'external':
      return {
        networkMask: bits(body.mask),
        metricType: body.metricType === 2 ? 'E2 (Larger than any link state path)' : 'E1',
        tos: 0,
        metric: body.metric,
        [type === 7 ? 'nssaForwardAddress' : 'forwardAddress']: dotted(body.forwardingAddress),
        externalRouteTag: body.tag,
      }
    case 'opaque':
      return {
        opaqueType: opaqueName(body.opaqueType),
        opaqueId: body.opaqueId,
        opaqueDataLength: body.data.length,
        opaqueDataLengthValid: true,
        opaqueData: Buffer.from(body.data).toString('hex'),
      }
    default:
      return {}
  }
}

/** Of RFC 5250's registry, in FRR's words. */
const opaqueNames: Readonly<Record<number, string>> = {
  1: 'Traffic Engineering LSA',
  2: 'Sycamore optical topology',
  3: 'Grace-LSA',
  4: 'Router Information LSA',
  6: 'Inter-AS TE-v2 LSA',
  7: 'Extended Prefix Opaque LSA',
  8: 'Extended Link Opaque LSA',
}

const opaqueName = (type: number): string =>
  opaqueNames[type] ?? (type >= 128 ? 'Private/Experimental' : 'Unassigned')

interface Link {
  readonly type: number
  readonly id: number
  readonly data: number
  readonly metric: number
}

function linkOf({ type, id, data, metric }: Link): LsaDetail {
  const known: Readonly<Record<number, LsaDetail>> = {
    1: {
      linkType: 'another Router (point-to-point)',
      neighborRouterId: dotted(id),
      routerInterfaceAddress: dotted(data),
    },
    2: {
      linkType: 'a Transit Network',
      designatedRouterAddress: dotted(id),
      routerInterfaceAddress: dotted(data),
    },
    3: { linkType: 'Stub Network', networkAddress: dotted(id), networkMask: dotted(data) },
    4: {
      linkType: 'a Virtual Link',
      neighborRouterId: dotted(id),
      routerInterfaceAddress: dotted(data),
    },
  }
  return {
    ...(known[type] ?? { linkType: `type ${type}` }),
    numOfTosMetrics: 0,
    tos0Metric: metric,
  }
}

/** @param types kinds of areas */
export function lsaText(
  document: LsaDocument,
  kind: LsaKind,
  types: Readonly<Record<string, string>> = {},
): string {
  const found = document[kind.key] ?? document[kind.title] ?? {}
  const list = (value: unknown): LsaDetail[] => Object.values(value as Record<string, LsaDetail>)
  const lines = heading(document.routerId)
  if (kind.isOfAs) {
    lines.push(`                ${kind.title} `, '')
    for (const lsa of list(found)) lines.push(...lsaLines(lsa, kind))
    return block(...lines)
  }
  const areas = 'areas' in (found as object) ? (found as { areas: object }).areas : found
  for (const [area, lsas] of Object.entries(areas as object)) {
    lines.push('', `                ${kind.title} (Area ${areaTitle(area, types[area])})`, '')
    for (const lsa of list(lsas)) lines.push(...lsaLines(lsa, kind))
  }
  return block(...lines, '')
}

const idNotes: Readonly<Record<number, string>> = {
  1: '',
  2: '(address of Designated Router)',
  3: '(summary Network Number)',
  4: '(AS Boundary Router address)',
  5: '(External Network Number)',
  7: '(External Network Number for NSSA)',
  9: '(Link-Local Opaque-Type/ID)',
  10: '(Area-Local Opaque-Type/ID)',
  11: '(AS-external Opaque-Type/ID)',
}

const optionWords = (text: string): number =>
  optionsOctet(text.split('|').filter((word) => word !== '-' && word !== '*'))

function lsaLines(lsa: LsaDetail, { type }: LsaKind): string[] {
  const { flags, abr, asbr, virtual: isVirtual } = lsa
  const options = String(lsa['options'])
  const roles = [abr && 'ABR', asbr && 'ASBR', isVirtual && 'VL-endpoint'].filter(Boolean)
  const translated = lsa['translatedFromType7'] ? '(Translated from Type-7)' : ''
  return [
    `  LS age: ${lsa['lsaAge']}`,
    `  Options: ${left(`0x${optionWords(options).toString(16)}`, 4)} : ${options}`,
    `  LS Flags: ${left(`0x${Number(lsa['lsaFlags']).toString(16)}`, 4)} ${translated}`,
    ...(flags === undefined
      ? []
      : [
          `  Flags: 0x${Number(flags).toString(16)}${roles.length > 0 ? ` : ${roles.join(' ')}` : ''}`,
        ]),
    `  LS Type: ${lsa['lsaType']}`,
    `  Link State ID: ${lsa['linkStateId']} ${idNotes[type]}`,
    `  Advertising Router: ${lsa['advertisingRouter']}`,
    `  LS Seq Number: ${lsa['lsaSeqNumber']}`,
    `  Checksum: 0x${String(lsa['checksum']).padStart(4, '0')}`,
    `  Length: ${lsa['length']}`,
    '',
    ...bodyLines(lsa, type),
    '',
  ]
}

function bodyLines(lsa: LsaDetail, type: number): string[] {
  switch (type) {
    case 1:
      return [
        `   Number of Links: ${lsa['numOfLinks']}`,
        '',
        ...Object.values(lsa['routerLinks'] as Record<string, LsaDetail>).flatMap(linkLines),
      ]
    case 2:
      return [
        `  Network Mask: /${lsa['networkMask']}`,
        ...Object.keys(lsa['attchedRouters'] as object).flatMap((id, i) => [
          ...(i === 0 ? [] : ['']),
          `        Attached Router: ${id}`,
        ]),
      ]
    case 3:
    case 4:
      return [
        `  Network Mask: /${lsa['networkMask']}`,
        `        TOS: 0  Metric: ${lsa['tos0Metric']}`,
      ]
    case 5:
    case 7: {
      const isType2 = String(lsa['metricType']).startsWith('E2')
      const forward = lsa['forwardAddress'] ?? lsa['nssaForwardAddress']
      return [
        `  Network Mask: /${lsa['networkMask']}`,
        `        Metric Type: ${isType2 ? '2 (Larger than any link state path)' : '1'}`,
        '        TOS: 0',
        `        Metric: ${lsa['metric']}`,
        `        ${type === 7 ? 'NSSA: ' : ''}Forward Address: ${forward}`,
        `        External Route Tag: ${lsa['externalRouteTag']}`,
      ]
    }
    default:
      return [
        `  Opaque-Type ${String(lsa['linkStateId']).split('.')[0]} (${lsa['opaqueType']})`,
        `  Opaque-ID   0x${Number(lsa['opaqueId']).toString(16)}`,
        `  Opaque-Info: ${lsa['opaqueDataLength']} octets of data`,
        ...(lsa['opaqueDataLength'] === 0 ? [] : [`  Data: ${lsa['opaqueData']}`]),
      ]
  }
}

function linkLines(link: LsaDetail): string[] {
  const { linkType, neighborRouterId, designatedRouterAddress, networkAddress } = link
  const [id, data] =
    networkAddress !== undefined
      ? [`Net: ${networkAddress}`, `Network Mask: ${link['networkMask']}`]
      : [
          designatedRouterAddress !== undefined
            ? `Designated Router address: ${designatedRouterAddress}`
            : `Neighboring Router ID: ${neighborRouterId}`,
          `Router Interface address: ${link['routerInterfaceAddress']}`,
        ]
  return [
    `    Link connected to: ${linkType}`,
    `     (Link ID) ${id}`,
    `     (Link Data) ${data}`,
    `      Number of TOS metrics: ${link['numOfTosMetrics']}`,
    `       TOS 0 Metric: ${link['tos0Metric']}`,
    '',
  ]
}
