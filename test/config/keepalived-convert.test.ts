/** A keepalived.conf as options of a director, as VIPs, and in words. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { check } from '../../lib/cli/check.ts'
import { explain } from '../../lib/cli/explain.ts'
import type { InputHost } from '../../lib/cli/inputs.ts'
import { convertKeepalived, explainKeepalived } from '../../lib/config/keepalived.ts'
import { trackedFile } from '../../lib/health/tracked-file.ts'
import { readKeepalived } from '../../lib/keepalived.ts'
import { keepalivedGate } from '../../lib/keepalived-gates.ts'
import { ProbeNames, parseDirector } from '../../lib/lvs/director-config.ts'
import { folder, names, read, textOf } from './keepalived-samples.ts'

const config = (text: string) => {
  const { config } = read(text)
  if (config === undefined) throw new Error('it cannot be read')
  return config
}

t.test('the classic DR cluster', async (t) => {
  const { director, vips } = convertKeepalived(config(textOf('classic-dr.conf')))
  t.match(director, {
    defaults: 'keepalived',
    services: [
      {
        address: '10.0.1.100',
        port: 80,
        protocol: 'tcp',
        scheduler: 'rr',
        servers: [
          {
            address: '10.0.1.11',
            forward: 'dr',
            inhibitOnFailure: false,
            alpha: false,
            checks: [
              {
                type: 'http',
                urls: [{ path: '/', status: [200] }],
                delayLoop: 5,
                retry: 3,
                delayBeforeRetry: 3,
                connectTimeout: 3,
                rise: 1,
              },
            ],
          },
          { address: '10.0.1.12' },
        ],
      },
    ],
  })
  t.match(vips, [{ address: '10.0.1.100', served: true }])
})

t.test('every kind of checker', async (t) => {
  const { director, differences } = convertKeepalived(config(textOf('check-all.conf')))
  const checks = director.services[0]!.servers[0]!.checks!
  t.match(checks, [
    { type: 'tcp', retry: 2 },
    { type: 'dns', query: 'www.example.com', recordType: 'A', records: false },
    { type: 'smtp', port: 25, helo: 'lb.example.com' },
    { type: 'udp', payload: '0011aafe', requireReply: '00xx1x', minReplyLength: 2 },
    { type: 'ping', retry: 3 },
    { type: 'misc', command: ['/bin/true', 'a b'], timeout: 4, dynamic: true },
    { type: 'file', path: '/tmp/ka-switch', weight: 3, reverse: true },
    { type: 'file', path: '/tmp/ka-old', weight: -5, reverse: true },
  ])
  t.match(differences.map(({ message }) => message).join('\n'), /BFD_CHECK: there is no BFD/)
  const tls = convertKeepalived(config(textOf('check-http.conf')), {
    readText: (path) => `PEM ${path}`,
  })
  t.match(tls.director.services[0]!.servers[0]!.checks, [
    {
      type: 'http',
      tls: { verify: false, cert: 'PEM /etc/ssl/certs/lb.pem', serverName: 'www2.example.com' },
      urls: [
        { regex: '^ok[ ]+\\d', regexFlags: 'im', regexNoMatch: true },
        { path: '/a path', digest: /^9b/ },
      ],
    },
  ])
})

t.test('groups are services each; too many are none', async (t) => {
  const { director, vips } = convertKeepalived(config(textOf('groups.conf')))
  t.equal(director.services.filter(({ address }) => address?.includes('.')).length, 1 + 4 + 4 + 11)
  t.equal(director.services.filter(({ fwmark }) => fwmark !== undefined).length, 2)
  t.ok(
    vips.every(({ address }) => !address.includes(':')),
    'OSPFv2 announces IPv4',
  )
  t.match(
    director.services.find(({ fwmark }) => fwmark !== undefined)?.servers,
    [{ port: 0 }],
    'with a mark ports stay',
  )
  const other = convertKeepalived(
    config(
      'virtual_server_group G {\n10.0.0.1 80\n10.0.0.1 90\n}\nvirtual_server group G {\nprotocol TCP\nlvs_sched rr\nlvs_method DR\nreal_server 10.1.0.1 81 {\nTCP_CHECK { }\n}\n}',
    ),
  )
  t.match(
    other.director.services.map(({ servers }) => servers[0]),
    [
      { port: 80, checks: [{ port: 81 }] },
      { port: 90, checks: [{ port: 81 }] },
    ],
    'direct routing takes the port of each service; the check keeps to what is written',
  )
  const twice = config(`${textOf('classic-nat.conf')}${textOf('classic-nat.conf')}`)
  t.equal(
    convertKeepalived(twice).director.services.length,
    1,
    'a service that is there already is left out',
  )
  t.match(convertKeepalived(twice).differences, [{ message: /there already/ }])
  const huge = config(
    'virtual_server_group G {\n10.0.0.0/8 80\n}\nvirtual_server group G {\nprotocol TCP\nlvs_sched rr\nlvs_method DR\nreal_server 10.1.0.1 80 { }\n}',
  )
  const converted = convertKeepalived(huge)
  t.strictSame(converted.director.services, [])
  t.match(converted.differences, [{ message: /more than 4096/ }])
})

t.test('the director takes what is made of every fixture', async (t) => {
  const taken = names.filter((name) => {
    const { config } = readKeepalived(join(folder, name))
    if (config === undefined) return false
    const { director } = convertKeepalived(config, { vrrp: true, readText: () => 'PEM' })
    t.doesNotThrow(() => void parseDirector(director, new ProbeNames()), name)
    return director.services.length > 0
  })
  t.ok(taken.length > 15, `${taken.length} of ${names.length} have services`)
})

t.test('addresses of vrrp_instance, if asked for, with their gates', async (t) => {
  const classic = config(textOf('classic-vrrp.conf'))
  t.strictSame(convertKeepalived(classic).vips, [])
  const { vips } = convertKeepalived(classic, { vrrp: true })
  t.match(vips, [
    { address: '10.0.1.100', served: false, scripts: [{ name: 'chk_http' }] },
    { address: '10.0.1.101' },
  ])
  t.not(keepalivedGate(vips[0]!), undefined)
  t.equal(keepalivedGate({ scripts: [], files: [] }), undefined)
})

t.test('a tracked file', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'tracked-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'file')
  const look = (weight: number, reverse = false) =>
    trackedFile(path, { weight, reverse })(new AbortController().signal)
  await look(0)
  writeFileSync(path, '1\n')
  await t.rejects(look(0), /says 1/)
  await t.rejects(look(-50), /says 1/)
  await look(5)
  await t.rejects(look(5, true))
  t.throws(() => trackedFile(''), { code: 'ERR_OSPF_CONFIG' })
})

t.test('how long a dead server stays, and the traps', async (t) => {
  const { services, warnings, text } = explainKeepalived(config(textOf('classic-dr.conf')))
  // 5 + 3 x 3 + 4 x 3
  t.equal(services[0]!.servers[0]!.detection, 26)
  t.match(text, /real_server 10.0.1.11 80, weight 1: when dead, out after at most 26 s/)
  t.ok(warnings.some(({ trap }) => trap === 'no-alpha'))
  const traps = (lines: string, server = '') =>
    explainKeepalived(
      config(
        `virtual_server 10.0.0.1 80 {\nprotocol TCP\nlvs_method DR\n${lines}\nreal_server 10.1.0.1 80 {\n${server}\n}\n}`,
      ),
    ).warnings.map(({ trap }) => trap)
  for (const [trap, lines, server] of [
    ['unreachable-quorum', 'quorum 2\nweight 2\nhysteresis 1', ''],
    ['hash-without-fallback', 'lvs_sched mh\ninhibit_on_failure', ''],
    ['no-omega', 'quorum_down /bin/x', ''],
    ['persistence-default', 'persistence_timeout', ''],
    ['no-alpha', '', 'TCP_CHECK { }'],
    ['no-checker', '', ''],
    ['slow-detection', '', 'TCP_CHECK { }'],
    ['weak-checker', '', 'DNS_CHECK { }'],
    ['announcing-script', 'quorum_up "/usr/bin/vtysh -c x"', ''],
    ['mail', 'smtp_alert', ''],
    ['ha-suspend', 'ha_suspend', ''],
    ['no-outage-plan', '', ''],
    ['threshold', '', 'uthreshold 5\nlthreshold 9'],
    ['moving-quorum', 'quorum 2\nweight 2', 'MISC_CHECK {\nmisc_path /bin/x\nmisc_dynamic\n}'],
  ] as const) {
    t.ok(traps(lines, server).includes(trap), trap)
  }
  const without = [
    'lvs_sched mh\nmh-fallback\ninhibit_on_failure\nomega\nquorum_down /bin/x\nalpha\ndelay_loop 5',
    'PING_CHECK { }',
  ] as const
  t.strictSame(traps(...without), [], 'a good one has none')
})

t.test('check and explain on the command line', async (t) => {
  const at = (name: string) => ({ keepalived: join(folder, name) })
  const host: InputHost = {
    readFile: (path) => readFile(path, 'utf8'),
    links: async () => new Map(),
    speed: () => undefined,
    environment: {},
  }
  const ok = 'configuration OK'
  t.strictSame(await check(at('classic-nat.conf'), host), { status: 0, out: [ok], complaints: [] })
  t.match(await check(at('unknown.conf'), host), {
    status: 2,
    out: [],
    complaints: [/unknown.conf: Line 1\) Unknown keyword 'golbal_defs'/],
  })
  t.equal((await check(at('normalised.conf'), host)).out.length, 15)
  t.match(await check(at('classic-dr.conf'), host), {
    status: 0,
    out: [/^warning: .*nb_get_retry/, ok],
  })
  t.equal((await check(at('persistence.conf'), host)).status, 0)
  t.equal(
    (await check({ ...at('persistence.conf'), strict: true }, host)).status,
    2,
    'strict: a warning is an error',
  )
  t.match(await check(at('not-there.conf'), host), { status: 2, complaints: [/no such file/] })
  t.match(explain(at('classic-dr.conf')), { status: 0, out: /Announced: 10.0.1.100\/32/ })
  t.equal(JSON.parse(explain({ ...at('classic-dr.conf'), json: true }).out).services.length, 1)
  t.match(explain(at('missing-word.conf')), {
    status: 2,
    complaints: [/Line 3\).*missing a parameter/],
  })
})

t.test(
  'what is accepted and has no effect, or another one, is told: every word of the table in docs',
  async (t) => {
    const text = `global_defs {
 router_id LVS
 lvs_flush
 lvs_flush_on_stop
 checker_log_all_failures
 rs_init_notifies
 notify_fifo /run/fifo
 notify_fifo_script /bin/true
 lvs_notify_fifo /run/lvs
 lvs_notify_fifo_script /bin/true
 script_user nobody
 enable_script_security
 startup_script /bin/true
 shutdown_script /bin/true
 notification_email {
  a@b.example
 }
 notification_email_from c@d.example
 smtp_server 127.0.0.1
 smtp_alert
 smtp_alert_checker
 lvs_sync_daemon eth0 id 3
 vrrp_version 3
}
static_ipaddress {
 10.0.9.9/24 dev eth0
}
vrrp_script s {
 script "/bin/true"
 user nobody
}
vrrp_instance V {
 interface eth0
 virtual_ipaddress {
  10.0.1.101
 }
}
virtual_server 10.0.1.100 80 {
 ha_suspend
 lb_kind DR
 protocol TCP
 snmp_name web
 real_server 10.0.1.11 80 {
  smtp_alert
  snmp_name one
  HTTP_GET {
   http_protocol 1.0
   log_all_failures
   bind_port 99
   url {
    path /
    status_code 200
   }
  }
 }
}
net_namespace blue
net_namespace_ipvs red
`
    const { notices } = read(text)
    const words = new Set(notices.map(({ keyword }) => keyword))
    const dir = mkdtempSync(join(tmpdir(), 'ka-'))
    t.teardown(() => rmSync(dir, { recursive: true }))
    writeFileSync(join(dir, 'k.conf'), text)
    const { out } = explain({ keepalived: join(dir, 'k.conf') })
    const table =
      /\n\| In keepalived\.conf[\s\S]*?\n\n/.exec(readFileSync('docs/lvs.md', 'utf8'))?.[0] ?? ''
    const documented = [...table.matchAll(/`(\w+)`/g)].map(([, word]) => word!)
    t.ok(documented.length > 25)
    for (const word of documented) t.match(out, new RegExp(`\\b${word}\\b`), word)
    for (const word of words) t.ok(documented.includes(word), `${word} is in the table`)
  },
)
