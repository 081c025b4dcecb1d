/** The classic cluster from its files, with FRR in any one of the roles; the directors answer clients themselves. */
import t from 'tap'
import { type VariantName, variants } from './classic-files.ts'
import { everyRole } from './classic-roles.ts'
import { missing } from './lab.ts'

t.setTimeout(300_000)
t.jobs = 2

for (const name of Object.keys(variants) as VariantName[])
  t.test(name, { skip: missing('frr') }, (t) => everyRole(t, name, { ipvs: false }))
