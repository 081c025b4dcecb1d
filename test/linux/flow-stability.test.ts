/** What resilient groups are for, with real connections; see bench/flow-stability.ts. */
import t from 'tap'
import { flows } from '../../bench/flows.ts'
import { Lab, missing } from '../interop/lab.ts'

const skip = missing()

t.test(
  'a director leaves, and comes back: nobody else’s connection notices',
  { skip },
  async (t) => {
    const lab = Lab.for(t)
    const result = await flows(lab, { mode: 'resilient', directors: 4, connections: 400 })
    t.comment(result)
    t.equal(Object.keys(result.connections).length, 4, 'all four have some')
    t.ok(result.staying >= 200)
    t.equal(result.disturbed, 0)
    t.equal(result.disturbedByReturn, 0)
  },
)

t.test('with plain multipath they do', { skip }, async (t) => {
  const lab = Lab.for(t)
  const result = await flows(lab, { mode: 'multipath', directors: 4, connections: 400 })
  t.comment(result)
  t.ok(result.disturbed > 0, 'the measure measures something')
})
