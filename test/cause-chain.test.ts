/** From the probe to the routers' acknowledgement: what is kept of each change of a VIP, as data and as a line. */
import t from 'tap'
import { any, formatChange, healthy } from '../lib/index.ts'
import { running, vip } from './world.ts'

t.test('probe, threshold, gate, LSA, who acknowledged it and when', async (t) => {
  const { speaker, run, until, world } = await running()
  const state = { failure: undefined as string | undefined }
  const probe = async (): Promise<void> => {
    if (state.failure) throw new Error(state.failure)
  }
  Object.defineProperty(probe, 'name', { value: 'http http://127.0.0.1:8080/ready' })
  const when = healthy(probe, { interval: 1, rise: 2, fall: 3, clock: world.clock })
  const announcement = speaker.announce(vip, { when })
  await run(10)
  state.failure = 'status 503, expected 200-299'
  await run(10)
  const [up, down] = announcement.history()
  t.match(up, {
    was: 'down',
    state: 'up',
    cause: 'gate',
    reason: 'passed 2 times in a row',
    evidence: { probe: probe.name, passed: true, times: 2, needed: 2 },
    steps: [
      {
        step: 'announce',
        outcome: 'done',
        confirmation: {
          acknowledged: true,
          by: [{ routerId: '10.0.0.1', interface: 'eth0', after: Number }],
          lsas: [/^router LSA 10\.0\.1\.133 0x8/],
        },
      },
    ],
  })
  t.match(down, {
    was: 'up',
    state: 'down',
    cause: 'gate',
    reason: state.failure,
    evidence: { probe: probe.name, passed: false, times: 3, needed: 3 },
  })
  t.match(down!.at - up!.at, Number)
  const line = announcement.why().at(-1)!
  t.match(
    line,
    /up -> down \(gate: status 503, expected 200-299; http http:\/\/127\.0\.0\.1:8080\/ready failed 3 in a row, fall 3\); withdraw in router LSA 10\.0\.1\.133 0x8\w+ acknowledged by 10\.0\.0\.1 on eth0 after \d+ ms/,
  )
  t.equal(line, `${vip} ${formatChange(down!)}`, 'the line says what the data say')
  await until(speaker.stop())
})

t.test('what a gate of several rests on, and what an operator asked for', async (t) => {
  const { speaker, run, until, world } = await running()
  const down = new Set<string>()
  const probes = ['a', 'b'].map((name) =>
    Object.defineProperty(
      async (): Promise<void> => {
        if (down.has(name)) throw new Error('refused')
      },
      'name',
      { value: name },
    ),
  )
  const timing = { interval: 1, rise: 1, fall: 2, clock: world.clock }
  const both = speaker.announce(vip, { when: healthy(probes, timing) })
  const either = speaker.announce('10.0.1.101/32', { when: any(...probes, timing) })
  await run(6)
  down.add('b')
  await run(6)
  t.match(both.history().at(-1), {
    state: 'down',
    reason: 'b: refused',
    evidence: { probe: 'b', passed: false, times: 2, needed: 2 },
  })
  t.equal(either.state, 'up')
  down.add('a')
  await run(6)
  t.match(either.history().at(-1)!.reason, /^0 of 2 pass, 1 needed: a: refused; b: refused/)
  both.force('up', 'for a test')
  const forced = both.history().at(-1)!
  t.match(forced, { cause: 'override', reason: 'forced up: for a test' })
  t.notHas(forced, { evidence: Object }, 'no probe had a part in that')
  await until(speaker.stop())
})
