/** keepalived.conf from the disk: files, patterns of file names, and the environment. */
import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import {
  importKeepalived,
  type KeepalivedFiles,
  type KeepalivedImport,
  type KeepalivedImportOptions,
} from './config/keepalived.ts'

export type {
  KeepalivedConfig,
  KeepalivedConversion,
  KeepalivedConversionOptions,
  KeepalivedExplanation,
  KeepalivedImport,
  KeepalivedImportOptions,
  KeepalivedReport,
  KeepalivedVip,
  KeepalivedWarning,
} from './config/keepalived.ts'
export { convertKeepalived, explainKeepalived } from './config/keepalived.ts'

/** Files that one pattern may name. */
const mostMatches = 10_000

/**
 * Reads a keepalived.conf with all that it includes. It does not throw on account of what the files say: see `reports`
 * of the result, whose `config` is undefined where keepalived would not start, the file cannot be read, or a limit was
 * met.
 */
export function readKeepalived(
  path: string,
  options: KeepalivedImportOptions = {},
): KeepalivedImport {
  return importKeepalived(path, diskFiles, {
    random: Math.random,
    environment: process.env,
    ...options,
  })
}

/** The disk, as keepalived sees it: what it includes must be a plain file that is not executable. */
export const diskFiles: KeepalivedFiles = { read, match }

function read(path: string): string {
  const status = statSync(path)
  if (!status.isFile() || (status.mode & 0o111) !== 0)
    throw new Error(`Configuration file '${path}' is not a regular non-executable file - skipping`)
  return readFileSync(path, 'utf8')
}

function match(pattern: string, directory: string): string[] {
  const found: string[] = []
  for (const one of braces(pattern)) {
    const parts = one.split('/').filter((part) => part !== '')
    let paths = [isAbsolute(one) ? '/' : directory]
    for (const part of parts)
      paths = paths.flatMap((path) => inside(path, part)).slice(0, mostMatches)
    found.push(...paths.filter(isReadable))
  }
  return found.slice(0, mostMatches)
}

/** `a{b,c}` as `ab` and `ac`; those within others first. */
function braces(pattern: string, depth = 0): string[] {
  const found = /^(.*)\{([^{}]*)\}(.*)$/s.exec(pattern)
  if (!found || depth > 4) return [pattern]
  const [, before = '', inside = '', after = ''] = found
  return inside.split(',').flatMap((one) => braces(before + one + after, depth + 1))
}

function inside(directory: string, part: string): string[] {
  if (!/[*?[]/.test(part)) return [join(directory, part)]
  const fits = wildcard(part)
  try {
    return readdirSync(directory)
      .filter((name) => fits.test(name) && (part.startsWith('.') || !name.startsWith('.')))
      .sort()
      .map((name) => join(directory, name))
  } catch {
    return []
  }
}

function wildcard(part: string): RegExp {
  const text = part.replace(/\[(!?)([^\]]+)\]|[*?]|[^*?[]+|\[/g, (piece, not, set) => {
    if (piece === '*') return '.*'
    if (piece === '?') return '.'
    if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\^]/g, '\\$&')}]`
    return piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  })
  try {
    return new RegExp(`^${text}$`, 's')
  } catch {
    throw new Error(`'${part}' is no pattern of file names`)
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}
