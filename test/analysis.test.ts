/** Looking into the routes of a running speaker: what is behind them, why, what if, and what calculating them cost. */
import t from 'tap'
import { formatWhatIf, formatWhy } from '../lib/index.ts'
import { collect, only, running, vip } from './world.ts'

const far = '10.7.7.0/24'

t.test('routes() has the LSAs behind each route, and how long it has been so', async (t) => {
  const { speaker, net, peer, until } = await running()
  peer.announce(far, { cost: 4 })
  await net.runAsync(10)
  const route = speaker.routes().find(({ prefix }) => prefix === far)
  t.match(route, {
    pathType: 'intra-area',
    area: '0.0.0.0',
    lsas: [{ type: 1, lsId: peer.routerId, advertisingRouter: peer.routerId }],
  })
  t.ok(route!.age > 8 && route!.age <= 10, `${route!.age} s`)
  const { age } = route!
  peer.announce(far, { cost: 5 })
  await net.runAsync(6)
  t.ok(speaker.routes().find(({ prefix }) => prefix === far)!.age < age, 'another cost is news')
  for (const { prefix, lsas } of speaker.routes()) t.not(lsas.length, 0, prefix)
  await until(speaker.stop())
})

t.test('why: a route, an address, a VIP of our own, and nothing', async (t) => {
  const { speaker, net, peer, until } = await running()
  speaker.announce(vip)
  peer.announce(far, { cost: 4 })
  peer.announce('10.7.0.0/16')
  await net.runAsync(10)
  const why = speaker.why(far)
  t.match(why, { prefix: far, covering: undefined, route: { prefix: far, cost: 14 } })
  t.match(why.candidates, [
    { chosen: true, cost: 14, reason: /^16\.1: /, lsa: { advertisingRouter: peer.routerId } },
  ])
  t.same(
    why.candidates[0]!.path.map(({ kind }) => kind),
    ['router', 'network', 'router'],
  )
  t.equal(speaker.why('10.7.7.9').prefix, far, 'an address means the route to it')
  t.equal(speaker.why('192.0.2.1').prefix, '192.0.2.1/32')
  t.match(speaker.why('10.7.8.0/24'), {
    route: undefined,
    covering: { prefix: '10.7.0.0/16' },
    notes: ['no LSA advertises this prefix'],
  })
  t.match(speaker.why(vip).notes, ['an address of this router', 'announced here: up'])
  t.match(
    formatWhy(why),
    /^10\.7\.7\.0\/24: intra-area, area 0\.0\.0\.0, cost 14, via 10\.0\.1\.\d+ on eth0\n\* router-LSA/,
  )
  t.match(formatWhy(speaker.why('10.7.8.0/24')), /no route\n {2}packets take 10\.7\.0\.0\/16: /)
  for (const wrong of ['10.7.7.1/24', 'lb1', '', '10.7.7.0/33']) {
    t.throws(() => speaker.why(wrong), { code: 'ERR_OSPF_CONFIG' }, wrong)
  }
  t.throws(() => Object.assign(why.candidates[0]!, { cost: 1 }), 'it is frozen')
  await until(speaker.stop())
})

t.test('whatIf: nothing is done, and what cannot be is refused', async (t) => {
  const { speaker, net, peer, until } = await running()
  peer.announce(far, { cost: 4 })
  await net.runAsync(10)
  const before = JSON.stringify([speaker.database(), speaker.routes(), speaker.neighbors()])
  const down = speaker.whatIf({ type: 'router-down', router: peer.routerId })
  t.match(down, [{ prefix: far, what: 'removed', moves: true, after: undefined }])
  t.match(formatWhatIf(down), /^- 10\.7\.7\.0\/24: intra-area/)
  const dear = speaker.whatIf({ type: 'interface-cost', interface: 'eth0', cost: 9 })
  t.match(
    dear.find(({ prefix }) => prefix === far),
    { what: 'changed', moves: false, before: { cost: 14 }, after: { cost: 13 } },
  )
  t.match(formatWhatIf(dear), /^= .* cost 14, .* cost 13, .*changed/m)
  const gone = { type: 'withdraw', router: peer.routerId, prefix: far } as const
  t.match(speaker.whatIf(gone), [{ prefix: far, what: 'removed' }])
  t.equal(formatWhatIf(speaker.whatIf([])), 'no route would be different')
  t.same(speaker.whatIf({ type: 'drain' }), [], 'who announces only is drained already')
  t.equal(JSON.stringify([speaker.database(), speaker.routes(), speaker.neighbors()]), before)

  const refused: [change: object, message: RegExp][] = [
    [{ type: 'storm' }, /type: expected one of link-cost, .* got 'storm'/],
    [{ type: 'drain', rooter: '1.1.1.1' }, /unknown option 'rooter'/],
    [{ type: 'drain', router: 'nobody' }, /router: expected an IPv4 address, got 'nobody'/],
    [{ type: 'drain', router: '9.9.9.9' }, /whatIf: no such router/],
    [{ type: 'drain', includeStub: 1 }, /includeStub: expected true or false/],
    [{ type: 'link-cost', address: '10.0.1.1', cost: 70_000 }, /cost: expected a whole number/],
    [{ type: 'link-down' }, /expected either neighbor or address/],
    [{ type: 'link-down', neighbor: '9.9.9.9' }, /no link between these routers/],
    [{ type: 'interface-down', interface: 'eth9' }, /no such interface/],
    [{ type: 'withdraw', prefix: '10.0.0.1/8' }, /prefix without host bits/],
    [{ type: 'withdraw', prefix: '10.0.0.0/8' }, /advertises no such prefix/],
  ]
  for (const [change, message] of refused) {
    const ask = (): unknown => speaker.whatIf(change as { type: 'drain' })
    t.throws(ask, { code: 'ERR_OSPF_CONFIG', message }, JSON.stringify(change))
  }
  await until(speaker.stop())
})

t.test('spf(): the latest calculations, with reason, extent and duration', async (t) => {
  const { speaker, net, peer, until } = await running()
  const events = collect(speaker)
  await net.runAsync(5)
  t.ok(speaker.spf().some(({ what, vertices }) => what === 'tree' && vertices >= 3))
  const seen = speaker.spf().length
  peer.announce(far, { cost: 4 })
  await net.runAsync(5)
  const runs = speaker.spf().slice(seen)
  t.match(runs, [
    {
      what: 'networks',
      areas: [],
      networks: 1,
      routes: 1,
      reasons: [`router-LSA of ${peer.routerId}`],
      moreReasons: 0,
      // virtual time stands still meanwhile
      durationMs: 0,
    },
  ])
  t.equal(runs.length, 1, 'and no tree')
  t.ok(net.clock.wall() - runs[0]!.time <= 5000)
  t.ok(only(events, 'spf').length >= speaker.spf().length - seen)
  for (let i = 0; i < 130; i++) {
    peer.announce(far, { cost: i })
    await net.runAsync(6)
  }
  t.equal(speaker.spf().length, 100, 'no more than the last hundred')
  t.equal(speaker.spf().at(-1)!.what, 'networks')
  await until(speaker.stop())
})
