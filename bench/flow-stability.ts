/**
 * How many connections does a router disturb when one of the directors behind it leaves?
 *
 *   npx tsc -p tsconfig.test.json && node .build/bench/flow-stability.js [CONNECTIONS] [DIRECTORS] [--json]
 *
 * Root only: it makes network namespaces, and removes them.
 */
import { Lab } from '../test/interop/lab.ts'
import { type FlowResult, flows } from './flows.ts'

const json = process.argv.includes('--json')
const [connections = 400, directors = 4] = process.argv
  .slice(2)
  .filter((word) => !word.startsWith('--'))
  .map(Number)
const results: FlowResult[] = []
for (const mode of ['multipath', 'groups', 'resilient'] as const) {
  await using lab = new Lab()
  results.push(await flows(lab, { mode, directors, connections }))
}
if (json) {
  process.stdout.write(`${JSON.stringify({ connections, directors, results }, undefined, 2)}\n`)
} else {
  const share = (part: number, whole: number): string =>
    `${part} of ${whole} (${((100 * part) / whole).toFixed(0)} %)`
  process.stdout.write(
    `${connections} connections over ${directors} directors, one leaves and returns:\n`,
  )
  for (const { mode, staying, disturbed, disturbedByReturn } of results) {
    const left = share(disturbed, staying).padEnd(20)
    const back = share(disturbedByReturn, connections)
    process.stdout.write(
      `  ${mode.padEnd(10)} disturbed of the others: ${left} when it returns: ${back}\n`,
    )
  }
}
