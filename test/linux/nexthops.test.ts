import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { NextHop, RouteChange } from '../../lib/core/io.ts'
import { NetlinkSocket } from '../../lib/linux/netlink.ts'
import { decodeNextHop, RTM_NEWNEXTHOP, RTNLGRP_NEXTHOP } from '../../lib/linux/nexthop-message.ts'
import { lockNextHops } from '../../lib/linux/route-lock.ts'
import {
  decodeRoute,
  RTM_DELROUTE,
  RTM_NEWROUTE,
  RTNLGRP_IPV4_ROUTE,
} from '../../lib/linux/route-message.ts'
import { chooseMode } from '../../lib/linux/route-mode.ts'
import { busyShare, routeSettings } from '../../lib/linux/route-options.ts'
import { LinuxRoutes } from '../../lib/linux/routes.ts'
import { parseIpv4 } from '../../lib/wire/address.ts'
import { inNamespace, ip, outside, until } from './netns.ts'
import { remove, through } from './route-words.ts'
import { routesWorld } from './routes-world.ts'

const hop = (gateway: string, weight?: number): NextHop => ({
  interface: gateway.startsWith('10.0.0.') ? 'a0' : 'c0',
  gateway: parseIpv4(gateway)!,
  ...(weight === undefined ? {} : { weight }),
})
const A = hop('10.0.0.2')
const B = hop('10.0.0.3')
const C = hop('10.0.1.2')
/** The i-th of many prefixes. */
const nth = (i: number, length = 24): string => `20.${i >> 8}.${i & 255}.0/${length}`
const all = (count: number, hops: readonly NextHop[]): RouteChange[] =>
  Array.from({ length: count }, (_, i) => through(nth(i), hops))

interface JsonNextHop {
  readonly id: number
  readonly gateway?: string
  readonly dev?: string
  readonly protocol?: string
  readonly group?: readonly { readonly id: number; readonly weight?: number }[]
  readonly type?: string
  readonly resilient_args?: Record<string, number>
}
interface JsonRoute {
  readonly dst: string
  readonly nhid?: number
  readonly prefsrc?: string
  readonly nexthops?: readonly {
    readonly gateway: string
    readonly dev: string
    readonly weight: number
  }[]
}

const objects = (): JsonNextHop[] => JSON.parse(ip('-j nexthop show')) as JsonNextHop[]
const leaves = (): JsonNextHop[] => objects().filter((o) => o.group === undefined)
const groups = (): JsonNextHop[] => objects().filter((o) => o.group !== undefined)
const routesNow = (more = ''): JsonRoute[] =>
  JSON.parse(ip(`-j -4 route show proto 188${more}`)) as JsonRoute[]
/** Gateways of a group, with weights other than 1. */
function members(id: number | undefined): string[] {
  const byId = new Map(objects().map((o) => [o.id, o]))
  return (byId.get(id!)?.group ?? []).map((member) => {
    const { gateway = '?' } = byId.get(member.id) ?? {}
    return member.weight === undefined ? gateway : `${gateway} * ${member.weight}`
  })
}
/** Next-hop ids by bucket. */
const buckets = (id: number): number[] =>
  (
    JSON.parse(ip(`-j nexthop bucket show id ${id}`)) as {
      bucket: { index: number; nhid: number }
    }[]
  )
    .sort((x, y) => x.bucket.index - y.bucket.index)
    .map((b) => b.bucket.nhid)

/** Everything that the kernel tells of routes and next hops, in words. */
function watch(): { heard: string[]; settle(): Promise<string[]>; close(): void } {
  const heard: string[] = []
  const socket = NetlinkSocket.open({
    groups: [RTNLGRP_IPV4_ROUTE, RTNLGRP_NEXTHOP],
    receiveBuffer: 0x2000000,
    notify: (messages) => {
      for (const message of messages) {
        const { type } = message
        if (type === RTM_NEWROUTE || type === RTM_DELROUTE) {
          heard.push(
            `${type === RTM_NEWROUTE ? 'new' : 'del'} route ${decodeRoute(message)?.length}`,
          )
        } else {
          const { kind } = decodeNextHop(message) ?? {}
          heard.push(`${type === RTM_NEWNEXTHOP ? 'new' : 'del'} ${kind}`)
        }
      }
    },
    overrun: () => heard.push('overrun'),
  })
  return {
    heard,
    async settle() {
      // What was written has been told by the time that it is answered.
      for (let before = -1; before < heard.length; ) {
        before = heard.length
        socket.poll()
        await new Promise((resolve) => setImmediate(resolve))
      }
      return heard.splice(0)
    },
    close: () => socket.close(),
  }
}
const counted = (heard: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const what of heard) counts[what] = (counts[what] ?? 0) + 1
  return counts
}
/** The kernel then tells of a changed group once, and not also of every route that leads there. */
const withoutCompatibility = (): void =>
  writeFileSync('/proc/sys/net/ipv4/nexthop_compat_mode', '0')

inNamespace('two next hops, sixteen next hops: as ip prints them', async (t) => {
  const { open, close, events } = await routesWorld(t)
  const routes = await open()
  t.match(routes.mode, { mode: 'groups', resilient: false, why: /kernel has next-hop objects/ })
  const sixteen = Array.from({ length: 16 }, (_, i) => hop(`10.0.${i % 2}.${i + 2}`))
  const two = [sixteen[0]!, sixteen[1]!]
  routes.apply([
    through('20.0.0.0/24', two),
    through('20.0.1.0/24', sixteen),
    through('20.0.2.0/24', [...two].reverse()),
    through('20.0.3.0/24', sixteen),
    through('20.0.4.0/24', [A]),
  ])
  await routes.settled()
  const now = routesNow()
  const gateways = (hops: readonly NextHop[]): string[] =>
    hops.map((h) => `10.0.${h.interface === 'a0' ? 0 : 1}.${h.gateway! & 255}`)
  t.strictSame(
    now.map((r) => r.nexthops?.map((n) => `${n.gateway} ${n.dev} ${n.weight}`)?.length),
    [2, 16, 2, 16, undefined],
  )
  t.strictSame(
    now[1]?.nexthops?.map((n) => [n.gateway, n.dev, n.weight]),
    sixteen.map((h, i) => [gateways(sixteen)[i], h.interface, 1]),
  )
  t.strictSame(members(now[0]?.nhid), gateways(two))
  t.strictSame(members(now[1]?.nhid), gateways(sixteen))
  t.equal(now[2]?.nhid, now[0]?.nhid, 'the same set is the same group, in whatever order')
  t.equal(now[3]?.nhid, now[1]?.nhid)
  t.equal(leaves().length, 16, 'a leaf for each gateway')
  t.equal(groups().length, 3)
  t.ok(
    objects().every((o) => o.protocol === 'ospf' && o.id >= 0x50000000),
    'labelled, and in our range',
  )
  t.strictSame(events, [])
  await close(routes)
  t.strictSame(objects(), [], 'nothing is left')
  t.strictSame(routesNow(), [])
})

inNamespace('a next hop fails, and comes back: one message', async (t) => {
  const { open, close } = await routesWorld(t)
  withoutCompatibility()
  const routes = await open()
  routes.apply([...all(500, [A, B, C]), through('30.0.0.0/8', [C])])
  await routes.settled()
  const ids = routesNow().map((r) => r.nhid)
  const monitor = watch()
  routes.apply(all(500, [A, C]))
  await routes.settled()
  t.strictSame(counted(await monitor.settle()), { 'new group': 1, 'del leaf': 1 })
  t.strictSame(members(ids[0]), ['10.0.0.2', '10.0.1.2'])
  routes.apply(all(500, [A, B, C]))
  await routes.settled()
  t.strictSame(counted(await monitor.settle()), { 'new leaf': 1, 'new group': 1 })
  t.strictSame(members(ids[0]), ['10.0.0.2', '10.0.0.3', '10.0.1.2'])
  // To a set that another route has already: two groups alike rather than 500 changed routes.
  routes.apply(all(500, [C]))
  await routes.settled()
  t.strictSame(counted(await monitor.settle()), { 'new group': 1, 'del leaf': 2 })
  t.strictSame(
    routesNow().map((r) => r.nhid),
    ids,
    'no route has moved',
  )
  // Weights are changed in place, too.
  routes.apply(all(500, [hop('10.0.0.2', 256), hop('10.0.1.2', 3)]))
  await routes.settled()
  t.strictSame(counted(await monitor.settle()), { 'new leaf': 1, 'new group': 1 })
  t.strictSame(members(ids[0]), ['10.0.0.2 * 256', '10.0.1.2 * 3'])
  // Some are withdrawn and the others change: what becomes of the group does not matter to those that go.
  routes.apply([...all(400, [A]), ...Array.from({ length: 100 }, (_, i) => remove(nth(400 + i)))])
  await routes.settled()
  t.strictSame(counted(await monitor.settle()), { 'new group': 1, 'del route 24': 100 })
  monitor.close()
  await close(routes)
})

inNamespace('some of the routes change: they move, the others stay', async (t) => {
  const { open, close } = await routesWorld(t)
  const routes = await open()
  routes.apply(all(100, [A, C]))
  await routes.settled()
  const [{ nhid } = { nhid: 0 }] = routesNow()
  const monitor = watch()
  routes.apply(all(40, [B, C]))
  await routes.settled()
  const expected = { 'new leaf': 1, 'new group': 1, 'new route 24': 40 }
  t.strictSame(counted(await monitor.settle()), expected)
  t.equal(routesNow().filter((r) => r.nhid === nhid).length, 60)
  // Few enough to go where the others are: the group that is left empty goes, and the leaf with it.
  routes.apply(all(40, [A, C]))
  await routes.settled()
  const back = { 'new route 24': 40, 'del group': 1, 'del leaf': 1 }
  t.strictSame(counted(await monitor.settle()), back)
  t.ok(
    routesNow().every((r) => r.nhid === nhid),
    'one group again',
  )
  // Everybody somewhere else, in two directions.
  routes.apply(all(100, [B]).map((change, i) => (i < 50 ? change : through(nth(i), [C]))))
  await routes.settled()
  t.equal(groups().length, 2)
  t.equal(leaves().length, 2)
  t.equal(new Set(routesNow().map((r) => r.nhid)).size, 2)
  monitor.close()
  await close(routes)
  t.strictSame(objects(), [])
})

inNamespace('10,000 prefixes over 16 next hops, then 1,000 withdrawn', async (t) => {
  const { open, close, events } = await routesWorld(t)
  withoutCompatibility()
  const hops = Array.from({ length: 16 }, (_, i) => hop(`10.0.0.${i + 2}`))
  const setOf = (i: number): NextHop[] => hops.filter((_, h) => h === i % 16 || (i + h) % 3 === 0)
  const routes = await open()
  let start = performance.now()
  routes.apply(Array.from({ length: 10_000 }, (_, i) => through(nth(i), setOf(i))))
  await routes.settled()
  t.comment(`installed in ${Math.round(performance.now() - start)} ms, ${groups().length} groups`)
  // Against what was asked for, route by route.
  const gateways = new Map(groups().map(({ id }) => [id, members(id).sort().join()]))
  const now = new Map(routesNow().map((r) => [r.dst, r.nhid]))
  const wrong = Array.from({ length: 10_000 }, (_, i) => i).filter((i) => {
    const wanted = setOf(i).map((h) => `10.0.0.${h.gateway! & 255}`)
    return gateways.get(now.get(nth(i))!) !== wanted.sort().join()
  })
  t.strictSame(wrong, [])
  const monitor = watch()
  start = performance.now()
  routes.apply(Array.from({ length: 1000 }, (_, i) => remove(nth(i * 10))))
  await routes.settled()
  t.comment(`1,000 withdrawn in ${Math.round(performance.now() - start)} ms`)
  const heard = counted(await monitor.settle())
  t.strictSame(heard, { 'del route 24': 1000 }, 'no other route is touched')
  t.equal(routesNow().length, 9000)
  t.strictSame(events, [])
  monitor.close()
  await close(routes)
  t.strictSame(objects(), [])
})

inNamespace('resilient groups: an id for life, buckets stay with those that stay', async (t) => {
  const resilient = { buckets: 60, idleTimer: 100, unbalancedTimer: 300 }
  const { open, close } = await routesWorld(t, { mode: 'resilient', resilient })
  const routes = await open()
  t.match(routes.mode, { mode: 'groups', resilient: true })
  routes.apply([
    through('20.0.0.1/32', [A, B, C]),
    through('20.0.0.2/32', [A, B, C]),
    through('20.0.1.0/24', [A, B, C]),
  ])
  await routes.settled()
  const [one, two, net] = routesNow().map((r) => r.nhid!)
  t.not(one, two, 'each host has its own')
  const args = { buckets: 60, idle_timer: 100, unbalanced_timer: 300 }
  t.match(
    groups().find((g) => g.id === one),
    { type: 'resilient', resilient_args: args },
  )
  t.equal(groups().find((g) => g.id === net)?.type, undefined, 'a network has a plain one')
  const before = buckets(one!)
  const leafOf = new Map(leaves().map((l) => [l.gateway, l.id]))
  const count = (list: readonly number[], gateway: string): number =>
    list.filter((id) => id === leafOf.get(gateway)).length
  t.equal(count(before, '10.0.0.3'), 20)
  const monitor = watch()
  routes.apply([through('20.0.0.1/32', [A, C])])
  await routes.settled()
  t.strictSame(counted((await monitor.settle()).filter((h) => !h.includes('route'))), {
    'new group': 1,
  })
  const after = buckets(one!)
  const moved = before.filter((id, i) => id !== after[i])
  t.equal(moved.length, 20, 'those of the one that left')
  t.ok(moved.every((id) => id === leafOf.get('10.0.0.3')))
  t.equal(routesNow()[0]?.nhid, one, 'the same id')
  // All others leave and come back, in place; weights, too.
  for (const hops of [[C], [B], [A, hop('10.0.1.2', 255)], [A, B, C]]) {
    routes.apply([through('20.0.0.1/32', hops)])
    await routes.settled()
    t.equal(routesNow()[0]?.nhid, one)
  }
  t.strictSame(members(one), ['10.0.0.2', '10.0.0.3', '10.0.1.2'])
  t.equal(groups().find((g) => g.id === one)?.resilient_args?.['buckets'], 60)
  // Somebody removes the route: the group and its buckets are there when it is put back.
  ip('route del 20.0.0.1/32')
  await until('the loss', () => routesNow().length === 2)
  t.ok(groups().some((g) => g.id === one))
  monitor.close()
  routes.apply([remove('20.0.0.2/32')])
  await routes.settled()
  t.notOk(
    groups().some((g) => g.id === two),
    'gone with its route',
  )
  await close(routes)
  t.strictSame(objects(), [])
})

inNamespace('one that returns has its share within the time that is stated', async (t) => {
  const resilient = { buckets: 60, idleTimer: 100, unbalancedTimer: 1 }
  const { open, close } = await routesWorld(t, { mode: 'resilient', resilient })
  const routes = await open()
  for (const hops of [[A, C], [A], [A, C]]) {
    routes.apply([through('20.0.0.1/32', hops)])
    await routes.settled()
  }
  const { nhid } = routesNow()[0]!
  const back = leaves().find((l) => l.gateway === '10.0.1.2')?.id
  const share = (): number => buckets(nhid!).filter((id) => id === back).length
  await until('its share of the buckets, though none is idle for so long', () => share() === 30, 30)
  await close(routes)
})

inNamespace('a draining next hop has no bucket', async (t) => {
  const resilient = { prefixes: [{ prefix: parseIpv4('20.0.0.0')!, length: 16 }] }
  const { open, close } = await routesWorld(t, { resilient })
  const routes = await open()
  const drained = [hop('10.0.0.2', 1), hop('10.0.0.3', 255), hop('10.0.1.2', 255)]
  routes.apply([through('20.0.0.0/24', drained), through('21.0.0.0/24', drained)])
  await routes.settled()
  const [{ nhid } = { nhid: 0 }, other] = routesNow()
  t.equal(buckets(nhid!).length, 120)
  const draining = leaves().find((l) => l.gateway === '10.0.0.2')?.id
  t.notOk(buckets(nhid!).includes(draining!))
  t.strictSame(members(nhid), ['10.0.0.2', '10.0.0.3 * 255', '10.0.1.2 * 255'])
  t.not(groups().find((g) => g.id === other?.nhid)?.type, 'resilient', 'outside of the list')
  await close(routes)
})

inNamespace(
  'a draining next hop has no bucket of thousands, where the kernel can say so',
  async (t) => {
    const { open, close } = await routesWorld(t, {
      mode: 'resilient',
      resilient: { buckets: 8192 },
    })
    const routes = await open()
    const isWide = busyShare(8192, release()) !== undefined
    t.equal(routes.keepsConnections, isWide)
    const draining = { ...hop('10.0.0.2'), draining: true }
    routes.apply([through('20.0.0.1/32', [draining, hop('10.0.0.3'), hop('10.0.1.2')])])
    await routes.settled()
    const [{ nhid } = { nhid: 0 }] = routesNow()
    const leaf = leaves().find((l) => l.gateway === '10.0.0.2')?.id
    t.equal(buckets(nhid!).length, 8192)
    t.equal(buckets(nhid!).includes(leaf!), !isWide)
    // what was written is what is read: there is nothing to put right
    const monitor = watch()
    routes.apply([through('20.0.0.1/32', [draining, hop('10.0.0.3'), hop('10.0.1.2')])])
    await routes.settled()
    t.strictSame(await monitor.settle(), [])
    monitor.close()
    await close(routes)
  },
)

inNamespace('others delete a route, a group, a leaf: put back', async (t) => {
  const { open, close, told, clock, events } = await routesWorld(t)
  const routes = await open()
  routes.apply([...all(50, [A, C]), through('30.0.0.0/8', [B, C])])
  await routes.settled()
  const healthy = (): boolean =>
    routesNow().length === 51 &&
    members(routesNow()[0]?.nhid).join() === '10.0.0.2,10.0.1.2' &&
    members(routesNow()[50]?.nhid).join() === '10.0.0.3,10.0.1.2'
  t.ok(healthy())
  ip(`route del ${nth(7)}`)
  await told(`lost ${nth(7)}`)
  await clock.advance(100)
  await until('the route', healthy)
  ip(`nexthop del id ${routesNow()[0]?.nhid}`)
  t.match(await told('group'), { change: 'gone', routes: 50 })
  t.equal(routesNow().length, 1, 'the kernel removed the routes with the group')
  await clock.advance(300)
  await until('the group and its routes', healthy)
  t.equal(groups().length, 2)
  // One of two leaves: the groups go on with the other.
  const leaf = leaves().find((l) => l.gateway === '10.0.1.2')?.id
  ip(`nexthop del id ${leaf}`)
  t.match(await told('group'), { change: 'altered' })
  t.match(await told('group'), { change: 'altered' })
  t.equal(routesNow().length, 51)
  await clock.advance(500)
  await until('the leaf', healthy)
  await routes.settled()
  t.equal(groups().length, 2, 'put right in place')
  events.length = 0
  // All leaves: groups and routes go without a word about the routes.
  for (const { id } of leaves()) ip(`nexthop del id ${id}`)
  await told('group')
  t.strictSame(routesNow(), [])
  await clock.advance(2000)
  await until('everything', healthy)
  await routes.settled()
  events.length = 0
  // Somebody gives our group other members.
  const strange = 'via 10.0.0.99 dev a0'
  ip(`nexthop add id 5 ${strange}`)
  ip(`nexthop replace id ${routesNow()[0]?.nhid} group 5 proto 188`)
  t.match(await told('group'), { change: 'altered', routes: 50 })
  await clock.advance(4000)
  await until('our members', healthy)
  await routes.settled()
  t.ok(
    objects().some((o) => o.id === 5),
    'theirs is left alone',
  )
  t.notOk(events.some((e) => e.type === 'foreign'))
  await close(routes)
  t.strictSame(
    objects().map((o) => o.id),
    [5],
  )
})

inNamespace('what is not ours stays', async (t) => {
  const firstId = 0x50000000
  const { open, close, told, events } = await routesWorld(t, { nextHopIds: firstId })
  // Ids of our range that others took, one of them with our protocol.
  ip(`nexthop add id ${firstId} via 10.0.0.9 dev a0 proto static`)
  ip(`nexthop add id ${firstId + 1} group ${firstId} proto 188`)
  ip('route add 20.0.0.0/24 nhid 1342177280 metric 20 proto 188')
  const before = ip('route show')
  const routes = await open()
  routes.apply([through('20.0.0.0/24', [A, C]), through('20.0.1.0/24', [A, C])])
  await routes.settled()
  t.match(await told('foreign 20.0.0.0/24'), { protocol: 188 }, 'its next hop is not ours')
  t.ok(ip('route show').startsWith(before.split('\n')[0]!))
  t.strictSame(members(routesNow()[1]?.nhid), ['10.0.0.2', '10.0.1.2'])
  // And one taken while we run.
  const next = Math.max(...objects().map((o) => o.id)) + 1
  ip(`nexthop add id ${next} via 10.0.0.9 dev a0`)
  ip(`nexthop add id ${next + 1} via 10.0.0.9 dev a0`)
  routes.apply([through('20.0.2.0/24', [B])])
  await routes.settled()
  t.strictSame(members(routesNow()[2]?.nhid), ['10.0.0.3'])
  t.strictSame(events, [])
  // The same prefix with another protocol.
  ip('route replace 20.0.1.0/24 via 10.0.0.9 metric 20 proto static')
  t.match(await told('foreign 20.0.1.0/24'), { protocol: 4 })
  routes.apply([through('20.0.1.0/24', [C])])
  await routes.settled()
  t.match(ip('route show 20.0.1.0/24'), 'via 10.0.0.9')
  await t.rejects(lockNextHops(firstId), { code: 'ERR_OSPF_DUPLICATE', message: /nextHopIds/ })
  await close(routes)
  t.strictSame(
    objects().map((o) => o.id),
    [firstId, firstId + 1, next, next + 1],
  )
  t.match(ip('route show 20.0.0.0/24'), 'nhid 1342177280')
})

inNamespace('links: down, up, deleted', async (t) => {
  const { open, close, clock, links, told } = await routesWorld(t)
  const routes = await open()
  routes.apply([...all(20, [A, C]), through('30.0.0.0/8', [A])])
  await routes.settled()
  const change = async (command: string, done: () => boolean): Promise<void> => {
    ip(command)
    await until(command, done)
    await clock.advance(100)
    await routes.settled()
  }
  // The calculation is told first: the group of what is left is a change in place.
  ip('link set a0 down')
  routes.apply([...all(20, [C]), remove('30.0.0.0/8')])
  await routes.settled()
  t.equal(routesNow().length, 20)
  t.strictSame(members(routesNow()[0]?.nhid), ['10.0.1.2'])
  await change('link set a0 up', () => links.links().get('a0')?.up === true)
  routes.apply([...all(20, [A, C]), through('30.0.0.0/8', [A])])
  await routes.settled()
  t.equal(routesNow().length, 21)
  // The calculation is late: nothing to be had on a0, then it is back.
  await change('link set a0 down', () => links.links().get('a0')?.up === false)
  await told('group')
  await clock.advance(100)
  await routes.settled()
  const refused = await told('error 20.0.0.0/24')
  t.match(refused, { error: { errno: 'ENETDOWN' }, others: 20 }, 'once for all that share it')
  t.equal(routesNow().length, 20, 'those with another way stay')
  await change('link set a0 up', () => links.links().get('a0')?.up === true)
  await until('all', () => routesNow().length === 21)
  await until('both', () => members(routesNow()[0]?.nhid).length === 2)
  // Down, and elsewhere before we have looked: group and routes are gone, and made anew at once.
  ip('link set a0 down')
  routes.apply([through('30.0.0.0/8', [C]), ...all(20, [C])])
  await routes.settled()
  t.equal(routesNow().length, 21)
  await change('link del c0', () => !links.links().has('c0'))
  t.strictSame(routesNow(), [])
  await close(routes)
  t.strictSame(objects(), [])
})

inNamespace('killed and started again: nothing is missing meanwhile', async (t) => {
  for (const options of [{ mode: 'groups' }, { mode: 'resilient' }] as const) {
    const { open, close, clock, events } = await routesWorld(t, options)
    const prefixes = Array.from({ length: 100 }, (_, i) => nth(i, 32))
    const child = fork(fileURLToPath(new URL('./routes-child.js', import.meta.url)), [
      JSON.stringify(options),
      JSON.stringify(prefixes),
      JSON.stringify([A, B, C]),
    ])
    await once(child, 'message')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const before = routesNow()
    t.equal(before.length, 100)
    const monitor = watch()
    // A group that an earlier life made and had no time to use, and one that another table uses.
    const [{ id: leaf } = { id: 0 }] = leaves()
    const stray = Math.max(...objects().map((o) => o.id)) + 1
    ip(`nexthop add id ${stray} group ${leaf} proto 188`)
    ip(`nexthop add id ${stray + 1} group ${leaf} proto 188`)
    ip(`route add 50.0.0.0/8 nhid ${stray + 1} table 77 proto 188`)
    await monitor.settle()
    const routes = await open()
    t.strictSame(routesNow(), before, 'they wait')
    routes.apply(prefixes.slice(0, 90).map((prefix) => through(prefix, [A, B, C])))
    await routes.settled()
    t.strictSame(await monitor.settle(), [], 'as they are')
    t.equal(events.filter((e) => e.type === 'leftover').length, 90)
    t.strictSame(routesNow(), before)
    await clock.advance(60_000)
    await routes.settled()
    const removed = options.mode === 'groups' ? 1 : 11
    t.strictSame(counted(await monitor.settle()), { 'del route 32': 10, 'del group': removed })
    t.strictSame(routesNow(), before.slice(0, 90), 'stale ones go')
    // And from here on as if they had been made in this life.
    routes.apply(prefixes.slice(0, 90).map((prefix) => through(prefix, [A, C])))
    await routes.settled()
    t.strictSame(
      routesNow().map((r) => r.nhid),
      before.slice(0, 90).map((r) => r.nhid),
    )
    t.strictSame(members(before[0]?.nhid), ['10.0.0.2', '10.0.1.2'])
    monitor.close()
    await close(routes)
    t.strictSame(
      groups().map((g) => g.id),
      [stray + 1],
      'which a route of another table uses',
    )
    t.equal(leaves().length, 1)
    t.match(ip('route show table 77'), '50.0.0.0/8')
    ip('route del 50.0.0.0/8 table 77')
    ip('nexthop flush')
    for (const device of ['a0', 'c0']) ip(`link del ${device}`)
  }
})

inNamespace('from one way of installing to another', async (t) => {
  const { open, close, clock } = await routesWorld(t)
  const hosts = [through('20.0.0.1/32', [A, C]), through('20.0.0.0/24', [A, C])]
  const monitor = watch()
  const kind = (): (string | undefined)[] =>
    routesNow()
      .map((r) => r.nhid)
      .map((id) => {
        const group = groups().find((g) => g.id === id)
        return group === undefined ? 'multipath' : (group.type ?? 'plain')
      })
      .sort()
  let routes: LinuxRoutes | undefined
  for (const [mode, expected] of [
    ['multipath', ['multipath', 'multipath']],
    ['groups', ['plain', 'plain']],
    ['resilient', ['plain', 'resilient']],
    ['multipath', ['multipath', 'multipath']],
    ['resilient', ['plain', 'resilient']],
    ['groups', ['plain', 'plain']],
    ['multipath', ['multipath', 'multipath']],
  ] as const) {
    await routes?.[Symbol.asyncDispose]()
    t.equal(routesNow().length, routes === undefined ? 0 : 2, 'kept')
    routes = await open({ mode, keep: true })
    routes.apply(hosts)
    await routes.settled()
    t.strictSame(kind(), [...expected], mode)
    await clock.advance(60_000)
    await routes.settled()
    const wanted = { multipath: 0, plain: 1, resilient: 1 }
    t.equal(
      groups().length,
      new Set(expected.map((e) => (wanted[e] ? e : ''))).size - (mode === 'multipath' ? 1 : 0),
    )
  }
  t.notOk(
    (await monitor.settle()).some((what) => what.startsWith('del route')),
    'always in one step',
  )
  t.strictSame(objects(), [], 'and no object stays behind')
  monitor.close()
  await close(routes!)
  const last = await LinuxRoutes.open({
    links: { links: () => new Map(), watch: () => ({ [Symbol.dispose]: () => {} }) },
  })
  await last[Symbol.asyncDispose]()
  t.strictSame(routesNow(), [], 'unless the next one removes them')
})

inNamespace('a preferred source address', async (t) => {
  const source = parseIpv4('10.0.1.1')!
  const { open, close, told } = await routesWorld(t, { source })
  const routes = await open()
  routes.apply([through('20.0.0.0/24', [A, C])])
  await routes.settled()
  t.equal(routesNow()[0]?.prefsrc, '10.0.1.1')
  await routes[Symbol.asyncDispose]()
  // From another life, with another address: ours by its group, and put right.
  const first = await open({ source: parseIpv4('10.0.0.1')!, keep: true })
  first.apply([through('20.0.0.0/24', [A, C])])
  await first.settled()
  await first[Symbol.asyncDispose]()
  t.equal(routesNow()[0]?.prefsrc, '10.0.0.1')
  const second = await open()
  second.apply([through('20.0.0.0/24', [A, C])])
  await second.settled()
  t.equal(routesNow()[0]?.prefsrc, '10.0.1.1')
  await told('leftover 20.0.0.0/24')
  // One that the host does not have.
  const third = await open({ source: parseIpv4('10.9.9.9')!, metric: 21 })
  third.apply([through('20.0.0.0/24', [A])])
  await third.settled()
  t.match(await told('error 20.0.0.0/24'), { error: { message: /prefsrc/ } })
  await third[Symbol.asyncDispose]()
  await close(second)
})

inNamespace('without CAP_NET_ADMIN, with groups', async (t) => {
  const { open, close, told, events, clock } = await routesWorld(t)
  process.setgroups?.([])
  process.setgid?.(65534)
  process.setuid?.(65534)
  const routes = await open()
  t.match(await told('forbidden'), { error: { code: 'ERR_OSPF_PERMISSION' } })
  routes.apply(all(10, [A, C]))
  await routes.settled()
  await clock.advance(3000)
  await routes.settled()
  t.strictSame(events, [], 'said once')
  await close(routes)
})

outside('which mode', async (t) => {
  const links = { links: () => new Map(), watch: () => ({ [Symbol.dispose]: () => {} }) }
  const choose = (options: object, support: Parameters<typeof chooseMode>[1]) =>
    chooseMode(routeSettings({ links, ...options }), support)
  t.match(choose({}, 'none'), { mode: 'multipath', why: /no next-hop objects/ })
  t.match(choose({}, 'plain'), { mode: 'groups', resilient: false })
  t.match(choose({}, 'resilient'), { mode: 'groups', resilient: false })
  t.match(choose({ resilient: {} }, 'resilient'), { mode: 'groups', resilient: true })
  t.match(choose({ resilient: {} }, 'plain'), { resilient: false, why: /no resilient groups/ })
  t.match(choose({ mode: 'multipath' }, 'resilient'), { mode: 'multipath', why: /asked for/ })
  t.match(choose({ mode: 'resilient' }, 'resilient'), { mode: 'groups', resilient: true })
  const error = { code: 'ERR_OSPF_KERNEL', message: /this kernel has no/ }
  t.throws(() => choose({ mode: 'groups' }, 'none'), error)
  t.throws(() => choose({ mode: 'resilient' }, 'plain'), error)
  const bad = { nextHopIds: 2 ** 32 - 1 }
  t.throws(() => choose(bad, 'plain'), { code: 'ERR_OSPF_CONFIG' })
})
