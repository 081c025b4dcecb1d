/** The two commands that look at, and change, the host itself; in a namespace. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { inNamespace, ip } from '../linux/netns.ts'

// processes that start processes, on a machine that may be busy
t.setTimeout(150_000)

const main = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url))
const cli = (...words: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

inNamespace('real-server start, status, stop, each a process of its own', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ospf-rs-cli-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = ['--state-file', join(folder, 'state.json')]
  t.match(cli('real-server', 'status', ...file), { status: 3, stdout: 'Real server: no\n' })
  const started = cli('real-server', 'start', '10.0.1.100', '10.0.1.101', ...file)
  t.match(started, {
    status: 0,
    stdout: /^Real server: up, DR, VIPs on lo\n {2}10\.0\.1\.100 {2}added/,
  })
  t.match(ip('addr show dev lo'), '10.0.1.101/32')
  const { status, stdout } = cli('real-server', 'status', '--json', ...file)
  t.equal(status, 0)
  t.match(JSON.parse(stdout), { state: 'up', vips: [{ vip: '10.0.1.100', present: true }, {}] })
  ip('addr del 10.0.1.101/32 dev lo')
  t.match(cli('real-server', 'status', ...file), { status: 1, stdout: 'problem: 10.0.1.101' })
  t.match(cli('real-server', 'stop', ...file), { status: 0, stdout: '' })
  t.notMatch(ip('addr show dev lo'), '10.0.1.100')
  t.match(cli('real-server', 'stop', ...file), { status: 0 })
  t.match(cli('real-server', 'start', 'x', ...file), {
    status: 2,
    stderr: /^ospf-speaker: VIP: expected a prefix/,
  })
})

inNamespace('doctor', async (t) => {
  const found = cli('doctor', '--role', 'director', '--json')
  const report = JSON.parse(found.stdout) as { role: string; findings: { severity: string }[] }
  t.equal(report.role, 'director')
  const isBad = report.findings.some(({ severity }) => severity === 'error')
  t.equal(found.status, isBad ? 1 : 0)
  ip('link add e0 type veth peer name e1')
  for (const name of ['e0', 'e1']) ip(`link set ${name} up`)
  ip('addr add 10.0.1.1/24 dev e0')
  const text = cli('doctor', '--role', 'real-server', '--vip', '10.0.1.100')
  t.match(text, { status: 1, stdout: /^error: arp_ignore is 0 on e0 \[arp-ignore\]\n {2}why: / })
  t.equal(cli('doctor', '--role', 'nothing').status, 2)
})
