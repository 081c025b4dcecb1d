/** A keepalived.conf from the disk, and how its faults are printed. */
import { existsSync } from 'node:fs'
import { type KeepalivedImport, type KeepalivedReport, readKeepalived } from '../index.ts'

export interface KeepalivedFlags {
  readonly configId?: string
}

export function readConfiguration(path: string, { configId }: KeepalivedFlags): KeepalivedImport {
  if (!existsSync(path))
    return {
      config: undefined,
      reports: [{ kind: 'include', message: `${path}: no such file` }],
      notices: [],
    }
  return readKeepalived(path, configId === undefined ? {} : { configId })
}

/** keepalived drops what was written, or does not start: an error; what it changes is a warning, and so is an old word. */
export const isError = ({ kind }: KeepalivedReport): boolean =>
  kind !== 'changed' && kind !== 'deprecated'

/** @param strict warnings count, too */
export const errorsOf = ({ reports }: KeepalivedImport, strict = false): string[] =>
  reports.filter((one) => strict || isError(one)).map(lineOf)

export function lineOf({ file, line, message }: KeepalivedReport): string {
  return file === undefined ? message : `(${file}: Line ${line ?? 0}) ${message}`
}
