/** The text of ipvsadm -S and -R. What ipvsadm itself thinks of it: test/kernel/ipvs.test.ts. */
import t from 'tap'
import { formatIpvsadm, type IpvsTable, parseIpvsadm } from '../../lib/lvs/ipvsadm.ts'

/** What ipvsadm 1.31 wrote. */
const saved = `-A -t 10.0.0.1:80 -s mh -b mh-fallback,mh-port
-a -t 10.0.0.1:80 -r 10.0.1.1:80 -g -w 3
-a -t 10.0.0.1:80 -r 10.0.1.2:80 -i -w 0 --tun-type ipip
-a -t 10.0.0.1:80 -r 10.0.1.3:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum
-a -t 10.0.0.1:80 -r 10.0.1.4:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum
-a -t 10.0.0.1:80 -r 10.0.1.5:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum
-a -t 10.0.0.1:80 -r 10.0.1.6:80 -i -w 1 --tun-type gre --tun-nocsum
-a -t 10.0.0.1:80 -r 10.0.1.7:80 -i -w 1 --tun-type gre --tun-csum
-a -t 10.0.0.1:80 -r 10.0.1.8:8080 -m -w 1
-a -t 10.0.0.1:80 -r [2001:db8::5]:80 -i -w 1 --tun-type ipip
-A -t 10.0.0.2:81 -s wrr -b flag-1,flag-3
-A -u 10.0.0.1:53 -s rr -o
-A -u 10.0.0.1:5060 -s rr -p 60 --pe sip -o
-A --sctp-service 10.0.0.1:99 -s sh -b sh-port
-A -t [2001:db8::1]:0 -s lblcr -p 360
-a -t [2001:db8::1]:0 -r [2001:db8::2]:0 -g -w 1
-A -f 7 -s wlc -p 300 -M 255.255.255.0
-a -f 7 -r 10.0.1.8:123 -m -w 2147483647
-A -f 8 -6 -s lblc -p 100 -M 64
`

t.test('what ipvsadm wrote comes back to the letter', async (t) => {
  const table = parseIpvsadm(saved)
  t.equal(table.services.length, 8)
  t.equal(formatIpvsadm(table), saved)
  t.strictSame(table.services[0]?.service, {
    key: { protocol: 'tcp', address: '10.0.0.1', port: 80 },
    scheduler: 'mh',
    flags: ['flag-1', 'flag-2'],
  })
  t.strictSame(table.services[0]?.destinations[4], {
    address: '10.0.1.5',
    port: 80,
    forward: 'tun',
    weight: 1,
    tunnel: { type: 'gue', port: 6080, checksum: 'remote' },
  })
  t.strictSame(table.services[7]?.service, {
    key: { fwmark: 8, family: 6 },
    scheduler: 'lblc',
    persistence: { timeout: 100, prefixLength: 64 },
  })
})

t.test('thresholds, timeouts and daemons come back, too', async (t) => {
  const table: IpvsTable = {
    services: [
      {
        service: { key: { fwmark: 1, family: 4 }, scheduler: 'rr' },
        destinations: [
          {
            address: '10.0.0.9',
            port: 0,
            forward: 'dr',
            weight: 1,
            upperThreshold: 9,
            lowerThreshold: 5,
          },
        ],
      },
    ],
    timeouts: { tcp: 100, udp: 7 },
    daemons: [
      { state: 'master', device: 'eth0', syncId: 3 },
      {
        state: 'backup',
        device: 'eth1',
        syncId: 4,
        maximumLength: 1400,
        group: '224.0.1.9',
        port: 9000,
        ttl: 3,
      },
    ],
  }
  const text = formatIpvsadm(table)
  t.match(text, / -x 9 -y 5\n--set 100 0 7\n--start-daemon master /)
  t.strictSame(parseIpvsadm(text), table)
})

t.test('as people write it', async (t) => {
  const table = parseIpvsadm(`# the old set-up
ipvsadm -A -t 10.0.0.1:80    # wlc
/sbin/ipvsadm --add-server --tcp-service=10.0.0.1:80 --real-server 10.0.0.2 --weight=5

-a -t 10.0.0.1:80 -r 10.0.0.3:8080
-a -t 10.0.0.1:80 -r 10.0.0.4:81 -m
-e -t 10.0.0.1:80 -r 10.0.0.4:81 -m -w 2
-d -t 10.0.0.1:80 -r 10.0.0.3:80
-A -t 10.0.0.1:0 -p
-E -t 10.0.0.1:0 -s rr -p 20 -M 255.255.255.255
-A -u 10.0.0.1:1
-D -u 10.0.0.1:1\r
`)
  t.equal(
    formatIpvsadm(table),
    `-A -t 10.0.0.1:80 -s wlc
-a -t 10.0.0.1:80 -r 10.0.0.2:80 -g -w 5
-a -t 10.0.0.1:80 -r 10.0.0.4:81 -m -w 2
-A -t 10.0.0.1:0 -s rr -p 20
`,
  )
  t.strictSame(parseIpvsadm('-A -f 1\n-C\n'), { services: [] })
})

t.test('what is wrong, and where', async (t) => {
  const good = '-A -t 10.0.0.1:80 -s rr\n'
  for (const [text, message] of [
    ['-L', /^table:2: expected a command/],
    ['frobnicate', /expected a command/],
    ['-A -t host:80', /expected an address and a port, as numbers, got 'host:80'/],
    ['-A -t 10.0.0.1:http', /expected a port from 0 to 65535, got 'http'/],
    ['-A -t 10.0.0.1:65536', /expected a port/],
    ['-A -t 2001:db8::1:80', /expected an address/],
    ['-A -t [2001:db8::g]:80', /expected an address/],
    ['-A -t', /-t expects a value/],
    ['-A', /expected one of -t, -u/],
    ['-A -t 10.0.0.1:1 -u 10.0.0.1:1', /expected one of -t, -u/],
    ['-A -t 10.0.0.1:80 -s wrr', /service tcp 10.0.0.1:80 is there already/],
    ['-A -t 10.0.0.1:0 -s rr', /must be persistent/],
    ['-A -u 10.0.0.1:1 -M 255.0.0.0', /-M and --pe are for persistent/],
    ['-A -u 10.0.0.1:1 -p 5 -M 255.0.255.0', /expected a mask/],
    ['-A -u 10.0.0.1:1 -b round', /expected a flag, got 'round'/],
    ['-A -u 10.0.0.1:1 -s rr -s rr', /--scheduler is given twice/],
    ['-A -u 10.0.0.1:1 -q', /unknown option '-q'/],
    ['-A -u 10.0.0.1:1 -o=1', /-o takes no value/],
    ['-A -u 10.0.0.1:1 word', /expected an option, got 'word'/],
    ['-A -f 0', /expected a mark from 1/],
    ['-a -t 10.0.0.9:80 -r 10.0.0.2', /there is no service tcp 10.0.0.9:80 above/],
    ['-a -t 10.0.0.1:80', /expected -r/],
    ['-e -t 10.0.0.1:80 -r 10.0.0.2', /there is no destination 10.0.0.2:80 above/],
    ['-a -t 10.0.0.1:80 -r 10.0.0.2 -g -m', /expected one of -g, -i, -m/],
    ['-a -t 10.0.0.1:80 -r 10.0.0.2 -w 2147483648', /expected a number from 0 to 2147483647/],
    ['-a -t 10.0.0.1:80 -r 10.0.0.2 --tun-type gue', /--tun-type is for -i/],
    ['-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gue', /gue expects --tun-port/],
    ['-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-port 7', /--tun-port is for gue/],
    ['-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type vxlan', /expected ipip, gue or gre/],
    ['-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gre --tun-remcsum', /not for gre/],
    ['--set 1 2', /--set expects tcp tcpfin udp/],
    ['--start-daemon slave', /expects master or backup/],
    ['--start-daemon master', /expected --mcast-interface/],
  ] as const) {
    const expected = { code: 'ERR_OSPF_CONFIG', message }
    t.throws(() => parseIpvsadm(`${good}${text}\n`, 'table'), expected, text)
  }
})

t.test('any text is read or refused, never worse', async (t) => {
  let seed = 7
  const next = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    return (seed >>> 8) % below
  }
  let refused = 0
  for (let i = 0; i < 3000; i++) {
    const at = next(saved.length)
    const text =
      i % 2 === 0
        ? saved.slice(0, at)
        : `${saved.slice(0, at)}${String.fromCharCode(next(128))}${saved.slice(at + next(3))}`
    try {
      formatIpvsadm(parseIpvsadm(text))
    } catch (error) {
      refused++
      if ((error as { code?: string }).code !== 'ERR_OSPF_CONFIG') throw error
    }
  }
  t.ok(refused > 0 && refused < 3000)
})

t.test('what is taken away is told by its own port, however it is forwarded to', async (t) => {
  const lines = [
    '-A -t 10.0.0.1:80 -s rr',
    '-a -t 10.0.0.1:80 -r 10.0.1.8:8080 -m',
    '-a -t 10.0.0.1:80 -r 10.0.1.9 -g',
    '-a -t 10.0.0.1:80 -r 10.0.1.10 -m',
    '-d -t 10.0.0.1:80 -r 10.0.1.8:8080',
    '-d -t 10.0.0.1:80 -r 10.0.1.9',
  ]
  const { services } = parseIpvsadm(lines.join('\n'))
  t.match(services[0]?.destinations, [{ address: '10.0.1.10', port: 80, forward: 'nat' }])
  const wrong = [...lines.slice(0, 3), '-d -t 10.0.0.1:80 -r 10.0.1.9:81'].join('\n')
  t.throws(() => parseIpvsadm(wrong), /ipvsadm:4: there is no destination 10.0.1.9:81 above/)
})
