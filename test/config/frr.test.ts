import { readFileSync } from 'node:fs'
import t from 'tap'
import { type FrrOptions, importFrr } from '../../lib/config/frr.ts'

// Tests run from the root of the repository.
const fixture = (name: string): { name: string; text: string } => ({
  name,
  text: readFileSync(`fixtures/configs/classic/${name}`, 'utf8'),
})

/** Imports one file that must be good. */
function good(text: string): FrrOptions {
  const { options, errors } = importFrr([{ name: 'f', text }])
  if (options === undefined) throw new Error(JSON.stringify(errors))
  return options
}

/** Imports one file that must not be, as `line: message`. */
function bad(text: string): string[] {
  const { options, errors } = importFrr([{ name: 'f', text }])
  t.equal(options, undefined, 'nothing is half applied')
  return errors.map(({ file, line, message }) => `${file}:${line}: ${message}`)
}

const base = 'router ospf\n ospf router-id 1.1.1.1\n'

t.test('the classic director: learns, installs nothing', async (t) => {
  const { options, accepted, errors } = importFrr([
    fixture('director/ospfd.conf'),
    fixture('director/zebra.conf'),
  ])
  t.strictSame(errors, [])
  t.match(options, {
    hostname: 'director-zebra',
    routerId: '10.0.1.133',
    installRoutes: false,
    passiveDefault: false,
    interfaces: { eth0: { helloInterval: 1, deadInterval: 4, priority: 0, cost: 1 }, lo: {} },
  })
  t.strictSame(
    options?.networks.map(({ prefix, length, area, line }) => [prefix, length, area, line]),
    [
      ['10.0.1.0', 24, '0.0.0.0', 23],
      ['10.0.1.100', 32, '0.0.0.0', 24],
    ],
  )
  t.strictSame(
    options?.addresses.map(({ device, address, length }) => [device, address, length]),
    [
      ['eth0', '10.0.1.133', 24],
      ['lo', '10.0.1.100', 32],
    ],
  )
  t.ok(accepted.some(({ statement }) => statement === 'service password-encryption'))
  t.strictSame(
    [...new Set(accepted.map((a) => a.statement).filter((s) => s.includes('password')))],
    ['password …', 'enable password …', 'service password-encryption'],
  )
})

t.test('the classic router: learns and installs', async (t) => {
  const files = [fixture('router/ospfd.conf'), fixture('router/zebra.conf')]
  const { options, errors } = importFrr(files)
  t.strictSame(errors, [])
  t.match(options, {
    routerId: '10.0.1.136',
    installRoutes: true,
    interfaces: { eth0: { priority: 1, cost: 1, helloInterval: 1, deadInterval: 4 } },
  })
  const reversed = importFrr(files.reverse())
  t.strictSame(
    { ...reversed.options, hostname: '' },
    { ...options, hostname: '' },
    'in either order',
  )
})

t.test('what bench.py writes', async (t) => {
  const tuned = good(`hostname dut
!
interface e0
 ip ospf network point-to-point
 ip ospf hello-interval 1
 ip ospf dead-interval 4
 ip ospf cost 10
!
router ospf
 ospf router-id 1.1.1.1
 timers throttle spf 0 0 0
 timers throttle lsa all 0
 timers lsa min-arrival 0
 network 10.1.0.0/24 area 0.0.0.0
!
`)
  t.strictSame(tuned, {
    hostname: 'dut',
    routerId: '1.1.1.1',
    spfThrottle: { delay: 0, hold: 0, maximumHold: 0 },
    minLsInterval: 0,
    minLsArrival: 0,
    networks: [{ prefix: '10.1.0.0', length: 24, area: '0.0.0.0', file: 'f', line: 14 }],
    interfaces: {
      e0: { network: 'point-to-point', helloInterval: 1, deadInterval: 4, cost: 10 },
    },
    addresses: [],
    passiveDefault: false,
    rfc1583Compatibility: false,
    installRoutes: true,
  })
})

t.test('every interface statement', async (t) => {
  const { interfaces, addresses } = good(`${base}interface eth0
 description uplink # to the router
 ip ospf area 1
 ip ospf network broadcast
 ip ospf cost 65535 ! costly
 ip ospf hello-interval 2
 ip ospf retransmit-interval 3
 ip ospf transmit-delay 4
 ip ospf priority 255 // DR
 ip ospf mtu-ignore
 ip ospf passive
 ip address 192.0.2.1/24
 no shutdown
 link-detect
 multicast
interface eth1
 no ip ospf passive
 ip ospf cost 7 10.0.2.1
 ip ospf hello-interval 2 10.0.2.1
`)
  t.strictSame(interfaces, {
    eth0: {
      area: '0.0.0.1',
      network: 'broadcast',
      cost: 65535,
      helloInterval: 2,
      deadInterval: 8,
      retransmitInterval: 3,
      transmitDelay: 4,
      priority: 255,
      mtuIgnore: true,
      passive: true,
    },
    eth1: {
      passive: false,
      byAddress: { '10.0.2.1': { cost: 7, helloInterval: 2, deadInterval: 8 } },
    },
  })
  t.match(addresses, [{ device: 'eth0', address: '192.0.2.1', length: 24, file: 'f', line: 14 }])
})

t.test('every router statement', async (t) => {
  const options = good(`router ospf
 router-id 10.0.0.9
 network 192.168.0.2/24 area 0
 network 192.168.0.0/24 area 0.0.0.0
 network 10.0.0.0/8 area 4294967295
 passive-interface default
 no passive-interface eth0
 passive-interface eth1
 log-adjacency-changes
 log-adjacency-changes detail
 maximum-paths 8
 timers throttle spf 10 200 5000
 timers throttle lsa all 1500
 timers lsa min-arrival 250
 auto-cost reference-bandwidth 10000
 max-metric router-lsa administrative
 max-metric router-lsa on-startup 300
 max-metric router-lsa on-shutdown 60
`)
  t.match(options, {
    routerId: '10.0.0.9',
    passiveDefault: true,
    interfaces: { eth0: { passive: false }, eth1: { passive: true } },
    maximumPaths: 8,
    referenceBandwidth: 10000,
    spfThrottle: { delay: 0.01, hold: 0.2, maximumHold: 5 },
    minLsInterval: 1.5,
    minLsArrival: 0.25,
    stubRouter: { always: true, onStartup: 300, onShutdown: 60 },
  })
  t.strictSame(
    options.networks.map(({ prefix, length, area }) => `${prefix}/${length} ${area}`),
    ['192.168.0.0/24 0.0.0.0', '10.0.0.0/8 255.255.255.255'],
    'host bits cleared, the same said twice is once',
  )
  t.equal(
    good(`${base} passive-interface default\n no passive-interface default\n`).passiveDefault,
    false,
  )
})

t.test('management lines, comments, line ends', async (t) => {
  const { options, accepted, errors } = importFrr([
    {
      name: 'f',
      text: `\uFEFFfrr version 8.4.4\r
frr defaults traditional\r
hostname r1\r
password 8 s3cret\r
enable password s3cret\r
log syslog informational\r
service integrated-vtysh-config\r
debug ospf event\r
# a comment
!
router ospf
 ospf router-id 1.1.1.1
exit
line vty
 exec-timeout 0 0
 access-class LOCAL
 login
 no login
end
`,
    },
  ])
  t.strictSame(errors, [])
  t.equal(options?.hostname, 'r1')
  t.strictSame(
    accepted.map(({ line, statement }) => `${line} ${statement}`),
    [
      '1 frr version 8.4.4',
      '2 frr defaults traditional',
      '3 hostname r1',
      '4 password …',
      '5 enable password …',
      '6 log syslog informational',
      '7 service integrated-vtysh-config',
      '8 debug ospf event',
      '14 line vty',
      '15 exec-timeout 0 0',
      '16 access-class LOCAL',
      '17 login',
      '18 no login',
    ],
  )
})

t.test('ip protocol ospf route-map: all routes or none', async (t) => {
  const installs = (text: string): FrrOptions['installRoutes'] =>
    good(`${base}ip protocol ospf route-map M\n${text}`).installRoutes
  t.equal(installs('route-map M permit 10\n'), true)
  t.equal(installs('route-map M deny 10\n description none\n'), false)
  t.equal(installs('route-map M permit 20\nroute-map M deny 10\n'), false, 'in sequence order')
  const map = 'route-map M permit 10\n match ip address L\n'
  t.equal(installs(`${map}access-list L permit any\n`), true)
  t.equal(installs(`${map}access-list L permit 0.0.0.0/0\n`), true)
  t.equal(installs(`${map}access-list L permit 0.0.0.0 255.255.255.255\n`), true)
  t.equal(installs(`${map}access-list L remark all\naccess-list L deny any\n`), false)
  t.equal(installs(`${map}access-list L seq 9 deny any\naccess-list L seq 5 permit any\n`), true)
  t.equal(
    installs('route-map M deny 10\n match ip address L\naccess-list L permit 10.0.0.0/8\n'),
    false,
    'denied by the entry or by the end',
  )
  t.equal(good(`${base}access-list vty permit 127.0.0.1/32\n`).installRoutes, true, 'unused list')
})

t.test('ip protocol ospf route-map: what else a map says', async (t) => {
  const head = `${base}ip protocol ospf route-map M\n`
  const map = 'route-map M permit 10\n match ip address L\n'
  t.strictSame(bad(head), ['f:3: route-map M is not defined'])
  t.strictSame(bad(`${head}${map}`), ['f:3: access-list L is not defined'])
  for (const rule of ['10.0.0.0/8', '0.0.0.0/0 exact-match', 'host 10.0.0.1', '10.0.0.0 0.0.0.255'])
    t.strictSame(
      good(`${head}${map}access-list L permit ${rule}\n`).installRoutes,
      { accept: { routeMap: 'M' } },
      rule,
    )
  t.match(good(`${head}route-map M permit 10\n set src 10.0.1.100\n`), {
    installRoutes: { accept: { routeMap: 'M' } },
    routeMaps: { M: [{ sequence: 10, action: 'permit', set: { source: '10.0.1.100' } }] },
  })
  t.strictSame(bad(`${head}${map}access-list L permit ip any any\naccess-list L allow any\n`), [
    "f:7: access-list L allow any: 'allow' is not 'seq' or 'deny' or 'permit' or 'remark'",
    'f:3: extended access lists are not supported for routes',
  ])
  t.strictSame(bad(`${base}route-map M maybe 10\nroute-map M permit 0\n`), [
    "f:3: route-map M maybe 10: 'maybe' is not 'deny' or 'permit' or 'optimization'",
    "f:4: route-map M permit 0: '0' is not a number from 1 to 65535",
  ])
})

t.test('every other statement is an error with its place', async (t) => {
  t.strictSame(
    bad(`${base} redistribute ospf 2
 area 1 shortcut enable
 neighbour 10.0.0.1
 ip ospf cost 1
 distance
interface eth0
 ip ospf authentication md5
 ip ospf message-digest-key 1 sha1 s3cret
 ip ospf cost 10 10.0.0.1 10.0.0.2
 shutdown
 network 10.0.0.0/8 area 0
 network 10.0.0.0/8 area
ip opsf cost 1
quit now
router osfp
`),
    [
      'f:3: redistribute ospf 2: routes of another instance or table are not redistributed',
      'f:4: area 1 shortcut enable: shortcut areas are not supported',
      "f:5: not supported under 'router ospf': neighbour 10.0.0.1",
      "f:6: ip ospf cost 1: belongs under 'interface'",
      "f:7: distance: a number from 1 to 255 or 'ospf' is missing",
      "f:9: ip ospf authentication md5: 'md5' is not an IPv4 address or 'null' or 'message-digest' or 'key-chain'",
      "f:10: ip ospf message-digest-key 1 sha1 …: 'sha1' is not 'md5'",
      "f:11: ip ospf cost 10 10.0.0.1 10.0.0.2: nothing is expected after it, at '10.0.0.2'",
      'f:12: shutdown: a device is not taken down here; do so before',
      "f:13: network 10.0.0.0/8 area 0: belongs under 'router ospf'",
      "f:14: not supported under 'interface': network 10.0.0.0/8 area",
      'f:15: not supported: ip opsf cost 1',
      "f:16: quit now: nothing is expected after it, at 'now'",
      'f:17: not supported: router osfp',
    ],
  )
})

t.test('what is not done here is told, with the reason', async (t) => {
  const { options, accepted, errors } = importFrr([
    {
      name: 'f',
      text: `${base}ip route 0.0.0.0/0 10.0.0.1
ip forwarding
ipv6 forwarding
router bgp 65000
 neighbor 10.0.0.9 remote-as 65001
 address-family ipv4 unicast
  network 10.0.0.0/8
 exit-address-family
exit
!
interface eth0
 ip ospf bfd
 ipv6 address 2001:db8::1/64
 ip ospf cost 7
vrf red
 ip route 10.0.0.0/8 10.0.0.1
 ip router-id 9.9.9.9
exit-vrf
router ospf
 distance 120
 maximum-paths 2
`,
    },
  ])
  t.strictSame(errors, [])
  t.equal(options?.maximumPaths, 2, 'the block of another daemon ends')
  t.equal(options?.interfaces['eth0']?.cost, 7)
  t.strictSame(
    accepted.map(({ line, statement, reason }) => `${line} ${statement}: ${reason}`),
    [
      '4 ip forwarding: the kernel is left as it is: set net.ipv4.ip_forward',
      '5 ipv6 forwarding: it is not about OSPFv2',
      '6 router bgp 65000: it is not about OSPFv2',
      '14 ip ospf bfd: BFD is not supported; the dead interval finds failures',
      '15 ipv6 address 2001:db8::1/64: it is not about OSPFv2',
      '22 distance 120: one routing protocol is at work here: there is nothing to compare its distance with',
      "19 ip router-id 9.9.9.9: it is of another VRF than 'router ospf'",
    ],
  )
})

t.test('keywords may be cut short where that is unique', async (t) => {
  const { interfaces, networks } = good(`int eth0
 ip os cos 7
 ip os hello 3
 ip os net point-to-p
 descr some text
rout ospf
 router 1.1.1.1
 net 10.0.0.0/8 a 1
`)
  t.match(interfaces, { eth0: { cost: 7, helloInterval: 3, network: 'point-to-point' } })
  t.match(networks, [{ prefix: '10.0.0.0', area: '0.0.0.1' }])
  t.strictSame(bad(`${base}interface eth0\n ip ospf p\n`), [
    "f:4: ip ospf p: may be 'ip ospf passive' or 'ip ospf prefix-suppression'",
  ])
})

t.test('every value is checked', async (t) => {
  const errors = bad(`interface eth0
 ip ospf cost 0
 ip ospf cost 65536
 ip ospf hello-interval 0
 ip ospf dead-interval x
 ip ospf retransmit-interval 1.5
 ip ospf transmit-delay -1
 ip ospf priority 256
 ip ospf network non-broadband
 ip ospf area 1.2.3
 ip address 10.0.0.1
 ip address 10.0.0.1/33
interface averyveryverylongname
router ospf
 ospf router-id 1.1.1
 router-id 0.0.0.0
 network 10.0.0.0 area 0
 network 10.0.0.256/8 area 0
 network 10.0.0.0/8 area 4294967296
 passive-interface a/b
 maximum-paths 0
 maximum-paths 257
 auto-cost reference-bandwidth 0
 timers throttle spf 0 0 600001
 timers throttle lsa all 5001
 timers lsa min-arrival 600001
`).filter((error) => !error.includes('no router id'))
  t.strictSame(
    errors.map((error) => Number(error.split(':')[1])),
    [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26],
  )
  t.equal(errors[0], "f:2: ip ospf cost 0: '0' is not a number from 1 to 65535")
  t.equal(
    errors[7],
    "f:9: ip ospf network non-broadband: 'non-broadband' is not 'broadcast' or 'non-broadcast' or 'point-to-point' or 'point-to-multipoint'",
  )
  t.equal(errors[9], "f:11: ip address 10.0.0.1: 'peer' is missing")
  t.equal(errors[13], 'f:16: router-id 0.0.0.0: it must not be 0.0.0.0')
})

t.test('what only shows when all is read', async (t) => {
  t.strictSame(bad('hostname x\n'), ["f:1: no 'router ospf' in the files given"])
  t.strictSame(bad('!\nrouter ospf\n'), [
    "f:2: router ospf: no router id; state it with 'ospf router-id A.B.C.D'",
  ])
  t.strictSame(bad(`${base} network 10.0.0.0/8 area 0\n network 10.1.0.0/8 area 1\n`), [
    'f:4: network 10.1.0.0/8 area 1: 10.0.0.0/8 is in area 0.0.0.0 by f:3',
  ])
  t.strictSame(bad(`${base} network 10.0.0.0/8 area 0\ninterface eth0\n ip ospf area 0\n`), [
    "f:5: ip ospf area 0: not together with 'network ... area' statements",
  ])
  t.strictSame(bad(`interface eth0\n ip ospf area 0\n${base} network 10.0.0.0/8 area 0\n`), [
    "f:5: network 10.0.0.0/8 area 0: not together with 'ip ospf area' statements",
  ])
})

t.test('a device may have any name', async (t) => {
  const { interfaces } = good(`${base}interface __proto__\n ip ospf cost 7\n`)
  t.strictSame(Object.entries(interfaces), [['__proto__', { cost: 7 }]])
})

t.test('router ospf in a VRF', async (t) => {
  const text = `interface eth1 vrf red
 ip ospf cost 7
!
access-list ALL permit any
route-map NONE deny 10
 match ip address ALL
route-map SOME permit 10
 set src 10.0.0.1
vrf red
 ip router-id 2.2.2.2
 ip protocol ospf route-map SOME
 ip route 10.8.0.0/16 10.0.0.9
 ip route 10.9.0.0/16 Null0
 no ip route 10.9.0.0/16 Null0
 vni 100
exit-vrf
ip protocol ospf route-map NONE
ip router-id 1.1.1.1
ip route 10.7.0.0/16 10.0.1.9
router ospf vrf red
 network 10.0.0.0/24 area 0
`
  const { options, accepted, errors } = importFrr([{ name: 'f', text }])
  t.strictSame(errors, [])
  t.match(options, {
    vrf: 'red',
    routerId: '2.2.2.2',
    interfaces: { eth1: { cost: 7 } },
    interfaceVrfs: { eth1: 'red' },
    installRoutes: { accept: { routeMap: 'SOME' } },
    staticRoutes: [
      { prefix: '10.8.0.0/16', vrf: 'red' },
      { prefix: '10.7.0.0/16', vrf: undefined },
    ],
  })
  t.equal(options?.staticRoutes?.length, 2)
  t.match(
    accepted.map(({ line, reason }) => `${line} ${reason}`),
    [/^15 .*OSPFv2/, /^17 .*another VRF/, /^18 .*another VRF/],
  )
  const said = (more: string): unknown => importFrr([{ name: 'f', text: `${text}${more}\n` }])
  t.match(said('router ospf'), { errors: [{ line: 22, message: /more than one OSPF instance/ }] })
  t.match(said('router ospf vrf blue'), { errors: [{ message: /one ospf-speaker for each/ }] })
  t.match(said('router ospf vrf a/b'), { errors: [{ line: 22 }] })
  t.match(said('router ospf vrf red\n maximum-paths 3'), { options: { maximumPaths: 3 } })
  t.match(said('no router ospf'), { options: { vrf: 'red' } })
  t.match(said('no router ospf vrf red'), { errors: [{ message: /no 'router ospf'/ }] })
  t.match(said('no vrf red'), { errors: [{ message: /no router id/ }] })
})
