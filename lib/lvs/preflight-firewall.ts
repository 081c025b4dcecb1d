/** Reads `nft -j list ruleset` for the two rules that break OSPF and direct routing. Rules that depend on anything else pass. */

interface Rule {
  readonly family: string
  readonly table: string
  readonly chain: string
  readonly expr?: readonly Readonly<Record<string, unknown>>[]
}

interface Chain {
  readonly family: string
  readonly table: string
  readonly name: string
  readonly hook?: string
  readonly policy?: string
}

interface Match {
  readonly op?: string
  readonly left?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly right?: unknown
}

/** What a packet says of itself; 'unknown' where it may be either. */
type Answer = boolean | 'unknown'
type Ask = (match: Match) => Answer

function parse(ruleset: string): { readonly chains: Chain[]; readonly rules: Rule[] } {
  try {
    const { nftables = [] } = JSON.parse(ruleset) as {
      nftables?: readonly { readonly chain?: Chain; readonly rule?: Rule }[]
    }
    return {
      chains: nftables.flatMap(({ chain }) => chain ?? []),
      rules: nftables.flatMap(({ rule }) => rule ?? []),
    }
  } catch {
    return { chains: [], rules: [] }
  }
}

/** Where a packet ends that comes to this host; undefined: it arrives. */
function dropped(ruleset: string, hooks: readonly string[], ask: Ask): string | undefined {
  const { chains, rules } = parse(ruleset)
  const of = (chain: Chain, name: string): Rule[] =>
    rules.filter(
      (rule) => rule.family === chain.family && rule.table === chain.table && rule.chain === name,
    )
  const walk = (chain: Chain, name: string, depth: number): 'accept' | 'drop' | undefined => {
    for (const { expr = [] } of depth > 16 ? [] : of(chain, name)) {
      const answers = expr.flatMap((each) =>
        each['match'] === undefined ? [] : [ask(each['match'] as Match)],
      )
      if (answers.includes(false)) continue
      const isSure = !answers.includes('unknown')
      for (const each of expr) {
        if (!isSure) continue
        if ('accept' in each) return 'accept'
        if ('drop' in each || 'reject' in each) return 'drop'
        if ('return' in each) return undefined
        const to = (each['jump'] ?? each['goto']) as { readonly target: string } | undefined
        const verdict = to && walk(chain, to.target, depth + 1)
        if (verdict !== undefined) return verdict
      }
    }
    return undefined
  }
  for (const chain of chains) {
    if (!['ip', 'inet'].includes(chain.family) || !hooks.includes(chain.hook ?? '')) continue
    const verdict = walk(chain, chain.name, 0) ?? chain.policy
    if (verdict === 'drop') return `chain ${chain.family} ${chain.table} ${chain.name}`
  }
  return undefined
}

/** Whether `right` is, or holds, one of the values; ranges and sets by name are not looked into. */
function holds(right: unknown, values: readonly unknown[]): Answer {
  if (typeof right === 'object' && right !== null) {
    const list = Array.isArray(right) ? right : (right as { readonly set?: unknown }).set
    if (!Array.isArray(list)) return 'unknown'
    return list.some((each) => values.includes(each))
  }
  if (typeof right === 'string' && right.startsWith('@')) return 'unknown'
  return values.includes(right)
}

const asked = ({ op, right }: Match, values: readonly unknown[]): Answer => {
  const answer = holds(right, values)
  return op === '!=' && answer !== 'unknown' ? !answer : answer
}

/** The chain that drops OSPF from a device; undefined: none does. */
export function dropsOspf(ruleset: string, device: string): string | undefined {
  return dropped(ruleset, ['prerouting', 'input'], (match) => {
    const { meta, payload, ct } = match.left ?? {}
    if (meta?.['key'] === 'iifname' || meta?.['key'] === 'iif') return asked(match, [device])
    if (meta?.['key'] === 'l4proto') return asked(match, [89, 'ospf'])
    if (meta?.['key'] === 'nfproto') return asked(match, ['ipv4'])
    if (payload?.['protocol'] === 'ip' && payload['field'] === 'protocol') {
      return asked(match, [89, 'ospf'])
    }
    if (
      payload !== undefined &&
      ['tcp', 'udp', 'icmp', 'ip6'].includes(String(payload['protocol']))
    ) {
      return false
    }
    // each Hello to a group is new to connection tracking
    if (ct?.['key'] === 'state') return asked(match, ['new'])
    return 'unknown'
  })
}

/** The chain that drops invalid packets to a VIP; undefined: none does. */
export function dropsInvalid(ruleset: string): string | undefined {
  const ask =
    (state: string): Ask =>
    (match) => {
      const { meta, payload, ct } = match.left ?? {}
      if (ct?.['key'] === 'state') return asked(match, [state])
      if (meta?.['key'] === 'l4proto') return asked(match, [6, 'tcp'])
      if (payload?.['protocol'] === 'ip' && payload['field'] === 'protocol') {
        return asked(match, [6, 'tcp'])
      }
      return 'unknown'
    }
  const hooks = ['prerouting', 'input']
  const by = dropped(ruleset, hooks, ask('invalid'))
  // who drops everything means something else
  return by !== undefined && dropped(ruleset, hooks, ask('established')) === undefined
    ? by
    : undefined
}
