/** `npm run soak -- --real MINUTES`. OSPF_SEED repeats the faults, if not their effects. */
import { Random } from '../../lib/sim/random.ts'
import { Lab, missing } from './lab.ts'
import { soak } from './soak.ts'

const minutes = Number(process.argv[2] ?? 60)
const seed = Number(process.env['OSPF_SEED'] ?? Date.now() % 1_000_000)
if (!(minutes > 0)) {
  console.error(`expected minutes, got '${process.argv[2]}'`)
  process.exit(2)
}
const lacks = missing('frr', 'bird')
if (lacks !== false) {
  console.error(lacks)
  process.exit(2)
}
console.log(`seed ${seed}`)
const lab = new Lab()
let status = 1
try {
  const report = await soak(lab, minutes * 60, new Random(seed), (line) => console.log(line))
  console.log(JSON.stringify(report, undefined, 2))
  const { early, late } = report.memory
  status = late < early * 1.3 + 10 ? 0 : 1
  if (status > 0) console.log(`memory grew from ${early.toFixed(1)} to ${late.toFixed(1)} MB`)
} catch (error) {
  console.log(error)
  console.log(lab.log())
} finally {
  await lab[Symbol.asyncDispose]()
}
process.exit(status)
