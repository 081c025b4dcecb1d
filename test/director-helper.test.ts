import t from 'tap'
import {
  DirectorHelper,
  devicesBeside,
  directorWishes,
  parseDirectorHelper,
} from '../lib/director-helper.ts'
import { formatEvent, OspfSpeaker, type SpeakerOptions } from '../lib/index.ts'
import type { Link } from '../lib/ports.ts'
import { parseIpv4 } from '../lib/wire/address.ts'
import { FakeSysctls } from './sysctls.ts'
import { collect, director, lan, only, vip } from './world.ts'

type Value = Parameters<typeof parseDirectorHelper>[0]

const link = (name: string, ...addresses: readonly string[]): Link => ({
  name,
  index: 1,
  up: true,
  loopback: name === 'lo',
  broadcast: name !== 'lo',
  mtu: 1500,
  address: undefined,
  prefixLength: 0,
  addresses: addresses.map((text) => {
    const [address, length] = text.split('/')
    return {
      address: parseIpv4(address!)!,
      prefixLength: Number(length),
      secondary: false,
      peer: undefined,
    }
  }),
})

const eth0 = link('eth0', '10.0.1.133/24')
const others = [link('lo', '127.0.0.1/8', '10.0.1.100/32'), link('eth1', '192.0.2.1/24')]
const address = parseIpv4('10.0.1.100')!

t.test('devices whose hosts ask for the VIP by ARP', async (t) => {
  t.same(devicesBeside(address, [eth0, ...others]), ['eth0'])
  t.same(devicesBeside(parseIpv4('10.9.9.9')!, [eth0, ...others]), [])
  const itself = link('eth0', '10.0.1.133/24', '10.0.1.100/32')
  t.same(devicesBeside(address, [itself]), [], 'a device that has it shall answer')
  t.same(devicesBeside(address, [link('p2p', '10.0.1.101/31'), link('ppp', '10.0.1.101/32')]), [])
  t.same(devicesBeside(address, [link('wide', '10.255.0.1/8')]), ['wide'])
})

const wishesOf = (value: Value): string[] => {
  const config = parseDirectorHelper(value)
  if (config === undefined) return ['none']
  const links = new Map([eth0, ...others].map((each) => [each.name, each]))
  return directorWishes(config, ['eth0', 'eth1'], [address], links).map(
    ({ path, wanted }) => `${path.replace('net/ipv4/', '').replace('conf/', '')} ${wanted}`,
  )
}

t.test('what a director wants', async (t) => {
  const arp = ['eth0/arp_ignore 1', 'eth0/arp_announce 2']
  t.same(wishesOf(undefined), arp, 'who does not ask is told what hurts')
  t.same(wishesOf(false), ['none'])
  t.same(wishesOf('report'), [...arp, 'eth0/rp_filter 2', 'eth1/rp_filter 2'])
  t.same(
    wishesOf({ mode: 'set', arp: false, reversePath: false, nonlocalBind: true, forward: true }),
    ['ip_nonlocal_bind 1', 'ip_forward 1'],
  )
})

t.test('what is refused', async (t) => {
  const refused: [unknown, string][] = [
    ['yes', "directorHelper: mode: expected 'report' or 'set', got 'yes'"],
    [null, "directorHelper: expected 'report', 'set', false or an object, got null"],
    [{ mode: 'set', arp: 1 }, 'directorHelper: arp: expected true or false, got 1'],
  ]
  for (const [value, message] of refused) {
    t.throws(() => parseDirectorHelper(value as Value), { code: 'ERR_OSPF_CONFIG', message })
  }
})

const parameters = (values: Readonly<Record<string, number>>): FakeSysctls =>
  new FakeSysctls(
    Object.fromEntries(
      Object.entries({
        'conf/all/arp_ignore': 0,
        'conf/all/arp_announce': 0,
        'conf/all/rp_filter': 0,
        'conf/eth0/arp_ignore': 0,
        'conf/eth0/arp_announce': 0,
        'conf/eth0/rp_filter': 0,
        ...values,
      }).map(([name, value]) => [`net/ipv4/${name}`, value]),
    ),
  )

/** What is found for a VIP beside eth0. */
function found(values: Readonly<Record<string, number>>): string[] {
  const links = {
    links: () => new Map([['eth0', eth0]]),
    watch: () => ({ [Symbol.dispose]: () => {} }),
    [Symbol.asyncDispose]: async () => {},
  }
  const config = parseDirectorHelper('report')!
  const helper = new DirectorHelper(config, parameters(values), links, ['eth0'], () => {})
  helper.announced(address)
  return helper.findings().map(({ name }) => name.split('.').at(-1)!)
}

t.test('the kernel takes the greater of all and the device', async (t) => {
  t.same(found({}), ['arp_ignore', 'arp_announce'])
  t.same(found({ 'conf/all/arp_ignore': 1, 'conf/eth0/arp_announce': 2 }), [])
  t.same(found({ 'conf/all/arp_ignore': 8, 'conf/all/arp_announce': 1 }), ['arp_announce'])
  t.same(found({ 'conf/all/arp_ignore': 3, 'conf/all/arp_announce': 2 }), ['arp_ignore'])
  const quiet = { 'conf/all/arp_ignore': 2, 'conf/all/arp_announce': 2 }
  t.same(found({ ...quiet, 'conf/all/rp_filter': 1 }), ['rp_filter'])
  t.same(found({ ...quiet, 'conf/eth0/rp_filter': 1 }), ['rp_filter'])
  t.same(found({ ...quiet, 'conf/all/rp_filter': 1, 'conf/eth0/rp_filter': 2 }), [])
})

async function started(port: FakeSysctls, more: Partial<SpeakerOptions> = {}) {
  const all = lan()
  const ports = Object.assign(all.world, { sysctls: port })
  const speaker = await OspfSpeaker.start(director(more), ports)
  const events = collect(speaker)
  const lines = (): string[] => only(events, 'sysctl').map((event) => formatEvent(event))
  return { ...all, speaker, lines, events }
}

t.test('a VIP in a connected subnet is warned of, once, and nothing is changed', async (t) => {
  const port = parameters({})
  const { speaker, lines, run, until } = await started(port)
  await run(1)
  t.same(lines(), [])
  t.same(speaker.kernelSettings(), [])
  speaker.announce('10.77.0.1/32', { device: 'lo' })
  await run(1)
  t.same(lines(), [])
  const announcement = speaker.announce(vip, { device: 'lo' })
  await run(1)
  const said = [
    'net.ipv4.conf.eth0.arp_ignore is 0, should be 1 (the director answers ARP for 10.0.1.100, so that clients on eth0 pass the routers by)',
    'net.ipv4.conf.eth0.arp_announce is 0, should be 2 (ARP requests from 10.0.1.100 tell hosts on eth0 that it is here)',
  ]
  t.same(lines(), said)
  t.equal(speaker.kernelSettings().length, 2)
  await until(announcement.withdraw())
  t.same(speaker.kernelSettings(), [])
  speaker.announce(vip, { device: 'lo' })
  await run(1)
  t.same(lines(), said)
  await until(speaker.stop())
  t.same(port.written, [])
})

t.test('asked to set: before the address is there, until it is gone', async (t) => {
  const port = parameters({ 'conf/all/rp_filter': 1 })
  const { speaker, run, until, world, lines } = await started(port, { directorHelper: 'set' })
  const before = new Map(port.values)
  const path = (name: string): string => `net/ipv4/conf/eth0/${name}`
  t.equal(port.values.get(path('rp_filter')), 2)
  const add = world.addresses.add
  let whenAdded: unknown
  Object.assign(world.addresses, {
    add: (...args: Parameters<typeof add>) => {
      whenAdded = [port.values.get(path('arp_ignore')), port.values.get(path('arp_announce'))]
      return add(...args)
    },
  })
  const first = speaker.announce(vip, { device: 'lo' })
  await run(6)
  t.same(whenAdded, [1, 2])
  t.same(speaker.kernelSettings(), [])

  // announced anew while it leaves: it must not answer in between
  const gone = first.withdraw()
  const second = speaker.announce(vip, { device: 'lo' })
  await until(gone)
  t.equal(port.values.get(path('arp_ignore')), 1)
  await until(second.withdraw())
  t.same(port.values, before)
  t.throws(() => speaker.announce(vip, { when: 3 as never }), { code: 'ERR_OSPF_CONFIG' })
  t.same(port.values, before, 'nothing comes of what is refused')

  speaker.announce(vip, { device: 'lo' })
  await until(speaker.stop())
  t.equal(port.values.get(path('arp_ignore')), 0)
  t.equal(port.values.get(path('rp_filter')), 0)
  t.equal(lines().filter((line) => line.includes('arp_ignore')).length, 6)
})

t.test('a kernel that refuses is said once, however often devices change', async (t) => {
  const port = parameters({})
  port.readOnly.add('net/ipv4/conf/eth0/arp_ignore')
  const { speaker, run, until, world, events } = await started(port, { directorHelper: 'set' })
  speaker.announce(vip, { device: 'lo' })
  await run(1)
  for (let i = 0; i < 5; i++) world.tell('eth0')
  await run(1)
  const refused = only(events, 'sysctl').filter(({ what }) => what === 'refused')
  t.match(refused, [{ name: 'net.ipv4.conf.eth0.arp_ignore', detail: /read-only/ }])
  t.equal(speaker.kernelSettings().length, 1, 'it is still to be seen')
  await until(speaker.stop())
})

t.test('the subnet of a device comes later; options change', async (t) => {
  const port = parameters({})
  const { speaker, until, world } = await started(port)
  speaker.announce('10.88.0.1/32', { device: 'lo' })
  t.same(speaker.kernelSettings(), [])
  const { addresses } = world.links.links().get('eth0')!
  const more = link('eth0', '10.88.0.9/24').addresses
  world.device('eth0', { addresses: [...addresses, ...more] })
  t.equal(speaker.kernelSettings().length, 2)
  await speaker.reconfigure(director({ directorHelper: 'set' }))
  t.same(speaker.kernelSettings(), [])
  t.equal(port.values.get('net/ipv4/conf/eth0/arp_announce'), 2)
  const { changes } = await speaker.reconfigure(director({ directorHelper: false }))
  t.same(changes, ['directorHelper changed'])
  t.equal(port.values.get('net/ipv4/conf/eth0/arp_announce'), 0)
  await speaker.reconfigure(director({ directorHelper: 'set' }))
  t.equal(port.values.get('net/ipv4/conf/eth0/arp_announce'), 2, 'the VIP was not forgotten')
  await until(speaker.stop())
  t.equal(port.values.get('net/ipv4/conf/eth0/arp_announce'), 0)
})

t.test('help that is asked for where there is no kernel is refused', async (t) => {
  const { world } = lan()
  await t.rejects(OspfSpeaker.start(director({ directorHelper: 'report' }), world), {
    code: 'ERR_OSPF_CONFIG',
    message: 'directorHelper: there is no kernel to be helped here',
  })
  t.equal(world.closed, 1)
})

t.test('labels that no address can have', async (t) => {
  const { speaker, until } = await started(parameters({}))
  for (const [options, message] of [
    [{ label: 'lo:a' }, "VIP 10.0.1.100/32: label: expected a device with it, got 'lo:a'"],
    [
      { device: 'lo', label: 'eth0:a' },
      "VIP 10.0.1.100/32: label: expected 'lo:' and a name, 15 characters in all, got 'eth0:a'",
    ],
    [{ device: 'lo', label: `lo:${'a'.repeat(13)}` }, /15 characters in all/],
    [{ device: 'lo', label: 'lo:a b' }, /15 characters in all/],
  ] as const) {
    t.throws(() => speaker.announce(vip, options), { code: 'ERR_OSPF_CONFIG', message })
  }
  await until(speaker.stop())
})
