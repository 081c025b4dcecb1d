/** The body of router-LSAs. */
import t from 'tap'
import { decodeRouterLsa, encodeRouterLsa, type RouterLsaBody } from '../../lib/wire/router-lsa.ts'
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
