/** Octets of bits, most significant first. */
import t from 'tap'
import { octetTable } from '../../lib/wire/flags.ts'

t.test('every octet, its bits in the order drawn', async (t) => {
  const table = octetTable((bits, octet) => ({ bits: bits.join(''), octet }))
  t.equal(table.length, 256)
  t.strictSame(
    table,
    Array.from({ length: 256 }, (_, octet) => ({
      bits: octet.toString(2).padStart(8, '0'),
      octet,
    })),
  )
})
