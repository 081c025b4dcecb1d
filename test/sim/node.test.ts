import t from 'tap'
import { allSpfRouters } from '../../lib/sim/medium.ts'
import { Network } from '../../lib/sim/network.ts'
import { listen } from './listen.ts'

t.test('clocks of a frozen machine', async (t) => {
  const net = new Network({ wall: 5000 })
  const host = net.host('h')
  net.run(1)
  host.freeze('stalled')
  net.run(1)
  t.same([host.now(), host.wall()], [2000, 7000], 'a stalled process is late, its machine is not')
  host.freeze('suspended')
  t.equal(host.frozen, 'stalled', 'once is enough')
  host.thaw()
  host.freeze()
  t.notOk(host.forwards)
  net.run(1)
  t.same([host.now(), host.wall()], [2000, 8000])
  host.thaw()
  host.thaw()
  net.run(1)
  t.same([host.now(), host.wall(), net.now], [3000, 9000, 4])
})

t.test('the socket buffer of a stalled process is finite, and a crash empties it', async (t) => {
  const net = new Network()
  const [a, b] = [net.host('a'), net.host('b')]
  net.segment('lan', '10.0.0.0/24', [a, b])
  const [x, y] = [listen(net, a, 'eth0'), listen(net, b, 'eth0')]
  b.freeze('stalled')
  t.ok(b.forwards)
  for (let i = 0; i < 300; i++) x.send(allSpfRouters, i)
  net.run(1)
  b.thaw()
  net.run(1)
  t.equal(y.got.length, 256)
  t.same(y.got.slice(0, 3), [0, 1, 2], 'the first are kept, in order')
  b.freeze('stalled')
  x.send(allSpfRouters, 1)
  net.run(1)
  b.restart()
  const again = listen(net, b, 'eth0')
  net.run(1)
  t.equal(b.frozen, undefined)
  t.same(again.got, [])
})
