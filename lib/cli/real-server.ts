/** `ospf-speaker real-server start|stop|status`. */
import { type Command, Option } from 'commander'
import { OspfError, type RealServerHostOptions } from '../index.ts'
import { ControlError } from './control-error.ts'
import { UsageError } from './grammar.ts'
import { type Said, say } from './said.ts'

interface Flags {
  readonly mode: 'dr' | 'tun'
  readonly device?: string
  readonly label?: string
  readonly scope?: 'global' | 'host'
  readonly tunnel?: 'ipip' | 'gre' | 'gue'
  readonly port?: number
  readonly local?: string
  readonly checksum?: true
  readonly mtu?: number
  readonly interface?: readonly string[]
  readonly stateFile?: string
}

const stateFile = (): Option =>
  new Option('--state-file <path>', 'what was changed; default: in /run/ospf-speaker')

export const lines = (text: string): string[] => text.trimEnd().split('\n')

/** Adds the command and its three words. */
export function addRealServer(program: Command, tell: (said: Said) => void): void {
  const command = program
    .command('real-server')
    .description('make this host a real server behind directors that forward by DR or TUN')
  command
    .command('start')
    .description('put VIPs on this host, silent in ARP; again: complete it, or change the VIPs')
    .argument('<vip...>', 'addresses')
    .addOption(new Option('--mode <mode>').choices(['dr', 'tun']).default('dr'))
    .option('--device <name>', 'where the VIPs go; default: lo, or the tunnel')
    .option('--label <label>', 'of the address: lo:vip')
    .addOption(new Option('--scope <scope>', 'of the address').choices(['global', 'host']))
    .addOption(
      new Option('--tunnel <kind>', 'with tun, what packets are wrapped in').choices([
        'ipip',
        'gre',
        'gue',
      ]),
    )
    .option('--port <n>', 'UDP port of gue', Number)
    .option('--local <address>', 'with tun, where the directors send to')
    .option('--checksum', 'with gre and --local: the directors send checksums')
    .option('--mtu <octets>', 'of the tunnel', Number)
    .option('--interface <name...>', 'by which requests come in; default: all')
    .addOption(stateFile())
    .action(async (vips: string[], flags: Flags) => {
      const { interface: interfaces, ...rest } = flags
      const options: RealServerHostOptions = {
        ...rest,
        vips,
        ...(interfaces === undefined ? {} : { interfaces }),
      }
      await said(async () => {
        const { formatRealServer, realServer } = await import('../index.ts')
        const status = await (await realServer(options)).status()
        tell(say(0, lines(formatRealServer(status)), []))
      })
    })
  command
    .command('stop')
    .description('undo what start changed, and nothing else')
    .addOption(stateFile())
    .action((flags: { stateFile?: string }) =>
      said(async () => {
        const { findRealServer } = await import('../index.ts')
        await (await findRealServer(flags))?.stop()
        tell(say(0, [], []))
      }),
    )
  command
    .command('status')
    .description('what is there: ends with 0 if all of it, 1 if a part, 3 if nothing')
    .option('--json', 'as JSON')
    .addOption(stateFile())
    .action(({ json, ...flags }: { stateFile?: string; json?: true }) =>
      said(async () => {
        const { findRealServer, formatRealServer } = await import('../index.ts')
        const found = await (await findRealServer(flags))?.status()
        const state = found?.state ?? 'down'
        const text = found === undefined ? 'Real server: no\n' : formatRealServer(found)
        const out = json ? `${JSON.stringify(found ?? { state })}\n` : text
        tell(say({ up: 0, partial: 1, down: 3 }[state], lines(out), []))
      }),
    )
}

/** What the library refuses is said in a line: wrong use, or the kernel. */
export async function said(act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!(error instanceof OspfError)) throw error
    if (error.code === 'ERR_OSPF_CONFIG') throw new UsageError(error.message)
    throw new ControlError(error.message)
  }
}
