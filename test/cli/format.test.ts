import t from 'tap'
import {
  databaseDocument,
  interfaceDocument,
  neighborDocument,
  routeDocument,
} from '../../lib/cli/documents.ts'
import {
  formatDatabase,
  formatInterfaces,
  formatNeighbors,
  formatRoutes,
} from '../../lib/cli/format.ts'
import { formatKernel, kernelDocument } from '../../lib/cli/show-kernel.ts'
import { eth0, onLan, sample } from './sample.ts'

t.test("neighbors: vtysh's own lines", async (t) => {
  t.equal(
    formatNeighbors(neighborDocument(sample)),
    `
Neighbor ID     Pri State           Up Time         Dead Time Address         Interface                        RXmtL RqstL DBsmL
10.0.1.136        1 Full/DR         10.002s            2.999s 10.0.1.136      eth0:10.0.1.133                      1     0     0
10.0.1.136        1 Full/-          4.002s            35.997s 10.0.2.2        eth1:10.0.2.1                        1     0     0

`,
  )
  const { upTime, deadTime, ...timeless } = onLan
  t.match(
    formatNeighbors(neighborDocument({ ...sample, neighbors: () => [timeless] })),
    /Full\/DR {9}- {23}- 10\.0\.1\.136/,
  )
})

t.test("routes: vtysh's own lines", async (t) => {
  t.equal(
    formatRoutes(routeDocument(sample)),
    `============ OSPF network routing table ============
N    10.0.1.0/24           [1] area: 0.0.0.0
                           directly attached to eth0
N    10.0.2.0/30           [10] area: 0.0.0.0
                           directly attached to eth1
N    10.9.9.9/32           [1] area: 0.0.0.0
                           via 10.0.1.136, eth0

`,
  )
})

t.test('routes: what is discarded', async (t) => {
  const range = { pathType: 'inter-area', cost: 0, nextHops: [], discard: true } as const
  const document = routeDocument({
    ...sample,
    routes: () => [{ ...range, prefix: '10.1.0.0/16', area: '0.0.0.1' }],
  })
  t.match(document, { '10.1.0.0/16': { routeType: 'D IA', nexthops: [] } })
  t.match(formatRoutes(document), /\nD IA 10\.1\.0\.0\/16 {16}Discard entry\n/)
})

t.test('kernel', async (t) => {
  t.equal(formatKernel(kernelDocument(sample)), 'routes are not installed\n')
  const kernel = {
    mode: 'groups' as const,
    why: 'the kernel has next-hop objects',
    table: 254,
    metric: 20,
    protocol: 188,
    routes: 7,
    discards: 1,
    leftovers: 0,
    groups: 2,
    pending: 3,
    failed: 1,
    foreign: 0,
    forbidden: false,
    lastError: { message: 'no such device: x0', age: 4.2 },
  }
  t.equal(
    formatKernel(kernelDocument({ ...sample, kernel: () => kernel })),
    `several next hops: groups (the kernel has next-hop objects)
table 254, metric 20, protocol 188
7 routes, 1 of them discard; 2 next-hop groups
3 pending, 1 failed, 0 in the place of which is another's, 0 of an earlier life
last error, 4 s ago: no such device: x0
`,
  )
})

t.test('database', async (t) => {
  t.equal(
    formatDatabase(databaseDocument(sample)),
    `
       OSPF Router with ID (10.0.1.133)

                Router Link States (Area 0.0.0.0)

Link ID         ADV Router      Age  Seq#       CkSum  Link count
10.0.1.133      10.0.1.133         4 0x80000005 0xf3ba 4
10.0.1.136      10.0.1.136        11 0x80000005 0x6642 3

                Net Link States (Area 0.0.0.0)

Link ID         ADV Router      Age  Seq#       CkSum
10.0.1.136      10.0.1.136        11 0x80000001 0x838b

`,
  )
  const [lsa] = sample.database()
  const { links, ...rest } = lsa!
  const external = { ...rest, area: undefined, type: 5, prefix: '192.0.2.0/24' }
  t.match(
    formatDatabase(databaseDocument({ ...sample, database: () => [external] })),
    / {16}AS External Link States\n\n.*CkSum {2}Route\n10.0.1.133 .* 0xf3ba 192\.0\.2\.0\/24\n/,
  )
})

t.test('interfaces', async (t) => {
  t.equal(
    formatInterfaces(interfaceDocument(sample)),
    `eth0 is up
  MTU 1500 bytes
  Internet Address 10.0.1.133/24, Area 0.0.0.0
  MTU mismatch detection: enabled
  Router ID 10.0.1.133, Network Type BROADCAST, Cost: 1
  Transmit Delay is 1 sec, State DROther, Priority 0
  Designated Router (ID) 10.0.1.136 Interface Address 10.0.1.136
  No backup designated router on this network
  Timer intervals configured, Hello 1s, Dead 4s, Wait 4s, Retransmit 5
  Neighbor Count is 1, Adjacent neighbor count is 1
eth1 is up
  MTU 1500 bytes
  Internet Address 10.0.2.1/30, Area 0.0.0.0
  MTU mismatch detection: enabled
  Router ID 10.0.1.133, Network Type POINTOPOINT, Cost: 10
  Transmit Delay is 1 sec, State Point-To-Point, Priority 1
  No backup designated router on this network
  Timer intervals configured, Hello 10s, Dead 40s, Wait 40s, Retransmit 5
  Neighbor Count is 1, Adjacent neighbor count is 1

`,
  )
  const often = { ...eth0, helloInterval: 0.333, deadInterval: 1 }
  t.match(
    formatInterfaces(interfaceDocument({ ...sample, interfaces: () => [often] })),
    /Timer intervals configured, Hello 333ms, Dead 1s, Wait 1s, Retransmit 5\n/,
  )
  const odd = {
    ...eth0,
    state: 'Down' as const,
    address: undefined,
    passive: true,
    mtuIgnore: true,
    designatedRouter: '10.0.1.9',
    backupDesignatedRouter: '10.0.1.136',
  }
  const text = formatInterfaces(interfaceDocument({ ...sample, interfaces: () => [odd] }))
  for (const line of [
    'eth0 is down',
    '  Internet Address none, Area 0.0.0.0',
    '  MTU mismatch detection: disabled',
    '  Designated Router (ID) - Interface Address 10.0.1.9',
    '  Backup Designated Router (ID) 10.0.1.136, Interface Address 10.0.1.136',
    '    No Hellos (Passive interface)',
  ])
    t.ok(text.split('\n').includes(line), line)
})

t.test('names stand at the end of a line, where there are any', async (t) => {
  const named = {
    ...sample,
    neighbors: () => [{ ...onLan, hostname: 'lb1' }],
    database: () => sample.database().map((lsa) => ({ ...lsa, advertisingHostname: 'lb1' })),
  }
  t.match(neighborDocument(named).neighbors['10.0.1.136'], [{ hostname: 'lb1' }])
  t.match(formatNeighbors(neighborDocument(named)), / {5}0 \(lb1\)\n/)
  t.match(formatDatabase(databaseDocument(named)), /0xf3ba 4 \(lb1\)\n/)
  const plain = neighborDocument(sample).neighbors['10.0.1.136']!
  t.notOk(plain.some((entry) => 'hostname' in entry))
})
