/** The virtual machine itself: what a test finds inside. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unable } from './image.ts'
import { inKernel, inside, outside } from './vm.ts'

// What is started here as a machine that never comes to an end.
if (inside && process.env['OSPF_TEST_HANG'] === '1') {
  await new Promise((resolve) => setTimeout(resolve, 600_000))
}

const run = (command: string): string =>
  execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

inKernel('a kernel with IPVS, which loads its modules itself', async (t) => {
  t.ok(inside)
  t.match(run('uname -r'), /cloud/)
  t.throws(() => readFileSync('/proc/net/ip_vs'), { code: 'ENOENT' })
  run('ipvsadm -A -t 10.0.0.1:80 -s mh -b mh-port')
  t.match(readFileSync('/proc/net/ip_vs', 'utf8'), /^TCP {2}0A000001:0050 mh/m)
  run('ipvsadm -C')
})

inKernel('namespaces, cables, tunnels, nftables', async (t) => {
  run('ip netns add a')
  run('ip link add v0 type veth peer name v1 netns a')
  for (const type of ['dummy', 'bridge', 'ipip local 10.0.0.1', 'gre local 10.0.0.1']) {
    run(`ip link add x0 type ${type} && ip link del x0`)
  }
  run('ip link add x0 type vrf table 10 && ip link del x0')
  run('modprobe fou')
  run('ip fou add port 6080 gue && ip fou del port 6080')
  run('nft add table ip marks && nft delete table ip marks')
  t.match(run('ip netns'), /^a/)
  run('ip netns del a')
})

inKernel('the files of the host, which nobody can change', async (t) => {
  writeFileSync('/etc/hostname', 'machine\n')
  t.equal(readFileSync('/etc/hostname', 'utf8'), 'machine\n')
  t.match(run('grep " / " /proc/mounts'), /^overlay /)
})

const why = unable()
const skip = why === undefined ? false : `not run: the virtual machine ${why}`

outside('a machine that hangs is ended, says so, and leaves nothing', { skip }, async (t) => {
  const boot = fileURLToPath(new URL('./boot.js', import.meta.url))
  // short, as the path of a socket must be
  const TMPDIR = mkdtempSync(join(tmpdir(), 'ospf-hang-'))
  t.teardown(() => rmSync(TMPDIR, { recursive: true }))
  const env = { ...process.env, TMPDIR, OSPF_TEST_HANG: '1' }
  const options = { encoding: 'utf8', env, timeout: 60_000 } as const
  const { status, stderr } = spawnSync(process.execPath, [boot, process.argv[1]!, '10'], options)
  t.equal(status, 1)
  t.match(stderr, /not done within 10 s/)
  t.match(stderr, /console ended with\n {4}started/)
  t.strictSame(readdirSync(TMPDIR), [])
  t.equal(spawnSync('pgrep', ['-f', TMPDIR]).status, 1, 'no process is left')
})
