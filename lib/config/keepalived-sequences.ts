/** `~SEQ(name, start, step, end) text`, `~SEQx` and `~LST(name, a, b) text`: one line that stands for many. */
import type { Definitions } from './keepalived-definitions.ts'

/** The rounds of a sequence: what is defined in each, before the text is read again. */
export interface Sequence {
  readonly text: string
  readonly rounds: Iterator<readonly (readonly [name: string, value: string])[]>
}

/** Reads one. Returns what is wrong with it, as text. */
export function sequenceIn(line: string, definitions: Definitions): Sequence | string {
  return line.startsWith('~SEQ') ? numbers(line, definitions) : list(line)
}

function numbers(line: string, definitions: Definitions): Sequence | string {
  const found = /^~SEQ(x?)[ \t]*\([ \t]*(\w+)[ \t]*,([^)]*)\)[ \t]*(.*)$/s.exec(line)
  if (!found) return `Invalid ~SEQ definition '${line}'`
  const [, hex = '', name = '', raw = '', text = ''] = found
  const expanded = definitions.expand(raw.trim(), 100, 1000)
  if (expanded === 'endless' || expanded.more.length > 0) return `Invalid ~SEQ parameters '${line}'`
  const values = expanded.text.split(',').map((word) => whole(word.trim()))
  if (values.length > 3 || values.some((value) => value === undefined))
    return `Invalid ~SEQ definition '${line}'`
  const [one = 0, two = 0, three = 0] = values as number[]
  let [start, step, end] = [one, two, three]
  if (values.length === 1) [start, step, end] = one < 1 ? [-1, -1, one] : [1, 1, one]
  if (values.length === 2) [start, step, end] = [one, one <= two ? 1 : -1, two]
  if (step === 0 || (start < end && step < 0) || (start > end && step > 0))
    return `Invalid ~SEQ values '${line}'`
  if (hex !== '' && (start < 0 || end < 0))
    return `~SEQx is only valid for positive numbers '${line}'`
  return { text, rounds: count(name, start, step, end, hex === '' ? 10 : 16) }
}

function* count(name: string, start: number, step: number, end: number, base: number) {
  for (let i = start; step > 0 ? i <= end : i >= end; i += step)
    yield [[name, i.toString(base)] as const]
}

function whole(word: string): number | undefined {
  if (!/^[+-]?(0x[0-9a-fA-F]{1,12}|\d{1,15})$/.test(word)) return undefined
  const digits = word.replace(/^[+-]/, '')
  const octal = /^0[0-7]+$/.test(digits)
  const value = octal ? Number.parseInt(digits, 8) : Number(digits)
  return word.startsWith('-') ? -value : value
}

/** `(a, 1, 2)`, or `({a, b}, {1, 2}, {3, 4})`. */
function list(line: string): Sequence | string {
  const invalid = `Invalid ~LST specification '${line}'`
  const found = /^~LST[ \t]*\((.*)$/s.exec(line)
  if (!found) return invalid
  const [inside, text] = untilParenthesis(found[1]!)
  if (text === undefined) return invalid
  const parts = [...inside.matchAll(/[ \t]*(?:\{([^{}]*)\}|([^,{}]*))[ \t]*(?:,|$)/g)].map(
    (match) =>
      match[1] === undefined ? [match[2]!.trim()] : match[1].split(',').map((s) => s.trim()),
  )
  // the last match is that of the empty end
  if (inside !== '' && !inside.endsWith(',')) parts.pop()
  const [names, ...sets] = parts
  if (
    names === undefined ||
    sets.length === 0 ||
    names.some((name) => !/^[A-Za-z_]\w*$/.test(name))
  )
    return invalid
  if (sets.some((set) => set.length > names.length))
    return `~LST specification has too many values '${line}'`
  return { text, rounds: rounds(names, sets) }
}

function untilParenthesis(text: string): [inside: string, rest: string | undefined] {
  const end = text.indexOf(')')
  return end < 0 ? [text, undefined] : [text.slice(0, end), text.slice(end + 1).trimStart()]
}

function* rounds(names: readonly string[], sets: readonly (readonly string[])[]) {
  for (const set of sets) yield names.map((name, i) => [name, set[i] ?? ''] as const)
}
