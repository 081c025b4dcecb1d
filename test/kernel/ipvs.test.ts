/** IPVS through the library beside ipvsadm, in a real kernel: what one writes the other reads. */
import { execFileSync, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { Ipvs } from '../../lib/lvs/ipvs.ts'
import { formatIpvsadm, parseIpvsadm, restoreIpvs, saveIpvs } from '../../lib/lvs/ipvsadm.ts'
import type {
  IpvsDestination,
  IpvsSchedulerFlag,
  IpvsService,
  IpvsServiceKey,
} from '../../lib/lvs/types.ts'
import { agree, ipvsadm, rows } from './ipvsadm.ts'
import { inKernel, kernelLimit } from './vm.ts'

kernelLimit(600)

/** The schedulers of Debian's kernel: all of 6.1 but twos. */
const schedulers = 'rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh'.split(' ')

const web: IpvsServiceKey = { protocol: 'tcp', address: '10.0.0.1', port: 80 }
const server = (n: number, change: Partial<IpvsDestination> = {}): IpvsDestination => ({
  address: `10.0.1.${n}`,
  port: 80,
  forward: 'dr',
  weight: 1,
  ...change,
})

/** IPVS, empty before and after. */
async function opened(t: Test): Promise<Ipvs> {
  const ipvs = await Ipvs.open()
  await ipvs.flush()
  t.teardown(async () => {
    ipvsadm('-C')
    await ipvs.close()
  })
  return ipvs
}

const run = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
const child = fileURLToPath(new URL('./ipvs-child.js', import.meta.url))
const MODPROBE = '/proc/sys/kernel/modprobe'

inKernel('without the module, and without the right', async (t) => {
  const modprobe = readFileSync(MODPROBE, 'utf8')
  writeFileSync(MODPROBE, '/bin/false\n')
  await t.rejects(Ipvs.open(), {
    code: 'ERR_OSPF_IPVS_ABSENT',
    message: /this kernel has no IPVS/,
  })
  writeFileSync(MODPROBE, modprobe)
  t.equal(run(process.execPath, [child]), '1.2.1\n')
  const capless = ['--bounding-set=-net_admin', process.execPath, child]
  t.match(run('setpriv', capless), /^ERR_OSPF_PERMISSION .*CAP_NET_ADMIN is needed/)
})

inKernel('every scheduler, with ipvsadm reading', async (t) => {
  const ipvs = await opened(t)
  for (const [i, scheduler] of schedulers.entries()) {
    const flags: IpvsSchedulerFlag[] = i % 2 === 0 ? ['flag-1', 'flag-2'] : []
    const key = { ...web, port: 8000 + i }
    await ipvs.addService({ key, scheduler, ...(flags.length > 0 && { flags }) })
    await ipvs.addDestination(key, server(1, { weight: i, port: 8000 + i }))
    await ipvs.addDestination(key, server(2, { forward: 'nat', weight: 3, port: 99 }))
    const found = await ipvs.service(key)
    t.match(found, { key, scheduler }, scheduler)
    t.strictSame(found?.flags, flags.length > 0 ? flags : undefined)
  }
  const listed = rows('-Ln').filter(([protocol]) => protocol === 'TCP')
  t.strictSame(
    listed.map((row) => row[2]),
    schedulers,
  )
  await agree(t, ipvs)
  t.equal((await ipvs.services()).length, schedulers.length)
})

const table = `-A -t 10.0.0.1:80 -s mh -b mh-fallback,mh-port
-a -t 10.0.0.1:80 -r 10.0.1.1:80 -g -w 3 -x 100 -y 50
-a -t 10.0.0.1:80 -r 10.0.1.2:80 -i -w 0 --tun-type ipip
-a -t 10.0.0.1:80 -r 10.0.1.3:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum
-a -t 10.0.0.1:80 -r 10.0.1.4:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum
-a -t 10.0.0.1:80 -r 10.0.1.5:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum
-a -t 10.0.0.1:80 -r 10.0.1.6:80 -i -w 1 --tun-type gre --tun-nocsum
-a -t 10.0.0.1:80 -r 10.0.1.7:80 -i -w 1 --tun-type gre --tun-csum
-a -t 10.0.0.1:80 -r 10.0.1.8:8080 -m -w 2147483647
-a -t 10.0.0.1:80 -r [2001:db8::5]:80 -i -w 1 --tun-type ipip
-A -t 10.0.0.2:81 -s wrr -b flag-1,flag-3
-A -u 10.0.0.1:53 -s rr -o
-A -u 10.0.0.1:5060 -s rr -p 60 --pe sip -o
-A --sctp-service 10.0.0.1:99 -s sh -b sh-port
-A -t [2001:db8::1]:0 -s lblcr -p 360
-a -t [2001:db8::1]:0 -r [2001:db8::2]:0 -g -w 1
-A -f 7 -s wlc -p 300 -M 255.255.255.0
-a -f 7 -r 10.0.1.8:123 -m -w 1
-A -f 8 -6 -s lblc -p 100 -M 64
`
/** ipvsadm leaves the thresholds out of what it saves. */
const withoutThresholds = (text: string): string => text.replaceAll(/ -[xy] \d+/g, '')

inKernel('what ipvsadm wrote, and what is written for ipvsadm', async (t) => {
  const ipvs = await opened(t)
  ipvsadm('-R', table)
  const read = await saveIpvs(ipvs)
  const wanted = parseIpvsadm(table)
  const sorted = (one: typeof read) =>
    one.services.toSorted((a, b) =>
      formatIpvsadm({ services: [a] }) < formatIpvsadm({ services: [b] }) ? -1 : 1,
    )
  t.strictSame(sorted(read), sorted(wanted), 'read as ipvsadm set it')
  await agree(t, ipvs)
  await ipvs.flush()
  t.strictSame(await ipvs.services(), [])
  await restoreIpvs(ipvs, wanted)
  t.equal(ipvsadm('-Sn'), withoutThresholds(table), 'and ipvsadm as the library set it')
  t.strictSame(sorted(await saveIpvs(ipvs)), sorted(wanted))
})

inKernel('services and destinations change in place', async (t) => {
  const ipvs = await opened(t)
  const service: IpvsService = { key: web, scheduler: 'wrr' }
  await ipvs.addService(service)
  for (const n of [1, 2, 3]) await ipvs.addDestination(web, server(n))
  const names = async () => (await ipvs.destinations(web)).map(({ address }) => address)
  t.strictSame(await names(), ['10.0.1.1', '10.0.1.2', '10.0.1.3'], 'oldest first')
  await ipvs.setService({
    ...service,
    scheduler: 'sh',
    flags: ['flag-2'],
    persistence: { timeout: 90, prefixLength: 24 },
  })
  t.match(
    rows('-Ln')[0]?.join(' '),
    'TCP 10.0.0.1:80 sh (sh-port) persistent 90 mask 255.255.255.0',
  )
  await ipvs.setService(service)
  t.equal(rows('-Ln')[0]?.join(' '), 'TCP 10.0.0.1:80 wrr', 'flags and persistence are taken back')
  await ipvs.setDestination(web, server(2, { weight: 7, upperThreshold: 4 }))
  const [, second] = await ipvs.destinations(web)
  // the kernel makes the lower one three quarters of the upper when it is needed, and shows it as 0
  t.match(second, { weight: 7, upperThreshold: 4 })
  await ipvs.removeDestination(web, server(1))
  t.strictSame(await names(), ['10.0.1.2', '10.0.1.3'])
  await agree(t, ipvs)
  await ipvs.removeService(web)
  t.equal(await ipvs.service(web), undefined)
  t.strictSame(await ipvs.destinations(web), [])
})

inKernel('timeouts, info, the daemons', async (t) => {
  const ipvs = await opened(t)
  t.strictSame(await ipvs.info(), { version: '1.2.1', connectionTableSize: 4096 })
  t.strictSame(await ipvs.timeouts(), { tcp: 900, tcpFin: 120, udp: 300 })
  await ipvs.setTimeouts({ tcp: 100, udp: 30 })
  t.match(ipvsadm('-Ln --timeout'), 'Timeout (tcp tcpfin udp): 100 120 30')
  ipvsadm('--set 900 60 300')
  t.strictSame(await ipvs.timeouts(), { tcp: 900, tcpFin: 60, udp: 300 })

  for (const command of [
    'link add sync0 type dummy',
    'link set sync0 up',
    'addr add 10.9.0.1/24 dev sync0',
  ]) {
    run('ip', command.split(' '))
  }
  t.strictSame(await ipvs.daemons(), [])
  await ipvs.startDaemon({ state: 'master', device: 'sync0', syncId: 5 })
  const backup = {
    state: 'backup',
    device: 'sync0',
    syncId: 6,
    maximumLength: 1400,
    group: '224.0.1.9',
    port: 9000,
    ttl: 3,
  } as const
  await ipvs.startDaemon(backup)
  const shown = ipvsadm('-Ln --daemon')
  t.match(
    shown,
    /^master sync daemon \(mcast=sync0, syncid=5, maxlen=\d+, group=224.0.0.81, port=8848, ttl=1\)$/m,
  )
  t.match(
    shown,
    /^backup sync daemon \(mcast=sync0, syncid=6, maxlen=1400, group=224.0.1.9, port=9000, ttl=3\)$/m,
  )
  const daemons = await ipvs.daemons()
  t.match(daemons[0], {
    state: 'master',
    device: 'sync0',
    syncId: 5,
    group: '224.0.0.81',
    port: 8848,
    ttl: 1,
  })
  t.strictSame(daemons[1], backup)
  await t.rejects(ipvs.startDaemon(backup), { code: 'ERR_OSPF_IPVS_EXISTS' })
  await ipvs.stopDaemon('master')
  t.notMatch(ipvsadm('-Ln --daemon'), 'master')
  ipvsadm('--stop-daemon backup')
  t.strictSame(await ipvs.daemons(), [])
  await t.rejects(ipvs.stopDaemon('backup'), { code: 'ERR_OSPF_KERNEL', errno: 'ESRCH' })
  await t.rejects(ipvs.startDaemon({ ...backup, device: 'none0' }), {
    code: 'ERR_OSPF_NO_INTERFACE',
  })
  run('ip', ['link', 'del', 'sync0'])
})

inKernel('what the kernel refuses', async (t) => {
  const ipvs = await opened(t)
  const service: IpvsService = { key: web, scheduler: 'rr' }
  const absent = { ...web, port: 81 }
  const refused = async (call: Promise<void>, code: string, message: RegExp) =>
    t.rejects(call, { name: 'OspfError', code: `ERR_OSPF_IPVS_${code}`, message })

  await refused(
    ipvs.addService({ ...service, scheduler: 'best' }),
    'SCHEDULER',
    /add service tcp 10.0.0.1:80 best: .*ENOENT.*scheduler/,
  )
  await refused(
    ipvs.addService({ ...service, persistence: { timeout: 9, engine: 'dns' } }),
    'SCHEDULER',
    /dns/,
  )
  // there, but it cannot be loaded: this kernel has not been asked for it before
  writeFileSync(MODPROBE, '/bin/false\n')
  await ipvs.info()
  run('sh', ['-c', '/sbin/modprobe -r ip_vs_fo; true'])
  await refused(ipvs.addService({ ...service, scheduler: 'fo' }), 'SCHEDULER', / fo: /)
  writeFileSync(MODPROBE, '/sbin/modprobe\n')

  await ipvs.addService(service)
  await refused(ipvs.addService(service), 'EXISTS', /EEXIST/)
  await refused(ipvs.setService({ ...service, key: absent }), 'NO_SERVICE', /tcp 10.0.0.1:81/)
  await refused(ipvs.removeService(absent), 'NO_SERVICE', /ESRCH/)
  await refused(ipvs.zero(absent), 'NO_SERVICE', /ESRCH/)
  await refused(ipvs.addDestination(absent, server(1)), 'NO_SERVICE', /ESRCH/)
  await ipvs.addDestination(web, server(1))
  await refused(ipvs.addDestination(web, server(1)), 'EXISTS', /10.0.1.1:80/)
  await refused(ipvs.setDestination(web, server(2)), 'NO_DESTINATION', /10.0.1.2:80/)
  await refused(ipvs.removeDestination(web, server(2)), 'NO_DESTINATION', /ENOENT/)
  const thresholds = { upperThreshold: 3, lowerThreshold: 4 }
  await refused(ipvs.addDestination(web, server(3, thresholds)), 'INVALID', /ERANGE/)
  await refused(
    ipvs.addDestination(web, server(3, { address: '255.255.255.255' })),
    'INVALID',
    /EINVAL/,
  )
  await refused(
    ipvs.addDestination(web, server(3, { address: '2001:db8::3' })),
    'INVALID',
    /EINVAL/,
  )
  await t.rejects(ipvs.addDestination(web, server(3, { weight: -1 })), { code: 'ERR_OSPF_CONFIG' })
  // behind our back
  ipvsadm('-d -t 10.0.0.1:80 -r 10.0.1.1')
  await refused(ipvs.setDestination(web, server(1)), 'NO_DESTINATION', /10.0.1.1:80/)
  ipvsadm('-C')
  await refused(ipvs.setDestination(web, server(1)), 'NO_SERVICE', /ESRCH/)
})

inKernel('the module is taken away and comes back with another number', async (t) => {
  const ipvs = await opened(t)
  await ipvs.addService({ key: web, scheduler: 'rr' })
  await ipvs.flush()
  const ids = run('sh', [
    '-c',
    'for m in $(lsmod | sed -n "s/^\\(ip_vs_[a-z_]*\\) .*/\\1/p"); do modprobe -r $m; done; modprobe -r ip_vs; modprobe fou; lsmod',
  ])
  t.notMatch(ids, /^ip_vs /m)
  await ipvs.addService({ key: web, scheduler: 'rr' })
  t.match(rows('-Ln')[0], ['TCP', '10.0.0.1:80', 'rr'])
})

inKernel('calls at the same time, and after the end', async (t) => {
  const ipvs = await opened(t)
  const ports = Array.from({ length: 50 }, (_, i) => 1000 + i)
  await Promise.all(
    ports.map((port) => ipvs.addService({ key: { ...web, port }, scheduler: 'rr' })),
  )
  const dumps = await Promise.all([ipvs.services(), ipvs.info(), ipvs.services(), ipvs.timeouts()])
  t.equal(dumps[0].length, 50)
  t.equal(dumps[2].length, 50)
  const other = await Ipvs.open()
  const pending = other.services()
  await other.close()
  await t.rejects(pending, { code: 'ERR_OSPF_STOPPED' })
  await other.close()
  await t.rejects(other.info(), { code: 'ERR_OSPF_STOPPED' })
})

inKernel('5,000 destinations', async (t) => {
  const ipvs = await opened(t)
  await ipvs.addService({ key: web, scheduler: 'rr' })
  const many = Array.from({ length: 5000 }, (_, i) => ({
    ...server(0),
    address: `10.1.${i >> 8}.${i & 255}`,
    weight: i + 1,
  }))
  const began = performance.now()
  await Promise.all(many.map((one) => ipvs.addDestination(web, one)))
  const added = performance.now()
  const listed = await ipvs.destinations(web)
  t.comment(
    `added in ${Math.round(added - began)} ms, listed in ${Math.round(performance.now() - added)} ms`,
  )
  t.strictSame(
    listed.map(({ address, weight }) => [address, weight]),
    many.map(({ address, weight }) => [address, weight]),
  )
  t.equal(rows('-Ln').length, 5001)
})

inKernel('a table that changes while it is read', async (t) => {
  const ipvs = await opened(t)
  await ipvs.addService({ key: web, scheduler: 'rr' })
  const steady = Array.from({ length: 400 }, (_, i) => ({
    ...server(0),
    address: `10.1.${i >> 8}.${i & 255}`,
  }))
  await Promise.all(steady.map((one) => ipvs.addDestination(web, one)))
  // somebody else, all the time: the first of the kernel's list comes and goes
  const churn = '-a -t 10.0.0.1:80 -r 10.2.0.1\n-d -t 10.0.0.1:80 -r 10.2.0.1\n'.repeat(1000)
  const other = spawn('sh', ['-c', 'while ipvsadm -R </tmp/churn; do :; done'], {
    stdio: 'ignore',
    detached: true,
  })
  writeFileSync('/tmp/churn', churn)
  t.teardown(() => process.kill(-other.pid!, 'SIGKILL'))
  let complete = 0
  for (let i = 0; i < 8; i++) {
    const read = await ipvs.destinations(web)
    const names = new Set(read.map(({ address }) => address))
    t.equal(names.size, read.length, 'none is there twice')
    if (steady.every(({ address }) => names.has(address))) complete++
  }
  // Of single dumps, half lack some of those that stay; of readings, none of 210 did.
  t.ok(complete >= 6, `those that stay were all there ${complete} times out of 8`)
})
