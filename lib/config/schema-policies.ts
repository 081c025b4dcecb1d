/** The part of the schema that is about prefix lists, route maps and what is told of the outside. */
import type { PolicyOptions, RouteMapEntryOptions, RouteMapMatch, RouteMapSet } from '../policy.ts'
import type { PrefixRuleOptions } from '../prefix-list.ts'
import type {
  DefaultInformationOptions,
  RedistributeOptions,
  SummaryAddressOptions,
} from '../redistribute-options.ts'
import {
  byName,
  described,
  fields,
  flag,
  integer,
  list,
  METRIC_MAX,
  named,
  needsOne,
  oneOf,
  oneOrMany,
  orFlag,
  type Schema,
  type SchemaOf,
  text,
  U16_MAX,
  U32_MAX,
} from './schema-words.ts'

const rule = {
  action: oneOf('permit', 'deny'),
  prefix: text,
  ge: integer(0, 32),
  le: integer(0, 32),
} satisfies SchemaOf<PrefixRuleOptions>

const pathType = oneOf('intra-area', 'inter-area', 'external-1', 'external-2', 'external')

const match = {
  prefixList: named('prefixList'),
  tag: integer(0, U32_MAX),
  pathType: oneOrMany(pathType),
  metric: {
    type: ['integer', 'object'],
    minimum: 0,
    maximum: U32_MAX,
    properties: { ge: integer(0, U32_MAX), le: integer(0, U32_MAX) },
    additionalProperties: false,
  },
  nextHop: named('prefixList'),
  interface: text,
} satisfies SchemaOf<RouteMapMatch>

const set = {
  metric: {
    type: ['integer', 'string'],
    minimum: 0,
    maximum: METRIC_MAX,
    pattern: '^[+-]\\d{1,8}$',
  },
  metricType: oneOf(1, 2),
  tag: integer(0, U32_MAX),
  source: text,
} satisfies SchemaOf<RouteMapSet>

const entry = {
  sequence: integer(1, U16_MAX),
  action: oneOf('permit', 'deny'),
  match: fields(match),
  set: fields(set),
  call: text,
  onMatch: { type: ['integer', 'string'], minimum: 1, maximum: U16_MAX, pattern: '^next$' },
} satisfies SchemaOf<RouteMapEntryOptions>

type KeysOf<T> = T extends T ? keyof T : never

const policy = {
  prefixList: named('prefixList'),
  routeMap: named('routeMap'),
} satisfies Record<KeysOf<PolicyOptions>, Schema>

export const policyDefinitions: Readonly<Record<string, Schema>> = {
  rules: list(fields(rule, ['action', 'prefix'])),
  prefixList: described('The name of a list in prefixLists, or rules in place', {
    type: ['string', 'array'],
    items: fields(rule, ['action', 'prefix']),
  }),
  entries: list(fields(entry, ['action'])),
  routeMap: described('The name of a map in routeMaps, or entries in place', {
    type: ['string', 'array'],
    items: fields(entry, ['action']),
  }),
  policy: { ...fields(policy), ...needsOne('prefixList', 'routeMap') },
}

const redistribute = {
  type: oneOf(1, 2),
  metric: integer(0, METRIC_MAX),
  tag: integer(0, U32_MAX),
  forwardingAddress: flag,
  filter: named('prefixList'),
  routeMap: named('routeMap'),
} satisfies SchemaOf<RedistributeOptions>

const defaultInformation = {
  always: flag,
  metric: integer(0, METRIC_MAX),
  type: oneOf(1, 2),
  tag: integer(0, U32_MAX),
  routeMap: named('routeMap'),
} satisfies SchemaOf<DefaultInformationOptions>

const summaryAddress = {
  advertise: flag,
  tag: integer(0, U32_MAX),
  metric: integer(0, METRIC_MAX),
  type: oneOf(1, 2),
} satisfies SchemaOf<SummaryAddressOptions>

export const outside: Record<'redistribute' | 'defaultInformation' | 'summaryAddresses', Schema> = {
  redistribute: described(
    'Routes of the kernel that become AS externals, by kind: connected, static, kernel, or a protocol by name or number',
    byName(orFlag(fields(redistribute))),
  ),
  defaultInformation: described('Advertise a default route', orFlag(fields(defaultInformation))),
  summaryAddresses: described(
    'One external for all inside, by prefix',
    byName(fields(summaryAddress)),
  ),
}
