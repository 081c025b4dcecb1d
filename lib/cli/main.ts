#!/usr/bin/env node
/** The `ospf-speaker` command. */
import { createRequire } from 'node:module'
import { Command, Option } from 'commander'
import { frrCompats } from '../config/frr-types.ts'
import { addCheck } from './check.ts'
import { ControlError } from './control.ts'
import { addExplain } from './explain.ts'
import { logLevels, type RunOptions, run } from './run.ts'
import { show, UsageError } from './show.ts'

const defaultSocket = '/run/ospf-speaker.sock'

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
  program
    .command('run')
    .description('run a speaker in the foreground until SIGTERM')
    .requiredOption('--frr <file...>', 'configuration in the words of Quagga and FRR; repeatable')
    .addOption(
      new Option('--compat <daemon>', 'whose defaults count where the files say nothing')
        .choices(frrCompats)
        .default('frr'),
    )
    .option('--strict', 'refuse statements that are understood and not done, instead of warning')
    .addOption(socket())
    .addOption(new Option('--log <level>', 'what to print').choices(logLevels).default('info'))
    .action(async (options: RunOptions) => {
      // Loaded here, so that `show` works where the native code is not.
      const { processHost } = await import('./host.ts')
      status = await run(options, processHost)
    })
  addCheck(program, (code) => {
    status = code
  })
  addExplain(program, (code) => {
    status = code
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
