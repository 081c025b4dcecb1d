/**
 * packaging/ospf-speaker.service as systemd runs it: with its user, its capabilities and all that it forbids, beside a
 * router that is FRR.
 *
 *   systemd: ospf-speaker 10.0.1.1, VIP 10.0.1.100 in IPVS -- 10.0.1.0/24 -- 10.0.1.2 router, 10.8.8.8 on lo
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { askControl } from '../../lib/cli/ask.ts'
import { Frr } from '../interop/daemons.ts'
import { lacksExporter } from '../interop/frr-exporter.ts'
import { Lab, until } from '../interop/lab.ts'
import { root } from './image.ts'
import { ipvsadm } from './ipvsadm.ts'
import { inKernel, kernelLimit, kernelSystemd } from './vm.ts'

kernelLimit(600)
kernelSystemd()

/** The processor is emulated: seconds that things may take. */
const timeout = 120
const unit = 'ospf-speaker.service'
/** Not below /tmp, /home or /root, which the unit does not see. */
const home = '/opt/ospf-speaker'
const file = '/etc/ospf-speaker/ospf-speaker.yaml'
const vip = '10.0.1.100'
const socket = '/run/ospf-speaker/control.sock'
/** What ipvsadm says of it. */
const served = /10\.0\.1\.100:80 mh\s[\s\S]*10\.0\.1\.2:80 +Masq +1/

const run = (line: string): string => {
  const [command = '', ...args] = line.split(' ')
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
const systemctl = (
  ...args: string[]
): { readonly status: number | null; readonly said: string } => {
  const { status, stdout, stderr } = spawnSync('systemctl', args, { encoding: 'utf8' })
  return { status, said: stdout + stderr }
}
const property = (name: string): string => run(`systemctl show --value -p ${name} ${unit}`).trim()
const journal = (): string => run(`journalctl --no-pager -o cat -u ${unit}`)
const isWell = (vips: number): boolean =>
  property('StatusText') === `1 of 1 neighbors Full, ${vips} of ${vips} VIPs up`
/** Asks at leisure: each question is a process of the emulated machine. */
const comes = (what: string, isSo: () => boolean): Promise<unknown> =>
  until(() => setTimeout(1000).then(isSo), { what, timeout })
const inProcess = (name: string): string | undefined => {
  const status = readFileSync(`/proc/${property('MainPID')}/status`, 'utf8')
  return new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1]
}
const sysctl = (name: string): string => readFileSync(`/proc/sys/net/ipv4/${name}`, 'utf8').trim()

const configuration = (more: string): string => `routerId: 10.0.1.1
areas:
  0.0.0.0: { interfaces: { eth0: { helloInterval: 1, deadInterval: 20, priority: 0, cost: 1 } } }
installRoutes: {}
routerHelper: set
directorHelper: set
lvs:
  services:
    - address: ${vip}
      port: 80
      scheduler: mh
      forward: nat
      delayLoop: 2
      connectTimeout: 10
      checks: [{ type: tcp }]
      servers: [{ address: 10.0.1.2 }]
vips:
  ${vip}: { device: lo }
${more}`

inKernel('the unit', async (t) => {
  mkdirSync(home)
  run(`mount --bind ${root} ${home}`)
  symlinkSync(join(home, 'dist/bin/ospf-speaker.js'), '/usr/local/bin/ospf-speaker')
  copyFileSync(join(root, 'packaging', unit), `/etc/systemd/system/${unit}`)
  mkdirSync('/etc/ospf-speaker')
  const hooks = `hooks:
  - on: [vip]
    command: [/bin/sh, -c, 'id -u > /var/lib/ospf-speaker/hook']
`
  writeFileSync(file, configuration(hooks))
  run('systemctl daemon-reload')

  const lab = Lab.for(t)
  lab.whenFailed('the journal', async () => journal())
  lab.node('router')
  run(`ip link add eth0 type veth peer name eth0 netns ${lab.namespace('router')}`)
  run('ip addr add 10.0.1.1/24 dev eth0')
  run('ip link set eth0 up')
  await lab.exec('router', ['ip', 'addr', 'add', '10.0.1.2/24', 'dev', 'eth0'])
  await lab.exec('router', ['ip', 'addr', 'add', '10.8.8.8/32', 'dev', 'lo'])
  await lab.exec('router', ['ip', 'link', 'set', 'eth0', 'up'])
  await lab.serve('router', '10.0.1.2', 80, 'one')
  const router = new Frr(lab, 'router', {
    routerId: '10.0.1.2',
    interfaces: [{ name: 'eth0', network: '10.0.1.0/24', hello: 1, dead: 20 }],
    vips: ['10.8.8.8'],
  })
  await router.start()
  const learned = async (prefix: string): Promise<boolean> =>
    (await router.learned()).includes(prefix)
  const announced = (prefix: string): Promise<unknown> =>
    until(() => learned(prefix), { what: `the router has ${prefix}`, timeout })
  const gone = (prefix: string): Promise<unknown> =>
    until(async () => !(await learned(prefix)), { what: `the router has lost ${prefix}`, timeout })

  await t.test('starts, and is ready when it says so', async (t) => {
    const { status, said } = systemctl('start', unit)
    t.equal(status, 0, `${said}${status === 0 ? '' : journal()}`)
    t.equal(property('ActiveState'), 'active')
    t.match(journal(), /started, router id 10\.0\.1\.1/)
    await announced(`${vip}/32`)
    await comes('its status', () => isWell(1))
  })

  await t.test('has no more rights than it needs, and needs no more than it has', async (t) => {
    t.not(inProcess('Uid'), '0')
    // CAP_NET_ADMIN 12, CAP_NET_RAW 13
    for (const set of ['CapEff', 'CapPrm', 'CapBnd', 'CapAmb'])
      t.equal(inProcess(set), '0000000000003000', set)
    t.equal(inProcess('NoNewPrivs'), '1')
    t.equal(inProcess('Seccomp'), '2')
    t.match(run('ip route show 10.8.8.8'), /via 10\.0\.1\.2 dev eth0 proto ospf/)
    t.match(run('ip addr show lo'), `${vip}/32`)
    t.match(ipvsadm('-Ln'), served)
    t.equal(sysctl('fib_multipath_hash_policy'), '1')
    t.equal(sysctl('conf/eth0/arp_ignore'), '1')
    t.equal(sysctl('ip_forward'), '1')
    // hooks run as it does, and write where systemd lets it
    await until(() => existsSync('/var/lib/ospf-speaker/hook'), { what: 'the hook ran', timeout })
    t.equal(readFileSync('/var/lib/ospf-speaker/hook', 'utf8').trim(), inProcess('Uid'))
    t.notMatch(journal(), /EPERM|EACCES|denied|not permitted/i)
  })

  await t.test('is reloaded: over when it is in effect, failed when it is refused', async (t) => {
    const pid = property('MainPID')
    const more = configuration(hooks).replace('vips:', 'vips:\n  10.7.7.7: { device: lo }')
    writeFileSync(file, more)
    t.match(systemctl('reload', unit), { status: 0 })
    t.match(await askControl(socket, { words: ['show', 'vip'] }), /10\.7\.7\.7/)
    await announced('10.7.7.7/32')
    // refused with little to compute: what explains an invalid file takes an emulated processor half a minute
    writeFileSync(file, more.replace('routerId: 10.0.1.1', 'routerId: 10.0.1.9'))
    t.match(systemctl('reload', unit), { status: 1 })
    t.match(journal(), /routerId: cannot change while the speaker runs/)
    t.equal(property('ActiveState'), 'active')
    t.equal(property('MainPID'), pid)
    t.ok(await learned('10.7.7.7/32'))
    writeFileSync(file, more)
  })

  await t.test("Debian's frr_exporter beside it", { skip: lacksExporter() }, async (t) => {
    const exporter = 'prometheus-frr-exporter.service'
    const path = '--frr.vtysh.path=/usr/local/bin/ospf-speaker'
    const args = `--frr.vtysh ${path} --frr.vtysh.options=vtysh --no-collector.bgp --no-collector.bfd`
    mkdirSync(`/etc/systemd/system/${exporter}.d`)
    writeFileSync(
      `/etc/systemd/system/${exporter}.d/speaker.conf`,
      '[Service]\nUser=root\nGroup=root\nPrivateUsers=no\n',
    )
    writeFileSync('/etc/default/prometheus-frr-exporter', `ARGS="${args}"\n`)
    run('systemctl daemon-reload')
    t.match(systemctl('start', exporter), { status: 0 })
    let said = ''
    await until(
      async () => {
        said = await (await fetch('http://127.0.0.1:9342/metrics')).text()
        return said.includes('frr_collector_up{collector="ospf"} 1')
      },
      { what: 'it reaches the speaker', timeout },
    ).catch(() => t.fail(said + run(`journalctl --no-pager -o cat -u ${exporter}`)))
    t.match(said, 'frr_ospf_neighbor_adjacencies{area="0.0.0.0",iface="eth0",vrf="default"} 1')
    systemctl('stop', exporter)
  })

  await t.test('feeds the watchdog, and starts anew when it hangs', async (t) => {
    const seconds = Number(property('WatchdogUSec').replace('s', ''))
    const since = Number(property('ActiveEnterTimestampMonotonic'))
    const fed = (): number => Number(property('WatchdogTimestampMonotonic'))
    await comes('it lives for that long', () => fed() > since + seconds * 1e6)
    t.equal(property('NRestarts'), '0')
    const pid = property('MainPID')
    process.kill(Number(pid), 'SIGSTOP')
    await comes('it was started again', () => property('NRestarts') === '1')
    t.match(journal(), /Watchdog timeout/)
    await comes('it is active', () => property('ActiveState') === 'active')
    t.not(property('MainPID'), pid)
    await comes('its status', () => isWell(2))
    t.ok(await learned('10.7.7.7/32'))
    t.match(ipvsadm('-Ln'), served)
  })

  await t.test('stops in order, and leaves nothing', async (t) => {
    const { status, said } = systemctl('stop', unit)
    t.equal(status, 0, said)
    t.equal(property('Result'), 'success')
    t.equal(property('ExecMainStatus'), '0')
    await gone(`${vip}/32`)
    await gone('10.7.7.7/32')
    t.match(journal(), /SIGTERM: stopping[\s\S]*stopped\n/)
    t.notMatch(run('ip addr show lo'), /10\.0\.1\.100|10\.7\.7\.7/)
    t.notMatch(ipvsadm('-Ln'), /TCP/)
    t.equal(run('ip route show 10.8.8.8'), '')
    t.notOk(existsSync(socket))
  })
})
