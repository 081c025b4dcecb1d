/** The part of the schema that is about areas, interfaces and authentication. */
import type {
  AreaOptions,
  InterfaceOptions,
  NssaOptions,
  RangeOptions,
  TtlSecurityOptions,
  VirtualLinkOptions,
} from '../area-options.ts'
import type { KeyOptions, LifetimeOptions } from '../authentication-options.ts'
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

const digests = ['md5', 'hmac-sha-1', 'hmac-sha-256', 'hmac-sha-384', 'hmac-sha-512'] as const

/** Where a secret comes from: said here, the first line of a file, or the environment. */
const secret = {
  key: described('The secret itself: keep the file from others', text),
  keyFile: described('A file whose first line is the secret; relative to this file', text),
  keyEnv: described('A variable of the environment that holds the secret', text),
}
const needsSecret = needsOne('key', 'keyFile', 'keyEnv')

const lifetime = { from: text, until: text } satisfies SchemaOf<LifetimeOptions>

const key = {
  id: integer(0, U32_MAX),
  ...secret,
  algorithm: oneOf(...digests),
  send: fields(lifetime),
  accept: fields(lifetime),
} satisfies SchemaOf<KeyOptions> & Record<string, Schema>

const ofType = (...types: readonly string[]): Schema => ({
  properties: { type: { enum: types } },
  required: ['type'],
})

const authentication = described('How packets prove where they come from (RFC 2328 appendix D)', {
  type: 'object',
  required: ['type'],
  properties: { type: oneOf('none', 'simple', ...digests) },
  allOf: [
    choice(ofType('none'), fields({ type: {} })),
    choice(ofType('simple'), { ...fields({ type: {}, ...secret }), ...needsSecret }),
    choice(
      ofType(...digests),
      fields(
        {
          type: {},
          keys: list({ ...fields(key, ['id']), ...needsSecret }, 1),
          extended: described('AuType 3 (RFC 7474)', flag),
          strictReplay: flag,
        },
        ['keys'],
      ),
    ),
  ],
})

const ttlSecurity = {
  hops: integer(1, 254),
  txOnly: flag,
} satisfies SchemaOf<TtlSecurityOptions>

const timers = {
  helloInterval: described('Seconds, whole; default 10', integer(1, U16_MAX)),
  deadInterval: described('Seconds, whole; default four times helloInterval', integer(1, U16_MAX)),
  retransmitInterval: { type: 'number', minimum: 1 },
  transmitDelay: integer(1, 3600),
  authentication: named('authentication'),
}

const onInterface = {
  network: oneOf('broadcast', 'nbma', 'point-to-point', 'point-to-multipoint'),
  cost: described('Output cost; default 10', integer(1, U16_MAX)),
  ...timers,
  waitInterval: integer(1, U16_MAX),
  helloMultiplier: described('Hellos a second, instead of helloInterval', integer(2, 20)),
  priority: described('Router Priority; 0 is never Designated Router', integer(0, 255)),
  passive: flag,
  mtuIgnore: flag,
  neighbors: byName(fields({ eligible: flag })),
  nonBroadcast: flag,
  pollInterval: integer(1, U16_MAX),
  secondaryAddresses: flag,
  prefixSuppression: flag,
  aliveBy: oneOf('any', 'hello'),
  ttlSecurity: orFlag(fields(ttlSecurity)),
} satisfies SchemaOf<InterfaceOptions>

const virtualLink = {
  ...timers,
  ttlSecurity: fields(ttlSecurity),
} satisfies SchemaOf<VirtualLinkOptions>

const range = {
  advertise: flag,
  cost: integer(0, METRIC_MAX),
  substitute: text,
} satisfies Omit<SchemaOf<RangeOptions>, 'tag'>

const nssaRange = {
  advertise: flag,
  cost: integer(0, METRIC_MAX),
  tag: integer(0, U32_MAX),
} satisfies Omit<SchemaOf<RangeOptions>, 'substitute'>

const nssa = {
  translator: oneOf('candidate', 'always', 'never'),
  stabilityInterval: { type: 'number', minimum: 0, maximum: U16_MAX },
  defaultOriginate: orFlag(fields({ metric: integer(0, METRIC_MAX), type: oneOf(1, 2) })),
  ranges: byName(fields(nssaRange)),
} satisfies SchemaOf<NssaOptions>

const area = {
  type: oneOf('normal', 'stub', 'nssa'),
  summaries: flag,
  defaultCost: integer(0, METRIC_MAX),
  ranges: byName(fields(range)),
  importList: named('prefixList'),
  exportList: named('prefixList'),
  nssa: fields(nssa),
  virtualLinks: described('By the Router ID of the other end', byName(fields(virtualLink))),
  interfaces: described("By device: eth0, or 'eth0:10.0.2.1'", byName(named('interface'))),
  stubNetworks: described('Prefixes with their cost', byName(integer(0, U16_MAX))),
} satisfies SchemaOf<AreaOptions>

export const areaDefinitions: Readonly<Record<string, Schema>> = {
  authentication,
  interface: fields(onInterface),
  area: fields(area),
}
