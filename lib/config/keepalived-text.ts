/** The smallest parts of keepalived's text: comments, quotes, escapes, words. */

/** A fault of the text; caught where the line is read. */
export class BadText extends Error {}

/**
 * A line without its comment, and without white space at its ends. `#` and `!` begin a comment where they are neither
 * quoted nor escaped. A backslash at the very end stays: it says that a definition goes on.
 */
export function decomment(line: string): { readonly text: string; readonly isUnquoted: boolean } {
  let out = ''
  let quoted = false
  let commented = false
  let continued = false
  const text = line.replace(/^[ \t]+/, '')
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (c === '\\') {
      if (i + 1 >= text.length) {
        continued = true
        break
      }
      const next = text[++i]!
      if (!commented) out += !quoted && (next === '#' || next === '!') ? next : c + next
      continue
    }
    if (c === '"' && !commented) quoted = !quoted
    if (!quoted && (c === '#' || c === '!')) commented = true
    if (!commented) out += c
  }
  const end = out.replace(/[ \t]+$/, '')
  return { text: continued ? `${end}\\` : end, isUnquoted: quoted }
}

/** Words of a line; what stands in double quotes is one, or part of none. @throws BadText for a quote without an end */
export function wordsOf(line: string): string[] {
  const words: string[] = []
  const found = /[ \t\f\n\r\v]+|"([^"]*)"|([^ \t\f\n\r\v"]+)|"/y
  for (let match = found.exec(line); match !== null; match = found.exec(line)) {
    if (match[0] === '"') throw new BadText(`Unmatched quote: '${line}'`)
    const word = match[1] ?? match[2]
    if (word !== undefined) words.push(word)
  }
  return words
}

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** One escape, after the backslash: what it stands for, and how long it is. */
function escaped(text: string): { readonly char: string; readonly length: number } {
  const hex = /^x([0-9a-fA-F]+)/.exec(text)
  if (hex)
    return {
      char: String.fromCharCode(Number.parseInt(hex[1]!.slice(-2), 16)),
      length: hex[0].length,
    }
  if (/^c./s.test(text)) return { char: String.fromCharCode(text.charCodeAt(1) & 0x1f), length: 2 }
  const octal = /^[0-7]{1,3}/.exec(text)
  if (octal)
    return {
      char: String.fromCharCode(Number.parseInt(octal[0], 8) & 255),
      length: octal[0].length,
    }
  return { char: escapes[text[0]!] ?? text[0]!, length: 1 }
}

/** Words as a shell would have them: both kinds of quotes, and escapes. Of scripts and patterns. @throws BadText */
export function shellWords(line: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!
    if (c === '\\') {
      if (i + 1 >= line.length) throw new BadText(`Missing escape char at end: '${line}'`)
      const { char, length } = escaped(line.slice(i + 1, i + 12))
      word = (word ?? '') + char
      i += length
    } else if (quote !== '') {
      if (c === quote) quote = ''
      else word = (word ?? '') + c
    } else if (c === '"' || c === "'") {
      quote = c
      word ??= ''
    } else if (/[ \t\f\n\r\v]/.test(c)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + c
  }
  if (quote !== '') throw new BadText(`String '${line}': missing terminating ${quote}`)
  if (word !== undefined) words.push(word)
  return words
}

/** Splits a line before and after its first brace that is not in double quotes. */
export function splitAtBrace(line: string): { readonly text: string; readonly rest: string } {
  const first = line[0]
  if (first === '{' || first === '}') return { text: first, rest: line.slice(1).trim() }
  for (let i = 0; i < line.length; i++) {
    const c = line[i]
    if (c === '"') {
      const end = line.indexOf('"', i + 1)
      if (end < 0) break
      i = end
    } else if (c === '{' || c === '}')
      return { text: line.slice(0, i).trim(), rest: line.slice(i).trim() }
  }
  return { text: line.trim(), rest: '' }
}
