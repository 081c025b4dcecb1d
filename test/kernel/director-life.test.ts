/** `ospf-speaker run` beside real IPVS: killed and started with another configuration, and without the right to it. */
import { readdirSync, writeFileSync } from 'node:fs'
import { ipvsadm } from './ipvsadm.ts'
import { begin, main, run, start, until } from './running.ts'
import { inKernel, kernelLimit } from './vm.ts'

kernelLimit(400)

const vip = '10.9.0.100'

inKernel('killed, and started again with another configuration', async (t) => {
  run('ip link add eth0 type veth peer name eth1')
  run('ip addr add 10.9.0.1/24 dev eth0')
  for (const name of ['lo', 'eth0', 'eth1']) run(`ip link set ${name} up`)
  ipvsadm('-A -t 10.9.0.7:53 -s rr')
  t.teardown(() => {
    run('ip link del eth0')
    ipvsadm('-C')
  })
  const file = '/tmp/killed.yaml'
  const service = (port: number): string =>
    `    - { address: ${vip}, port: ${port}, scheduler: mh, flags: [mh-port], persistence: 60, servers: [{ address: 10.9.1.1 }] }\n`
  const write = (...ports: readonly number[]): void =>
    writeFileSync(
      file,
      `routerId: 10.9.0.1
areas: { 0: { interfaces: { eth0: {} } } }
lvs:
  services:
${ports.map(service).join('')}`,
    )
  write(80, 81)
  const args = [main, 'run', file, '--socket', '/tmp/killed.sock']
  const first = start(t, ...args)
  const table = (): string => ipvsadm('-Ln')
  const serves = (listed: string, port: number): boolean =>
    listed.includes(`TCP  ${vip}:${port} `) && listed.includes(`10.9.1.1:${port} `)
  // in the order of a hash
  const both = (listed: string): boolean => serves(listed, 80) && serves(listed, 81)
  await until('both services are there', () => both(table()), first.told)
  await first.kill()
  t.ok(both(table()), 'what is killed leaves all behind')
  write(80)
  const second = start(t, ...args)
  await until('the other one is gone', () => !table().includes(`${vip}:81`), second.told)
  t.ok(serves(table(), 80), 'the one that is wanted stays')
  const adopted = (): boolean => second.told().includes(`tcp ${vip}:80: adopted`)
  await until('it is adopted', adopted, second.told)
  t.equal(await second.stop(), 0, second.told())
  const left = table()
  t.notMatch(left, vip)
  t.match(left, '10.9.0.7:53', 'that of somebody else stays')
  t.same(
    readdirSync('/run/ospf-speaker').filter((name) => name.startsWith('ipvs-')),
    [],
    'there is nothing to remember',
  )
})

inKernel('without CAP_NET_ADMIN, and told to wait for it', async (t) => {
  run('ip link add eth0 type veth peer name eth1')
  run('ip addr add 10.9.0.1/24 dev eth0')
  for (const name of ['lo', 'eth0', 'eth1']) run(`ip link set ${name} up`)
  t.teardown(() => void run('ip link del eth0'))
  const file = '/tmp/capless.json'
  const services = [{ address: vip, port: 80, servers: [{ address: '10.9.1.1' }] }]
  writeFileSync(
    file,
    JSON.stringify({
      routerId: '10.9.0.1',
      areas: { 0: { interfaces: { eth0: {} } } },
      lvs: { waitForPlane: true, services },
    }),
  )
  const capless = ['--bounding-set=-net_admin', process.execPath, main, 'run', file]
  const waiting = begin(t, 'setpriv', ...capless, '--socket', '/tmp/capless.sock')
  await until('it has started', () => waiting.told().includes('started, router'), waiting.told)
  await until('it says why', () => waiting.told().includes('IPVS is not ready'), waiting.told)
  t.match(waiting.told(), /IPVS is not ready: .*CAP_NET_ADMIN/)
  t.equal(await waiting.stop(), 0, waiting.told())
})
