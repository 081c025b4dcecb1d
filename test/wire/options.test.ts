/** The Options octet in words. */
import t from 'tap'
import { formatOptions, Option, optionNames } from '../../lib/wire/options.ts'

t.test('names of the bits that are set', async (t) => {
  t.strictSame(optionNames(0), [])
  t.strictSame(optionNames(Option.e), ['E'])
  t.strictSame(optionNames(Option.e | Option.o), ['O', 'E'])
  t.strictSame(optionNames(0xff), ['DN', 'O', 'DC', 'EA', 'N/P', 'MC', 'E', 'M/T'])
  const { mt, e, mc, np, l, dc, o, dn } = Option
  t.strictSame([mt, e, mc, np, l, dc, o, dn], [1, 2, 4, 8, 16, 32, 64, 128])
  t.strictSame([mt, e, mc, np, l, dc, o, dn].flatMap(optionNames), [...optionNames(0xff)].reverse())
})

t.test('as FRR prints them', async (t) => {
  t.equal(formatOptions(0), '*|-|-|-|-|-|-|-')
  t.equal(formatOptions(0x02), '*|-|-|-|-|-|E|-')
  t.equal(formatOptions(0x42), '*|O|-|-|-|-|E|-')
  t.equal(formatOptions(0x08), '*|-|-|-|N/P|-|-|-')
  t.equal(formatOptions(0xff), 'DN|O|DC|EA|N/P|MC|E|M/T')
})
