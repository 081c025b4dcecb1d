/**
 * `ospf-speaker check`: says `configuration OK`, or what is wrong with the files. Ends with 0, or 2 when there are errors;
 * with --strict warnings and statements that are not done count as errors.
 */
import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { type FrrFile, importFrr } from '../config/frr.ts'
import { type FrrCompat, frrCompats } from '../config/frr-types.ts'
import { convertKeepalived } from '../index.ts'
import {
  isError,
  type KeepalivedFlags,
  lineOf,
  readConfiguration,
  withConfigId,
} from './keepalived.ts'
import { UsageError } from './show.ts'

interface Options extends KeepalivedFlags {
  readonly keepalived?: string
  readonly frr?: readonly string[]
  readonly compat?: FrrCompat
  readonly strict?: boolean
}

export function addCheck(program: Command, end: (status: number) => void): void {
  withConfigId(
    program
      .command('check')
      .description('read configuration files as run does and say what is wrong with them')
      .option('--keepalived <file>', 'a keepalived.conf, with all that it includes')
      .option('--frr <file...>', 'configuration in the words of Quagga and FRR; repeatable')
      .addOption(
        new Option('--compat <daemon>', 'whose defaults count where the files say nothing')
          .choices(frrCompats)
          .default('frr'),
      )
      .option('--strict', 'warnings, and statements that are not done, are errors'),
  ).action((options: Options) => {
    const { status, errors, warnings } = check(options)
    for (const line of errors) process.stderr.write(`${line}\n`)
    for (const line of warnings) process.stderr.write(`warning: ${line}\n`)
    if (status === 0) process.stdout.write('configuration OK\n')
    end(status)
  })
}

export interface CheckResult {
  readonly status: 0 | 2
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
}

/** @throws UsageError when there is nothing to check */
export function check(options: Options): CheckResult {
  const { keepalived, frr = [], strict = false, compat = 'frr' } = options
  if (keepalived === undefined && frr.length === 0)
    throw new UsageError('check: --keepalived FILE or --frr FILE is missing')
  const errors: string[] = []
  const warnings: string[] = []
  if (keepalived !== undefined) checkKeepalived(keepalived, options, errors, warnings)
  if (frr.length > 0) checkFrr(frr, compat, errors, warnings)
  return strict
    ? {
        status: errors.length + warnings.length > 0 ? 2 : 0,
        errors: [...errors, ...warnings],
        warnings: [],
      }
    : { status: errors.length > 0 ? 2 : 0, errors, warnings }
}

function checkKeepalived(
  path: string,
  options: Options,
  errors: string[],
  warnings: string[],
): void {
  const { config, reports } = readConfiguration(path, options)
  for (const one of reports) (isError(one) ? errors : warnings).push(lineOf(one))
  if (config === undefined) return
  for (const { file, line, message } of convertKeepalived(config).differences)
    warnings.push(`(${file}: Line ${line}) ${message}`)
}

function checkFrr(
  paths: readonly string[],
  compat: FrrCompat,
  errors: string[],
  warnings: string[],
): void {
  const files: FrrFile[] = []
  for (const name of paths)
    try {
      files.push({ name, text: readFileSync(name, 'utf8') })
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error))
    }
  if (files.length < paths.length) return
  const { errors: found, accepted } = importFrr(files, { compat })
  for (const { file, line, message } of found) errors.push(`${file}:${line}: ${message}`)
  for (const { file, line, statement, reason } of accepted)
    if (reason !== undefined) warnings.push(`${file}:${line}: not done: ${statement}: ${reason}`)
}
