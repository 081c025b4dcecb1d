import t from 'tap'
import {
  changeOnDevices,
  deviceOf,
  linkOf,
  type Others,
  placeOf,
} from '../lib/interface-address.ts'
import type { Link } from '../lib/ports.ts'
import { formatIpv4, networkOf, parseIpv4 } from '../lib/wire/address.ts'

const ip = (text: string): number => parseIpv4(text)!

/** 'A.B.C.D/L', or 'A.B.C.D peer E.F.G.H/L'. */
function parse(text: string): Link['addresses'][number] {
  const [, address, peer, length] = /^(\S+?)(?: peer (\S+))?\/(\d+)$/.exec(text)!
  return {
    address: ip(address!),
    prefixLength: Number(length),
    secondary: false,
    peer: peer === undefined ? undefined : ip(peer),
  }
}

function device(...texts: string[]): Link {
  const addresses = texts.map(parse)
  return {
    name: 'eth0',
    index: 2,
    loopback: false,
    broadcast: true,
    up: true,
    mtu: 1500,
    address: addresses[0]?.address,
    prefixLength: addresses[0]?.prefixLength ?? 0,
    addresses,
  }
}

interface Case {
  readonly name?: string
  readonly network?: 'broadcast' | 'nbma' | 'point-to-point' | 'point-to-multipoint'
  readonly passive?: boolean
  readonly secondaries?: boolean
  readonly inUse?: string
  readonly named?: readonly string[]
  readonly taken?: readonly string[]
  readonly vips?: readonly string[]
}

function look(link: Link, c: Case = {}): { address: string | undefined; secondaries: string[] } {
  const has = (list: readonly string[] | undefined) => (address: number) =>
    (list ?? []).includes(formatIpv4(address))
  const others: Others = {
    inUse: c.inUse === undefined ? undefined : parse(c.inUse),
    isNamed: has(c.named),
    isTaken: has(c.taken),
    isVip: has(c.vips),
  }
  const config = {
    name: c.name ?? 'eth0',
    network: c.network ?? 'broadcast',
    passive: c.passive ?? false,
    secondaryAddresses: c.secondaries ?? false,
  }
  const found = linkOf(config, link, others)
  return {
    address:
      found.address === undefined
        ? undefined
        : `${formatIpv4(found.address)}/${found.prefixLength}`,
    secondaries: (found.secondaries ?? []).map(
      (s) => `${formatIpv4(networkOf(s.address, s.prefixLength))}/${s.prefixLength}`,
    ),
  }
}

t.test('names', async (t) => {
  t.same(placeOf('eth0'), { device: 'eth0' })
  t.same(placeOf('eth0.100:10.0.2.1'), { device: 'eth0.100', address: ip('10.0.2.1') })
  t.equal(deviceOf('br-lan:10.0.2.1'), 'br-lan')
})

t.test('the primary address: of a subnet, and no VIP', async (t) => {
  t.equal(look(device('10.0.1.1/24', '10.0.2.1/24')).address, '10.0.1.1/24')
  t.equal(look(device('10.0.1.100/32')).address, undefined, 'nobody else is on such a network')
  t.equal(look(device('10.0.1.100/32'), { network: 'nbma' }).address, undefined)
  t.equal(look(device('10.0.1.100/32'), { passive: true }).address, '10.0.1.100/32')
  t.equal(look(device()).address, undefined)
  for (const network of ['point-to-point', 'point-to-multipoint'] as const) {
    t.equal(look(device('10.0.1.2/32'), { network }).address, '10.0.1.2/32', 'unnumbered')
    const vips = ['10.0.1.100']
    const both = device('10.0.1.100/32', '10.0.1.2/32')
    t.equal(look(both, { network, vips }).address, '10.0.1.2/32', 'a VIP of ours is never it')
  }
  const pair = device('10.0.1.2 peer 10.0.1.1/32')
  t.equal(look(pair).address, '10.0.1.2/32', 'one of a pair has a peer')
})

t.test('it stays where it is', async (t) => {
  const inUse = '10.0.1.1/24'
  t.equal(look(device('10.0.2.1/24', '10.0.1.1/24'), { inUse }).address, inUse, 'another order')
  t.equal(look(device('10.0.2.1/24', '10.0.1.1/25'), { inUse }).address, '10.0.2.1/24')
  t.equal(look(device('10.0.1.1/32', '10.0.1.1/24'), { inUse }).address, inUse)
  t.equal(look(device('10.0.2.1/24'), { inUse }).address, '10.0.2.1/24', 'unless it is gone')
  t.equal(look(device('10.0.1.9/32'), { inUse }).address, undefined)
  t.equal(
    look(device('10.0.2.1/24', '10.0.1.1/24'), { inUse, named: ['10.0.1.1'] }).address,
    '10.0.2.1/24',
  )
  const promoted = device('10.0.9.9/24', '10.0.1.3/24')
  t.equal(look(promoted, { inUse }).address, '10.0.1.3/24', 'where its neighbors are')
  const network = 'point-to-point'
  const host = { network, inUse: '10.0.1.2/32' } as const
  t.equal(look(device('10.0.1.3/32', '10.0.1.2/32'), host).address, '10.0.1.2/32')
  t.equal(look(device('10.0.1.1/24', '10.0.1.2/32'), host).address, inUse, 'a subnet is better')
  const local = { inUse: '169.254.3.4/16' }
  t.equal(look(device('10.0.1.1/24', '169.254.3.4/16'), local).address, inUse)
})

t.test('an address by name', async (t) => {
  const name = 'eth0:10.0.2.1'
  t.equal(look(device('10.0.1.1/24', '10.0.2.1/24'), { name }).address, '10.0.2.1/24')
  t.equal(look(device('10.0.1.1/24'), { name }).address, undefined)
  t.equal(
    look(device('10.0.2.1/24', '10.0.1.1/24'), { named: ['10.0.2.1'] }).address,
    '10.0.1.1/24',
    'the device has the rest',
  )
  const found = linkOf(
    { name, network: 'point-to-point', passive: false },
    device('10.0.1.1/24', '10.0.2.1 peer 10.0.3.1/32'),
    { inUse: undefined, isNamed: () => false, isTaken: () => false, isVip: () => false },
  )
  t.match(found, { name: 'eth0', address: ip('10.0.2.1'), peer: ip('10.0.3.1') })
})

t.test('secondary addresses', async (t) => {
  const all = device(
    '10.0.1.1/24',
    '10.0.1.2/24',
    '10.0.2.1/24',
    '10.0.2.2/24',
    '10.0.3.1/24',
    '10.0.4.1/24',
    '10.0.1.100/32',
    '10.0.1.101/32',
    '127.0.0.1/8',
  )
  t.same(look(all).secondaries, [], 'only when asked for')
  const secondaries = { secondaries: true, vips: ['10.0.1.100'] }
  const rest = ['10.0.2.0/24', '10.0.3.0/24', '10.0.4.0/24', '10.0.1.101/32']
  t.same(look(all, secondaries).secondaries, rest)
  const others = { named: ['10.0.3.1'], taken: ['10.0.4.1'] }
  t.same(look(all, { ...secondaries, ...others }).secondaries, ['10.0.2.0/24', '10.0.1.101/32'])
})

t.test('next hops leave through devices', async (t) => {
  const route = (name: string) =>
    ({
      type: 'replace',
      route: {
        prefix: 1,
        length: 32,
        pathType: 'intra-area',
        area: 0,
        cost: 1,
        nextHops: [{ interface: name, gateway: 7 }],
      },
    }) as const
  const remove = { type: 'remove', prefix: 1, length: 32 } as const
  const changes = [route('eth0:10.0.2.1'), remove, route('eth1')]
  t.same(changes.map(changeOnDevices), [route('eth0'), remove, route('eth1')])
})
