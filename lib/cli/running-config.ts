/** `show running-config`: what the speaker runs with, in FRR's statements. Secrets are not shown. */
import type { AreaOptions, InterfaceOptions, SpeakerOptions } from '../index.ts'

export interface ConfigDocument {
  readonly lines: readonly string[]
}

const SECRET = '********'

/** @param announced VIPs: comments, as no statement says that */
export function configDocument(
  options: SpeakerOptions,
  version: string,
  announced: readonly string[] = [],
): ConfigDocument {
  const areas = Object.entries(options.areas)
  return {
    lines: [
      'Building configuration...',
      '',
      'Current configuration:',
      '!',
      `! ospf-speaker version ${version}`,
      ...(options.hostname === undefined ? [] : [`hostname ${options.hostname}`]),
      ...areas.flatMap(([id, area]) => interfaceLines(id, area)),
      ...addressLines(options),
      '!',
      ...routerLines(options),
      ...policyLines(options),
      ...(options.installRoutes === undefined || options.installRoutes === false
        ? ['! routes are not given to the kernel']
        : []),
      ...announced.map((vip) => `! VIP ${vip}`),
      'end',
    ],
  }
}

function interfaceLines(area: string, { interfaces = {} }: AreaOptions): string[] {
  return Object.entries(interfaces).flatMap(([name, options]) => [
    '!',
    `interface ${name}`,
    ` ip ospf area ${area}`,
    ...statementsOf(options).map((line) => ` ${line}`),
    'exit',
  ])
}

const when = (condition: unknown, line: string): string[] => (condition ? [line] : [])
const given = (value: number | undefined, line: (value: number) => string): string[] =>
  value === undefined ? [] : [line(value)]

function statementsOf(i: InterfaceOptions): string[] {
  const networks = {
    broadcast: 'broadcast',
    nbma: 'non-broadcast',
    'point-to-point': 'point-to-point',
    'point-to-multipoint': 'point-to-multipoint',
  } as const
  const hops = typeof i.ttlSecurity === 'object' ? (i.ttlSecurity.hops ?? 1) : 1
  return [
    ...authenticationLines(i),
    ...given(i.cost, (n) => `ip ospf cost ${n}`),
    ...(i.helloMultiplier === undefined
      ? given(i.deadInterval, (n) => `ip ospf dead-interval ${n}`)
      : [`ip ospf dead-interval minimal hello-multiplier ${i.helloMultiplier}`]),
    ...given(i.helloInterval, (n) => `ip ospf hello-interval ${n}`),
    ...when(i.mtuIgnore, 'ip ospf mtu-ignore'),
    ...(i.network === undefined ? [] : [`ip ospf network ${networks[i.network]}`]),
    ...when(i.passive, 'ip ospf passive'),
    ...when(i.prefixSuppression, 'ip ospf prefix-suppression'),
    ...given(i.priority, (n) => `ip ospf priority ${n}`),
    ...given(i.retransmitInterval, (n) => `ip ospf retransmit-interval ${n}`),
    ...given(i.transmitDelay, (n) => `ip ospf transmit-delay ${n}`),
    ...when(i.ttlSecurity, `ip ospf ttl-security hops ${hops}`),
  ]
}

function authenticationLines({ authentication: options }: InterfaceOptions): string[] {
  if (options === undefined) return []
  const how = options as unknown as Readonly<Record<string, unknown>>
  switch (how['type']) {
    case 'none':
      return ['ip ospf authentication null']
    case 'simple':
      return ['ip ospf authentication', `ip ospf authentication-key ${SECRET}`]
    default: {
      const keys = Array.isArray(how['keys']) ? (how['keys'] as { readonly id?: number }[]) : []
      return [
        'ip ospf authentication message-digest',
        ...keys.map(({ id }) => `ip ospf message-digest-key ${id ?? '?'} md5 ${SECRET}`),
      ]
    }
  }
}

function addressLines({ addresses = [] }: SpeakerOptions): string[] {
  const devices = new Set(addresses.map(({ device }) => device))
  const on = (name: string) => addresses.filter(({ device }) => device === name)
  return [...devices].flatMap((device) => [
    '!',
    `interface ${device}`,
    ...on(device).map(({ address }) => ` ip address ${address}`),
    'exit',
  ])
}

function routerLines(options: SpeakerOptions): string[] {
  const { routerId, abrType, rfc1583Compatibility, spfDelay, limits = {} } = options
  const delay = spfDelay && {
    initialMs: 10,
    shortMs: 50,
    longMs: 200,
    ...spfDelay,
  }
  const statements = [
    `ospf router-id ${routerId}`,
    ...when(abrType !== undefined && abrType !== 'cisco', `ospf abr-type ${abrType}`),
    ...when(rfc1583Compatibility, 'compatible rfc1583'),
    ...(delay ? [`timers throttle spf ${delay.initialMs} ${delay.shortMs} ${delay.longMs}`] : []),
    ...given(limits.minLsArrivalMs, (n) => `timers lsa min-arrival ${n}`),
    ...given(limits.minLsIntervalMs, (n) => `timers throttle lsa all ${n}`),
    ...given(limits.maximumPaths, (n) => `maximum-paths ${n}`),
    ...stubRouterLines(options),
    ...Object.entries(options.redistribute ?? {}).flatMap(redistributeLine),
    ...defaultLines(options),
    ...Object.entries(options.summaryAddresses ?? {}).map(
      ([prefix, { advertise, tag }]) =>
        `summary-address ${prefix}${tag === undefined ? '' : ` tag ${tag}`}${advertise === false ? ' no-advertise' : ''}`,
    ),
    ...Object.entries(options.externals ?? {}).map(
      ([prefix, { metric, type }]) =>
        `! external ${prefix}${metric === undefined ? '' : ` metric ${metric}`}${type === undefined ? '' : ` metric-type ${type}`}`,
    ),
    ...Object.entries(options.areas).flatMap(([id, area]) => areaLines(id, area)),
    'capability opaque',
    ...when(options.hostname, `router-info ${options.hostnameScope ?? 'area'}`),
  ]
  return ['router ospf', ...statements.map((line) => ` ${line}`), 'exit', '!']
}

function stubRouterLines({ stubRouter }: SpeakerOptions): string[] {
  if (stubRouter === undefined || stubRouter === false) return []
  if (stubRouter === true) return ['max-metric router-lsa administrative']
  const { onStartup, onShutdown, always } = stubRouter
  return [
    ...given(onStartup, (n) => `max-metric router-lsa on-startup ${n}`),
    ...given(onShutdown, (n) => `max-metric router-lsa on-shutdown ${n}`),
    ...when(
      always ?? (onStartup === undefined && onShutdown === undefined),
      'max-metric router-lsa administrative',
    ),
  ]
}

function redistributeLine([kind, how]: [string, unknown]): string[] {
  if (how === false || how === undefined) return []
  const { metric, type, routeMap } = (how === true ? {} : how) as Readonly<Record<string, unknown>>
  const words = [
    metric === undefined ? '' : ` metric ${metric}`,
    type === undefined ? '' : ` metric-type ${type}`,
    typeof routeMap === 'string' ? ` route-map ${routeMap}` : '',
  ]
  return [`redistribute ${kind}${words.join('')}`]
}

function defaultLines({ defaultInformation: how }: SpeakerOptions): string[] {
  if (how === undefined || how === false) return []
  const { always, metric, type, routeMap } = how === true ? {} : how
  const words = [
    always ? ' always' : '',
    metric === undefined ? '' : ` metric ${metric}`,
    type === undefined ? '' : ` metric-type ${type}`,
    typeof routeMap === 'string' ? ` route-map ${routeMap}` : '',
  ]
  return [`default-information originate${words.join('')}`]
}

function areaLines(id: string, area: AreaOptions): string[] {
  const { type, summaries, defaultCost, ranges = {}, virtualLinks = {}, stubNetworks = {} } = area
  const noSummary = summaries === false ? ' no-summary' : ''
  return [
    ...when(type === 'stub' || type === 'nssa', `area ${id} ${type}${noSummary}`),
    ...given(defaultCost, (n) => `area ${id} default-cost ${n}`),
    ...Object.entries(ranges).map(([prefix, { advertise, cost, substitute }]) => {
      if (advertise === false) return `area ${id} range ${prefix} not-advertise`
      if (substitute !== undefined) return `area ${id} range ${prefix} substitute ${substitute}`
      return `area ${id} range ${prefix}${cost === undefined ? '' : ` cost ${cost}`}`
    }),
    ...Object.keys(virtualLinks).map((routerId) => `area ${id} virtual-link ${routerId}`),
    ...Object.keys(stubNetworks).map((prefix) => `network ${prefix} area ${id}`),
  ]
}

function policyLines({ prefixLists = {}, routeMaps = {} }: SpeakerOptions): string[] {
  const lists = Object.entries(prefixLists).flatMap(([name, rules]) =>
    rules.map(({ action, prefix, ge, le }, i) => {
      const range = `${ge === undefined ? '' : ` ge ${ge}`}${le === undefined ? '' : ` le ${le}`}`
      return `ip prefix-list ${name} seq ${(i + 1) * 5} ${action} ${prefix}${range}`
    }),
  )
  const maps = Object.entries(routeMaps).flatMap(([name, entries]) =>
    entries.flatMap(({ action, sequence, match = {}, set = {} }, i) => [
      `route-map ${name} ${action} ${sequence ?? (i + 1) * 10}`,
      ...(typeof match.prefixList === 'string'
        ? [` match ip address prefix-list ${match.prefixList}`]
        : []),
      ...given(match.tag, (tag) => ` match tag ${tag}`),
      ...(set.metric === undefined ? [] : [` set metric ${set.metric}`]),
      ...given(set.metricType, (type) => ` set metric-type type-${type}`),
      ...given(set.tag, (tag) => ` set tag ${tag}`),
      ...(set.source === undefined ? [] : [` set src ${set.source}`]),
      'exit',
      '!',
    ]),
  )
  return [...lists, ...(lists.length > 0 ? ['!'] : []), ...maps]
}

export const configText = ({ lines }: ConfigDocument): string =>
  lines.map((line) => `${line}\n`).join('')
