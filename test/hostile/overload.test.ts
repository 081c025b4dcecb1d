/** More than there is room or time for: memory stays bounded, Hellos leave on time, and afterwards all is as before. */
import t from 'tap'
import type { RouteChange } from '../../lib/core/io.ts'
import { OspfError } from '../../lib/errors.ts'
import type { RouteSink } from '../../lib/ports.ts'
import { OspfSpeaker } from '../../lib/speaker.ts'
import type { RawLsa } from '../../lib/wire/lsa.ts'
import { again, Bench, firstSequence, ip, madeUp, Peer, segment, us } from '../core/bench.ts'
import { director, lan, only, running, stateOf } from '../world.ts'

const many = (count: number, from = 0): RawLsa[] =>
  Array.from({ length: count }, (_, i) => madeUp(ip('20.0.0.0') + from + i))

/** Milliseconds of processor that `work` took. */
function cost(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** Octets of memory in use: with --expose-gc, of what is still needed. */
const { gc } = globalThis
const heap = (): number => {
  gc?.()
  return process.memoryUsage().heapUsed
}

const theirs = (bench: Bench): string[] =>
  bench.router
    .database(bench.now * 1000)
    .filter(({ own }) => !own)
    .map(({ lsa }) => String(lsa.header.lsId - ip('20.0.0.0')))

/** The LSAs of a neighbor, which answers requests out of them as a router does. */
class Librarian extends Peer {
  override hear(sent: Parameters<Peer['hear']>[0]): void {
    super.hear(sent)
    const { body, destination } = sent
    if (body.kind !== 'ls-request' || destination !== this.address || this.state === 'Down') return
    this.asked.push(...body.requests.map(({ lsId }) => lsId))
  }

  readonly asked: number[] = []

  /** Answers what it was asked for. @returns how many LSAs it sent */
  answer(): number {
    const lsas = this.asked
      .splice(0)
      .flatMap((id) => this.database.filter(({ header }) => header.lsId === id))
    for (let i = 0; i < lsas.length; i += 20) this.update(...lsas.slice(i, i + 20))
    return lsas.length
  }
}

/** A router with room for 10 LSAs, Full with a neighbor that has 30. */
function full(): { bench: Bench; peer: Librarian } {
  const bench = new Bench({ limits: { lsas: 10 } })
  bench.up({ network: 'point-to-point' })
  const database = Array.from({ length: 30 }, (_, i) => madeUp(ip('20.0.0.0') + i))
  const peer = new Librarian(bench, { database })
  peer.acknowledges = true
  peer.to('Full')
  peer.alive()
  peer.asked.length = 0
  bench.run(10)
  return { bench, peer }
}

t.test(
  'an LSDB at its cap: what was left out of the exchange is asked for as soon as there is room',
  async (t) => {
    const { bench, peer } = full()
    const before = theirs(bench)
    t.equal(before.length, 9, 'and one of our own')
    t.equal(peer.asked.length, 0, 'there is no room to ask for anything')
    // five routers leave the network
    for (const lsa of peer.database.slice(0, 5))
      peer.update(again(lsa, { age: 3600, sequence: firstSequence }))
    peer.database.splice(0, 5)
    let answered = 0
    for (let i = 0; i < 30; i++) {
      bench.run(1)
      answered += peer.answer()
    }
    const after = theirs(bench)
    t.equal(after.length, 9)
    t.ok(after.every((id) => Number(id) >= 5))
    t.equal(answered, 5, 'asked for what there was room for, once')
    t.equal(peer.state, 'Full')
  },
)

t.test('a limit that is raised', async (t) => {
  const { bench, peer } = full()
  bench.config({ type: 'limits', limits: { ...bench.router.limits, lsas: 100 } })
  for (let i = 0; i < 5; i++) {
    bench.run(1)
    peer.answer()
  }
  t.equal(theirs(bench).length, 30)
  t.equal(bench.router.refused.size, 0)
  bench.forget()
  bench.run(30)
  t.equal(bench.packets('ls-request').length, 0, 'and there is nothing more to ask for')
})

t.test(
  'what ended meanwhile is not asked for, nor is one that is no neighbor any more',
  async (t) => {
    const { bench, peer } = full()
    t.equal(bench.router.refused.size, 21)
    const left = peer.database.filter(({ header }) => bench.entry(header) === undefined)
    for (const lsa of left.slice(0, 20))
      peer.update(again(lsa, { age: 3600, sequence: firstSequence }))
    t.equal(bench.router.refused.size, 1)
    peer.helloAt = Number.POSITIVE_INFINITY
    bench.run(45)
    t.equal(peer.state, 'Down')
    t.equal(bench.router.refused.size, 0)
  },
)

t.test('what is flooded to a full database is not acknowledged, so it comes again', async (t) => {
  const { bench, peer } = full()
  bench.forget()
  const late = madeUp(ip('20.0.1.0'))
  peer.update(late)
  bench.run(2)
  t.same(bench.acks(), [])
  for (const lsa of peer.database.slice(0, 5))
    peer.update(again(lsa, { age: 3600, sequence: firstSequence }))
  // their end is remembered a while
  bench.run(15)
  // retransmitted
  peer.update(late)
  bench.run(2)
  t.ok(bench.entry(late.header))
  t.ok(bench.acks().some((text) => text.includes('20.0.1.0')))
})

t.test('200 neighbors on a segment', async (t) => {
  const { bench, peers } = segment('DR', { limits: { exchanging: 500 } }, 198)
  t.equal(peers.length, 199)
  bench.run(40)
  const states = (): string[] => [...new Set(peers.map(({ state }) => state))]
  t.same(states(), ['Full'])
  for (const peer of peers) peer.acknowledges = true
  bench.forget()
  const from = bench.now
  const spent = cost(() => bench.run(100))
  const hellos = bench.packets('hello')
  t.equal(hellos.length, 10)
  t.ok(hellos.every(({ at }, i) => i === 0 || at - hellos[i - 1]!.at === 10))
  t.comment(
    `${spent.toFixed(0)} ms of processor for 100 s, ${hellos[0]!.bytes.length} octets a Hello`,
  )
  t.ok(spent < 20_000, 'a fifth of a core at worst')
  t.ok(bench.now - from === 100)
  // an LSA of each of them to all the others
  bench.forget()
  const flood = cost(() => {
    // what the Backup says, all hear from itself
    for (const [i, peer] of peers.slice(1).entries()) peer.update(madeUp(ip('20.0.0.0') + i))
    bench.run(1)
    for (const peer of peers) peer.acknowledge()
    bench.run(9)
  })
  t.ok(theirs(bench).length >= 198)
  t.comment(`${flood.toFixed(0)} ms for an LSA of each`)
  t.equal(bench.updates().length, peers.length - 1, 'each once, to all of them')
  // all of them go, and come again
  for (const peer of peers) peer.helloAt = Number.POSITIVE_INFINITY
  bench.run(45)
  t.same(states(), ['Down'])
  t.equal(bench.iface().neighbors.size, 0)
  t.same(
    [...bench.router.scopes()].map(({ lsdb }) =>
      [...lsdb].some(({ retransmitting }) => retransmitting > 0),
    ),
    [...bench.router.scopes()].map(() => false),
    'nothing waits for them',
  )
})

t.test('1,000 changed LSAs a second for ten seconds', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  bench.up(
    { name: 'eth1', network: 'point-to-point', helloInterval: 1, deadInterval: 4 },
    { address: ip('10.0.1.1') },
  )
  const other = new Peer(bench, { interface: 'eth1', address: ip('10.0.1.2') }).alive().to('Full')
  other.acknowledges = true
  const peer = peers[0]!
  peer.acknowledges = true
  const lsas = Array.from({ length: 1000 }, (_, i) => madeUp(ip('20.0.0.0') + i))
  const churn = (round: number): void => {
    for (let i = 0; i < lsas.length; i += 25) {
      const some = lsas.slice(i, i + 25)
      peer.update(...some.map((lsa) => again(lsa, { sequence: firstSequence + round })))
      other.acknowledge()
      bench.run(1.1 / 40)
    }
  }
  churn(0)
  bench.run(5)
  bench.forget()
  // its records, not the router's
  const shed = (): void => {
    bench.inputs.length = 0
    bench.outputs.length = 0
  }
  shed()
  const before = heap()
  const from = bench.now
  let hellos = 0
  let longest = 0
  let last = from
  const spent = cost(() => {
    for (let round = 1; round <= 10; round++) {
      churn(round)
      for (const { at, interface: iface } of bench.packets('hello')) {
        if (iface !== 'eth1') continue
        hellos++
        longest = Math.max(longest, at - last)
        last = at
      }
      bench.forget()
      shed()
    }
  })
  const took = bench.now - from
  bench.run(10)
  other.acknowledge()
  t.ok(hellos >= 10)
  t.ok(longest <= 1.1, `${longest} s between Hellos`)
  t.equal(bench.dropped('lsa-min-arrival'), 0)
  t.equal(bench.dropped('rate'), 0)
  t.ok(lsas.every(({ header }) => bench.entry(header)!.lsa.header.sequence === firstSequence + 10))
  t.equal(other.neighbor!.retransmissions.size, 0)
  bench.forget()
  shed()
  const grown = heap() - before
  t.comment(
    `${spent.toFixed(0)} ms of processor for ${took.toFixed(1)} s; memory ${(grown / 1024).toFixed(0)} kB more`,
  )
  t.ok(spent < 1000 * took, 'it keeps up')
})

t.test('a neighbor that never acknowledges', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  bench.up({ name: 'eth1', network: 'point-to-point' }, { address: ip('10.0.1.1') })
  const deaf = new Peer(bench, { interface: 'eth1', address: ip('10.0.1.2') }).alive().to('Full')
  const peer = peers[0]!
  peer.acknowledges = true
  const lsas = many(2000)
  for (let i = 0; i < lsas.length; i += 25) {
    peer.update(...lsas.slice(i, i + 25))
    bench.run(0.01)
  }
  bench.run(30)
  const database = bench.router.database(bench.now * 1000).length
  t.ok(deaf.neighbor!.retransmissions.size <= database)
  t.ok(deaf.neighbor!.retransmissions.size >= 2000)
  bench.forget()
  bench.inputs.length = 0
  bench.outputs.length = 0
  const spent = cost(() => bench.run(60))
  const packets = bench.packets('ls-update').filter((s) => s.interface === 'eth1')
  const octets = packets.reduce((sum, { bytes }) => sum + bytes.length, 0)
  t.comment(
    `${packets.length} packets, ${octets} octets in 60 s, ${spent.toFixed(0)} ms of processor`,
  )
  // at most the whole of it every RxmtInterval
  t.ok(octets <= 12.5 * database * 60)
  const hellos = bench.packets('hello').filter((s) => s.interface === 'eth1')
  t.ok(hellos.length >= 6)
  t.equal(deaf.state, 'Full', 'RFC 2328 has no end to it')
  // in the end it does
  deaf.acknowledges = true
  bench.run(30)
  deaf.acknowledge()
  bench.run(1)
  t.equal(deaf.neighbor!.retransmissions.size, 0)
  t.ok(bench.ownRouterLsa()?.lsa.header.advertisingRouter === us)
})

t.test('a socket that refuses to send', async (t) => {
  const { speaker, events, world, run, until } = await running()
  const refusals = [
    ['224.0.0.5', 'ENOBUFS', 'No buffer space available'],
    ['10.0.1.2', 'ENOBUFS', 'No buffer space available'],
    ['10.0.1.2', 'EPERM', 'Operation not permitted'],
  ] as const
  events.length = 0
  for (let i = 0; i < 300; i++) {
    const [to, errno, text] = refusals[i % 3]!
    const error = new OspfError('ERR_OSPF_KERNEL', `sending to ${to} on eth0: ${text}`, { errno })
    world.sockets.get('eth0')!.fail(error)
    await run(0.1)
  }
  const said = only(events, 'error').map(({ error }) => error.message)
  t.equal(said.length, 3, `said once each, not ${said.length} times`)
  t.equal(stateOf(speaker), 'Full', 'nothing is torn down for it')
  await run(61)
  world.sockets
    .get('eth0')!
    .fail(new OspfError('ERR_OSPF_KERNEL', `sending to 10.0.1.2 on eth0: ${refusals[2][2]}`))
  await run(0.1)
  const last = only(events, 'error').at(-1)
  t.equal(last?.repeated, 99, 'and after a minute again, with how often it was')
  await until(speaker.stop())
})

t.test('netlink that answers late: nothing waits for it', async (t) => {
  const { net, host, world, peer, run, until } = lan()
  // what the speaker wants done; the kernel comes to it when the test says so
  const wishes: (readonly RouteChange[])[] = []
  let isDone = Promise.resolve()
  let done = (): void => {}
  const { routes } = world
  const late: RouteSink = {
    apply: (changes) => void wishes.push(changes),
    settled: () => isDone,
    [Symbol.asyncDispose]: async () => {
      await isDone
      await routes[Symbol.asyncDispose]()
    },
  }
  Object.assign(world, { routes: late })
  const speaker = await OspfSpeaker.start(director({ installRoutes: true }), world)
  const catchUp = (): void => {
    for (const changes of wishes.splice(0)) routes.apply(changes)
  }
  peer.announce('10.77.0.0/16')
  await run(6)
  catchUp()
  t.ok(host.fib.has('10.77.0.0/16'))

  isDone = new Promise((resolve) => {
    done = resolve
  })
  const hellos: number[] = []
  net.tap(({ at, from, bytes }) => {
    if (from.node === host && bytes[1] === 1) hellos.push(at)
  })
  speaker.announce('10.0.1.100/32')
  for (let i = 0; i < 20; i++) {
    if (i % 2 === 0) peer.withdraw('10.77.0.0/16')
    else peer.announce('10.77.0.0/16')
    peer.announce(`10.78.${i}.0/24`)
    await run(1)
  }
  t.ok(wishes.length > 5, 'changes went on')
  t.ok(peer.fib.has('10.0.1.100/32'), 'what we announce is not held up')
  const gaps = hellos.slice(1).map((at, i) => at - hellos[i]!)
  t.ok(hellos.length >= 19 && Math.max(...gaps) <= 1100, `${Math.max(...gaps)} ms between Hellos`)
  t.equal(stateOf(speaker), 'Full')

  await run(10)
  catchUp()
  const kernel = [...host.fib].map(([prefix]) => prefix).sort()
  const wanted = speaker
    .routes()
    .filter(({ nextHops }) => nextHops.some(({ gateway }) => gateway !== undefined))
    .map(({ prefix }) => prefix)
  t.same(kernel, wanted.sort(), 'in the end the kernel has what is wanted')
  t.ok(kernel.includes('10.77.0.0/16') && kernel.includes('10.78.19.0/24'))
  // the end: said to the neighbors at once, and over when the kernel has answered
  let isOver = false
  const stopped = speaker.stop().then(() => {
    isOver = true
  })
  await run(10)
  t.notOk(peer.fib.has('10.0.1.100/32'))
  t.notOk(isOver)
  done()
  await until(stopped)
})
