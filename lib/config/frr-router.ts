/** Statements under `router ospf`, but for those of an area (frr-area.ts). */
import { areaStatements } from './frr-area.ts'
import {
  type Args,
  accept,
  type Draft,
  ignore,
  isOn,
  type OriginatedDraft,
  refuse,
  type Statement,
  type Statements,
} from './frr-draft.ts'
import { area, device, networkPrefix, prefix, Refusal } from './frr-parse.ts'

const areaId = '<A.B.C.D|(0-4294967295)>$area'

const routerId: Statement = (d, a) => {
  if (a.id === '0.0.0.0') throw new Refusal('it must not be 0.0.0.0')
  d.ospf.options.routerId = a.id!
}

const networks: Statements = {
  [`network A.B.C.D/M$prefix area ${areaId}`]: (d, a) => {
    if (hasAreas(d)) throw new Refusal("not together with 'ip ospf area' statements")
    const { network, length } = prefix(a.prefix!)
    const entry = { prefix: network, length, area: area(a.area!), ...d.place }
    const key = `${network}/${length}`
    const before = d.ospf.networks.get(key)
    if (before !== undefined && before.area !== entry.area)
      throw new Refusal(`${key} is in area ${before.area} by ${before.file}:${before.line}`)
    if (before === undefined) d.ospf.networks.set(key, entry)
  },
  [`no network A.B.C.D/M$prefix area ${areaId}`]: (d, a) => {
    const key = networkPrefix(a.prefix!)
    if (d.ospf.networks.get(key)?.area === area(a.area!)) d.ospf.networks.delete(key)
  },
}

const hasAreas = (d: Draft): boolean =>
  [...d.interfaces.values()].some((settings) =>
    [settings, ...Object.values(settings.byAddress ?? {})].some((one) => one.area !== undefined),
  )

const passive: Statements = {
  'passive-interface default': (d) => {
    d.ospf.options.passiveDefault = true
  },
  'no passive-interface default': (d) => {
    d.ospf.options.passiveDefault = false
  },
  '[no] passive-interface IFNAME$name [A.B.C.D]$at': (d, a) => {
    d.settingsAt(a.at, device(a.name!)).passive = isOn(a)
  },
}

const neighbor: Statement = (d, a) => {
  d.ospf.neighbors.set(a.address!, {
    address: a.address!,
    ...(a.priority === undefined ? {} : { priority: Number(a.priority) }),
    ...(a.poll === undefined ? {} : { pollInterval: Number(a.poll) }),
    ...d.place,
  })
}

const neighbors: Statements = {
  'neighbor A.B.C.D$address [{priority (0-255)$priority|poll-interval (1-65535)$poll}]': neighbor,
  'no neighbor A.B.C.D$address [{priority [(0-255)]|poll-interval [(1-65535)]}]': (d, a) => {
    d.ospf.neighbors.delete(a.address!)
  },
}

const seconds = (milliseconds: string | undefined): number => Number(milliseconds) / 1000

const timers: Statements = {
  'timers throttle spf (0-600000)$delay (0-600000)$hold (0-600000)$maximum': (d, a) => {
    d.ospf.options.spfThrottle = {
      delay: seconds(a.delay),
      hold: seconds(a.hold),
      maximumHold: seconds(a.maximum),
    }
  },
  // Quagga's own, in seconds
  'timers spf (0-4294967)$delay (0-4294967)$hold': (d, a) => {
    const [delay, hold] = [Number(a.delay), Number(a.hold)]
    d.ospf.options.spfThrottle = { delay, hold, maximumHold: hold }
  },
  'no timers throttle spf [(0-600000)] [(0-600000)] [(0-600000)]': (d) => {
    delete d.ospf.options.spfThrottle
  },
  'no timers spf [(0-4294967)] [(0-4294967)]': (d) => {
    delete d.ospf.options.spfThrottle
  },
  'timers throttle lsa all (0-5000)$value': (d, a) => {
    d.ospf.options.minLsInterval = seconds(a.value)
  },
  'no timers throttle lsa all [(0-5000)]': (d) => {
    delete d.ospf.options.minLsInterval
  },
  'timers lsa min-arrival (0-600000)$value': (d, a) => {
    d.ospf.options.minLsArrival = seconds(a.value)
  },
  'no timers lsa min-arrival [(0-600000)]': (d) => {
    delete d.ospf.options.minLsArrival
  },
  // refreshed one by one when they are due, not in groups
  'refresh timer (10-1800)': accept,
  'no refresh timer [(10-1800)]': accept,
}

const how = '{metric (0-16777214)$metric|metric-type (1-2)$type|route-map RMAP_NAME$map}'
const protocol = '<kernel|connected|static|rip|isis|bgp|eigrp|nhrp|babel|openfabric>$source'

const originated = (d: Draft, a: Args, what: string): OriginatedDraft => ({
  from: d.reference(what),
  ...(a.metric === undefined ? {} : { metric: Number(a.metric) }),
  ...(a.type === undefined ? {} : { type: a.type === '1' ? 1 : 2 }),
  ...(a.map === undefined ? {} : { routeMap: d.reference(a.map) }),
})

const externals: Statements = {
  [`redistribute ${protocol} [${how}]`]: (d, a) => {
    d.needs('redistribute')
    d.ospf.redistribute.set(a.source!, originated(d, a, a.source!))
  },
  [`no redistribute ${protocol} [${how}]`]: (d, a) => {
    d.ospf.redistribute.delete(a.source!)
  },
  [`redistribute <ospf|table> (1-65535) [${how}]`]: refuse(
    'routes of another instance or table are not redistributed',
  ),
  [`no redistribute <ospf|table> (1-65535) [${how}]`]: accept,
  [`redistribute <table|vnc> [${how}]`]: refuse('the kernel knows no such protocol'),
  [`no redistribute <table|vnc> [${how}]`]: accept,
  'distribute-list ACCESSLIST4_NAME out <table|vnc>': refuse('the kernel knows no such protocol'),
  'no distribute-list ACCESSLIST4_NAME out <table|vnc>': accept,
  [`distribute-list ACCESSLIST4_NAME$list out ${protocol}`]: (d, a) => {
    d.needs('redistribute')
    d.ospf.distributeLists.set(a.source!, d.reference(a.list!))
  },
  [`no distribute-list ACCESSLIST4_NAME out ${protocol}`]: (d, a) => {
    d.ospf.distributeLists.delete(a.source!)
  },
  'default-information originate [{always$always|metric (0-16777214)$metric|metric-type (1-2)$type|route-map RMAP_NAME$map}]':
    (d, a) => {
      d.needs('defaultInformation')
      const always = a.always !== undefined
      d.ospf.defaultInformation = { ...originated(d, a, 'default'), always }
    },
  'no default-information originate [{always|metric (0-16777214)|metric-type (1-2)|route-map RMAP_NAME}]':
    (d) => {
      d.ospf.defaultInformation = undefined
    },
  'default-metric (0-16777214)$metric': (d, a) => {
    d.ospf.defaultMetric = Number(a.metric)
  },
  'no default-metric [(0-16777214)]': (d) => {
    d.ospf.defaultMetric = undefined
  },
  'summary-address A.B.C.D/M$prefix [<tag (1-4294967295)$tag|no-advertise$hidden>]': (d, a) => {
    d.needs('summaryAddresses')
    d.ospf.summaryAddresses.set(networkPrefix(a.prefix!), {
      from: d.reference(a.prefix!),
      advertise: a.hidden === undefined,
      ...(a.tag === undefined ? {} : { tag: Number(a.tag) }),
    })
  },
  'no summary-address A.B.C.D/M$prefix [<tag (1-4294967295)|no-advertise>]': (d, a) => {
    d.ospf.summaryAddresses.delete(networkPrefix(a.prefix!))
  },
  // how long FRR gathers changes of summaries
  'aggregation timer (5-1800)': accept,
  'no aggregation timer [(5-1800)]': accept,
}

const maxMetric = 'max-metric router-lsa'

const stubRouter: Statements = {
  [`[no] ${maxMetric} administrative`]: (d, a) => {
    d.ospf.stubRouter.administrative = isOn(a) ? d.reference('') : undefined
  },
  [`${maxMetric} on-startup (5-86400)$seconds`]: (d, a) => {
    d.ospf.stubRouter.onStartup = { ...d.reference(''), seconds: Number(a.seconds) }
  },
  [`no ${maxMetric} on-startup [(5-86400)]`]: (d) => {
    d.ospf.stubRouter.onStartup = undefined
  },
  [`${maxMetric} on-shutdown (5-100)$seconds`]: (d, a) => {
    d.ospf.stubRouter.onShutdown = { ...d.reference(''), seconds: Number(a.seconds) }
  },
  [`no ${maxMetric} on-shutdown [(5-100)]`]: (d) => {
    d.ospf.stubRouter.onShutdown = undefined
  },
}

const rfc1583: Statement = (d, a) => {
  d.ospf.options.rfc1583Compatibility = isOn(a)
}

const routerInformation: Statements = {
  'router-info as': (d) => {
    d.ospf.options.routerInformation = 'as'
  },
  // FRR ignores which
  'router-info area [A.B.C.D]': (d) => {
    d.ospf.options.routerInformation = 'area'
  },
  'no router-info [<as|area [A.B.C.D]>]': (d) => {
    delete d.ospf.options.routerInformation
  },
}

const distance =
  'one routing protocol is at work here: there is nothing to compare its distance with'
const restart = 'graceful restart is not supported'

/** What other routers would rely on, or what traffic would go by. */
const refused: Statements = Object.fromEntries(
  [
    [
      'ospf abr-type shortcut',
      'shortcut areas are not supported (RFC 3509 names cisco, ibm, standard)',
    ],
    ['mpls-te LINE...', 'traffic engineering is not supported'],
    ['mpls ldp-sync [holddown (1-10000)]', 'LDP is not supported'],
    ['segment-routing LINE...', 'segment routing is not supported'],
    ['fast-reroute ti-lfa [node-protection]', 'segment routing is not supported'],
    ['pce <address|domain|flag|neighbor|scope> LINE...', 'path computation is not supported'],
  ].map(([pattern, reason]) => [pattern!, refuse(reason!)]),
)

const withoutEffect: Statements = {
  'distance (1-255)': ignore(distance),
  'no distance [(1-255)]': accept,
  'distance ospf {intra-area (1-255)|inter-area (1-255)|external (1-255)}': ignore(distance),
  'no distance ospf [{intra-area [(1-255)]|inter-area [(1-255)]|external [(1-255)]}]': accept,
  'graceful-restart [grace-period (1-1800)]': ignore(restart),
  'graceful-restart <prepare|helper> LINE...': ignore(restart),
  'no graceful-restart [LINE...]': accept,
  'flood-reduction': ignore('LSAs are refreshed as ever (no RFC 4136)'),
  'no flood-reduction': accept,
  '[no] capability opaque': (d, a) =>
    isOn(a) ? d.accept() : d.accept('opaque LSAs are always carried'),
  '[no] ospf opaque-lsa': (d, a) =>
    isOn(a) ? d.accept() : d.accept('opaque LSAs are always carried'),
  '[no] log-adjacency-changes [detail]': accept,
  '[no] proactive-arp': accept,
  '[no] ospf send-extra-data zebra': accept,
  '[no] [ospf] write-multiplier (1-100)': accept,
  'socket buffer <send|recv|all> (1-4000000000)': accept,
  'no socket buffer <send|recv|all> [(1-4000000000)]': accept,
  '[no] socket-per-interface': accept,
  'no mpls-te [LINE...]': accept,
  'no mpls ldp-sync [LINE...]': accept,
  'no segment-routing [LINE...]': accept,
  'no fast-reroute ti-lfa [node-protection]': accept,
  'no pce LINE...': accept,
}

export const routerStatements: Statements = {
  '[ospf] router-id A.B.C.D$id': routerId,
  'no [ospf] router-id [A.B.C.D]': (d) => {
    delete d.ospf.options.routerId
  },
  ...networks,
  ...passive,
  ...neighbors,
  'ospf abr-type <cisco|ibm|standard>$type': (d, a) => {
    d.ospf.options.abrType = a.type as 'cisco' | 'ibm' | 'standard'
  },
  'no ospf abr-type [<cisco|ibm|shortcut|standard>]': (d) => {
    delete d.ospf.options.abrType
  },
  '[no] compatible rfc1583': rfc1583,
  '[no] ospf rfc1583compatibility': rfc1583,
  'maximum-paths (1-256)$value': (d, a) => {
    d.ospf.options.maximumPaths = Number(a.value)
  },
  'no maximum-paths [(1-256)]': (d) => {
    delete d.ospf.options.maximumPaths
  },
  'auto-cost reference-bandwidth (1-4294967)$value': (d, a) => {
    d.ospf.options.referenceBandwidth = Number(a.value)
  },
  'no auto-cost reference-bandwidth [(1-4294967)]': (d) => {
    delete d.ospf.options.referenceBandwidth
  },
  ...timers,
  ...areaStatements,
  ...externals,
  ...stubRouter,
  ...routerInformation,
  ...withoutEffect,
  ...refused,
}
