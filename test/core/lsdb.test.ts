import t from 'tap'
import {
  ageOf,
  compareInstances,
  contentsDiffer,
  headerNow,
  isMaxAge,
  Lsdb,
} from '../../lib/core/lsdb.ts'
import { again, ip, madeUp, networkLsa, routerLsa, stub } from './bench.ts'

const id = ip('1.1.1.1')
const lsa = madeUp(id)

t.test('13.1: which instance is more recent', async (t) => {
  const rows: [why: string, a: [number, number, number], b: [number, number, number], n: number][] =
    [
      ['the same', [5, 100, 10], [5, 100, 10], 0],
      ['sequence number, whatever the rest', [6, 1, 900], [5, 0xffff, 3600], 1],
      ['sequence numbers are signed', [1, 1, 1], [-0x7fffffff, 9, 9], 1],
      ['the last sequence number against the first', [0x7fffffff, 1, 1], [-0x7fffffff, 1, 1], 1],
      ['checksum, as unsigned 16 bits', [5, 0x8000, 1000], [5, 0x7fff, 1], 1],
      ['checksum before MaxAge', [5, 2, 1], [5, 1, 3600], 1],
      ['MaxAge, if only one has it', [5, 100, 3600], [5, 100, 3599], 1],
      ['MaxAge, however near', [5, 100, 3600], [5, 100, 0], 1],
      ['both at MaxAge', [5, 100, 3600], [5, 100, 3600], 0],
      ['ages that differ by MaxAgeDiff are the same', [5, 100, 0], [5, 100, 900], 0],
      ['ages that differ by more: the younger', [5, 100, 0], [5, 100, 901], 1],
    ]
  for (const [why, a, b, expected] of rows) {
    const of = ([sequence, checksum]: [number, number, number]) => ({
      ...lsa.header,
      sequence,
      checksum,
    })
    t.equal(compareInstances(of(a), a[2], of(b), b[2]), expected, why)
    t.equal(compareInstances(of(b), b[2], of(a), a[2]) + expected, 0, `${why}, the other way round`)
  }
})

t.test('12.1.1: age is computed from age at install, and stops at MaxAge', async (t) => {
  const lsdb = new Lsdb()
  const entry = lsdb.install(lsa, 100, 5000, true)
  t.equal(ageOf(entry, 5000), 100)
  t.equal(ageOf(entry, 5999), 100)
  t.equal(ageOf(entry, 6000), 101)
  t.equal(ageOf(entry, 5000 + 3_499_999), 3599)
  t.notOk(isMaxAge(entry, 5000 + 3_499_999))
  t.ok(isMaxAge(entry, 5000 + 3_500_000))
  t.equal(ageOf(entry, 1e9), 3600)
  t.equal(headerNow(entry, 15000).age, 110)
  t.equal(entry.lsa.header.age, 1, 'an instance is never written to')
})

t.test('13.2: contents differ by options, length or body', async (t) => {
  const differs = (other: typeof lsa): boolean => contentsDiffer(lsa, other)
  t.notOk(differs(again(lsa, { sequence: 7, age: 99 })), 'not by sequence, age and checksum')
  t.ok(differs(again(lsa, { options: 0 })), 'options')
  t.ok(differs(routerLsa(id, [])), 'length')
  t.ok(differs(routerLsa(id, [stub('192.0.2.0', 24, 2)])), 'body')
})

t.test('a slot stays the same while instances come and go', async (t) => {
  const lsdb = new Lsdb()
  const entry = lsdb.install(lsa, 0, 0, false)
  entry.sentAt = 0
  const next = again(lsa, { sequence: 7 })
  t.equal(lsdb.install(next, 5, 10, true), entry)
  t.match(entry, { ageAtInstall: 5, installedAt: 10, flooded: true, sentAt: undefined })
  t.equal(lsdb.get(1, id, id)?.lsa, next)
  t.equal(lsdb.find(next.header), entry)
  t.equal(lsdb.router(id), entry)
  t.equal(lsdb.size, 1)
})

t.test('entries are found by type, and those at MaxAge are listed', async (t) => {
  const lsdb = new Lsdb()
  const router = lsdb.install(lsa, 0, 0, false)
  const network = lsdb.install(networkLsa(ip('10.0.0.2'), id, [id]), 3600, 0, false)
  t.same([...lsdb.ofType(1)], [router])
  t.same([...lsdb.ofType(2)], [network])
  t.same([...lsdb.ofType(5)], [])
  t.same([...lsdb.maxAge], [network])
  lsdb.install(network.lsa, 0, 1, false)
  t.same([...lsdb.maxAge], [], 'a younger instance takes it off')
  lsdb.own.add(network)
  lsdb.remove(network)
  t.ok(network.removed)
  t.same([...lsdb], [router])
  t.same([...lsdb.ofType(2)], [])
  t.equal(lsdb.own.size, 0)
  t.equal(lsdb.find(network.lsa.header), undefined)
})
