/** The configurations of fixtures/configs/keepalived, as files in memory and on the disk. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  importKeepalived,
  type KeepalivedFiles,
  type KeepalivedImport,
  type KeepalivedImportOptions,
} from '../../lib/config/keepalived.ts'

export const folder: string = resolve('fixtures/configs/keepalived')

export const names: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith('.conf'))
  .sort()

export const textOf = (name: string): string => readFileSync(join(folder, name), 'utf8')

/** Files by path; patterns have at most stars. */
export function filesOf(texts: Readonly<Record<string, string>>): KeepalivedFiles {
  return {
    read(path) {
      const text = texts[path]
      if (text === undefined) throw new Error(`no ${path}`)
      return text
    },
    match(pattern, directory) {
      const path = directory === '.' ? pattern : `${directory}/${pattern}`
      const fits = new RegExp(
        `^${path.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')}$`,
      )
      return Object.keys(texts)
        .filter((name) => fits.test(name))
        .sort()
    },
  }
}

/** Reads one text, or several of which 'a.conf' comes first. */
export function read(
  text: string | Readonly<Record<string, string>>,
  options: KeepalivedImportOptions = {},
): KeepalivedImport {
  return importKeepalived(
    'a.conf',
    filesOf(typeof text === 'string' ? { 'a.conf': text } : text),
    options,
  )
}
