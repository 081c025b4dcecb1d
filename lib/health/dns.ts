/** A probe that asks a DNS server. */
import { Resolver } from 'node:dns/promises'
import { isIP, isIPv6 } from 'node:net'
import { reasonOf } from '../reason.ts'
import { invalid, named, type Probe } from './probe.ts'
import { formatTarget, parseTarget, type Target } from './target.ts'

/** Record types that can be asked for. */
export type DnsType = 'A' | 'AAAA' | 'CNAME' | 'MX' | 'NS' | 'PTR' | 'SOA' | 'SRV' | 'TXT'

export type DnsOutcome = 'NOERROR' | 'NXDOMAIN' | 'NODATA'

export interface DnsOptions {
  /** Default '.', the root. */
  readonly name?: string
  /** Default 'SOA', as in keepalived. */
  readonly type?: DnsType
  /**
   * What counts as healthy: 'NOERROR' with records (the default), or that the server says so: 'NXDOMAIN' (there is no such
   * name), 'NODATA' (no such record). Or several of them: keepalived is content with 'NOERROR' and 'NODATA'.
   */
  readonly rcode?: DnsOutcome | readonly DnsOutcome[]
  /** A record that must be in the answer, as text: '10.0.1.1', 'mail.example.com'. */
  readonly answer?: string
  readonly localAddress?: string
}

const types = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'] as const
/** As c-ares calls them. */
const outcomes: Readonly<Record<string, string>> = { ENOTFOUND: 'NXDOMAIN', ENODATA: 'NODATA' }

/**
 * Asks one server, by its address, once per run; nothing is cached. How long it may take is for the signal to say.
 *
 * @param server `'10.0.0.53'`, `'10.0.0.53:5353'` or host and port apart; the port is 53 by default.
 * @throws OspfError ERR_OSPF_CONFIG when the server or an option cannot be used
 */
export function dns(server: string | Target, options: DnsOptions = {}): Probe {
  const { host, port } = parseTarget(server, 53)
  const { name = '.', type = 'SOA', rcode = 'NOERROR', answer, localAddress } = options
  if (isIP(host) === 0) throw invalid('server', 'an address', host)
  if (!types.includes(type)) throw invalid('type', `one of ${types.join(', ')}`, type)
  const wanted: readonly string[] = typeof rcode === 'string' ? [rcode] : rcode
  const rcodes = ['NOERROR', 'NXDOMAIN', 'NODATA']
  if (!Array.isArray(wanted) || !wanted.length || !wanted.every((one) => rcodes.includes(one))) {
    throw invalid('rcode', "'NOERROR', 'NXDOMAIN' or 'NODATA'", rcode)
  }
  if (typeof name !== 'string' || name === '') throw invalid('name', 'a domain name', name)
  const text = `dns ${formatTarget({ host, port })} ${name} ${type}`
  return named(text, async (signal) => {
    signal.throwIfAborted()
    // its own tries are without end: the signal is what ends them
    const resolver = new Resolver({ timeout: 1000, tries: 2 })
    resolver.setServers([formatTarget({ host, port })])
    if (localAddress !== undefined) {
      if (isIPv6(localAddress)) resolver.setLocalAddress(undefined, localAddress)
      else resolver.setLocalAddress(localAddress)
    }
    const cancel = (): void => resolver.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    let found: string[] = []
    let outcome = 'NOERROR'
    try {
      found = recordsOf(await resolver.resolve(name, type))
    } catch (error) {
      if (signal.aborted) throw signal.reason
      const code = (error as NodeJS.ErrnoException).code ?? ''
      outcome = outcomes[code] ?? reasonOf(error)
    } finally {
      signal.removeEventListener('abort', cancel)
      resolver.cancel()
    }
    if (!wanted.includes(outcome)) {
      throw new Error(`${name} ${type}: ${outcome}, expected ${wanted.join(' or ')}`)
    }
    if (answer !== undefined && !found.includes(answer)) {
      const records = found.join(', ') || 'nothing'
      throw new Error(`${name} ${type}: answered ${records}, expected ${answer}`)
    }
  })
}

/** Records as texts: an object is known by its name, or host. */
function recordsOf(result: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(result) ? result : [result]
  return list.map((record) => {
    if (typeof record === 'string') return record
    if (Array.isArray(record)) return record.join('')
    const { exchange, name, nsname } = record as Record<string, unknown>
    return String(exchange ?? name ?? nsname)
  })
}
