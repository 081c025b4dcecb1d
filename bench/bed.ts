/** A daemon in a namespace, fake peers in another, and an eye on its kernel's routes. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Bird, Frr, ospfdConf, type RouterPlan } from '../test/interop/daemons.ts'
import { Lab } from '../test/interop/lab.ts'
import { monotonic } from './peer.ts'
import type { Order, Report } from './peer-agent.ts'
import type { Seen } from './watch-agent.ts'

export const makes = ['ours', 'frr', 'bird'] as const
export type Make = (typeof makes)[number]

const DUT = '10.255.255.1'
export const dutId = 0x0affff01

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
/** As it is published. */
const cli = here('../../dist/bin/ospf-speaker.js')

/** An agent that takes one order at a time. */
class Agent<O, R> {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  static async start<O, R>(namespace: string, file: string): Promise<Agent<O, R>> {
    const argv = ['netns', 'exec', namespace, process.execPath, here(file)]
    const child = spawn('ip', argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const agent = new Agent<O, R>(child)
    await agent.#next()
    return agent
  }

  async ask(order: O): Promise<R> {
    const answer = this.#next()
    this.#child.send(order as object)
    return (await answer) as R
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.disconnect()
    await gone
  }

  #next(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const failed = (): void => reject(new Error('an agent of the bench has ended'))
      this.#child.once('exit', failed)
      this.#child.once('message', (message) => {
        this.#child.off('exit', failed)
        resolve(message)
      })
    })
  }
}

export class Bed implements AsyncDisposable {
  readonly #lab = new Lab()
  readonly #make: Make
  readonly #cables: 1 | 2 | 'segment'
  #peer!: Agent<Order, Report>
  #watch!: Agent<'clear' | 'look', Seen>
  #strangers = new Set<number>()

  private constructor(make: Make, cables: 1 | 2 | 'segment') {
    this.#make = make
    this.#cables = cables
  }

  /** The daemon is not started yet. */
  static async open(make: Make, cables: 1 | 2 | 'segment'): Promise<Bed> {
    const bed = new Bed(make, cables)
    const lab = bed.#lab
    lab.node('dut', { 'net.ipv4.ip_forward': 1 })
    lab.node('peer')
    if (cables === 'segment') lab.link({ dut: '10.1.255.1/16', peer: '10.1.0.1/16' })
    else
      for (let i = 0; i < cables; i++) lab.link({ dut: `10.1.${i}.1/30`, peer: `10.1.${i}.2/30` })
    bed.#peer = await Agent.start(lab.namespace('peer'), './peer-agent.js')
    bed.#watch = await Agent.start(lab.namespace('dut'), './watch-agent.js')
    bed.#strangers = new Set(bed.#pids())
    return bed
  }

  /** Starts the daemon. @returns when its last process was begun, in `monotonic` milliseconds */
  async start(): Promise<number> {
    const lab = this.#lab
    const nodes = this.#cables === 'segment' ? 1 : this.#cables
    const plan: RouterPlan = {
      routerId: DUT,
      interfaces: Array.from({ length: nodes }, (_, i) => ({
        name: `eth${i}`,
        network: this.#cables === 'segment' ? '10.1.0.0/16' : `10.1.${i}.0/30`,
        type: this.#cables === 'segment' ? 'broadcast' : 'point-to-point',
        cost: 10,
      })),
    }
    if (this.#make !== 'ours') {
      const begun = monotonic()
      await new (this.#make === 'frr' ? Frr : Bird)(lab, 'dut', plan).start()
      return begun
    }
    const directory = join(lab.directory, 'ours')
    mkdirSync(directory)
    const conf = join(directory, 'ospfd.conf')
    writeFileSync(conf, ospfdConf(plan))
    const words = ['run', '--frr', conf, '--socket', join(directory, 'socket'), '--log', 'error']
    const begun = monotonic()
    lab.spawn('dut', [process.execPath, cli, ...words], 'ospf-speaker')
    return begun
  }

  tell(order: Order): Promise<Report> {
    return this.#peer.ask(order)
  }

  /** Routes from now on. */
  clear(): Promise<Seen> {
    return this.#watch.ask('clear')
  }

  look(): Promise<Seen> {
    return this.#watch.ask('look')
  }

  /** Asks until it is so, at most for so many seconds; undefined: it did not come to be. */
  async until<T>(ask: () => Promise<T>, isSo: (got: T) => boolean, seconds = 60): Promise<T> {
    const end = monotonic() + 1000 * seconds
    for (;;) {
      const got = await ask()
      if (isSo(got)) return got
      if (monotonic() > end) throw new Error(`${this.#make}: not within ${seconds} s`)
      await delay(20)
    }
  }

  listed(): Promise<Report> {
    return this.until(
      () => this.tell({ what: 'report' }),
      ({ listed }) => listed.length > 0 && listed.every((at) => at !== undefined),
    )
  }

  /** CPU seconds of the daemon, all its processes and threads. */
  cpu(): number {
    let nanoseconds = 0
    for (const pid of this.#daemon()) {
      for (const task of readdirSync(`/proc/${pid}/task`)) {
        nanoseconds += Number(
          readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0],
        )
      }
    }
    return nanoseconds / 1e9
  }

  /** Resident MB of the daemon. */
  memory(): number {
    let kilobytes = 0
    for (const pid of this.#daemon()) {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      kilobytes += Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0)
    }
    return (kilobytes * 1024) / 1e6
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer.close()
    await this.#watch.close()
    await this.#lab[Symbol.asyncDispose]()
  }

  #pids(): number[] {
    const text = execFileSync('ip', ['netns', 'pids', this.#lab.namespace('dut')])
    return String(text).split('\n').filter(Boolean).map(Number)
  }

  #daemon(): number[] {
    return this.#pids().filter((pid) => !this.#strangers.has(pid))
  }
}
