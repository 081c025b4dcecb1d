#!/usr/bin/env node
/** The `ospf-speaker` command. */
import { createRequire } from 'node:module'
import { Command, Option } from 'commander'
import { frrCompats } from '../config/frr-types.ts'
import type { CheckOptions } from './check.ts'
import { ControlError, defaultSocket } from './control.ts'
import type { Inputs } from './inputs.ts'
import { logLevels } from './log.ts'
import type { RunOptions } from './run.ts'
import type { Said } from './said.ts'
import { show, UsageError } from './show.ts'

/** Parses arguments and does what they say; resolves to the exit status. */
async function main(argv: readonly string[]): Promise<number> {
  const { version } = createRequire(import.meta.url)('ospf-speaker/package.json') as {
    version: string
  }
  let status = 0
  const program = new Command('ospf-speaker')
    .description(
      'OSPFv2 for a machine that announces a virtual address, and for the router beside it',
    )
    .version(version)
    .showHelpAfterError('(ospf-speaker --help shows how)')
    .exitOverride()

  const socket = (): Option =>
    new Option('--socket <path>', 'control socket').default(defaultSocket)
  const withFiles = (command: Command): Command =>
    command
      .option('--frr <file...>', 'configuration in the words of Quagga and FRR; repeatable')
      .addOption(
        new Option('--compat <daemon>', 'whose defaults count where the files say nothing')
          .choices(frrCompats)
          .default('frr'),
      )
      .option('--strict', 'refuse statements that are understood and not done, instead of warning')
  const withAuto = (command: Command): Command =>
    command
      .option('--auto', 'take the interface of the default route, and its address as router id')
      .option('--vip <address...>', 'with --auto: a VIP to put on lo and to announce; repeatable')
  const needsFiles = (files: readonly string[], { frr = [], auto, vip }: Inputs): void => {
    if (files.length === 0 && frr.length === 0 && auto !== true)
      throw new UsageError('no configuration: give a YAML or JSON file, --frr FILE or --auto')
    if (vip !== undefined && auto !== true) throw new UsageError('--vip goes with --auto')
  }
  const tell = ({ out, complaints, status: code }: Said): void => {
    for (const line of complaints) process.stderr.write(`${line}\n`)
    for (const line of out) process.stdout.write(`${line}\n`)
    status = code
  }
  withAuto(
    withFiles(
      program
        .command('run')
        .description('run a speaker in the foreground until SIGTERM; SIGHUP reloads its files')
        .argument('[file...]', 'configuration in YAML or JSON'),
    ),
  )
    .option('--socket <path>', `control socket (default: as the file says, or ${defaultSocket})`)
    .addOption(new Option('--log <level>', 'what to print').choices(logLevels))
    .action(async (files: string[], options: RunOptions) => {
      needsFiles(files, options)
      // Loaded here, so that `show` works where the native code is not.
      const { processHost } = await import('./host.ts')
      const { run } = await import('./run.ts')
      status = await run({ ...options, files }, processHost)
    })
  withAuto(
    withFiles(
      program
        .command('check')
        .description('say whether files make a configuration')
        .argument('[file...]', 'configuration in YAML or JSON'),
    ),
  )
    .option('--diff', 'ask the running speaker what it would change')
    .addOption(socket())
    .action(async (files: string[], options: Inputs & { diff?: true; socket: string }) => {
      needsFiles(files, options)
      const { processHost } = await import('./host.ts')
      const { check } = await import('./check.ts')
      const { diff, socket: path, ...inputs } = options
      const asked: CheckOptions = { ...inputs, files, ...(diff ? { diff: path } : {}) }
      tell(await check(asked, processHost))
    })
  withFiles(
    program.command('convert').description('write a YAML file that says what other files say'),
  ).action(async (options: Inputs) => {
    if (options.frr === undefined) throw new UsageError('nothing to convert: give --frr FILE')
    const { processHost } = await import('./host.ts')
    const { convert } = await import('./convert.ts')
    tell(await convert(options, processHost))
  })
  program
    .command('reload')
    .description('have the running speaker read its files again')
    .option('--confirm <seconds>', 'roll back unless confirmed within so many seconds', Number)
    .addOption(socket())
    .action(async (options: { confirm?: number; socket: string }) => {
      const { reload } = await import('./reload-commands.ts')
      tell(await reload(options.socket, options.confirm))
    })
  program
    .command('confirm')
    .description('keep what `reload --confirm` has changed')
    .addOption(socket())
    .action(async (options: { socket: string }) => {
      const { confirmReload } = await import('./reload-commands.ts')
      tell(await confirmReload(options.socket))
    })
  program
    .command('renew')
    .description('have a VIP that has a lease live on')
    .argument('<vip>')
    .argument('[seconds]', 'for so long instead of its lease', Number)
    .addOption(socket())
    .action(async (vip: string, seconds: number | undefined, options: { socket: string }) => {
      const { renew } = await import('./reload-commands.ts')
      tell(await renew(options.socket, vip, seconds))
    })
  program
    .command('show')
    .description('ask a running speaker: show ip ospf neighbor|route|database|interface [json]')
    .argument('<words...>', "as in vtysh; 'json' at the end for JSON")
    .addOption(socket())
    .action(async (words: string[], options: { socket: string }) => {
      process.stdout.write(await show(words, options.socket))
    })

  try {
    await program.parseAsync(argv)
    return status
  } catch (error) {
    // Commander has printed its own.
    if (error instanceof Error && 'exitCode' in error) return error.exitCode === 0 ? 0 : 2
    const [known, code] =
      error instanceof UsageError ? [true, 2] : [error instanceof ControlError, 1]
    if (!known) throw error
    process.stderr.write(`ospf-speaker: ${(error as Error).message}\n`)
    return code
  }
}

void main(process.argv).then((status) => {
  process.exitCode = status
})
