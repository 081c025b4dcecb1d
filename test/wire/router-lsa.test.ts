/** The body of router-LSAs. */
import t from 'tap'
import { decodeLsa, encodeLsa, LsType, takeLsa } from '../../lib/wire/lsa.ts'
import {
  decodeRouterLsa,
  encodeRouterLsa,
  flagsOfRouter,
  isRouterLsa,
  linkCount,
  RouterLinks,
  type RouterLsaBody,
} from '../../lib/wire/router-lsa.ts'
import { lsas } from './captured.ts'
import { bodyCodec, check, fromHex, refused } from './codec.ts'

const codec = bodyCodec('router-LSA', encodeRouterLsa, decodeRouterLsa, { minimum: 4, item: 0 })

const plain: RouterLsaBody = {
  kind: 'router',
  virtualLink: false,
  external: false,
  border: false,
  nssaTranslator: false,
  wildcard: false,
  flags: 0,
  links: [],
}

const full: RouterLsaBody = {
  ...plain,
  virtualLink: true,
  border: true,
  flags: 0x85,
  reserved: 0x5a,
  links: [
    { type: 1, id: 0x0a000002, data: 0x0a000101, metric: 0xffff, tos: [] },
    {
      type: 2,
      id: 0x0a000001,
      data: 0x0a000001,
      metric: 10,
      tos: [
        { tos: 2, metric: 20 },
        { tos: 4, metric: 0xffff, reserved: 1 },
      ],
    },
    { type: 3, id: 0xc0a80a00, data: 0xffffff00, metric: 0, tos: [] },
    { type: 9, id: 0, data: 0, metric: 1, tos: [{ tos: 255, metric: 1 }] },
  ],
}

t.test('there and back', async (t) => {
  check(t, codec, {
    values: [plain, full],
    bytes: [lsas.routerFrr.slice(40), lsas.routerBird.slice(40)],
  })
})

t.test('the bits V, E, B, W and Nt each', async (t) => {
  const bits = [
    ['border', 0x01],
    ['external', 0x02],
    ['virtualLink', 0x04],
    ['wildcard', 0x08],
    ['nssaTranslator', 0x10],
  ] as const
  for (const [name, flags] of bits) {
    const body: RouterLsaBody = { ...plain, [name]: true, flags }
    t.strictSame(codec.decode(Uint8Array.of(flags, 0, 0, 0)), body, name)
    t.equal(
      codec.encode({ ...plain, [name]: true })[0],
      flags,
      `${name}: said by the boolean alone`,
    )
    t.equal(codec.encode({ ...plain, flags })[0], 0, `${name}: not by the octet`)
  }
  t.equal(codec.encode({ ...plain, flags: 0xff })[0], 0xe0, 'the unassigned bits are')
})

t.test('the stub and the network of a BIRD', async (t) => {
  const { border, external, links } = codec.decode(fromHex(lsas.routerBird.slice(40)))
  t.strictSame([border, external], [false, true])
  t.strictSame(links, [
    { type: 3, id: 0x0a090002, data: 0xffffffff, metric: 0, tos: [] },
    { type: 3, id: 0x0a090100, data: 0xffffff00, metric: 10, tos: [] },
  ])
})

t.test('counts are held against the bytes', async (t) => {
  const link = '0a000001ffffff000300000a'
  const refuse = (hex: string, code: 'count' | 'trailing' | 'truncated', offset: number): void =>
    refused(t, () => codec.decode(fromHex(hex)), code, offset)
  refuse(`00000002${link}`, 'count', 4)
  refuse(`0000ffff${link}`, 'count', 4)
  refuse(`00000000${link}`, 'trailing', 4)
  refuse(`00000001${link}00000000`, 'trailing', 16)
  refuse('000000010a000001ffffff000301000a', 'count', 16)
  refuse('000000010a000001ffffff0003ff000a02000014', 'count', 16)
  // The TOS metric of the first link has eaten the start of the second.
  refuse('000000020a000001ffffff000301000a0a000001ffffff000300000a', 'truncated', 28)
})

const whole = (body: RouterLsaBody) => {
  const header = { age: 1, options: 2, type: LsType.router, lsId: 1, advertisingRouter: 1 }
  return encodeLsa({ ...header, sequence: 1 }, body)
}

t.test('the links in the bytes are those of the body', async (t) => {
  for (const body of [plain, full]) {
    const { raw } = whole(body)
    t.equal(linkCount(raw), body.links.length)
    t.equal(flagsOfRouter(raw), body.flags)
    const links = new RouterLinks(whole(full).raw)
    links.next()
    links.of(raw)
    for (const { type, id, data, metric } of body.links) {
      t.ok(links.next())
      t.strictSame(
        [links.type, links.id, links.data, links.metric],
        [type, id, data, metric],
        'also after another LSA',
      )
    }
    t.notOk(links.next())
  }
})

t.test('what is checked is what can be decoded', async (t) => {
  const { header, raw } = whole(full)
  const cut = Array.from({ length: raw.length + 1 }, (_, length) => raw.slice(0, length))
  const longer = new Uint8Array(raw.length + 4)
  longer.set(raw)
  const changed = Array.from(raw.slice(20), (octet, i) => {
    const other = raw.slice()
    other[20 + i] = octet ^ 1
    return other
  })
  let good = 0
  for (const bytes of [...cut, longer, ...changed]) {
    const lsa = { header: { ...header, length: bytes.length }, raw: bytes }
    let body: unknown
    try {
      ;({ body } = decodeLsa(lsa))
    } catch {
      t.throws(() => takeLsa(lsa))
      if (bytes.length >= 20) t.notOk(isRouterLsa(bytes))
      continue
    }
    good++
    t.ok(isRouterLsa(bytes))
    t.strictSame(takeLsa(lsa).body, body)
  }
  t.ok(good > 10, `${good} of them`)
})

t.test('a length that is not that of the bytes', async (t) => {
  const { header, raw } = whole(plain)
  t.throws(() => takeLsa({ header: { ...header, length: 28 }, raw }), { code: 'length' })
})
