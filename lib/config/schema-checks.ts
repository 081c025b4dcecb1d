/** The part of the schema that is about VIPs and the checks behind their gates. */
import type { DampingOptions } from '../health/damping.ts'
import type { AnnounceOptions } from '../vip.ts'
import { checkKinds, type VipData } from './file-types.ts'
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
  oneOf,
  oneOrMany,
  orFlag,
  type Schema,
  type SchemaOf,
  seconds,
  text,
  U16_MAX,
  U32_MAX,
} from './schema-words.ts'

const count: Schema = { type: 'integer', minimum: 1 }

const damping = {
  penalty: seconds,
  halfLife: seconds,
  suppress: seconds,
  reuse: seconds,
  maximumSuppress: seconds,
} satisfies SchemaOf<DampingOptions>

const words = ['up', 'down', 'maintenance'] as const

/** Of every check. */
const common = {
  name: described('What reasons call it', text),
  damping: orFlag(fields(damping)),
  overrideFile: described("A file whose first word is 'up', 'down' or 'maintenance'", text),
  overrideInterval: described('Seconds between two looks at that file; default 1', seconds),
  overrideSignals: described('What a signal to this process says', byName(oneOf(...words))),
}

/** Of every check that probes. */
const timing = {
  ...common,
  interval: described('Seconds from one run to the next; default 1', seconds),
  fastInterval: described('The same while it is changing', seconds),
  timeout: described('Seconds; default the interval', seconds),
  rise: described('Passes in a row that make it healthy; default 2', count),
  fall: described('Failures in a row that make it unhealthy; default 3', count),
  initial: oneOf('down', 'up'),
}

const expect = {
  expect: described('What the answer must contain', text),
  expectMatch: described('A regular expression that the answer must match', text),
}

const tlsFiles = {
  caFile: text,
  certFile: text,
  keyFile: text,
  passphraseFile: text,
  rejectUnauthorized: described('False: certificates are not verified', flag),
  servername: text,
}

const dialogue = { send: text, ...expect, maxAnswer: count, localAddress: text }
const port = integer(1, U16_MAX)
const target: Schema = {
  type: ['string', 'object'],
  minLength: 1,
  properties: { host: text, port },
  required: ['host'],
  additionalProperties: false,
}
const status: Schema = { type: ['integer', 'string'] }
const parts = list(named('check'), 1)

const combined = {
  ...common,
  panic: described(
    'When more than this share fail at once, no further failure is believed',
    fields({ share: { type: 'number', minimum: 0, exclusiveMaximum: 1 }, within: seconds }, [
      'share',
    ]),
  ),
}

const kinds = {
  http: {
    http: described('A URL, http: or https:', text),
    ...timing,
    method: text,
    status: oneOrMany(status),
    headers: byName({ type: 'string' }),
    host: text,
    body: described('What the body must contain', text),
    bodyMatch: described('A regular expression that the body must match', text),
    maxBody: count,
    localAddress: text,
    tls: fields(tlsFiles),
  },
  tcp: { tcp: target, ...timing, ...dialogue },
  tls: { tls: target, ...timing, ...dialogue, ...tlsFiles, minimumDays: { type: 'number' } },
  udp: {
    udp: target,
    ...timing,
    send: text,
    ...expect,
    reply: flag,
    quiet: { type: 'number', minimum: 0 },
    localAddress: text,
  },
  dns: {
    dns: target,
    ...timing,
    query: described("The name to ask for; default '.'", text),
    type: oneOf('A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'),
    rcode: oneOf('NOERROR', 'NXDOMAIN', 'NODATA'),
    answer: text,
    localAddress: text,
  },
  icmp: { icmp: text, ...timing, size: integer(0, 1472), again: seconds },
  grpc: { grpc: text, ...timing, service: text, authority: text, tls: fields(tlsFiles) },
  command: {
    command: {
      type: ['string', 'array'],
      minLength: 1,
      items: { type: 'string' },
      minItems: 1,
    },
    ...timing,
    exit: oneOrMany(integer(0, 255)),
    env: byName({ type: 'string' }),
    cwd: text,
    uid: integer(0, U32_MAX),
    gid: integer(0, U32_MAX),
  },
  file: { file: text, ...timing, exists: flag, ...expect },
  trackedFile: {
    trackedFile: described('A file that holds a number, as in keepalived: 0 is good', text),
    ...timing,
    weight: { type: 'integer' },
    reverse: flag,
  },
  self: {
    self: fields({
      maximumDelay: described('Milliseconds that the event loop may be late', seconds),
      maximumMemory: described('Megabytes of resident memory', seconds),
    }),
    ...timing,
  },
  all: { all: parts, ...combined },
  any: { any: parts, ...combined },
  atLeast: { atLeast: count, of: parts, ...combined },
  weighted: {
    weighted: list(
      fields({ check: named('check'), weight: { type: 'number', minimum: 0 } }, [
        'check',
        'weight',
      ]),
      1,
    ),
    minimum: seconds,
    hysteresis: { type: 'number', minimum: 0 },
    ...combined,
  },
} satisfies Record<(typeof checkKinds)[number], Readonly<Record<string, Schema>>>

const required: Readonly<Record<string, readonly string[]>> = {
  atLeast: ['of'],
  weighted: ['minimum'],
}

/** With http and grpc, tls is an option. */
const isKind = (kind: string): Schema => ({
  required: [kind],
  ...(kind === 'tls' ? { not: { anyOf: [{ required: ['http'] }, { required: ['grpc'] }] } } : {}),
})

const times = {
  prepare: seconds,
  drain: seconds,
  acknowledge: seconds,
  release: seconds,
} satisfies SchemaOf<NonNullable<AnnounceOptions['times']>>

const areaId: Schema = { type: ['string', 'integer'], minimum: 0, maximum: U32_MAX }

const vip = {
  when: described(
    'The gate: announced while it is open. A check, or several that must all pass',
    oneOrMany(named('check')),
  ),
  lvs: described('It follows the services of its address; default: where there are some', flag),
  as: oneOf('stub', 'external'),
  cost: integer(0, U16_MAX),
  area: areaId,
  areas: list(areaId, 1),
  independent: described('In an LSA of its own, whatever others do', flag),
  slowStart: described('Seconds in which its share grows after it has come up', seconds),
  label: described('Of its address on the device, as lo:vip1', text),
  weight: described('Share of the traffic; default 100', integer(1, 256)),
  type: oneOf(1, 2),
  metric: integer(0, METRIC_MAX),
  tag: integer(0, U32_MAX),
  device: described('Put the VIP on this device, lo usually, while it is announced', text),
  onFail: oneOf('withdraw', 'degrade', 'keep'),
  minimumAnnouncers: integer(1, 1000),
  times: fields(times),
  lease: described('Seconds that it lives unless renewed by the control socket or API', seconds),
} satisfies SchemaOf<VipData>

export const checkDefinitions: Readonly<Record<string, Schema>> = {
  check: described('The name of a check in checks, or a check in place', {
    type: ['string', 'object'],
    ...choice(
      { type: 'object' },
      {
        anyOf: checkKinds.map((kind) => ({ required: [kind] })),
        allOf: checkKinds.map((kind) =>
          choice(isKind(kind), fields(kinds[kind], required[kind] ?? [])),
        ),
      },
    ),
  }),
  vip: { ...fields(vip), type: ['object', 'null'] },
}
