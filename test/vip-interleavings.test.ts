/**
 * Whatever comes in whatever order: gates, hands, leases, drains, withdrawals, announcements anew, devices and hooks that
 * fail, from a seed (VIP_SEED runs that one alone). What must hold at every moment and at the end is written here.
 */
import t from 'tap'
import type { Announcement, DownResult, GateVerdict } from '../lib/index.ts'
import { Feed } from '../lib/isolate/feed.ts'
import { Random } from '../lib/sim/random.ts'
import { formatPrefix } from '../lib/wire/address.ts'
import { running, settle } from './world.ts'

const prefixes = ['10.0.1.100/32', '192.0.2.7/32', '192.0.2.8/32'] as const
type Prefix = (typeof prefixes)[number]
const verdicts: readonly GateVerdict[] = [
  true,
  true,
  false,
  { healthy: false, reason: 'by hand', override: 'down' },
  { healthy: true, reason: 'by hand', override: 'up' },
  { healthy: false, reason: 'by hand', override: 'maintenance' },
]

interface Vip {
  readonly announcement: Announcement
  readonly gate: Feed
  readonly onFail: 'withdraw' | 'degrade' | 'keep'
  verdict: GateVerdict | undefined
  forced: 'up' | 'down' | undefined
  /** When its lease ends. */
  deadline: number
}

const isOpen = (verdict: GateVerdict | undefined): boolean =>
  (typeof verdict === 'object' ? verdict.healthy : verdict) === true

async function play(seed: number): Promise<string[]> {
  const random = new Random(seed)
  const integer = (low: number, high: number): number => low + random.int(high - low + 1)
  const wrong: string[] = []
  const done: string[] = []
  const all = await running(random.chance(0.5) ? { stubRouter: { onShutdown: 2 } } : {})
  const { speaker, world, peer, net, run, until } = all
  const clock = world.clock
  peer.keepsConnections(random.chance(0.7))
  await run(5)
  const vips = new Map<Prefix, Vip>()
  const promises: Promise<unknown>[] = []
  let unsettled = 0
  const expect = (what: string, promise: Promise<unknown>): void => {
    unsettled++
    promises.push(
      promise.then(
        () => unsettled--,
        (error) => {
          unsettled--
          wrong.push(`${what} rejected: ${error}`)
        },
      ),
    )
  }
  const note = (what: string): void => {
    done.push(`${(clock.now() / 1000).toFixed(3)} ${what}`)
  }
  /** Until then, what the router knows may be old: nobody could tell it. */
  let deafUntil = 0
  const isFull = (): boolean => speaker.neighbors()[0]?.state === 'Full'

  const removed = world.addresses.remove
  world.addresses.remove = async (device, address, length) => {
    const prefix = formatPrefix(address, length)
    if (isFull() && clock.now() > deafUntil && peer.fib.has(prefix)) {
      wrong.push(`${clock.now()}: ${prefix} is removed while the router sends to it`)
    }
    return removed(device, address, length)
  }
  const look = (): void => {
    if (!isFull()) deafUntil = clock.now() + 15_000
    for (const prefix of prefixes) {
      const isThere = world.added.has(`lo ${prefix}`)
      if (peer.fib.has(prefix) && !isThere && clock.now() > deafUntil) {
        wrong.push(`${clock.now()}: the router sends to ${prefix}, which is not there`)
      }
    }
    for (const [prefix, vip] of vips) {
      const { state } = vip.announcement
      if (state !== 'up' && state !== 'degraded') continue
      if (vip.forced === 'up' && clock.now() < vip.deadline) continue
      if (vip.forced === 'down') wrong.push(`${clock.now()}: ${prefix} is ${state}, forced down`)
      if (clock.now() > vip.deadline) wrong.push(`${clock.now()}: ${prefix} is ${state}, no lease`)
      if (isOpen(vip.verdict)) continue
      const isPolicy = typeof vip.verdict !== 'object' && vip.verdict !== undefined
      const allowed = !isPolicy
        ? []
        : vip.onFail === 'keep'
          ? ['up']
          : vip.onFail === 'degrade'
            ? ['degraded']
            : []
      if (!allowed.includes(state)) wrong.push(`${clock.now()}: ${prefix} is ${state}, gate closed`)
    }
  }
  const pass = async (seconds: number): Promise<void> => {
    for (let left = seconds; left > 0; left -= 0.1) {
      await run(Math.min(left, 0.1))
      look()
    }
  }

  const hook = (what: string) => async (): Promise<void> => {
    const how = integer(0, 9)
    if (how === 0) throw new Error(`${what} failed`)
    if (how === 1) return new Promise(() => {})
    if (how < 5) await new Promise<void>((resolve) => clock.setTimer(integer(1, 3000), resolve))
  }
  const announce = (prefix: Prefix): void => {
    const gate = new Feed()
    const onFail = random.pick(['withdraw', 'degrade', 'keep'] as const)
    const lease = random.chance(0.3) ? integer(2, 12) : undefined
    const announcement = speaker.announce(prefix, {
      when: gate,
      device: 'lo',
      onFail,
      ...(random.chance(0.3) && prefix !== prefixes[0] ? { independent: true } : {}),
      ...(random.chance(0.4) ? { prepare: hook('prepare') } : {}),
      ...(random.chance(0.4) ? { release: hook('release') } : {}),
      ...(random.chance(0.6)
        ? {
            connections: async () => {
              await hook('connections')()
              return integer(0, 3)
            },
          }
        : {}),
      ...(random.chance(0.2) ? { slowStart: 20 } : {}),
      ...(lease === undefined ? {} : { lease }),
      times: { prepare: 4, drain: 5, release: 3 },
    })
    note(`announce ${prefix} onFail ${onFail} lease ${lease}`)
    const deadline = lease === undefined ? Number.POSITIVE_INFINITY : clock.now() + lease * 1000
    vips.set(prefix, {
      announcement,
      gate,
      onFail,
      verdict: undefined,
      forced: undefined,
      deadline,
    })
  }

  const act = async (): Promise<void> => {
    const prefix = random.pick(prefixes)
    const vip = vips.get(prefix)
    if (vip === undefined) return announce(prefix)
    const { announcement } = vip
    const how = integer(0, 15)
    switch (how) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const verdict = random.pick(verdicts)
        note(`${prefix} says ${JSON.stringify(verdict)}`)
        vip.gate.put(verdict)
        await settle()
        vip.verdict = verdict
        return
      }
      case 4:
        vip.forced = random.pick(['up', 'down', undefined, undefined] as const)
        note(`${prefix} forced ${vip.forced}`)
        return announcement.force(vip.forced)
      case 5:
      case 6:
        note(`${prefix} drain`)
        return expect(`${prefix} drain`, announcement.drain({ timeout: integer(1, 6) }))
      case 7:
      case 8:
        note(`${prefix} undrain`)
        return announcement.undrain()
      case 9:
        note(`${prefix} withdraw`)
        expect(`${prefix} withdraw`, announcement.withdraw())
        vips.delete(prefix)
        if (random.chance(0.5)) announce(prefix)
        return
      case 10:
        note(`${prefix} cost`)
        return announcement.setCost(integer(0, 9))
      case 11:
        note(`${prefix} weight`)
        return announcement.setWeight(integer(1, 256))
      case 12: {
        if (vip.deadline === Number.POSITIVE_INFINITY) return
        const seconds = integer(1, 9)
        note(`${prefix} renew ${seconds}`)
        vip.deadline = clock.now() + seconds * 1000
        return announcement.renew(seconds)
      }
      case 13:
        if (random.chance(0.6)) {
          note('speaker undrain')
          return speaker.undrain()
        }
        note('speaker drain')
        return expect('speaker drain', speaker.drain({ timeout: 3 }))
      case 14:
        note('address toggled')
        if (world.refuseAddress.add) world.refuseAddress = {}
        else world.refuseAddress = { add: new Error('no room') }
        return
      default:
        if (random.chance(0.2)) {
          note('eth0 flaps')
          deafUntil = clock.now() + 20_000
          world.device('eth0', { up: false })
          await run(integer(1, 3))
          world.device('eth0', undefined)
        }
    }
  }

  for (let i = 0; i < 120; i++) {
    await act()
    if (random.chance(0.6)) await pass(random.pick([0.01, 0.05, 0.3, 1, 3]))
    if (wrong.length > 0) break
  }
  // it heals: everything can be withdrawn and announced again
  world.refuseAddress = {}
  if (wrong.length === 0 && random.chance(0.5)) {
    speaker.undrain()
    const gone: Promise<DownResult>[] = []
    for (const { announcement } of vips.values()) gone.push(announcement.withdraw())
    vips.clear()
    for (const prefix of prefixes) speaker.announce(prefix, { device: 'lo' })
    await pass(40)
    const states = speaker.announcements().map(({ state }) => state)
    if (states.join() !== 'up,up,up') wrong.push(`announced again: ${states}`)
    for (const prefix of prefixes) {
      if (!peer.fib.has(prefix)) wrong.push(`announced again: the router has no ${prefix}`)
    }
    for (const promise of gone) expect('withdraw', promise)
  }
  await until(speaker.stop())
  if (random.chance(0.5)) await pass(1)
  await run(15)
  await Promise.race([Promise.all(promises), settle()])
  if (unsettled > 0) wrong.push(`${unsettled} promises are not settled`)
  if (world.leftovers !== '') wrong.push(`left: ${world.leftovers}`)
  for (const prefix of prefixes) {
    if (peer.fib.has(prefix)) wrong.push(`the router still has ${prefix}`)
  }
  void net
  return wrong.length === 0 ? [] : [...wrong.slice(0, 5), ...done.slice(-25)]
}

t.test('every interleaving keeps the order', async (t) => {
  const only = process.env['VIP_SEED']
  const first = Number(only ?? 1)
  const count = Number(process.env['VIP_SEEDS'] ?? (only === undefined ? 12 : 1))
  for (let seed = first; seed < first + count; seed++) {
    t.same(await play(seed), [], `seed ${seed}`)
  }
})
