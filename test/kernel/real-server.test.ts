/**
 * TUN real servers behind IPVS that wraps in each of its ways: what a client sends through a director reaches the
 * program on this host, by the device that is meant to unwrap it, and stop leaves nothing.
 *
 *   client 10.1.0.10 --+-- 10.1.0.0/24 --+-- director 10.1.0.2
 *                                        +-- this namespace, the real server, 10.1.0.1
 */
import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { realServer } from '../../lib/lvs/real-server.ts'
import type { RealServerHostOptions } from '../../lib/lvs/real-server-options.ts'
import { inKernel } from './vm.ts'

const vip = '10.9.0.1'
const local = '10.1.0.1'
const stateFile = '/run/rs-state.json'
/** More than one segment of the greatest size: the tunnel is narrower than the segment that it crosses. */
const OCTETS = 100_000
const run = (command: string): string => execFileSync('sh', ['-ec', command], { encoding: 'utf8' })

/** Modules bring devices of their own, which stay. */
const picture = (): string =>
  run("ip -4 addr show; sysctl -a -r '^net.ipv4.conf' 2>/dev/null")
    .split('\n')
    .filter((line) => !/\.(tunl0|gre0|gretap0|erspan0)\./.test(line))
    .join('\n')

/** Sends so many octets to the VIP and prints the answer, or why there is none. */
const call = `const [host, octets] = process.argv.slice(1)
let said = ''
const socket = require('net').connect({ host, port: 80 })
socket.setTimeout(Number(process.argv[3]), () => socket.destroy(new Error('silence')))
socket.on('connect', () => socket.end(Buffer.alloc(Number(octets), 'x')))
socket.on('data', (data) => (said += data)).on('error', ({ message }) => (said = message))
socket.on('close', () => console.log(said))`

async function answer(milliseconds: number): Promise<string> {
  const argv = ['netns', 'exec', 'client', process.execPath, '-e', call]
  const { stdout } = await promisify(execFile)('ip', [...argv, vip, `${OCTETS}`, `${milliseconds}`])
  return stdout.trim()
}

interface Case {
  readonly name: string
  readonly options: Partial<RealServerHostOptions>
  /** Words of ipvsadm. */
  readonly wrap: string
  /** Which unwraps. */
  readonly device: string
  /** What does not take it. */
  readonly not?: Partial<RealServerHostOptions>
}

const cases: readonly Case[] = [
  { name: 'ipip', options: {}, wrap: '', device: 'tunl0' },
  { name: 'ipip to one address', options: { local, mtu: 1480 }, wrap: '', device: 'rs-ipip' },
  { name: 'gre', options: { tunnel: 'gre' }, wrap: '--tun-type gre', device: 'gre0' },
  {
    name: 'gre to one address',
    options: { tunnel: 'gre', local },
    wrap: '--tun-type gre',
    device: 'rs-gre',
  },
  {
    name: 'gre with checksums',
    options: { tunnel: 'gre', local, checksum: true },
    wrap: '--tun-type gre --tun-csum',
    device: 'rs-gre',
    not: { tunnel: 'gre', local },
  },
  {
    name: 'gue',
    options: { tunnel: 'gue' },
    wrap: '--tun-type gue --tun-port 6080',
    device: 'tunl0',
  },
  {
    name: 'gue to one address, on another port',
    options: { tunnel: 'gue', local, port: 6090 },
    wrap: '--tun-type gue --tun-port 6090 --tun-csum',
    device: 'rs-gue',
  },
  {
    name: 'gue, checksum by the receiver',
    options: { tunnel: 'gue', local, device: 'wrapped', mtu: 1460 },
    wrap: '--tun-type gue --tun-port 6080 --tun-remcsum',
    device: 'wrapped',
  },
]

inKernel('the network', async (t) => {
  run(`for name in lan client director; do
      ip netns add $name
      ip -n $name link set lo up
      ip netns exec $name sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
    done
    ip -n lan link add br0 type bridge mcast_snooping 0 forward_delay 0
    ip -n lan link set br0 up
    ip link add e0 type veth peer name p0 netns lan
    ip -n client link add e0 type veth peer name p1 netns lan
    ip -n director link add e0 type veth peer name p2 netns lan
    for port in p0 p1 p2; do ip -n lan link set $port master br0 up; done
    ip addr add ${local}/24 dev e0
    ip -n client addr add 10.1.0.10/24 dev e0
    ip -n director addr add 10.1.0.2/24 dev e0
    ip -n director addr add ${vip}/32 dev lo
    ip link set e0 up
    ip -n client link set e0 up
    ip -n director link set e0 up
    ip -n client route add ${vip}/32 via 10.1.0.2
    sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1
    modprobe ip_vs
    ip netns exec director ipvsadm -A -t ${vip}:80 -s rr`)
  t.match(run('ip netns exec client busybox ping -c 1 -W 20 10.1.0.1'), / 0% packet loss/)
})

for (const { name, options, wrap, device, not } of cases) {
  inKernel(name, async (t) => {
    const program = createServer({ allowHalfOpen: true }, (socket) => {
      let octets = 0
      socket.on('data', ({ length }) => {
        octets += length
      })
      socket.on('end', () => {
        socket.end(`${socket.remoteAddress} to ${socket.localAddress}: ${octets}`)
      })
      socket.on('error', () => socket.destroy())
    })
    t.teardown(() => program.close())
    await once(program.listen(80, '0.0.0.0'), 'listening')
    const server = `-t ${vip}:80 -r ${local}:80`
    run(`ip netns exec director ipvsadm -a ${server} -i ${wrap}`)
    t.teardown(() => run(`ip netns exec director ipvsadm -d ${server}`))
    const before = picture()
    t.notMatch(await answer(1500), ` to ${vip}:`, 'nothing unwraps')
    if (not !== undefined) {
      await using _other = await realServer({ vip, mode: 'tun', stateFile, ...not })
      t.equal(await answer(3000), 'silence')
    }

    const host = await realServer({ vip, mode: 'tun', stateFile, ...options })
    const status = await host.status()
    t.match(status, { state: 'up', device, problems: [] })
    if (options.mtu !== undefined) t.equal(status.mtu, options.mtu)
    t.equal(await answer(30_000), `10.1.0.10 to ${vip}: ${OCTETS}`)
    const [link] = JSON.parse(run(`ip -j -s link show dev ${device}`))
    const { bytes } = link.stats64.rx
    t.ok(bytes >= OCTETS, `${bytes} octets through ${device}`)

    await host.stop()
    t.equal(picture(), before)
    // without its module the command fails
    t.equal(run('ip fou show 2>/dev/null || :'), '')
  })
}
