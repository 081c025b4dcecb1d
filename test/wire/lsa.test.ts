/**
 * Whole LSAs: header, framing, dispatch by LS type, and the bytes as FRR and BIRD would have made
 * them.
 */
import t from 'tap'
import { Reader } from '../../lib/wire/bytes.ts'
import { fletcherOk } from '../../lib/wire/checksum.ts'
import {
  decodeLsa,
  decodeLsaHeader,
  decodeRawLsa,
  encodeLsa,
  encodeLsaHeader,
  type Lsa,
  type LsaHeader,
  LsType,
  lsaKey,
  withAge,
} from '../../lib/wire/lsa.ts'
import type { RouterLink, RouterLsaBody } from '../../lib/wire/router-lsa.ts'
import { lsas } from './captured.ts'
import { bodyCodec, type Codec, check, fromHex, refused, toHex } from './codec.ts'

const header: LsaHeader = {
  age: 3600,
  options: 0x22,
  type: 1,
  lsId: 0xfffffffe,
  advertisingRouter: 0x0a000001,
  sequence: -0x80000000,
  checksum: 0xabcd,
  length: 65535,
}

const router: RouterLsaBody = {
  kind: 'router',
  virtualLink: false,
  external: true,
  border: false,
  nssaTranslator: false,
  wildcard: false,
  flags: 0x02,
  links: [{ type: 3, id: 0x0a000164, data: 0xffffffff, metric: 0, tos: [] }],
}

/** The LSA of these bytes, its length and checksum taken from there: damage is about the rest. */
const codec: Codec<Lsa> = {
  name: 'LSA',
  minimum: 0,
  item: 0,
  decode: (bytes) => {
    const header = decodeLsaHeader(new Reader(bytes))
    return decodeLsa({ header: { ...header, length: bytes.length }, raw: bytes })
  },
  encode: (lsa) => {
    const bytes = encodeLsa(lsa.header, lsa.body).raw
    bytes.set(lsa.raw.subarray(16, 20), 16)
    return bytes
  },
}

t.test('headers there and back', async (t) => {
  const headers = bodyCodec('LSA header', encodeLsaHeader, decodeLsaHeader, {
    minimum: 20,
    item: 0,
  })
  check(t, headers, { values: [header], bytes: Object.values(lsas).map((hex) => hex.slice(0, 40)) })
})

t.test('LSAs of every type there and back', async (t) => {
  // Network- and summary-LSAs and opaque ones also decode when whole words or octets are missing at
  // the end.
  const { routerFrr, routerBird } = lsas
  check(t, codec, { values: [], bytes: [routerFrr, routerBird] })
  check(t, { ...codec, minimum: 28, item: 4 }, { values: [], bytes: [lsas.network] })
  check(t, { ...codec, minimum: 28, item: 4 }, { values: [], bytes: [lsas.summaryNetwork] })
  check(t, { ...codec, minimum: 28, item: 4 }, { values: [], bytes: [lsas.summaryAsbr] })
  check(t, { ...codec, minimum: 36, item: 12 }, { values: [], bytes: [lsas.external, lsas.nssa] })
  check(t, { ...codec, minimum: 20, item: 1 }, { values: [], bytes: [lsas.opaqueArea] })
})

t.test('decoded and made anew, the LSAs of FRR and BIRD are the same to the octet', async (t) => {
  for (const [name, hex] of Object.entries(lsas)) {
    const lsa = decodeLsa(decodeRawLsa(new Reader(fromHex(hex))))
    t.equal(toHex(lsa.raw), hex, name)
    const again = encodeLsa(lsa.header, lsa.body)
    t.equal(toHex(again.raw), hex, `${name}: made anew`)
    t.strictSame(again.header, lsa.header, `${name}: header`)
  }
})

t.test('what is made can be read', async (t) => {
  const lsa = encodeLsa(header, router)
  t.equal(lsa.header.length, 36)
  t.ok(fletcherOk(lsa.raw))
  t.strictSame(decodeLsa(decodeRawLsa(new Reader(lsa.raw))), lsa)
})

t.test('kind by LS type', async (t) => {
  const kinds = {
    1: 'router',
    2: 'network',
    3: 'summary',
    4: 'summary',
    5: 'external',
    7: 'external',
  }
  const bodies: Record<string, string> = { router: '00000000', network: 'ffffff000a000001' }
  for (let type = 0; type < 256; type++) {
    const expected = { ...kinds, 9: 'opaque', 10: 'opaque', 11: 'opaque' }[type] ?? 'unknown'
    const body = fromHex(bodies[expected] ?? 'ffffff00800000070000000000000063')
    const raw = Uint8Array.of(...new Uint8Array(20), ...body)
    const lsa = decodeLsa({ header: { ...header, type, length: raw.length }, raw })
    t.equal(lsa.body.kind, expected, `type ${type}`)
  }
  t.strictSame(Object.values(LsType), [1, 2, 3, 4, 5, 7, 9, 10, 11])
})

t.test('an unknown LS type is kept as it is', async (t) => {
  const hex = '0001020800000001000000018000000100000018cafebabe'
  const lsa = decodeLsa(decodeRawLsa(new Reader(fromHex(hex))))
  t.strictSame(lsa.body, { kind: 'unknown', data: fromHex('cafebabe') })
  t.equal(toHex(codec.encode(lsa)), hex)
})

t.test('an odd length is for opaque data only', async (t) => {
  const odd = (type: number, length: number) => () => {
    const raw = new Uint8Array(length)
    return decodeLsa({ header: { ...header, type, length }, raw })
  }
  for (const length of [21, 26, 27]) {
    for (const type of [1, 2, 3, 4, 5, 6, 7, 8, 12]) refused(t, odd(type, length), 'length')
    for (const type of [9, 10, 11]) t.equal(odd(type, length)().body.kind, 'opaque')
  }
})

t.test('a length that is not that of the bytes', async (t) => {
  const raw = fromHex(lsas.network)
  refused(t, () => decodeLsa({ header: { ...header, length: 28 }, raw }), 'length')
  refused(t, () => decodeLsa({ header: { ...header, length: 36 }, raw }), 'length')
  refused(
    t,
    () => decodeLsa({ header: { ...header, length: 8 }, raw: raw.subarray(0, 8) }),
    'length',
  )
})

t.test('framing', async (t) => {
  const good = lsas.network
  const framed = (length: string) => () =>
    decodeRawLsa(new Reader(fromHex(good.slice(0, 36) + length + good.slice(40))))
  refused(t, framed('0013'), 'length', 20)
  refused(t, framed('0000'), 'length', 20)
  refused(t, framed('0021'), 'truncated', 0)
  t.equal(framed('0014')().raw.length, 20)
})

t.test('an LSA that no length field can hold', async (t) => {
  const link: RouterLink = { type: 3, id: 0, data: 0, metric: 0, tos: [] }
  const links = (n: number) => ({ ...router, links: Array.from({ length: n }, () => link) })
  t.equal(encodeLsa(header, links(5459)).header.length, 65532)
  t.throws(() => encodeLsa(header, links(5460)), RangeError)
})

t.test('only the age differs, and only in the copy', async (t) => {
  const raw = fromHex(lsas.network)
  t.equal(toHex(withAge(raw, 3600)), `0e10${lsas.network.slice(4)}`)
  t.equal(toHex(raw), lsas.network)
  const view = Buffer.from(lsas.network, 'hex')
  t.equal(toHex(withAge(view, 3600)), `0e10${lsas.network.slice(4)}`, 'of a Buffer, too')
  t.equal(view.toString('hex'), lsas.network)
})

t.test('the key is the identity', async (t) => {
  t.equal(lsaKey(1, 0x0a000001, 7), '1/167772161/7')
})
