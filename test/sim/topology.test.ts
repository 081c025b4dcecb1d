import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { settled } from '../../lib/sim/check.ts'
import { Network } from '../../lib/sim/network.ts'
import { readGml, readTopology } from '../../lib/sim/topology.ts'

t.test('a network of a few lines', async (t) => {
  const net = new Network({ seed: 1 })
  readTopology(
    net,
    `# two offices
router r1 10.0.0.9   # the Router ID
router r2
router r3
host client gateway=10.0.1.1

lan office 10.0.1.0/24 cost=7 helloInterval=1 deadInterval=4 r1 priority=5 r2 cost=9 client
link r2 r3 cost=5 helloInterval=1 deadInterval=4 loss=0
announce r3 10.0.9.9/32 cost=3
external r3 0.0.0.0/0 metric=5 metricType=1
`,
  )
  net.run(30)
  t.same(settled(net), [])
  const [r1, r2] = net.routers
  t.equal(r1!.routerId, '10.0.0.9')
  t.same(
    [r1!, r2!].map((r) => [r.attachments[0]!.config.cost, r.attachments[0]!.config.priority]),
    [
      [7, 5],
      [9, 1],
    ],
  )
  t.equal(r1!.routes().find(({ length }) => length === 32)?.cost, 7 + 5 + 3)
  t.equal(r1!.routes().find(({ length }) => length === 0)?.cost, 7 + 5 + 5)
  t.equal(net.hosts[0]!.attachments.length, 1)
})

t.test('what is wrong is told with its line, and what was expected', async (t) => {
  const fails = (text: string, message: string | RegExp): void => {
    t.throws(() => readTopology(new Network(), text, 'net.txt'), {
      code: 'ERR_OSPF_CONFIG',
      message,
    })
  }
  fails(
    'router a\nrooter b',
    "net.txt:2: expected one of router, host, lan, link, announce, external, got 'rooter'",
  )
  fails('router', "net.txt:1: expected a name, got 'nothing'")
  fails('router a\nrouter a', /^net\.txt:2: there is a machine 'a' already/)
  fails('router a banana', /^net\.txt:1: not an address: 'banana'/)
  fails('router a\nlan x 10.0.0.0/24', "net.txt:2: expected members, got 'none'")
  fails(
    'router a\nlan x 10.0.0.0/24 cost=dear a',
    "net.txt:2: expected a number for cost, got 'dear'",
  )
  fails(
    'router a\nlan x 10.0.0.0/24 colour=red a',
    /^net\.txt:2: expected one of cost, .*, got 'colour'/,
  )
  fails(
    'router a\nlan x 10.0.0.0/24 network=token-ring a',
    /^net\.txt:2: expected network broadcast, .*got 'token-ring'/,
  )
  fails('router a\nlink a b', "net.txt:2: no machine 'b'")
  fails('router a\nlink a', "net.txt:2: expected two machines, got 'nothing'")
  fails('host h\nannounce h 10.0.0.1/32', "net.txt:2: expected a router, got 'h'")
  fails('router a\nrouter b\nlink a b cost', /^net\.txt:3: expected name=value/)
})

t.test('maps of the Internet Topology Zoo', async (t) => {
  const folder = 'fixtures/topologies/zoo'
  let [routers, links] = [0, 0]
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.gml'))) {
    const net = new Network({ seed: file })
    readGml(net, readFileSync(`${folder}/${file}`, 'utf8'), { cost: 2 }, file)
    t.ok(net.routers.length > 1, file)
    routers += net.routers.length
    links += net.segments.length
    t.ok(
      net.segments.every(({ attachments }) => attachments.every(({ config }) => config.cost === 2)),
    )
  }
  t.ok(routers > 100, `${routers} routers, ${links} links`)
  const net = new Network()
  readGml(
    net,
    'graph [ node [ id 1 label "A b" ] node [ id 2 ] edge [ source 1 target 2 ] edge [ source 2 target 1 ] ]',
  )
  t.same(
    net.routers.map(({ name }) => name),
    ['A-b', 'n2'],
  )
  t.equal(net.segments.length, 1)
  t.throws(() => readGml(new Network(), 'graph [ ]'), {
    message: 'map: expected a map with nodes, got none',
  })
  t.throws(() => readGml(new Network(), 'node [ id 1 ] edge [ source 1 target 3 ]'), {
    message: /nodes 1 and 3/,
  })
})
