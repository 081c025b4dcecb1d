import t from 'tap'
import { mix, Random } from '../../lib/sim/random.ts'

const draw = (random: Random, n = 10) => Array.from({ length: n }, () => random.u32())

t.test('the seed decides', async (t) => {
  t.same(draw(new Random(7)), draw(new Random(7)))
  t.notSame(draw(new Random(7)), draw(new Random(8)))
  t.same(draw(new Random('seven')), draw(new Random('seven')))
  t.notSame(draw(new Random('seven')), draw(new Random('sevem')))
})

t.test('the sequence of a seed is for ever', async (t) => {
  // A change here makes every seed that somebody noted down worthless.
  t.same(draw(new Random(1), 4), [2420951833, 2513034076, 3847892949, 4064752930])
})

t.test('fork depends on seed and label, not on what was drawn', async (t) => {
  const a = new Random(7)
  const before = draw(a.fork('link'))
  draw(a, 100)
  t.same(draw(a.fork('link')), before)
  t.notSame(draw(a.fork('other')), before)
  t.notSame(draw(new Random(8).fork('link')), before)
  t.notSame(draw(a.fork('link').fork('x')), draw(a.fork('x').fork('link')))
})

t.test('numbers are spread evenly', async (t) => {
  const random = new Random(3)
  const buckets = new Array<number>(16).fill(0)
  let sum = 0
  for (let i = 0; i < 16_000; i++) {
    const n = random.next()
    if (n < 0 || n >= 1) t.fail(`out of range: ${n}`)
    sum += n
    buckets[random.int(16)]!++
  }
  t.ok(Math.abs(sum / 16_000 - 0.5) < 0.01, `mean ${sum / 16_000}`)
  t.ok(Math.min(...buckets) > 880 && Math.max(...buckets) < 1120, buckets.join(' '))
})

t.test('chance', async (t) => {
  const random = new Random(3)
  let hits = 0
  for (let i = 0; i < 10_000; i++) if (random.chance(0.2)) hits++
  t.ok(hits > 1850 && hits < 2150, `${hits}`)
  const untouched = new Random(3)
  t.notOk(untouched.chance(0))
  t.same(draw(untouched), draw(new Random(3)), 'an impossible thing draws nothing')
  t.ok(untouched.chance(1))
})

t.test('pick and shuffle', async (t) => {
  const random = new Random(5)
  const items = ['a', 'b', 'c', 'd', 'e'] as const
  const picked = new Set(Array.from({ length: 100 }, () => random.pick(items)))
  t.equal(picked.size, 5)
  t.throws(() => random.pick([]), RangeError)
  const firsts = new Map<string, number>()
  for (let i = 0; i < 5000; i++) {
    const shuffled = random.shuffle(items)
    if (i === 0) t.same([...shuffled].sort(), [...items])
    firsts.set(shuffled[0]!, (firsts.get(shuffled[0]!) ?? 0) + 1)
  }
  for (const [item, n] of firsts) t.ok(n > 850 && n < 1150, `${item} first ${n} times`)
})

t.test('mix changes half of the bits', async (t) => {
  let flips = 0
  for (let i = 0; i < 1000; i++) {
    let bits = mix(i) ^ mix(i ^ 1)
    for (; bits !== 0; bits &= bits - 1) flips++
  }
  t.ok(Math.abs(flips / 1000 - 16) < 1, `${flips / 1000}`)
})
