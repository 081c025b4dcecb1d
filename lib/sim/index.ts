/**
 * `ospf-speaker/sim`: OSPF networks in memory, under a virtual clock, from a seed. No root, no sockets, no waiting: an
 * hour of protocol takes a fraction of a second, and the same seed gives the same packets.
 *
 * Two routers and a VIP:
 * ```ts
 * const net = new Network({ seed: 42 })
 * const r1 = net.router('r1')
 * const r2 = net.router('r2')
 * net.link(r1, r2, { helloInterval: 1, cost: 5 })
 * r1.announce('10.0.1.100/32')
 * net.run(10)
 * r2.fib.get('10.0.1.100/32')?.nextHops // [{ interface: 'eth0', gateway: 0x0a800001 }]
 * ```
 */

/**
 * IPVS, for tests of what a director does when servers fail.
 * ```ts
 * const ipvs = new MemoryIpvs()
 * const director = await Director.start({ ipvs, clock, services: [web] })
 * await clock.advanceAsync(10_000)
 * ipvs.lines() // ['tcp 10.0.1.100:80 wlc', '  10.0.2.1:80 dr 1']
 * ipvs.flush() // somebody runs ipvsadm -C
 * ```
 */
export { type IpvsCall, MemoryIpvs, type MemoryIpvsOptions } from '../lvs/memory.ts'
/**
 * What ought to hold, as complaints in words.
 * ```ts
 * t.same(settled(net), [])
 * ```
 */
export {
  equalDatabases,
  noForwardingLoop,
  noHalfAdjacency,
  retransmissionListsEmpty,
  routesEqualOracle,
  settled,
} from './check.ts'
/**
 * Time, for tests of gates and policies too.
 * ```ts
 * const clock = new VirtualClock()
 * clock.setTimer(5000, () => console.log('5 s later'))
 * clock.advance(5000)
 * ```
 */
export { ClockEvent, VirtualClock } from './clock.ts'
/** A router's routes as its kernel has them: `r1.fib.get('10.0.1.0/24')`, `r1.fib.lookup(address)`. */
export { Fib } from './fib.ts'
/**
 * Which machine do connections reach?
 * ```ts
 * tally(net.connections(client, '10.0.1.100', 1000)) // Map { 'lb1' => 503, 'lb2' => 497 }
 * ```
 */
export { type Connection, type Flow, flowHash, hopOf, tally } from './forward.ts'
/**
 * A machine for a whole speaker, or for a client.
 * ```ts
 * const lb1 = net.host('lb1')
 * net.attach(lan, lb1)
 * const speaker = await OspfSpeaker.start(config, lb1.ports)
 * await net.runAsync(10)
 * ```
 */
export { SimHost, type SimPorts } from './host.ts'
/**
 * Packets as they leave an interface.
 * ```ts
 * using tap = net.tap(({ at, from, bytes }) => console.log(at, from.node.name, bytes.length))
 * ```
 */
export {
  Attachment,
  type Conditions,
  Segment,
  type TappedPacket,
  type TrafficCounters,
} from './medium.ts'
/**
 * The network and its parts.
 * ```ts
 * const lan = net.segment('lan', '10.0.1.0/24', [r1, { node: r2, priority: 10 }, r3], { helloInterval: 1 })
 * lan.set({ loss: 0.2, duplication: 0.05, jitter: 0.01 })
 * lan.of(r3)?.down({ silent: true }) // the switch keeps the carrier: nobody is told
 * net.partition([[r1], [r2, r3]])
 * net.heal()
 * const passed = net.runUntil(() => r3.fib.has('10.0.9.0/24'), 60) // at most 60 seconds
 * ```
 */
export { type Member, Network, type NetworkOptions, type SegmentOptions } from './network.ts'
export { type Freeze, SimNode } from './node.ts'
/** What the routes ought to be, from the description of the network alone: `oracleRoutes(net).get(r1)`. */
export { type OracleRoute, oracleRoutes } from './oracle.ts'
/**
 * Chance from a seed.
 * ```ts
 * const random = new Random(7)
 * random.pick(net.routers).crash()
 * ```
 */
export { Random } from './random.ts'
/**
 * Routes in a machine's kernel that are not OSPF's, to be redistributed.
 * ```ts
 * lb1.table.set('172.16.0.0/16', { gateway: 0x0a000001 })
 * lb1.table.delete('172.16.0.0/16')
 * ```
 */
export { type SimRoute, SimRouteTable } from './route-table.ts'
/**
 * A router, and what can befall it.
 * ```ts
 * r1.neighbors() // as the core says it
 * r1.crash()
 * r1.restart() // the same Router ID, with nothing remembered
 * r1.freeze() // a suspended machine; 'stalled' is a blocked process
 * net.run(60)
 * r1.thaw()
 * ```
 */
export { type CoreOptions, type CoreRouter, type RecordedEvent, SimRouter } from './router.ts'
/**
 * Faults as data: drawn from a seed, played while safety is checked, mended, and cut down to the few that it takes.
 * ```ts
 * const story = { build, faults: drawFaults(build(), new Random(7), 40), limit: 60 }
 * const { complaints, convergence } = play(story)
 * if (complaints.length > 0) for (const fault of shorten(story).faults) console.log(formatFault(fault))
 * ```
 */
export {
  befall,
  drawFaults,
  type Ending,
  type Fault,
  formatFault,
  mend,
  play,
  Safety,
  type Story,
  shorten,
} from './story.ts'
/**
 * Networks from a few lines of text, or from a map in GML.
 * ```ts
 * readTopology(net, 'router r1\nrouter r2\nlink r1 r2 cost=5\nannounce r2 10.0.9.9/32')
 * ```
 */
export { readGml, readTopology } from './topology.ts'
