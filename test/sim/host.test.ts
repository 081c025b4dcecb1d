import t from 'tap'
import type { Link } from '../../lib/ports.ts'
import { allSpfRouters } from '../../lib/sim/medium.ts'
import { Network } from '../../lib/sim/network.ts'
import { listen } from './listen.ts'

function pair() {
  const net = new Network()
  const [a, b] = [net.host('a'), net.host('b')]
  net.segment('lan', '10.0.1.0/24', [a, b])
  return { net, a, b }
}

t.test('links and addresses as the kernel lists them', async (t) => {
  const { a } = pair()
  const changes: [string, Link | undefined][] = []
  const watch = a.ports.links.watch((name, link) => changes.push([name, link]))
  t.same([...a.ports.links.links().keys()], ['lo', 'eth0'])
  t.match(a.ports.links.links().get('eth0'), {
    index: 2,
    up: true,
    address: 0x0a000101,
    prefixLength: 24,
    mtu: 1500,
    loopback: false,
    addresses: [{ address: 0x0a000101, secondary: false }],
  })
  const vip = 0x0a000164
  t.equal(await a.ports.addresses.add('lo', vip, 32), true)
  t.equal(await a.ports.addresses.add('lo', vip, 32), false, 'it was there')
  t.ok(a.owns(vip))
  t.equal(changes.length, 1)
  t.match(changes[0], [
    'lo',
    { addresses: [{ address: 0x7f000001 }, { address: vip, secondary: false }] },
  ])
  await a.ports.addresses.remove('lo', vip, 32)
  t.notOk(a.owns(vip))
  await t.rejects(a.ports.addresses.remove('lo', vip, 32), {
    code: 'ERR_OSPF_KERNEL',
    errno: 'EADDRNOTAVAIL',
  })
  await t.rejects(a.ports.addresses.add('eth9', vip, 32), { code: 'ERR_OSPF_NO_INTERFACE' })
  watch[Symbol.dispose]()
  a.attachments[0]!.down()
  t.equal(changes.length, 2)
})

t.test('a socket that is closed is deaf and dumb', async (t) => {
  const { net, a, b } = pair()
  const [x, y] = [listen(net, a, 'eth0'), listen(net, b, 'eth0')]
  x.send(allSpfRouters, 1)
  net.run(1)
  await y.socket[Symbol.asyncDispose]()
  x.send(allSpfRouters, 2)
  y.send(allSpfRouters, 3)
  net.run(1)
  t.same([x.got, y.got], [[], [1]])
  t.throws(
    () =>
      a.ports.datagrams.open(
        { name: 'eth7', index: 9, address: 1 },
        () => {},
        () => {},
      ),
    { code: 'ERR_OSPF_NO_INTERFACE' },
  )
})

t.test('a stalled process is late, its clock is not', async (t) => {
  const { net, a, b } = pair()
  const [x, y] = [listen(net, a, 'eth0'), listen(net, b, 'eth0')]
  const log: string[] = []
  const { clock } = b.ports
  for (const s of [7, 3, 40]) clock.setTimer(s * 1000, () => log.push(`${s} s at ${clock.now()}`))
  b.freeze('stalled')
  net.run(10)
  x.send(allSpfRouters, 1)
  net.run(20)
  t.same([log, y.got], [[], []])
  t.equal(clock.now(), 30_000)
  b.thaw()
  net.run(20)
  t.same(log, ['3 s at 30000', '7 s at 30000', '40 s at 40000'], 'the late ones in order')
  t.same(y.got, [1], 'its socket buffer kept the packet')
})

t.test(
  'a suspended machine sleeps: its monotonic clock stands still, the wall clock goes on',
  async (t) => {
    const { net, a, b } = pair()
    const [x, y] = [listen(net, a, 'eth0'), listen(net, b, 'eth0')]
    const { clock } = b.ports
    const wall = clock.wall()
    const log: number[] = []
    clock.setTimer(5000, () => log.push(clock.now()))
    net.run(2)
    b.freeze()
    x.send(allSpfRouters, 1)
    net.run(60)
    t.equal(clock.now(), 2000)
    t.equal(clock.wall() - wall, 62_000)
    b.thaw()
    net.run(2.9)
    t.same(log, [])
    net.run(0.1)
    t.same(log, [5000])
    t.same(y.got, [], 'nobody listened')
  },
)

t.test('after a crash nothing of the old life moves', async (t) => {
  const { net, a, b } = pair()
  const [x, y] = [listen(net, a, 'eth0'), listen(net, b, 'eth0')]
  const old = b.ports
  old.clock.setTimer(1000, () => t.fail('a timer of the dead'))
  b.crash()
  t.notOk(b.running)
  y.send(allSpfRouters, 1)
  x.send(allSpfRouters, 2)
  old.clock.setTimer(1, () => t.fail('a timer of the dead'))
  old.routes.apply([{ type: 'remove', prefix: 0, length: 0 }])
  net.run(5)
  t.same([x.got, y.got], [[], []])
  b.restart()
  const again = listen(net, b, 'eth0')
  x.send(allSpfRouters, 3)
  y.send(allSpfRouters, 4)
  net.run(1)
  t.same([again.got, y.got, x.got], [[3], [], []])
})
