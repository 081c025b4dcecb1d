/**
 * Plays stories of many seeds, and tells of each that ends badly the shortest one found. Run by `npm run test:chaos`.
 * Arguments: FIRST-LAST. Ends with 1 if any ended badly.
 */
import { formatFault, play, shorten } from '../../lib/sim/story.ts'
import { storyOf } from './stories.ts'

const [first = 1, last = first] = (process.argv[2] ?? '1-1000').split('-').map(Number)
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || last < first) {
  console.error(`expected seeds FIRST-LAST, got '${process.argv[2]}'`)
  process.exit(2)
}
let [good, bad, slowest] = [0, 0, 0]
for (let seed = first; seed <= last; seed++) {
  const story = storyOf(seed)
  const { complaints, convergence = 0 } = play(story)
  slowest = Math.max(slowest, convergence)
  if (complaints.length === 0) {
    good++
    if (seed % 100 === 0) console.log(`up to seed ${seed}: ${good} well, ${bad} badly`)
    continue
  }
  bad++
  const short = shorten(story)
  console.log(
    `seed ${seed} ends badly; ${short.faults.length} of ${story.faults.length} faults are enough:`,
  )
  for (const fault of short.faults) console.log(`  ${formatFault(fault)}`)
  for (const complaint of play(short).complaints.slice(0, 20)) console.log(`  -> ${complaint}`)
}
console.log(`slowest convergence ${slowest.toFixed(1)} s`)
console.log(`${good} passed, ${bad} failed`)
process.exit(bad > 0 ? 1 : 0)
