import t from 'tap'
import { formatPreflight, type PreflightWorld, preflight } from '../../lib/lvs/preflight.ts'
import type { PreflightService } from '../../lib/lvs/preflight-checks.ts'
import { dropsInvalid, dropsOspf } from '../../lib/lvs/preflight-firewall.ts'
import { device, FakeHost } from './real-server-world.ts'

const vip = '10.0.1.100'
const capable = 'Name: node\nCapEff:\t0000003fffffffff\n'

interface Told {
  readonly values?: Readonly<Record<string, number>>
  readonly files?: Readonly<Record<string, string>>
  readonly processes?: readonly string[]
  readonly ruleset?: string
  readonly answers?: Readonly<Record<string, string>>
  readonly host?: FakeHost
}

function world({ values = {}, files = {}, processes = [], ruleset, answers, host }: Told) {
  const fake = host ?? new FakeHost()
  for (const [path, value] of Object.entries(values))
    fake.sysctls.values.set(`net/ipv4/${path}`, value)
  if (answers !== undefined) {
    fake.askArp = async (...[, address]: readonly unknown[]) => answers[String(address)]
  }
  const all: Readonly<Record<string, string>> = { '/proc/self/status': capable, ...files }
  return {
    devices: fake,
    sysctls: fake.sysctls,
    file: (path: string) => all[path],
    processes: () => processes,
    ruleset: async () => {
      if (ruleset === undefined) throw new Error('nft is not installed')
      return ruleset
    },
    [Symbol.dispose]: () => {},
  } satisfies PreflightWorld
}

const ids = async (options: Parameters<typeof preflight>[0], told: Told = {}): Promise<string[]> =>
  (await preflight(options, world(told))).findings.map(({ id }) => id)

const service: PreflightService = {
  address: vip,
  port: 80,
  scheduler: 'mh',
  servers: [{ address: '10.0.2.1', port: 80 }],
}
const withIpvs = { '/proc/net/ip_vs': '' }

t.test('ARP and the reverse path filter, by the greater of all and the device', async (t) => {
  const role = 'real-server'
  t.same(await ids({ role, vips: [vip] }), ['arp-ignore', 'arp-announce'])
  const quiet = { 'conf/all/arp_ignore': 1, 'conf/eth0/arp_announce': 2 }
  t.same(await ids({ role, vips: [vip] }, { values: quiet }), [])
  const strict = { ...quiet, 'conf/all/rp_filter': 1 }
  t.same(await ids({ role, vips: [vip] }, { values: strict }), ['rp-filter'])
  t.same(await ids({ role, vips: [vip] }, { values: { ...strict, 'conf/eth0/rp_filter': 2 } }), [])
  const host = new FakeHost()
  host.found = [...host.found, device('tunl0', { kind: 'ipip' })]
  const { findings } = await preflight(
    { role },
    world({ host, values: { 'conf/tunl0/rp_filter': 1 } }),
  )
  t.match(findings, [{ id: 'rp-filter', severity: 'error', found: /strict on tunl0/ }])
})

t.test('a router', async (t) => {
  const bad = {
    ip_forward: 0,
    fib_multipath_hash_policy: 0,
    'conf/all/send_redirects': 1,
    'conf/eth0/proxy_arp': 1,
  }
  t.same(await ids({ role: 'router' }, { values: bad }), [
    'ip-forward',
    'send-redirects',
    'proxy-arp',
    'hash-policy',
  ])
  const good = { ip_forward: 1, fib_multipath_hash_policy: 1 }
  t.same(await ids({ role: 'router' }, { values: good }), [])
})

t.test("a director's services", async (t) => {
  const values = { 'conf/all/arp_ignore': 1, 'conf/all/arp_announce': 2 }
  const look = (
    services: readonly PreflightService[],
    more: Readonly<Record<string, number>> = {},
  ) => ids({ role: 'director', services }, { files: withIpvs, values: { ...values, ...more } })
  t.same(await look([service]), [])
  const other = { ...service, servers: [{ address: '10.0.2.1', port: 8080 }] }
  t.same(await look([other]), ['port-mismatch'])
  t.same(await look([{ ...other, forward: 'nat' }]), ['ip-forward'])
  t.same(await look([{ ...other, forward: 'nat' }], { ip_forward: 1 }), [])
  t.same(await look([{ ...service, forward: 'tun' }]), ['tunnel-mtu'])
  const zero = { ...service, servers: [{ address: '10.0.2.1', weight: 0 }] }
  t.same(await look([zero]), ['weight-zero'])
  t.same(await look([{ ...zero, flags: ['mh-fallback'] }]), [])
  const vs = {
    'vs/expire_nodest_conn': 0,
    'vs/expire_quiescent_template': 0,
    'vs/sloppy_tcp': 0,
    'vs/conn_reuse_mode': 0,
    'vs/conntrack': 1,
  }
  t.same(await look([{ ...service, persistence: 300 }], vs), [
    'expire-nodest-conn',
    'expire-quiescent-template',
    'sloppy-tcp',
    'conn-reuse-mode',
    'conntrack',
  ])
})

t.test('modules that are missing, without loading any', async (t) => {
  const role = 'director'
  const release = { '/proc/sys/kernel/osrelease': '6.1.0\n' }
  const dep = '/lib/modules/6.1.0/modules.dep'
  const look = (files: Readonly<Record<string, string>>) =>
    ids({ role, services: [service], vips: [] }, { files: { ...release, ...files } })
  t.same(await look({}), ['no-ipvs'])
  t.same(await look({ [dep]: 'kernel/net/ip_vs.ko:\n' }), ['no-scheduler'])
  t.same(await look({ [dep]: 'kernel/net/ip_vs.ko:\nkernel/net/ip_vs_mh.ko:\n' }), [])
  t.same(await look({ ...withIpvs, '/proc/modules': 'ip_vs_mh 1 0\n' }), [])
})

t.test('a VIP in a subnet that a speaker is in is answered for by ARP', async (t) => {
  const role = 'speaker'
  t.same(await ids({ role, vips: ['10.0.1.200'] }), ['arp-ignore', 'arp-announce'])
  t.same(await ids({ role, vips: ['10.9.9.9'] }), [])
})

t.test('privileges, other daemons, memberships', async (t) => {
  const files = {
    '/proc/self/status': 'CapEff:\t0000000000001000\n',
    '/proc/self/mounts': 'proc /proc proc rw 0 0\nproc /proc/sys proc ro,nosuid 0 0\n',
  }
  const { findings } = await preflight({ role: 'speaker' }, world({ files }))
  t.match(findings, [
    { id: 'privileges', found: 'this process has no CAP_NET_RAW' },
    { id: 'read-only-sysctls' },
  ])
  t.same(await ids({ role: 'speaker' }, { processes: ['sshd', 'bird'] }), ['other-daemon'])
  t.same(await ids({ role: 'real-server' }, { processes: ['bird'] }), [])
  t.same(await ids({ role: 'speaker' }, { values: { igmp_max_memberships: 1 } }), ['memberships'])
})

const chain = (policy: string, ...exprs: readonly (readonly unknown[])[]): string =>
  JSON.stringify({
    nftables: [
      { chain: { family: 'inet', table: 'f', name: 'in', hook: 'input', policy } },
      { chain: { family: 'inet', table: 'f', name: 'more' } },
      ...exprs.map((expr, i) => ({
        rule: { family: 'inet', table: 'f', chain: i < 9 ? 'in' : 'more', expr },
      })),
    ],
  })
const match = (left: unknown, right: unknown, op = '==') => ({ match: { op, left, right } })
const protocol = { payload: { protocol: 'ip', field: 'protocol' } }
const state = { ct: { key: 'state' } }

t.test('the firewall', async (t) => {
  const ospf = [match(protocol, 'ospf'), { accept: null }]
  const invalid = [match(state, 'invalid'), { drop: null }]
  const established = [match(state, { set: ['established', 'related'] }), { accept: null }]
  const port = match({ payload: { protocol: 'tcp', field: 'dport' } }, 22)
  t.equal(dropsOspf(chain('drop'), 'eth0'), 'chain inet f in')
  t.equal(dropsOspf(chain('accept'), 'eth0'), undefined)
  t.equal(dropsOspf(chain('drop', ospf), 'eth0'), undefined)
  t.equal(dropsOspf(chain('drop', [port, { accept: null }]), 'eth0'), 'chain inet f in')
  const onlyOn = match({ meta: { key: 'iifname' } }, 'eth1')
  t.equal(dropsOspf(chain('drop', [onlyOn, ...ospf]), 'eth0'), 'chain inet f in')
  t.equal(dropsOspf(chain('drop', [onlyOn, ...ospf]), 'eth1'), undefined)
  t.equal(
    dropsOspf(chain('accept', [match(protocol, 'tcp', '!='), { drop: null }]), 'e'),
    'chain inet f in',
  )
  t.equal(dropsInvalid(chain('drop', invalid, established)), 'chain inet f in')
  t.equal(dropsInvalid(chain('accept', invalid)), 'chain inet f in')
  t.equal(dropsInvalid(chain('accept', established)), undefined)
  t.equal(dropsInvalid('not JSON'), undefined)
  const ruleset = chain('drop', invalid)
  t.same(await ids({ role: 'director' }, { ruleset, files: withIpvs }), ['firewall-ospf'])
})

t.test('somebody who is no announcer answers for the VIP', async (t) => {
  const answers = { [0x0a000164]: '02:00:00:00:00:01', [0x0a000185]: '02:00:00:00:00:02' }
  const options = { role: 'router', vips: [vip], announcers: ['10.0.1.133'], askArp: true } as const
  const { findings } = await preflight(options, world({ answers, values: { ip_forward: 1 } }))
  t.match(findings, [
    {
      id: 'split-brain',
      severity: 'error',
      found: '02:00:00:00:00:01 answers ARP for 10.0.1.100 on eth0',
    },
  ])
  const same = { ...answers, [0x0a000185]: '02:00:00:00:00:01' }
  t.same(await ids(options, { answers: same, values: { ip_forward: 1 } }), ['announcer-answers'])
  t.same(await ids(options, { answers: {}, values: { ip_forward: 1 } }), [])
})

t.test('as text, worst first', async (t) => {
  const values = { ip_forward: 0, 'conf/eth0/proxy_arp': 1 }
  const report = await preflight({ role: 'router' }, world({ values }))
  const text = formatPreflight(report)
  t.match(
    text,
    /^error: ip_forward is 0 \[ip-forward\]\n {2}why: nothing is forwarded\n {2}do: {2}sysctl -w net\.ipv4\.ip_forward=1\n/,
  )
  t.match(
    text,
    /router: 2 findings; looked at privileges, .*\nnot looked at: firewall \(nft is not installed\)/,
  )
  t.notMatch(report.checked, ['firewall'])
})
