import t from 'tap'
import {
  type AuthenticationOptions,
  type KeyOptions,
  parseAuthentication,
} from '../lib/authentication-options.ts'
import { canDigest } from '../lib/crypto.ts'
import { OspfSpeaker } from '../lib/index.ts'
import { parseOptions } from '../lib/options.ts'
import type { HashName } from '../lib/wire/auth.ts'

const parse = (options: unknown) => parseAuthentication('a', options as AuthenticationOptions)
const chain = (...keys: unknown[]) => parse({ type: 'hmac-sha-256', keys })
const octets = (text: string): Uint8Array => new TextEncoder().encode(text)

t.test('none, and a password', async (t) => {
  t.equal(parse({ type: 'none' }), undefined)
  t.same(parse({ type: 'simple', key: 'secret' }), { type: 'simple', key: octets('secret') })
  const key = Uint8Array.of(0, 1, 0)
  const parsed = parse({ type: 'simple', key })
  t.same(parsed, { type: 'simple', key })
  key.fill(9)
  t.same(parsed, { type: 'simple', key: Uint8Array.of(0, 1, 0) }, 'a copy')
})

t.test('a chain: what is not said has its default', async (t) => {
  t.same(chain({ id: 0, key: 'schlüssel' }), {
    type: 'cryptographic',
    extended: false,
    strictReplay: false,
    keys: [{ id: 0, algorithm: 'hmac-sha-256', key: octets('schlüssel'), send: {}, accept: {} }],
  })
  const [from, until] = ['2026-01-01T00:00:00Z', new Date('2027-01-01T00:00:00Z')]
  const full: AuthenticationOptions = {
    type: 'hmac-sha-512',
    extended: true,
    strictReplay: true,
    keys: [
      {
        id: 0xffffffff,
        key: 'x',
        algorithm: 'hmac-sha-1',
        send: { from, until },
        accept: { until },
      },
      { id: 1, key: 'y', send: { from: until } },
    ],
  }
  const [start, end] = [Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1)]
  t.match(parse(full), {
    extended: true,
    strictReplay: true,
    keys: [
      {
        id: 0xffffffff,
        algorithm: 'hmac-sha-1',
        send: { from: start, until: end },
        accept: { until: end },
      },
      { id: 1, algorithm: 'hmac-sha-512', send: { from: end } },
    ],
  })
})

const day = (n: number): string => `2026-01-${String(n).padStart(2, '0')}T00:00:00Z`
const life = (id: number, from: number | undefined, until?: number): KeyOptions => ({
  id,
  key: 'hidden',
  send: {
    ...(from === undefined ? {} : { from: day(from) }),
    ...(until === undefined ? {} : { until: day(until) }),
  },
})

t.test('lifetimes may overlap or meet, begin late and end', async (t) => {
  for (const keys of [
    [life(1, undefined, 5), life(2, 5)],
    [life(1, 2, 9), life(2, 3, 4), life(3, 8, 12)],
    [life(3, 8, 12), life(1, 2, 9)],
    [life(1, 5, 6)],
  ]) {
    t.doesNotThrow(() => chain(...keys))
  }
})

const wrong: [what: unknown, message: string | RegExp][] = [
  ['hidden', 'a: expected an object'],
  [{}, /^a: type: expected one of none, simple, md5, .*, got nothing$/],
  [{ type: 'sha256', keys: [] }, /^a: type: expected one of none, .* got 'sha256'$/],
  [{ type: 'none', key: 'hidden' }, "a: unknown option 'key'; known are type"],
  [{ type: 'simple' }, 'a: key: expected text or octets'],
  [{ type: 'simple', key: '' }, 'a: key: expected 1 to 8 octets, got 0'],
  [{ type: 'simple', key: 'hidden!!!' }, 'a: key: expected 1 to 8 octets, got 9'],
  [{ type: 'simple', key: 'hïddén!' }, 'a: key: expected 1 to 8 octets, got 9'],
  [
    { type: 'md5', key: 'hidden' },
    "a: unknown option 'key'; known are type, keys, extended, strictReplay",
  ],
  [{ type: 'md5' }, 'a: keys: expected a list of keys'],
  [{ type: 'md5', keys: [] }, 'a: keys: expected at least one key'],
  [{ type: 'md5', keys: ['hidden'] }, 'a: keys: 0: expected an object'],
  [
    { type: 'md5', keys: [{ id: 1, key: 'hidden', until: 1 }] },
    /^a: keys: 0: unknown option 'until'/,
  ],
  [
    { type: 'md5', keys: [{ key: 'hidden' }] },
    'a: keys: 0: id: expected a whole number from 0 to 255, got nothing',
  ],
  [
    { type: 'md5', keys: [{ id: 256, key: 'hidden' }] },
    'a: keys: 0: id: expected a whole number from 0 to 255, got 256',
  ],
  [{ type: 'md5', keys: [{ id: 1, key: 7 }] }, 'a: keys: 0 (id 1): key: expected text or octets'],
  [
    { type: 'md5', keys: [{ id: 1, key: 'hidden hidden hid' }] },
    'a: keys: 0 (id 1): key: expected 1 to 16 octets, got 17',
  ],
  [
    { type: 'hmac-sha-1', keys: [{ id: 1, key: 'h'.repeat(256) }] },
    'a: keys: 0 (id 1): key: expected 1 to 255 octets, got 256',
  ],
  [
    { type: 'md5', keys: [{ id: 1, key: 'hidden', algorithm: 'sha' }] },
    /^a: keys: 0 \(id 1\): algorithm: expected one of md5, hmac-sha-1, .*, got 'sha'$/,
  ],
  [{ type: 'hmac-sha-1', extended: 1, keys: [] }, 'a: extended: expected true or false, got 1'],
  [
    { type: 'hmac-sha-1', strictReplay: 'no', keys: [] },
    "a: strictReplay: expected true or false, got 'no'",
  ],
  [
    { type: 'hmac-sha-1', extended: true, keys: [{ id: 1, key: 'hidden', algorithm: 'md5' }] },
    "a: keys: 0 (id 1): 'extended' (AuType 3) needs an HMAC, not md5 (RFC 7474)",
  ],
  [
    {
      type: 'md5',
      keys: [
        { id: 3, key: 'hidden' },
        { id: 3, key: 'hidden too' },
      ],
    },
    'a: keys: two keys have the id 3',
  ],
  [
    { type: 'md5', keys: [life(1, undefined, 3), life(2, 5, 7), life(3, 9)] },
    'a: keys: no key to send with from 2026-01-03T00:00:00.000Z until 2026-01-05T00:00:00.000Z',
  ],
  [
    { type: 'md5', keys: [{ id: 1, key: 'hidden', send: 'always' }] },
    "a: keys: 0 (id 1): send: expected an object, got 'always'",
  ],
  [
    { type: 'md5', keys: [{ id: 1, key: 'hidden', accept: { to: 1 } }] },
    "a: keys: 0 (id 1): accept: unknown option 'to'; known are from, until",
  ],
  [
    { type: 'md5', keys: [{ id: 1, key: 'hidden', accept: { from: 'soon' } }] },
    "a: keys: 0 (id 1): accept: from: expected a Date, or a time as text, got 'soon'",
  ],
  [
    { type: 'md5', keys: [{ id: 1, key: 'hidden', accept: { from: 17 } }] },
    'a: keys: 0 (id 1): accept: from: expected a Date, or a time as text, got 17',
  ],
  [
    { type: 'md5', keys: [{ id: 1, key: 'hidden', send: { from: day(2), until: day(2) } }] },
    "a: keys: 0 (id 1): send: until: expected a time later than its start, got '2026-01-02T00:00:00Z'",
  ],
]
for (const [options, message] of wrong) {
  t.test(`refused: ${String(message)}`, async (t) => {
    const error = t.throws(() => parse(options), { code: 'ERR_OSPF_CONFIG', message })
    t.notMatch(String(error), /hidden/, 'without the key')
  })
}

t.test('on an interface and on a virtual link, before anything starts', async (t) => {
  const simple = { type: 'simple', key: 'secret' } as const
  const options = (authentication: AuthenticationOptions) => ({
    routerId: '1.1.1.1',
    areas: {
      '0': { interfaces: { eth0: { authentication } } },
      '1': {
        interfaces: { eth1: { authentication: { type: 'none' } as const } },
        virtualLinks: { '2.2.2.2': { authentication } },
      },
    },
  })
  const { interfaces, virtualLinks } = parseOptions(options(simple))
  const parsed = { type: 'simple', key: octets('secret') }
  t.same(
    [...interfaces, ...virtualLinks].map((i) => i.authentication),
    [parsed, undefined, parsed],
  )
  await t.rejects(OspfSpeaker.start(options({ type: 'simple', key: 'hidden!!!' })), {
    code: 'ERR_OSPF_CONFIG',
    message: 'interface eth0: authentication: key: expected 1 to 8 octets, got 9',
  })
})

t.test('the hashes of this Node.js', async (t) => {
  t.ok(canDigest('sha256'))
  t.notOk(canDigest('none such' as HashName))
})
