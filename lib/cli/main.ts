#!/usr/bin/env node
/** The `ospf-speaker` command. */
import './heap.ts'
import { Command } from 'commander'
import { AnswerError } from './ask.ts'
import { ControlError } from './control-error.ts'
import { UsageError } from './grammar.ts'
import { addRun } from './run-command.ts'
import { version } from './version.ts'

/** Parses arguments and does what they say; resolves to the exit status. */
async function main(argv: readonly string[]): Promise<number> {
  let status = 0
  const exit = (code: number): void => {
    status = code
  }
  const program = new Command('ospf-speaker')
    .description(
      'OSPFv2 for a machine that announces a virtual address, and for the router beside it',
    )
    .version(version)
    .showHelpAfterError('(ospf-speaker --help shows how)')
    .exitOverride()

  addRun(program, exit)
  if (argv[2] !== 'run') (await import('./other-commands.ts')).addOthers(program, exit)

  try {
    await program.parseAsync(unabbreviated(argv, program))
    return status
  } catch (error) {
    // Commander has printed its own.
    if (error instanceof Error && 'exitCode' in error) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof Error)) throw error
    const code = error instanceof UsageError ? 2 : isKnown(error) ? 1 : undefined
    if (code === undefined) throw error
    process.stderr.write(`ospf-speaker: ${error.message}\n`)
    return code
  }
}

/** Said in a line; others are our own mistakes. */
const isKnown = (error: Error): boolean =>
  error instanceof ControlError ||
  error instanceof AnswerError ||
  error instanceof RangeError ||
  'errno' in error

/** The first word in full, where it is clear which is meant: `ospf-speaker sh ip os nei`. */
function unabbreviated(argv: readonly string[], program: Command): string[] {
  const [node, script, word, ...rest] = argv
  const names = [...program.commands.map((command) => command.name()), 'help']
  const found = names.filter((name) => word !== undefined && word !== '' && name.startsWith(word))
  if (word === undefined || names.includes(word) || found.length === 0) return [...argv]
  if (found.length > 1) {
    throw new UsageError(`% Ambiguous command: ${word} (${found.join(', ')})`)
  }
  return [node!, script!, found[0]!, ...rest]
}

// `| head` has read enough; others want to know that it was not all written
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  process.stderr.write(`ospf-speaker: standard output: ${error.message}\n`)
  process.exit(1)
})

void main(process.argv).then((status) => {
  process.exitCode = status
})
