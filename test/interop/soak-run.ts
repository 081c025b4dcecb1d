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
  const { early, middle, late } = report.memory
  const told = [early, middle, late].map(
    ({ heapUsed, rss }) => `${(heapUsed / 1e6).toFixed(1)} MB (${(rss / 1e6).toFixed(0)} resident)`,
  )
  console.log(`heap without garbage, early, half-way and at the end: ${told.join(', ')}`)
  // code that the compiler makes comes and goes; resident is what allocators keep of their highest peak as well
  const isFlat =
    late.heapUsed < middle.heapUsed * 1.03 + 1e6 &&
    late.external < middle.external * 1.1 + 1e6 &&
    late.descriptors <= middle.descriptors + 4
  if (!isFlat) console.log('memory grows')
  status = isFlat && late.rss < early.rss * 2 ? 0 : 1
} catch (error) {
  console.log(error)
  console.log(lab.log())
} finally {
  await lab[Symbol.asyncDispose]()
}
process.exit(status)
