/** What HTTP_GET and SSL_GET have beyond other checkers. */
import {
  type CheckerDraft,
  type Draft,
  type Keyword,
  type Keywords,
  last,
  type Mutable,
  told,
} from './keepalived-draft.ts'
import { shellWords } from './keepalived-text.ts'
import type { KeepalivedUrl } from './keepalived-types.ts'
import { BadValue, flag, integer, type Words, wordAt } from './keepalived-values.ts'

type UrlDraft = Partial<Mutable<KeepalivedUrl>>

const url = (d: Draft): UrlDraft => last(d.checker.urls)

function statusCodes(d: Draft, words: Words): void {
  for (const word of words.slice(1)) {
    const [, first = '', second = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(word) ?? []
    const [low, high] = [Number(first), Number(second)]
    if (first === '' || low < 100 || high > 599 || low > high)
      d.bad(`Invalid HTTP_GET status code '${word}'`)
    else url(d).statusCodes = [...(url(d).statusCodes ?? []), [low, high]]
  }
}

function regex(d: Draft): void {
  const words = shellWords(d.line)
  if (words[1] === undefined || words.length > 2)
    throw new BadValue('regex missing or too many fields')
  if (url(d).regex !== undefined)
    throw new BadValue(`regex already specified - ignoring ${words[1]}`)
  url(d).regex = words[1]
}

const offset = (name: 'regexMinOffset' | 'regexMaxOffset', keyword: string): Keyword => ({
  act: (d, w) => (url(d)[name] = integer(keyword, wordAt(w, 1), 0, Number.MAX_SAFE_INTEGER)),
})

/** Options of PCRE, in keepalived's words. */
const options = [
  'allow_empty_class',
  'alt_bsux',
  'auto_callout',
  'caseless',
  'dollar_endonly',
  'dotall',
  'dupnames',
  'extended',
  'firstline',
  'match_unset_backref',
  'multiline',
  'never_ucp',
  'never_utf',
  'no_auto_capture',
  'no_auto_possess',
  'no_dotstar_anchor',
  'no_start_optimize',
  'ucp',
  'ungreedy',
  'utf',
  'never_backslash_c',
  'alt_circumflex',
  'alt_verbnames',
  'use_offset_limit',
]

const urlKeywords: Keywords = {
  path: { act: (d, w) => (url(d).path = wordAt(w, 1)) },
  digest: {
    act: (d, w) => {
      const digest = wordAt(w, 1)
      if (url(d).digest !== undefined) throw new BadValue(`Digest '${digest}' is a duplicate`)
      if (!/^[0-9a-f]{32}$/i.test(digest))
        throw new BadValue(`digest '${digest}' is not 32 hexadecimal digits`)
      url(d).digest = digest.toLowerCase()
    },
  },
  status_code: { act: statusCodes },
  virtualhost: {
    act: (d, w) => {
      if (w[1] === undefined) throw new BadValue('Missing HTTP_GET virtualhost name')
      url(d).virtualHost = w[1]
    },
  },
  regex: { act: regex },
  regex_no_match: { act: (d) => (url(d).regexNoMatch = true) },
  regex_options: {
    act: (d, w) => {
      const known = w.slice(1).filter((word) => options.includes(word))
      for (const word of w.slice(1))
        if (!options.includes(word)) d.reports.notice('regex_options', `there is no option ${word}`)
      url(d).regexOptions = [...(url(d).regexOptions ?? []), ...known]
    },
  },
  regex_min_offset: offset('regexMinOffset', 'regex_min_offset'),
  regex_max_offset: offset('regexMaxOffset', 'regex_max_offset'),
  regex_stack: {
    act: (d) => d.reports.notice('regex_stack', 'patterns need no stack of their own'),
  },
  tls_compliant: {
    act: (d) =>
      d.reports.notice('tls_compliant', 'the end of a connection is looked at in any case'),
  },
}

const protocols = { '1.0': '1.0', '1.1': '1.1', '1.0C': '1.0C', '1.0c': '1.0C' } as const

export const httpKeywords: Keywords = {
  nb_get_retry: {
    act: (d, w) => {
      d.reports.report('deprecated', "nb_get_retry is deprecated - please use 'retry'")
      d.checker.retry = integer('nb_get_retry value', wordAt(w, 1), 0, 4_294_967_295)
    },
  },
  virtualhost: {
    act: (d, w) => {
      if (w[1] === undefined) throw new BadValue('HTTP_GET virtualhost name missing')
      d.checker.virtualHost = w[1]
    },
  },
  http_protocol: told('requests are HTTP/1.1', {
    act: (d, w) => {
      const version = w[1]
      if (version === undefined) throw new BadValue('Missing http_protocol version')
      if (!Object.hasOwn(protocols, version))
        throw new BadValue(`Invalid http_protocol version ${version}`)
      d.checker.httpProtocol = protocols[version as keyof typeof protocols]
    },
  }),
  enable_sni: {
    act: (d, w) => {
      d.checker.sni = flag('enable_sni', w)
    },
  },
  fast_recovery: {
    act: (d, w) => {
      d.checker.fastRecovery = flag('fast_recovery', w)
    },
  },
  url: {
    act: (d) => void d.checker.urls.push({}),
    block: urlKeywords,
    close: (d) => {
      if (url(d).path !== undefined) return
      d.checker.urls.pop()
      throw new BadValue('HTTP/SSL_GET checker url has no path - ignoring')
    },
  },
}

/** With what holds where nothing is said. */
export function* urlsOf(checker: CheckerDraft): Generator<KeepalivedUrl> {
  for (const { path, statusCodes, regexNoMatch, regexOptions, ...rest } of checker.urls)
    if (path !== undefined)
      yield {
        path,
        statusCodes: statusCodes ?? [[200, 299]],
        regexNoMatch: regexNoMatch ?? false,
        regexOptions: regexOptions ?? [],
        ...rest,
      }
}
