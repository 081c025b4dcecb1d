/** Who is heard, and what keeps them from becoming neighbors: judged as the protocol would. */
import t from 'tap'
import type { Datagram } from '../lib/core/io.ts'
import { nodeDigests } from '../lib/crypto.ts'
import { formatHeard, Listener } from '../lib/heard.ts'
import { type ListenWorld, listenForOspf, type SpeakerOptions } from '../lib/index.ts'
import { parseOptions } from '../lib/options.ts'
import type { Link } from '../lib/ports.ts'
import { VirtualClock } from '../lib/sim/clock.ts'
import { maskOf } from '../lib/wire/address.ts'
import { sealCryptographic, sealSimple } from '../lib/wire/auth.ts'
import type { HelloBody } from '../lib/wire/hello.ts'
import { Option } from '../lib/wire/options.ts'
import { encodePacket, type PacketBody } from '../lib/wire/packet.ts'
import { allSpfRouters, ip } from './core/bench.ts'

const ours = '10.0.1.133'
const theirs = '10.0.1.1'

const device = (name: string, index: number, ...addresses: readonly string[]): Link => ({
  name,
  index,
  loopback: name === 'lo',
  broadcast: name !== 'lo',
  up: true,
  address: addresses[0] === undefined ? undefined : ip(addresses[0]),
  prefixLength: 24,
  mtu: 1500,
  addresses: addresses.map((address) => ({
    address: ip(address),
    prefixLength: 24,
    secondary: false,
    peer: undefined,
  })),
})

const links = new Map(
  [
    device('lo', 1, '127.0.0.1'),
    device('eth0', 2, ours),
    device('eth1', 3, '10.0.2.133'),
    { ...device('eth2', 4, '10.0.3.133'), up: false },
    device('eth3', 5),
  ].map((link) => [link.name, link]),
)

const classic = { helloInterval: 1, deadInterval: 4, priority: 0, cost: 1 }
const options = (
  eth0: object = {},
  more: Partial<SpeakerOptions> = {},
  area: object = {},
): SpeakerOptions => ({
  routerId: ours,
  areas: { '0.0.0.0': { ...area, interfaces: { eth0: { ...classic, ...eth0 } } } },
  ...more,
})

const listener = (said: SpeakerOptions | undefined = options(), devices?: string[]): Listener =>
  new Listener(said && parseOptions(said), links, devices, 0, 0)

const hello = (more: Partial<HelloBody> = {}): HelloBody => ({
  kind: 'hello',
  networkMask: maskOf(24),
  helloInterval: 1,
  options: Option.e,
  priority: 1,
  deadInterval: 4,
  designatedRouter: ip(theirs),
  backupDesignatedRouter: 0,
  neighbors: [ip(ours)],
  ...more,
})

interface Packet {
  readonly body?: PacketBody
  readonly source?: string
  readonly destination?: string
  readonly routerId?: string
  readonly area?: string
  readonly on?: string
  readonly seal?: (bytes: Uint8Array) => Uint8Array
}

function packet({ body = hello(), seal = (bytes) => bytes, ...from }: Packet = {}): Datagram {
  const { source = theirs, routerId = '10.0.0.1', area = '0.0.0.0', destination } = from
  return {
    interface: from.on ?? 'eth0',
    source: ip(source),
    destination: destination === undefined ? allSpfRouters : ip(destination),
    ttl: 1,
    bytes: seal(encodePacket({ routerId: ip(routerId), areaId: ip(area) }, body)),
  }
}

/** What is found when these are heard: 'error duplicate-router-id: ...'. */
function found(said: SpeakerOptions | undefined, ...packets: readonly Packet[]): string[] {
  const listening = listener(said)
  for (const each of packets) {
    // twice: each is said once
    listening.hear(0, packet(each))
    listening.hear(1000, packet(each))
  }
  return listening.findings(2).map(({ id, severity, found: what }) => `${severity} ${id}: ${what}`)
}

t.test('a neighbor that agrees and hears us is nothing to worry about', async (t) => {
  t.same(found(options(), {}), [])
  t.same(found(options(), { body: hello({ neighbors: [ip('10.0.0.9')] }) }), [
    'info not-heard-there: 10.0.1.1 (10.0.0.1) on eth0 does not list 10.0.1.133 among those that it hears',
  ])
})

t.test('what differs is told at once, all of it', async (t) => {
  const body = hello({
    networkMask: maskOf(25),
    helloInterval: 10,
    deadInterval: 40,
    options: Option.np,
  })
  const differs = (what: string): string => `error ospf-mismatch: ${what}`
  t.same(found(options(), { body }), [
    differs('network mask of 10.0.1.1 on eth0 is 255.255.255.128 (/25), ours 255.255.255.0 (/24)'),
    differs('HelloInterval of 10.0.1.1 on eth0 is 10 s, ours 1 s'),
    differs('RouterDeadInterval of 10.0.1.1 on eth0 is 40 s, ours 4 s'),
    differs('E-bit of 10.0.1.1 on eth0 is 0, ours 1'),
    differs('N-bit of 10.0.1.1 on eth0 is 1, ours 0'),
  ])
  t.same(
    found(options({ network: 'point-to-point' }), { body: hello({ networkMask: 0 }) }),
    [],
    'no mask on a point-to-point network',
  )
  t.same(found(options(), { area: '0.0.0.7' }), [
    differs('area of 10.0.1.1 on eth0 is 0.0.0.7, ours 0.0.0.0'),
  ])
  t.match(found(options(), { source: '10.9.9.9' }), [
    differs('subnet of 10.9.9.9 on eth0 is 10.9.9.9, ours 10.0.1.0/24'),
  ])
})

t.test('authentication', async (t) => {
  const password = new TextEncoder().encode('secret')
  const simple = options({ authentication: { type: 'simple', key: 'secret' } })
  const seal = (bytes: Uint8Array): Uint8Array => sealSimple(bytes, password)
  t.same(found(simple, { seal }), [])
  t.match(found(simple, {}), [
    'error ospf-mismatch: authentication type of 10.0.1.1 on eth0 is 0 (null), ours 1 (simple)',
  ])
  t.match(found(options(), { seal }), [/authentication type .* is 1 \(simple\), ours 0/])
  const md5 = options({
    authentication: { type: 'md5', keys: [{ id: 3, key: 'secret' }] },
  })
  const sealed =
    (id: number, key: string) =>
    (bytes: Uint8Array): Uint8Array =>
      sealCryptographic(
        bytes,
        { id, algorithm: 'md5', key: new TextEncoder().encode(key) },
        { extended: false, sequence: 1n, source: ip(theirs) },
        nodeDigests,
      )
  t.same(found(md5, { seal: sealed(3, 'secret') }), [])
  t.match(found(md5, { seal: sealed(3, 'other') }), [/authentication key of .* is another/])
  t.match(found(md5, { seal: sealed(4, 'secret') }), [/authentication key id of .* is 4, ours 3/])
})

t.test('our Router ID at another address, and one Router ID of two others', async (t) => {
  t.same(found(options(), { routerId: ours }), [
    'error duplicate-router-id: 10.0.1.1 on eth0 has the Router ID 10.0.1.133, as we do',
  ])
  t.same(found(options(), { source: ours, routerId: ours }).length, 1, 'we are not another')
  t.match(found(options(), { source: ours, routerId: ours }), [/^warning nothing-heard/])
  t.same(found(options(), {}, { source: '10.0.1.2' }), [
    'warning same-router-id: 10.0.1.1 and 10.0.1.2 on eth0 have one Router ID, 10.0.0.1',
  ])
})

t.test('silence, and multicast that does not arrive', async (t) => {
  const [silent] = listener().findings(2)
  t.match(silent, {
    id: 'nothing-heard',
    severity: 'warning',
    found: 'no OSPF packet came in on eth0 within 2 s',
    why: /firewall that drops IP protocol 89, a switch that snoops IGMP/,
  })
  const nbma = options({ network: 'nbma', neighbors: { [theirs]: {} } })
  t.notMatch(listener(nbma).findings(2)[0]?.why, /IGMP/)
  const exchange: PacketBody = { kind: 'ls-ack', headers: [] }
  t.same(found(options(), { body: exchange, destination: ours }), [
    'error no-multicast: what came in on eth0 was sent to us alone, nothing to 224.0.0.5',
  ])
  t.same(found(options(), { body: exchange, destination: ours }, {}), [])
  t.same(found(nbma, { destination: ours }), [])
})

t.test('packets that are none', async (t) => {
  const damaged = (bytes: Uint8Array): Uint8Array => bytes.with(bytes.length - 1, 77)
  const short = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, 20)
  const older = (bytes: Uint8Array): Uint8Array => bytes.with(0, 3)
  for (const [seal, words] of [
    [damaged, 'checksum'],
    [short, 'a packet of 20 octets'],
    [older, 'OSPF version 3'],
  ] as const)
    t.match(found(options(), { seal }), [
      new RegExp(`^error ospf-dropped: packets of 10.0.1.1 on eth0 are dropped: .*${words}`),
    ])
  t.match(found(options(), { routerId: '0.0.0.0' })[0], /dropped: bad-router-id/)
})

t.test('a flood of made-up routers is bounded', async (t) => {
  const listening = listener()
  for (let i = 0; i < 5000; i++) {
    const source = `10.0.1.${1 + (i % 100)}`
    listening.hear(i, packet({ source, routerId: `10.${i >> 8}.${i & 255}.1`, on: `eth${i}` }))
  }
  t.equal(listening.heard.length, 1000)
})

t.test('where it listens, and where not', async (t) => {
  const said: SpeakerOptions = {
    routerId: ours,
    areas: {
      0: {
        interfaces: {
          'eth0:10.0.1.133': { ...classic, helloInterval: 5, deadInterval: 20 },
          eth1: { ...classic, passive: true },
          eth2: classic,
          eth3: classic,
          eth9: classic,
        },
      },
    },
  }
  const listening = listener(said)
  t.same(
    listening.places.map(({ name }) => name),
    ['eth0:10.0.1.133'],
  )
  t.equal(listening.enough, 6)
  t.same(
    listening.skipped.map(({ what, why }) => `${what}: ${why}`),
    [
      'Hellos on eth1: it is passive',
      'Hellos on eth2: it is down',
      'Hellos on eth3: it has no address',
      'Hellos on eth9: there is no such device',
    ],
  )
  const all = new Listener(undefined, links, undefined, 0, 0)
  t.same(
    all.places.map(({ name }) => name),
    ['eth0', 'eth1'],
  )
  t.equal(all.enough, 11)
})

t.test('with no configuration nothing is compared', async (t) => {
  const listening = new Listener(undefined, links, ['eth0'], 0, 0)
  listening.hear(0, packet({ body: hello({ helloInterval: 10 }), routerId: ours }))
  listening.hear(1, packet({ body: { kind: 'ls-ack', headers: [] }, source: '10.0.1.2' }))
  t.same(listening.findings(1), [])
  t.same(formatHeard(listening.heard), [
    'heard 10.0.1.1 on eth0: Router ID 10.0.1.133, area 0.0.0.0, hello 10 s, dead 4 s, mask /24, priority 1, ' +
      'Designated Router 10.0.1.1, authentication none, 1 packet',
    'heard 10.0.1.2 on eth0: Router ID 10.0.0.1, area 0.0.0.0, authentication none, 1 packet, no Hello',
  ])
})

interface Fake extends ListenWorld {
  readonly clock: VirtualClock
  readonly open: Map<string, (datagram: Datagram) => void>
}

function world(refuse?: string): Fake {
  const open = new Map<string, (datagram: Datagram) => void>()
  return {
    clock: new VirtualClock(),
    links,
    open,
    datagrams: {
      open: ({ name }, receive) => {
        if (name === refuse) throw new Error(`${name} is not for you`)
        open.set(name, receive)
        return {
          send: () => {
            throw new Error('it must not speak')
          },
          membership: () => {},
          closed: false,
          [Symbol.asyncDispose]: async () => void open.delete(name),
        }
      },
    },
  }
}

t.test('it listens for as long as it takes, and leaves nothing open', async (t) => {
  const fake = world()
  const said = options({ helloInterval: 3, deadInterval: 12 })
  const report = listenForOspf({ options: said }, fake)
  await fake.clock.advanceAsync(1000)
  t.same([...fake.open.keys()], ['eth0'])
  // it says Hello to us, and would be answered at once by one who speaks
  const body = hello({ helloInterval: 3, deadInterval: 12, neighbors: [] })
  fake.open.get('eth0')?.(packet({ body }))
  await fake.clock.advanceAsync(2999)
  t.equal(fake.open.size, 1)
  await fake.clock.advanceAsync(1)
  t.match(await report, {
    seconds: 4,
    interfaces: ['eth0'],
    heard: [{ address: theirs, packets: 1, multicasts: 1, hello: { helloInterval: 3 } }],
    findings: [{ id: 'not-heard-there' }],
    skipped: [],
  })
  t.equal(fake.open.size, 0)
  t.equal(fake.clock.planned, 0)
})

t.test('it ends when told to, and when a socket cannot be opened', async (t) => {
  const fake = world()
  const stop = new AbortController()
  const report = listenForOspf({ interfaces: ['eth1'], signal: stop.signal }, fake)
  await fake.clock.advanceAsync(500)
  stop.abort()
  t.match(await report, { seconds: 0.5, interfaces: ['eth1'] })
  t.equal(fake.clock.planned, 0)
  const refused = world('eth1')
  await t.rejects(listenForOspf({ interfaces: ['eth0', 'eth1'] }, refused), /not for you/)
  t.equal(refused.open.size, 0)
  t.match(await listenForOspf({ interfaces: ['eth9'] }, world()), { seconds: 0, findings: [] })
  for (const seconds of [0, Number.NaN, 4000])
    await t.rejects(listenForOspf({ seconds }, world()), { code: 'ERR_OSPF_CONFIG' })
})
