import t from 'tap'
import { EventStream, formatEvent, type SpeakerEvent } from '../lib/events.ts'
import { OspfSpeaker } from '../lib/index.ts'
import type { SpeakerPorts } from '../lib/world.ts'
import { collect, director, eth0, lan, only, running, settle } from './world.ts'

const resumed = (seconds: number): SpeakerEvent => ({ type: 'resumed', seconds })

/** What is there to be read now. */
async function drain(reader: AsyncIterableIterator<SpeakerEvent>, count: number) {
  const got: unknown[] = []
  for (let i = 0; i < count; i++) got.push((await reader.next()).value)
  return got
}

t.test('every reader gets every event, at its own speed', async (t) => {
  const stream = new EventStream('1.1.1.1', 10)
  const [a, b] = [stream[Symbol.asyncIterator](), stream[Symbol.asyncIterator]()]
  stream.push(resumed(1))
  stream.push(resumed(2))
  t.same(await drain(a, 2), [resumed(1), resumed(2)])
  stream.push(resumed(3))
  t.same(await drain(b, 3), [resumed(1), resumed(2), resumed(3)])
  t.same(await drain(a, 1), [resumed(3)])
})

t.test('the first reader is given what was said before it came, the others are not', async (t) => {
  const stream = new EventStream('1.1.1.1', 2)
  for (const n of [1, 2, 3]) stream.push(resumed(n))
  const [a, b] = [stream[Symbol.asyncIterator](), stream[Symbol.asyncIterator]()]
  stream.push(resumed(4))
  t.same(await drain(a, 3), [{ type: 'lost', count: 2 }, resumed(3), resumed(4)])
  t.same(await drain(b, 1), [resumed(4)])
})

t.test('a reader that waits gets the event at once', async (t) => {
  const stream = new EventStream('1.1.1.1', 1)
  const reader = stream[Symbol.asyncIterator]()
  const both = [reader.next(), reader.next()]
  stream.push(resumed(1))
  stream.push(resumed(2))
  stream.push(resumed(3))
  t.same(await Promise.all(both), [
    { done: false, value: resumed(1) },
    { done: false, value: resumed(2) },
  ])
  t.same(await drain(reader, 1), [resumed(3)])
})

t.test('a slow reader loses the oldest and is told how many, every time', async (t) => {
  const stream = new EventStream('1.1.1.1', 3)
  const reader = stream[Symbol.asyncIterator]()
  for (let n = 1; n <= 10; n++) stream.push(resumed(n))
  t.same(await drain(reader, 2), [{ type: 'lost', count: 7 }, resumed(8)])
  for (let n = 11; n <= 12; n++) stream.push(resumed(n))
  t.same(await drain(reader, 4), [
    { type: 'lost', count: 1 },
    resumed(10),
    resumed(11),
    resumed(12),
  ])
})

t.test('the end: what is queued, and then no more', async (t) => {
  const stream = new EventStream('1.1.1.1', 3)
  const [a, b] = [stream[Symbol.asyncIterator](), stream[Symbol.asyncIterator]()]
  const waiting = a.next()
  stream.push(resumed(1))
  const last = a.next()
  stream.end()
  t.same(await waiting, { done: false, value: resumed(1) })
  t.same(await last, { done: true, value: undefined })
  t.same(await drain(b, 1), [resumed(1)])
  t.match(await b.next(), { done: true })
  t.match(await stream[Symbol.asyncIterator]().next(), { done: true }, 'a reader that comes late')
})

t.test('leaving the loop', async (t) => {
  const stream = new EventStream('1.1.1.1', 3)
  stream.push(resumed(1))
  for await (const event of stream) {
    t.same(event, resumed(1))
    break
  }
  const reader = stream[Symbol.asyncIterator]()
  const waiting = reader.next()
  t.match(await reader.return?.(), { done: true })
  t.match(await waiting, { done: true })
  stream.push(resumed(2))
  t.match(await reader.next(), { done: true }, 'nothing is kept for it')
})

t.test('one line for each event', async (t) => {
  const lines: readonly (readonly [SpeakerEvent, string])[] = [
    [
      {
        type: 'announcement',
        prefix: '10.0.1.100/32',
        was: 'up',
        state: 'down',
        cause: 'gate',
        reason: 'status 503, expected 200-299',
        at: 1,
      },
      'VIP 10.0.1.100/32: up -> down (status 503, expected 200-299)',
    ],
    [
      {
        type: 'announcement-step',
        prefix: '10.0.1.100/32',
        step: 'withdraw',
        outcome: 'timeout',
        detail: 'not acknowledged within 6 s',
        at: 6000,
        took: 6000,
        confirmation: {
          acknowledged: false,
          by: [{ routerId: '10.0.0.1', interface: 'eth0', after: 12.3 }],
          missing: ['10.0.0.2'],
          unaffected: [],
          lsas: ['router LSA 10.0.1.133 0x80000005'],
        },
      },
      'VIP 10.0.1.100/32: withdraw timeout in router LSA 10.0.1.133 0x80000005 acknowledged by 10.0.0.1 on eth0 after 12 ms not acknowledged by 10.0.0.2: not acknowledged within 6 s',
    ],
    [
      { type: 'waiting', interface: 'eth0', for: 'device' },
      'interface eth0 waits: there is no such device',
    ],
    [{ type: 'waiting', interface: 'eth0', for: 'link' }, 'interface eth0 waits: the link is down'],
    [
      { type: 'waiting', interface: 'eth0', for: 'address' },
      'interface eth0 waits: it has no IPv4 address',
    ],
    [
      { type: 'routes', set: ['10.0.0.0/8'], removed: ['10.1.0.0/16', '10.2.0.0/16'] },
      'routes: 10.0.0.0/8 set, 10.1.0.0/16 10.2.0.0/16 removed',
    ],
    [{ type: 'routes', set: [], removed: ['10.1.0.0/16'] }, 'routes: 10.1.0.0/16 removed'],
    [
      { type: 'routes', set: ['a', 'b', 'c', 'd', 'e', 'f', 'g'], removed: [] },
      'routes: a b c d e and 2 more set',
    ],
    [resumed(61.04), 'resumed after a pause of 61.0 s'],
    [{ type: 'error', where: 'interface eth0', error: new Error('no') }, 'interface eth0: no'],
    [{ type: 'lost', count: 5 }, '5 events lost: the reader is too slow'],
    [{ type: 'stopped' }, 'stopped'],
    [
      {
        type: 'neighbor',
        interface: 'eth0',
        routerId: '10.0.0.1',
        address: '10.0.1.2',
        was: 'Loading',
        state: 'Full',
        reason: 'LoadingDone',
      },
      'neighbor 10.0.0.1 (10.0.1.2) on eth0: Loading -> Full (LoadingDone)',
    ],
  ]
  for (const [event, line] of lines) t.equal(formatEvent(event), line)
})

t.test('what a speaker says from its start to its end', async (t) => {
  const { speaker, events, net, peer, run, until } = await running()
  net.segment('back', '10.0.2.0/24', [peer])
  await run(8)
  const adjacent = only(events, 'neighbor').map((e) => `${e.was} -> ${e.state}`)
  t.equal(adjacent[0], 'Down -> Init')
  t.equal(adjacent.at(-1), 'Exchange -> Full')
  t.match(only(events, 'interface')[0], { interface: 'eth0', was: 'Down', state: 'DROther' })
  t.match(only(events, 'designated-router').at(-1), { designatedRouter: '10.0.1.2' })
  t.ok(only(events, 'spf').length > 0)
  t.match(only(events, 'routes'), [{ set: ['10.0.2.0/24'], removed: [] }], 'not what is attached')
  for (const event of events) t.ok(formatEvent(event).length > 5)
  await until(speaker.stop())
  await settle()
  t.equal(events.at(-1)?.type, 'stopped')
  t.match(await speaker[Symbol.asyncIterator]().next(), { done: true })
})

t.test('the kernel has a route before anybody is told of it', async (t) => {
  const { world, peer, run } = lan()
  const done: string[] = []
  const { routes } = world
  const noted: SpeakerPorts = {
    ...world,
    close: () => world.close(),
    routes: {
      apply: (changes) => {
        done.push('kernel')
        routes.apply(changes)
      },
      settled: () => routes.settled(),
      [Symbol.asyncDispose]: () => routes[Symbol.asyncDispose](),
    },
  }
  const speaker = await OspfSpeaker.start(director({ installRoutes: true }), noted)
  await run(18)
  speaker.subscribe(({ type }) => void done.push(type))
  done.length = 0
  peer.announce('10.0.3.0/24')
  await run(3)
  t.strictSame(done, ['kernel', 'spf', 'routes'])
  await Promise.all([speaker.stop(), run(10)])
})

t.test('nobody listens, or somebody is slow: the speaker does not mind', async (t) => {
  const { world, run, until } = lan()
  const speaker = await OspfSpeaker.start(director({ eventQueue: 2 }), world)
  await run(8)
  const late = speaker[Symbol.asyncIterator]()
  const quick = collect(speaker)
  const lost = (await late.next()).value
  t.equal(lost.type, 'lost')
  t.ok(lost.count > 5)
  await until(speaker.stop())
  await settle()
  t.equal(quick.at(-1)?.type, 'stopped')
  const rest = [await late.next(), await late.next(), await late.next(), await late.next()]
  t.same(
    rest.map((r) => r.value?.type),
    ['lost', 'interface', 'stopped', undefined],
  )
})

t.test('a mismatch is said once', async (t) => {
  const { world, peer, run, until } = lan()
  peer.configure('eth0', { helloInterval: 2 })
  const speaker = await OspfSpeaker.start(director({}, eth0), world)
  const events = collect(speaker)
  await run(20)
  t.match(only(events, 'mismatch'), [
    { interface: 'eth0', field: 'HelloInterval', ours: '1 s', theirs: '2 s' },
  ])
  t.equal(only(events, 'mismatch').length, 1)
  await until(speaker.stop())
})
