/** `real_server`, within a virtual_server. */
import { checkerKeywords } from './keepalived-checkers.ts'
import { type Draft, type Keyword, type Keywords, last, told } from './keepalived-draft.ts'
import { mostWeight, setForwarding } from './keepalived-forward.ts'
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

const most32 = 4_294_967_295

function open(d: Draft, words: Words): void {
  const address = ipAddress('real server ip address/port', wordAt(words, 1))
  const { forward, tunnel, realServers } = d.virtualServer
  const writtenPort = port('real server ip address/port', words[2])
  realServers.push({
    ...d.place,
    address,
    port: writtenPort,
    writtenPort,
    upperThreshold: 0,
    lowerThreshold: 0,
    checkers: [],
    ...(forward === undefined ? {} : { forward }),
    ...(tunnel === undefined ? {} : { tunnel }),
  })
}

function close(d: Draft): void {
  const vs = d.virtualServer
  const rs = last(vs.realServers)
  if (rs.forward === 'tun') return
  const family = familyOf(rs.address)!
  vs.family ??= family
  if (vs.family === family) return
  vs.realServers.pop()
  d.bad(
    `Address family of virtual server and real server ${rs.address} don't match - skipping real server.`,
  )
}

const once = (name: 'notifyUp' | 'notifyDown', keyword: string): Keyword => ({
  act: (d) => {
    const script = d.script()
    if (d.realServer[name] !== undefined)
      throw new BadValue(`${keyword} script already specified - ignoring ${script.command[0]}`)
    d.realServer[name] = script
  },
})

const threshold = (name: 'upperThreshold' | 'lowerThreshold', keyword: string): Keyword => ({
  act: (d, w) => (d.realServer[name] = integer(keyword, wordAt(w, 1), 0, most32)),
})

const realServer: Keywords = {
  weight: {
    act: (d, w) =>
      (d.realServer.weight = integer('Real server weight', wordAt(w, 1), 0, mostWeight)),
  },
  lvs_method: {
    act: (d, w) => setForwarding('real', w, d.realServer),
  },
  uthreshold: threshold('upperThreshold', 'uthreshold'),
  lthreshold: threshold('lowerThreshold', 'lthreshold'),
  inhibit_on_failure: {
    act: (d, w) => {
      d.realServer.inhibit = flag('inhibit_on_failure', w)
    },
  },
  notify_up: once('notifyUp', 'notify_up'),
  notify_down: once('notifyDown', 'notify_down'),
  alpha: {
    act: (d, w) => {
      d.realServer.alpha = flag('alpha', w)
    },
  },
  retry: { act: (d, w) => (d.realServer.retry = integer('retry', wordAt(w, 1), 1, most32)) },
  delay_before_retry: {
    act: (d, w) => (d.realServer.delayBeforeRetry = seconds('delay_before_retry', wordAt(w, 1), 0)),
  },
  warmup: { act: (d, w) => (d.realServer.warmup = seconds('warmup', wordAt(w, 1), 0)) },
  connect_timeout: {
    act: (d, w) =>
      (d.realServer.connectTimeout = seconds(
        'connect_timeout',
        wordAt(w, 1),
        shortest,
        longestConnect,
      )),
  },
  delay_loop: {
    act: (d, w) => (d.realServer.delayLoop = seconds('delay_loop', wordAt(w, 1), shortest)),
  },
  smtp_alert: told('no mail is sent: events, hooks and metrics tell it', {
    act: (d, w) => {
      d.realServer.smtpAlert = flag('real_server smtp_alert', w)
    },
  }),
  virtualhost: {
    act: (d, w) => {
      if (w[1] === undefined) throw new BadValue('real server virtualhost missing')
      d.realServer.virtualHost = w[1]
    },
  },
  snmp_name: told('there is no SNMP: metrics tell it', {
    act: (d, w) => {
      if (w.length !== 2) throw new BadValue('real server snmp_name missing or extra parameters')
      d.realServer.snmpName = w[1]!
    },
  }),
  ...checkerKeywords,
}

export const realServerKeywords: Keyword = { act: open, block: realServer, close }
