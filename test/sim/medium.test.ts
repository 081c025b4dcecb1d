import t from 'tap'
import { allDRouters, allSpfRouters } from '../../lib/sim/medium.ts'
import { Network } from '../../lib/sim/network.ts'
import { listen } from './listen.ts'

/** Three hosts with open sockets on a LAN. */
function lan(seed = 1) {
  const net = new Network({ seed })
  const hosts = ['a', 'b', 'c'].map((name) => net.host(name))
  const segment = net.segment('lan', '10.0.1.0/24', hosts, { delay: 0.01 })
  const [a, b, c] = hosts.map((host) => listen(net, host, 'eth0'))
  return { net, segment, a: a!, b: b!, c: c! }
}

t.test('multicast reaches the others, unicast the one', async (t) => {
  const { net, a, b, c } = lan()
  a.send(allSpfRouters, 1)
  a.send('10.0.1.2', 2)
  a.send('10.0.1.99', 3)
  net.run(0.009)
  t.same(b.got, [], 'the delay is 10 ms')
  net.run(0.001)
  t.same(b.got, [1, 2])
  t.same(c.got, [1])
  t.same(a.got, [], 'nobody hears himself')
  t.same(b.datagrams[0], {
    interface: 'eth0',
    source: 0x0a000101,
    destination: allSpfRouters,
    ttl: 1,
    bytes: Uint8Array.of(0, 1),
  })
  t.match(net.traffic, { sent: 3, delivered: 3, lost: 1 })
})

t.test('224.0.0.6 reaches those that joined', async (t) => {
  const { net, a, b, c } = lan()
  b.socket.membership(allDRouters, true)
  a.send(allDRouters, 1)
  net.run(1)
  b.socket.membership(allDRouters, false)
  a.send(allDRouters, 2)
  net.run(1)
  t.same(b.got, [1])
  t.same(c.got, [])
})

t.test('loss and duplication happen as often as asked', async (t) => {
  const { net, segment, a, b } = lan()
  segment.set({ loss: 0.2 })
  for (let i = 0; i < 1000; i++) a.send('10.0.1.2', i)
  net.run(1)
  t.ok(b.got.length > 750 && b.got.length < 850, `${b.got.length} of 1000 arrive`)
  segment.set({ loss: 0, duplication: 0.1 })
  b.got.length = 0
  for (let i = 0; i < 1000; i++) a.send('10.0.1.2', i)
  net.run(1)
  t.ok(b.got.length > 1060 && b.got.length < 1140, `${b.got.length} of 1000 arrive`)
  t.equal(net.traffic.duplicated, b.got.length - 1000)
})

t.test('the conditions of an attachment add to those of the segment', async (t) => {
  const { net, segment, a, b, c } = lan()
  segment.attachments[1]!.set({ loss: 1 })
  segment.attachments[2]!.set({ delay: 0.5 })
  a.send(allSpfRouters, 1)
  net.run(0.5)
  t.same(c.got, [])
  net.run(0.01)
  t.same(c.got, [1])
  t.same(b.got, [])
  net.heal()
  a.send(allSpfRouters, 2)
  net.run(0.01)
  t.same(b.got, [2])
})

t.test('jitter keeps the order, reordering does not', async (t) => {
  const { net, segment, a, b } = lan()
  const send = () => {
    for (let i = 0; i < 200; i++) {
      a.send('10.0.1.2', i)
      net.run(0.001)
    }
    net.run(1)
    return b.got.splice(0)
  }
  segment.set({ jitter: 0.05 })
  const jittered = send()
  t.equal(jittered.length, 200)
  t.same(
    jittered,
    [...jittered].sort((x, y) => x - y),
  )
  segment.set({ jitter: 0, reordering: 0.2 })
  const reordered = send()
  t.equal(reordered.length, 200)
  const overtaken = reordered.filter((n, i) => i > 0 && n < reordered[i - 1]!).length
  t.ok(overtaken > 20, `${overtaken} were overtaken`)
})

t.test('the interface fragments, the wire drops what is too big for it', async (t) => {
  const { net, segment, a, b } = lan()
  a.sendBytes('10.0.1.2', new Uint8Array(4000))
  net.run(1)
  t.equal(b.datagrams.length, 1, 'fragments of 1500 pass')
  segment.mtu = 1400
  a.sendBytes('10.0.1.2', new Uint8Array(1381))
  a.sendBytes('10.0.1.2', new Uint8Array(1380))
  net.run(1)
  t.equal(b.datagrams.length, 2)
  t.equal(net.traffic.tooBig, 1)
})

t.test('a cable that is out is seen, behind a switch it is not', async (t) => {
  const { net, segment, a, b, c } = lan()
  segment.of(b.host)!.down({ silent: true })
  segment.of(c.host)!.down()
  a.send(allSpfRouters, 1)
  net.run(1)
  t.same([b.got, c.got], [[], []])
  t.same(b.carrier, [], 'b was not told')
  t.same(c.carrier, [false])
  segment.down()
  t.same([a.carrier, b.carrier, c.carrier], [[false], [false], [false]], 'told once')
  segment.up()
  t.same([a.carrier, b.carrier, c.carrier], [[false, true], [false, true], [false]])
  segment.of(b.host)!.up()
  segment.of(c.host)!.up()
  t.same(
    [b.carrier, c.carrier],
    [
      [false, true],
      [false, true],
    ],
  )
  a.send(allSpfRouters, 2)
  net.run(1)
  t.same([b.got, c.got], [[2], [2]])
})

t.test('what is on the wire when it is cut is gone', async (t) => {
  const { net, segment, a, b } = lan()
  a.send('10.0.1.2', 1)
  net.run(0.005)
  segment.down({ silent: true })
  net.run(0.1)
  segment.up()
  net.run(1)
  t.same(b.got, [])
  t.equal(net.traffic.lost, 1)
})

t.test('groups of a partition hear themselves only', async (t) => {
  const { net, segment, a, b, c } = lan()
  net.partition([[a.host, b.host]])
  a.send(allSpfRouters, 1)
  c.send(allSpfRouters, 2)
  net.run(1)
  t.same([a.got, b.got, c.got], [[], [1], []])
  segment.partition([[a.host], [b.host]])
  a.send(allSpfRouters, 3)
  net.run(1)
  t.same([b.got, c.got], [[1], []])
  segment.heal()
  a.send(allSpfRouters, 4)
  net.run(1)
  t.same([b.got, c.got], [[1, 4], [4]])
})

t.test('a tap sees every packet, lost or not', async (t) => {
  const { net, segment, a } = lan()
  segment.set({ loss: 1 })
  const seen: string[] = []
  const tap = net.tap((p) => seen.push(`${p.at} ${p.from.node.name} ${p.bytes.length}`))
  net.run(1)
  a.send(allSpfRouters, 1)
  tap[Symbol.dispose]()
  a.send(allSpfRouters, 2)
  t.same(seen, ['1000 a 2'])
  t.match(net.traffic, { sent: 2, sentOctets: 4 })
})

t.test('addresses come from the prefix until there are none', async (t) => {
  const net = new Network()
  const hosts = Array.from({ length: 4 }, (_, i) => net.host(`h${i}`))
  const s = net.segment('s', '10.0.0.0/30', hosts.slice(0, 2))
  t.same(
    s.attachments.map((a) => a.address & 255),
    [1, 2],
  )
  t.throws(() => net.attach(s, hosts[2]!), { code: 'ERR_OSPF_CONFIG' })
  const p = net.segment('p', '10.0.0.4/31', hosts.slice(2))
  t.same(
    p.attachments.map((a) => a.address & 255),
    [4, 5],
  )
})
