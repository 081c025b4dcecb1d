/** Stories from a seed, as the tests play a few of them and `npm run test:chaos` thousands. */
import { Network } from '../../lib/sim/network.ts'
import { Random } from '../../lib/sim/random.ts'
import { drawFaults, type Story } from '../../lib/sim/story.ts'
import { quick, randomNetwork } from './topologies.ts'

const timings = [
  quick,
  { helloInterval: 1, deadInterval: 3, retransmitInterval: 1 },
  { helloInterval: 2, deadInterval: 8, retransmitInterval: 5 },
  { helloInterval: 10, deadInterval: 40 },
]

/** A random network of four to twelve routers, and what befalls it. */
export function storyOf(seed: number): Story {
  const build = (): Network => {
    const net = new Network({ seed })
    const random = new Random(`network ${seed}`)
    randomNetwork(net, 4 + random.int(9), random, random.pick(timings))
    return net
  }
  const random = new Random(`story ${seed}`)
  const faults = drawFaults(build(), random, 10 + random.int(50))
  // of the slowest timers
  return { build, faults, limit: 180 }
}
