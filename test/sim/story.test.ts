/** Stories: a fixed few hundred, and how they are played, checked and shortened. `SIM_SEED=13` repeats one seed. */
import t from 'tap'
import { Network } from '../../lib/sim/network.ts'
import { Random } from '../../lib/sim/random.ts'
import {
  befall,
  drawFaults,
  type Fault,
  formatFault,
  mend,
  play,
  Safety,
  type Story,
  shorten,
} from '../../lib/sim/story.ts'
import { encodeLsa } from '../../lib/wire/lsa.ts'
import { madeUp } from '../core/bench.ts'
import { storyOf } from './stories.ts'
import { quick } from './topologies.ts'

const { SIM_SEED } = process.env
const [first = 1, last = SIM_SEED === undefined ? 200 : first] = (SIM_SEED?.split('-') ?? []).map(
  Number,
)

t.setTimeout(600_000)
t.test(`stories of the seeds ${first} to ${last} end well`, async (t) => {
  t.setTimeout(600_000)
  let faults = 0
  for (let seed = first; seed <= last; seed++) {
    const story = storyOf(seed)
    faults += story.faults.length
    const { complaints } = play(story)
    if (complaints.length > 0) {
      const short = shorten(story)
      t.fail(`seed ${seed}`, {
        story: short.faults.map(formatFault),
        complaints: play(short).complaints,
      })
    }
  }
  t.ok(faults > 10 * (last - first), `${faults} faults`)
})

/** Three routers in a row. */
function build(): Network {
  const net = new Network({ seed: 3 })
  const [a, b, c] = ['a', 'b', 'c'].map((name) => net.router(name))
  net.link(a!, b!, quick)
  net.link(b!, c!, quick)
  a!.announce('10.77.0.0/24')
  return net
}

t.test('the same seed tells the same story, and plays the same to the byte', async (t) => {
  t.same(storyOf(7).faults, storyOf(7).faults)
  t.notSame(storyOf(7).faults, storyOf(8).faults)
  const bytes = (): string[] => {
    const packets: string[] = []
    const story = storyOf(7)
    play({
      ...story,
      build: () => {
        const net = story.build()
        net.tap(({ at, from, bytes }) =>
          packets.push(`${at} ${from.node.name} ${Buffer.from(bytes).toString('hex')}`),
        )
        return net
      },
    })
    return packets
  }
  const [one, other] = [bytes(), bytes()]
  t.ok(one.length > 100)
  t.ok(one.join() === other.join(), `${one.length} packets`)
})

t.test('every fault does what it says, and what is not there is passed over', async (t) => {
  const net = build()
  net.run(10)
  const [a, b] = net.routers as [(typeof net.routers)[0], (typeof net.routers)[0]]
  const has = () => net.routers[2]!.fib.has('10.77.0.0/24')
  t.ok(has())
  const does = (fault: Fault, seconds: number, then: () => boolean): void => {
    befall(net, fault)
    net.run(seconds)
    t.ok(then(), formatFault(fault))
  }
  does({ after: 0, what: 'crash', router: 'a' }, 6, () => !a.running && !has())
  does({ after: 0, what: 'restart', router: 'a' }, 10, () => a.running && has())
  does({ after: 0, what: 'restart', router: 'a', memory: true }, 10, has)
  does(
    { after: 0, what: 'freeze', router: 'b', how: 'suspended' },
    6,
    () => b.frozen !== undefined && !has(),
  )
  does({ after: 0, what: 'thaw', router: 'b' }, 10, has)
  does({ after: 0, what: 'slow', router: 'b', delay: 9 }, 6, () => !has())
  does({ after: 0, what: 'slow', router: 'b', delay: 0 }, 20, has)
  does({ after: 0, what: 'skew', router: 'b', rate: 0.1 }, 9, () => !has())
  does({ after: 0, what: 'skew', router: 'b', rate: 1 }, 15, has)
  does({ after: 0, what: 'cut', segment: 'b-c', silent: false }, 1, () => !has())
  does({ after: 0, what: 'mend', segment: 'b-c' }, 10, has)
  does({ after: 0, what: 'unplug', segment: 'a-b', router: 'a', silent: true }, 6, () => !has())
  does({ after: 0, what: 'plug', segment: 'a-b', router: 'a' }, 10, has)
  does({ after: 0, what: 'partition', routers: ['a'] }, 6, () => !has())
  does({ after: 0, what: 'partition', routers: [] }, 10, has)
  does({ after: 0, what: 'disturb', conditions: { loss: 1 } }, 6, () => !has())
  does({ after: 0, what: 'disturb', conditions: { loss: 0 } }, 10, has)
  const cost = () => net.routers[2]!.routes().find(({ length }) => length === 24)?.cost
  const before = cost()!
  does(
    { after: 0, what: 'cost', router: 'b', interface: 'eth0', cost: 99 },
    3,
    () => cost()! > before,
  )
  does({ after: 0, what: 'withdraw', router: 'a', prefix: '10.77.0.0/24' }, 3, () => !has())
  does({ after: 0, what: 'announce', router: 'a', prefix: '10.77.0.0/24', cost: 1 }, 8, has)
  does({ after: 0, what: 'crash', router: 'nobody' }, 1, has)
  does({ after: 0, what: 'unplug', segment: 'a-b', router: 'c', silent: false }, 1, has)
})

t.test('mended is as built', async (t) => {
  const net = build()
  for (const fault of drawFaults(net, new Random(5), 60)) {
    net.run(Math.min(fault.after, 1))
    befall(net, fault)
  }
  mend(net)
  net.run(60)
  t.ok(net.routers.every((router) => router.running && router.frozen === undefined))
  t.equal(net.routers[2]!.neighbors()[0]?.state, 'Full')
})

t.test('safety: what falls back, grows old or is told for too long', async (t) => {
  const net = build()
  const safety = new Safety(net)
  net.run(20)
  t.same(safety.check(), [])
  const [a] = net.routers
  const withdrawal: Fault = { after: 0, what: 'withdraw', router: 'a', prefix: '10.77.0.0/24' }
  // noted, and not done: the router goes on to announce it
  safety.note(withdrawal)
  net.run(20)
  t.same(safety.check(), [], 'the operator never asked the router')
  a!.freeze('stalled')
  t.same(safety.check(), [], 'who does not run cannot be blamed')
  a!.thaw()
  net.run(20)
  t.equal(a!.announced.length, 1)
  Object.defineProperty(a!, 'announced', { get: () => [] })
  t.match(safety.check(), [
    /^a: type 1 10\.0\.0\.1 of 10\.0\.0\.1 announces 10\.77\.0\.0\/24 40 s after it was withdrawn$/,
  ])
  const own = a!.database().find((lsa) => lsa.own)!
  const lower = encodeLsa({ ...own.lsa.header, sequence: -0x7fffffff }, madeUp(a!.id).body)
  Object.defineProperty(a!, 'database', {
    value: () => [
      { ...own, lsa: lower, age: 3601 },
      { ...own, lsa: lower, age: 1 },
    ],
  })
  t.match(safety.check(), [/is 3601 s old$/, /fell from sequence/])
})

t.test('a story that ends badly is cut down to what it takes', async (t) => {
  const bad: Fault = { after: 1, what: 'cost', router: 'a', interface: 'none', cost: 1 }
  const faults = drawFaults(build(), new Random(9), 40)
    .map((fault) => ({ ...fault, after: Math.min(fault.after, 0.5) }))
    .toSpliced(23, 0, bad)
  const story: Story = { build, faults, limit: 60 }
  // a fault that cannot be done is an error of the story, which counts as bad
  const short = shorten(story)
  t.match(short.faults, [{ what: 'cost', interface: 'none' }])
  t.ok(short.faults[0]!.after > 5, 'when it happened')
})
