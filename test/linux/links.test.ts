import { LinuxLinks } from '../../lib/linux/links.ts'
import type { Link } from '../../lib/ports.ts'
import { formatIpv4 } from '../../lib/wire/address.ts'
import { inNamespace, ip, outside, until } from './netns.ts'

/** What the watcher was told, as text: 'eth0 up 10.0.0.1/24' or 'eth0 gone'. */
class Told {
  readonly lines: string[] = []
  readonly hear = (name: string, link: Link | undefined): void => {
    this.lines.push(link === undefined ? `${name} gone` : `${name} ${show(link)}`)
  }

  /** Waits for a line, and returns everything up to it. */
  async upTo(line: string): Promise<string[]> {
    await until(`"${line}"`, () => this.lines.includes(line)).catch((error: Error) => {
      throw new Error(`${error.message}; told: ${this.lines.join(', ')}`)
    })
    return this.lines.splice(0, this.lines.indexOf(line) + 1)
  }
}

const show = (link: Link): string =>
  [
    link.up ? 'up' : 'down',
    ...link.addresses.map((a) => `${formatIpv4(a.address)}/${a.prefixLength}`),
  ].join(' ')

outside('reads devices as anybody', async (t) => {
  await using links = await LinuxLinks.open()
  t.match(links.links().get('lo'), { name: 'lo', loopback: true, broadcast: false, index: 1 })
})

outside('stops: nothing is told after, and twice is no harm', async (t) => {
  const links = await LinuxLinks.open()
  links.watch(() => t.fail('told'))
  await links[Symbol.asyncDispose]()
  await links[Symbol.asyncDispose]()
  t.ok(links.links().size > 0, 'what was known stays readable')
})

inNamespace('up, down, carrier, MTU', async (t) => {
  ip('link add a0 type veth peer name b0')
  ip('addr add 10.0.0.1/24 dev a0')
  await using links = await LinuxLinks.open()
  const told = new Told()
  links.watch(told.hear)
  const a0 = links.links().get('a0')!
  t.match(a0, { up: false, mtu: 1500, broadcast: true, loopback: false, prefixLength: 24 })
  ip('link set a0 up')
  ip('link set b0 up')
  await told.upTo('a0 up 10.0.0.1/24')
  ip('link set b0 down')
  await told.upTo('a0 down 10.0.0.1/24')
  ip('link set b0 up')
  await told.upTo('a0 up 10.0.0.1/24')
  ip('link set a0 mtu 1400')
  await until('the MTU', () => links.links().get('a0')?.mtu === 1400)
  ip('link set a0 down')
  await told.upTo('a0 down 10.0.0.1/24')
  t.notOk(told.lines.some((line) => line.includes('gone')))
})

inNamespace('rename, delete, and another of the same name', async (t) => {
  ip('link add a0 type veth peer name b0')
  ip('addr add 10.0.0.1/24 dev a0')
  await using links = await LinuxLinks.open()
  const told = new Told()
  links.watch(told.hear)
  const { index } = links.links().get('a0')!
  ip('link set a0 name c0')
  t.strictSame(await told.upTo('c0 down 10.0.0.1/24'), ['a0 gone', 'c0 down 10.0.0.1/24'])
  t.equal(links.links().get('c0')?.index, index)
  t.equal(links.links().has('a0'), false)
  ip('link del c0')
  await told.upTo('c0 gone')
  ip('link add c0 type veth peer name b0')
  await told.upTo('c0 down')
  const second = links.links().get('c0')!.index
  t.not(second, index)
  t.strictSame(links.links().get('c0')?.addresses, [], 'the addresses went with the old one')
  // Deleted and made anew before we look: still told as gone first.
  told.lines.length = 0
  ip('-batch -', 'link del c0\nlink add c0 type veth peer name b0\n')
  await until('the new one', () => (links.links().get('c0')?.index ?? second) !== second)
  const own = told.lines.filter((line) => line.startsWith('c0'))
  t.strictSame(own.slice(0, 2), ['c0 gone', 'c0 down'])
  // Two devices swap names.
  ip('link add d0 type veth peer name e0')
  await told.upTo('d0 down')
  const [c, d] = ['c0', 'd0'].map((name) => links.links().get(name)!.index)
  ip('-batch -', 'link set c0 name x0\nlink set d0 name c0\nlink set x0 name d0\n')
  await until('the swap', () => links.links().get('d0')?.index === c)
  t.equal(links.links().get('c0')?.index, d)
  t.equal(links.links().has('x0'), false)
})

inNamespace('addresses: VIP beside a subnet, secondaries, change of the primary', async (t) => {
  ip('link add a0 type veth peer name b0')
  ip('addr add 10.0.1.100/32 dev a0')
  await using links = await LinuxLinks.open()
  const told = new Told()
  links.watch(told.hear)
  t.equal(show(links.links().get('a0')!), 'down 10.0.1.100/32')
  ip('addr add 10.0.0.1/24 dev a0')
  await told.upTo('a0 down 10.0.0.1/24 10.0.1.100/32')
  ip('addr add 10.0.0.2/24 dev a0')
  await told.upTo('a0 down 10.0.0.1/24 10.0.1.100/32 10.0.0.2/24')
  t.equal(links.links().get('a0')!.addresses[2]!.secondary, true)
  ip('addr add 10.0.1.101/32 dev a0')
  await told.upTo('a0 down 10.0.0.1/24 10.0.1.100/32 10.0.1.101/32 10.0.0.2/24')
  ip('addr del 10.0.1.100/32 dev a0')
  await told.upTo('a0 down 10.0.0.1/24 10.0.1.101/32 10.0.0.2/24')
  ip('addr del 10.0.0.1/24 dev a0')
  await until('the change', () => links.links().get('a0')!.address !== 0x0a000001)
  ip('addr flush dev a0')
  await told.upTo('a0 down')
  t.equal(links.links().get('a0')!.address, undefined)
  ip('addr add 10.9.9.1 peer 10.9.9.2 dev a0')
  await told.upTo('a0 down 10.9.9.1/32')
  t.equal(links.links().get('a0')!.addresses[0]!.peer, 0x0a090902)
})

inNamespace('a port that leaves its bridge is still there', async (t) => {
  ip('link add a0 type veth peer name b0')
  await using links = await LinuxLinks.open()
  const told = new Told()
  links.watch(told.hear)
  ip('link add br0 type bridge')
  await told.upTo('br0 down')
  ip('link set a0 master br0')
  ip('link set a0 nomaster')
  ip('link set a0 mtu 1300')
  await until('the MTU', () => links.links().get('a0')?.mtu === 1300)
  t.notOk(told.lines.includes('a0 gone'))
})

inNamespace('a tiny receive buffer: overrun, read again, and told the difference', async (t) => {
  ip('link add a0 type veth peer name b0')
  let overruns = 0
  const errors: Error[] = []
  await using links = await LinuxLinks.open({
    receiveBuffer: 1,
    onOverrun: () => overruns++,
    onError: (error) => errors.push(error),
  })
  const told = new Told()
  links.watch(told.hear)
  const add = Array.from(
    { length: 300 },
    (_, i) => `addr add 10.0.${i >> 8}.${i & 255}/32 dev a0\n`,
  )
  // The loop does not turn meanwhile: nothing is read.
  ip('-batch -', `${add.join('')}link set b0 name b1\n`)
  await until('all of them', () => links.links().get('a0')?.addresses.length === 300)
  t.ok(overruns > 0, `${overruns} overruns`)
  t.ok(told.lines.includes('b0 gone'))
  t.ok(links.links().has('b1'))
  ip('addr flush dev a0')
  await until('none of them', () => links.links().get('a0')?.addresses.length === 0)
  t.strictSame(errors, [])
})

inNamespace('changes in one go are told once; watchers come and go', async (t) => {
  ip('link add a0 type veth peer name b0')
  await using links = await LinuxLinks.open()
  const told = new Told()
  const thrown: unknown[] = []
  const before = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => thrown.push(error))
  const bad = links.watch(() => {
    throw new Error('from a watcher')
  })
  const watch = links.watch(told.hear)
  const add = Array.from({ length: 50 }, (_, i) => `addr add 10.0.0.${i}/32 dev a0\n`)
  ip('-batch -', add.join(''))
  await until('all of them', () => links.links().get('a0')?.addresses.length === 50)
  t.equal(told.lines.length, 1, 'the loop stood still meanwhile, so it was one wake-up')
  await until('the exception', () => thrown.length > 0)
  t.match(thrown[0], { message: 'from a watcher' })
  bad[Symbol.dispose]()
  watch[Symbol.dispose]()
  process.removeAllListeners('uncaughtException')
  for (const listener of before) process.on('uncaughtException', listener)
  ip('addr flush dev a0')
  await until('none', () => links.links().get('a0')?.addresses.length === 0)
  t.equal(told.lines.length, 1)
})

inNamespace('snapshots do not change under the reader', async (t) => {
  ip('link add a0 type veth peer name b0')
  await using links = await LinuxLinks.open()
  const before = links.links()
  const b0 = before.get('b0')
  ip('link set a0 mtu 1400')
  await until('the MTU', () => links.links().get('a0')?.mtu === 1400)
  t.equal(before.get('a0')?.mtu, 1500)
  t.equal(links.links().get('b0'), b0, 'what did not change is the same object')
})
