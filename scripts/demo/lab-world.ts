/** The story in network namespaces of this kernel: real daemons, a real route, real connections. Root only. */
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Classic, classic } from '../../test/interop/classic.ts'
import { Lab, type LabProcess, until as settle } from '../../test/interop/lab.ts'
import { type LabRouter, lastLine, routers } from './lab-router.ts'
import { RouteWatch } from './route-watch.ts'
import {
  type Director,
  directors,
  type Exit,
  names,
  type ProcessState,
  type Tally,
  type View,
  vip,
  type World,
} from './world.ts'

const loadBalancer = fileURLToPath(new URL('../../examples/load-balancer.js', import.meta.url))
const port = 80
/** Between two looks of the audience, in milliseconds. */
const frame = 50
/** Connections counted at a time. */
const batch = 60
/** Seconds that a director may take from SIGTERM to its end. */
const grace = 15

export class LabWorld implements World {
  readonly place: string
  readonly #lab: Lab
  readonly #router: LabRouter
  readonly #watch: RouteWatch
  readonly #frame: () => void
  readonly #processes = new Map<Director, LabProcess>()
  readonly #states: Record<Director, ProcessState> = { lb1: 'not started', lb2: 'not started' }
  readonly #begun = performance.now()

  private constructor(lab: Lab, kind: string, { router }: Classic, frame: () => void) {
    this.#lab = lab
    this.#frame = frame
    this.#router = routers[kind]!(lab, router)
    this.#watch = new RouteWatch(lab, 'router', vip, () => this.now())
    this.place = `network namespaces, router: ${this.#router.title}`
  }

  /** Builds the network; nothing of it is left when that fails. `kind`: 'ospf-speaker', 'frr' or 'bird'. */
  static async build(kind: string, frame: () => void): Promise<LabWorld> {
    const lab = new Lab()
    try {
      return new LabWorld(lab, kind, await classic(lab), frame)
    } catch (error) {
      await lab[Symbol.asyncDispose]()
      throw error
    }
  }

  now(): number {
    return performance.now() - this.#begun
  }

  view(): View {
    const neighbors = this.#router.neighbors()
    const { gateways, since } = this.#watch
    return {
      processes: { ...this.#states },
      neighbors: { lb1: neighbors.get(directors.lb1), lb2: neighbors.get(directors.lb2) },
      route: { nextHops: names.filter((name) => gateways.includes(directors[name])), since },
    }
  }

  async until(holds: () => boolean, what: string, limit: number): Promise<void> {
    const end = this.now() + limit * 1000
    while (!holds()) {
      this.#frame()
      this.#complain()
      if (this.now() > end) throw new Error(`not within ${limit} s: ${what}`)
      await new Promise((resolve) => setTimeout(resolve, frame))
    }
    this.#frame()
  }

  async start(node: 'router' | Director): Promise<void> {
    if (node === 'router') return this.#router.start()
    const ids = ['--router-id', directors[node], '--interface', 'eth0', '--name', node]
    const argv = [process.execPath, loadBalancer, ...ids, '--vip', vip, '--port', `${port}`]
    const started = this.#lab.spawn(node, argv, `load-balancer ${node}`)
    this.#processes.set(node, started)
    this.#states[node] = 'ready'
    await settle(() => started.output.includes('started') || !started.running, {
      what: `${node} has started`,
      timeout: 10,
    })
    this.#complain()
  }

  setReady(director: Director, ready: boolean): void {
    if (ready === (this.#states[director] === 'ready')) return
    this.#processes.get(director)?.signal('SIGUSR1')
    this.#states[director] = ready ? 'ready' : 'not ready'
  }

  async terminate(director: Director): Promise<Exit> {
    const process = this.#processes.get(director)!
    this.#states[director] = 'stopping'
    const status = await process.stop(grace)
    this.#states[director] = 'exited'
    return { status, at: this.now() }
  }

  async kill(director: Director): Promise<void> {
    this.#states[director] = 'killed'
    await this.#processes.get(director)?.kill()
  }

  async connect(count: number, progress: (tally: Tally) => void): Promise<Tally> {
    let tally: Tally = { lb1: 0, lb2: 0, failed: 0 }
    for (let n = 0; n < count; n += batch) {
      const size = Math.min(batch, count - n)
      const { answered, failed } = await this.#lab.connections('client', vip, port, size)
      const none = Object.values(failed).reduce((sum, one) => sum + one, 0)
      tally = {
        lb1: tally.lb1 + (answered['lb1'] ?? 0),
        lb2: tally.lb2 + (answered['lb2'] ?? 0),
        failed: tally.failed + none,
      }
      progress(tally)
    }
    return tally
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch[Symbol.dispose]()
    this.#router[Symbol.dispose]()
    await this.#lab[Symbol.asyncDispose]()
  }

  remains(): readonly string[] {
    return [
      ...readdirSync('/var/run/netns').filter((name) => name.startsWith(`${this.#lab.prefix}-`)),
      ...[...this.#processes.values()].filter((p) => p.running).map((p) => `process ${p.pid}`),
      ...(existsSync(this.#lab.directory) ? [this.#lab.directory] : []),
    ]
  }

  /** A process that ended by itself ends the story, in its own words. */
  #complain(): void {
    this.#router.check()
    this.#watch.check()
    for (const [name, process] of this.#processes) {
      const expected = ['stopping', 'exited', 'killed'].includes(this.#states[name])
      if (process.running || expected) continue
      throw new Error(`${name} has ended; its last words: ${lastLine(process.output)}`)
    }
  }
}
