/** Checks written as data, made into something that runs. */
import { beginningOf } from '../health/beginning.ts'
import { runCommand } from '../health/command.ts'
import { dns } from '../health/dns.ts'
import { type HttpStatus, http } from '../health/http.ts'
import { icmp } from '../health/icmp.ts'
import type { Probe } from '../health/probe.ts'
import { smtp } from '../health/smtp.ts'
import { tcp } from '../health/tcp.ts'
import { tls } from '../health/tls.ts'
import { udp } from '../health/udp.ts'
import { fail, isObject, onlyFields, parseBoolean, parseInteger } from '../parse.ts'
import { checkTiming, parseSeconds, TIMING_FIELDS } from './check-timing.ts'
import type {
  CheckOptions,
  FileCheckOptions,
  HttpCheckOptions,
  HttpUrlOptions,
  MiscCheckOptions,
  TlsCheckSettings,
  UdpCheckOptions,
} from './director-options.ts'
import { formatEndpoint } from './keys.ts'

/** What a run says beside that all is well. */
export interface Outcome {
  /** The weight of the server is this, ... */
  readonly weight?: number
  /** ... and this is added to it. */
  readonly add?: number
}

/** As a Probe, with more to say. */
export type CheckStep = (signal: AbortSignal) => Promise<Outcome | undefined>

export interface RunnableCheck {
  readonly name: string
  /** All must pass, one after the other. */
  readonly steps: readonly CheckStep[]
  /** Of a server that comes back: all steps in one run. */
  readonly fastRecovery: boolean
  /** Seconds for a run, where they are not its connectTimeout. */
  readonly timeout?: number
}

/** Where a check goes, and in whose way. */
export interface CheckPlace {
  readonly address: string
  readonly port: number
  readonly defaults: 'own' | 'keepalived'
  readonly delayLoop: number
}

const target = ['name', 'address', 'port', 'localAddress', 'through'] as const
const urlFields = [
  'path',
  'host',
  'status',
  'digest',
  'body',
  'regex',
  'regexFlags',
  'regexNoMatch',
  'regexMinOffset',
  'regexMaxOffset',
]
const own: Readonly<Record<CheckOptions['type'], readonly string[]>> = {
  http: [...target, 'tls', 'method', 'headers', 'urls', 'fastRecovery', ...urlFields],
  tcp: [...target, 'send', 'expect', 'regex'],
  tls: [...target, 'verify', 'ca', 'cert', 'key', 'passphrase', 'serverName', 'minimumDays'],
  smtp: [...target, 'helo'],
  dns: [...target, 'query', 'recordType', 'records', 'answer'],
  udp: [...target, 'payload', 'requireReply', 'minReplyLength', 'maxReplyLength'],
  ping: [...target],
  misc: ['name', 'command', 'timeout', 'dynamic', 'uid', 'gid'],
  file: ['name', 'path', 'weight', 'reverse'],
  probe: ['name', 'probe'],
}
const tlsFields = ['verify', 'ca', 'cert', 'key', 'passphrase', 'serverName']

/** @throws OspfError ERR_OSPF_CONFIG that names the field */
export function parseCheck(where: string, given: CheckOptions | Probe): CheckOptions {
  if (typeof given === 'function') return { type: 'probe', probe: given }
  if (!isObject(given)) throw fail(where, 'a check or a function', given)
  if (!Object.hasOwn(own, given.type)) {
    throw fail(`${where}: type`, `one of ${Object.keys(own).join(', ')}`, given.type)
  }
  onlyFields(where, given, ['type', ...own[given.type], ...TIMING_FIELDS])
  checkTiming(where, given)
  return given
}

/** @throws OspfError ERR_OSPF_CONFIG that names the field */
export function runnableCheck(
  where: string,
  check: CheckOptions,
  place: CheckPlace,
): RunnableCheck {
  const steps = within(where, () => stepsOf(where, check, place))
  const [first] = steps
  const what = check.type === 'probe' ? check.probe.name || 'probe' : first?.name || check.type
  const isOwn = place.defaults === 'own'
  const isMisc = check.type === 'misc'
  if (isMisc) parseSeconds(`${where}: timeout`, check.timeout, 0.001)
  return {
    name: check.name ?? (steps.length > 1 ? `${what} and ${steps.length - 1} more` : what),
    steps: steps.map(asStep),
    fastRecovery: (check.type === 'http' ? check.fastRecovery : undefined) ?? isOwn,
    ...(isMisc ? { timeout: check.timeout ?? place.delayLoop } : {}),
  }
}

const asStep =
  (step: Probe | CheckStep): CheckStep =>
  async (signal) =>
    (await step(signal)) ?? undefined

/** What a probe's own reader refuses is told with the place where it stands. */
function within<T>(where: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof Error && !error.message.startsWith(where)) {
      error.message = `${where}: ${error.message}`
    }
    throw error
  }
}

function stepsOf(
  where: string,
  check: CheckOptions,
  place: CheckPlace,
): readonly (Probe | CheckStep)[] {
  const at = { host: place.address, port: place.port }
  const from =
    'localAddress' in check && check.localAddress !== undefined
      ? { localAddress: check.localAddress }
      : {}
  switch (check.type) {
    case 'http':
      return httpSteps(where, check, place, from)
    case 'tcp': {
      if (check.expect !== undefined && check.regex !== undefined) {
        throw fail(`${where}: regex`, 'no expect beside it', check.regex)
      }
      const expect =
        check.regex === undefined ? check.expect : pattern(`${where}: regex`, check.regex)
      const { send } = check
      return [
        tcp(at, {
          ...from,
          ...(send === undefined ? {} : { send }),
          ...(expect === undefined ? {} : { expect }),
        }),
      ]
    }
    case 'tls': {
      const { servername, ...settings } = tlsOf(check, place)
      const { minimumDays } = check
      return [
        tls(at, {
          ...from,
          ...settings,
          ...(servername === undefined ? {} : { servername }),
          ...(minimumDays === undefined ? {} : { minimumDays }),
        }),
      ]
    }
    case 'smtp':
      return [smtp(at, { ...from, ...(check.helo === undefined ? {} : { helo: check.helo }) })]
    case 'dns': {
      const { query, recordType, answer, records = place.defaults === 'own' } = check
      return [
        dns(at, {
          ...from,
          ...(query === undefined ? {} : { name: query }),
          ...(recordType === undefined ? {} : { type: recordType }),
          ...(answer === undefined ? {} : { answer }),
          rcode: records ? 'NOERROR' : ['NOERROR', 'NODATA'],
        }),
      ]
    }
    case 'udp':
      return [udpStep(where, check, at, from)]
    case 'ping':
      return [icmp(place.address)]
    case 'misc':
      return [miscStep(where, check)]
    case 'file':
      return [fileStep(where, check)]
    case 'probe':
      if (typeof check.probe !== 'function')
        throw fail(`${where}: probe`, 'a function', check.probe)
      // what a function resolves to is its own affair
      return [check.probe]
  }
}

type From = { readonly localAddress?: string }

function httpSteps(where: string, check: HttpCheckOptions, place: CheckPlace, from: From): Probe[] {
  const { urls: given, ...rest } = check
  // a host may stand before several pages
  const page = urlFields.filter((name) => name in rest && (given === undefined || name !== 'host'))
  if (given !== undefined && page.length > 0) {
    throw fail(`${where}: ${page[0]}`, 'no urls beside it', page[0])
  }
  const one = Object.fromEntries(Object.entries(rest).filter(([name]) => page.includes(name)))
  const urls: readonly HttpUrlOptions[] = given ?? [one]
  if (!Array.isArray(urls) || urls.length === 0) throw fail(`${where}: urls`, 'a list', urls)
  const secure = check.tls !== undefined && check.tls !== false
  if (isObject(check.tls)) onlyFields(`${where}: tls`, check.tls as object, tlsFields)
  const base = `${secure ? 'https' : 'http'}://${formatEndpoint(place.address, place.port)}`
  const { method, headers } = check
  return urls.map((url: HttpUrlOptions, i) => {
    const here = given === undefined ? where : `${where}: urls[${i}]`
    if (!isObject(url)) throw fail(here, 'an object', url)
    onlyFields(here, url, urlFields)
    const { path = '/', status, digest, body } = url
    if (typeof path !== 'string' || !path.startsWith('/')) {
      throw fail(`${here}: path`, "a path that begins with '/'", path)
    }
    const host = url.host ?? check.host
    const judge = judgeOf(here, url)
    const settings = typeof check.tls === 'object' ? check.tls : {}
    return http(`${base}${path}`, {
      ...from,
      ...(method === undefined ? {} : { method }),
      ...(headers === undefined ? {} : { headers }),
      ...(host === undefined ? {} : { host }),
      ...(status === undefined ? {} : { status: finalStatus(status) }),
      ...(digest === undefined ? {} : { digest, maxBody: 16_777_216 }),
      ...(body === undefined ? {} : { body }),
      ...(judge === undefined ? {} : { judge }),
      ...(secure ? { tls: tlsOf(settings, place) } : {}),
    })
  })
}

/** keepalived's ranges may begin at 100; no answer ends with less than 200. */
function finalStatus(status: NonNullable<HttpUrlOptions['status']>): readonly HttpStatus[] {
  const list = Array.isArray(status) ? (status as readonly HttpStatus[]) : [status as HttpStatus]
  return list.map((one) =>
    typeof one === 'string' && /^1\d\d-[2-5]\d\d$/.test(one)
      ? (`200-${Number(one.slice(4))}` as const)
      : one,
  )
}

interface TlsSettings {
  readonly rejectUnauthorized: boolean
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
  readonly servername?: string
}

function tlsOf(settings: TlsCheckSettings, place: CheckPlace): TlsSettings {
  const { verify = place.defaults === 'own', ca, cert, key, passphrase, serverName } = settings
  return {
    rejectUnauthorized: verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  }
}

function pattern(where: string, source: string, flags = ''): RegExp {
  try {
    return new RegExp(source, flags)
  } catch {
    throw fail(where, 'a regular expression', source)
  }
}

function judgeOf(where: string, url: HttpUrlOptions): ((body: string) => void) | undefined {
  const { regex, regexFlags = '', regexNoMatch = false } = url
  const { regexMinOffset: least = 0, regexMaxOffset: most = Number.MAX_SAFE_INTEGER } = url
  if (regex === undefined) return undefined
  parseBoolean(`${where}: regexNoMatch`, regexNoMatch)
  for (const [name, value] of Object.entries({ regexMinOffset: least, regexMaxOffset: most })) {
    parseInteger(`${where}: ${name}`, value, 0, Number.MAX_SAFE_INTEGER)
  }
  if (!/^[imsu]*$/.test(regexFlags)) throw fail(`${where}: regexFlags`, 'i, m, s, u', regexFlags)
  const wanted = pattern(`${where}: regex`, regex, `${regexFlags}g`)
  return (body) => {
    wanted.lastIndex = least
    const found = wanted.exec(body)
    const isThere = found !== null && found.index <= most
    if (isThere && regexNoMatch) throw new Error(`the body matches /${regex}/`)
    if (!isThere && !regexNoMatch) throw new Error(`the body does not match /${regex}/`)
  }
}

function udpStep(
  where: string,
  check: UdpCheckOptions,
  at: { readonly host: string; readonly port: number },
  from: From,
): Probe {
  const { payload, requireReply = false } = check
  const mask =
    typeof requireReply === 'string' ? maskOf(`${where}: requireReply`, requireReply) : ''
  const { minReplyLength = 0, maxReplyLength = Math.max(255, mask.length / 2) } = check
  parseInteger(`${where}: minReplyLength`, minReplyLength, 0, 65_507)
  parseInteger(`${where}: maxReplyLength`, maxReplyLength, minReplyLength, 65_507)
  const send = payload === undefined ? '' : maskOf(`${where}: payload`, payload)
  if (/x/.test(send)) throw fail(`${where}: payload`, 'hexadecimal octets', payload)
  return udp(at, {
    ...from,
    send: Buffer.from(send, 'hex'),
    reply: requireReply !== false,
    judge: (answer) => {
      const { length } = answer
      if (length < minReplyLength || length > maxReplyLength) {
        throw new Error(`${length} octets, expected ${minReplyLength} to ${maxReplyLength}`)
      }
      const text = Buffer.from(answer).toString('hex')
      const fits = [...mask].every((digit, i) => digit === 'x' || digit === text[i])
      if (!fits) throw new Error(`the answer is ${text.slice(0, 60)}, expected ${mask}`)
    },
  })
}

/** Hexadecimal octets without their spaces. */
function maskOf(where: string, text: unknown): string {
  const digits = typeof text === 'string' ? text.replace(/\s+/g, '').toLowerCase() : ''
  if (typeof text !== 'string' || digits.length % 2 !== 0 || !/^[0-9a-fx]*$/.test(digits)) {
    throw fail(where, 'hexadecimal octets', text)
  }
  return digits
}

/** 3.5: 0 is good, 1 is bad; what the others are is a matter of `dynamic`. */
function miscStep(where: string, check: MiscCheckOptions): CheckStep {
  const { command, dynamic = false, uid, gid } = check
  parseBoolean(`${where}: dynamic`, dynamic)
  if (
    !Array.isArray(command) ||
    command.length === 0 ||
    !command.every((one) => typeof one === 'string')
  ) {
    throw fail(`${where}: command`, 'a program and its arguments', command)
  }
  const [file, ...args] = command
  const step: CheckStep = async (signal) => {
    const { code, by, said } = await runCommand(file, args, { uid, gid }, signal)
    if (code === 0) return undefined
    if (code !== null && code >= 2 && dynamic) return { weight: code - 2 }
    const how = code === null ? `killed by ${by}` : `exit code ${code}`
    throw new Error(`${how}${said === '' ? '' : `: ${said}`}`)
  }
  return Object.defineProperty(step, 'name', { value: `misc ${file}` })
}

const INT_MIN = -2_147_483_648
const FILE_OCTETS = 64

/** 3.5: the number times the weight is added; with weight 0, a number that is not 0 is bad. */
function fileStep(where: string, check: FileCheckOptions): CheckStep {
  const { path, weight = 0, reverse = false } = check
  if (typeof path !== 'string' || path === '') throw fail(`${where}: path`, 'a path', path)
  parseInteger(`${where}: weight`, weight, INT_MIN + 1, -INT_MIN - 1)
  parseBoolean(`${where}: reverse`, reverse)
  const step: CheckStep = async (signal) => {
    signal.throwIfAborted()
    // no file is 0, as is an empty one: so in keepalived
    const read = await beginningOf(path, FILE_OCTETS).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return ''
      throw error
    })
    const text = read.trim()
    const value = text === '' ? 0 : Number(/^[+-]?\d+/.exec(text)?.[0] ?? Number.NaN)
    if (Number.isNaN(value)) throw new Error(`${path} holds no number: '${text.slice(0, 20)}'`)
    if (weight === 0) {
      if ((value !== 0) !== reverse) throw new Error(`${path} holds ${value}`)
      return undefined
    }
    const add = value * weight * (reverse ? -1 : 1)
    if (add <= INT_MIN) throw new Error(`${path} holds ${value}: a fault`)
    return { add }
  }
  return Object.defineProperty(step, 'name', { value: `file ${path}` })
}
