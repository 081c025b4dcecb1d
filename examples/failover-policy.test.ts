/**
 * Tests of a failover policy, in the simulator: two directors announce a VIP to a router, and what becomes of clients when
 * health checks fail. No root, no sockets, no waiting; run it with `node --test`.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnnounceOptions, healthy, OspfSpeaker } from 'ospf-speaker'
import { Network, type SimHost, type SimRouter, tally } from 'ospf-speaker/sim'

const vip = '10.0.9.100'

interface Fleet {
  readonly net: Network
  readonly router: SimRouter
  readonly directors: readonly Director[]
  /** Which directors new connections reach, and how many of a thousand; 'lost': none. */
  share(): Record<string, number>
  stop(): Promise<void>
}

interface Director {
  readonly host: SimHost
  readonly speaker: OspfSpeaker
  /** What its health check says from now on. */
  check(isHealthy: boolean): void
}

/** The fleet, with the policy under test on every director. */
async function fleet(policy: AnnounceOptions, count = 2): Promise<Fleet> {
  const net = new Network({ seed: 7 })
  const timing = { helloInterval: 1, deadInterval: 4 }
  const router = net.router('router')
  const client = net.host('client', { gateway: '10.0.2.1' })
  const lan = net.segment('lan', '10.0.1.0/24', [router], timing)
  net.segment('clients', '10.0.2.0/24', [router, client], { passive: true })
  const directors: Director[] = []
  for (let i = 1; i <= count; i++) {
    const host = net.host(`lb${i}`)
    net.attach(lan, host)
    const speaker = await OspfSpeaker.start(
      {
        routerId: `10.0.1.${100 + i}`,
        areas: { 0: { interfaces: { eth0: { ...timing, priority: 0 } } } },
      },
      host.ports,
    )
    let isWell = true
    const probe = async (): Promise<void> => {
      if (!isWell) throw new Error('not well')
    }
    const when = healthy(probe, { clock: net.clock, interval: 0.5, rise: 2, fall: 2 })
    speaker.announce(vip, { when, device: 'lo', ...policy })
    const check = (isHealthy: boolean): void => {
      isWell = isHealthy
    }
    directors.push({ host, speaker, check })
  }
  await net.runAsync(20)
  return {
    net,
    router,
    directors,
    share: () => Object.fromEntries(tally(net.connections(client, vip, 1000))),
    async stop() {
      const over = Promise.all(directors.map(({ speaker }) => speaker.stop()))
      await net.runAsync(20)
      await over
    },
  }
}

/** What is expected of a thousand connections: these directors share them, none gets less than a third of its part. */
function assertShared(share: Record<string, number>, ...names: readonly string[]): void {
  assert.deepEqual(Object.keys(share).sort(), [...names].sort())
  for (const name of names) assert.ok(share[name]! > 1000 / names.length / 3, JSON.stringify(share))
}

test('one director is unwell: the other takes all, and both share when it is back', async () => {
  const { net, directors, share, stop } = await fleet({ onFail: 'withdraw' })
  assertShared(share(), 'lb1', 'lb2')
  directors[0]!.check(false)
  // two failed checks, half a second apart, and the way to the router
  await net.runAsync(2)
  assertShared(share(), 'lb2')
  directors[0]!.check(true)
  await net.runAsync(8)
  assertShared(share(), 'lb1', 'lb2')
  await stop()
})

test('withdraw: when all are unwell, nobody serves', async () => {
  const { net, router, directors, stop } = await fleet({ onFail: 'withdraw' })
  for (const { check } of directors) check(false)
  await net.runAsync(10)
  assert.equal(router.fib.has(`${vip}/32`), false)
  await stop()
})

test('degrade: those that are unwell serve when nobody else does', async () => {
  const { net, directors, share, stop } = await fleet({ onFail: 'degrade' })
  directors[0]!.check(false)
  await net.runAsync(8)
  assertShared(share(), 'lb2')
  directors[1]!.check(false)
  await net.runAsync(8)
  assertShared(share(), 'lb1', 'lb2')
  await stop()
})

test('minimumAnnouncers: the highest Router ID stays, and only that', async () => {
  const { net, directors, share, stop } = await fleet({ minimumAnnouncers: 1 }, 3)
  for (const { check } of directors) check(false)
  await net.runAsync(60)
  assertShared(share(), 'lb3')
  await stop()
})

test('a director whose cable is cut in silence is missed after the dead interval', async () => {
  const { net, directors, share, stop } = await fleet({})
  net.segments[0]!.of(directors[0]!.host)?.down({ silent: true })
  await net.runAsync(2)
  assertShared(share(), 'lost', 'lb2')
  await net.runAsync(4)
  assertShared(share(), 'lb2')
  await stop()
})

test('maintenance: a drain leaves nobody without a server', async () => {
  const { net, directors, share, stop } = await fleet({})
  const drained = directors[1]!.speaker.drain()
  await net.runAsync(10)
  assert.equal((await drained)[`${vip}/32`]?.outcome, 'done')
  assertShared(share(), 'lb1')
  await stop()
})
