/**
 * The JSON Schema of the configuration file, which is published as `ospf-speaker/schema.json`. It follows the options
 * field by field: one that is missing here does not compile.
 */
import type { DirectorHelperOptions } from '../director-helper.ts'
import type { KernelRouteOptions, ResilientGroupOptions } from '../kernel-options.ts'
import { type HookOptions, hookTopics } from '../observe/hook-options.ts'
import type {
  AddressOptions,
  ExternalOptions,
  IsolateOptions,
  SpeakerOptions,
  StubRouterTimesOptions,
} from '../options.ts'
import type { RouterHelperOptions } from '../router-helper.ts'
import type { StaticRouteOptions } from '../static-routes.ts'
import type { ConfigData } from './file-types.ts'
import { areaDefinitions } from './schema-areas.ts'
import { checkDefinitions } from './schema-checks.ts'
import { lvsDefinitions } from './schema-lvs.ts'
import { outside, policyDefinitions } from './schema-policies.ts'
import {
  byName,
  choice,
  described,
  fields,
  flag,
  integer,
  list,
  METRIC_MAX,
  named,
  needsOne,
  oneOf,
  orFlag,
  type Schema,
  type SchemaOf,
  text,
  U16_MAX,
  U32_MAX,
} from './schema-words.ts'

const external = {
  type: oneOf(1, 2),
  metric: integer(0, METRIC_MAX),
  tag: integer(0, U32_MAX),
  forwardingAddress: text,
} satisfies SchemaOf<ExternalOptions>

const stubRouter = {
  includeStub: flag,
  externalMetric: integer(0, METRIC_MAX),
  always: flag,
  onStartup: integer(5, 86_400),
  onShutdown: integer(1, 600),
} satisfies SchemaOf<StubRouterTimesOptions>

const timer: Schema = { type: 'number', minimum: 0 }

const resilient = {
  prefixes: {
    type: ['string', 'array'],
    pattern: '^(hosts|all)$',
    items: text,
  },
  buckets: integer(1, U16_MAX),
  idleTimer: timer,
  unbalancedTimer: timer,
} satisfies SchemaOf<ResilientGroupOptions>

const installRoutes = {
  table: { type: ['integer', 'string'], minimum: 1, maximum: U32_MAX, minLength: 1 },
  vrf: text,
  metric: integer(1, U32_MAX),
  protocol: integer(5, 255),
  source: text,
  mode: oneOf('auto', 'multipath', 'groups', 'resilient'),
  resilient: fields(resilient),
  nextHopIds: integer(1, U32_MAX),
  leftoverTime: timer,
  accept: named('policy'),
  discard: flag,
  keep: flag,
} satisfies SchemaOf<KernelRouteOptions>

const routerHelper = {
  mode: oneOf('report', 'set'),
  hashPolicy: { enum: [0, 1, 2, 3, false] },
  hashFields: integer(1, 0xfff),
  redirects: flag,
  forward: flag,
  proxyArp: list(text),
  quietGroups: flag,
} satisfies SchemaOf<RouterHelperOptions>

const directorHelper = {
  mode: oneOf('report', 'set'),
  arp: flag,
  reversePath: flag,
  nonlocalBind: flag,
  forward: flag,
} satisfies SchemaOf<DirectorHelperOptions>

/** What a helper is asked: how, or not at all, or how and what. */
const helper = (options: Readonly<Record<string, Schema>>): Schema => ({
  type: ['string', 'boolean', 'object'],
  ...choice({ type: 'object' }, fields(options, ['mode']), { enum: ['report', 'set', false] }),
})

const isolate = {
  lease: { type: 'number', minimum: 0.2, maximum: 3600 },
  onLapse: oneOf('withdraw', 'keep'),
  namespace: text,
} satisfies SchemaOf<IsolateOptions>

const hook = {
  on: list(oneOf(...hookTopics), 1),
  command: list({ type: 'string' }, 1),
  url: { type: 'string', pattern: '^https?://' },
  headers: byName({ type: 'string' }),
  timeout: { type: 'number', exclusiveMinimum: 0, maximum: 3600 },
  concurrency: integer(1, 32),
  perMinute: integer(1, 6000),
  retries: integer(0, 10),
} satisfies SchemaOf<HookOptions>

const milliseconds = integer(0, 0x7fffffff)
const bound = integer(1, 0x7fffffff)

const limits = {
  lsas: bound,
  externals: bound,
  redistributed: bound,
  neighborsPerInterface: bound,
  exchanging: bound,
  packetsPerSecond: bound,
  maximumPaths: integer(1, 256),
  mismatches: bound,
  opaqueOctets: bound,
  exitOverflowMs: milliseconds,
  minLsIntervalMs: milliseconds,
  minLsArrivalMs: milliseconds,
} satisfies SchemaOf<NonNullable<SpeakerOptions['limits']>>

const delay = {
  initialMs: milliseconds,
  shortMs: milliseconds,
  longMs: milliseconds,
  timeToLearnMs: milliseconds,
  holdDownMs: milliseconds,
} satisfies SchemaOf<NonNullable<SpeakerOptions['spfDelay']>>

const throttle = {
  initialMs: milliseconds,
  holdMs: milliseconds,
  maxMs: milliseconds,
} satisfies SchemaOf<NonNullable<SpeakerOptions['lsaThrottle']>>

const address = { device: text, address: text } satisfies SchemaOf<AddressOptions>

const staticRoute = {
  prefix: text,
  gateway: text,
  interface: text,
  onLink: flag,
  discard: oneOf('blackhole', 'unreachable'),
  distance: integer(1, 255),
  table: integer(1, U32_MAX),
  vrf: text,
} satisfies SchemaOf<StaticRouteOptions>

const file = {
  routerId: described('Dotted; unique in the OSPF domain', text),
  areas: described('By Area ID, dotted or a number', byName(named('area'))),
  abrType: oneOf('cisco', 'standard', 'ibm'),
  rfc1583Compatibility: flag,
  externals: described('AS externals, by prefix', byName(fields(external))),
  role: oneOf('announce-only', 'router'),
  originate: named('prefixList'),
  ...outside,
  redistributeTable: integer(1, U32_MAX),
  stubRouter: orFlag(fields(stubRouter)),
  installRoutes: described('Write routes into the kernel', orFlag(fields(installRoutes))),
  routerHelper: helper(routerHelper),
  directorHelper: helper(directorHelper),
  vipsAsExternalAbove: integer(0, 5000),
  hostname: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
  hostnameScope: oneOf('area', 'as'),
  addresses: described(
    'Addresses that devices have while the speaker runs',
    list(fields(address, ['device', 'address'])),
  ),
  eventQueue: integer(1, 1_000_000),
  limits: fields(limits),
  spfDelay: fields(delay),
  lsaThrottle: fields(throttle),
  routeDelay: fields(delay),
  prefixLists: described('By name', byName(named('rules'))),
  routeMaps: described('By name', byName(named('entries'))),
  record: described('A pcap file that gets every OSPF packet', text),
  isolate: described('Run the protocol in a child process', orFlag(fields(isolate))),
  sequenceFile: described('A file that keeps the boot count of AuType 3 over restarts', text),
  staticRoutes: described(
    'Static routes in the kernel while the speaker runs',
    list(fields(staticRoute, ['prefix'])),
  ),
  lvs: named('lvs'),
  checks: described('Checks by name, for the gates of VIPs', byName(named('check'))),
  vips: described('VIPs to announce, by address or prefix', byName(named('vip'))),
  socket: described('Path of the control socket', text),
  metrics: described('Where metrics are served: ADDRESS:PORT, or the path of a unix socket', text),
  hooks: described(
    'What is told of changes: programs and web services',
    list({ ...fields(hook, ['on']), ...needsOne('command', 'url') }),
  ),
  log: oneOf('error', 'warning', 'info', 'debug'),
} satisfies SchemaOf<ConfigData>

/** The schema as it is published. */
export const configSchema: Schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: 'https://unpkg.com/ospf-speaker/ospf-speaker.schema.json',
  title: 'ospf-speaker',
  description:
    'The configuration file of ospf-speaker. Times are seconds unless the name says otherwise.',
  ...fields(file, ['routerId', 'areas']),
  definitions: { ...policyDefinitions, ...areaDefinitions, ...checkDefinitions, ...lvsDefinitions },
}
