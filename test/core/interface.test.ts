import t from 'tap'
import type { NeighborState } from '../../lib/core/states.ts'
import { Random } from '../../lib/sim/random.ts'
import { formatIpv4 } from '../../lib/wire/address.ts'
import { allDRouters, Bench, ip, Peer, segment, us } from './bench.ts'

const host = (n: number): number => ip(`10.0.0.${n}`)

/** A router on a segment; it has waited, and then met others. */
function onLan(priority: number, ...others: { host: number; priority: number; id?: number }[]) {
  const bench = new Bench()
  const iface = bench.up({ priority })
  const peers = others.map(
    (o) =>
      new Peer(bench, {
        address: host(o.host),
        priority: o.priority,
        ...(o.id !== undefined && { routerId: o.id }),
      }),
  )
  const outcome = (): string[] => [
    iface.state,
    formatIpv4(iface.designatedRouter),
    formatIpv4(iface.backupDesignatedRouter),
  ]
  return { bench, iface, peers, outcome }
}

t.test('9.3, 9.4: alone on the network we wait, then are DR without a Backup', async (t) => {
  const { bench, iface, outcome } = onLan(1)
  t.equal(iface.state, 'Waiting')
  bench.run(39.999)
  t.equal(iface.state, 'Waiting', 'for RouterDeadInterval')
  bench.run(0.001)
  t.same(outcome(), ['DR', '10.0.0.1', '0.0.0.0'])
  t.match(bench.said('interface').at(-1), { was: 'Waiting', state: 'DR' })
  t.match(bench.said('designated-router'), [{ designatedRouter: '10.0.0.1' }])
})

t.test('9.1: a Wait Timer of its own, and while it runs', async (t) => {
  const bench = new Bench()
  const iface = bench.up({ waitInterval: 2 })
  bench.run(1.9)
  t.equal(iface.state, 'Waiting')
  bench.run(0.2)
  t.equal(iface.state, 'DR')
  const other = new Bench()
  const late = other.up({ waitInterval: 30 })
  other.run(5)
  other.config({ type: 'interface', config: { ...late.config, waitInterval: 6 } })
  other.run(0.9)
  t.equal(late.state, 'Waiting')
  other.run(0.2)
  t.equal(late.state, 'DR')
})

t.test('9.4: nobody is eligible, nobody is elected', async (t) => {
  const { bench, iface, peers, outcome } = onLan(0, { host: 2, priority: 0 })
  t.equal(iface.state, 'DROther', '9.3: priority 0 does not wait')
  peers[0]!.to('2-Way')
  bench.run(100)
  t.same(outcome(), ['DROther', '0.0.0.0', '0.0.0.0'])
})

t.test('9.4: routers that start together elect by Router Priority, then Router ID', async (t) => {
  const { bench, peers, outcome } = onLan(5, { host: 2, priority: 5 }, { host: 3, priority: 9 })
  for (const peer of peers) peer.alive().hello()
  bench.run(40)
  t.same(outcome(), ['DROther', '10.0.0.3', '10.0.0.3'], 'until the new DR says so itself')
  peers[0]!.backupDesignatedRouter = host(2)
  peers[1]!.designatedRouter = host(3)
  for (const peer of peers) peer.hello()
  t.same(outcome(), ['DROther', '10.0.0.3', '10.0.0.2'])
})

t.test('9.4 (2): the Router ID breaks ties, not the address', async (t) => {
  const { peers, outcome } = onLan(
    0,
    { host: 2, priority: 5, id: ip('9.9.9.9') },
    { host: 3, priority: 5, id: ip('1.1.1.1') },
  )
  for (const peer of peers) peer.hello()
  t.same(outcome(), ['DROther', '10.0.0.2', '10.0.0.2'])
})

t.test('9.4 (2): who declares itself Backup is chosen before a higher priority', async (t) => {
  const { peers, outcome } = onLan(
    0,
    { host: 2, priority: 1 },
    { host: 3, priority: 1 },
    { host: 4, priority: 200 },
  )
  peers[0]!.designatedRouter = host(2)
  peers[1]!.backupDesignatedRouter = host(3)
  for (const peer of peers) peer.hello()
  t.same(outcome(), ['DROther', '10.0.0.2', '10.0.0.3'], 'the newcomer disturbs nobody')
})

t.test('9.4 (2), (3): who declares itself both is DR alone', async (t) => {
  const { peers, outcome } = onLan(0, { host: 2, priority: 9 }, { host: 3, priority: 1 })
  peers[0]!.designatedRouter = host(2)
  peers[0]!.backupDesignatedRouter = host(2)
  for (const peer of peers) peer.hello()
  t.same(outcome(), ['DROther', '10.0.0.2', '10.0.0.3'])
})

t.test('9.4 (3): of two that declare themselves DR the one of higher priority is', async (t) => {
  const { peers, outcome } = onLan(0, { host: 2, priority: 9 }, { host: 3, priority: 8 })
  for (const peer of peers) {
    peer.designatedRouter = peer.address
    peer.hello()
  }
  t.same(outcome(), ['DROther', '10.0.0.2', '0.0.0.0'], 'and the other is not Backup either')
})

t.test('9.4 (4): newly DR, we are out of the race for Backup', async (t) => {
  const { bench, peers, outcome } = onLan(9, { host: 2, priority: 5 })
  peers[0]!.alive().hello()
  bench.run(40)
  t.same(outcome(), ['DR', '10.0.0.1', '10.0.0.2'])
})

t.test('9.4 (4): a Backup that loses the DR takes over, and a new Backup is found', async (t) => {
  const { bench, peers, outcome } = onLan(5, { host: 2, priority: 9 }, { host: 3, priority: 1 })
  const [dr, other] = peers
  dr!.designatedRouter = host(2)
  dr!.hello()
  t.same(outcome(), ['Backup', '10.0.0.2', '10.0.0.1'], '9.2: BackupSeen')
  other!.designatedRouter = host(2)
  other!.backupDesignatedRouter = us
  other!.alive().hello()
  bench.run(40)
  t.same(outcome(), ['DR', '10.0.0.1', '10.0.0.3'], 'the DR was not heard for RouterDeadInterval')
})

t.test('9.4 (4): a DR that meets a better DR steps down', async (t) => {
  const { bench, peers, outcome } = onLan(5, { host: 2, priority: 9 })
  bench.run(40)
  t.same(outcome(), ['DR', '10.0.0.1', '0.0.0.0'])
  peers[0]!.designatedRouter = host(2)
  peers[0]!.hello()
  t.same(outcome(), ['Backup', '10.0.0.2', '10.0.0.1'], 'two halves of a network have met')
})

t.test('9.4: our priority of 0 gives everything up', async (t) => {
  const { bench, dr: _, peers } = segment('DR')
  bench.config({ type: 'interface', config: { ...bench.iface().config, priority: 0 } })
  t.equal(bench.iface().state, 'DROther')
  t.equal(bench.iface().designatedRouter, peers[0]!.address, 'the Backup is next')
})

t.test('9.4 (7): a new Designated Router makes and breaks adjacencies', async (t) => {
  const { bench, dr, backup, others } = segment('DR')
  t.equal(dr, undefined)
  t.equal(others[0]!.state, 'Full')
  backup!.priority = 99
  backup!.designatedRouter = backup!.address
  backup!.backupDesignatedRouter = us
  backup!.hello()
  t.equal(bench.iface().state, 'Backup')
  t.equal(others[0]!.state, 'Full', 'as Backup we need everybody too')
  const another = new Peer(bench, { address: host(9), priority: 98 })
  another.backupDesignatedRouter = another.address
  another.designatedRouter = backup!.address
  another.hello()
  t.equal(bench.iface().state, 'DROther')
  t.equal(others[0]!.state, '2-Way', '10.4: the adjacency is not needed any more')
  t.equal(backup!.state, 'Full')
  t.equal(another.state, 'ExStart')
})

t.test('9.4: the election is that of the text, for random networks', async (t) => {
  const random = new Random('election')
  for (let round = 0; round < 3000; round++) {
    const bench = new Bench()
    const iface = bench.up({ priority: random.pick([0, 1, 1, 2, 200]) })
    const addresses = [us, ...Array.from({ length: random.int(5) }, (_, i) => host(2 + i))]
    const any = (): number => random.pick([0, ...addresses])
    const list: Candidate[] = [
      { id: us, address: us, priority: iface.priority, dr: any(), bdr: any() },
    ]
    for (const address of addresses.slice(1)) {
      const peer = new Peer(bench, { address, routerId: random.u32() })
      peer.to('Init')
      const state = random.pick<NeighborState>(['Init', '2-Way', 'Full'])
      const priority = random.pick([0, 1, 1, 2, 200])
      const [designatedRouter, backupDesignatedRouter] = [any(), any()]
      const said = { state, priority, designatedRouter, backupDesignatedRouter }
      Object.assign(peer.neighbor!, said)
      if (state === 'Init') continue
      const { routerId: id } = peer
      list.push({ id, address, priority, dr: designatedRouter, bdr: backupDesignatedRouter })
    }
    const self = list[0]!
    Object.assign(iface, { designatedRouter: self.dr, backupDesignatedRouter: self.bdr })
    const got = iface.elect()
    const expected = electByTheBook(self, list)
    const part = expected.dr === us ? 'DR' : expected.bdr === us ? 'Backup' : 'DROther'
    const actual = [got, iface.designatedRouter, iface.backupDesignatedRouter].join()
    if (actual !== [part, expected.dr, expected.bdr].join()) {
      t.fail(`round ${round}: ${actual}`, { list, expected })
    }
  }
  t.pass('3000 networks')
})

interface Candidate {
  readonly id: number
  readonly address: number
  readonly priority: number
  readonly dr: number
  readonly bdr: number
}

/** 9.4, sentence by sentence; `x` is the router doing the calculation, and on the list. */
function electByTheBook(
  x: Candidate,
  everybody: readonly Candidate[],
): { dr: number; bdr: number } {
  // "Discard all routers from the list that are ineligible"
  let list = everybody.filter((r) => r.priority !== 0)
  const highest = (routers: readonly Candidate[]): number =>
    [...routers].sort((a, b) => b.priority - a.priority || b.id - a.id)[0]?.address ?? 0
  const declaresDr = (r: Candidate): boolean => r.dr === r.address
  const declaresBdr = (r: Candidate): boolean => r.bdr === r.address
  const steps2and3 = (): { dr: number; bdr: number } => {
    // "Only those routers on the list that have not declared themselves to be Designated Router are eligible"
    const forBdr = list.filter((r) => !declaresDr(r))
    const bdr = forBdr.some(declaresBdr) ? highest(forBdr.filter(declaresBdr)) : highest(forBdr)
    // "If no routers have declared themselves Designated Router, assign [...] the newly elected Backup"
    const dr = list.some(declaresDr) ? highest(list.filter(declaresDr)) : bdr
    return { dr, bdr }
  }
  const first = steps2and3()
  const isNow = { dr: first.dr === x.address, bdr: first.bdr === x.address }
  if (isNow.dr === declaresDr(x) && isNow.bdr === declaresBdr(x)) return first
  // "repeat steps 2 and 3", with what X would now declare
  list = list.map((r) => (r === x ? { ...x, ...first } : r))
  return steps2and3()
}

t.test('9.2 BackupSeen: a Backup, or a DR that says there is none, ends the wait', async (t) => {
  const cases: [what: string, dr: number, bdr: number, ends: boolean][] = [
    ['nothing declared', 0, 0, false],
    ['declares itself Backup', host(3), host(2), true],
    ['declares itself DR, and no Backup', host(2), 0, true],
    ['declares itself DR, and another Backup', host(2), host(3), false],
    ['declares another DR', host(3), 0, false],
  ]
  for (const [what, dr, bdr, ends] of cases) {
    const { iface, peers } = onLan(1, { host: 2, priority: 1 })
    peers[0]!.hello({ designatedRouter: dr, backupDesignatedRouter: bdr, neighbors: [] })
    t.equal(iface.state, 'Waiting', `${what}, one way`)
    peers[0]!.hello({ designatedRouter: dr, backupDesignatedRouter: bdr })
    t.equal(iface.state !== 'Waiting', ends, what)
    t.equal(iface.waitTimer.armed, !ends, 'the Wait Timer runs just as long')
  }
})

t.test('9.5: AllDRouters is joined as DR or Backup, and left', async (t) => {
  const { bench, peers } = onLan(5, { host: 2, priority: 9 })
  bench.run(40)
  t.same(bench.memberships, [{ interface: 'eth0', group: allDRouters, join: true }])
  peers[0]!.designatedRouter = host(2)
  peers[0]!.hello()
  t.equal(bench.memberships.length, 1, 'from DR to Backup it stays joined')
  bench.unlink()
  t.same(bench.memberships.at(-1), { interface: 'eth0', group: allDRouters, join: false })
})

t.test('9.3 InterfaceDown: everything is reset, and no election is held on the way', async (t) => {
  for (const part of ['DR', 'Backup', 'DROther', 'Point-to-point'] as const) {
    const { bench, peers } = segment(part, {}, 2)
    const iface = bench.iface()
    bench.unlink()
    t.same(
      bench.said('interface').map((e) => [e.was, e.state]),
      [[part, 'Down']],
      `${part}: one step`,
    )
    t.same(
      bench.said('neighbor').map((e) => [e.state, e.reason]),
      peers.map(() => ['Down', 'KillNbr']),
    )
    t.same(
      bench.memberships.map((m) => m.join),
      part === 'DR' || part === 'Backup' ? [false] : [],
      `${part}: AllDRouters is left if it was joined`,
    )
    t.match(iface, { designatedRouter: 0, backupDesignatedRouter: 0 })
    t.equal(iface.neighbors.size, 0)
    t.notOk(iface.helloTimer.armed || iface.waitTimer.armed || iface.ackTimer.armed)
    bench.forget()
    bench.run(100)
    t.same(bench.packets('hello'), [], 'silence')
  }
})

t.test(
  '9.3 InterfaceDown: neighbors that go do not make us Backup or DR for a moment',
  async (t) => {
    const { bench, iface, peers } = onLan(1, { host: 2, priority: 9 }, { host: 3, priority: 5 })
    for (const peer of peers) {
      peer.designatedRouter = host(2)
      peer.backupDesignatedRouter = host(3)
      peer.hello()
    }
    t.equal(iface.state, 'DROther', 'and eligible')
    bench.forget()
    bench.unlink()
    t.same(bench.memberships, [], 'AllDRouters is not joined, or it would stay so')
    t.match(bench.said('interface'), [{ was: 'DROther', state: 'Down' }])
  },
)

t.test('an address that moves takes the interface down and up', async (t) => {
  const { bench } = segment('DR')
  bench.link('eth0', { address: host(77) })
  t.same(
    bench.said('interface').map((e) => e.state),
    ['Down', 'Waiting'],
  )
  t.equal(bench.iface().address, host(77))
  bench.link('eth0', { up: false })
  t.equal(bench.iface().state, 'Down')
  bench.link('eth0', { address: undefined })
  t.equal(bench.iface().state, 'Down', 'no address, no interface')
  bench.link('eth0', {})
  t.equal(bench.iface().state, 'Waiting')
})

t.test('a change of the link that is not of the address leaves everything up', async (t) => {
  const { bench, peers } = segment('DR')
  bench.link('eth0', { mtu: 9000 })
  t.same(bench.said('interface'), [])
  t.ok(peers.every((p) => p.state === 'Full'))
})
