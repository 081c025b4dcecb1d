/** A short soak; `npm run soak -- --virtual` is a week. */
import t from 'tap'
import { soak } from './soak.ts'

t.test('three short days', async (t) => {
  const seed = Number(process.env['OSPF_SEED'] ?? 42)
  const heap = (): number => process.memoryUsage().heapUsed
  const { complaints, faults, heap: heaps, packets } = soak({ seed, days: 3, day: 4000, heap })
  t.same(complaints, [], `seed ${seed}`)
  t.equal(faults, 72)
  t.equal(heaps.length, 3)
  t.ok(packets > 10_000)
})
