/** What a keepalived.conf means: lines, definitions, values, inheritance, and what keepalived makes of contradictions. */
import t from 'tap'
import type { KeepalivedConfig, KeepalivedReport } from '../../lib/config/keepalived.ts'
import { read } from './keepalived-samples.ts'

/** A virtual server around these lines. */
const service = (lines: string, rest = 'real_server 10.1.0.1 80 { }'): string =>
  `virtual_server 10.0.0.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${lines}\n${rest}\n}\n`
const checked = (lines: string): string => service('', `real_server 10.1.0.1 80 {\n${lines}\n}`)

function config(
  text: Parameters<typeof read>[0],
  options: Parameters<typeof read>[1] = {},
): KeepalivedConfig {
  const { config, reports } = read(text, options)
  if (config === undefined) throw new Error(JSON.stringify(reports))
  return config
}
const first = (text: string) => config(text).virtualServers[0]!
const server = (text: string) => first(text).realServers[0]!
const checker = (text: string) => server(checked(text)).checkers[0]!
const told = (text: Parameters<typeof read>[0]): string[] =>
  read(text).reports.map(
    ({ kind, line, message }: KeepalivedReport) => `${line} ${kind}: ${message}`,
  )

t.test('words, comments and braces', async (t) => {
  const vs = first(
    'virtual_server 10.0.0.1 80{lvs_sched rr#x\n lvs_method DR !y\n protocol tcp\n virtualhost "a # b"\n real_server 10.1.0.1 80{weight 3\n}}',
  )
  t.match(vs, { scheduler: 'rr', protocol: 'tcp', virtualHost: 'a # b', target: { port: 80 } })
  t.match(vs.realServers, [{ weight: 3, forward: 'dr', line: 5 }])
  t.strictSame(
    first(service('quorum_up "/bin/a \\"b c\\" d"\nquorum_down /bin/x a\\ b \'c d\'')).quorumUp,
    {
      command: ['/bin/a', 'b c', 'd'],
    },
  )
})

t.test('definitions of one line and of several, built-in ones, recursion', async (t) => {
  const text = `$A=10.0.0.1\n$B=$A 80\n$C= \\\n  weight 2 \\\n  TCP_CHECK { \\\n  retry 7 \\\n  }\nvirtual_server $B {\n lvs_sched rr\n lvs_method NAT\n protocol TCP\n virtualhost "\${_HASH}\${_BANG}\${_INSTANCE}\${_ENV HOME}"\n real_server 10.1.0.1 80 {\n $C\n }\n}\n`
  const [vs] = config(text, { instance: 'i', environment: { HOME: '/h' } }).virtualServers
  t.match(vs, { target: { address: '10.0.0.1', port: 80 }, virtualHost: '#!i/h' })
  t.match(vs!.realServers[0], { weight: 2, checkers: [{ type: 'TCP_CHECK', retry: 7 }] })
})

t.test('sequences and lists stand for many lines', async (t) => {
  const entries = (lines: string) =>
    config(`virtual_server_group G {\n${lines}\n}`).groups[0]!.entries
  const firsts = (lines: string) => entries(lines).map((one) => ('first' in one ? one.first : ''))
  t.strictSame(firsts('~SEQ(N, 1, 2, 5) 10.0.0.$N'), ['10.0.0.1', '10.0.0.3', '10.0.0.5'])
  t.strictSame(firsts('~SEQ(N, 3) 10.0.0.$N'), ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  t.strictSame(firsts('~SEQx(N, 9, 11) 2001:db8::$N'), [
    '2001:db8::9',
    '2001:db8::a',
    '2001:db8::b',
  ])
  t.strictSame(firsts(`~LST({A, B}, {1, 2}, {3, 4}) 10.0.$\{A}.$B`), ['10.0.1.2', '10.0.3.4'])
  t.strictSame(firsts(`~SEQ(A, 1, 2) ~SEQ(B, 1, 2) 10.0.$\{A}.$B`).length, 4, 'one within another')
})

t.test('includes are relative to their file, in order, and keep their line numbers', async (t) => {
  const files = {
    'a.conf': 'include d/*.conf\nnonsense\n',
    'd/1.conf': 'include deep/x.part\n',
    'd/2.conf': '\nmore\n',
    'd/deep/x.part': 'inner\n',
  }
  t.strictSame(
    read(files).reports.map(({ file, line, message }) => `${file} ${line} ${message}`),
    [
      "d/deep/x.part 1 Unknown keyword 'inner'",
      "d/2.conf 2 Unknown keyword 'more'",
      "a.conf 2 Unknown keyword 'nonsense'",
    ],
  )
  t.strictSame(told('include nowhere.conf'), ["1 include: no file matches 'nowhere.conf'"])
  t.strictSame(told('include nowhere*.conf'), [], 'a pattern may match nothing')
})

t.test('limits are met with a word, and nothing is taken over', async (t) => {
  for (const [text, message] of [
    ['include a.conf', /deep/],
    ['$A=$A\nx $A', /contains itself/],
    ['$A=$B $B\n$B=$A $A\nx $A', /contains itself/],
    ['$A= \\\n $A \\\n $A \\\n', undefined],
    ['~SEQ(N, 1, 99999999) # $N', /lines/],
    [`x ${'y'.repeat(20_000)}`, /longer/],
    ['delay_loop\nvirtual_server', /missing a parameter/],
  ] as const) {
    const { config, reports } = read(text)
    if (message === undefined) continue
    t.equal(config, undefined, text.slice(0, 30))
    t.match(reports.at(-1), { message })
  }
  t.equal(read('x\n'.repeat(3000)).config, undefined, 'a thousand faults are enough')
  t.match(read('# \n'.repeat(10), { limits: { size: 10 } }).reports, [{ kind: 'limit' }])
})

t.test('lines for one host', async (t) => {
  const text = '@one $A=1\n@^one $A=2\n@one x$A\n@two nonsense\n$A'
  t.strictSame(
    read(text, { configId: 'one' }).reports.map(({ message }) => message),
    ["Unknown keyword 'x1'", "Unknown keyword '1'"],
  )
  t.strictSame(told(text).length, 1)
})

t.test('a fault drops its statement, and says where', async (t) => {
  t.strictSame(told(service('delay_loop x\nnonsense 3\nquorum 0')), [
    "5 value: delay_loop 'x' is not a number of seconds from 0.000001 to 4294967295",
    "6 unknown-keyword: Unknown keyword 'nonsense'",
    "7 value: Quorum '0' is not a whole number from 1 to 4294967295",
  ])
  const { config, reports } = read(
    `virtual_server 10.0.0.999 80 {\n nonsense { }\n}\n${service('')}`,
  )
  t.equal(reports.length, 1, 'what is within a bad block is passed over')
  t.equal(config?.virtualServers.length, 1)
})

t.test('checkers inherit from the real server, that from the virtual server', async (t) => {
  const text = service(
    'delay_loop 7\nretry 4\nconnect_timeout 2',
    'real_server 10.1.0.1 80 {\nconnect_timeout 1.5\nTCP_CHECK { }\nTCP_CHECK { retry 9\n}\n}',
  )
  t.match(server(text).checkers, [
    {
      delayLoop: 7,
      retry: 4,
      warmup: 7,
      delayBeforeRetry: 1,
      connection: { connectTimeout: 1.5, port: 80 },
    },
    { retry: 9 },
  ])
  const defaults = (type: string) => {
    const c = checker(`${type} {\nmisc_path /bin/true\nurl { path /\n}\n}`)
    return 'retry' in c ? [c.retry, c.delayBeforeRetry] : []
  }
  t.strictSame(defaults('TCP_CHECK'), [1, 1])
  t.strictSame(defaults('HTTP_GET'), [1, 3])
  t.strictSame(defaults('DNS_CHECK'), [3, 60])
  t.strictSame(defaults('MISC_CHECK'), [0, 1])
})

t.test('what keepalived changes is changed, and reported', async (t) => {
  const changes = (text: string) =>
    read(text)
      .reports.filter(({ kind }) => kind === 'changed')
      .map(({ message }) => message)
  const bare =
    'virtual_server 10.0.0.1 80 {\nlvs_method DR\nreal_server 10.1.0.1 81 { }\nreal_server 10.1.0.1 81 { }\n}'
  t.match(changes(bare), [/defaulting to UDP/, /default 'wlc'/, /duplicated/, /ports don't match/])
  t.match(first(bare), {
    protocol: 'udp',
    scheduler: 'wlc',
    realServers: [{ port: 80, forward: 'dr' }],
  })
  t.match(changes('virtual_server 10.0.0.1 80 { }'), [/no real servers/])
  t.match(config('virtual_server 10.0.0.1 80 { }').virtualServers, [])
  const q = service('quorum 9\nhysteresis 9\nops')
  t.match(changes(q), [/one packet/, /reducing quorum to 1/, /hysteresis to 0/])
  t.match(first(q), { quorum: 1, hysteresis: 0, onePacket: false })
  t.match(first(service('').replace('10.0.0.1 80', '10.0.0.1')), { persistence: { timeout: 360 } })
  const mark = service('').replace('10.0.0.1 80', 'fwmark 7').replace('NAT', 'DR')
  t.match(changes(mark), [/protocol will be ignored/, /clearing/])
  t.match(server(mark), { port: 0 })
  const flags = service('').replace('lvs_sched rr', 'sh-port\nlvs_sched sh\nsh-fallback')
  t.strictSame(first(flags).flags, ['flag-1'], 'flags count only after their scheduler')
  t.match(told(flags), [/2 value: sh-port only applies to sh/])
})

t.test('persistence', async (t) => {
  t.strictSame(first(service('persistence_timeout')).persistence, { timeout: 360 })
  t.strictSame(first(service('persistence_granularity 255.255.255.0')).persistence, {
    timeout: 360,
    prefixLength: 24,
  })
  t.strictSame(first(service('persistence_timeout 9\npersistence_engine sip')).persistence, {
    timeout: 9,
    engine: 'sip',
  })
})

t.test('ranges of a group', async (t) => {
  const ends = (line: string) =>
    config(`virtual_server_group G {\n${line}\n}`).groups[0]?.entries[0]
  t.match(ends('10.0.0.2-5 80'), { first: '10.0.0.2', last: '10.0.0.5', port: 80 })
  t.match(ends('10.0.0.0/30 80'), { last: '10.0.0.3' })
  t.match(ends('10.0.0.250-10.0.1.4 80'), { last: '10.0.1.4' })
  t.match(ends('2001:db8::10-1f'), { last: '2001:db8::1f', port: 0 })
  t.match(ends('2001:db8::/112'), { last: '2001:db8::ffff' })
  t.match(ends('fwmark 3 inet6'), { fwmark: 3, family: 6 })
})

t.test('VRRP blocks give addresses and what they track', async (t) => {
  const text =
    'vrrp_script s {\nscript "/bin/a b"\nrise 2\nfall 3\nweight -20\ninterval 4\n}\nvrrp_instance V {\ninterface eth0\nvirtual_ipaddress {\n10.0.0.9/24 dev eth1\n}\ntrack_script {\ns weight 5\n}\nnotify_master /x\n}\n'
  const { instances, trackScripts } = config(text)
  t.match(instances, [
    {
      name: 'V',
      device: 'eth0',
      addresses: [{ address: '10.0.0.9', length: 24, device: 'eth1' }],
      trackScripts: [{ name: 's', weight: 5 }],
    },
  ])
  t.match(trackScripts, [{ script: { command: ['/bin/a', 'b'] }, rise: 2, fall: 3, timeout: 4 }])
  t.match(read(text).notices, [{ keyword: 'notify_master', line: 16 }])
})
