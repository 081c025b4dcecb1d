/** `npm run soak -- --virtual [DAYS]`; needs --expose-gc. OSPF_SEED repeats a run to the byte. */
import { soak } from './soak.ts'

const days = Number(process.argv[2] ?? 7)
const seed = Number(process.env['OSPF_SEED'] ?? Date.now() % 1_000_000)
const { gc } = globalThis
if (!(days >= 1) || gc === undefined) {
  console.error('expected days, 1 or more, and --expose-gc')
  process.exit(2)
}
console.log(`seed ${seed}`)
const start = performance.now()
const heap = (): number => {
  gc()
  return process.memoryUsage().heapUsed
}
const {
  complaints,
  faults,
  convergence,
  heap: heaps,
  packets,
} = soak({
  seed,
  days,
  heap,
  say: (line) => console.log(line),
})
const [first = 0, middle = 0, last = 0] = [heaps[0], heaps[heaps.length >> 1], heaps.at(-1)]
const seconds = (performance.now() - start) / 1000
console.log(
  `${days} days in ${seconds.toFixed(0)} s: ${faults} faults, ${packets} packets, slowest convergence ` +
    `${convergence.toFixed(1)} s, memory ${(first / 1e6).toFixed(1)} MB on the first evening, ${(middle / 1e6).toFixed(1)} MB half-way and ${(last / 1e6).toFixed(1)} MB on the last`,
)
for (const complaint of complaints) console.log(complaint)
// in the first days, the compiler learns; some hundred kB come and go
const isFlat = last - middle < Math.max(1e6, middle * 0.05)
if (!isFlat) console.log('memory grows')
process.exit(complaints.length === 0 && isFlat ? 0 : 1)
