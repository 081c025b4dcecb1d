/** Lists that change while they are read. */
import t from 'tap'
import { steadyList } from '../../lib/lvs/steady-list.ts'

/** Reads one scripted dump after the other; the last for ever. Returns what came of it and how many were read. */
async function read(dumps: readonly string[], size = 10_000) {
  let count = 0
  const values = await steadyList(
    async () => ({ values: dumps[Math.min(count++, dumps.length - 1)]!.split(' '), size }),
    (value) => value[0]!,
  )
  return [values.join(' '), count]
}

t.test('a short list comes at once, a long one is read twice', async (t) => {
  t.strictSame(await read(['a1 b1'], 3500), ['a1 b1', 1])
  t.strictSame(await read(['a1 b1', 'a2 b2'], 3501), ['a2 b2', 2])
})

t.test('an entry that one dump left out is there, one that is gone is not', async (t) => {
  t.strictSame(await read(['a1 c1', 'a2 b2 c2', 'a3 b3 c3']), ['a3 b3 c3', 3])
  t.strictSame(await read(['a1 b1 c1', 'a2 c2', 'a3 c3']), ['a3 c3', 3])
})

t.test('of what never rests, everything that was seen, as it was last', async (t) => {
  t.strictSame(await read(['a1', 'a2 b2', 'a3 c3', 'a4 b4', 'a5 d5']), ['a5 b4 c3 d5', 5])
})

t.test('what a dump shows twice is one', async (t) => {
  t.strictSame(await read(['a1 b1 a2'], 100), ['a2 b1', 1])
})
