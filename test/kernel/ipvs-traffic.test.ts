/** Real connections through the kernel's IPVS as the library set it: client, director (here), two real servers, NAT. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { Ipvs } from '../../lib/lvs/ipvs.ts'
import type { IpvsServiceKey } from '../../lib/lvs/types.ts'
import { agree, ipvsadm } from './ipvsadm.ts'
import { inKernel } from './vm.ts'

const VIP = '10.9.0.1'
const servers = ['10.2.1.2', '10.2.2.2']
const clients = ['10.1.0.2', '10.1.0.3']
const schedulers = 'rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh'.split(' ')
const run = (command: string): string => execFileSync('sh', ['-ec', command], { encoding: 'utf8' })

/** Says who it is to whoever connects. */
const serve = `const s = require('net').createServer((c) => c.end(process.argv[1]))
s.listen(80, () => require('net').createServer((c) => c.end(process.argv[1])).listen(443, () => console.log('ready')))`

/** Connects to ports of an address from another, one after the other, and prints who answered. */
const call = `const [host, localAddress, ports] = process.argv.slice(1)
const next = (port) => new Promise((done) => {
  let said = ''
  const c = require('net').connect({ host, port, localAddress })
  c.on('data', (d) => (said += d)).on('error', (e) => (said = e.code)).on('close', () => done(said))
})
;(async () => {
  const answers = []
  for (const port of JSON.parse(ports)) answers.push(await next(port))
  console.log(JSON.stringify(answers))
})()`

async function answers(from: string, ports: readonly number[]): Promise<string[]> {
  const args = ['netns', 'exec', 'client', process.execPath, '-e', call, VIP, from]
  const { stdout } = await promisify(execFile)('ip', [...args, JSON.stringify(ports)])
  return JSON.parse(stdout)
}

const repeated = (port: number, count: number): number[] =>
  Array.from({ length: count }, () => port)
const count = (values: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}

async function opened(t: Test): Promise<Ipvs> {
  const ipvs = await Ipvs.open()
  t.teardown(async () => {
    ipvsadm('-C')
    await ipvs.close()
  })
  return ipvs
}

/** The kernel sums its counters up every two seconds. */
async function counted(ipvs: Ipvs, connections: number): Promise<void> {
  const total = async (): Promise<number> =>
    (await ipvs.services()).reduce((sum, one) => sum + Number(one.statistics.connections), 0)
  for (let i = 0; (await total()) < connections; i++) {
    if (i === 100) throw new Error(`${await total()} connections counted, not ${connections}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  // and the packets that closed the last of them
  await new Promise((resolve) => setTimeout(resolve, 4500))
}

inKernel('the network', async (t) => {
  run(`ip netns add client
ip link add c0 type veth peer name eth0 netns client
ip addr add 10.1.0.1/24 dev c0
ip link set c0 up
ip addr add ${VIP}/32 dev lo
ip -n client link set lo up
ip -n client link set eth0 up
ip -n client addr add ${clients[0]}/24 dev eth0
ip -n client addr add ${clients[1]}/24 dev eth0
ip -n client route add default via 10.1.0.1`)
  for (const [i, address] of servers.entries()) {
    const gateway = address.replace(/2$/, '1')
    run(`ip netns add s${i}
ip link add s${i} type veth peer name eth0 netns s${i}
ip addr add ${gateway}/24 dev s${i}
ip link set s${i} up
ip -n s${i} link set lo up
ip -n s${i} link set eth0 up
ip -n s${i} addr add ${address}/24 dev eth0
ip -n s${i} route add default via ${gateway}`)
    const args = ['netns', 'exec', `s${i}`, process.execPath, '-e', serve, address]
    const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    child.unref()
    await new Promise((ready) => child.stdout.once('data', ready))
    child.stdout.destroy()
  }
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1\n')
  t.match(run('ip netns list'), 's1')
})

inKernel('wrr with weights 5 and 3', async (t) => {
  const ipvs = await opened(t)
  const key: IpvsServiceKey = { protocol: 'tcp', address: VIP, port: 80 }
  await ipvs.addService({ key, scheduler: 'wrr' })
  for (const [i, address] of servers.entries()) {
    await ipvs.addDestination(key, { address, port: 80, forward: 'nat', weight: [5, 3][i]! })
  }
  t.strictSame(count(await answers(clients[0]!, repeated(80, 80))), {
    '10.2.1.2': 50,
    '10.2.2.2': 30,
  })
  await counted(ipvs, 80)
  const [first, second] = await ipvs.destinations(key)
  t.equal(first?.statistics.connections, 50n)
  t.equal(second?.statistics.connections, 30n)
  t.ok(first!.statistics.inPackets >= 150n && first!.statistics.outBytes > 50n * 52n)
  await agree(t, ipvs)

  // some may be forgotten by now, but no new ones come
  const told = (await ipvs.connections()).map(({ client, virtual, destination, state }) =>
    [state, ...[client, virtual, destination].map((end) => `${end.address}:${end.port}`)].join(' '),
  )
  const listed = ipvsadm('-Lnc')
    .split('\n')
    .slice(2, -1)
    .map((line) => line.trim().split(/\s+/).slice(2, 6).join(' '))
  t.ok(listed.length > 20, `${listed.length} connections`)
  t.strictSame(
    listed.filter((line) => !told.includes(line)),
    [],
    'the library told what ipvsadm -Lnc lists',
  )
  t.equal((await ipvs.connections({ limit: 7 })).length, 7)

  await ipvs.zero(key)
  const [zeroed] = await ipvs.destinations(key)
  t.equal(zeroed?.statistics.connections, 0n)
  t.equal((await ipvs.service(key))?.statistics.inBytes, 0n)
})

inKernel('persistence: a client stays with its server', async (t) => {
  const ipvs = await opened(t)
  const key: IpvsServiceKey = { protocol: 'tcp', address: VIP, port: 80 }
  await ipvs.addService({ key, scheduler: 'rr', persistence: { timeout: 60 } })
  for (const address of servers) {
    await ipvs.addDestination(key, { address, port: 80, forward: 'nat', weight: 1 })
  }
  const both = [
    await answers(clients[0]!, repeated(80, 10)),
    await answers(clients[1]!, repeated(80, 10)),
  ]
  const chosen = both.map((said) => new Set(said))
  t.strictSame(
    chosen.map((said) => said.size),
    [1, 1],
  )
  t.notSame(chosen[0], chosen[1], 'the second client has the other server')
  await counted(ipvs, 20)
  t.strictSame(
    (await ipvs.destinations(key)).map((one) => one.persistentConnections),
    [1, 1],
  )
  await agree(t, ipvs)
  const templates = (await ipvs.connections()).filter(({ client }) => client.port === 0)
  t.strictSame(templates.map(({ client }) => client.address).sort(), clients)
})

inKernel('two services under one mark', async (t) => {
  const ipvs = await opened(t)
  run(`nft -f - <<END
table ip marks {
  chain incoming {
    type filter hook prerouting priority mangle
    ip daddr ${VIP} tcp dport { 80, 443 } meta mark set 7
  }
}
END`)
  const key: IpvsServiceKey = { fwmark: 7, family: 4 }
  await ipvs.addService({ key, scheduler: 'rr', persistence: { timeout: 60 } })
  for (const address of servers) {
    await ipvs.addDestination(key, { address, port: 0, forward: 'nat', weight: 1 })
  }
  const ports = [80, 443, 80, 443, 443, 80]
  const [a, b] = [await answers(clients[0]!, ports), await answers(clients[1]!, ports)]
  t.equal(new Set(a).size, 1)
  t.equal(new Set(b).size, 1)
  t.strictSame([a[0], b[0]].sort(), servers)
  run('nft delete table ip marks')
  await counted(ipvs, 12)
  await agree(t, ipvs)
})

inKernel('every scheduler carries connections, and counts them as ipvsadm says', async (t) => {
  const ipvs = await opened(t)
  const ports = schedulers.map((_, i) => 8000 + i)
  for (const [i, scheduler] of schedulers.entries()) {
    const key: IpvsServiceKey = { protocol: 'tcp', address: VIP, port: ports[i]! }
    await ipvs.addService({ key, scheduler })
    for (const address of servers) {
      await ipvs.addDestination(key, { address, port: 80, forward: 'nat', weight: 1 })
    }
  }
  const said = await answers(
    clients[0]!,
    ports.flatMap((port) => repeated(port, 4)),
  )
  t.strictSame(
    said.filter((answer) => !servers.includes(answer)),
    [],
  )
  t.strictSame(count(said.slice(0, 4)), { '10.2.1.2': 2, '10.2.2.2': 2 }, 'rr takes turns')
  await counted(ipvs, said.length)
  await agree(t, ipvs)
})
