import t from 'tap'
import { type LsaId, LsaMap } from '../../lib/core/lsa-map.ts'

const id = (type: number, lsId: number, advertisingRouter: number): LsaId => ({
  type,
  lsId,
  advertisingRouter,
})
const map = (...ids: LsaId[]): LsaMap<LsaId> => {
  const made = new LsaMap<LsaId>((value) => value)
  for (const each of ids) made.set(each)
  return made
}

t.test('one for each LSA, in the order in which they came', async (t) => {
  const ids = [id(1, 9, 9), id(1, 3, 3), id(5, 0xffffffff, 0xfffffffe), id(5, 0xffffffff, 0)]
  const of = map(...ids)
  t.equal(of.size, 4)
  t.same([...of], ids)
  for (const each of ids) {
    t.equal(of.find({ ...each }), each)
    t.equal(of.get(each.type, each.lsId, each.advertisingRouter), each)
  }
  t.notOk(of.has(id(1, 3, 4)))
  t.notOk(of.has(id(2, 3, 3)), 'of another type')
})

t.test('another in its place', async (t) => {
  const [old, now] = [id(5, 1, 2), id(5, 1, 2)]
  const of = map(old, id(5, 2, 2), now)
  t.equal(of.size, 2)
  t.equal(of.find(old), now)
  t.same([...of].indexOf(now), 0)
})

t.test('those with one number are told apart', async (t) => {
  // 2^21 apart, of another type, and a router-LSA
  const ids = [id(5, 7, 1), id(5, 7, 1 + 0x200000), id(7, 7, 1), id(1, 7 * 0x200000 + 1, 3)]
  const of = map(...ids)
  t.equal(of.size, 4)
  for (const each of ids) t.equal(of.find({ ...each }), each)
  const again = { ...ids[1]! }
  of.set(again)
  t.equal(of.size, 4)
  t.equal(of.find(again), again)
  t.equal(of.delete(id(5, 7, 2)), undefined, 'one that is not there')
  for (const [i, each] of [ids[0]!, again, ids[2]!, ids[3]!].entries()) {
    t.equal(of.delete({ ...each }), each)
    t.equal(of.size, 3 - i)
    t.notOk(of.has(each))
  }
  t.same([...of], [])
})

t.test('cleared', async (t) => {
  const of = map(id(1, 1, 1), id(5, 1, 1))
  of.clear()
  t.equal(of.size, 0)
  t.same([...of], [])
  t.notOk(of.has(id(1, 1, 1)))
})
