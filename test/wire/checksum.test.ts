/**
 * Both checksums: known vectors, LSAs and packets of other implementations, and the definition done
 * slowly.
 */
import t from 'tap'
import { fletcher, fletcherOk, ipChecksum } from '../../lib/wire/checksum.ts'
import { lsas, packets } from './captured.ts'
import { fromHex, randomFrom, seed } from './codec.ts'

/**
 * RFC 1008 section 7 to the letter, with a modulo at every step: are both sums over the LSA less
 * its age zero?
 */
function sumsAreZero(lsa: Uint8Array): boolean {
  let c0 = 0
  let c1 = 0
  for (const octet of lsa.subarray(2)) {
    c0 = (c0 + octet) % 255
    c1 = (c1 + c0) % 255
  }
  return c0 === 0 && c1 === 0
}

function store(lsa: Uint8Array, checksum: number): Uint8Array {
  const copy = new Uint8Array(lsa)
  new DataView(copy.buffer).setUint16(16, checksum)
  return copy
}

t.test('Fletcher: the LSAs of FRR and BIRD', async (t) => {
  for (const [name, hex] of Object.entries(lsas)) {
    const lsa = fromHex(hex)
    const stored = new DataView(lsa.buffer).getUint16(16)
    t.equal(fletcher(lsa), stored, name)
    t.equal(fletcher(store(lsa, 0xabcd)), stored, `${name}: whatever the field holds`)
    t.ok(fletcherOk(lsa), name)
    const older = new Uint8Array(lsa)
    older[0] = 0x0e
    t.ok(fletcherOk(older), `${name}: the age is left out`)
  }
})

t.test('Fletcher: every single changed octet but the age is noticed', async (t) => {
  const lsa = fromHex(lsas.routerBird)
  for (let i = 2; i < lsa.length; i++) {
    const changed = new Uint8Array(lsa)
    changed[i] = (changed[i] ?? 0) ^ 0x10
    t.notOk(fletcherOk(changed), `octet ${i}`)
  }
})

t.test('Fletcher: a stored 0 is never right', async (t) => {
  t.notOk(fletcherOk(new Uint8Array(24)), 'though the sums of nothing are zero')
  t.notOk(fletcherOk(store(fromHex(lsas.network), 0)))
  t.notOk(fletcherOk(fromHex('0001')), 'nor is there one in so few octets')
})

t.test('Fletcher: any LSA, against the definition', async (t) => {
  const random = randomFrom(seed)
  const wrong: string[] = []
  for (let i = 0; i < 2_000; i++) {
    const lsa = Uint8Array.from({ length: 20 + random(200) }, () => random(256))
    const checksum = fletcher(lsa)
    const stored = store(lsa, checksum)
    const zeroOctet = checksum < 0x100 || checksum % 0x100 === 0
    if (zeroOctet || !sumsAreZero(stored) || !fletcherOk(stored)) wrong.push(`${lsa}: ${checksum}`)
    if (sumsAreZero(lsa) !== fletcherOk(lsa)) wrong.push(`${lsa}: judged otherwise`)
  }
  t.strictSame(wrong, [], `seed ${seed}`)
})

t.test('Fletcher: the longest LSA of the largest octets does not overflow', async (t) => {
  for (const length of [4095, 4096, 4112, 4113, 8208, 65535]) {
    const lsa = new Uint8Array(length).fill(0xff)
    lsa[20] = 0xfe
    t.ok(sumsAreZero(store(lsa, fletcher(lsa))), `${length} octets`)
  }
})

t.test('RFC 1071: the example of section 3', async (t) => {
  t.equal(ipChecksum(fromHex('0001f203f4f5f6f7')), 0xffff - 0xddf2)
})

t.test('RFC 1071: edges', async (t) => {
  t.equal(ipChecksum(new Uint8Array(0)), 0xffff)
  t.equal(ipChecksum(new Uint8Array(8)), 0xffff)
  t.equal(ipChecksum(fromHex('ffff')), 0)
  t.equal(ipChecksum(fromHex('ffffffff')), 0)
  t.equal(ipChecksum(fromHex('ffff0001')), 0xfffe, 'the carry comes round')
  t.equal(ipChecksum(fromHex('010203')), ipChecksum(fromHex('01020300')), 'an odd octet is padded')
  t.equal(
    ipChecksum(fromHex('0102aaaa0304'), 2, 4),
    ipChecksum(fromHex('01020304')),
    'a part left out',
  )
  t.equal(ipChecksum(fromHex('0102aaaa03'), 2, 4), ipChecksum(fromHex('01020300')))
  t.equal(ipChecksum(fromHex('00010203').subarray(1, 3)), ipChecksum(fromHex('0102')), 'a view')
})

t.test('RFC 1071: the packets of FRR and BIRD', async (t) => {
  for (const [name, hex] of Object.entries(packets)) {
    t.equal(ipChecksum(fromHex(hex), 16, 24), 0, name)
  }
})
