/** Router Information TLVs: there and back, and what hostile ones come to. */
import t from 'tap'
import {
  decodeRouterInformation,
  decodeTlv,
  encodeRouterInformation,
  encodeTlv,
  InformationalCapability,
  type RouterInformation,
} from '../../lib/wire/router-information.ts'
import { bodyCodec, check, damaged, fromHex, noise, randomFrom, seed, toHex } from './codec.ts'

const nothing: RouterInformation = {
  informational: undefined,
  functional: undefined,
  hostname: undefined,
}

t.test('one TLV, there and back', async (t) => {
  for (const value of ['', '01', '10000000', '6c6231']) {
    const bytes = fromHex(value)
    const codec = bodyCodec('TLV', encodeTlv, decodeTlv, { minimum: 4 + bytes.length, item: 0 })
    const size = bytes.length.toString(16).padStart(4, '0')
    check(t, codec, { values: [{ type: 7, value: bytes }], bytes: [`0007${size}${value}`] })
  }
  t.throws(() => encodeTlv({ type: 1, value: new Uint8Array(0x10000) }, undefined as never), {
    name: 'RangeError',
  })
})

t.test('what a router says of itself, there and back', async (t) => {
  const informational = InformationalCapability.stubRouter
  for (const information of [
    nothing,
    { ...nothing, hostname: 'lb1' },
    { ...nothing, hostname: 'lb10' },
    { ...nothing, hostname: 'x'.repeat(255) },
    { informational, functional: 0x80000001, hostname: 'lb1.example.net' },
  ]) {
    const bytes = encodeRouterInformation(information)
    t.equal(bytes.length % 4, 0, 'every TLV is filled up')
    t.strictSame(decodeRouterInformation(bytes), information)
  }
  // RFC 7770 2.3: the length leaves out what fills the TLV up
  t.equal(
    toHex(encodeRouterInformation({ informational, functional: 0, hostname: 'lb1.a' })),
    '0001000420000000' + '0002000400000000' + '000700056c62312e61000000',
  )
})

t.test('as FRR 8.4 sends it with router-info area', async (t) => {
  t.strictSame(decodeRouterInformation(fromHex('0001000410000000')), {
    ...nothing,
    informational: InformationalCapability.trafficEngineering,
  })
})

t.test('hostile TLVs', async (t) => {
  const name = '000700036c623100'
  const lb1 = { ...nothing, hostname: 'lb1' }
  const cases: [string, string, RouterInformation][] = [
    ['no data', '', nothing],
    ['less than a header', '000700', nothing],
    ['length 0', `00070000${name}`, lb1],
    ['length 0 of capabilities', `00010000${name}`, lb1],
    ['length 1 of capabilities', `0001000180000000${name}`, lb1],
    ['length 3 of capabilities', `0002000380000000${name}`, lb1],
    ['length 1 beyond the data', `${name}000700056c623261`, lb1],
    ['length 65535', `0007ffff${name}`, nothing],
    ['length 65535 after a good one', `${name}0007ffff6c623261`, lb1],
    // 65533 and what fills it up is 65536: a sum in 16 bits would be 0, and the walk without end
    ['length 65533', `${name}0001fffd6c623261`, lb1],
    ['length 65532', `${name}0001fffc6c623261`, lb1],
    ['unknown types, a nested one', `8000000c0007000462616421ffffffff${name}`, lb1],
    ['a sub-TLV that lies about its length', `00080008000700ff6c623261${name}`, lb1],
    ['SR algorithms, range and local block of nothing', `0008000000090000000e0000${name}`, lb1],
    ['two names', `${name}000700036c623200`, lb1],
    ['a last one that is not filled up', '000700036c6231', lb1],
    ['a fill that is not zero', '000700036c6231ff', lb1],
    ['a name that ends in zeros', '000700086c62310000000000', lb1],
    ['a name of zeros', '0007000400000000', nothing],
    ['control characters', '000700081b5b324a0d0a4100', { ...nothing, hostname: '?[2J??A' }],
    ['not ASCII', '00070004c3a42041', { ...nothing, hostname: '???A' }],
    ['a name that is too long', `00070100${'61'.repeat(256)}`, nothing],
  ]
  for (const [what, hex, expected] of cases) {
    t.strictSame(decodeRouterInformation(fromHex(hex)), expected, what)
  }
  const large = new Uint8Array(0x10000)
  t.strictSame(decodeRouterInformation(large), nothing, '16384 TLVs of nothing')
})

t.test(`10,000 inputs from seed ${seed}`, async (t) => {
  const random = randomFrom(seed)
  const sample = encodeRouterInformation({ informational: 1, functional: 2, hostname: 'lb1' })
  const visible = /^[\x21-\x7e]{1,255}$/
  let named = 0
  for (let i = 0; i < 10_000; i++) {
    const bytes = i % 2 === 0 ? noise(random) : damaged(sample, random)
    const { hostname } = decodeRouterInformation(bytes)
    if (hostname === undefined) continue
    named++
    if (!visible.test(hostname)) t.fail(`${toHex(bytes)}: ${JSON.stringify(hostname)}`)
  }
  t.ok(named > 1000, `${named} names`)
})
