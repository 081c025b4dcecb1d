/** Who acknowledged what, through the public API: real routers in the simulator answer. */
import t from 'tap'
import { OspfSpeaker, type SpeakerEvent } from '../lib/index.ts'
import type { SimRouter } from '../lib/sim/router.ts'
import { collect, director, eth0, only, running, vip, World } from './world.ts'

const steps = (events: readonly SpeakerEvent[], step: string) =>
  only(events, 'announcement-step').filter((e) => e.step === step)

t.test('a stub link: the router-LSA carries the word', async (t) => {
  const { speaker, events, run, until } = await running()
  const announcement = speaker.announce(vip)
  await run(5)
  t.match(steps(events, 'announce'), [
    {
      prefix: vip,
      outcome: 'done',
      confirmation: {
        acknowledged: true,
        by: [{ routerId: '10.0.0.1', interface: 'eth0' }],
        missing: [],
        lsas: [/^router LSA 10\.0\.1\.133 0x8000000\d$/],
      },
    },
  ])
  const { took } = steps(events, 'announce')[0]!
  t.ok(took > 0 && took < 1000, `${took} ms`)
  const result = await until(announcement.withdraw())
  t.match(result, {
    outcome: 'done',
    acknowledged: true,
    by: [{ routerId: '10.0.0.1', interface: 'eth0' }],
  })
  t.match(
    announcement.why().at(-1),
    /up -> withdrawn \(stop: .*acknowledged by 10\.0\.0\.1 on eth0/,
  )
  await until(speaker.stop())
})

t.test('an external: an LSA of its own', async (t) => {
  const { speaker, events, run, until } = await running()
  const announcement = speaker.announce(vip, { as: 'external' })
  await run(5)
  t.match(steps(events, 'announce'), [
    { confirmation: { acknowledged: true, lsas: ['external LSA 10.0.1.100 0x80000001'] } },
  ])
  t.match(await until(announcement.withdraw()), {
    acknowledged: true,
    by: [{ routerId: '10.0.0.1' }],
  })
  t.match(steps(events, 'withdraw'), [
    { confirmation: { lsas: ['external LSA 10.0.1.100 0x80000001'] } },
  ])
  await until(speaker.stop())
})

t.test('withdrawn before the word has left: routers have nothing to acknowledge', async (t) => {
  for (const as of ['stub', 'external'] as const) {
    const { speaker, events, run, until } = await running()
    const announcement = speaker.announce(vip, { as })
    await run(8)
    announcement.force('down')
    await run(1.5)
    announcement.force(undefined)
    // as a stub link it waits for its pace
    if (as === 'stub') await run(0.2)
    const result = await until(announcement.withdraw())
    t.match(result, { acknowledged: true, by: [], missing: [], unaffected: ['10.0.0.1'] }, as)
    t.match(announcement.why().at(-1), /withdraw .*with nothing new for routers to acknowledge/)
    const [first] = steps(events, 'withdraw')
    t.match(first, { confirmation: { by: [{ routerId: '10.0.0.1' }], unaffected: [] } })
    await until(speaker.stop())
  }
})

t.test('nobody is adjacent: nobody to wait for', async (t) => {
  const { speaker, peer, events, run, until } = await running()
  peer.crash()
  await run(10)
  const announcement = speaker.announce(vip)
  await run(1)
  t.match(steps(events, 'announce'), [{ outcome: 'done', confirmation: { by: [], missing: [] } }])
  const result = await until(announcement.withdraw())
  t.match(result, { outcome: 'done', acknowledged: true, by: [], unaffected: [] })
  t.match(announcement.why().at(-1), /with no adjacent router to acknowledge/)
  await until(speaker.stop())
})

t.test('a router that dies before it has acknowledged', async (t) => {
  const { speaker, peer, run, until } = await running()
  const announcement = speaker.announce(vip)
  await run(5)
  peer.crash()
  const result = await until(announcement.withdraw())
  t.match(result, { acknowledged: false, by: [], missing: ['10.0.0.1'] })
  t.ok(result.took <= 6000, 'it is given up with its dead interval')
  await until(speaker.stop())
})

t.test(
  'changes of one turn are acknowledged in one instance; a later one waits for its pace, and has its own',
  async (t) => {
    const { speaker, events, run, until } = await running()
    speaker.announce('10.0.1.101/32')
    speaker.announce('10.0.1.102/32')
    await run(0.1)
    speaker.announce('10.0.1.103/32')
    await run(8)
    const [first, second, third] = steps(events, 'announce')
    t.match([first, second, third], Array(3).fill({ outcome: 'done' }))
    t.equal(first!.confirmation?.lsas[0], second!.confirmation?.lsas[0])
    t.ok(second!.took < 1000)
    t.ok(third!.took >= 1000, 'paced (12.4)')
    t.not(second!.confirmation?.lsas[0], third!.confirmation?.lsas[0])
    await until(speaker.stop())
  },
)

t.test('a word that no router got in time', async (t) => {
  const { speaker, peer, world, run, until } = await running()
  const announcement = speaker.announce(vip, { times: { acknowledge: 2 } })
  await run(5)
  peer.freeze()
  const result = await until(announcement.withdraw())
  t.match(result, { acknowledged: false, missing: ['10.0.0.1'] })
  await until(speaker.stop())
  t.equal(world.leftovers, '')
})

t.test('the speaker stops: each VIP tells what became of it', async (t) => {
  const { speaker, run, until, world } = await running()
  const announcement = speaker.announce(vip, { device: 'lo' })
  await run(5)
  await until(speaker.stop())
  t.match(await announcement.stop(), {
    outcome: 'done',
    acknowledged: true,
    by: [{ routerId: '10.0.0.1', interface: 'eth0' }],
  })
  t.equal(world.leftovers, '')
})

t.test('degraded: announced at the greatest cost', async (t) => {
  const { speaker, peer, run, until } = await running()
  const { gate, say } = switchable()
  const stub = speaker.announce(vip, { when: gate, onFail: 'degrade', cost: 3 })
  say(true)
  await run(6)
  t.equal(costOf(peer), 13)
  say(false)
  await run(6)
  t.equal(stub.state, 'degraded')
  t.equal(costOf(peer), 10 + 0xffff, 'the last resort, yet there')
  say(true)
  await run(6)
  t.equal(costOf(peer), 13)
  await until(stub.withdraw())
  const other = switchable()
  speaker.announce('10.0.1.101/32', { when: other.gate, onFail: 'degrade', as: 'external' })
  other.say(true)
  await run(6)
  other.say(false)
  await run(6)
  t.match(
    peer.database().find((l) => l.lsa.header.type === 5),
    { lsa: { body: { metric: 0xfffffe } } },
  )
  await until(speaker.stop())
})

t.test('two directors: the drained one leaves, the other stays', async (t) => {
  const { speaker, net, peer, run, until } = await running()
  const host = net.host('lb2')
  const segment = peer.attachments[0]!.segment
  net.attach(segment, host)
  const world = new World(host)
  const other = await OspfSpeaker.start(director({ routerId: '10.0.1.135' }, eth0), world)
  collect(other)
  await run(8)
  const first = speaker.announce(vip)
  other.announce(vip)
  await run(6)
  t.equal(peer.fib.get(vip)?.nextHops.length, 2)
  const result = await until(first.drain())
  t.match(result, { outcome: 'done', acknowledged: true })
  t.equal(peer.fib.get(vip)?.nextHops.length, 1)
  first.undrain()
  await run(6)
  t.equal(peer.fib.get(vip)?.nextHops.length, 2)
  await until(Promise.all([speaker.stop(), other.stop()]))
})

t.test('what cannot be asked for', async (t) => {
  const { speaker, until } = await running()
  const refuses = (options: object, message: RegExp): void => {
    t.throws(() => speaker.announce(vip, options), { code: 'ERR_OSPF_CONFIG', message })
  }
  refuses({ onFail: 'panic' }, /VIP 10\.0\.1\.100\/32: onFail: expected one of withdraw, degrade/)
  refuses({ prepare: 'yes' }, /prepare: expected a function/)
  refuses({ connections: 3 }, /connections: expected a function/)
  refuses({ times: { prepare: 0 } }, /times: prepare: expected a number of seconds above 0/)
  refuses({ times: { prepared: 1 } }, /times: unknown option 'prepared'/)
  refuses({ times: 3 }, /times: expected an object/)
  refuses({ lease: Number.NaN }, /lease: expected a number of seconds/)
  t.same(speaker.announcements(), [])
  await until(speaker.stop())
})

function switchable() {
  let waiting: ((result: IteratorResult<boolean>) => void) | undefined
  const gate: AsyncIterable<boolean> = {
    [Symbol.asyncIterator]: () => ({
      next: () =>
        new Promise((resolve) => {
          waiting = resolve
        }),
      return: async () => ({ done: true, value: undefined }),
    }),
  }
  return { gate, say: (value: boolean) => waiting?.({ done: false, value }) }
}

/** What the router reckons with; its kernel does not care. */
const costOf = (peer: SimRouter): number | undefined =>
  peer.core.routes().find(({ prefix }) => prefix === 0x0a000164)?.cost

t.test('the whole speaker out of service, and back', async (t) => {
  const { speaker, peer, run, until } = await running({ role: 'router' })
  speaker.announce(vip)
  speaker.announce('10.0.1.101/32')
  await run(12)
  const results = await until(speaker.drain())
  t.match(results, {
    [vip]: { outcome: 'done', acknowledged: true },
    '10.0.1.101/32': { outcome: 'done', acknowledged: true },
  })
  speaker.announce('10.0.1.102/32')
  await run(12)
  t.notOk(peer.fib.has('10.0.1.102/32'), 'one that comes later stays out as well')
  t.equal(transitMetric(peer), 0xffff, 'a stub router (RFC 6987)')
  speaker.undrain()
  await run(12)
  t.equal(transitMetric(peer), 10)
  for (const one of [vip, '10.0.1.101/32', '10.0.1.102/32']) t.ok(peer.fib.has(one), one)
  speaker.undrain()
  const again = speaker.drain()
  await until(speaker.stop())
  t.match(await again, { [vip]: { outcome: 'done' } })
})

/** What our router-LSA says of the link to the segment. */
function transitMetric(peer: SimRouter): number | undefined {
  for (const { lsa } of peer.database()) {
    if (lsa.body.kind !== 'router' || lsa.header.advertisingRouter !== 0x0a000185) continue
    return lsa.body.links.find(({ type }) => type === 2)?.metric
  }
  return undefined
}
