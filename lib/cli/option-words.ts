/** Options that several commands have. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { frrCompats } from '../config/frr-types.ts'
import { UsageError } from './grammar.ts'
import type { Inputs } from './inputs.ts'

/** Options for files of Quagga and FRR. */
export const withFiles = (command: Command): Command =>
  command
    .option('--frr <file...>', 'configuration in the words of Quagga and FRR; repeatable')
    .addOption(
      new Option('--compat <daemon>', 'whose defaults count where the files say nothing')
        .choices(frrCompats)
        .default('frr'),
    )
    .option('--strict', 'refuse statements that are understood and not done, instead of warning')

/** Options that do without files. */
export const withAuto = (command: Command): Command =>
  command
    .option('--auto', 'take the interface of the default route, and its address as router id')
    .option('--vip <address...>', 'with --auto: a VIP to put on lo and to announce; repeatable')

/** Options for a keepalived.conf. */
export const withKeepalived = (command: Command): Command =>
  withConfigId(
    command
      .option('--keepalived <file>', 'a keepalived.conf, with all that it includes')
      .option('--vrrp', 'announce the addresses of its vrrp_instance blocks as well'),
  )

/** @throws UsageError when there is nothing to read */
export function needsFiles(
  files: readonly string[],
  { frr = [], auto, vip }: Inputs,
  more: readonly unknown[] = [],
): void {
  const given = [...files, ...frr, ...more.filter((one) => one !== undefined)]
  if (given.length === 0 && auto !== true)
    throw new UsageError(
      'no configuration: give a YAML or JSON file, --frr FILE, --keepalived FILE or --auto',
    )
  if (vip !== undefined && auto !== true) throw new UsageError('--vip goes with --auto')
}

/** Of an option: a time, or how often. */
export function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('Expected a number above 0.')
  return value
}

export const withConfigId = (command: Command): Command =>
  command.option(
    '--config-id <id>',
    "keepalived's -i: lines that begin with @ID count for this one",
  )
