/** The bodies of LSAs of the hostile-packet list. None of them may throw, be kept broken, or move a route that it should not. */
import t from 'tap'
import { ip, type Peer, us } from '../core/bench.ts'
import { type Also, type Case, cases, lsa, say, u16, u32, update } from './case.ts'

const UPDATE = 4
const far = ip('10.9.9.9')
const send = (type: number, lsId: number, body: readonly number[], options = 2): Case['send'] =>
  say(UPDATE, update([lsa(type, lsId, far, body, { options })]))
const malformed = { drops: { 'lsa-malformed': 1 } } as const
const kept =
  (type: number, lsId: number): Also =>
  (t, bench) => {
    t.ok(
      bench.entry({ type, lsId, advertisingRouter: far }),
      'it is kept and flooded, as it is not for us to judge',
    )
    bench.run(10)
    t.same(
      bench.routeChanges.filter((c) => c.type !== 'remove'),
      [],
      'and moves no route',
    )
  }
const link = (type: number, tos = 0): number[] => [...u32(us), ...u32(0), type, tos, 0, 1]
const router = (count: number, ...links: readonly (readonly number[])[]): number[] => [
  0,
  0,
  ...u16(count),
  ...links.flat(),
]

t.test('router-LSA', async (t) => {
  cases(t, {
    'more links than octets': { send: send(1, far, router(2, link(3))), ...malformed },
    '65535 links in 12 octets': { send: send(1, far, router(0xffff, link(3))), ...malformed },
    'fewer links than octets': { send: send(1, far, router(1, link(3), link(3))), ...malformed },
    'no links': { send: send(1, far, router(0)), drops: {}, also: kept(1, far) },
    'TOS count 255': { send: send(1, far, router(1, link(3, 255))), ...malformed },
    'TOS count 1, with room for it': {
      send: send(1, far, router(1, [...link(3, 1), 8, 0, 0, 9])),
      drops: {},
      also: kept(1, far),
    },
    'link type 0': { send: send(1, far, router(1, link(0))), drops: {}, also: kept(1, far) },
    'link type 5': { send: send(1, far, router(1, link(5))), drops: {}, also: kept(1, far) },
    'link type 255': { send: send(1, far, router(1, link(255))), drops: {}, also: kept(1, far) },
    'a link to us that we do not have': {
      send: send(1, far, router(1, link(1))),
      drops: {},
      also: kept(1, far),
    },
    'a link to itself': {
      send: send(1, far, router(1, [...u32(far), ...u32(0), 1, 0, 0, 0])),
      drops: {},
      also: kept(1, far),
    },
    'every flag': { send: send(1, far, [0xff, 0xff, 0, 0]), drops: {}, also: kept(1, far) },
  })
})

t.test('network-LSA', async (t) => {
  cases(t, {
    'no attached router': { send: send(2, far, u32(0xffffff00)), ...malformed },
    'a mask with holes': { send: send(2, far, [...u32(0xff00ff00), ...u32(far)]), ...malformed },
    'mask 0': { send: send(2, far, [...u32(0), ...u32(far)]), drops: {}, also: kept(2, far) },
    'the same router a hundred times': {
      send: send(2, far, [
        ...u32(0xffffff00),
        ...Array.from({ length: 100 }, () => u32(far)).flat(),
      ]),
      drops: {},
      also: kept(2, far),
    },
    'under our address, of somebody else': {
      send: send(2, us, [...u32(0xffffff00), ...u32(us), ...u32(far)]),
      drops: {},
      also: (t, bench) => {
        bench.run(10)
        t.ok(bench.ownRouterLsa()?.ours)
      },
    },
  })
})

t.test('summary-LSA', async (t) => {
  const net = ip('198.51.0.0')
  cases(t, {
    cut: { send: send(3, net, u32(0xffff0000)), ...malformed },
    'a mask with holes': { send: send(3, net, [...u32(0xf0f00000), ...u32(1)]), ...malformed },
    LSInfinity: {
      send: send(3, net, [...u32(0xffff0000), 0, 0xff, 0xff, 0xff]),
      drops: {},
      also: kept(3, net),
    },
    'of somebody who cannot be reached': {
      send: send(3, net, [...u32(0xffff0000), 0, 0, 0, 1]),
      drops: {},
      also: kept(3, net),
    },
    'for our own network': {
      send: send(3, ip('10.0.0.0'), [...u32(0xffffff00), 0, 0, 0, 0]),
      drops: {},
      also: kept(3, ip('10.0.0.0')),
    },
    'type 4 for ourselves': {
      send: send(4, us, [...u32(0), 0, 0, 0, 0]),
      drops: {},
      also: kept(4, us),
    },
  })
})

t.test('AS-external-LSA', async (t) => {
  const net = ip('198.51.0.0')
  const body = (mask: number, metric: number, forward: number): number[] => [
    ...u32(mask),
    ...u32(metric),
    ...u32(forward),
    ...u32(0),
  ]
  /** The neighbor is the AS boundary router: it can be reached, so that nothing else keeps the route away. */
  const reachable =
    (octets: readonly number[], lsId = net): Case['send'] =>
    (peer: Peer, bench) => {
      const own: number[] = [2, 0, ...u16(1), ...u32(us), ...u32(peer.address), 1, 0, 0, 1]
      say(UPDATE, update([lsa(1, peer.routerId, peer.routerId, own, { sequence: 0x80000010 })]))(
        peer,
        bench,
      )
      bench.run(2)
      bench.forget()
      say(UPDATE, update([lsa(5, lsId, peer.routerId, octets)]))(peer, bench)
    }
  const noRoute: Also = (t, bench) => {
    bench.run(5)
    t.same(bench.routeChanges, [], 'no route')
  }
  const route: Also = (t, bench) => {
    bench.run(5)
    t.equal(bench.routeChanges.length, 1, 'a route')
  }
  cases(t, {
    'an honest one, for comparison': {
      send: reachable(body(0xffff0000, 20, 0)),
      drops: {},
      also: route,
    },
    cut: { send: reachable(u32(0xffff0000)), ...malformed, also: noRoute },
    'a mask with holes': { send: reachable(body(0xf0ff0000, 20, 0)), ...malformed, also: noRoute },
    LSInfinity: { send: reachable(body(0xffff0000, 0xffffff, 0)), drops: {}, also: noRoute },
    'our address to forward to': {
      send: reachable(body(0xffff0000, 20, us)),
      drops: {},
      also: noRoute,
    },
    'an address to forward to that nobody reaches': {
      send: reachable(body(0xffff0000, 20, ip('203.0.113.1'))),
      drops: {},
      also: noRoute,
    },
    'multicast to forward to': {
      send: reachable(body(0xffff0000, 20, ip('224.0.0.5'))),
      drops: {},
      also: noRoute,
    },
    'our own network is nearer': {
      send: reachable(body(0xffffff00, 20, 0), ip('10.0.0.0')),
      drops: {},
      also: noRoute,
    },
    'TOS paths that are cut': {
      send: reachable([...body(0xffff0000, 20, 0), 0, 0, 0, 1]),
      ...malformed,
      also: noRoute,
    },
  })
})
