/** The two commands that look at, and change, the host itself; in a namespace. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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

inNamespace('doctor with a configuration', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ospf-doctor-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'd.yaml')
  ip('link add e0 type veth peer name e1')
  for (const name of ['e0', 'e1']) ip(`link set ${name} up`)
  ip('addr add 10.0.1.1/24 dev e0')
  writeFileSync(
    file,
    `routerId: 10.0.1.1
areas: { 0: { interfaces: { e0: { helloInterval: 1, deadInterval: 4 }, e7: {} } } }
lvs:
  dataPlane: none
  services: [{ address: 10.0.1.100, port: 80, servers: [{ address: 10.0.1.9 }] }]
vips: { 10.0.1.100: { device: lo } }
`,
  )
  const { stdout } = cli('doctor', file, '--listen', '0.3', '--json')
  const report = JSON.parse(stdout) as Record<string, unknown>
  t.match(report, { role: 'director', heard: [], seconds: /^0\.\d$|^\d/ })
  const { findings, skipped, checked } = report as Readonly<Record<string, readonly object[]>>
  t.ok(
    findings!.some((one) => 'id' in one && one.id === 'nothing-heard'),
    'on e0',
  )
  t.ok(
    findings!.some((one) => 'found' in one && `${one.found}`.includes('on e0')),
    'of the VIP of the configuration',
  )
  t.ok(skipped!.some((one) => 'what' in one && one.what === 'Hellos on e7'))
  t.match(JSON.stringify(checked), /Hellos on e0 \(/)
  t.match(
    cli('doctor', file, '--no-listen').stdout,
    /not looked at: who says Hello \(not asked for\)/,
  )
  t.match(cli('doctor', '--listen', 'x'), {
    status: 2,
    stderr: /'--listen .seconds.' argument 'x' is invalid. Expected a number above 0/,
  })
  t.match(cli('doctor', join(folder, 'none.yaml')), { status: 2, stderr: /no such file/ })
  writeFileSync(file, 'routerId: 10.0.1.1\nareas: { 0: { interfaces: { e0: { cost: -1 } } } }\n')
  t.match(cli('doctor', file), { status: 2, stderr: /d\.yaml:2:/ })
})
