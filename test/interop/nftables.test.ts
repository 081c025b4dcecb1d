/**
 * The nftables data plane with real connections. The test runs inside the namespace of the director; client and real
 * servers are namespaces of a lab of its own, on a LAN (DR) or on both sides of the director (NAT).
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { Director } from '../../lib/lvs/director.ts'
import type { VirtualServiceOptions } from '../../lib/lvs/director-options.ts'
import { Nftables, type NftablesOptions } from '../../lib/lvs/nftables.ts'
import type { IpvsDestination } from '../../lib/lvs/types.ts'
import { inNamespace, inside, ip } from '../linux/netns.ts'
import { Lab, type LabProcess, until } from './lab.ts'

t.setTimeout(600_000)

const VIP = '10.0.9.100'
const key = { protocol: 'tcp', address: VIP, port: 80 } as const
const held = { ...key, port: 7 } as const
const agent = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? './flows-agent.ts' : './flows-agent.js',
    import.meta.url,
  ),
)
const hasNft = ['/usr/sbin/nft', '/sbin/nft', '/usr/bin/nft'].some((path) => existsSync(path))
const hasTools = hasNft && existsSync('/usr/bin/tshark')

const nft = (command: string): string =>
  execFileSync('nft', command.split(' '), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

const evaluate = [process.execPath, '-e']

/** A cable from this namespace, the director's, to a bridge of the lab. */
function attach(lab: Lab, lan: string, device: string, address: string): void {
  const namespace = lab.namespace(lan)
  ip(`link add ${device} type veth peer name up-${device} netns ${namespace}`)
  ip(`-n ${namespace} link set up-${device} master br0 up`)
  ip(`addr add ${address} dev ${device}`)
  ip(`link set ${device} up`)
}

interface Place {
  readonly lab: Lab
  /** Where the director's cable to the real servers is, and that to the client. */
  readonly inner: string
  readonly devices: readonly string[]
  readonly server: (number: 1 | 2, weight: number) => IpvsDestination
  readonly forward: 'dr' | 'nat'
}

/** Everybody on one LAN; the real servers have the VIP, and answer no ARP for it. */
async function directPlace(t: Test): Promise<Place> {
  const lab = Lab.for(t)
  for (const node of ['client', 'r1', 'r2']) lab.node(node)
  lab.lan('lan', { client: '10.0.1.2/24', r1: '10.0.1.11/24', r2: '10.0.1.12/24' })
  attach(lab, 'lan', 'eth0', '10.0.1.1/24')
  for (const node of ['r1', 'r2']) {
    lab.sysctl(node, { 'net.ipv4.conf.all.arp_ignore': 1, 'net.ipv4.conf.all.arp_announce': 2 })
    ip(`-n ${lab.namespace(node)} addr add ${VIP}/32 dev lo`)
  }
  ip(`addr add ${VIP}/32 dev lo`)
  ip(`-n ${lab.namespace('client')} route add ${VIP}/32 via 10.0.1.1`)
  const server = (number: 1 | 2, weight: number): IpvsDestination => ({
    address: `10.0.1.1${number}`,
    port: 80,
    forward: 'dr',
    weight,
  })
  return { lab, inner: 'eth0', devices: ['eth0'], server, forward: 'dr' }
}

/** The director between client and real servers, which have it for their router. */
async function translatedPlace(t: Test): Promise<Place> {
  const lab = Lab.for(t)
  for (const node of ['client', 'r1', 'r2']) lab.node(node)
  lab.lan('front', { client: '10.0.1.2/24' })
  lab.lan('back', { r1: '10.0.2.11/24', r2: '10.0.2.12/24' })
  attach(lab, 'front', 'eth0', '10.0.1.1/24')
  attach(lab, 'back', 'eth1', '10.0.2.1/24')
  for (const node of ['r1', 'r2']) ip(`-n ${lab.namespace(node)} route add default via 10.0.2.1`)
  ip(`addr add ${VIP}/32 dev lo`)
  ip(`-n ${lab.namespace('client')} route add default via 10.0.1.1`)
  const server = (number: 1 | 2, weight: number): IpvsDestination => ({
    address: `10.0.2.1${number}`,
    port: 8080,
    forward: 'nat',
    weight,
  })
  return { lab, inner: 'eth1', devices: [], server, forward: 'nat' }
}

const places = { DR: directPlace, NAT: translatedPlace } as const

const setForwarding = (value: 0 | 1): void =>
  writeFileSync('/proc/sys/net/ipv4/ip_forward', `${value}`)

/** HTTP on the one port, connections that stay on the other. */
async function serve({
  lab,
  server,
  forward,
}: Place): Promise<Readonly<Record<string, LabProcess>>> {
  const servers: Record<string, LabProcess> = {}
  for (const number of [1, 2] as const) {
    const node = `r${number}`
    const { address, port } = server(number, 1)
    // with DR both its own address, for checks, and the VIP
    const at = forward === 'dr' ? '0.0.0.0' : address
    servers[node] = await lab.serve(node, at, port, node)
    const argv = [process.execPath, agent, 'serve', at, '7', node]
    const flows = lab.spawn(node, argv, `flows ${node}`)
    await until(() => flows.output.includes('listening'), { what: `${node} listens` })
  }
  return servers
}

const open = async (t: Test, options: NftablesOptions): Promise<Nftables> => {
  const plane = await Nftables.open(options)
  t.teardown(() => plane.close())
  return plane
}

interface Flows {
  readonly alive: Readonly<Record<string, number>>
  readonly ended: number
}

const flowsOf = (client: LabProcess): Flows | undefined => {
  const lines = client.output.split('\n')
  const line = lines.at(-2)
  return line === undefined ? undefined : (JSON.parse(line) as Flows)
}

const sum = (flows: Flows | undefined): number =>
  Object.values(flows?.alive ?? {}).reduce((a, b) => a + b, 0)

/** What the flows are after pieces went both ways twice at least. */
async function settled(client: LabProcess): Promise<Flows> {
  await new Promise((resolve) => setTimeout(resolve, 1000))
  return flowsOf(client)!
}

for (const [name, place] of Object.entries(places)) {
  if (!hasTools) continue

  inNamespace(`${name}: spread by weight, counted, drained, removed`, async (t) => {
    t.setTimeout(180_000)
    const here = await place(t)
    setForwarding(1)
    const { lab, server, devices } = here
    await serve(here)
    const plane = await open(t, { devices })
    await plane.addService({ key, scheduler: 'wrr' })
    const refused = await lab.connections('client', VIP, 80, 2)
    t.strictSame(refused, { answered: {}, failed: { ECONNREFUSED: 2 } }, 'no server: refused')
    await Promise.all([
      plane.addDestination(key, server(1, 5)),
      plane.addDestination(key, server(2, 3)),
    ])
    t.match(await plane.services(), [{ key, scheduler: 'wrr' }])
    t.match(await plane.destinations(key), [server(1, 5), server(2, 3)])

    const { answered, failed } = await lab.connections('client', VIP, 80, 400)
    t.strictSame(failed, {})
    // 250 of 400, and four standard deviations
    t.ok(Math.abs(answered['r1']! - 250) <= 40, `weights 5 and 3: ${JSON.stringify(answered)}`)
    const counted = (await plane.destinations(key)).map((one) => one.statistics)
    t.same(
      counted.map((s) => Number(s.connections)),
      [answered['r1'], answered['r2']],
      'connections are counted',
    )
    t.ok(counted.every((s) => s.inPackets > 4n * s.connections && s.inBytes > 40n * s.inPackets))
    t.ok(counted.every((s) => s.outPackets > 0n === (here.forward === 'nat')))

    const to7 = (number: 1 | 2, weight: number): IpvsDestination => ({
      ...server(number, weight),
      port: 7,
    })
    await plane.addService({ key: held, scheduler: 'wrr' })
    await Promise.all([1, 2].map((n) => plane.addDestination(held, to7(n as 1 | 2, 1))))
    const argv = [process.execPath, agent, 'hold', VIP, '7', '60']
    const client = lab.spawn('client', argv, 'hold')
    await until(() => sum(flowsOf(client)) === 60, { what: '60 flows are alive' })
    const before = await settled(client)
    t.ok(before.alive['r1']! > 5 && before.alive['r2']! > 5, JSON.stringify(before))

    // drained: what there is goes on, and what is new goes to the other
    await plane.setDestination(held, to7(1, 0))
    await plane.setDestination(key, server(1, 0))
    t.strictSame(await settled(client), before, 'weight 0 disturbs no flow')
    const drained = await lab.connections('client', VIP, 80, 30)
    t.strictSame(drained, { answered: { r2: 30 }, failed: {} })
    t.match(await plane.destinations(held), [to7(1, 0), to7(2, 1)])

    // more servers, other shares: nothing moves
    await plane.setDestination(held, to7(1, 9))
    t.strictSame(await settled(client), before, 'a change of weights moves no flow')

    // removed: its flows end, the others do not notice
    await plane.removeDestination(held, to7(1, 0))
    await until(() => flowsOf(client)?.ended === before.alive['r1'], {
      what: 'the flows of the server that is gone end',
    })
    t.strictSame(await settled(client), {
      alive: { r2: before.alive['r2'] },
      ended: before.alive['r1'],
    })
  })

  inNamespace(`${name}: the packets on the wire`, async (t) => {
    t.setTimeout(180_000)
    const here = await place(t)
    setForwarding(1)
    const { server, devices } = here
    await serve(here)
    const plane = await open(t, { devices })
    await plane.addService({ key, scheduler: 'rr' })
    await plane.addDestination(key, server(1, 1))
    await checkWire(t, here)
  })
}

/** Checks each packet of one connection to port 80, whose server has to be r1. */
async function checkWire(t: Test, here: Place): Promise<void> {
  const { lab, server, inner } = here
  const files = { client: join(lab.directory, 'c.pcap'), r1: join(lab.directory, 'r.pcap') }
  const captures = [
    await lab.capture('client', 'eth0', files.client, 'tcp'),
    await lab.capture('r1', 'eth0', files.r1, 'tcp'),
  ]
  const { answered } = await lab.connections('client', VIP, 80, 1)
  t.strictSame(answered, { r1: 1 })
  // tcpdump writes when it gets to it
  const { request, arrived, reply } = await until(
    () => {
      const [asked, got] = [packets(files.client), packets(files.r1)]
      const said = asked.filter(({ payload }) => payload !== '')
      const request = said.find((one) => one.to === VIP && one.toPort === '80')
      const reply = said.find((one) => one.from === VIP && one.fromPort === '80')
      const arrived = got.find(({ payload }) => payload === request?.payload)
      return request && reply && arrived && { request, arrived, reply }
    },
    { what: 'request and reply are captured' },
  )
  for (const capture of captures) await capture.stop()
  const macs = (device: string): string =>
    readFileSync(`/sys/class/net/${device}/address`, 'utf8').trim()
  const macOf = async (node: string): Promise<string> =>
    (await lab.exec(node, ['cat', '/sys/class/net/eth0/address'])).trim()
  t.equal(arrived.ttl, request.ttl - 1, 'TTL less one')
  t.equal(arrived.sourceMac, macs(inner))
  t.equal(arrived.targetMac, await macOf('r1'))
  const { sourceMac: _, targetMac: __, ttl: ___, ...rest } = request
  if (here.forward === 'dr') {
    t.match(arrived, rest, 'addresses, ports, payload unchanged')
    t.equal(reply.sourceMac, await macOf('r1'), 'the reply does not pass the director')
    t.equal(reply.ttl, 64)
  } else {
    const { address, port } = server(1, 1)
    t.match(arrived, { ...rest, to: address, toPort: `${port}` })
    t.equal(reply.sourceMac, macs('eth0'), 'the reply passes the director')
    t.equal(reply.ttl, 63)
    t.equal(reply.fromPort, '80')
  }
}

interface Packet {
  readonly sourceMac: string
  readonly targetMac: string
  readonly from: string
  readonly to: string
  readonly ttl: number
  readonly fromPort: string
  readonly toPort: string
  readonly payload: string
}

function packets(file: string): Packet[] {
  const names = ['eth.src', 'eth.dst', 'ip.src', 'ip.dst', 'ip.ttl', 'tcp.srcport', 'tcp.dstport']
  const args = ['-r', file, '-T', 'fields', ...[...names, 'tcp.payload'].flatMap((n) => ['-e', n])]
  const text = execFileSync('tshark', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return text.split('\n').flatMap((line) => {
    const [sourceMac = '', targetMac = '', from = '', to = '', ttl, ...ports] = line.split('\t')
    const [fromPort = '', toPort = '', payload = ''] = ports
    if (from === '') return []
    return [{ sourceMac, targetMac, from, to, ttl: Number(ttl), fromPort, toPort, payload }]
  })
}

/** A director with cables that lead nowhere. */
function bare(): void {
  for (const [device, net] of [
    ['eth0', 1],
    ['eth1', 2],
  ] as const) {
    ip(`link add ${device} type veth peer name far-${device}`)
    ip(`addr add 10.0.${net}.1/24 dev ${device}`)
    ip(`link set ${device} up`)
    ip(`link set far-${device} up`)
  }
}

const real = (number: number, weight = 1): IpvsDestination => ({
  address: `10.0.2.${number}`,
  port: 80,
  forward: 'dr',
  weight,
})

if (hasNft) {
  inNamespace('UDP, and a map of flows that is full', async (t) => {
    t.setTimeout(180_000)
    const here = await directPlace(t)
    const { lab, server, devices } = here
    await serve(here)
    for (const node of ['r1', 'r2']) {
      const code = `const s = require('node:dgram').createSocket('udp4')
        s.on('message', (m, r) => s.send('${node}', r.port, r.address))
        s.bind(53, '${VIP}', () => console.log('listening'))`
      const process = lab.spawn(node, [...evaluate, code], `udp ${node}`)
      await until(() => process.output.includes('listening'), { what: 'UDP is bound' })
    }
    const plane = await open(t, { devices, flows: 3 })
    const dns = { protocol: 'udp', address: VIP, port: 53 } as const
    const to53 = (n: 1 | 2, weight: number): IpvsDestination => ({ ...server(n, weight), port: 53 })
    await plane.addService({ key: dns, scheduler: 'wrr' })
    await plane.addDestination(dns, to53(1, 1))
    // one socket asks every 100 ms
    const ask = `const s = require('node:dgram').createSocket('udp4')
      s.on('message', (m) => console.log(String(m)))
      setInterval(() => s.send('x', 53, '${VIP}'), 100)`
    const client = lab.spawn('client', [...evaluate, ask], 'udp client')
    const last = (): string | undefined => client.output.trim().split('\n').at(-1)
    await until(() => last() === 'r1', { what: 'r1 answers' })
    await plane.addDestination(dns, to53(2, 100))
    await plane.setDestination(dns, to53(1, 0))
    await new Promise((resolve) => setTimeout(resolve, 1000))
    t.equal(last(), 'r1', 'the flow stays')
    await plane.removeDestination(dns, to53(1, 0))
    await until(() => last() === 'r2', { what: 'the other takes over when it is gone' })

    await plane.addService({ key, scheduler: 'wrr' })
    await Promise.all([1, 2].map((n) => plane.addDestination(key, server(n as 1 | 2, 1))))
    const { answered, failed } = await lab.connections('client', VIP, 80, 40)
    t.strictSame(failed, {}, 'more flows than are remembered are served by the hash')
    t.equal(answered['r1']! + answered['r2']!, 40)
    await plane.removeService(key)
    t.strictSame((await lab.connections('client', VIP, 80, 1)).answered, {})
  })

  inNamespace('errors, drift, tables of others, and an earlier life', async (t) => {
    t.setTimeout(180_000)
    bare()
    await t.rejects(Nftables.open({ devices: ['eth7'] }), { code: 'ERR_OSPF_NO_INTERFACE' })
    nft('add table ip mine')
    nft('add chain ip mine theirs')
    await t.rejects(Nftables.open({ table: 'mine' }), { code: 'ERR_OSPF_DUPLICATE' })

    const plane = await open(t, { devices: ['eth0'], keepOnClose: true })
    await t.rejects(Nftables.open(), { code: 'ERR_OSPF_DUPLICATE' }, 'one owner')
    await t.rejects(plane.addDestination(key, real(9)), { code: 'ERR_OSPF_IPVS_NO_SERVICE' })
    await t.rejects(plane.removeService(key), { code: 'ERR_OSPF_IPVS_NO_SERVICE' })
    await plane.addService({ key, scheduler: 'mh', flags: ['flag-2'] })
    await t.rejects(plane.addService({ key, scheduler: 'mh' }), { code: 'ERR_OSPF_IPVS_EXISTS' })
    const far = { ...real(9), address: '10.7.7.7' }
    await t.rejects(plane.addDestination(key, far), /Network is unreachable|ENETUNREACH/)
    ip('route add 10.7.7.0/24 via 10.0.2.77')
    await t.rejects(plane.addDestination(key, far), { code: 'ERR_OSPF_IPVS_INVALID' })
    await plane.addDestination(key, real(9))
    await t.rejects(plane.addDestination(key, real(9)), { code: 'ERR_OSPF_IPVS_EXISTS' })
    await t.rejects(plane.setDestination(key, real(8)), { code: 'ERR_OSPF_IPVS_NO_DESTINATION' })
    // one bad change among good ones is refused alone
    const mixed = await Promise.allSettled([
      plane.addDestination(key, real(10)),
      plane.addDestination(key, real(9)),
      plane.addDestination(key, real(11, 0)),
    ])
    t.strictSame(
      mixed.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    await plane.setTimeouts({ tcp: 77 })
    t.strictSame(await plane.timeouts(), { tcp: 77, tcpFin: 120, udp: 300 })

    // another plane beside it
    const other = await open(t, { table: 'second' })
    await other.addService({ key: { ...key, port: 81 }, scheduler: 'rr' })
    t.equal((await plane.services()).length, 1)
    await other.close()
    t.notMatch(nft('list tables'), 'second', 'gone with its owner')
    await t.rejects(other.services(), { code: 'ERR_OSPF_STOPPED' })
    await t.rejects(other.removeService(key), { code: 'ERR_OSPF_STOPPED' })

    await plane.close()
    const later = await open(t, { devices: ['eth0', 'eth1'] })
    t.match(await later.services(), [{ key, scheduler: 'mh', flags: ['flag-2'] }])
    t.match(await later.destinations(key), [real(9), real(10), real(11, 0)], 'taken over')
    t.strictSame(await later.timeouts(), { tcp: 77, tcpFin: 120, udp: 300 })
    t.match(
      nft('list chain netdev ospf_lvs ingress'),
      /eth1/,
      'and hooked at the other device, too',
    )

    // the tables are its own: what a director does not want there is a leftover
    await later.addService({ key: { ...key, port: 81 }, scheduler: 'rr' })
    const director = await Director.start({
      ipvs: later,
      services: [{ address: VIP, port: 80, scheduler: 'mh', flags: ['mh-port'], servers: [] }],
      keepOnStop: true,
    })
    t.match(await later.services(), [{ key }])
    t.equal((await later.services()).length, 1)
    await director.stop()

    // somebody removes a part, or everything
    nft('flush chain netdev ospf_lvs ingress')
    t.strictSame(await later.services(), [], 'what nothing leads to is not there')
    await later.addService({ key, scheduler: 'wrr' })
    nft('delete table netdev ospf_lvs')
    t.strictSame(await later.services(), [])
    await later.addService({ key, scheduler: 'wrr' })
    await later.addDestination(key, real(12))
    t.match(await later.destinations(key), [real(12)])

    // the device to the real server, and that of the clients, are made anew
    ip('link del eth1')
    ip('link del eth0')
    bare()
    await until(() => /"?eth0"?.*"?eth1/s.test(nft('list chain netdev ospf_lvs ingress')), {
      what: 'hooked again',
    })
    await until(
      () => nft('list table netdev ospf_lvs').includes('fwd ip to 10.0.2.12 device "eth1"'),
      {
        what: 'the way to the real server is written again',
      },
    )
    ip('neigh replace 10.0.2.12 dev eth1 nud failed')
    t.match(await later.findings(), [/10\.0\.2\.12 .* does not answer ARP on eth1/])
  })

  inNamespace('a hundred destinations are one transaction', async (t) => {
    t.setTimeout(180_000)
    bare()
    const log = join(process.env['TMPDIR'] ?? '/tmp', `nft-calls-${process.pid}`)
    const program = `${log}.sh`
    writeFileSync(program, `#!/bin/sh\necho "$1" >> ${log}\nexec nft "$@"\n`, { mode: 0o755 })
    t.teardown(() => execFileSync('rm', ['-f', log, program]))
    const plane = await open(t, { devices: ['eth0'], nft: program })
    await plane.addService({ key, scheduler: 'wrr' })
    writeFileSync(log, '')
    const started = performance.now()
    const numbers = Array.from({ length: 100 }, (_, i) => i + 2)
    await Promise.all(numbers.map((n) => plane.addDestination(key, real(n, n))))
    t.comment(`100 destinations: ${Math.round(performance.now() - started)} ms`)
    t.equal(readFileSync(log, 'utf8').match(/^-f$/gm)?.length, 1)
    t.same(
      (await plane.destinations(key)).map(({ weight }) => weight),
      numbers,
    )
    writeFileSync(log, '')
    await plane.services()
    await plane.destinations(key)
    t.equal(readFileSync(log, 'utf8').match(/^-j$/gm)?.length, 2, 'one listing of both tables')
    nft('delete table netdev ospf_lvs')
    t.same(await plane.destinations(key), [], 'who asks again is told what is now')
  })

  inNamespace('a director: a server fails its check, and returns', async (t) => {
    t.setTimeout(180_000)
    const here = await translatedPlace(t)
    const { lab, server } = here
    const servers = await serve(here)
    const plane = await open(t, {})
    const director = await Director.start({
      ipvs: plane,
      services: [
        {
          address: VIP,
          port: 80,
          scheduler: 'wrr',
          forward: 'nat',
          checks: [{ type: 'tcp', delayLoop: 0.3, retry: 0, connectTimeout: 1, rise: 1 }],
          servers: ([1, 2] as const).map((n) => ({ address: server(n, 1).address, port: 8080 })),
        },
      ],
    })
    t.teardown(() => director[Symbol.asyncDispose]())
    const pool = async (): Promise<string> =>
      (await plane.destinations(key)).map(({ address }) => address).join()
    await until(async () => (await pool()).split(',').length === 2, { what: 'two servers' })
    t.match(await plane.findings(), [/ip_forward is 0/])
    setForwarding(1)
    t.strictSame(await plane.findings(), [])
    await servers['r1']!.kill()
    await until(async () => (await pool()) === '10.0.2.12', { what: 'r1 is out' })
    t.strictSame(await lab.connections('client', VIP, 80, 20), { answered: { r2: 20 }, failed: {} })
    await lab.serve('r1', '10.0.2.11', 8080, 'r1')
    await until(async () => (await pool()).includes('10.0.2.11'), { what: 'r1 is back' })
    const { answered } = await lab.connections('client', VIP, 80, 40)
    t.ok((answered['r1'] ?? 0) > 0, JSON.stringify(answered))
    // somebody removes the tables: put back
    nft('delete table ip ospf_lvs')
    await until(async () => (await pool()).split(',').length === 2, {
      what: 'put right',
      timeout: 40,
    })
  })

  inNamespace('a director with DR: servers drain, fail and return', async (t) => {
    t.setTimeout(180_000)
    const here = await directPlace(t)
    const { lab, server, devices } = here
    const servers = await serve(here)
    const plane = await open(t, { devices })
    const services = (draining?: 1 | 2): VirtualServiceOptions[] =>
      [key.port, held.port].map((port) => ({
        address: VIP,
        port,
        scheduler: 'wrr',
        forward: 'dr',
        checks: [{ type: 'tcp', delayLoop: 0.3, retry: 0, connectTimeout: 1, rise: 1 }],
        servers: ([1, 2] as const).map((n) => ({
          address: server(n, 1).address,
          weight: n === 1 ? 5 : 3,
          drain: n === draining,
        })),
      }))
    const director = await Director.start({ ipvs: plane, services: services() })
    t.teardown(() => director.stop())
    const pool = async (): Promise<string> =>
      (await plane.destinations(key))
        .map(({ address, weight }) => `${address}x${weight}`)
        .toSorted()
        .join()
    const whole = '10.0.1.11x5,10.0.1.12x3'
    const becomes = (wanted: string): Promise<unknown> =>
      until(
        async () => {
          const now = await pool()
          if (now === wanted) return true
          throw new Error(now)
        },
        { what: wanted, timeout: 40 },
      )
    await becomes(whole)
    t.strictSame(await plane.findings(), [], 'nothing has to be forwarded by the kernel')
    const { answered, failed } = await lab.connections('client', VIP, key.port, 160)
    t.strictSame(failed, {})
    // 100 of 160, and five standard deviations
    t.ok(Math.abs(answered['r1']! - 100) <= 31, `weights 5 and 3: ${JSON.stringify(answered)}`)

    const argv = [process.execPath, agent, 'hold', VIP, `${held.port}`, '60']
    const client = lab.spawn('client', argv, 'hold')
    await until(() => sum(flowsOf(client)) === 60, { what: '60 flows are alive' })
    const before = await settled(client)
    t.ok(before.alive['r1']! > 5 && before.alive['r2']! > 5, JSON.stringify(before))

    await director.update({ services: services(2) })
    await becomes('10.0.1.11x5,10.0.1.12x0')
    if (hasTools) await checkWire(t, here)
    t.strictSame(await settled(client), before, 'a drain disturbs no flow')
    await director.update({ services: services() })
    await becomes(whole)

    await servers['r1']!.kill()
    await becomes('10.0.1.12x3')
    t.strictSame(await lab.connections('client', VIP, key.port, 20), {
      answered: { r2: 20 },
      failed: {},
    })
    t.strictSame(await settled(client), before, 'its other service goes on')
    await lab.serve('r1', '0.0.0.0', key.port, 'r1')
    await becomes(whole)
    t.ok((await lab.connections('client', VIP, key.port, 40)).answered['r1']! > 0)
    t.strictSame(await settled(client), before)

    // somebody removes the tables: put back
    await client.kill()
    nft('delete table netdev ospf_lvs')
    await becomes(whole)
    t.strictSame((await lab.connections('client', VIP, key.port, 10)).failed, {})
    await director.stop()
    t.strictSame(await plane.services(), [])
  })
}

if (!hasTools && inside === undefined) {
  t.test('the nftables plane', { skip: 'not run: needs nft and tshark' }, async () => undefined)
}
