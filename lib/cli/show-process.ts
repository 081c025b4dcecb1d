/** `show ip ospf`: the process, area by area, in the keys and words of FRR 8.4. */
import type { SpfRun } from '../index.ts'
import { lsaKinds } from './show-database.ts'
import type { AreaView, LsaView, Operated } from './speaker-like.ts'
import { block, byAddress, duration } from './text.ts'

type Values = Readonly<Record<string, string | number | boolean>>

export type ProcessDocument = Readonly<
  Record<string, string | number | boolean | Readonly<Record<string, Values>>>
>

/** What FRR calls the counters of each LS type, in its order. */
const counters: readonly (readonly [type: number, key: string, title: string])[] = [
  [1, 'Router', 'router'],
  [2, 'Network', 'network'],
  [3, 'Summary', 'summary'],
  [4, 'Asbr', 'ASBR summary'],
  [7, 'Nssa', 'NSSA'],
  [9, 'OpaqueLink', 'opaque link'],
  [10, 'OpaqueArea', 'opaque area'],
]

const abrTypes = {
  standard: 'Standard',
  cisco: 'Alternative Cisco',
  ibm: 'Alternative IBM',
} as const

const sum = (lsas: readonly LsaView[]): number =>
  lsas.reduce((total, { checksum }) => total + checksum, 0)

/** Of the library, in milliseconds: what FRR calls the delay and the least and greatest hold time. */
const delays = { initialMs: 10, shortMs: 50, longMs: 200 }
const limits = { minLsIntervalMs: 5000, minLsArrivalMs: 1000 }

export function processDocument({ speaker, options, wall }: Operated): ProcessDocument {
  const status = speaker.status()
  const lsas = speaker.database()
  const runs = speaker.spf()
  const last = latest(runs)
  const ofType = (type: number): LsaView[] => lsas.filter((lsa) => lsa.type === type)
  const delay = { ...delays, ...options.spfDelay }
  const least = { ...limits, ...options.limits }
  return {
    routerId: speaker.routerId,
    tosRoutesOnly: true,
    rfc2328Conform: true,
    ...(status.rfc1583Compatibility ? { rfc1583Compatibility: true } : {}),
    opaqueCapable: true,
    spfScheduleDelayMsecs: delay.initialMs,
    holdtimeMinMsecs: delay.shortMs,
    holdtimeMaxMsecs: delay.longMs,
    // FRR's spelling
    holdtimeMultplier: 1,
    ...(last === undefined
      ? { spfHasNotRun: true }
      : {
          spfLastExecutedMsecs: Math.max(0, Math.round(wall() - last.time)),
          spfLastDurationMsecs: Math.floor(last.durationMs ?? 0),
        }),
    lsaMinIntervalMsecs: least.minLsIntervalMs,
    lsaMinArrivalMsecs: least.minLsArrivalMs,
    // LSAs leave at once and are refreshed one by one: what FRR's figures would be
    writeMultiplier: 20,
    refreshTimerMsecs: 10000,
    maximumPaths: status.maximumPaths,
    preference: 110,
    ...(status.isBorder ? { abrType: abrTypes[status.abrType] } : {}),
    ...(status.isBoundary ? { asbrRouter: 'injectingExternalRoutingInformation' } : {}),
    lsaExternalCounter: ofType(5).length,
    lsaExternalChecksum: sum(ofType(5)),
    lsaAsopaqueCounter: ofType(11).length,
    lsaAsOpaqueChecksum: sum(ofType(11)),
    attachedAreaCounter: status.areas.length,
    areas: Object.fromEntries(
      status.areas
        .toSorted((a, b) => byAddress(a.id, b.id))
        .map((area) => [
          area.id,
          areaOf(
            area,
            status.isBorder,
            lsas.filter((lsa) => lsa.area === area.id),
            authOf(speaker, area),
          ),
        ]),
    ),
  }
}

const BACKBONE = '0.0.0.0'

/** FRR says how an area is sealed; here every interface says it for itself. */
function authOf(speaker: Operated['speaker'], { id }: AreaView): string {
  const found = speaker.interfaces().filter(({ area }) => area === id)
  const types = new Set(found.map(({ authentication }) => authentication.type))
  if (types.size !== 1) return 'authenticationNone'
  if (types.has('simple')) return 'authenticationSimplePassword'
  return types.has('null') ? 'authenticationNone' : 'authenticationMessageDigest'
}

function areaOf(
  area: AreaView,
  isBorder: boolean,
  lsas: readonly LsaView[],
  authentication: string,
): Values {
  const counts = counters.flatMap(([type, key]) => {
    const found = lsas.filter((lsa) => lsa.type === type)
    return [
      [`lsa${key}Number`, found.length],
      [`lsa${key}Checksum`, sum(found)],
    ] as const
  })
  const isBackbone = area.id === BACKBONE
  return {
    ...(isBackbone ? { backbone: true } : { shortcuttingMode: 'Default' }),
    ...(area.type === 'stub' ? { stubShortcut: true } : {}),
    areaIfTotalCounter: area.interfaces,
    areaIfActiveCounter: area.activeInterfaces,
    ...(area.type === 'nssa'
      ? {
          nssa: true,
          ...(isBorder ? { abr: true } : {}),
          ...(area.translates ? { nssaTranslatorElected: true } : {}),
        }
      : {}),
    nbrFullAdjacentCounter: area.fullNeighbors,
    authentication,
    ...(isBackbone ? {} : { virtualAdjacenciesPassingCounter: area.virtualAdjacencies }),
    spfExecutedCounter: area.spfRuns,
    lsaNumber: lsas.filter(({ type }) => lsaKinds.some((kind) => kind.type === type)).length,
    ...Object.fromEntries(counts),
  }
}

const latest = (runs: readonly SpfRun[]): SpfRun | undefined =>
  runs.findLast(({ what }) => what === 'tree') ?? runs.at(-1)

const checksum = (value: unknown): string => `0x${Number(value).toString(16).padStart(8, '0')}`

/** @param runs for microseconds, which the document has not */
export function processText(document: ProcessDocument, runs: readonly SpfRun[]): string {
  const usecs = Math.round((latest(runs)?.durationMs ?? 0) * 1000)
  const d = document as Readonly<Record<string, unknown>>
  const areas = Object.entries(document['areas'] as Readonly<Record<string, Values>>)
  return block(
    ` OSPF Routing Process, Router ID: ${d['routerId']}`,
    ' Supports only single TOS (TOS0) routes',
    ' This implementation conforms to RFC2328',
    ` RFC1583Compatibility flag is ${d['rfc1583Compatibility'] ? 'enabled' : 'disabled'}`,
    ` OpaqueCapability flag is ${d['opaqueCapable'] ? 'enabled' : 'disabled'}`,
    ` Initial SPF scheduling delay ${d['spfScheduleDelayMsecs']} millisec(s)`,
    ` Minimum hold time between consecutive SPFs ${d['holdtimeMinMsecs']} millisec(s)`,
    ` Maximum hold time between consecutive SPFs ${d['holdtimeMaxMsecs']} millisec(s)`,
    ` Hold time multiplier is currently ${d['holdtimeMultplier']}`,
    ...(d['spfHasNotRun']
      ? [' SPF algorithm has not been run']
      : [
          ` SPF algorithm last executed ${duration(Number(d['spfLastExecutedMsecs']))} ago`,
          ` Last SPF duration ${usecs} usecs`,
        ]),
    ' SPF timer is inactive',
    ` LSA minimum interval ${d['lsaMinIntervalMsecs']} msecs`,
    ` LSA minimum arrival ${d['lsaMinArrivalMsecs']} msecs`,
    ` Write Multiplier set to ${d['writeMultiplier']} `,
    ` Refresh timer ${Number(d['refreshTimerMsecs']) / 1000} secs`,
    ` Maximum multiple paths(ECMP) supported ${d['maximumPaths']}`,
    ` Administrative distance ${d['preference']}`,
    ...(d['abrType'] === undefined ? [] : [` This router is an ABR, ABR type is: ${d['abrType']}`]),
    ...(d['asbrRouter'] === undefined
      ? []
      : [' This router is an ASBR (injecting external routing information)']),
    ` Number of external LSA ${d['lsaExternalCounter']}. Checksum Sum ${checksum(d['lsaExternalChecksum'])}`,
    ` Number of opaque AS LSA ${d['lsaAsopaqueCounter']}. Checksum Sum ${checksum(d['lsaAsOpaqueChecksum'])}`,
    ` Number of areas attached to this router: ${d['attachedAreaCounter']}`,
    ...areas.flatMap(([id, area]) => [...areaLines(id, area), '']),
    '',
  )
}

const authWords: Readonly<Record<string, string>> = {
  authenticationNone: 'no authentication',
  authenticationSimplePassword: 'simple password authentication',
  authenticationMessageDigest: 'message digest authentication',
}

function areaLines(id: string, area: Values): string[] {
  const isBackbone = area['backbone'] === true
  const kind = isBackbone
    ? ' (Backbone)'
    : area['nssa']
      ? ' (NSSA)'
      : area['stubShortcut']
        ? ' (Stub)'
        : ''
  const translating = area['nssaTranslatorElected']
    ? '   We are an ABR and the NSSA Elected Translator.'
    : area['abr']
      ? '   We are an ABR, but not the NSSA Elected Translator.'
      : '   We are not an ABR, so we do not translate.'
  return [
    ` Area ID: ${id}${kind}`,
    ...(isBackbone ? [] : ['   Shortcutting mode: Default, S-bit consensus: no']),
    `   Number of interfaces in this area: Total: ${area['areaIfTotalCounter']}, Active: ${area['areaIfActiveCounter']}`,
    ...(area['nssa']
      ? [
          '   It is an NSSA configuration.',
          '   Elected NSSA/ABR performs type-7/type-5 LSA translation.',
          translating,
        ]
      : []),
    `   Number of fully adjacent neighbors in this area: ${area['nbrFullAdjacentCounter']}`,
    `   Area has ${authWords[String(area['authentication'])]}`,
    ...(isBackbone
      ? []
      : [
          `   Number of full virtual adjacencies going through this area: ${area['virtualAdjacenciesPassingCounter']}`,
        ]),
    `   SPF algorithm executed ${area['spfExecutedCounter']} times`,
    `   Number of LSA ${area['lsaNumber']}`,
    ...counters.map(
      ([, key, title]) =>
        `   Number of ${title} LSA ${area[`lsa${key}Number`]}. Checksum Sum ${checksum(area[`lsa${key}Checksum`])}`,
    ),
  ]
}
