/** Reads keyword after keyword, block within block, as keepalived does, with the faults that it finds. */
import type { Draft, Keyword, Keywords } from './keepalived-draft.ts'
import { skip } from './keepalived-draft.ts'
import { BadText, wordsOf } from './keepalived-text.ts'
import { BadValue, MissingWord, type Words } from './keepalived-values.ts'

/** 'ended': its `}` was read; 'skipped': the block was passed over; 'file': the text is over. */
type End = 'ended' | 'skipped' | 'file'

export function readAll(d: Draft, keywords: Keywords): void {
  // at the top there is nothing that a `}` could end
  for (let end: End = 'ended'; end !== 'file'; ) end = readBlock(d, keywords, 'top')
}

/**
 * One block. 'top' has no braces; 'inside' begins with `{`; 'skip' begins with `{` as well, and is passed over, if it
 * comes.
 */
function readBlock(d: Draft, keywords: Keywords, mode: 'top' | 'inside' | 'skip'): End {
  let needsBrace = mode !== 'top'
  for (let line = d.lines.next(); line !== undefined; line = d.lines.next()) {
    if (mode === 'skip') {
      // without `{` what belongs to it is anybody's guess: up to the next `}` nothing is taken over
      if (line !== '{')
        d.reports.report('syntax', "Missing '{' at beginning of configuration block")
      return line === '}' ? 'skipped' : passOver(d)
    }
    if (line === '{') {
      if (!needsBrace) d.reports.report('syntax', "Unexpected '{' - ignoring")
      needsBrace = false
      continue
    }
    if (needsBrace) {
      needsBrace = false
      d.reports.report('syntax', "Missing '{' at beginning of configuration block")
    }
    if (line === '}') {
      if (mode !== 'top') return 'ended'
      d.reports.report('syntax', "Unknown keyword '}'")
      continue
    }
    const words = split(d, line)
    if (words.length > 0 && statement(d, keywords, words) === 'file') return missing(d, mode)
  }
  return missing(d, mode)
}

function missing(d: Draft, mode: 'top' | 'inside' | 'skip'): 'file' {
  // once, however many blocks are open
  if (mode !== 'top' && !d.isCutShort)
    d.reports.report('syntax', "There are missing '}'s or extra '{'s")
  d.isCutShort ||= mode !== 'top'
  return 'file'
}

function passOver(d: Draft): End {
  let depth = 1
  for (let line = d.lines.next(); line !== undefined; line = d.lines.next()) {
    if (line === '{') depth++
    if (line === '}' && --depth === 0) return 'skipped'
  }
  return missing(d, 'skip')
}

function statement(d: Draft, keywords: Keywords, words: Words): End | undefined {
  const keyword = Object.hasOwn(keywords, words[0]!) ? keywords[words[0]!] : undefined
  if (keyword === undefined) {
    d.reports.report('unknown-keyword', `Unknown keyword '${words[0]}'`)
    return undefined
  }
  const passed = guard(d, () => keyword.act?.(d, words))
  if (keyword.block === undefined) return undefined
  return block(d, keyword, passed === skip || passed === refused)
}

function block(d: Draft, { block, close }: Keyword, isPassedOver: boolean): End {
  const end = readBlock(d, block!, isPassedOver ? 'skip' : 'inside')
  if (end !== 'skipped' && !isPassedOver) guard(d, () => close?.(d))
  return end
}

const refused = Symbol('refused')

/** Runs what a keyword does; what it refuses is reported where we are. */
function guard(d: Draft, act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    if (error instanceof MissingWord) d.reports.refuse(error.message, 'value')
    if (!(error instanceof BadValue)) throw error
    d.bad(error.message)
    return refused
  }
}

function split(d: Draft, line: string): Words {
  d.line = line
  try {
    return wordsOf(line)
  } catch (error) {
    if (!(error instanceof BadText)) throw error
    d.reports.report('syntax', error.message)
    return []
  }
}

/** A block of lines that are no keywords, each for `act`. */
export function readLines(d: Draft, act: (words: Words) => void): void {
  let needsBrace = true
  for (let line = d.lines.next(); line !== undefined; line = d.lines.next()) {
    if (line === '}') return
    if (line === '{') {
      if (!needsBrace) d.reports.report('syntax', "Unexpected '{' - ignoring")
      needsBrace = false
      continue
    }
    if (needsBrace) {
      needsBrace = false
      d.reports.report('syntax', "'{' missing from the beginning of the block")
    }
    const words = split(d, line)
    if (words.length > 0) guard(d, () => act(words))
  }
  missing(d, 'inside')
}
