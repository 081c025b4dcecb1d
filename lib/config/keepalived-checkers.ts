/** The checkers of a real server. */
import {
  type CheckerDraft,
  type Draft,
  type Keyword,
  type Keywords,
  last,
  type Mutable,
  told,
} from './keepalived-draft.ts'
import { httpKeywords, urlsOf } from './keepalived-http.ts'
import type { KeepalivedConnection } from './keepalived-types.ts'
import {
  BadValue,
  familyOf,
  flag,
  integer,
  ipAddress,
  longestConnect,
  seconds,
  shortest,
  type Words,
  wordAt,
} from './keepalived-values.ts'

const most32 = 4_294_967_295

/** Of a checker, and of a host of SMTP_CHECK. */
type ConnectionOf = (d: Draft) => Partial<Mutable<KeepalivedConnection>>

const open =
  (type: CheckerDraft['type']) =>
  (d: Draft): void => {
    d.realServer.checkers.push({
      ...d.place,
      type,
      connection: {},
      hosts: [],
      urls: [],
      httpProtocol: '1.0',
      sni: false,
      fastRecovery: false,
      heloName: 'smtpchecker.keepalived.org',
      queryType: 'SOA',
      minReplyLength: 0,
      maxReplyLength: 255,
      dynamic: false,
      reverse: false,
    })
  }

const drop = (d: Draft): void => void d.realServer.checkers.pop()

const sameFamily = (a: string | undefined, b: string): boolean =>
  a === undefined || familyOf(a) === familyOf(b)

const connection = (of: ConnectionOf): Keywords => ({
  connect_ip: {
    act: (d, w) => {
      const address = ipAddress('connect_ip address', wordAt(w, 1))
      if (!sameFamily(of(d).bindAddress, address))
        throw new BadValue(
          `connect_ip address ${w[1]} does not match address family of bindto - skipping`,
        )
      of(d).address = address
    },
  },
  connect_port: {
    act: (d, w) => (of(d).port = integer('checker connect_port', wordAt(w, 1), 1, 65_535)),
  },
  bindto: {
    act: (d, w) => {
      const address = ipAddress('bindto address', wordAt(w, 1))
      if (!sameFamily(of(d).address, address))
        throw new BadValue(
          `bindto address ${w[1]} does not match address family of connect_ip - skipping`,
        )
      of(d).bindAddress = address
    },
  },
  bind_port: {
    act: (d, w) => (of(d).bindPort = integer('checker bind_port', wordAt(w, 1), 1, 65_535)),
  },
  bind_if: {
    act: (d, w) => {
      const name = wordAt(w, 1)
      if (name.length > 15) throw new BadValue(`Interface name ${name} is too long - ignoring`)
      of(d).bindDevice = name
    },
  },
  connect_timeout: {
    act: (d, w) =>
      (of(d).connectTimeout = seconds('connect_timeout', wordAt(w, 1), shortest, longestConnect)),
  },
  fwmark: {
    act: (d, w) => (of(d).fwmark = integer('fwmark connection value', wordAt(w, 1), 0, most32)),
  },
})

const alpha: Keyword = {
  act: (d, w) => {
    d.checker.alpha = flag('alpha', w)
  },
}

const schedule: Keywords = {
  retry: {
    act: (d, w) => (d.checker.retry = integer('retry connection value', wordAt(w, 1), 0, most32)),
  },
  delay_before_retry: {
    act: (d, w) => (d.checker.delayBeforeRetry = seconds('delay_before_retry', wordAt(w, 1), 0)),
  },
  warmup: { act: (d, w) => (d.checker.warmup = seconds('warmup', wordAt(w, 1), 0)) },
  delay_loop: {
    act: (d, w) => (d.checker.delayLoop = seconds('delay_loop', wordAt(w, 1), shortest)),
  },
  alpha,
  log_all_failures: told('events tell of changes, and show health of the last word', {
    act: (d, w) => {
      d.checker.logAllFailures = flag('log_all_failures', w)
    },
  }),
}

const network: Keywords = { ...connection((d) => d.checker.connection), ...schedule }

function closeHttp(d: Draft): void {
  const { checker } = d
  checker.urls = [...urlsOf(checker)]
  if (checker.urls.length > 0) return
  drop(d)
  throw new BadValue('HTTP/SSL_GET checker has no urls specified - ignoring')
}

const http = (type: 'HTTP_GET' | 'SSL_GET'): Keyword => ({
  act: open(type),
  block: { ...network, ...httpKeywords },
  close: closeHttp,
})

const smtp: Keyword = {
  act: open('SMTP_CHECK'),
  block: {
    ...network,
    helo_name: {
      act: (d, w) => {
        if (w[1] === undefined) throw new BadValue('SMTP_CHECK helo name missing')
        d.checker.heloName = w[1]
      },
    },
    host: {
      act: (d) => void d.checker.hosts.push({}),
      block: connection((d) => last(d.checker.hosts)),
    },
  },
}

const queries = ['A', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'AAAA', 'RRSIG', 'DNSKEY']

const dns: Keyword = {
  act: open('DNS_CHECK'),
  block: {
    ...network,
    type: {
      act: (d, w) => {
        const type = wordAt(w, 1)
        if (!queries.includes(type)) throw new BadValue(`Unknown DNS check type ${type} - ignoring`)
        d.checker.queryType = type
      },
    },
    name: {
      act: (d, w) => {
        const name = wordAt(w, 1)
        if (d.checker.name !== undefined)
          throw new BadValue('DNS_CHECK name already specified - ignoring')
        if (/^\..|\.\./.test(name))
          throw new BadValue(`DNS_CHECK name '${name}' has empty label - ignoring`)
        d.checker.name = name
      },
    },
  },
}

/** Hexadecimal octets, one of a single digit where white space follows; `x` for any digit where that may be. */
function octets(what: string, words: Words, isPattern: boolean): string {
  const digits = isPattern ? /^[0-9a-fx]+$/ : /^[0-9a-f]+$/
  return words
    .slice(1)
    .map((word) => {
      const text = word.toLowerCase()
      if (!digits.test(text)) throw new BadValue(`Invalid hex string for UDP_CHECK ${what}`)
      return text.length % 2 === 0 ? text : `${text.slice(0, -1)}0${text.at(-1)}`
    })
    .join('')
}

const replyLength = (name: 'minReplyLength' | 'maxReplyLength', which: string): Keyword => ({
  act: (d, w) => (d.checker[name] = integer(`UDP_CHECK ${which} length`, wordAt(w, 1), 0, 65_535)),
})

const udp: Keyword = {
  act: open('UDP_CHECK'),
  block: {
    ...network,
    payload: {
      act: (d, w) => {
        if (w.length < 2) throw new BadValue('UDP_CHECK payload requires a payload')
        d.checker.payload = octets('payload', w, false)
      },
    },
    require_reply: {
      act: (d, w) => {
        d.checker.requireReply = ''
        if (w.length > 1) d.checker.requireReply = octets('reply', w, true)
      },
    },
    min_reply_length: replyLength('minReplyLength', 'min'),
    max_reply_length: replyLength('maxReplyLength', 'max'),
  },
  close: (d) => {
    const { minReplyLength: least, maxReplyLength: most } = d.checker
    if (least > most)
      throw new BadValue(
        `UDP_CHECK min_reply length ${least} > max_reply_length ${most} - will always fail`,
      )
  },
}

const misc: Keyword = {
  act: open('MISC_CHECK'),
  block: {
    ...schedule,
    misc_path: {
      act: (d) => (d.checker.script = { ...d.checker.script, command: d.script().command }),
    },
    misc_timeout: {
      act: (d, w) => (d.checker.timeout = integer('misc_timeout', wordAt(w, 1), 0, 4294)),
    },
    misc_dynamic: { act: (d) => (d.checker.dynamic = true) },
    user: {
      act: (d, w) => {
        const [, user, group] = w
        if (user === undefined) throw new BadValue('No user specified for misc checker script')
        d.checker.script = {
          command: d.checker.script?.command ?? [],
          user,
          ...(group === undefined ? {} : { group }),
        }
      },
    },
  },
  close: (d) => {
    if ((d.checker.script?.command.length ?? 0) > 0) return
    drop(d)
    throw new BadValue('No script path has been specified for MISC_CHECKER - skipping')
  },
}

const bfd: Keyword = {
  act: open('BFD_CHECK'),
  block: {
    name: {
      act: (d, w) => {
        if (w.length !== 2) throw new BadValue('BFD_CHECK - No or too many names specified')
        if (!d.bfd.some(({ name }) => name === w[1]))
          throw new BadValue(`BFD_CHECK - BFD ${w[1]} not configured`)
        d.checker.name = w[1]!
      },
    },
    alpha,
  },
  close: (d) => {
    const { name } = d.checker
    const again = d.realServer.checkers
      .slice(0, -1)
      .some((c) => c.type === 'BFD_CHECK' && c.name === name)
    if (name !== undefined && !again) return
    drop(d)
    if (again) throw new BadValue(`BFD_CHECK - RS already monitoring ${name}`)
  },
}

const file: Keyword = {
  act: open('FILE_CHECK'),
  block: {
    track_file: {
      act: (d, w) => {
        const name = wordAt(w, 1)
        if (!d.trackFiles.some((one) => one.name === name))
          throw new BadValue(`track_file ${name} not found`)
        d.checker.name = name
      },
    },
    weight: {
      act: (d, w) => {
        const most = 2_147_483_647
        if (w[1] === undefined) throw new BadValue('track file weight missing')
        const weight = integer('weight for track file', w[1], -most, most)
        if (![undefined, 'reverse', 'noreverse'].includes(w[2]))
          throw new BadValue(`unknown track file weight option ${w[2]} - ignoring`)
        d.checker.weight = weight
        d.checker.reverse = w[2] === 'reverse'
      },
    },
  },
  close: (d) => {
    const { name } = d.checker
    const file = d.trackFiles.find((one) => one.name === name)
    if (file === undefined) {
      drop(d)
      throw new BadValue('FILE_CHECK has no track_file specified - ignoring')
    }
    if (d.checker.weight === undefined) {
      d.checker.weight = file.weight
      d.checker.reverse = file.reverse
    }
  },
}

export const checkerKeywords: Keywords = {
  TCP_CHECK: { act: open('TCP_CHECK'), block: network },
  PING_CHECK: { act: open('PING_CHECK'), block: network },
  HTTP_GET: http('HTTP_GET'),
  SSL_GET: http('SSL_GET'),
  SMTP_CHECK: smtp,
  DNS_CHECK: dns,
  UDP_CHECK: udp,
  MISC_CHECK: misc,
  BFD_CHECK: bfd,
  FILE_CHECK: file,
}
