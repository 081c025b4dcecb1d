/** Boxes that run what their operator's files say: this library's command line, or FRR, with keepalived where there is IPVS. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { askControl } from '../../lib/cli/ask.ts'
import { type Lab, type LabProcess, until } from './lab.ts'

/** The command line as it was compiled together with this file. */
export const cli: string = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url))

/** Seconds until a program must have started, or ended, on a machine that is emulated and has other things to do. */
const PATIENCE = 120

export const socketOf = (lab: Lab, node: string): string => join(lab.directory, `${node}.sock`)

/** `ospf-speaker run` with the two files of a folder. Resolves when it has said that it started, or has ended. */
export async function run(
  lab: Lab,
  node: string,
  folder: string,
  ...more: readonly string[]
): Promise<LabProcess> {
  const files = ['zebra.conf', 'ospfd.conf'].flatMap((name) => ['--frr', join(folder, name)])
  const argv = [process.execPath, cli, 'run', ...files, '--socket', socketOf(lab, node), ...more]
  const started = lab.spawn(node, argv, 'ospf-speaker')
  await until(() => started.output.includes('started, router id') || !started.running, {
    what: `ospf-speaker on ${node} has started`,
    timeout: PATIENCE,
  })
  return started
}

/** A copy of a folder of files with other addresses. */
export function readdressed(
  lab: Lab,
  folder: string,
  addresses: Readonly<Record<string, string>>,
): string {
  const copy = join(lab.directory, `files-${Object.values(addresses).join('-')}`)
  mkdirSync(copy)
  for (const name of readdirSync(folder)) {
    let text = readFileSync(join(folder, name), 'utf8')
    for (const [from, to] of Object.entries(addresses)) text = text.replaceAll(from, to)
    writeFileSync(join(copy, name), text)
  }
  return copy
}

/** zebra and ospfd with the two files of a folder. */
export class FrrFromFiles {
  readonly #lab: Lab
  readonly #node: string
  readonly #directory: string
  readonly #processes: LabProcess[] = []

  private constructor(lab: Lab, node: string) {
    this.#lab = lab
    this.#node = node
    this.#directory = join(lab.directory, `frr-${node}`)
  }

  static async start(lab: Lab, node: string, folder: string): Promise<FrrFromFiles> {
    const frr = new FrrFromFiles(lab, node)
    const directory = frr.#directory
    mkdirSync(directory)
    cpSync(folder, directory, { recursive: true })
    execFileSync('chown', ['-R', 'frr:frr', directory])
    const at = (file: string): string => join(directory, file)
    // since FRR 6 a daemon of its own has what zebra.conf says of static routes
    const statics = readFileSync(at('zebra.conf'), 'utf8').match(/^ip route .*$/gm) ?? []
    writeFileSync(at('staticd.conf'), `${statics.join('\n')}\n`)
    for (const [name, ready] of [
      ['zebra', 'zserv.api'],
      ...(statics.length > 0 ? [['staticd', 'staticd.vty'] as const] : []),
      ['ospfd', 'ospfd.vty'],
    ] as const) {
      const paths = ['--vty_socket', directory, '-z', at('zserv.api'), '-i', at(`${name}.pid`)]
      const argv = [`/usr/lib/frr/${name}`, ...paths, '-f', at(`${name}.conf`), '-P', '0']
      const started = lab.spawn(node, argv, name)
      frr.#processes.push(started)
      await until(() => existsSync(at(ready)) || !started.running, {
        what: `${name} is up`,
        timeout: PATIENCE,
      })
    }
    return frr
  }

  /** One command, as typed into vtysh. */
  vtysh(command: string): Promise<string> {
    const argv = ['vtysh', '--vty_socket', this.#directory, '-c', command]
    return this.#lab.exec(this.#node, argv)
  }

  async show<T>(...words: readonly string[]): Promise<T> {
    return JSON.parse(await this.vtysh(`show ip ospf ${words.join(' ')} json`)) as T
  }

  async stop(): Promise<void> {
    for (const process of this.#processes.toReversed()) await process.stop(PATIENCE)
  }
}

/** A box of a cluster, whoever made its programs. */
export interface Box {
  readonly make: 'ours' | 'FRR'
  /** What a command of vtysh prints. */
  ask(command: string): Promise<string>
  /** SIGTERM to all of its programs. */
  stop(): Promise<void>
}

/** What a box is given: the folder of its FRR files, and its keepalived.conf if it is to be a director in IPVS. */
export interface BoxFiles {
  readonly folder: string
  readonly keepalived?: string
}

export async function ourBox(lab: Lab, node: string, files: BoxFiles): Promise<Box> {
  const { folder, keepalived } = files
  const more = keepalived === undefined ? [] : ['--keepalived', keepalived]
  const started = await run(lab, node, folder, ...more)
  if (!started.running) throw new Error(`ospf-speaker on ${node}: ${started.output}`)
  return {
    make: 'ours',
    ask: (command) => {
      const words = command.split(' ')
      return askControl(socketOf(lab, node), { words, wantsText: words.at(-1) !== 'json' })
    },
    stop: async () => {
      const status = await started.stop(PATIENCE)
      if (status !== 0) throw new Error(`ospf-speaker on ${node} ended with ${status}`)
    },
  }
}

/** FRR, which leaves its addresses behind: they are removed with it. */
export async function frrBox(lab: Lab, node: string, files: BoxFiles): Promise<Box> {
  const { folder, keepalived } = files
  const frr = await FrrFromFiles.start(lab, node, folder)
  const checkers =
    keepalived === undefined ? undefined : await keepalivedWith(lab, node, keepalived)
  return {
    make: 'FRR',
    ask: (command) => frr.vtysh(command),
    stop: async () => {
      await frr.stop()
      await checkers?.stop(PATIENCE)
      const zebra = readFileSync(join(folder, 'zebra.conf'), 'utf8')
      let device = ''
      for (const [, name, address] of zebra.matchAll(/^interface (\S+)|^ ip address (\S+)/gm)) {
        device = name ?? device
        if (address !== undefined)
          await lab.exec(node, ['ip', 'address', 'del', address, 'dev', device])
      }
    },
  }
}

async function keepalivedWith(lab: Lab, node: string, file: string): Promise<LabProcess> {
  const pids = ['parent', 'checkers'].map((name) => join(lab.directory, `${node}-${name}.pid`))
  const files = ['-f', file, '-p', pids[0]!, '-c', pids[1]!]
  const argv = ['keepalived', '--check', '--dont-fork', '--log-console', '--log-detail', ...files]
  const started = lab.spawn(node, argv)
  await until(() => existsSync(pids[1]!) || !started.running, {
    what: `keepalived on ${node} is up`,
    timeout: PATIENCE,
  })
  return started
}
