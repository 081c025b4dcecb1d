/** Days of virtual time with failures every day: safe meanwhile, well every evening, and no more memory than at first. */
import { settled } from '../../lib/sim/check.ts'
import { Network } from '../../lib/sim/network.ts'
import { Random } from '../../lib/sim/random.ts'
import { befall, drawFaults, formatFault, mend, Safety } from '../../lib/sim/story.ts'
import { randomNetwork } from './topologies.ts'

const DAY_S = 86_400
const FAULTS_A_DAY = 24
/** Seconds in which all must be well after the last fault of a day was mended. */
const LIMIT_S = 180
const ROUTERS = 12

export interface SoakResult {
  readonly complaints: readonly string[]
  readonly faults: number
  /** Seconds; the slowest evening. */
  readonly convergence: number
  /** Octets in use each evening. */
  readonly heap: readonly number[]
  /** Packets that were delivered. */
  readonly packets: number
}

export interface SoakOptions {
  readonly seed: number
  readonly days: number
  /** Octets of memory in use now. */
  readonly heap: () => number
  readonly say?: (line: string) => void
  /** Seconds that a day has; default 86,400. */
  readonly day?: number
}

export function soak({ seed, days, heap, say = () => {}, day = DAY_S }: SoakOptions): SoakResult {
  // what each router has said is kept, up to a bound that would take weeks to reach
  const net = new Network({ seed, eventLimit: 8 })
  const random = new Random(`soak ${seed}`)
  randomNetwork(net, ROUTERS, random, { helloInterval: 10, deadInterval: 40 })
  const safety = new Safety(net)
  const heaps: number[] = []
  let slowest = 0
  let count = 0
  const result = (complaints: readonly string[]): SoakResult => ({
    complaints,
    faults: count,
    convergence: slowest,
    heap: heaps,
    packets: net.traffic.delivered,
  })
  for (let today = 1; today <= days; today++) {
    const dawn = net.now
    for (const fault of drawFaults(net, random, FAULTS_A_DAY)) {
      net.run(fault.after)
      befall(net, fault)
      safety.note(fault)
      count++
      const complaints = safety.check()
      if (complaints.length > 0) {
        return result(complaints.map((text) => `day ${today}, ${formatFault(fault)}: ${text}`))
      }
    }
    mend(net)
    const begun = net.now
    if (!net.runUntil(() => settled(net).length === 0, LIMIT_S, { every: 1 })) {
      return result(settled(net).map((text) => `day ${today}, not settled: ${text}`))
    }
    const convergence = net.now - begun
    slowest = Math.max(slowest, convergence)
    net.run(Math.max(0, dawn + day - net.now))
    const complaints = [...settled(net), ...safety.check()]
    if (complaints.length > 0) {
      return result(complaints.map((text) => `the evening of day ${today}: ${text}`))
    }
    heaps.push(heap())
    say(
      `day ${today}: settled in ${convergence.toFixed(1)} s, ${(heaps.at(-1)! / 1e6).toFixed(1)} MB in use`,
    )
  }
  return result([])
}
