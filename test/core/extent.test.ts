import t from 'tap'
import { type Extent, extentOf } from '../../lib/core/extent.ts'
import { prefixKey } from '../../lib/core/prefix-index.ts'
import { maskOf } from '../../lib/wire/address.ts'
import { type Lsa, LsType } from '../../lib/wire/lsa.ts'
import {
  externalLsa,
  ip,
  lsaOf,
  networkLsa,
  pointToPoint,
  routerLsa,
  stub,
  transit,
  us,
} from './bench.ts'

const far = ip('20.0.0.1')
const key = (prefix: string, length = 24): number => prefixKey(ip(prefix), length)
const tree: Extent = { what: 'tree' }
const isNew: Extent = { what: 'tree', isNew: true }
const networks = (...keys: number[]): Extent => ({ what: 'networks', keys })

const link = pointToPoint(us, 1)
const summary = (type: number, prefix: string, metric: number, length = 24): Lsa =>
  lsaOf(type, ip(prefix), far, { kind: 'summary', mask: maskOf(length), metric, tos: [] })
const flagged = (flags: object): Lsa => {
  const { header, body } = routerLsa(far, [link])
  if (body.kind !== 'router') throw new Error('not a router-LSA')
  return lsaOf(header.type, header.lsId, header.advertisingRouter, { ...body, ...flags })
}

const [a, b] = [stub('192.0.2.0', 24), stub('198.51.100.0', 24)]
const rows: [what: string, before: Lsa | undefined, after: Lsa | undefined, Extent | undefined][] =
  [
    ['a new router', undefined, routerLsa(far, []), isNew],
    ['a router that has gone', routerLsa(far, []), undefined, tree],
    ['a link', routerLsa(far, [a]), routerLsa(far, [a, link]), tree],
    ['another cost', routerLsa(far, [link]), routerLsa(far, [pointToPoint(us, 1, 2)]), tree],
    ['another kind', routerLsa(far, [pointToPoint(5, 6)]), routerLsa(far, [transit(5, 6)]), tree],
    ['bit V', flagged({}), flagged({ virtualLink: true }), tree],
    ['bit B', flagged({}), flagged({ border: true }), { what: 'table' }],
    ['bit E', flagged({ external: true }), flagged({}), { what: 'table' }],
    ['bit Nt', flagged({ nssaTranslator: true }), flagged({}), { what: 'table' }],
    ['a stub comes', routerLsa(far, [link]), routerLsa(far, [a, link]), networks(key('192.0.2.0'))],
    [
      'a stub goes',
      routerLsa(far, [a, link, b]),
      routerLsa(far, [link, a]),
      networks(key('198.51.100.0')),
    ],
    [
      'a stub costs more',
      routerLsa(far, [stub('192.0.2.0', 24, 1), b]),
      routerLsa(far, [stub('192.0.2.0', 24, 2), b]),
      networks(key('192.0.2.0')),
    ],
    ['stubs in another order', routerLsa(far, [a, b]), routerLsa(far, [b, a]), networks()],
    ['a refresh', routerLsa(far, [a]), routerLsa(far, [a], { sequence: 5 }), undefined],
    ['a network', networkLsa(far, far, [far]), networkLsa(far, far, [far, us]), tree],
    [
      'a summary',
      summary(LsType.summaryNetwork, '10.1.0.0', 5),
      summary(LsType.summaryNetwork, '10.1.0.0', 6),
      networks(key('10.1.0.0'), key('10.1.0.0')),
    ],
    [
      'a summary of another length',
      summary(LsType.summaryNetwork, '10.1.0.0', 5),
      summary(LsType.summaryNetwork, '10.1.0.0', 5, 16),
      networks(key('10.1.0.0'), key('10.1.0.0', 16)),
    ],
    [
      'the way to a boundary router',
      summary(LsType.summaryAsbr, '9.9.9.9', 5),
      undefined,
      { what: 'table' },
    ],
    ['an external', undefined, externalLsa('192.0.2.0', far), networks(key('192.0.2.0'))],
    [
      'an opaque LSA',
      undefined,
      lsaOf(10, 1, far, { kind: 'opaque', opaqueType: 0, opaqueId: 1, data: new Uint8Array(4) }),
      undefined,
    ],
  ]

for (const [what, before, after, expected] of rows) {
  t.test(`13.2: what hangs on ${what}`, async (t) => t.same(extentOf(before, after), expected))
}
