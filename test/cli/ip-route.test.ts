/** `show ip route` with what others put into the kernel's table, and the same with a VRF named. */
import t from 'tap'
import { AnswerError } from '../../lib/cli/ask.ts'
import { type TableRoute, tableReader } from '../../lib/cli/kernel-table.ts'
import type { IpRouteDocument } from '../../lib/cli/show-ip-route.ts'
import { answer } from './answer.ts'
import { inKernel, kernelRoute, links, onKernel, via } from './kernel-sample.ts'
import { operated } from './sample.ts'

t.test('what the table holds, in zebra terms, and since when', async (t) => {
  let now = 0
  let routes = [...inKernel]
  const asked: number[] = []
  const read = tableReader({
    links: async () => links,
    routes: async (table = 0) => {
      asked.push(table)
      return routes
    },
    now: () => now,
  })
  const line = ({ prefix, protocol, distance, metric, age }: TableRoute): string =>
    `${prefix} ${protocol} [${distance}/${metric}] ${age}`
  t.strictSame((await read(254)).map(line), [
    '10.9.9.1/32 connected [0/0] 0',
    '10.0.1.0/24 connected [0/0] 0',
    '10.0.2.0/30 connected [0/0] 0',
    '0.0.0.0/0 kernel [0/100] 0',
    '10.9.9.9/32 ospf [110/20] 0',
    '172.17.0.0/16 ospf [110/20] 0',
    '172.17.0.0/16 kernel [0/5] 0',
    '172.20.0.0/16 static [1/0] 0',
    '172.21.0.0/16 static [200/0] 0',
    '172.22.0.0/16 kernel [0/0] 0',
    '172.23.0.0/16 bgp [20/20] 0',
  ])
  now = 9000
  routes = [inKernel[0]!, { ...inKernel[7]!, type: 'blackhole' }]
  t.strictSame((await read(254)).slice(3).map(line), [
    '0.0.0.0/0 kernel [0/100] 9',
    '172.22.0.0/16 kernel [0/0] 0',
  ])
  routes = []
  t.strictSame((await read(1001, 'red')).map(line), ['10.0.4.0/24 connected [0/0] 0'])
  t.strictSame(await read(1002), [], 'no device is in a table that is none of a VRF')
  t.strictSame(asked, [254, 254, 1001, 1002])
})

t.test('text, as zebra has it', async (t) => {
  const of = onKernel()
  const text = await answer('show ip route', of)
  t.match(text, /^Codes: K - kernel route/)
  t.strictSame(text.split('\n').slice(7, -1), [
    'K>* 0.0.0.0/0 [0/100] via 10.0.1.1, eth0, src 10.0.1.133, 00:00:00',
    'O   10.0.1.0/24 [110/1] is directly connected, eth0, weight 1, 00:00:12',
    'C>* 10.0.1.0/24 is directly connected, eth0, 00:00:00',
    'O   10.0.2.0/30 [110/10] is directly connected, eth1, weight 1, 00:00:12',
    'C>* 10.0.2.0/30 is directly connected, eth1, 00:00:00',
    'C>* 10.9.9.1/32 is directly connected, lo, 00:00:00',
    'O>* 10.9.9.9/32 [110/1] via 10.0.1.136, eth0, weight 1, 00:00:12',
    'O   172.17.0.0/16 [110/20] via 10.0.1.136, eth0, weight 1, 00:00:12',
    'K>* 172.17.0.0/16 [0/5] via 10.0.1.9, eth0, 00:00:00',
    'S>* 172.20.0.0/16 [1/0] via 10.0.1.7, eth0, weight 1, 00:00:00',
    'S>* 172.21.0.0/16 [200/0] via 10.0.1.7, eth0, weight 1, 00:00:00',
    'K>* 172.22.0.0/16 [0/0] unreachable (ICMP unreachable), 00:00:00',
    'B>* 172.23.0.0/16 [20/20] via 10.0.1.7, eth0, weight 2, 00:00:00',
    '  *                       via 10.0.1.8, eth0, weight 3, 00:00:00',
  ])
  t.match(await answer('show ip route', of), /^C>\* 10\.9\.9\.1\/32 .* 00:00:05$/m, 'it ages')
  const shown = async (command: string): Promise<string[]> =>
    (await answer(command, of)).match(/^[A-Z][> ][* ] \S+/gm) ?? []
  t.strictSame(await shown('show ip route connected'), [
    'C>* 10.0.1.0/24',
    'C>* 10.0.2.0/30',
    'C>* 10.9.9.1/32',
  ])
  t.strictSame(await shown('show ip route static'), ['S>* 172.20.0.0/16', 'S>* 172.21.0.0/16'])
  t.strictSame(await shown('sh ip ro k'), [
    'K>* 0.0.0.0/0',
    'K>* 172.17.0.0/16',
    'K>* 172.22.0.0/16',
  ])
  t.strictSame(await shown('show ip route 172.20.0.0/14 longer-prefixes static'), [
    'S>* 172.20.0.0/16',
    'S>* 172.21.0.0/16',
  ])
  t.strictSame((await shown('show ip route ospf')).slice(2), [
    'O>* 10.9.9.9/32',
    'O   172.17.0.0/16',
  ])
  t.equal(
    await answer('show ip route 10.0.2.2', of),
    [
      'Routing entry for 10.0.2.0/30',
      '  Known via "ospf", distance 110, metric 10',
      '  Last update 00:00:12 ago',
      '    directly connected, eth1, weight 1',
      '',
      'Routing entry for 10.0.2.0/30',
      '  Known via "connected", distance 0, metric 0, best',
      '  Last update 00:00:35 ago',
      '  * directly connected, eth1',
      '',
      '',
      '',
    ].join('\n'),
  )
  t.match(await answer('show ip route 8.8.8.8', of), /^Routing entry for 0\.0\.0\.0\/0\n.*"kernel"/)
  t.match(await answer('show ip route 172.22.0.0/16', of), /^ {2}\* unreachable \(ICMP unreach/m)
  t.equal(await answer('show ip route 172.16.0.0/12', of), '% Network not in table\n')
})

t.test('a route of ours that the kernel has not is selected, and is not in the FIB', async (t) => {
  const of = onKernel([])
  t.match(await answer('show ip route ospf', of), /^O> {2}10\.9\.9\.9\/32 /m)
  const found = JSON.parse(await answer('show ip route ospf json', of))['10.9.9.9/32'][0]
  t.match(found, { selected: true, internalStatus: 0, internalFlags: 8 })
  t.notOk('installed' in found || 'fib' in found.nexthops[0])
})

t.test('a discard route of ours leads nowhere, in words', async (t) => {
  const of = operated()
  const [one] = of.speaker.routes()
  const hole = { ...one!, prefix: '10.8.0.0/16', nextHops: [], discard: true as const }
  const speaker = { ...of.speaker, routes: () => [hole] }
  t.match(
    await answer('show ip route', { ...of, speaker }),
    /^O>\* 10\.8\.0\.0\/16 \[110\/1\] unreachable \(blackhole\), weight 1, 00:00:12$/m,
  )
})

t.test('a group of somebody else that the kernel does not spell out', async (t) => {
  const of = onKernel([kernelRoute('172.24.0.0/16', 3, [])])
  t.match(
    await answer('show ip route kernel', of),
    /^K>\* 172\.24\.0\.0\/16 \[0\/0\] is directly connected, unknown, 00:00:00$/m,
  )
})

t.test('JSON has the keys of zebra', async (t) => {
  const found = JSON.parse(await answer('show ip route json', onKernel())) as IpRouteDocument
  const one = (prefix: string, at = 0): unknown => found[prefix]?.[at]
  t.strictSame(one('10.0.2.0/30', 1), {
    prefix: '10.0.2.0/30',
    prefixLen: 30,
    protocol: 'connected',
    vrfId: 0,
    vrfName: 'default',
    selected: true,
    destSelected: true,
    distance: 0,
    metric: 0,
    installed: true,
    table: 254,
    internalStatus: 16,
    internalFlags: 8,
    internalNextHopNum: 1,
    internalNextHopActiveNum: 1,
    uptime: '00:00:00',
    nexthops: [
      {
        flags: 3,
        fib: true,
        directlyConnected: true,
        interfaceIndex: 3,
        interfaceName: 'eth1',
        active: true,
      },
    ],
  })
  t.match(one('172.22.0.0/16'), {
    protocol: 'kernel',
    nexthops: [{ flags: 3, fib: true, unreachable: true, reject: true, active: true }],
  })
  t.match(one('172.20.0.0/16'), { protocol: 'static', distance: 1, internalFlags: 73 })
  t.match(one('0.0.0.0/0'), { nexthops: [{ ip: '10.0.1.1', afi: 'ipv4', source: '10.0.1.133' }] })
})

t.test('how many there are', async (t) => {
  const of = onKernel()
  t.equal(
    await answer('show ip route summary', of),
    [
      'Route Source         Routes               FIB  (vrf default)',
      'kernel               3                    3                    ',
      'connected            3                    3                    ',
      'static               2                    2                    ',
      'ospf                 4                    1                    ',
      'bgp                  1                    1                    ',
      '------',
      'Totals               13                   10                   ',
      '',
      '',
    ].join('\n'),
  )
  const summary = {
    routes: [
      { fib: 3, rib: 3, fibOffLoaded: 0, fibTrapped: 0, type: 'kernel' },
      { fib: 3, rib: 3, fibOffLoaded: 0, fibTrapped: 0, type: 'connected' },
      { fib: 2, rib: 2, fibOffLoaded: 0, fibTrapped: 0, type: 'static' },
      { fib: 1, rib: 4, fibOffLoaded: 0, fibTrapped: 0, type: 'ospf' },
      { fib: 1, rib: 1, fibOffLoaded: 0, fibTrapped: 0, type: 'bgp' },
    ],
    routesTotal: 13,
    routesTotalFib: 10,
  }
  t.strictSame(JSON.parse(await answer('show ip route summary json', of)), summary)
  t.strictSame(JSON.parse(await answer('show ip route vrf all summary json', of)), {
    default: summary,
  })
})

t.test('more than can be shown at once is refused, but for a prefix', async (t) => {
  const many = Array.from({ length: 20_001 }, (_, i) =>
    kernelRoute(`${11 + (i >>> 16)}.${(i >>> 8) & 255}.${i & 255}.0/24`, 186, [via('10.0.1.7')]),
  )
  const of = onKernel(many)
  await t.rejects(
    answer('show ip route', of),
    new AnswerError(422, '20006 routes are too many to show at once: ask for a prefix'),
  )
  t.match(await answer('show ip route 11.9.1.9', of), /^Routing entry for 11\.9\.1\.0\/24\n/)
})

t.test('with a VRF named', async (t) => {
  const of = operated()
  const ask = async (command: string): Promise<unknown> => JSON.parse(await answer(command, of))
  const named = { vrfName: 'default', vrfId: 0 }
  for (const rest of [
    '',
    ' neighbor',
    ' neighbor all',
    ' neighbor eth0',
    ' neighbor 10.0.1.136 detail',
    ' interface',
    ' interface traffic',
    ' database',
    ' database router 10.0.1.133',
    ' database external adv-router 10.0.1.133',
    ' route',
    ' border-routers',
  ]) {
    const plain = (await ask(`show ip ospf${rest} json`)) as object
    const framed = { default: { ...named, ...plain } }
    t.strictSame(await ask(`show ip ospf vrf all${rest} json`), framed, rest)
    t.strictSame(await ask(`show ip ospf vrf default${rest} json`), framed, rest)
    const text = await answer(`show ip ospf${rest}`, of)
    t.equal(await answer(`show ip ospf vrf all${rest}`, of), `VRF Name: default\n${text}`)
  }
  await t.rejects(
    answer('show ip ospf vrf blue neighbor', of),
    new AnswerError(422, 'OSPF is not enabled in vrf blue: this speaker is in default'),
  )
  const options = { ...of.options, installRoutes: { vrf: 'eth7' } }
  const document = JSON.parse(
    await answer('show ip ospf vrf all interface json', { ...of, options }),
  )
  t.match(document, { eth7: { vrfName: 'eth7', vrfId: 9, interfaces: { eth0: {} } } })
})
