/** `area ...` under `router ospf`, and what it makes of an area. */
import type { RangeOptions } from '../area-options.ts'
import type { PrefixRuleOptions } from '../prefix-list.ts'
import { addDigestKey, type FrrAuthentication, password } from './frr-authentication.ts'
import {
  type AreaDraft,
  type Args,
  accept,
  type Draft,
  ignore,
  refuse,
  type Statement,
  type Statements,
} from './frr-draft.ts'
import { networkPrefix, Refusal } from './frr-parse.ts'
import type { Policies } from './frr-policy.ts'
import type { FrrArea, FrrVirtualLink } from './frr-types.ts'

const area = 'area <A.B.C.D|(0-4294967295)>$area'

const areaOf = (d: Draft, a: Args): AreaDraft => d.ospf.area(a.area!)

// Types

function setType(type: 'stub' | 'nssa'): Statement {
  return (d, a) => {
    const draft = areaOf(d, a)
    if (draft.id === '0.0.0.0') throw new Refusal('the backbone is never of that type')
    if (draft.virtualLinks.size > 0) throw new Refusal('a virtual link goes through the area')
    if (draft.type !== 'normal' && draft.type !== type)
      throw new Refusal(`the area is ${draft.type} already`)
    draft.type = type
    if (a.noSummary !== undefined) draft.noSummary = true
    if (type === 'nssa') setNssa(draft, a)
  }
}

function setNssa({ nssa }: AreaDraft, a: Args): void {
  if (a.role !== undefined)
    nssa.translator = a.role.replace('translate-', '') as 'candidate' | 'never' | 'always'
  if (a.originate === undefined) return
  nssa.defaultOriginate = {
    ...(a.metric === undefined ? {} : { metric: Number(a.metric) }),
    ...(a.type === undefined ? {} : { type: a.type === '1' ? 1 : 2 }),
  }
}

function unsetType(type: 'stub' | 'nssa'): Statement {
  return (d, a) => {
    const draft = areaOf(d, a)
    if (draft.type !== type) return
    // `no area 1 stub no-summary` leaves a stub area
    if (a.noSummary === undefined) draft.type = 'normal'
    draft.noSummary = false
  }
}

const types: Statements = {
  [`${area} stub [no-summary$noSummary]`]: setType('stub'),
  [`no ${area} stub [no-summary$noSummary]`]: unsetType('stub'),
  // one after the other in FRR 8.4, in one line in others
  [`${area} nssa [{<translate-candidate|translate-never|translate-always>$role|no-summary$noSummary|default-information-originate$originate [{metric (0-16777214)$metric|metric-type (1-2)$type}]}]`]:
    setType('nssa'),
  [`no ${area} nssa [<no-summary$noSummary|translate-candidate|translate-never|translate-always>]`]:
    unsetType('nssa'),
  [`no ${area} nssa default-information-originate [LINE...]`]: (d, a) => {
    delete areaOf(d, a).nssa.defaultOriginate
  },
  [`${area} nssa suppress-fa`]: refuse(
    'a translated LSA keeps its forwarding address (RFC 3101 3.2)',
  ),
  [`no ${area} nssa suppress-fa`]: accept,
  [`${area} nssa range A.B.C.D/M$prefix [<not-advertise$hidden|cost (0-16777215)$cost>]`]: (
    d,
    a,
  ) => {
    const { ranges } = areaOf(d, a).nssa
    ranges.set(networkPrefix(a.prefix!), {
      ...(a.hidden === undefined ? {} : { advertise: false }),
      ...costOf(a),
    })
  },
  [`no ${area} nssa range A.B.C.D/M$prefix [<not-advertise|cost [(0-16777215)]>]`]: (d, a) => {
    areaOf(d, a).nssa.ranges.delete(networkPrefix(a.prefix!))
  },
  [`${area} default-cost (0-16777215)$cost`]: (d, a) => {
    areaOf(d, a).defaultCost = Number(a.cost)
  },
  [`no ${area} default-cost [(0-16777215)]`]: (d, a) => {
    delete areaOf(d, a).defaultCost
  },
  [`${area} shortcut <enable|disable>`]: refuse('shortcut areas are not supported'),
  [`${area} shortcut default`]: accept,
  [`no ${area} shortcut [<enable|disable>]`]: accept,
  [`${area} flood-reduction`]: ignore('LSAs are refreshed as ever (no RFC 4136)'),
  [`no ${area} flood-reduction`]: accept,
}

const costOf = ({ cost }: Args): { cost?: number } =>
  cost === undefined ? {} : { cost: Number(cost) }

// Ranges

const ranges: Statements = {
  [`${area} range A.B.C.D/M$prefix [advertise [cost (0-16777215)$cost]]`]: (d, a) => {
    const range = rangeOf(d, a)
    delete range.advertise
    Object.assign(range, costOf(a))
  },
  [`${area} range A.B.C.D/M$prefix {cost (0-16777215)$cost|substitute A.B.C.D/M$substitute}`]: (
    d,
    a,
  ) => {
    const range = rangeOf(d, a)
    delete range.advertise
    Object.assign(range, costOf(a))
    if (a.substitute !== undefined) range.substitute = networkPrefix(a.substitute)
  },
  [`${area} range A.B.C.D/M$prefix not-advertise`]: (d, a) => {
    areaOf(d, a).ranges.set(networkPrefix(a.prefix!), { advertise: false })
  },
  [`no ${area} range A.B.C.D/M$prefix [<cost (0-16777215)|advertise [cost (0-16777215)]|not-advertise>]`]:
    (d, a) => {
      areaOf(d, a).ranges.delete(networkPrefix(a.prefix!))
    },
  [`no ${area} range A.B.C.D/M$prefix substitute A.B.C.D/M`]: (d, a) => {
    delete areaOf(d, a).ranges.get(networkPrefix(a.prefix!))?.substitute
  },
}

function rangeOf(d: Draft, a: Args): { -readonly [K in keyof RangeOptions]: RangeOptions[K] } {
  const { ranges } = areaOf(d, a)
  const key = networkPrefix(a.prefix!)
  const range = ranges.get(key) ?? {}
  ranges.set(key, range)
  return range
}

// Filters

const filters: Statements = {
  [`${area} filter-list prefix PREFIXLIST_NAME$name <in|out>$way`]: (d, a) => {
    areaOf(d, a).filters.set(a.way as 'in' | 'out', d.reference(a.name!))
  },
  [`no ${area} filter-list prefix PREFIXLIST_NAME <in|out>$way`]: (d, a) => {
    areaOf(d, a).filters.delete(a.way as 'in' | 'out')
  },
  [`${area} import-list ACCESSLIST4_NAME$name`]: (d, a) => {
    areaOf(d, a).filters.set('import', d.reference(a.name!))
  },
  [`no ${area} import-list ACCESSLIST4_NAME`]: (d, a) => {
    areaOf(d, a).filters.delete('import')
  },
  [`${area} export-list ACCESSLIST4_NAME$name`]: (d, a) => {
    areaOf(d, a).filters.set('export', d.reference(a.name!))
  },
  [`no ${area} export-list ACCESSLIST4_NAME`]: (d, a) => {
    areaOf(d, a).filters.delete('export')
  },
}

// Authentication and virtual links

const authentication: Statements = {
  [`${area} authentication`]: (d, a) => {
    areaOf(d, a).authentication = 'simple'
  },
  [`${area} authentication message-digest`]: (d, a) => {
    areaOf(d, a).authentication = 'message-digest'
  },
  [`no ${area} authentication [message-digest]`]: (d, a) => {
    delete areaOf(d, a).authentication
  },
}

const link = `${area} virtual-link A.B.C.D$peer`
const keys =
  '<message-digest-key (1-255)$id md5 KEY$key|authentication-key AUTH_KEY$password|message-digest-key (1-255)$id>'
const linkTimers = ['hello-interval', 'retransmit-interval', 'transmit-delay', 'dead-interval']
const stated = linkTimers.map((name) => `${name} (1-65535)$${name.split('-')[0]}`).join('|')
const taken = linkTimers.map((name) => `${name}$${name.split('-')[0]} [(1-65535)]`).join('|')

const timerFields = [
  ['hello', 'helloInterval'],
  ['retransmit', 'retransmitInterval'],
  ['transmit', 'transmitDelay'],
  ['dead', 'deadInterval'],
] as const

const virtualLinks: Statements = {
  [`${link} {${stated}}`]: (d, a) => {
    const draft = linkOf(d, a)
    for (const [name, field] of timerFields)
      if (a[name] !== undefined) draft[field] = Number(a[name])
  },
  [`${link} [authentication$authenticated [<message-digest|null|key-chain KEYCHAIN_NAME$chain>$type]] [${keys}]`]:
    (d, a) => {
      const draft = linkOf(d, a)
      if (a.authenticated !== undefined || a.id !== undefined || a.password !== undefined)
        setAuthentication((draft.authentication ??= { digestKeys: [] }), a)
    },
  [`no ${link} {${taken}}`]: (d, a) => {
    const draft = areaOf(d, a).virtualLinks.get(a.peer!)
    for (const [name, field] of timerFields) if (a[name] !== undefined) delete draft?.[field]
  },
  [`no ${link} [authentication$authenticated [<message-digest|null|key-chain [KEYCHAIN_NAME]>]] [${keys}]`]:
    (d, a) => {
      const { virtualLinks } = areaOf(d, a)
      const { authentication } = virtualLinks.get(a.peer!) ?? {}
      const { authenticated, id, password } = a
      if (authenticated === undefined && id === undefined && password === undefined)
        virtualLinks.delete(a.peer!)
      if (authentication === undefined) return
      if (authenticated !== undefined) {
        delete authentication.type
        delete authentication.keyChain
      }
      if (password !== undefined) delete authentication.password
      authentication.digestKeys = authentication.digestKeys.filter((key) => key.id !== Number(id))
    },
}

function linkOf(d: Draft, a: Args): FrrVirtualLink {
  const { id, type, virtualLinks } = areaOf(d, a)
  if (id === '0.0.0.0') throw new Refusal('a virtual link does not go through the backbone')
  if (type !== 'normal') throw new Refusal(`a virtual link does not go through a ${type} area`)
  const draft = virtualLinks.get(a.peer!) ?? {}
  virtualLinks.set(a.peer!, draft)
  return draft
}

function setAuthentication(draft: FrrAuthentication, a: Args): void {
  const { authenticated, type, chain, id, key } = a
  if (chain !== undefined) draft.keyChain = chain
  else if (authenticated !== undefined)
    draft.type = type === undefined ? 'simple' : (type as 'null' | 'message-digest')
  if (a.password !== undefined) draft.password = password(a.password)
  if (id === undefined) return
  if (key === undefined) throw new Refusal('the key is missing')
  addDigestKey(draft, id, key)
}

export const areaStatements: Statements = {
  ...authentication,
  ...types,
  ...ranges,
  ...filters,
  ...virtualLinks,
}

/** An area as the speaker's options have it. */
export function finishArea(draft: AreaDraft, policies: Policies): FrrArea {
  const { type, noSummary, defaultCost, nssa, virtualLinks } = draft
  const importList = listOf(draft, 'in', 'import', policies)
  const exportList = listOf(draft, 'out', 'export', policies)
  const { translator, defaultOriginate } = nssa
  return {
    ...(type === 'normal' ? {} : { type }),
    ...(type !== 'normal' && noSummary ? { summaries: false } : {}),
    // said of a normal area it has no effect, in FRR as here
    ...(type === 'normal' || defaultCost === undefined ? {} : { defaultCost }),
    ...(draft.ranges.size === 0 ? {} : { ranges: Object.fromEntries(draft.ranges) }),
    ...(importList === undefined ? {} : { importList }),
    ...(exportList === undefined ? {} : { exportList }),
    ...(type !== 'nssa'
      ? {}
      : {
          nssa: {
            ...(translator === undefined ? {} : { translator }),
            ...(defaultOriginate === undefined ? {} : { defaultOriginate }),
            ...(nssa.ranges.size === 0 ? {} : { ranges: Object.fromEntries(nssa.ranges) }),
          },
        }),
    ...(virtualLinks.size === 0 ? {} : { virtualLinks: Object.fromEntries(virtualLinks) }),
  }
}

function listOf(
  { filters }: AreaDraft,
  prefixWay: 'in' | 'out',
  accessWay: 'import' | 'export',
  policies: Policies,
): readonly PrefixRuleOptions[] | undefined {
  const [prefixes, access] = [filters.get(prefixWay), filters.get(accessWay)]
  if (prefixes === undefined) return access && policies.accessRules(access)
  if (access === undefined) return policies.prefixRules(prefixes)
  throw new Refusal(
    `${access.statement}: together with '${prefixes.statement}' it is not supported`,
  )
}
