/** `ospf-speaker run`, apart from all other commands: what they need is nothing that the first Hello has to wait for. */
import type { Command } from 'commander'
import { defaultSocket } from './control-error.ts'
import { logLevels, parseLog } from './log.ts'
import { needsFiles, withAuto, withFiles, withKeepalived } from './option-words.ts'
import type { RunOptions } from './run.ts'

/** @param exit told the exit status */
export function addRun(program: Command, exit: (status: number) => void): void {
  withKeepalived(
    withAuto(
      withFiles(
        program
          .command('run')
          .description('run a speaker in the foreground until SIGTERM; SIGHUP reloads its files')
          .argument('[file...]', 'configuration in YAML or JSON'),
      ),
    ),
  )
    .option('--socket <path>', `control socket (default: as the file says, or ${defaultSocket})`)
    .option('--pcap <file>', 'record every OSPF packet, for tshark and decode')
    .option(
      '--isolate',
      'run the protocol in a child process: adjacencies outlive a hang of this one; with systemd, KillMode=mixed',
    )
    .option(
      '--log <what>',
      `${logLevels.join(', ')}, json for a line of JSON per event, or both: debug,json`,
    )
    .action(async (files: string[], { log, ...options }: RunOptions & { log?: string }) => {
      needsFiles(files, options)
      const how = log === undefined ? {} : parseLog(log)
      const { processHost } = await import('./host.ts')
      const { run } = await import('./run.ts')
      exit(await run({ ...options, ...how, files }, processHost))
    })
}
