/** The story in the simulator: four machines in memory, an `OspfSpeaker` on three of them, virtual time, no root. */
import { setTimeout as sleep } from 'node:timers/promises'
import { healthy, OspfSpeaker, type SpeakerOptions } from '../../lib/index.ts'
import { Network, type SimHost, tally as tallyOf } from '../../lib/sim/index.ts'
import { formatIpv4 } from '../../lib/wire/address.ts'
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

const timing = { helloInterval: 1, deadInterval: 4, cost: 1 }
/** Between two looks of the audience, in milliseconds of virtual time. */
const frame = 100

export class SimWorld implements World {
  readonly place: string
  readonly #network = new Network({ seed: Math.floor(Math.random() * 0x1_0000_0000) })
  readonly #client: SimHost
  readonly #router: SimHost
  readonly #hosts: Readonly<Record<Director, SimHost>>
  readonly #speakers = new Map<'router' | Director, OspfSpeaker>()
  readonly #processes: Record<Director, ProcessState> = { lb1: 'not started', lb2: 'not started' }
  readonly #frame: () => void
  /** Virtual seconds per second; undefined: as fast as it goes. */
  readonly #pace: number | undefined
  #route: View['route'] = { nextHops: [], since: 0 }

  constructor(frame: () => void, pace: number | undefined) {
    this.#frame = frame
    this.#pace = pace
    this.place = `simulator, virtual time${pace === undefined ? '' : ` at ${pace} x`}`
    const net = this.#network
    this.#client = net.host('client', { gateway: '10.0.2.1' })
    this.#router = net.host('router')
    this.#hosts = { lb1: net.host('lb1'), lb2: net.host('lb2') }
    net.segment('lan', '10.0.1.0/24', [
      { node: this.#router, address: '10.0.1.136' },
      ...names.map((name) => ({ node: this.#hosts[name], address: directors[name] })),
    ])
    net.segment('clients', '10.0.2.0/24', [
      { node: this.#router, address: '10.0.2.1' },
      { node: this.#client, address: '10.0.2.10' },
    ])
  }

  now(): number {
    return this.#network.clock.now()
  }

  view(): View {
    const neighbors = this.#speakers.get('router')?.neighbors() ?? []
    const state = (id: string) => neighbors.find(({ routerId }) => routerId === id)?.state
    return {
      processes: { ...this.#processes },
      neighbors: { lb1: state(directors.lb1), lb2: state(directors.lb2) },
      route: this.#route,
    }
  }

  async until(holds: () => boolean, what: string, limit: number): Promise<void> {
    const look = (): boolean => {
      this.#look()
      return holds()
    }
    const end = this.now() + limit * 1000
    for (;;) {
      const held = await this.#network.runUntilAsync(look, frame / 1000)
      this.#frame()
      if (held) return
      if (this.now() >= end) throw new Error(`not within ${limit} s: ${what}`)
      if (this.#pace !== undefined) await sleep(frame / this.#pace)
    }
  }

  async start(node: 'router' | Director): Promise<void> {
    if (node === 'router') {
      const interfaces = { eth0: timing, eth1: { ...timing, passive: true } }
      await this.#speak(node, this.#router, {
        routerId: '10.0.1.136',
        areas: { '0.0.0.0': { interfaces } },
        installRoutes: true,
      })
      return
    }
    const host = this.#hosts[node]
    const speaker = await this.#speak(node, host, {
      routerId: directors[node],
      areas: { '0.0.0.0': { interfaces: { eth0: { ...timing, priority: 0 } } } },
    })
    this.#processes[node] = 'ready'
    const { clock } = host.ports
    const random = this.#network.random.fork(`checks of ${node}`)
    speaker.announce(`${vip}/32`, {
      device: 'lo',
      when: healthy(() => this.#ask(node), {
        rise: 2,
        fall: 3,
        clock,
        random: () => random.next(),
      }),
    })
  }

  setReady(director: Director, ready: boolean): void {
    this.#processes[director] = ready ? 'ready' : 'not ready'
  }

  async terminate(director: Director): Promise<Exit> {
    this.#processes[director] = 'stopping'
    const { acknowledged } = await this.#speakers.get(director)!.stop()
    this.#processes[director] = 'exited'
    return { status: acknowledged ? 0 : 'no acknowledgement', at: this.now() }
  }

  async kill(director: Director): Promise<void> {
    this.#hosts[director].crash()
    this.#processes[director] = 'killed'
  }

  async connect(count: number, progress: (tally: Tally) => void): Promise<Tally> {
    let tally: Tally = { lb1: 0, lb2: 0, failed: 0 }
    for (let n = 20; n <= count; n += 20) {
      const reached = tallyOf(this.#network.connections(this.#client, vip, n))
      const [lb1, lb2] = [reached.get('lb1') ?? 0, reached.get('lb2') ?? 0]
      tally = { lb1, lb2, failed: n - lb1 - lb2 }
      progress(tally)
      if (this.#pace !== undefined) await sleep(20)
    }
    return tally
  }

  /** Stops what still runs, so that nothing but memory is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    const running = [...this.#speakers].filter(([name]) => this.#isRunning(name))
    const stopped = Promise.all(running.map(([, speaker]) => speaker.stop()))
    await this.#network.runAsync(10)
    await stopped
    for (const [name] of running) this.#speakers.delete(name)
  }

  remains(): readonly string[] {
    const running = [...this.#speakers.keys()].filter((name) => this.#isRunning(name))
    const routes = [...this.#router.fib].map(([prefix]) => `route ${prefix}`)
    return [...running.map((name) => `speaker ${name}`), ...routes]
  }

  async #speak(
    name: 'router' | Director,
    host: SimHost,
    options: SpeakerOptions,
  ): Promise<OspfSpeaker> {
    const speaker = await OspfSpeaker.start(options, host.ports)
    this.#speakers.set(name, speaker)
    return speaker
  }

  #isRunning(name: 'router' | Director): boolean {
    return name === 'router' || ['ready', 'not ready'].includes(this.#processes[name])
  }

  /** The health check of a director: a question to the application beside it. */
  async #ask(director: Director): Promise<void> {
    if (this.#processes[director] === 'not ready') {
      throw new Error('status 503, expected 200-299')
    }
  }

  #look(): void {
    const hops = this.#router.fib.get(`${vip}/32`)?.nextHops ?? []
    const gateways = hops.map(({ gateway }) => (gateway === undefined ? '' : formatIpv4(gateway)))
    const nextHops = names.filter((name) => gateways.includes(directors[name]))
    if (nextHops.join() !== this.#route.nextHops.join()) {
      this.#route = { nextHops, since: this.now() }
    }
  }
}
