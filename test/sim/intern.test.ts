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
  const intern = internTable(() => 0)
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

t.test('what nobody has had for two hours is forgotten', async (t) => {
  let minutes = 0
  const intern = internTable(() => minutes * 60_000)
  const first = lsa(1)
  intern(first)
  for (minutes = 50; minutes < 300; minutes += 50) {
    t.equal(intern(lsa(1)), first, `seen every now and then, after ${minutes} minutes`)
  }
  const other = { ...first, header: { ...first.header, lsId: 10 } }
  for (minutes = 400; minutes < 540; minutes += 70) intern(other)
  const copy = lsa(1)
  t.equal(intern(copy), copy, 'not seen for two hours')
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
