import t from 'tap'
import { internTable } from '../../lib/sim/intern.ts'
import { Network } from '../../lib/sim/network.ts'
import { encodeLsa, LsType } from '../../lib/wire/lsa.ts'
import { quick } from './topologies.ts'

const lsa = (sequence: number, age = 0, attachedRouters = [1, 2]) =>
  encodeLsa(
    { age, options: 2, type: LsType.network, lsId: 9, advertisingRouter: 7, sequence },
    { kind: 'network', mask: 0xffffff00, attachedRouters },
  )

t.test('equal but for their age is one LSA; anything else is not', async (t) => {
  const intern = internTable()
  const first = lsa(1)
  t.equal(intern(first), first)
  t.equal(intern(lsa(1)), first)
  t.equal(intern(lsa(1, 100)), first)
  const next = lsa(2)
  t.equal(intern(next), next)
  t.equal(intern(lsa(2)), next)
  const other = lsa(2, 0, [1, 3])
  t.equal(intern(other), other)
})

t.test('the routers of a network share their LSAs', async (t) => {
  const net = new Network()
  const [a, b] = [net.router('a'), net.router('b')]
  net.link(a, b, quick)
  net.run(10)
  const theirs = b.database().map((l) => l.lsa)
  t.equal(theirs.length, 2)
  for (const { lsa } of a.database()) t.ok(theirs.includes(lsa))
})
