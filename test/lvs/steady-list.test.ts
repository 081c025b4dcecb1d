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

/**
 * A dump as the kernel makes it, which counts what it has told: after the first datagram somebody removes the head, and
 * the entry that was to come next moves into what counts as told.
 */
const cut = (datagram: number): string[] => [...'xabcdefgh'].toSpliced(datagram, 1)

t.test('two readings that are cut at different places do not leave out the same', async (t) => {
  const reading = async (...sizes: readonly number[]) => {
    const values = await steadyList(
      async (attempt) => ({ values: cut(sizes[attempt % sizes.length]!), size: 10_000 }),
      (value) => value,
    )
    return values.toSorted().join('')
  }
  t.equal(await reading(3), 'abdefghx', 'cut alike, they agree, and are wrong')
  t.equal(await reading(3, 4), 'abcdefghx')
})
