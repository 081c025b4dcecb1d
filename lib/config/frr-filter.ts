/** `access-list`, `ip prefix-list`, `route-map` and what stands under it. */
import { type Args, accept, type Draft, ignore, type Statements } from './frr-draft.ts'
import { networkPrefix, prefix, Refusal } from './frr-parse.ts'
import {
  type Action,
  anyPrefix,
  byWildcard,
  type ListLine,
  type MapEntry,
  within,
} from './frr-policy.ts'

const access = 'access-list WORD$name [seq (1-4294967295)$sequence] <deny|permit>$action'
const prefixes = '<A.B.C.D/M$prefix [exact-match$exact]|any>'

function accessRules(a: Args): ListLine['rules'] {
  if (a.prefix !== undefined) return within(networkPrefix(a.prefix), a.exact !== undefined)
  return a.address === undefined ? anyPrefix : byWildcard(a.address, a.mask ?? '0.0.0.0')
}

const extended = (): ListLine['rules'] => ({
  unsupported: 'extended access lists are not supported for routes',
})

const accessLists: Statements = {
  ...editor('access-list', `${access} ${prefixes}`, accessRules),
  ...editor(
    'access-list',
    `${access} <host A.B.C.D$address|A.B.C.D$address [A.B.C.D$mask]>`,
    accessRules,
  ),
  ...editor('access-list', `${access} <ip|tcp|udp|icmp> LINE...`, extended),
  'access-list WORD$name remark LINE...': (d, a) => {
    d.policies.list('access-list', a.name!)
  },
  'no access-list WORD remark [LINE...]': accept,
  'no access-list WORD$name': (d, a) => d.policies.forget('access-list', a.name!),
}

const prefixLine =
  'ip prefix-list WORD$name [seq (1-4294967295)$sequence] <deny|permit>$action <any|A.B.C.D/M$prefix [{ge (0-32)$ge|le (0-32)$le}]>'

function prefixRules(a: Args): ListLine['rules'] {
  if (a.prefix === undefined) return anyPrefix
  const { network, length } = prefix(a.prefix)
  const ge = a.ge === undefined ? undefined : Number(a.ge)
  const le = a.le === undefined ? undefined : Number(a.le)
  const from = ge ?? length
  const to = le ?? (ge === undefined ? length : 32)
  if (from < length || to < from)
    throw new Refusal(`lengths from ${from} to ${to} do not lie within those of ${a.prefix}`)
  return [
    {
      prefix: `${network}/${length}`,
      ...(from === length ? {} : { ge: from }),
      ...(to === length ? {} : { le: to }),
    },
  ]
}

const prefixLists: Statements = {
  ...editor('prefix-list', prefixLine, prefixRules),
  'no ip prefix-list WORD$name seq (1-4294967295)$sequence': (d, a) =>
    d.policies.list('prefix-list', a.name!).remove(a.sequence, 'permit', []),
  'no ip prefix-list WORD$name': (d, a) => d.policies.forget('prefix-list', a.name!),
  'ip prefix-list WORD description LINE...': accept,
  'no ip prefix-list WORD description [LINE...]': accept,
  '[no] ip prefix-list sequence-number': accept,
}

/** A line of a list, and how it is taken away. */
function editor(
  kind: 'access-list' | 'prefix-list',
  pattern: string,
  rules: (a: Args) => ListLine['rules'],
): Statements {
  return {
    [pattern]: (d, a) =>
      d.policies.list(kind, a.name!).add(a.sequence, a.action as Action, rules(a)),
    [`no ${pattern}`]: (d, a) =>
      d.policies.list(kind, a.name!).remove(a.sequence, a.action as Action, rules(a)),
  }
}

export const filterStatements: Statements = {
  ...accessLists,
  ...prefixLists,
  'route-map RMAP_NAME$name <deny|permit>$action (1-65535)$sequence': (d, a) => {
    d.mode = 'route-map'
    d.mapEntry = d.policies.entry(a.name!, a.action as Action, a.sequence!)
  },
  'no route-map RMAP_NAME$name <deny|permit> (1-65535)$sequence': (d, a) =>
    d.policies.forgetMap(a.name!, a.sequence),
  'no route-map RMAP_NAME$name': (d, a) => d.policies.forgetMap(a.name!),
  '[no] route-map RMAP_NAME optimization': accept,
}

// Under `route-map`

const entryOf = (d: Draft): MapEntry => d.mapEntry

/** `match ip address` in its forms: the last one counts, as in FRR. */
function matchPrefixes(kind: NonNullable<MapEntry['prefixes']>['kind']) {
  return (d: Draft, a: Args): void => {
    entryOf(d).prefixes = { ...d.reference(a.name!), kind }
  }
}

/** What is kept by its words: matches and settings that have one value. */
function kept(group: 'matches' | 'sets', words: string, value: string): Statements {
  return {
    [`${words} ${value}$value`]: (d, a) => {
      entryOf(d)[group].set(words, d.reference(a.value!))
    },
    [`no ${words} [${value}]`]: (d) => {
      entryOf(d)[group].delete(words)
    },
  }
}

export const routeMapStatements: Statements = {
  'match ip address ACCESSLIST4_NAME$name': matchPrefixes('access-list'),
  'match ip address prefix-list PREFIXLIST_NAME$name': matchPrefixes('prefix-list'),
  'match ip address prefix-len (0-32)$name': matchPrefixes('length'),
  'no match ip address [<ACCESSLIST4_NAME|prefix-list [PREFIXLIST_NAME]|prefix-len [(0-32)]>]': (
    d,
  ) => {
    delete entryOf(d).prefixes
  },
  ...kept('matches', 'match interface', 'IFNAME'),
  ...kept('matches', 'match metric', '(0-4294967295)'),
  ...kept('matches', 'match tag', '(1-4294967295)'),
  ...kept('matches', 'match ip next-hop address', 'A.B.C.D'),
  ...kept('matches', 'match ip next-hop prefix-list', 'PREFIXLIST_NAME'),
  ...kept('matches', 'match ip next-hop', 'ACCESSLIST4_NAME'),
  ...kept('sets', 'set metric', 'METRIC'),
  ...kept('sets', 'set metric-type', '<type-1|type-2>'),
  ...kept('sets', 'set tag', '(1-4294967295)'),
  ...kept('sets', 'set src', 'A.B.C.D'),
  'set distance (0-255)': ignore(
    'one routing protocol is at work here: there is nothing to compare its distance with',
  ),
  'no set distance [(0-255)]': accept,
  '<match|set> LINE...': (d) => {
    entryOf(d).foreign.push(d.words.join(' '))
    d.accept('OSPF has nothing to do with it')
  },
  'no <match|set> LINE...': accept,
  'call NAME$name': (d, a) => {
    entryOf(d).call = a.name!
  },
  'no call [NAME]': (d) => {
    delete entryOf(d).call
  },
  'on-match next': (d) => {
    entryOf(d).onMatch = 'next'
  },
  '<on-match goto|continue> (1-65535)$value': (d, a) => {
    entryOf(d).onMatch = Number(a.value)
  },
  continue: (d) => {
    entryOf(d).onMatch = 'next'
  },
  'no <on-match <next|goto>|continue [(1-65535)]>': (d) => {
    delete entryOf(d).onMatch
  },
  'description LINE...': accept,
  'no description [LINE...]': accept,
}
