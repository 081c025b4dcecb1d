/** Sentences of FRR's grammar, as its `list` command prints it: each alternative once, and what may be left out. */

/** Values for what stands in upper case, and for addresses. */
const values: Readonly<Record<string, string>> = {
  // lengths: no shorter than the prefix
  '(0-32)': '24',
  'A.B.C.D': '10.0.0.1',
  'A.B.C.D/M': '10.1.0.0/16',
  'HH:MM:SS': '12:00:00',
  MONTH: 'Jan',
  IFNAME: 'eth0',
  INTERFACE: 'eth0',
  ACCESSLIST4_NAME: 'ACL',
  PREFIXLIST_NAME: 'PL',
  RMAP_NAME: 'MAP',
  'ROUTE-MAP': 'MAP',
  METRIC: '5',
  BITPATTERN: '0x1',
}

/** All ways to say it, with one value for each range. */
export function samplesOf(grammar: string): string[] {
  const tokens = grammar.match(/[<>[\]{}|]|\.\.\.|[^\s<>[\]{}|]+/g) ?? []
  let at = 0
  const alternatives = (end: string): string[][] => {
    const found: string[][] = []
    for (;;) {
      found.push(sequence())
      if (tokens[at++] === end) return found
    }
  }
  const sequence = (): string[] => {
    let all = ['']
    const append = (more: readonly string[]): void => {
      all = all.flatMap((head) => more.map((tail) => `${head} ${tail}`.trim()))
    }
    for (;;) {
      const token = tokens[at]
      if (token === undefined || '>]}|'.includes(token)) return all
      at++
      if (token === '<') append(alternatives('>').flat())
      else if (token === '[') append(['', ...alternatives(']').flat()])
      else if (token === '{') {
        const parts = alternatives('}')
        append([
          ...parts.flat(),
          parts
            .map((ways) => ways[0])
            .reverse()
            .join(' '),
        ])
      } else append([sampleOf(token)])
    }
  }
  const all = [...new Set(sequence())]
  return all.length <= 40 ? all : all.filter((_, i) => i % Math.ceil(all.length / 40) === 0)
}

function sampleOf(token: string): string {
  if (values[token] !== undefined) return values[token]
  const [, low, high] = /^\((-?\d+)-(\d+)\)$/.exec(token) ?? []
  if (low !== undefined && high !== undefined)
    return `${Math.min(Math.max(0, Number(low)) + 1, Number(high))}`
  const word = token.replace(/\.\.\.$/, '')
  return values[word] ?? (/^[A-Z]/.test(word) ? 'word' : word)
}
