/** Hundreds of routers in one area: what is equal in all of them is there once, and what comes at once is read at once. */
import t from 'tap'
import { settled } from '../../lib/sim/check.ts'
import { Network } from '../../lib/sim/network.ts'
import type { Lsa } from '../../lib/wire/lsa.ts'

const WIDTH = 18
const ROUTERS = WIDTH * WIDTH
const LINKS = 2 * WIDTH * (WIDTH - 1)

t.setTimeout(300_000)
t.test(`${ROUTERS} routers start cold`, async (t) => {
  const net = new Network({ seed: 1, eventLimit: 8 })
  const routers = Array.from({ length: ROUTERS }, (_, i) => net.router(`r${i}`))
  for (const [i, router] of routers.entries()) {
    const node = { node: router, cost: 1 + (i % 7) }
    if (i % WIDTH !== WIDTH - 1) net.link(node, routers[i + 1]!)
    if (i + WIDTH < ROUTERS) net.link(node, routers[i + WIDTH]!)
  }
  routers.at(-1)!.announce('10.77.0.0/24')
  const begun = process.cpuUsage()
  net.run(20)
  const { user, system } = process.cpuUsage(begun)
  t.comment(`${((user + system) / 1e6).toFixed(1)} s of processor, ${net.traffic.sent} packets`)

  t.ok(routers.every((router) => router.neighbors().every(({ state }) => state === 'Full')))
  t.ok(routers.every(({ fib }) => fib.has('10.77.0.0/24') || fib === routers.at(-1)!.fib))
  t.equal(routers[0]!.routes().length, LINKS + 1)
  const lsas = new Set<Lsa>()
  for (const router of routers) for (const { lsa } of router.database()) lsas.add(lsa)
  t.equal(lsas.size, ROUTERS, 'each LSA is there once, for all of them')
  // 600 and more when each packet is dealt with by itself
  const packets = net.traffic.sent / LINKS
  t.ok(packets < 200, `${packets.toFixed(0)} packets for each link`)

  // and one link that fails is heard of everywhere
  const before = net.traffic.sent
  net.segments[0]!.down()
  net.run(15)
  t.equal(routers.at(-1)!.routes().length, LINKS)
  t.ok((net.traffic.sent - before) / LINKS < 12)
  t.same(settled(net), [])
})
