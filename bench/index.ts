/**
 * Everything that is measured, side by side with FRR and BIRD in the same run:
 *
 *   npm run bench -- [--short] [--json FILE] [--only WORDS]
 *
 * Daemons take turns, figures are medians, and ratios are ours by theirs. Every figure with a target says whether it is
 * met. `--only` takes what has the words in its name. Then what is measured of this library alone: codec, route install,
 * shortest paths, health checks. Connections lost when a director leaves are counted by bench/connection-loss.ts.
 * `--short` shows that it runs. Root only: it makes network namespaces, and removes them.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { missing } from '../test/interop/lab.ts'
import { type Make, makes } from './bed.ts'
import { codec } from './codec.ts'
import { type Figures, scenarios } from './scenarios.ts'
import { installed } from './size.ts'
import { type Beside, besideC } from './spf-floor.ts'
import { type Subject, targets } from './targets.ts'

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    json: { type: 'string' },
    only: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  process.stdout.write(`npm run bench -- [--short] [--json FILE] [--only WORDS]

  --short       show that everything runs
  --json FILE   write every single figure as well
  --only WORDS  only what has the words in its name: ${scenarios(false)
    .map(({ name }) => name)
    .join('; ')}; SPF beside C
`)
  process.exit()
}
const isWanted = (name: string): boolean => values.only === undefined || name.includes(values.only)
const median = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!
const print = (text: string): void => void process.stdout.write(`${text}\n`)
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

interface Row {
  readonly scenario: string
  readonly figure: string
  readonly median: Partial<Record<Subject, number>>
  readonly all: Partial<Record<Subject, readonly number[]>>
  readonly target?: string
  readonly met?: boolean
}

const rows: Row[] = []
const present = makes.filter((make) => {
  const absent = make === 'ours' ? false : missing(make)
  if (absent) process.stderr.write(`${make}: left out: ${absent}\n`)
  return !absent
})

for (const { name, rounds, run } of scenarios(values.short)) {
  if (!isWanted(name)) continue
  const found: Partial<Record<Make, Figures[]>> = {}
  for (let round = 0; round < rounds; round++) {
    for (const make of present) {
      try {
        ;(found[make] ??= []).push(await run(make))
      } catch (error) {
        process.exitCode = 1
        process.stderr.write(
          `${name}, ${make}: ${error instanceof Error ? error.message : error}\n`,
        )
      }
    }
  }
  const figures = new Set(Object.values(found).flatMap((all) => all.flatMap(Object.keys)))
  const own: Row[] = [...figures].map((figure) => {
    const all = Object.fromEntries(
      Object.entries(found).map(([make, each]) => [make, each.map((one) => one[figure]!)]),
    ) as Row['all']
    const medians = Object.fromEntries(
      Object.entries(all).map(([make, each]) => [make, median(each)]),
    ) as Row['median']
    return judged({ scenario: name, figure, median: medians, all })
  })
  rows.push(...own)
  show(name, own)
}

function showBesideC(name: string, figures: Beside['figures']): void {
  const own = Object.entries(figures).map(([figure, { ours, c }]) =>
    judged({ scenario: name, figure, median: { ours, c }, all: { ours: [ours], c: [c] } }),
  )
  rows.push(...own)
  show(name, own)
}

function judged(row: Row): Row {
  const { scenario, figure, median: medians } = row
  const target = targets[scenario]?.[figure]
  if (!target || medians.ours === undefined) return row
  const bound = target.bound(medians)
  const met =
    bound === undefined ? false : target.least ? medians.ours >= bound : medians.ours <= bound
  return { ...row, target: target.text, met }
}

function show(name: string, own: readonly Row[]): void {
  const number = (value: number | undefined): string =>
    value === undefined ? '-' : value >= 100 ? value.toFixed(0) : value.toPrecision(3)
  const ratio = (a: number | undefined, b: number | undefined): string =>
    a === undefined || b === undefined || b === 0 ? '-' : (a / b).toFixed(2)
  const titles = { frr: 'FRR', bird: 'BIRD', c: 'C' }
  const others = own.some(({ median: m }) => m.c !== undefined)
    ? (['c'] as const)
    : (['frr', 'bird'] as const)
  const line = (...cells: readonly string[]): void => print(`| ${cells.join(' | ')} |`)
  print(`\n${name} (load ${loadavg()[0]!.toFixed(1)} on ${availableParallelism()} cores)\n`)
  const names = others.map((other) => titles[other])
  line('figure', 'ours', ...names, ...names.map((each) => `/${each}`), 'target')
  print(`|${'---|'.repeat(3 + 2 * others.length)}`)
  for (const { figure, median: m, target, met } of own) {
    const verdict = target === undefined ? '' : `${target}: ${met ? 'met' : 'missed'}`
    const ratios = others.map((other) => ratio(m.ours, m[other]))
    line(figure, ...[m.ours, ...others.map((other) => m[other])].map(number), ...ratios, verdict)
  }
}

/** A bench of its own, as it prints. */
function program(name: string, file: string, ...words: readonly string[]): void {
  if (!isWanted(name)) return
  print(`\n${name}\n`)
  execFileSync(process.execPath, [here(file), ...words], { stdio: 'inherit' })
}

if (isWanted('codec')) {
  print('\ncodec\n')
  for (const [what, perSecond] of Object.entries(codec(values.short))) {
    print(`${what.padEnd(40)}${Math.round(perSecond)} a second`)
  }
}
program('SPF alone', './spf.js', ...(values.short ? ['100'] : ['1000', '10000', '100000']))
if (isWanted('SPF beside C')) {
  try {
    const found = besideC(values.short)
    if (typeof found === 'string') process.stderr.write(`SPF beside C: left out: ${found}\n`)
    else for (const { name, figures } of found) showBesideC(name, figures)
  } catch (error) {
    process.exitCode = 1
    process.stderr.write(`SPF beside C: ${error instanceof Error ? error.message : error}\n`)
  }
}
if (!values.short) {
  program('route install alone', './kernel-install.js')
  program('health checks', './probes.js', '--short')
}
if (isWanted('size')) {
  const { dependencies, packages, own, others } = installed()
  const megabytes = (octets: number): string => `${(octets / 1e6).toFixed(1)} MB`
  print(`\nruntime dependencies: ${dependencies.length} (${dependencies.join(', ')})`)
  print(`packages that come with them: ${packages.length} (${packages.join(', ')})`)
  print(`installed: ${megabytes(own + others)}, of which our own ${megabytes(own)}`)
}
const [metTargets, all] = [rows.filter(({ met }) => met), rows.filter(({ target }) => target)]
print(`\ntargets met: ${metTargets.length} of ${all.length}`)
for (const { scenario, figure, target, met } of all)
  if (!met) print(`  missed: ${scenario}: ${figure} (${target})`)
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, undefined, 2)}\n`)
