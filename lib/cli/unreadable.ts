/** Why a file cannot be read, with its name, which Node leaves out for some. */
import { codeOf } from './control-error.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'a folder, where a file was expected',
  EACCES: 'permission denied',
}

export function unreadable(path: string, error: unknown): string {
  const reason = reasons[codeOf(error) ?? '']
  return `${path}: ${reason ?? (error instanceof Error ? error.message : String(error))}`
}
