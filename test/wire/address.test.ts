/** Addresses, masks and prefixes as numbers and as strings. */
import t from 'tap'
import {
  formatIpv4,
  formatPrefix,
  lengthOfMask,
  maskOf,
  networkOf,
  parseIpv4,
} from '../../lib/wire/address.ts'

t.test('a dotted quad there and back', async (t) => {
  for (const [text, n] of [
    ['0.0.0.0', 0],
    ['10.0.1.133', 0x0a000185],
    ['224.0.0.5', 0xe0000005],
    ['255.255.255.255', 0xffffffff],
  ] as const) {
    t.equal(parseIpv4(text), n)
    t.equal(formatIpv4(n), text)
  }
})

t.test('anything else is no address', async (t) => {
  const wrong = [
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.3.999',
    '01.2.3.4',
    '1.2.3.00',
    '1.2.3.-4',
  ]
  const odd = [
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1.2.3.4\n',
    '1..3.4',
    '1.2.3.4/32',
    '0x1.2.3.4',
    '1.2.3.a',
    '१.2.3.4',
  ]
  for (const text of [...wrong, ...odd]) t.equal(parseIpv4(text), undefined, JSON.stringify(text))
})

t.test('every prefix length there and back', async (t) => {
  t.strictSame(
    [maskOf(0), maskOf(1), maskOf(24), maskOf(32)],
    [0, 0x80000000, 0xffffff00, 0xffffffff],
  )
  for (let length = 0; length <= 32; length++) t.equal(lengthOfMask(maskOf(length)), length)
})

t.test('a mask with holes has no length', async (t) => {
  for (const mask of [0xff00ff00, 0x00ffffff, 1, 0x7fffffff, 0xfffffffd, 0xfffffeff]) {
    t.equal(lengthOfMask(mask), undefined, formatIpv4(mask))
  }
})

t.test('the network of an address', async (t) => {
  t.equal(formatPrefix(networkOf(0xc0a80a85, 24), 24), '192.168.10.0/24')
  t.equal(networkOf(0xc0a80a85, 0), 0)
  t.equal(networkOf(0xc0a80a85, 32), 0xc0a80a85)
  t.equal(networkOf(0xffffffff, 1), 0x80000000)
})
