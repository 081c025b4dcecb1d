import t from 'tap'
import type { NextHop } from '../../lib/core/io.ts'
import { parseAddress, parsePrefix } from '../../lib/sim/fib.ts'
import { flowHash, hopOf, nextNodes, tally } from '../../lib/sim/forward.ts'
import type { SimHost } from '../../lib/sim/host.ts'
import { Network } from '../../lib/sim/network.ts'
import { Random } from '../../lib/sim/random.ts'

function install(host: SimHost, prefix: string, ...gateways: string[]) {
  const { address, length } = parsePrefix(prefix)
  const nextHops = gateways.map((g): NextHop => {
    const gateway = parseAddress(g)
    const out = host.attachments.find((a) => a.segment.at(gateway) !== undefined)!
    return { interface: out.name, gateway }
  })
  const route = {
    prefix: address,
    length,
    pathType: 'intra-area',
    area: 0,
    cost: 1,
    nextHops,
  } as const
  host.ports.routes.apply([{ type: 'replace', route }])
}

/** A client, a router and three directors that have the VIP on lo. */
async function cluster() {
  const net = new Network({ seed: 4 })
  const client = net.host('client', { gateway: '10.1.0.2' })
  const router = net.host('router')
  const lbs = ['lb1', 'lb2', 'lb3'].map((name) => net.host(name))
  net.segment('outside', '10.1.0.0/24', [client, router])
  net.segment('inside', '10.2.0.0/24', [router, ...lbs])
  for (const lb of lbs) await lb.ports.addresses.add('lo', parseAddress('10.9.9.9'), 32)
  install(router, '10.9.9.9/32', '10.2.0.2', '10.2.0.3', '10.2.0.4')
  return { net, client, router, lbs }
}

t.test('connections spread over equal paths, the same each time', async (t) => {
  const { net, client } = await cluster()
  const first = net.connections(client, '10.9.9.9', 3000)
  t.same(first, net.connections(client, '10.9.9.9', 3000))
  const counts = tally(first)
  t.same([...counts.keys()], ['lb1', 'lb2', 'lb3'])
  for (const [name, n] of counts) t.ok(n > 900 && n < 1100, `${name} ${n}`)
  t.same(first[0]!.path.map((n) => n.name).slice(0, 2), ['client', 'router'])
  t.equal(first[0]!.reached, first[0]!.path.at(-1))
  t.equal(first[0]!.source, parseAddress('10.1.0.1'))
})

t.test(
  'a dead director swallows its share; plain multipath moves others when its path leaves',
  async (t) => {
    const { net, client, router, lbs } = await cluster()
    const before = net.connections(client, '10.9.9.9', 3000)
    lbs[2]!.crash()
    const during = net.connections(client, '10.9.9.9', 3000)
    t.equal(tally(during).get('lost'), tally(before).get('lb3'))
    t.equal(tally(during).get('lb1'), tally(before).get('lb1'))
    install(router, '10.9.9.9/32', '10.2.0.2', '10.2.0.3')
    const after = net.connections(client, '10.9.9.9', 3000)
    t.notOk(tally(after).has('lost'))
    // Bounds 1/3, 2/3 become 1/2: the part of lb2 from 1/3 to 1/2 moves to lb1.
    const moved = after.filter(
      (c, i) => before[i]!.reached !== lbs[2] && c.reached !== before[i]!.reached,
    )
    t.ok(moved.length > 400 && moved.length < 600, `${moved.length} of 3000 connections are reset`)
  },
)

t.test('no route, a cut cable and a loop lose packets', async (t) => {
  const { net, client, router, lbs } = await cluster()
  t.same([...tally(net.connections(client, '192.0.2.1', 5))], [['lost', 5]])
  install(router, '10.8.0.0/16', '10.2.0.2')
  install(lbs[0]!, '10.8.0.0/16', '10.2.0.1')
  const [looped] = net.connections(client, '10.8.1.1', 1)
  t.equal(looped!.reached, undefined)
  t.equal(looped!.path.length, 65, 'until the TTL is spent')
  router.attachments[1]!.down()
  t.same(nextNodes(router, parseAddress('10.9.9.9')), [undefined, undefined, undefined])
  t.same([...tally(net.connections(client, '10.9.9.9', 5))], [['lost', 5]])
})

t.test('attached networks need no route, and the longest match wins', async (t) => {
  const { net, client, router, lbs } = await cluster()
  t.same([...tally(net.connections(client, '10.2.0.3', 7))], [['lb2', 7]])
  install(router, '10.2.0.3/32', '10.2.0.4')
  t.same(nextNodes(router, parseAddress('10.2.0.3')), [lbs[2]])
  install(router, '10.2.0.0/16', '10.2.0.4')
  t.same(nextNodes(router, parseAddress('10.2.0.2')), [lbs[0]], 'the attached /24 is longer')
  lbs[0]!.freeze('stalled')
  t.same(
    nextNodes(router, parseAddress('10.2.0.2')),
    [lbs[0]],
    'the kernel of a stalled process forwards',
  )
  lbs[0]!.thaw()
  lbs[0]!.freeze()
  t.same(nextNodes(router, parseAddress('10.2.0.2')), [undefined])
})

t.test('the hash is even, and hops are ranges of it', async (t) => {
  t.equal(hopOf(0, 3), 0)
  t.equal(hopOf(0x7fffffff, 3), 2)
  t.equal(hopOf(0x2aaaaaaa, 3), 0)
  t.equal(hopOf(0x2aaaaaab, 3), 1)
  const random = new Random(1)
  const counts = [0, 0, 0, 0]
  const flow = { source: 0x0a000001, destination: 0x0a000002, destinationPort: 80 }
  for (let port = 1024; port < 9024; port++) {
    const hash = flowHash({ ...flow, sourcePort: port }, 99)
    if (hash < 0 || hash > 0x7fffffff) t.fail(`${hash} is not 31 bits`)
    counts[hopOf(hash, 4)]!++
  }
  t.ok(Math.min(...counts) > 1850, counts.join(' '))
  const same = Array.from({ length: 1000 }, () => random.int(65536)).filter((sourcePort) => {
    const [a, b] = [1, 2].map((seed) => hopOf(flowHash({ ...flow, sourcePort }, seed), 2))
    return a === b
  })
  t.ok(same.length > 430 && same.length < 570, 'routers with different seeds choose independently')
})
