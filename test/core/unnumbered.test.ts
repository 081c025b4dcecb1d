/** Point-to-point links whose address says nothing of the neighbor's: next hops on the link, and which link is meant. */
import t from 'tap'
import type { NextHop } from '../../lib/core/io.ts'
import type { ExternalLsaBody } from '../../lib/wire/external-lsa.ts'
import { LsType } from '../../lib/wire/lsa.ts'
import type { RouterLsaBody } from '../../lib/wire/router-lsa.ts'
import { Bench, externalLsa, ip, lsaOf, Peer, pointToPoint, routerLsa, stub, us } from './bench.ts'

const them = ip('10.0.0.2')
const there = ip('192.0.2.7')

/** Two links to one neighbor, with one address for both. Resolves to the next hops of what it has. */
function twoLinks(costs: readonly [number, number]): readonly NextHop[] {
  const bench = new Bench()
  costs.forEach((cost, i) => {
    bench.up({ name: `eth${i}`, network: 'point-to-point', cost }, { prefixLength: 32 })
    new Peer(bench, { interface: `eth${i}`, address: them }).alive().to('Full')
  })
  const links = costs.map((cost) => pointToPoint(us, them, cost))
  bench.peers[0]!.update(routerLsa(them, [...links, stub('192.0.2.7', 32, 1)]))
  bench.run(10)
  return bench.router.routes().find((route) => route.prefix === there)!.nextHops
}

const hop = (name: string): NextHop => ({ interface: name, gateway: them, onLink: true })

t.test('the gateway is on the link, though no prefix says so', async (t) => {
  t.strictSame(twoLinks([10, 10]), [hop('eth0'), hop('eth1')])
})

t.test('of links with one address, those with the cost are meant', async (t) => {
  t.strictSame(twoLinks([10, 20]), [hop('eth0')])
  t.strictSame(twoLinks([20, 10]), [hop('eth1')])
})

t.test('16.4 (3): a forwarding address in the subnet of a point-to-point link', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  const peer = new Peer(bench, { address: them }).alive().to('Full')
  const links = [pointToPoint(us, them, 10), stub('10.0.0.0', 24, 10)]
  const router = routerLsa(them, links).body as RouterLsaBody
  const external = externalLsa('192.0.2.0', them).body as ExternalLsaBody
  const forwarded: ExternalLsaBody = { ...external, forwardingAddress: them }
  peer.update(
    lsaOf(LsType.router, them, them, { ...router, external: true }),
    lsaOf(LsType.external, ip('192.0.2.0'), them, forwarded),
  )
  bench.run(10)
  const route = bench.router.routes().find(({ pathType }) => pathType === 'external-2')
  t.strictSame(route?.nextHops, [{ interface: 'eth0', gateway: them }])
  t.equal(route?.cost, 10)
})
