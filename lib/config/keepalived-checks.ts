/** Checkers as checks of a director. */
import type {
  CheckOptions,
  CheckTargetOptions,
  CheckTimingOptions,
  HttpUrlOptions,
  TlsCheckSettings,
} from '../lvs/director-options.ts'
import type {
  KeepalivedChecker,
  KeepalivedConfig,
  KeepalivedConnection,
  KeepalivedPlace,
  KeepalivedRealServer,
  KeepalivedSchedule,
  KeepalivedUrl,
} from './keepalived-types.ts'

export type Said = (place: KeepalivedPlace, message: string) => void

export interface CheckReading {
  readonly readText?: (path: string) => string
  readonly userId?: (user: string) => number | undefined
  readonly groupId?: (group: string) => number | undefined
}

export function checksOf(
  rs: KeepalivedRealServer,
  config: KeepalivedConfig,
  reading: CheckReading,
  say: Said,
): CheckOptions[] {
  return rs.checkers.flatMap((checker) => {
    const check = checkOf(checker, rs, config, reading, say)
    return check === undefined ? [] : [check]
  })
}

/** One success brings a server back, as in keepalived. */
function timing(
  { delayLoop, retry, delayBeforeRetry, warmup }: KeepalivedSchedule,
  alpha: boolean,
): CheckTimingOptions {
  return { delayLoop, retry, delayBeforeRetry, warmup, rise: 1, alpha }
}

function target(
  { address, port, bindAddress, bindPort, bindDevice, fwmark }: KeepalivedConnection,
  rs: KeepalivedRealServer,
  checker: KeepalivedPlace & { readonly type: string },
  say: Said,
): CheckTargetOptions {
  const lost = Object.entries({ bind_port: bindPort, bind_if: bindDevice, fwmark })
  for (const [keyword, value] of lost)
    if (value !== undefined) say(checker, `${checker.type}: ${keyword} has no effect`)
  return {
    ...(address === rs.address ? {} : { address }),
    // a group gives its servers other ports
    ...(port === 0 ? {} : { port }),
    ...(bindAddress === undefined ? {} : { localAddress: bindAddress }),
  }
}

const queries = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'SOA', 'TXT'] as const
const isQuery = (type: string): type is (typeof queries)[number] =>
  (queries as readonly string[]).includes(type)

function checkOf(
  c: KeepalivedChecker,
  rs: KeepalivedRealServer,
  config: KeepalivedConfig,
  reading: CheckReading,
  say: Said,
): CheckOptions | undefined {
  if (c.type === 'BFD_CHECK') {
    say(c, 'BFD_CHECK: there is no BFD: left out')
    return undefined
  }
  if (c.type === 'FILE_CHECK') {
    const path = config.trackFiles.find(({ name }) => name === c.trackFile)?.path
    return path === undefined
      ? undefined
      : { type: 'file', path, weight: c.weight, reverse: c.reverse }
  }
  const times = timing(c, c.alpha)
  if (c.type === 'MISC_CHECK') {
    const [file = '', ...args] = c.script.command
    const { user, group } = c.script
    const uid = numberOf(user, reading.userId)
    const gid = numberOf(group, reading.groupId)
    if ((user !== undefined && uid === undefined) || (group !== undefined && gid === undefined))
      say(c, `MISC_CHECK: runs as this process, not as ${[user, group].filter(Boolean).join(' ')}`)
    return {
      type: 'misc',
      command: [file, ...args],
      timeout: c.timeout,
      dynamic: c.dynamic,
      ...times,
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    }
  }
  const common = {
    ...times,
    connectTimeout: c.connection.connectTimeout,
    ...target(c.connection, rs, c, say),
  }
  switch (c.type) {
    case 'TCP_CHECK':
      return { type: 'tcp', ...common }
    case 'PING_CHECK':
      return { type: 'ping', ...common }
    case 'SMTP_CHECK':
      return { type: 'smtp', helo: c.heloName, ...common }
    case 'DNS_CHECK': {
      const isKnown = isQuery(c.queryType)
      if (!isKnown) say(c, `DNS_CHECK: asks for SOA in place of ${c.queryType}`)
      return {
        type: 'dns',
        query: c.name,
        recordType: isQuery(c.queryType) ? c.queryType : 'SOA',
        records: false,
        ...common,
      }
    }
    case 'UDP_CHECK': {
      const { payload, requireReply: reply, minReplyLength, maxReplyLength } = c
      if (minReplyLength > maxReplyLength)
        say(c, `UDP_CHECK: max_reply_length ${maxReplyLength} is taken for ${minReplyLength}`)
      return {
        type: 'udp',
        ...(payload === undefined ? {} : { payload }),
        ...(reply === undefined ? {} : { requireReply: reply === '' ? true : reply }),
        minReplyLength,
        maxReplyLength: Math.max(minReplyLength, maxReplyLength),
        ...common,
      }
    }
    case 'HTTP_GET':
    case 'SSL_GET':
      return {
        type: 'http',
        ...(c.virtualHost === undefined ? {} : { host: c.virtualHost }),
        fastRecovery: c.fastRecovery,
        urls: c.urls.map((url) => urlOf(url, c, say)),
        ...(c.type === 'SSL_GET' ? { tls: tlsOf(c, config, reading, say) } : {}),
        ...common,
      }
  }
}

function numberOf(
  name: string | undefined,
  look: ((name: string) => number | undefined) | undefined,
): number | undefined {
  if (name === undefined || name === 'root') return name === undefined ? undefined : 0
  return /^\d{1,9}$/.test(name) ? Number(name) : look?.(name)
}

function urlOf(url: KeepalivedUrl, place: KeepalivedPlace, say: Said): HttpUrlOptions {
  const { path, digest, statusCodes, virtualHost, regexNoMatch, regexMinOffset, regexMaxOffset } =
    url
  const regex = patternOf(url, place, say)
  return {
    path,
    status: statusCodes.map(([low, high]) => (low === high ? low : (`${low}-${high}` as const))),
    ...(virtualHost === undefined ? {} : { host: virtualHost }),
    ...(digest === undefined ? {} : { digest }),
    ...(regex === undefined
      ? {}
      : {
          ...regex,
          regexNoMatch,
          ...(regexMinOffset === undefined ? {} : { regexMinOffset }),
          ...(regexMaxOffset === undefined ? {} : { regexMaxOffset }),
        }),
  }
}

const flags: Readonly<Record<string, string>> = {
  caseless: 'i',
  dotall: 's',
  multiline: 'm',
  utf: 'u',
}

/** PCRE's pattern as one of JavaScript, where that is possible. */
function patternOf(
  { regex, regexOptions }: KeepalivedUrl,
  place: KeepalivedPlace,
  say: Said,
): Pick<HttpUrlOptions, 'regex' | 'regexFlags'> | undefined {
  if (regex === undefined) return undefined
  const regexFlags = [...new Set(regexOptions.map((one) => flags[one] ?? ''))].sort().join('')
  for (const one of regexOptions)
    if (flags[one] === undefined) say(place, `regex_options ${one} has no effect`)
  try {
    new RegExp(regex, regexFlags)
  } catch (error) {
    say(place, `regex left out: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
  return regexFlags === '' ? { regex } : { regex, regexFlags }
}

/** Certificates are not verified, as keepalived does not. */
function tlsOf(
  checker: Extract<KeepalivedChecker, { type: 'HTTP_GET' | 'SSL_GET' }>,
  config: KeepalivedConfig,
  { readText }: CheckReading,
  say: Said,
): TlsCheckSettings {
  const { ssl } = config
  const text = (path: string | undefined): string | undefined => {
    if (path === undefined || readText === undefined) return undefined
    try {
      return readText(path)
    } catch (error) {
      say(checker, `SSL: ${error instanceof Error ? error.message : String(error)}`)
      return undefined
    }
  }
  const [cert, key] = [text(ssl?.certificate), text(ssl?.key)]
  const serverName = checker.sniName ?? (checker.sni ? checker.virtualHost : undefined)
  return {
    verify: false,
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ssl?.password === undefined || key === undefined ? {} : { passphrase: ssl.password }),
    ...(serverName === undefined ? {} : { serverName }),
  }
}
