import t from 'tap'
import { importFrr } from '../../lib/config/frr.ts'
import { sealOf } from '../../lib/config/frr-authentication.ts'
import { resolveNetworks } from '../../lib/config/networks.ts'
import type { Link } from '../../lib/ports.ts'
import { parseIpv4 } from '../../lib/wire/address.ts'

const base = 'router ospf\n ospf router-id 1.1.1.1\n network 10.0.0.0/8 area 1\n'

function read(text: string) {
  const { options, errors } = importFrr([{ name: 'f', text: `${base}${text}` }])
  return { options, errors: errors.map(({ line, message }) => `${line}: ${message}`) }
}

/** What eth0, in area 0.0.0.1, seals its packets with. */
function sealed(text: string) {
  const { options, errors } = read(text)
  if (options === undefined) throw new Error(errors.join('; '))
  const address = { address: parseIpv4('10.0.0.1')!, prefixLength: 24 }
  const link: Link = {
    name: 'eth0',
    index: 2,
    loopback: false,
    broadcast: true,
    up: true,
    mtu: 1500,
    ...address,
    addresses: [{ ...address, secondary: false, peer: undefined }],
  }
  const { interfaces } = resolveNetworks(options, new Map([['eth0', link]]))
  return interfaces[0]?.settings.authentication
}

const areaOf = (type: string): string => `router ospf\n area 0.0.0.1 authentication${type}\n`
const eth0 = 'interface eth0\n'
const password = ' ip ospf authentication-key secret\n'
const digest = ' ip ospf message-digest-key 1 md5 s3cret\n ip ospf message-digest-key 7 md5 other\n'
const digests = {
  type: 'md5',
  keys: [
    { id: 1, key: 's3cret' },
    { id: 7, key: 'other' },
  ],
}

t.test('keys alone authenticate nothing', async (t) => {
  t.equal(sealed(eth0 + password + digest), undefined)
})

t.test('an interface says so, or its area', async (t) => {
  const simple = { type: 'simple', key: 'secret' }
  t.strictSame(sealed(`${eth0}${password} ip ospf authentication\n`), simple)
  t.strictSame(sealed(eth0 + password + areaOf('')), simple)
  t.strictSame(sealed(`${eth0}${digest} ip ospf authentication message-digest\n`), digests)
  t.strictSame(sealed(areaOf(' message-digest') + eth0 + digest), digests)
  t.equal(sealed(`router ospf\n area 0 authentication\n${eth0}`), undefined, 'another area')
})

t.test('what the interface says goes before what the area says', async (t) => {
  const own = `${eth0}${digest} ip ospf authentication message-digest\n`
  t.strictSame(sealed(own + areaOf('')), digests)
  t.equal(sealed(`${eth0} ip ospf authentication null\n${areaOf('')}`), undefined)
})

t.test('keys are cut as FRR cuts them', async (t) => {
  const long = ' ip ospf authentication-key secretsecret\n ip ospf authentication\n'
  t.strictSame(sealed(eth0 + long), { type: 'simple', key: 'secretse' })
  const longer = ' ip ospf message-digest-key 9 md5 0123456789abcdefgh\n'
  t.strictSame(sealed(`${eth0}${longer} ip ospf authentication message-digest\n`), {
    type: 'md5',
    keys: [{ id: 9, key: '0123456789abcdef' }],
  })
})

t.test('a missing key or chain is refused when the interface is known', async (t) => {
  t.throws(() => sealed(areaOf('') + eth0), {
    message: "interface eth0: authentication without 'ip ospf authentication-key'",
  })
  t.throws(() => sealed(areaOf(' message-digest')), {
    message: "interface eth0: authentication without 'ip ospf message-digest-key'",
  })
  t.throws(() => sealed(`${eth0} ip ospf authentication key-chain none\n`), {
    message: 'interface eth0: there is no key chain none',
  })
  t.equal(sealOf('x', undefined, undefined, {}), undefined)
})

t.test('key chains, as FRR writes them', async (t) => {
  const chain = `key chain rollover
 key 1
  key-string first of two
  cryptographic-algorithm md5
  send-lifetime 00:00:00 1 Jan 2026 12:30:05 March 2 2026
  accept-lifetime 00:00:00 Jan 1 2026 duration 3600
 exit
 key 2
  key-string second
  cryptographic-algorithm hmac-sha-512
  send-lifetime 12:00:00 2 mar 2026 infinite
 exit
exit
${eth0} ip ospf authentication key-chain rollover
`
  const iso = (...time: [number, number, number, number?, number?, number?]) =>
    new Date(...time).toISOString()
  t.strictSame(sealed(chain), {
    type: 'hmac-sha-256',
    keys: [
      {
        key: 'first of two',
        algorithm: 'md5',
        id: 1,
        send: { from: iso(2026, 0, 1), until: iso(2026, 2, 2, 12, 30, 5) },
        accept: { from: iso(2026, 0, 1), until: iso(2026, 0, 1, 1) },
      },
      {
        key: 'second',
        algorithm: 'hmac-sha-512',
        id: 2,
        send: { from: iso(2026, 2, 2, 12) },
      },
    ],
  })
})

t.test('what is wrong, with its line and without its key', async (t) => {
  t.strictSame(
    read(`${eth0}${digest} ip ospf message-digest-key 1 md5 again
 ip ospf message-digest-key 256 md5 s3cret
 ip ospf message-digest-key 2 sha s3cret
key chain c
 key 256
 key 1
  key-string
  key-string s3cret
  cryptographic-algorithm hmac-sha-224
  send-lifetime 25:00:00 1 Jan 2026 infinite
  send-lifetime 00:00 1 Jan 2026 infinite
  send-lifetime 00:00:00 1 Ja 2026 infinite
  accept-lifetime 00:00:00 1 Jan 2026
  accept-lifetime 00:00:00 1 Jan 2026 duration 0
router ospf
 area x authentication
`).errors,
    [
      '7: ip ospf message-digest-key 1 md5 …: there is a key 1 already',
      "8: ip ospf message-digest-key 256 md5 …: '256' is not a number from 1 to 255",
      "9: ip ospf message-digest-key 2 sha …: 'sha' is not 'md5'",
      "11: key 256: '256' is not a number from 0 to 255",
      '13: key-string: a key is missing',
      "15: cryptographic-algorithm hmac-sha-224: algorithm 'hmac-sha-224' is not supported",
      "16: send-lifetime 25:00:00 1 Jan 2026 infinite: '25' is not a number from 0 to 23",
      "17: send-lifetime 00:00 1 Jan 2026 infinite: '00:00 1 Jan 2026' is not a time (HH:MM:SS DAY MONTH YEAR)",
      "18: send-lifetime 00:00:00 1 Ja 2026 infinite: '00:00:00 1 Ja 2026' is not a time (HH:MM:SS DAY MONTH YEAR)",
      "19: accept-lifetime 00:00:00 1 Jan 2026: '' is not a time (HH:MM:SS DAY MONTH YEAR)",
      "20: accept-lifetime 00:00:00 1 Jan 2026 duration 0: '0' is not a number from 1 to 2147483646",
      "22: area x authentication: 'x' is not an IPv4 address or a number from 0 to 4294967295",
      '1: key chain c: key 1: no cryptographic-algorithm',
    ],
  )
  t.strictSame(read('key chain c\n key 1\n  cryptographic-algorithm md5\n').errors, [
    '1: key chain c: key 1: no key-string',
  ])
})
