import t from 'tap'
import { VertexIds } from '../../lib/core/vertex-ids.ts'
import { Random } from '../../lib/sim/random.ts'

/** The multiplier of the table, undone: these ids want to be in the first of 2^13 slots, all of them. */
function crowd(count: number): number[] {
  const spread = 0x9e3779b1
  let inverse = 1
  for (let i = 0; i < 5; i++) inverse = Math.imul(inverse, 2 - Math.imul(spread, inverse))
  return Array.from({ length: count }, (_, i) => Math.imul(i, inverse) >>> 0)
}

t.test('it has what a Map has', async (t) => {
  const random = new Random('ids')
  const inRow = Array.from({ length: 3000 }, (_, i) => 0xc0a80001 + i)
  const anywhere = Array.from({ length: 3000 }, () => random.u32())
  for (const ids of [[], [0], [0xffffffff, 0], inRow, anywhere, crowd(3000)]) {
    const all = new Map(ids.map((id, v) => [id, v]))
    const table = new VertexIds(ids.length)
    for (const [id, v] of all) table.set(id, v)
    t.ok([...all].every(([id, v]) => table.get(id) === v && table.find(id) === v))
    t.same(new Map(table), all)
    const others = [...inRow.map((id) => id + 3000), ...anywhere.map((id) => ~id >>> 0)]
    t.ok(others.every((id) => table.get(id) === all.get(id)))
  }
})

t.test('the last of two for one id counts', async (t) => {
  for (const ids of [[7], crowd(200)]) {
    const table = new VertexIds(ids.length)
    for (const value of [0, 1000]) for (const [v, id] of ids.entries()) table.set(id, value + v)
    t.ok(ids.every((id, v) => table.get(id) === 1000 + v))
    t.equal([...table].length, ids.length)
  }
})
