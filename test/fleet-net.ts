/** A fleet of directors on two LANs, each with a router, in the simulator. */
import {
  type Announcement,
  type AnnounceOptions,
  type GateVerdict,
  OspfSpeaker,
} from '../lib/index.ts'
import { Network } from '../lib/sim/network.ts'
import type { SimNode } from '../lib/sim/node.ts'
import type { SimRouter } from '../lib/sim/router.ts'
import { director, eth0, vip, World } from './world.ts'

/** A gate that is told what to say, and tells late readers too. */
export class Gate {
  #isOpen: boolean | undefined
  #wake: (() => void)[] = []

  async *[Symbol.asyncIterator](): AsyncGenerator<boolean> {
    let seen: boolean | undefined
    for (;;) {
      if (this.#isOpen !== undefined && this.#isOpen !== seen) {
        seen = this.#isOpen
        yield seen
      } else await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
  }

  set(isOpen: boolean): void {
    this.#isOpen = isOpen
    for (const wake of this.#wake.splice(0)) wake()
  }
}

export interface Director {
  readonly node: SimNode
  readonly speaker: OspfSpeaker
  readonly vip: Announcement
  readonly gate: Gate
}

/**
 * Two routers with a link between them, each with a LAN of its own, and directors on both in turn. The Router IDs of the
 * directors rise with their number, the highest is the last one's.
 */
export class Net {
  readonly net: Network
  readonly routers: SimRouter[]
  readonly directors: Director[] = []
  /** Moments at which a part of the network had nobody, as 'r1 at 12.3 s'. */
  readonly gaps: string[] = []
  /** Parts that may have nobody for now. */
  #excused: readonly SimNode[] = []
  readonly #options: AnnounceOptions
  readonly #gateFor: ((world: World) => AsyncIterable<GateVerdict>) | undefined
  /** What counts as parts: the whole, or each side of the link. */
  #isCut = false

  /** @param gateFor in place of the gates that are told what to say */
  constructor(
    seed: number,
    options: AnnounceOptions,
    gateFor?: (world: World) => AsyncIterable<GateVerdict>,
  ) {
    this.#options = options
    this.#gateFor = gateFor
    this.net = new Network({ seed })
    const one = this.net.router('r1')
    const two = this.net.router('r2')
    this.routers = [one, two]
    this.net.link(one, two, { helloInterval: 1, deadInterval: 4 })
    const timers = { helloInterval: 1, deadInterval: 4 }
    this.net.segment('lan1', '10.0.1.0/24', [one], timers)
    this.net.segment('lan2', '10.0.2.0/24', [two], timers)
  }

  async start(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const node = this.net.host(`lb${i + 1}`)
      this.net.attach(this.net.segments[1 + (i % 2)]!, node)
      const world = new World(node)
      const options = director({ routerId: `10.9.0.${i + 1}` }, eth0)
      const speaker = await OspfSpeaker.start(options, world)
      const gate = new Gate()
      const announcement = speaker.announce(vip, {
        when: this.#gateFor?.(world) ?? gate,
        ...this.#options,
      })
      this.directors.push({ node, speaker, vip: announcement, gate })
      gate.set(true)
    }
    await this.net.runAsync(12)
  }

  side(i: 0 | 1): Director[] {
    return this.directors.filter((_, n) => n % 2 === i)
  }

  announcing(those: readonly Director[] = this.directors): number {
    return those.filter(({ vip: { state } }) => state === 'up' || state === 'degraded').length
  }

  states(those: readonly Director[] = this.directors): string {
    return those.map(({ vip: { state } }) => state).join(' ')
  }

  excuse(those: readonly SimNode[]): void {
    this.#excused = those
  }

  cut(isCut: boolean): void {
    this.#isCut = isCut
    if (!isCut) return this.net.heal()
    const groups = ([0, 1] as const).map((i) => [
      this.routers[i]!,
      ...this.side(i).map(({ node }) => node),
    ])
    this.net.partition(groups)
  }

  /** Lets time pass, and looks all the while whether every part has an announcer that its router can reach. */
  async run(seconds: number): Promise<void> {
    for (let i = 0; i < seconds * 10; i++) {
      await this.net.runAsync(0.1)
      for (const [side, router] of this.routers.entries()) {
        if (this.#excused.includes(router)) continue
        const part = this.#isCut ? this.side(side as 0 | 1) : this.directors
        const hasRoute = router.fib.get(vip) !== undefined
        if (this.announcing(part) > 0 && hasRoute) continue
        this.gaps.push(`${router.name} at ${this.net.now.toFixed(1)} s: ${this.states(part)}`)
      }
    }
  }

  async stop(): Promise<void> {
    const stopped = Promise.all(this.directors.map(({ speaker }) => speaker.stop()))
    for (let i = 0; i < 200; i++) await this.net.runAsync(0.1)
    await stopped
  }
}
