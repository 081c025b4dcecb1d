import t from 'tap'
import { Random } from '../../lib/core/random.ts'

const draw = (seed: number, count = 20): number[] => {
  const random = new Random(seed)
  return Array.from({ length: count }, () => random.u32())
}

t.test('the same seed draws the same numbers, another seed others', async (t) => {
  t.same(draw(1), draw(1))
  t.notSame(draw(1), draw(2))
  t.notSame(draw(1), draw(1 + 0x100000000), 'the upper bits of the seed count too')
})

t.test('numbers are 32 bits, spread evenly', async (t) => {
  const numbers = draw(42, 10_000)
  t.ok(numbers.every((n) => Number.isInteger(n) && n >= 0 && n <= 0xffffffff))
  t.equal(new Set(numbers).size, numbers.length, 'none comes twice in so few')
  for (let bit = 0; bit < 32; bit++) {
    const set = numbers.filter((n) => (n >>> bit) & 1).length
    if (Math.abs(set - 5000) > 250) t.fail(`bit ${bit} is set ${set} times of 10000`)
  }
})
