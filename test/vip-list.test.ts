/** Many VIPs: ranges and lists behind one gate, stub links or LSAs of their own, several areas, and the bounds. */
import t from 'tap'
import { type AnnounceOptions, OspfSpeaker, type SpeakerOptions } from '../lib/index.ts'
import type { Network } from '../lib/sim/network.ts'
import type { SimRouter } from '../lib/sim/router.ts'
import { expandVips } from '../lib/vip-list.ts'
import { ROUTER_LSA_VIPS } from '../lib/vip-placement.ts'
import { formatPrefix } from '../lib/wire/address.ts'
import { collect, director, eth0, lan, only, running, settle, World } from './world.ts'

/** How a router has come to know our prefixes: path types by prefix, but for the segment's own. */
const learned = (router: SimRouter): Record<string, string> =>
  Object.fromEntries(
    router
      .routes()
      .filter(({ nextHops }) => nextHops.some(({ gateway }) => gateway !== undefined))
      .map(({ prefix, length, pathType, cost }) => [
        formatPrefix(prefix, length),
        `${pathType} ${cost}`,
      ]),
  )

const ourLsas = (speaker: OspfSpeaker, type: number): number =>
  speaker.database().filter((lsa) => lsa.type === type && lsa.own).length

t.test('what a list means', async (t) => {
  t.same(expandVips('10.0.1.100'), ['10.0.1.100/32'])
  t.same(expandVips('10.0.1.254-10.0.2.1'), [
    '10.0.1.254/32',
    '10.0.1.255/32',
    '10.0.2.0/32',
    '10.0.2.1/32',
  ])
  t.same(expandVips(['10.0.1.7 - 10.0.1.8', '10.0.1.96/28']), [
    '10.0.1.7/32',
    '10.0.1.8/32',
    '10.0.1.96/28',
  ])
  const refuses = (vips: unknown, message: string | RegExp): void => {
    t.throws(() => expandVips(vips as string), { code: 'ERR_OSPF_CONFIG', message })
  }
  refuses('10.0.1.9-10.0.1.8', /a range from an address to one that is no lower/)
  refuses('10.0.1.0/28-10.0.1.32/28', /a range from an address/)
  refuses('10.0.1.1-10.0.1.2-10.0.1.3', /^VIP: expected a prefix/)
  refuses('10.0.1.1-', /^VIP: expected a prefix/)
  refuses(['10.0.1.1', '10.0.1.0-10.0.1.3'], "VIPs: expected each of them once, got '10.0.1.1/32'")
  refuses([], /an address, a range/)
  refuses(undefined, /an address, a range/)
  refuses([7], /^VIP: expected a prefix/)
  refuses('10.0.0.0-10.255.255.255', /at most 10000 of them/)
})

t.test('a range: one gate, one data plane, one LSA, one handle', async (t) => {
  const { speaker, world, peer, run, until, events } = await running()
  let isHealthy = false
  let probes = 0
  const log: string[] = []
  const group = speaker.announceAll('10.0.1.100-10.0.1.120', {
    device: 'lo',
    cost: 3,
    when: async () => {
      probes++
      if (!isHealthy) throw new Error('sick')
    },
    prepare: async () => void log.push('prepare'),
    release: async () => void log.push('release'),
  })
  t.equal(group.announcements.length, 21)
  t.same([group.prefixes[0], group.prefixes.at(-1)], ['10.0.1.100/32', '10.0.1.120/32'])
  await run(5)
  t.same(group.states, { down: 21 })
  t.same(learned(peer), {})
  isHealthy = true
  await run(4)
  t.ok(probes <= 10, `${probes} probes in 9 s`)
  t.same(group.states, { up: 21 })
  t.equal(Object.keys(learned(peer)).length, 21)
  t.equal(learned(peer)['10.0.1.107/32'], 'intra-area 13')
  t.equal(world.added.size, 21)
  t.equal(ourLsas(speaker, 1), 1)
  const first = only(events, 'announcement-step').filter(({ step }) => step === 'announce')
  t.equal(new Set(first.map((step) => step.confirmation?.lsas[0])).size, 1, 'said together')
  group.setCost(7)
  await run(8)
  t.equal(learned(peer)['10.0.1.120/32'], 'intra-area 17')
  // one of them goes its own way
  await until(group.announcements[0]!.withdraw())
  t.same(log, ['prepare'])
  t.same(group.states, { withdrawn: 1, up: 20 })
  const drained = await until(group.drain())
  t.equal(drained['10.0.1.101/32']?.outcome, 'done')
  t.same(group.states, { withdrawn: 1, drained: 20 })
  t.same(learned(peer), {})
  group.undrain()
  await run(6)
  t.equal(Object.keys(learned(peer)).length, 20)
  const results = await until(group.withdraw())
  t.equal(Object.keys(results).length, 21)
  t.same(log, ['prepare', 'release'], 'once for all, and last')
  t.equal(world.added.size, 0)
  await until(speaker.stop())
})

t.test('verdicts of a plain generator reach all of them', async (t) => {
  const { speaker, run, until } = await running()
  async function* verdicts() {
    yield true
    await new Promise<void>((resolve) => setImmediate(resolve))
    yield false
    await new Promise(() => {})
  }
  const group = speaker.announceAll(['10.0.1.100', '10.0.1.101'], { when: verdicts() })
  await run(1)
  await settle()
  await run(1)
  t.same(group.states, { down: 2 })
  t.match(
    group.announcements.map((a) => a.reason),
    ['unhealthy', 'unhealthy'],
  )
  await until(speaker.stop())
})

t.test('maintenance of a plain generator is a drain, as of a single VIP', async (t) => {
  const { speaker, run, until, events } = await running()
  let begin = (): void => {}
  async function* verdicts() {
    yield true
    await new Promise<void>((resolve) => {
      begin = resolve
    })
    const evidence = { probe: 'disks', passed: false, times: 3, needed: 3 }
    yield { healthy: false, reason: 'disks', override: 'maintenance' as const, evidence }
    await new Promise(() => {})
  }
  const group = speaker.announceAll(['10.0.1.100', '10.0.1.101'], {
    when: verdicts(),
    onFail: 'keep',
  })
  await run(6)
  t.same(group.states, { up: 2 })
  begin()
  await settle()
  await run(6)
  t.same(group.states, { drained: 2 }, 'no policy applies to it')
  t.match(only(events, 'announcement').at(-1), { reason: 'disks' })
  await until(speaker.stop())
})

t.test('a data plane that takes longer than its time is released in the end', async (t) => {
  const { speaker, run, until, world } = await running()
  const log: string[] = []
  const group = speaker.announceAll('10.0.1.100-10.0.1.102', {
    prepare: () =>
      new Promise<void>((resolve) => {
        log.push('prepare')
        world.clock.setTimer(7000, resolve)
      }),
    release: () => void log.push('release'),
    times: { prepare: 5 },
  })
  await run(20)
  t.same(group.states, { up: 3 })
  await until(group.withdraw())
  t.same(log, ['prepare', 'release'])
  await until(speaker.stop())
})

t.test('all or none', async (t) => {
  const { speaker, peer, run, until } = await running()
  speaker.announce('10.0.1.105')
  t.throws(() => speaker.announceAll('10.0.1.100-10.0.1.110'), { code: 'ERR_OSPF_DUPLICATE' })
  t.throws(() => speaker.announceAll('10.0.1.1-10.0.1.3', { cost: -1 }), {
    code: 'ERR_OSPF_CONFIG',
  })
  t.same(
    speaker.announcements().map(({ prefix }) => prefix),
    ['10.0.1.105/32'],
  )
  await run(5)
  t.same(Object.keys(learned(peer)), ['10.0.1.105/32'])
  await until(speaker.stop())
  t.throws(() => speaker.announceAll('10.0.1.1-10.0.1.3'), { code: 'ERR_OSPF_STOPPED' })
})

t.test('one of the list is refused: those before it leave without a word', async (t) => {
  const { speaker, peer, run, until } = await running({
    originate: [{ action: 'permit', prefix: '10.0.1.0/24', ge: 24, le: 32 }],
  })
  t.throws(() => speaker.announceAll(['10.0.1.100', '10.0.9.1']), { code: 'ERR_OSPF_CONFIG' })
  t.same(speaker.announcements(), [])
  const { sequence } = speaker.database().find(({ type, own }) => type === 1 && own)!
  await run(8)
  t.equal(speaker.database().find(({ type, own }) => type === 1 && own)?.sequence, sequence)
  t.same(learned(peer), {})
  await until(speaker.stop())
})

t.test('a prefix is itself: one route, one address on lo', async (t) => {
  const { speaker, world, peer, run, until } = await running()
  const announcement = speaker.announce('10.0.9.96/28', { device: 'lo' })
  await run(5)
  t.equal(announcement.prefix, '10.0.9.96/28')
  t.same(learned(peer), { '10.0.9.96/28': 'intra-area 10' })
  t.same([...world.added], ['lo 10.0.9.96/28'])
  await until(announcement.withdraw())
  t.same(learned(peer), {})
  await until(speaker.stop())
})

t.test('above a number: LSAs of their own, and nobody is moved', async (t) => {
  const { speaker, peer, run, until } = await running({ vipsAsExternalAbove: 2 })
  const [one] = [speaker.announce('10.0.1.1', { cost: 5 }), speaker.announce('10.0.1.2')]
  const three = speaker.announce('10.0.1.3', { cost: 5 })
  speaker.announce('10.0.1.4', { area: '0.0.0.0' })
  speaker.announce('10.0.1.5', { as: 'stub' })
  speaker.announce('10.0.1.6', { independent: false })
  await run(5)
  t.same(learned(peer), {
    '10.0.1.1/32': 'intra-area 15',
    '10.0.1.2/32': 'intra-area 10',
    '10.0.1.3/32': 'external-1 15',
    '10.0.1.4/32': 'intra-area 10',
    '10.0.1.5/32': 'intra-area 10',
    '10.0.1.6/32': 'intra-area 10',
  })
  t.match(three.history()[0]?.steps, [
    { step: 'announce', outcome: 'done', confirmation: { acknowledged: true } },
  ])
  // there is room again: what was announced stays what it is
  await until(
    Promise.all(
      speaker
        .announcements()
        .slice(3)
        .map((a) => a.withdraw()),
    ),
  )
  await until(one!.withdraw())
  await run(8)
  t.same(learned(peer), { '10.0.1.2/32': 'intra-area 10', '10.0.1.3/32': 'external-1 15' })
  three.setCost(9)
  speaker.announce('10.0.1.7')
  await run(8)
  t.same(learned(peer), {
    '10.0.1.2/32': 'intra-area 10',
    '10.0.1.3/32': 'external-1 19',
    '10.0.1.7/32': 'intra-area 10',
  })
  // another number is for those to come
  await until(
    speaker.reconfigure({ ...director(), vipsAsExternalAbove: 0 }).then(({ changes }) => {
      t.same(changes, ['vipsAsExternalAbove 2 -> 0'])
    }),
  )
  speaker.announce('10.0.1.8')
  await run(8)
  t.match(learned(peer), { '10.0.1.2/32': 'intra-area 10', '10.0.1.8/32': 'external-1 10' })
  await until(speaker.stop())
})

t.test('a list stays together', async (t) => {
  const { speaker, peer, run, until } = await running()
  speaker.announceAll('10.0.2.1-10.0.2.60')
  speaker.announceAll('10.0.3.1-10.0.3.60')
  speaker.announce('10.0.4.1')
  await run(6)
  const types = Object.values(learned(peer)).map((text) => text.split(' ')[0])
  t.equal(types.filter((type) => type === 'intra-area').length, 61)
  t.equal(types.filter((type) => type === 'external-1').length, 60)
  t.match(learned(peer), { '10.0.3.1/32': 'external-1 10', '10.0.4.1/32': 'intra-area 10' })
  await until(speaker.stop())
  t.same(learned(peer), {})
})

t.test('independent: a flap of one does not delay another', async (t) => {
  for (const independent of [false, true]) {
    const { speaker, run, until } = await running()
    const [flapping, steady] = ['10.0.1.1', '10.0.1.2'].map((vip) =>
      speaker.announce(vip, { independent }),
    )
    await run(10)
    flapping!.force('down')
    await run(0.1)
    const { took } = await until(steady!.withdraw())
    if (independent) t.ok(took < 1000, `${took} ms with an LSA of its own`)
    else t.ok(took >= 1000, `${took} ms in the router-LSA, after MinLSArrival`)
    await until(speaker.stop())
  }
})

t.test('independent as the last resort, and what is contradictory', async (t) => {
  const { speaker, peer, run, until } = await running()
  let isHealthy = true
  const when = async (): Promise<void> => {
    if (!isHealthy) throw new Error('sick')
  }
  speaker.announce('10.0.1.1', { independent: true, when, onFail: 'degrade', cost: 4 })
  await run(5)
  t.same(learned(peer), { '10.0.1.1/32': 'external-1 14' })
  isHealthy = false
  await run(10)
  t.same(learned(peer), { '10.0.1.1/32': `external-1 ${0xfffffe + 10}` })
  const refuses = (options: object, message: RegExp): void => {
    t.throws(() => speaker.announce('10.0.1.2', options as AnnounceOptions), {
      code: 'ERR_OSPF_CONFIG',
      message,
    })
  }
  refuses({ independent: true, area: '0.0.0.0' }, /independent: expected no area with it/)
  refuses({ independent: 'yes' }, /independent: expected true or false, got 'yes'/)
  refuses({ independent: true, as: 'external' }, /independent: expected as: 'stub' with it/)
  refuses({ areas: [] }, /areas: expected a list of Area IDs/)
  refuses({ areas: ['0', '0.0.0.0'] }, /areas: expected each area once/)
  refuses({ areas: ['0'], area: '0' }, /areas: expected either area or areas, got 'both'/)
  refuses({ areas: ['0', '7'] }, /areas: expected an area with an interface, got '0\.0\.0\.7'/)
  await until(speaker.stop())
  for (const vipsAsExternalAbove of [-1, 5001, 1.5, '7']) {
    await t.rejects(
      OspfSpeaker.start(director({ vipsAsExternalAbove } as SpeakerOptions), lan().world),
      { code: 'ERR_OSPF_CONFIG', message: /^vipsAsExternalAbove: / },
    )
  }
})

/** A director in two areas, with a router in each. */
async function inTwoAreas(kind?: 'stub' | 'nssa') {
  const { net, host, world, peer, run, until } = lan()
  const other = (net as Network).router('r2', { routerId: '10.0.0.2' })
  const area = '0.0.0.1'
  if (kind !== undefined) other.area(area, { kind })
  const timers = { helloInterval: 1, deadInterval: 4 }
  net.segment('lan1', '10.1.1.0/24', [host, other], { ...timers, area })
  const options: SpeakerOptions = {
    routerId: '10.0.1.133',
    areas: {
      '0.0.0.0': { interfaces: { eth0 } },
      [area]: { ...(kind ? { type: kind } : {}), interfaces: { eth1: eth0 } },
    },
  }
  const speaker = await OspfSpeaker.start(options, world)
  const events = collect(speaker)
  await run(8)
  return { speaker, options, events, peer, other, run, until }
}

t.test('the same VIP in several areas: acknowledged in all, withdrawn from all', async (t) => {
  const { speaker, options, events, peer, other, run, until } = await inTwoAreas()
  const announcement = speaker.announce('10.0.9.9', { areas: ['0.0.0.0', '1'], cost: 2 })
  await run(5)
  t.equal(learned(peer)['10.0.9.9/32'], 'intra-area 12')
  t.equal(learned(other)['10.0.9.9/32'], 'intra-area 12')
  const announced = only(events, 'announcement-step').find(({ step }) => step === 'announce')
  t.match(announced?.confirmation?.by.map((by) => by.routerId).sort(), ['10.0.0.1', '10.0.0.2'])
  t.equal(announced?.confirmation?.lsas.length, 2)
  announcement.setCost(5)
  await run(8)
  t.equal(learned(peer)['10.0.9.9/32'], 'intra-area 15')
  t.equal(learned(other)['10.0.9.9/32'], 'intra-area 15')
  // neither of the areas can go while it is there
  await t.rejects(
    until(speaker.reconfigure({ ...options, areas: { '0.0.0.0': options.areas['0.0.0.0']! } })),
    { message: /area 0\.0\.0\.1: VIP 10\.0\.9\.9\/32 is announced there/ },
  )
  const result = await until(announcement.withdraw())
  t.match(result.by.map((by) => by.routerId).sort(), ['10.0.0.1', '10.0.0.2'])
  t.equal(learned(peer)['10.0.9.9/32'], undefined)
  t.equal(learned(other)['10.0.9.9/32'], undefined)
  await until(speaker.stop())
})

t.test('the router of one of the areas does not acknowledge: it is named', async (t) => {
  const { speaker, other, events, run, until } = await inTwoAreas()
  other.crash()
  speaker.announce('10.0.9.9', { areas: ['0.0.0.0', '1'], times: { acknowledge: 1 } })
  await run(3)
  const announced = only(events, 'announcement-step').find(({ step }) => step === 'announce')
  t.match(announced, {
    outcome: 'timeout',
    confirmation: { acknowledged: false, by: [{ routerId: '10.0.0.1' }], missing: ['10.0.0.2'] },
  })
  await until(speaker.stop())
})

t.test('an LSA of its own in an NSSA is of type 7; in a stub area there is none', async (t) => {
  const nssa = await inTwoAreas('nssa')
  nssa.speaker.announce('10.0.9.9', { independent: true })
  await nssa.run(5)
  t.equal(ourLsas(nssa.speaker, 5), 1)
  t.equal(ourLsas(nssa.speaker, 7), 1)
  t.equal(learned(nssa.other)['10.0.9.9/32'], 'external-1 10')
  t.equal(learned(nssa.peer)['10.0.9.9/32'], 'external-1 10')
  await nssa.until(nssa.speaker.stop())

  const net = lan()
  net.peer.area('0.0.0.1', { kind: 'stub' })
  net.peer.configure('eth0', { area: 1 })
  const speaker = await OspfSpeaker.start(
    {
      routerId: '10.0.1.133',
      areas: { '0.0.0.1': { type: 'stub', interfaces: { eth0 } } },
      vipsAsExternalAbove: 1,
    },
    new World(net.host),
  )
  await net.run(8)
  for (const vip of ['10.0.9.1', '10.0.9.2', '10.0.9.3']) speaker.announce(vip)
  t.throws(() => speaker.announce('10.0.9.4', { independent: true }), {
    code: 'ERR_OSPF_CONFIG',
    message: /independent: expected an area that is no stub area/,
  })
  await net.run(5)
  t.same(learned(net.peer), {
    '10.0.9.1/32': 'intra-area 10',
    '10.0.9.2/32': 'intra-area 10',
    '10.0.9.3/32': 'intra-area 10',
  })
  await net.until(speaker.stop())
})

t.test('the router-LSA is full: refused with the way out', async (t) => {
  const { speaker, run, until, events } = await running({ vipsAsExternalAbove: 5000 })
  const range = (first: number): string => `10.${first}.0.0-10.${first}.9.195`
  t.equal(ROUTER_LSA_VIPS, 5000)
  speaker.announceAll(range(20), { independent: false })
  speaker.announceAll(range(21))
  t.throws(() => speaker.announce('10.0.1.100', { as: 'stub' }), {
    code: 'ERR_OSPF_CONFIG',
    message:
      'VIP 10.0.1.100/32: the router-LSA of area 0.0.0.0 has room for 5000 stub links; independent: true gives a VIP an LSA of its own',
  })
  t.throws(() => speaker.announceAll('10.9.0.1-10.9.0.2', { area: '0' }), {
    message: /has room for 5000/,
  })
  speaker.announce('10.0.1.101')
  await run(2)
  t.equal(ourLsas(speaker, 5), 1)
  t.ok(speaker.database().find(({ type, own }) => type === 1 && own)!.length > 60_000)
  t.same(only(events, 'limit'), [])
  await until(speaker.stop())
})
