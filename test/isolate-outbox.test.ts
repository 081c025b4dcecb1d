/** What crosses from an isolated child, and the verdicts that go there: bounded, and the latest counts. */
import t from 'tap'
import { Feed } from '../lib/isolate/feed.ts'
import type { FromChild, PlainEvent, Snapshot } from '../lib/isolate/messages.ts'
import { Outbox } from '../lib/isolate/outbox.ts'
import { noVitals } from '../lib/vitals.ts'
import { FakeClock, settle } from './health/fake-clock.ts'

const event = (n: number): PlainEvent => ({ type: 'resumed', seconds: n })
const nothing: Snapshot = {
  status: {
    routerId: '10.0.0.1',
    isBorder: false,
    isBoundary: false,
    abrType: 'cisco',
    rfc1583Compatibility: true,
    maximumPaths: 64,
    areas: [],
    routers: [],
  },
  neighbors: [],
  interfaces: [],
  vitals: noVitals,
  kernelSettings: [],
  kernel: undefined,
  routes: undefined,
  announcements: [],
}

function outbox(limit: number) {
  const clock = new FakeClock()
  const sent: FromChild[] = []
  const box = new Outbox({
    limit,
    clock,
    send: (message) => sent.push(message),
    snapshot: () => nothing,
    announcements: () => [],
  })
  const events = (): PlainEvent[] =>
    sent.flatMap((message) => (message.type === 'events' ? message.events : []))
  const snapshots = (): number => sent.filter(({ type }) => type === 'snapshot').length
  return { clock, box, events, snapshots }
}

t.test('events that are not taken are bounded; the oldest are lost and counted', async (t) => {
  const { box, events } = outbox(10)
  for (let n = 1; n <= 1000; n++) box.event(event(n))
  await settle()
  const first = events()
  t.ok(first.length <= 5, 'half of them on their way')
  t.match(first[0], { type: 'lost', count: 995 })
  t.match(first.at(-1), { type: 'resumed' })
  for (let n = 1001; n <= 2000; n++) box.event(event(n))
  await settle()
  t.equal(events().length, first.length, 'no more until they are taken')
  box.taken(first.length, 0)
  const then = events().slice(first.length)
  t.equal(then[0]?.type, 'lost')
  box.taken(events().length, 0)
  const all = events()
  t.match(all.at(-1), { seconds: 2000 }, 'the latest is there')
  const lost = all.reduce((sum, e) => sum + (e.type === 'lost' ? e.count : 0), 0)
  t.equal(lost + all.filter((e) => e.type === 'resumed').length, 2000, 'each is given or counted')
})

t.test('what was taken cannot be more than was sent', async (t) => {
  const { box, events } = outbox(4)
  box.taken(1_000_000, 1_000_000)
  for (let n = 1; n <= 100; n++) box.event(event(n))
  await settle()
  t.ok(events().length <= 2)
})

t.test('snapshots: one under way, then the latest, not too often, and every second', async (t) => {
  const { clock, box, snapshots } = outbox(10)
  await clock.advance(0)
  t.equal(snapshots(), 1, 'at once')
  for (let i = 0; i < 100; i++) {
    box.changed()
    await clock.advance(100)
  }
  t.equal(snapshots(), 1, 'while it is not taken, no other')
  box.taken(0, 1)
  await clock.advance(0)
  t.equal(snapshots(), 2)
  box.taken(0, 2)
  for (let i = 0; i < 10; i++) box.changed()
  await clock.advance(49)
  t.equal(snapshots(), 2)
  await clock.advance(1)
  t.equal(snapshots(), 3, 'coalesced for 50 ms')
  box.taken(0, 3)
  await clock.advance(999)
  t.equal(snapshots(), 3)
  await clock.advance(1)
  t.equal(snapshots(), 4, 'and without a change after a second')
  box[Symbol.dispose]()
  t.equal(clock.pending, 0)
})

t.test('of verdicts the latest counts', async (t) => {
  const feed = new Feed()
  feed.put(true)
  feed.put({ healthy: false, reason: 'sick' })
  t.same((await feed.next()).value, { healthy: false, reason: 'sick' })
  const next = feed.next()
  feed.put(true)
  t.same((await next).value, true)
  const last = feed.next()
  void feed.return()
  t.equal((await last).done, true)
})
