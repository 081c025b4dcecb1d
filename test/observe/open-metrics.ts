/** A strict reader of OpenMetrics 1.0.0 as far as this library writes it: throws on what a scraper would refuse. */

export interface Family {
  readonly type: string
  readonly help: string
  /** By name and labels, as they are written. */
  readonly samples: ReadonlyMap<string, number>
}

const suffixes: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total'],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
}

const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/
const number = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]Inf|NaN)$/

export function parseOpenMetrics(text: string): Map<string, Family> {
  if (!text.endsWith('\n# EOF\n')) throw new Error('no # EOF at the end')
  const families = new Map<string, { type: string; help: string; samples: Map<string, number> }>()
  let current = ''
  for (const line of text.slice(0, -'# EOF\n'.length).split('\n').slice(0, -1)) {
    const [, what, family, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (what !== undefined) {
      if (!name.test(family!)) throw new Error(`not a name: ${line}`)
      if (what === 'HELP') {
        if (families.has(family!)) throw new Error(`${family} comes twice`)
        families.set(family!, { type: '', help: rest!, samples: new Map() })
        current = family!
      } else {
        if (family !== current) throw new Error(`TYPE of ${family} is not beside its HELP`)
        if (suffixes[rest!] === undefined) throw new Error(`unknown type: ${line}`)
        families.get(family!)!.type = rest!
      }
      continue
    }
    const { key, base, labels, value } = sampleOf(line)
    const family_ = families.get(current)
    if (family_ === undefined) throw new Error(`a sample of nothing: ${line}`)
    if (!suffixes[family_.type]!.some((suffix) => base === current + suffix)) {
      throw new Error(`not a sample of the ${family_.type} ${current}: ${line}`)
    }
    if (base.endsWith('_bucket') && !labels.has('le')) throw new Error(`no le: ${line}`)
    if (family_.samples.has(key)) throw new Error(`comes twice: ${line}`)
    if (family_.type !== 'gauge' && !(value >= 0)) throw new Error(`below 0: ${line}`)
    family_.samples.set(key, value)
  }
  return families
}

function sampleOf(line: string): {
  readonly key: string
  readonly base: string
  readonly labels: ReadonlySet<string>
  readonly value: number
} {
  const base = /^[^{ ]*/.exec(line)![0]
  if (!name.test(base)) throw new Error(`not a sample: ${line}`)
  let rest = line.slice(base.length)
  const labels = new Set<string>()
  if (rest.startsWith('{')) {
    rest = rest.slice(1)
    for (;;) {
      const found = label.exec(rest)
      if (found === null) throw new Error(`not a label: ${line}`)
      if (labels.has(found[1]!)) throw new Error(`a label comes twice: ${line}`)
      labels.add(found[1]!)
      rest = rest.slice(found[0].length)
      if (rest.startsWith('}')) break
      if (!rest.startsWith(',')) throw new Error(`no comma: ${line}`)
      rest = rest.slice(1)
    }
    rest = rest.slice(1)
  }
  const key = line.slice(0, line.length - rest.length)
  if (!rest.startsWith(' ') || !number.test(rest.slice(1))) throw new Error(`no number: ${line}`)
  const text = rest.slice(1)
  const value = text.endsWith('Inf') ? Number(text.replace('Inf', 'Infinity')) : Number(text)
  return { key, base, labels, value }
}
