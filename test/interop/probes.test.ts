/** The bench of thousands of probes runs, and what it measures is there: bench/probes.ts in its short form. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { missing } from './lab.ts'

t.setTimeout(120_000)

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const bench = fileURLToPath(new URL(`../../bench/probes.${extension}`, import.meta.url))

t.test('50 VIPs with 10 probes each', { skip: missing('tcpdump') }, async (t) => {
  const { stdout } = await promisify(execFile)(process.execPath, [bench, '--short', '--json'])
  const { director, targets, hello } = JSON.parse(stdout)
  t.equal(director.up, 50)
  t.equal(targets.targets, 500)
  t.ok(targets.arrivals >= 1500, `${targets.arrivals} probes in 5 s`)
  t.match(director.processes, [{ cpu: Number, rss: Number }])
  t.ok(hello.count >= 3, `${hello.count} Hellos`)
  t.ok(hello.longestGap < 4000, 'none was missed for the dead interval')
  t.comment(`late by ${targets.late.max} ms, longest gap ${hello.longestGap} ms`)
})
