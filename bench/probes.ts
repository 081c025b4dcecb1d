/**
 * What do thousands of health checks cost one director, do they come on time, and does the protocol notice?
 *
 *   npx tsc -p tsconfig.test.json && node .build/bench/probes.js [--vips 1000] [--probes 10] [--interval 5]
 *     [--seconds 60] [--http] [--isolate] [--short] [--json]
 *
 * A director announces so many VIPs, each gated by so many probes of targets of their own, to a router in another
 * process; all of them live in namespaces of their own. `--isolate`: its protocol runs in a child process. CPU and memory are the director's, from /proc. How late a probe
 * comes is told by the target: the difference between its arrivals and an even beat of the interval through the earliest.
 * The gaps between the director's Hellos are those of a capture at the router. `--short` only shows that it runs.
 *
 * Root only: it makes network namespaces, and removes them.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Lab, until } from '../test/interop/lab.ts'
import { readPcap } from '../test/pcap.ts'
import type { DirectorReport, ProcessCost, TargetReport } from './probes-agent.ts'

const { values } = parseArgs({
  options: {
    vips: { type: 'string' },
    probes: { type: 'string' },
    interval: { type: 'string' },
    seconds: { type: 'string' },
    http: { type: 'boolean', default: false },
    isolate: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const number = (text: string | undefined, unless: number): number => Number(text ?? unless)
const vips = number(values.vips, values.short ? 50 : 1000)
const probes = number(values.probes, 10)
const interval = number(values.interval, values.short ? 1 : 5)
const seconds = number(values.seconds, values.short ? 5 : 60)

const HELLO_INTERVAL = 1
const agent = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? './probes-agent.ts' : './probes-agent.js',
    import.meta.url,
  ),
)

const report = <T>(output: string): T =>
  JSON.parse(output.slice(output.lastIndexOf('REPORT ') + 7)) as T

await using lab = new Lab()
for (const node of ['director', 'router', 'targets']) lab.node(node)
lab.link({ director: '10.0.1.133/24', router: '10.0.1.136/24' })
lab.link({ director: '10.0.2.1/24', targets: '10.0.2.2/24' })
// every address of the net is a target of its own, on one socket
await lab.exec('targets', ['ip', 'route', 'add', 'local', '10.64.0.0/10', 'dev', 'lo'])
await lab.exec('director', ['ip', 'route', 'add', '10.64.0.0/10', 'via', '10.0.2.2'])
const node = (...words: readonly string[]): string[] => [process.execPath, agent, ...words]
const ready = async (process: ReturnType<Lab['spawn']>, word: string): Promise<void> => {
  await until(() => process.output.includes(word) || !process.running, {
    what: `${process.name}: ${word}`,
    timeout: 60 + 3 * interval,
  })
  if (!process.running) throw new Error(process.output)
}

const targets = lab.spawn('targets', node('targets', `${interval}`), 'targets')
await ready(targets, 'ready')
const router = lab.spawn('router', node('router'), 'router')
await ready(router, 'ready')
const words = [vips, probes, interval, seconds].map(String)
const kinds = [values.http ? 'http' : 'tcp', values.isolate ? 'isolate' : '']
const director = lab.spawn('director', node('director', ...words, ...kinds), 'director')
await ready(director, 'announced')
const file = join(lab.directory, 'hellos.pcap')
const hellos = 'ip proto 89 and src 10.0.1.133 and ip[21] = 1'
const capture = await lab.capture('router', 'eth0', file, hellos)
// what a process that does nothing has to wait: the machine's part of all that is late
const idle = monitorEventLoopDelay({ resolution: 5 })
idle.enable()
targets.signal('SIGUSR1')
await ready(director, 'REPORT')
await capture.stop()
idle.disable()
targets.signal('SIGUSR2')
await ready(targets, 'REPORT')

const cost = report<DirectorReport>(director.output)
const late = report<TargetReport>(targets.output)
const times = readPcap(readFileSync(file)).map(({ time }) => time * 1000)
const gaps = times.slice(1).map((time, i) => time - times[i]!)
const hello = { count: times.length, longestGap: Math.max(...gaps) }
const result = {
  vips,
  probes,
  interval,
  kind: kinds[0],
  isolate: values.isolate,
  director: cost,
  targets: late,
  hello,
  /** Of an idle process meanwhile, in milliseconds. */
  idle: idle.max / 1e6,
}
const isOnTime = late.late.max < interval * 1000 && late.missed === 0
const isRegular = hello.longestGap <= HELLO_INTERVAL * 1000 + 100
if (values.json) process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`)
else {
  const ms = (value: number): string => `${value.toFixed(1)} ms`
  const costOf = ({ cpu, rss }: ProcessCost): string =>
    `${(cpu * 100).toFixed(1)} % of a core, ${(rss / 2 ** 20).toFixed(0)} MB resident`
  const { p50, p99, max } = late.late
  process.stdout.write(`${vips} VIPs with ${probes} ${result.kind} probes each, every ${interval} s, for ${seconds} s:
  director    ${cost.processes.map(costOf).join(', its child ')}, ${cost.up} VIPs up, longest turn of the loop ${ms(cost.longestDelay)} (of an idle process beside it: ${ms(result.idle)})
  probes      ${late.arrivals} at ${late.targets} targets, ${late.missed} missed; late by ${ms(p50)} (median), ${ms(p99)} (99 %), ${ms(max)} (most)
  Hellos      ${hello.count} captured at the router, longest gap ${ms(hello.longestGap)}
  ${isOnTime ? 'no probe late by an interval' : 'PROBES ARE LATE'}; ${isRegular ? 'Hellos within 100 ms of their interval' : 'HELLOS ARE LATE'}
`)
}
if (!values.short && !(isOnTime && isRegular && cost.up === vips)) process.exitCode = 1
