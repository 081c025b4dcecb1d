/**
 * How many connections are lost when one of two directors is drained, or its server dies, behind FRR, BIRD and this
 * library as the router?
 *
 *   npx tsc -p tsconfig.test.json && node .build/bench/connection-loss.js [--short] [--json] [ROUTER ...]
 *
 * Root only: it makes network namespaces, and removes them. `--short` waits less before each event and for drains. The
 * exit status is 1 when a connection was lost that was opened after the router's kernel had changed its route.
 */
import { Lab, missing } from '../test/interop/lab.ts'
import type { LossCount } from './loss-count.ts'
import { type LossResult, type LossRouter, losses } from './losses.ts'

const words = process.argv.slice(2)
const isShort = words.includes('--short')
const asked = words.filter((word) => !word.startsWith('--'))
const routers = (['frr', 'bird', 'speaker', 'resilient'] as const satisfies LossRouter[]).filter(
  (router) => asked.length === 0 || asked.includes(router),
)
const titles: Readonly<Record<LossRouter, string>> = {
  frr: 'FRR',
  bird: 'BIRD',
  speaker: 'ospf-speaker, plain',
  resilient: 'ospf-speaker, resilient',
}

const results: LossResult[] = []
for (const router of routers) {
  const absent = missing(...(router === 'frr' || router === 'bird' ? [router] : []))
  if (absent) {
    process.stderr.write(`${titles[router]}: left out: ${absent}\n`)
    continue
  }
  for (const event of ['drain', 'gate'] as const) {
    await using lab = new Lab()
    const times = isShort ? { before: 2, drain: 20 } : {}
    results.push(await losses(lab, { router, event, ...times }))
    process.stderr.write('.')
  }
}
process.stderr.write('\n')
if (words.includes('--json')) process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`)
else print()
if (results.some(({ after }) => after.lost > 0)) process.exitCode = 1

function print(): void {
  const lost = ({ lost, opened }: LossCount): string => `${lost} of ${opened}`
  const ms = (value: number): string =>
    value < 10_000 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(1)} s`
  const line = (cells: readonly string[]): void =>
    void process.stdout.write(`| ${cells.join(' | ')} |\n`)
  const table = (head: readonly string[], rows: readonly (readonly string[])[]): void => {
    line(head)
    line(head.map(() => '---'))
    for (const row of rows) line(row)
    process.stdout.write('\n')
  }
  table(
    [
      'planned drain: lost',
      'opened after',
      'in flight at it',
      'route changed',
      'SYNs again',
      'note',
    ],
    results
      .filter(({ event }) => event === 'drain')
      .map((r) => [
        titles[r.router],
        lost(r.after),
        lost(r.inFlightAtRoute),
        ms(r.decisionToRoute),
        `${r.synRetransmissions}`,
        r.decisionToDrainBit === undefined
          ? ''
          : `drain bit after ${ms(r.decisionToDrainBit)}; ${r.left} left${r.deadline ? ' at the deadline' : ''}`,
      ]),
  )
  table(
    [
      'failing gate: lost',
      'opened after',
      'decision to route',
      'failure to decision',
      'in flight at failure',
      'SYNs again',
      'decided, route changed after',
    ],
    results
      .filter(({ event }) => event === 'gate')
      .map((r) => [
        titles[r.router],
        lost(r.after),
        lost(r.decisionToRouteOpened),
        lost(r.failureToDecisionOpened),
        lost(r.inFlightAtFailure),
        `${r.synRetransmissions}`,
        `${ms(r.failureToDecision)}, ${ms(r.decisionToRoute)}`,
      ]),
  )
  const least = Math.min(...results.map(({ leastInFlight }) => leastInFlight))
  process.stdout.write(
    `at least ${least} connections in flight in the last second before each event\n`,
  )
}
