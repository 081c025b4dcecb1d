/** Routes as they are written one behind the other: each as if it were alone. */
import t from 'tap'
import { decodeMessages, PayloadWriter } from '../../lib/linux/netlink-message.ts'
import { newEntry, type Way } from '../../lib/linux/route-entry.ts'
import { decodeRoute, type Hop } from '../../lib/linux/route-message.ts'
import { routeSettings } from '../../lib/linux/route-options.ts'
import { requestsOf, type Step, spread, WayBook } from '../../lib/linux/route-step.ts'

const settings = routeSettings({
  links: { links: () => new Map(), watch: () => ({ [Symbol.dispose]() {} }) },
})
const hops: readonly Hop[] = [
  { index: 3, gateway: 0x0a000002 },
  { index: 4, gateway: 0x0a000102, weight: 7, onLink: true },
]
const ways: readonly Way[] = [
  { hops, group: undefined, source: undefined },
  { hops: hops.slice(0, 1), group: undefined, source: 0xc0000201 },
  { hops: [], group: { id: 99, isResilient: false, hops }, source: undefined },
  { hops: [], group: undefined, source: undefined },
]
const actions = ['create', 'replace', 'remove'] as const
/** Runs of those that are alike, each of another length. */
const steps: readonly Step[] = Array.from({ length: 300 }, (_, i) => {
  const run = Math.floor(Math.sqrt(i))
  return {
    entry: newEntry((0xf0000000 + i * 256) >>> 0, 24 + (i % 9)),
    action: actions[run % actions.length]!,
    way: ways[run % ways.length]!,
  }
})
const flags = { create: 0x601, replace: 0x101, remove: 1 }

/** Sends of so many, as the socket does them. */
function* sent(each: number): Generator<Uint8Array> {
  const bulk = requestsOf(steps, settings)
  const writer = new PayloadWriter()
  for (let from = 0; from < bulk.count; from += each) {
    writer.truncate(0)
    for (let i = from; i < Math.min(bulk.count, from + each); i++) bulk.write(writer, i, 1000 + i)
    yield writer.finish().slice()
  }
}

t.test('in whatever company', async (t) => {
  for (const each of [1, 2, 7, 300]) {
    const messages = [...sent(each)].flatMap((bytes) => decodeMessages(bytes))
    t.equal(messages.length, steps.length)
    for (const [i, message] of messages.entries()) {
      const { entry, action, way } = steps[i]!
      t.match(message, {
        type: action === 'remove' ? 25 : 24,
        flags: flags[action],
        sequence: 1000 + i,
      })
      const route = decodeRoute(message)
      const { prefix, length, hops: own, nextHop, source, table, metric, protocol } = route!
      t.strictSame(
        { prefix, length, hops: own, nextHop, source, table, metric, protocol },
        {
          prefix: entry.prefix,
          length: entry.length,
          hops: way.hops,
          nextHop: way.group?.id,
          source: way.source,
          table: 254,
          metric: 20,
          protocol: 188,
        },
        `${each} a send, ${i}`,
      )
    }
  }
})

t.test('what is said of one that fails', async (t) => {
  const bulk = requestsOf(steps, settings)
  t.equal(bulk.what(1), `replace route 240.0.1.0/25`)
})

t.test('ways that are alike are one object', async (t) => {
  const book = new WayBook()
  const way = book.way(hops, undefined, 7)
  t.equal(book.way(hops, undefined, 7), way)
  t.not(book.way(hops, undefined, 8), way)
  t.not(book.way([...hops], undefined, 8), way)
  const group = { id: 1, isResilient: false, hops }
  t.equal(book.way([], group, 8), book.way([], group, 8))
})

t.test('many removals that are alike are spread, others stay where they are', async (t) => {
  const alike = (
    from: number,
    count: number,
    which: number,
    action: Step['action'] = 'remove',
  ): Step[] =>
    Array.from({ length: count }, (_, i) => ({
      entry: newEntry(from + i, 32),
      action,
      way: ways[which]!,
    }))
  for (const count of [1, 63, 64, 65, 100, 144, 997, 1000, 1024]) {
    const all = [...alike(1, 5, 1), ...alike(1000, count, 0), ...alike(5000, 7, 2)]
    const ordered = spread(all)
    t.strictSame(ordered.slice(0, 5), all.slice(0, 5))
    t.strictSame(ordered.slice(-7), all.slice(-7))
    t.equal(ordered.length, all.length)
    t.strictSame(new Set(ordered), new Set(all), `${count}: each once`)
    const places = ordered.slice(5, -7).map(({ entry }) => entry.prefix)
    const neighbours = places.filter((place, i) => i > 0 && place - places[i - 1]! === 1)
    t.equal(neighbours.length, count < 64 ? count - 1 : 0, `${count}: neighbours`)
  }
  const made = [...alike(1, 100, 0, 'create'), ...alike(500, 100, 0, 'replace')]
  t.strictSame(spread(made), made)
})
