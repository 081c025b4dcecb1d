import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LinuxSysctls } from '../../lib/linux/sysctl.ts'
import { parseRouterHelper, RouterHelper } from '../../lib/router-helper.ts'
import { deviceParameter, type SysctlEvent } from '../../lib/sysctl.ts'
import { inNamespace, ip, outside } from './netns.ts'

const policy = 'net/ipv4/fib_multipath_hash_policy'

inNamespace('a parameter of this namespace is read and set', async (t) => {
  const sysctls = new LinuxSysctls()
  ip('link add eth0.7 type veth peer name peer')
  const redirects = deviceParameter('eth0.7', 'send_redirects')
  t.equal(sysctls.read(redirects), 1)
  sysctls.write(redirects, 0)
  t.equal(sysctls.read(redirects), 0)
  t.equal(readFileSync(`/proc/sys/${redirects}`, 'utf8'), '0\n')
  sysctls.write('net/ipv4/fib_multipath_hash_fields', 0x37)
  t.equal(sysctls.read('net/ipv4/fib_multipath_hash_fields'), 0x37)
  for (const name of ['arp_ignore', 'arp_announce', 'rp_filter', 'proxy_arp']) {
    t.type(sysctls.read(deviceParameter('eth0.7', name)), 'number', name)
  }
  t.type(sysctls.read('net/ipv4/ip_nonlocal_bind'), 'number')
})

inNamespace('what the kernel does not have or take is said so', async (t) => {
  const sysctls = new LinuxSysctls()
  const none = deviceParameter('eth9', 'rp_filter')
  t.equal(sysctls.read(none), undefined)
  t.throws(() => sysctls.write(none, 1), {
    code: 'ERR_OSPF_KERNEL',
    errno: 'ENOENT',
    message: `${none}: cannot write it: this kernel has no such parameter`,
  })
  t.throws(() => sysctls.write(policy, 99), {
    code: 'ERR_OSPF_KERNEL',
    errno: 'EINVAL',
    message: `${policy}: cannot write it: the kernel takes no such value`,
  })
  t.throws(() => sysctls.read('net/ipv4/tcp_rmem'), { code: 'ERR_OSPF_KERNEL' })
})

inNamespace('a /proc/sys that is mounted read-only is named as the reason', async (t) => {
  const place = mkdtempSync(join(tmpdir(), 'ospf-sysctl-'))
  t.teardown(() => {
    execFileSync('umount', [place])
    rmSync(place, { recursive: true })
  })
  // `ip netns exec` gave this process a mount namespace of its own
  execFileSync('mount', ['--bind', '/proc/sys', place])
  execFileSync('mount', ['-o', 'remount,bind,ro', place])
  const sysctls = new LinuxSysctls(place)
  t.equal(sysctls.read(policy), 0)
  t.throws(() => sysctls.write(policy, 1), {
    code: 'ERR_OSPF_PERMISSION',
    errno: 'EROFS',
    message: /mounted read-only, as in a container/,
  })
})

inNamespace('who may not is told what it takes', async (t) => {
  process.seteuid!(65534)
  try {
    t.throws(() => new LinuxSysctls().write(policy, 1), {
      code: 'ERR_OSPF_PERMISSION',
      message: /permission denied; it takes root in the namespace/,
    })
  } finally {
    process.seteuid!(0)
  }
})

inNamespace('the router helper sets a namespace up and puts it back', async (t) => {
  ip('link add eth0 type veth peer name eth1')
  const sysctls = new LinuxSysctls()
  const paths = [
    policy,
    'net/ipv4/fib_multipath_hash_fields',
    ...['all', 'eth0', 'eth1'].map((device) => deviceParameter(device, 'send_redirects')),
    deviceParameter('eth1', 'proxy_arp'),
    'net/ipv4/ip_forward',
  ]
  const now = () => paths.map((path) => sysctls.read(path))
  const before = now()
  const config = parseRouterHelper({ mode: 'set', hashPolicy: 3, proxyArp: ['eth1'] }, true)!
  const events: SysctlEvent[] = []
  const helper = new RouterHelper(config, sysctls, ['eth0'], (event) => events.push(event))
  t.not(helper.findings().length, 0)
  helper.begin()
  t.same(now(), [3, 0x37, 0, 0, 0, 1, 1])
  t.same(helper.findings(), [])
  t.notOk(events.some(({ what }) => what === 'refused'))
  helper.end()
  t.same(now(), before)
})

outside('where there is no procfs there are no parameters', async (t) => {
  t.equal(new LinuxSysctls('/nonexistent').read(policy), undefined)
})
