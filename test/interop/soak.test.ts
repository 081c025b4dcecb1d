/** A minute of what `npm run soak -- --real` does for an hour. */
import t from 'tap'
import { Random } from '../../lib/sim/random.ts'
import { Lab, missing } from './lab.ts'
import { soak } from './soak.ts'

t.setTimeout(420_000)

t.test('failures for a minute, then all agree', { skip: missing('frr', 'bird') }, async (t) => {
  const lab = Lab.for(t)
  const seed = Number(process.env['OSPF_SEED'] ?? 42)
  t.comment(`seed ${seed}`)
  const { faults, lsas, routes } = await soak(lab, 60, new Random(seed), (line) => t.comment(line))
  t.ok(Object.values(faults).reduce((sum, count) => sum + count, 0) >= 4)
  t.ok(lsas >= 9, `${lsas} LSAs`)
  t.equal(routes, 18)
})
