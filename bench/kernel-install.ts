/**
 * How fast routes come into the kernel, and whether they are right:
 *
 *   npm run build:test && node .build/bench/kernel-install.js [ROUTES] [--json] [--short]
 *
 * Two parts, each with next hops in the routes (multipath), in groups, and in resilient groups. `install`: the route sink
 * alone, all routes in one batch, changed at once and removed at once, beside `ip -batch`: the median of seven rounds in one
 * process, and the first round; then once more with a single next hop each. Then the two halves of it: the messages
 * written and not sent (`encode alone`), and messages that are ready sent to the kernel until it has acknowledged the last,
 * with nobody who listens (`send alone`). `learn`: a link state database with as many prefixes, from the first LS Update to
 * the last route; compared with shortest paths that are found another way; then a tenth of the prefixes is withdrawn at
 * once, while netlink is watched for any other route that is touched.
 * The delays of SPF are passed over: the time is that of the work. Root only: it makes a network namespace, and removes it.
 */
import { fileURLToPath } from 'node:url'
import { Lab } from '../test/interop/lab.ts'
import type { Figures } from './kernel-install-inside.ts'

const json = process.argv.includes('--json')
const short = process.argv.includes('--short')
const [count = short ? 500 : 10_000] = process.argv
  .slice(2)
  .filter((word) => !word.startsWith('--'))
  .map(Number)
const inside = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? './kernel-install-inside.ts' : './kernel-install-inside.js',
    import.meta.url,
  ),
)

/** A second, in one batch. */
const TARGET = 400_000

/** The last one without telling of routes again whose group has changed: see `routerHelper.quietGroups`. */
const cases = [
  ['multipath', 1],
  ['groups', 1],
  ['resilient', 1],
  ['resilient', 0],
] as const
const results: (Figures & { readonly compatible: number })[] = []
for (const [mode, compatible] of cases) {
  await using lab = new Lab()
  const node = lab.node('router')
  lab.sysctl(node, { 'net.ipv4.nexthop_compat_mode': compatible })
  for (const n of [0, 1]) {
    lab.node(`far${n}`)
    lab.link({ router: `10.0.${4 * n}.1/22`, [`far${n}`]: `10.0.${4 * n}.2/22` })
  }
  const text = await lab.exec(node, [process.execPath, inside, mode, `${count}`, short ? '1' : '7'])
  results.push({ ...(JSON.parse(text) as Figures), compatible })
}

if (json) process.stdout.write(`${JSON.stringify({ count, results }, undefined, 2)}\n`)
else {
  process.stdout.write(`${count} routes with 2 next hops each; ms (CPU ms in this process)\n`)
  for (const { mode, install, learn, compatible } of results) {
    process.stdout.write(`${mode}${compatible ? '' : ', nexthop_compat_mode 0'}\n`)
    for (const [what, figure] of Object.entries({ ...install, ...learn })) {
      if (typeof figure === 'number') continue
      const { ms, cpu, routes, first } = figure
      const rate = ms > 0 ? `${Math.round((1000 * routes) / ms)} a second` : ''
      const times = `${ms.toFixed(1).padStart(9)} (${cpu.toFixed(0).padStart(6)})`
      const cold = first === undefined ? '' : `; first ${first.toFixed(1)} ms`
      process.stdout.write(`  ${what.padEnd(28)}${times}  ${rate}${cold}\n`)
    }
    const [batch, kernel] = [install['install: one batch'], install['send alone']].map(
      (figure) => figure && Math.round((1000 * figure.routes) / figure.ms),
    )
    if (batch !== undefined && kernel !== undefined)
      process.stdout.write(
        `  target: ${TARGET} routes a second: ${batch >= TARGET ? 'met' : 'missed'}, ${Math.round((100 * batch) / kernel)} % of what the kernel takes\n`,
      )
    process.stdout.write(
      `  against the oracle: ${learn.wrong} wrong; touched by the withdrawal: ${learn.touched}\n`,
    )
  }
}
// wrong routes are no figures
process.exitCode = results.some(({ learn }) => learn.wrong + learn.touched > 0) ? 1 : 0
