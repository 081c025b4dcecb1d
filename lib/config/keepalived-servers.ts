/** `virtual_server_group` and `virtual_server`. */
import type { IpvsSchedulerFlag } from '../lvs/types.ts'
import { readLines } from './keepalived-blocks.ts'
import {
  type Draft,
  type Keyword,
  type Keywords,
  told,
  type VirtualServerDraft,
} from './keepalived-draft.ts'
import { mostWeight, setForwarding } from './keepalived-forward.ts'
import { groupEntry } from './keepalived-groups.ts'
import { realServerKeywords } from './keepalived-real.ts'
import type { KeepalivedGroupEntry, KeepalivedScript } from './keepalived-types.ts'
import {
  BadValue,
  familyOf,
  flag,
  integer,
  ipAddress,
  longestConnect,
  port,
  seconds,
  shortest,
  type Words,
  wordAt,
} from './keepalived-values.ts'

/** What keepalived's own list has; `none` and the like are not in it. */
const schedulers = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'lblc',
  'lblcr',
  'sh',
  'mh',
  'dh',
  'fo',
  'ovf',
  'sed',
  'nq',
  'twos',
]

/** What a bare `persistence_timeout` gives; ipvsadm's is 300. */
export const bareTimeout = 360
const longestTimeout = 31 * 86_400
const most32 = 4_294_967_295

function group(d: Draft, words: Words): void {
  const name = wordAt(words, 1)
  if (words.length > 2) d.bad(`Block ${name} has extra parameters ${words[2]} ...`)
  const place = d.place
  const entries: KeepalivedGroupEntry[] = []
  readLines(d, (line) => void entries.push(groupEntry(name, line)))
  if (entries.length === 0)
    throw new BadValue(`virtual server group ${name} has no entries - removing`)
  const families = new Set(
    entries.map((one) => ('fwmark' in one ? (one.family ?? 0) : familyOf(one.first))),
  )
  if (families.size === 3)
    throw new BadValue(
      `virtual server group ${name} cannot have IPv4, IPv6 and fwmark without family - removing`,
    )
  d.groups.push({ name, entries, ...place })
}

const draft = (d: Draft, target: VirtualServerDraft['target']): VirtualServerDraft => ({
  ...d.place,
  target,
  flags: new Set(),
  onePacket: false,
  haSuspend: false,
  alpha: false,
  omega: false,
  quorum: 1,
  hysteresis: 0,
  connectTimeout: 5,
  delayLoop: 60,
  weight: 1,
  inhibit: false,
  realServers: [],
})

function open(d: Draft, words: Words): void {
  const what = wordAt(words, 1)
  if (what === 'group') d.virtualServers.push(draft(d, { group: wordAt(words, 2) }))
  else if (what === 'fwmark')
    d.virtualServers.push(
      draft(d, { fwmark: integer('virtual server fwmark', wordAt(words, 2), 0, most32) }),
    )
  else {
    const address = ipAddress('virtual server IP address', what)
    const target = { address, port: port('virtual server port', words[2]) }
    d.virtualServers.push({ ...draft(d, target), family: familyOf(address)! })
  }
}

/** The flags of sh and mh are heard only once the scheduler is known. */
function schedulerFlag(d: Draft, words: Words): void {
  const vs = d.virtualServer
  const name = words[0]!
  if (name === 'ops') vs.onePacket = true
  else if (name.startsWith('flag-')) vs.flags.add(name as IpvsSchedulerFlag)
  else if (vs.scheduler !== 'sh' && vs.scheduler !== 'mh')
    throw new BadValue(`${name} only applies to sh scheduler - ignoring`)
  else if (name === `${vs.scheduler}-fallback`) vs.flags.add('flag-1')
  else if (name === `${vs.scheduler}-port`) vs.flags.add('flag-2')
}

function granularity(d: Draft, words: Words): void {
  const vs = d.virtualServer
  const word = wordAt(words, 1)
  if ((vs.family ?? (word.includes('.') ? 4 : 6)) === 6)
    vs.granularity = integer('IPv6 persistence_granularity', word, 1, 128)
  else {
    if (familyOf(word) !== 4)
      throw new BadValue(`Invalid IPv4 persistence_granularity specified - ${word}`)
    const bits = word
      .split('.')
      .map((byte) => Number(byte).toString(2).padStart(8, '0'))
      .join('')
    if (!/^1+0*$/.test(bits))
      throw new BadValue(`persistence_granularity ${word}: its bits are not all at the front`)
    vs.granularity = bits.indexOf('0') < 0 ? 32 : bits.indexOf('0')
  }
  vs.persistenceTimeout ??= bareTimeout
}

function sorry(d: Draft, words: Words): void {
  const vs = d.virtualServer
  const address = ipAddress('sorry server IP address', wordAt(words, 1))
  const { forward, tunnel } = vs
  vs.sorry = {
    ...d.place,
    address,
    port: port('sorry server port', words[2]),
    inhibit: false,
    ...(forward === undefined ? {} : { forward }),
    ...(tunnel === undefined ? {} : { tunnel }),
  }
}

/** The sorry server and, but for a tunnel, the real servers must be of the service's family. */
function closeVirtual(d: Draft): void {
  const vs = d.virtualServer
  const own = vs.sorry && familyOf(vs.sorry.address)!
  if (own !== undefined && vs.sorry?.forward !== 'tun') {
    vs.family ??= own
    if (vs.family !== own) {
      d.bad(
        `Address family of virtual server and sorry server ${vs.sorry!.address} don't match - skipping sorry server.`,
      )
      delete vs.sorry
    }
  }
  if (vs.family !== undefined || 'group' in vs.target) return
  const families = new Set(
    [own, ...vs.realServers.map((rs) => familyOf(rs.address))].filter((f) => f !== undefined),
  )
  vs.family = families.size === 1 ? [...families][0]! : 4
}

const family: Keyword = {
  act: (d, w) => {
    const word = wordAt(w, 1)
    if (word !== 'inet' && word !== 'inet6') throw new BadValue(`unknown address family ${word}`)
    const family = word === 'inet' ? 4 : 6
    const vs = d.virtualServer
    if (vs.family !== undefined && vs.family !== family)
      throw new BadValue(`Virtual server specified family ${word} conflicts with server family`)
    vs.family = family
  },
}

const once = (name: 'quorumUp' | 'quorumDown', keyword: string): Keyword => ({
  act: (d) => {
    const script: KeepalivedScript = d.script()
    if (d.virtualServer[name] !== undefined)
      throw new BadValue(`${keyword} script already specified - ignoring ${script.command[0]}`)
    d.virtualServer[name] = script
  },
})

const scheduler: Keyword = {
  act: (d, w) => {
    const word = wordAt(w, 1)
    if (!schedulers.includes(word)) throw new BadValue(`Invalid lvs_scheduler '${word}' - ignoring`)
    d.virtualServer.scheduler = word
  },
}
const method: Keyword = {
  act: (d, w) => setForwarding('virtual', w, d.virtualServer),
}

const timing: Keywords = {
  delay_loop: {
    act: (d, w) => (d.virtualServer.delayLoop = seconds('delay_loop', wordAt(w, 1), shortest)),
  },
  connect_timeout: {
    act: (d, w) =>
      (d.virtualServer.connectTimeout = seconds(
        'connect_timeout',
        wordAt(w, 1),
        shortest,
        longestConnect,
      )),
  },
  retry: { act: (d, w) => (d.virtualServer.retry = integer('retry', wordAt(w, 1), 1, most32)) },
  delay_before_retry: {
    act: (d, w) =>
      (d.virtualServer.delayBeforeRetry = seconds('delay_before_retry', wordAt(w, 1), 0)),
  },
  warmup: { act: (d, w) => (d.virtualServer.warmup = seconds('warmup', wordAt(w, 1), 0)) },
}

const flags: Keywords = Object.fromEntries(
  ['ops', 'flag-1', 'flag-2', 'flag-3', 'sh-port', 'sh-fallback', 'mh-port', 'mh-fallback'].map(
    (name) => [name, { act: schedulerFlag }],
  ),
)

const virtualServer: Keywords = {
  ip_family: family,
  ...timing,
  inhibit_on_failure: { act: (d) => (d.virtualServer.inhibit = true) },
  lb_algo: scheduler,
  lvs_sched: scheduler,
  hashed: { act: () => undefined },
  ...flags,
  lb_kind: method,
  lvs_method: method,
  persistence_engine: {
    act: (d, w) => {
      const name = wordAt(w, 1)
      if (name.length > 15) d.bad(`persistence_name too long, truncating - ${name}`)
      d.virtualServer.engine = name.slice(0, 15)
    },
  },
  persistence_timeout: {
    act: (d, w) => {
      d.virtualServer.persistenceTimeout =
        w[1] === undefined ? bareTimeout : integer('persistence_timeout', w[1], 1, longestTimeout)
    },
  },
  persistence_granularity: { act: granularity },
  protocol: {
    act: (d, w) => {
      const name = wordAt(w, 1).toLowerCase()
      if (name !== 'tcp' && name !== 'udp' && name !== 'sctp')
        throw new BadValue(`Unknown protocol ${w[1]} - ignoring`)
      d.virtualServer.protocol = name
    },
  },
  ha_suspend: { act: (d) => (d.virtualServer.haSuspend = true) },
  smtp_alert: {
    act: (d, w) => {
      d.virtualServer.smtpAlert = flag('virtual_server smtp_alert', w)
    },
  },
  virtualhost: {
    act: (d, w) => {
      if (w[1] === undefined) throw new BadValue('virtual server virtualhost missing')
      d.virtualServer.virtualHost = w[1]
    },
  },
  snmp_name: told('there is no SNMP: metrics tell it', {
    act: (d, w) => {
      if (w.length !== 2) throw new BadValue('virtual server snmp_name missing or extra parameters')
      d.virtualServer.snmpName = w[1]!
    },
  }),
  alpha: { act: (d) => (d.virtualServer.alpha = true) },
  omega: { act: (d) => (d.virtualServer.omega = true) },
  quorum_up: once('quorumUp', 'quorum_up'),
  quorum_down: once('quorumDown', 'quorum_down'),
  quorum: {
    act: (d, w) => {
      d.virtualServer.quorum = 1
      d.virtualServer.quorum = integer('Quorum', wordAt(w, 1), 1, most32)
    },
  },
  hysteresis: {
    act: (d, w) => (d.virtualServer.hysteresis = integer('Hysteresis', wordAt(w, 1), 0, most32)),
  },
  weight: {
    act: (d, w) =>
      (d.virtualServer.weight = integer('Virtual server weight', wordAt(w, 1), 1, mostWeight)),
  },
  sorry_server: { act: sorry },
  sorry_server_inhibit: {
    act: (d) => {
      const { sorry } = d.virtualServer
      if (sorry === undefined)
        throw new BadValue('Ignoring sorry_server inhibit used before or without sorry_server')
      sorry.inhibit = true
    },
  },
  sorry_server_lvs_method: {
    act: (d, w) => {
      const { sorry } = d.virtualServer
      if (sorry === undefined)
        throw new BadValue('sorry_server forwarding used without sorry_server')
      setForwarding('sorry', w, sorry)
    },
  },
  real_server: realServerKeywords,
}

export const serverKeywords: Keywords = {
  virtual_server_group: { act: group },
  virtual_server: { act: open, block: virtualServer, close: closeVirtual },
}
