/** Every command but `run`. */
import { readFile } from 'node:fs/promises'
import { Argument, type Command, Option } from 'commander'
import { askControl } from './ask.ts'
import type { CheckOptions } from './check.ts'
import { commands, verbs } from './commands.ts'
import { completionScript, completions, shells, wordsOf } from './completion.ts'
import { defaultSocket, serviceSocket, socketToAsk } from './control-error.ts'
import { decodeFile, formatDecoded } from './decode.ts'
import { addDoctor } from './doctor.ts'
import { addExplain } from './explain.ts'
import { UsageError } from './grammar.ts'
import type { Inputs } from './inputs.ts'
import { needsFiles, seconds, withAuto, withFiles, withKeepalived } from './option-words.ts'
import { addRealServer } from './real-server.ts'
import type { Said } from './said.ts'
import { ask } from './show.ts'
import { terminal } from './terminal.ts'
import { unreadable } from './unreadable.ts'
import { watch } from './watch.ts'

const socket = (): Option =>
  new Option('--socket <path>', 'control socket').default(
    socketToAsk(),
    `$OSPF_SPEAKER_SOCKET, ${defaultSocket} or ${serviceSocket}`,
  )

interface AskOptions {
  readonly socket: string
  readonly json?: boolean
  readonly follow?: boolean
  readonly help?: boolean
}

type CheckFlags = Inputs & { diff?: true; plan?: true; socket: string }

/** @param exit told the exit status, where it is not 0 */
export function addOthers(program: Command, exit: (status: number) => void): void {
  const tell = ({ out, complaints, status: code }: Said): void => {
    for (const line of complaints) process.stderr.write(`${line}\n`)
    for (const line of out) process.stdout.write(`${line}\n`)
    exit(code)
  }
  withKeepalived(
    withAuto(
      withFiles(
        program
          .command('check')
          .description('say whether files make a configuration')
          .argument('[file...]', 'configuration in YAML or JSON'),
      ),
    ),
  )
    .option('--diff', 'ask the running speaker what it would change')
    .option('--plan', 'print what would be done to IPVS; the kernel is only read')
    .addOption(socket())
    .action(async (files: string[], options: CheckFlags) => {
      needsFiles(files, options, [options.keepalived])
      const { processHost } = await import('./host.ts')
      const { check } = await import('./check.ts')
      const { diff, socket: path, ...inputs } = options
      const asked: CheckOptions = { ...inputs, files, ...(diff ? { diff: path } : {}) }
      tell(await check(asked, processHost))
    })
  addRealServer(program, tell)
  addDoctor(program, tell, (command) => withKeepalived(withFiles(command)))
  withKeepalived(
    withFiles(
      program.command('convert').description('write a YAML file that says what other files say'),
    ),
  ).action(async (options: Inputs) => {
    if ((options.frr ?? options.keepalived) === undefined)
      throw new UsageError('nothing to convert: give --frr FILE or --keepalived FILE')
    const { processHost } = await import('./host.ts')
    const { convert } = await import('./convert.ts')
    tell(await convert(options, processHost))
  })
  addExplain(program, exit)
  program
    .command('reload')
    .description('have the running speaker read its files again')
    .option('--confirm <seconds>', 'roll back unless confirmed within so many seconds', seconds)
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
    .argument('[seconds]', 'for so long instead of its lease', seconds)
    .addOption(socket())
    .action(async (vip: string, seconds: number | undefined, options: { socket: string }) => {
      const { renew } = await import('./reload-commands.ts')
      tell(await renew(options.socket, vip, seconds))
    })
  program
    .command('watch')
    .description('neighbors, VIPs and events of a running speaker, drawn again and again')
    .option('--interval <seconds>', 'between two views', seconds, 1)
    .option('--count <n>', 'views; default: until interrupted', seconds)
    .addOption(socket())
    .action(async (options: { interval: number; count?: number; socket: string }) => {
      const stop = new AbortController()
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.once(signal, () => stop.abort())
      }
      const answer = (words: readonly string[]): Promise<string> =>
        askControl(options.socket, { words, wantsText: true })
      await watch(options, answer, terminal(process.stdout), stop.signal)
    })
  program
    .command('decode')
    .description('the OSPF packets of a capture, and what the protocol would make of them')
    .argument('<file>', 'a pcap file')
    .option('--key <key...>', 'PASSWORD or ID:ALGORITHM:SECRET, to check seals with; repeatable')
    .option('--json', 'a line of JSON for each packet')
    .action(async (file: string, { key, json }: { key?: string[]; json?: boolean }) => {
      let bytes: Uint8Array
      try {
        bytes = await readFile(file)
      } catch (error) {
        throw new UsageError(unreadable(file, error))
      }
      const packets = decodeFile(bytes, key === undefined ? {} : { keys: key })
      try {
        for (const packet of packets) {
          if (packet.verdict !== 'accepted') exit(1)
          print(json ? `${JSON.stringify(packet)}\n` : formatDecoded(packet))
        }
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
        throw new RangeError(`${file}: ${error.message}`, { cause: error })
      }
    })
  program
    .command('completion')
    .description('completion for a shell, to be sourced')
    .addArgument(new Argument('<shell>', 'which').choices(shells))
    .action((shell: string) => {
      const table = completions(commands, { ...wordsOf(program), completion: shells })
      print(completionScript(shell, table))
    })
  program
    .command('vtysh')
    .description('for scripts and exporters that call vtysh: its show and clear commands')
    .option('-c, --command <line...>', 'what to run; repeatable. Default: lines of the input')
    .addOption(socket())
    .action(async ({ command, socket: path }: { command?: string[]; socket: string }) => {
      const { vtysh } = await import('./vtysh.ts')
      const { createInterface } = await import('node:readline')
      const lines = command ?? createInterface({ input: process.stdin })
      const complain = (text: string): void => void process.stderr.write(text)
      exit(await vtysh(lines, { socket: path, print, complain }))
    })
  for (const { token, help } of verbs) {
    program
      .command(token)
      .description(help)
      .argument('[words...]', "as in vtysh; '?' for what can follow, 'json' at the end for JSON")
      .helpOption(false)
      .option('-h, --help', 'what can follow')
      .option('--json', 'as the word json')
      .option('--follow', 'of events: those to come as well')
      .addOption(socket())
      .action(async (words: string[], options: AskOptions) => {
        const more = [options.follow && 'follow', options.json && 'json', options.help && '?']
        const said = [token, ...words, ...more.filter((word) => typeof word === 'string')]
        for await (const text of ask(said, options.socket)) print(text)
      })
  }
}

function print(text: string): void {
  process.stdout.write(text)
}
