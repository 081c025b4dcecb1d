/** A DR real server on this kernel: what `ip` and sysctl show, and what a client on the segment hears by ARP. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { LinuxDevices } from '../../lib/linux/devices.ts'
import { findRealServer, realServer } from '../../lib/lvs/real-server.ts'
import { parseIpv4 } from '../../lib/wire/address.ts'
import { inNamespace, ip } from './netns.ts'

// processes that start processes, on a machine that may be busy
t.setTimeout(150_000)

const vip = '10.0.1.100'
const folder = mkdtempSync(join(tmpdir(), 'ospf-rs-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const stateFile = join(folder, 'state.json')

const picture = (): string =>
  ip('-4 addr') + execFileSync('sysctl', ['-a', '-r', '^net\\.ipv4\\.conf'], { encoding: 'utf8' })

/** A client in a namespace of its own, on a cable to eth0. */
function segment(): { ask(): boolean; [Symbol.dispose](): void } {
  const client = `ospf-rs-${process.pid}`
  ip(`netns add ${client}`)
  ip(`link add eth0 type veth peer name eth0 netns ${client}`)
  ip('addr add 10.0.1.11/24 dev eth0')
  ip('link set eth0 up')
  ip(`-n ${client} addr add 10.0.1.50/24 dev eth0`)
  ip(`-n ${client} link set eth0 up`)
  const inside = ['netns', 'exec', client]
  /** Sends one datagram, and says what ARP has come to. */
  const ask = (to: string, seconds: number): boolean => {
    const say = `echo > /dev/udp/${to}/9; for n in $(seq ${seconds * 10}); do
      ip neigh show ${to} | grep -q lladdr && exit 0; sleep 0.1; done; exit 1`
    return spawnSync('ip', [...inside, 'bash', '-c', say]).status === 0
  }
  // the cable may need a moment
  if (!ask('10.0.1.11', 10)) throw new Error('the segment does not work')
  return {
    ask: () => {
      ip(`-n ${client} neigh replace ${vip} lladdr 02:00:00:00:00:01 dev eth0 nud stale`)
      ip(`-n ${client} neigh del ${vip} dev eth0`)
      return ask(vip, 2)
    },
    [Symbol.dispose]: () => void ip(`netns del ${client}`),
  }
}

inNamespace(
  'DR: the VIP is there, nobody hears of it, and stop puts everything back',
  async (t) => {
    using client = segment()
    const before = picture()
    const server = await realServer({ vip, mode: 'dr', label: 'lo:vip', stateFile })
    t.match(ip('addr show dev lo'), /10\.0\.1\.100\/32 scope global lo:vip/)
    t.match(await server.status(), { state: 'up', problems: [] })
    t.equal(client.ask(), false, 'silence')
    execFileSync('sysctl', [
      '-qw',
      'net.ipv4.conf.all.arp_ignore=0',
      'net.ipv4.conf.lo.arp_ignore=0',
    ])
    t.equal(client.ask(), true, 'it is the parameter that keeps it silent')
    t.match(await server.status(), { state: 'partial' })
    // as another process would
    await realServer({ vip, mode: 'dr', label: 'lo:vip', stateFile })
    t.equal(client.ask(), false)
    const found = await findRealServer({ stateFile })
    await found?.stop()
    t.equal(picture(), before)
    t.equal(await findRealServer({ stateFile }), undefined)
  },
)

inNamespace('scope host, several VIPs, one that was there before', async (t) => {
  ip(`addr add ${vip}/32 dev lo`)
  const before = picture()
  const options = { vips: [vip, '10.0.1.101'], mode: 'dr', scope: 'host', stateFile } as const
  const server = await realServer(options)
  t.match(ip('addr show dev lo'), '10.0.1.101/32 scope host lo')
  t.strictSame((await server.status()).vips, [
    { vip, present: true, ours: false },
    { vip: '10.0.1.101', present: true, ours: true },
  ])
  await server.stop()
  t.equal(picture(), before)
})

inNamespace(
  'what the kernel does not have is told in its words, and nothing is left',
  async (t) => {
    const before = picture()
    // this kernel may have tunnels: then there is none of that kind to fail
    const options = { vip, mode: 'tun', tunnel: 'ipip', device: 'a-b', stateFile } as const
    const failed = await realServer(options).then(
      async (server) => {
        await server.stop()
        return undefined
      },
      (error: unknown) => error,
    )
    if (failed !== undefined) {
      t.match(failed, { code: 'ERR_OSPF_KERNEL', message: /add the ipip tunnel a-b: / })
      t.equal(picture(), before)
    }
    const device = 'nope'
    await t.rejects(realServer({ vip, mode: 'dr', device, stateFile }), /no such device: nope/)
    t.equal(picture(), before)
    t.equal(await findRealServer({ stateFile }), undefined)
  },
)

inNamespace('without CAP_NET_ADMIN', async (t) => {
  execFileSync('chmod', ['777', folder])
  process.setgroups?.([])
  process.setgid?.(65534)
  process.setuid?.(65534)
  await t.rejects(realServer({ vip, mode: 'dr', stateFile }), {
    code: 'ERR_OSPF_PERMISSION',
    message: /arp_ignore: cannot write it: permission denied/,
  })
  t.equal(await findRealServer({ stateFile }), undefined)
})

inNamespace('who answers ARP', async (t) => {
  using client = segment()
  t.ok(client)
  using devices = LinuxDevices.open()
  const mac = await devices.askArp('eth0', parseIpv4('10.0.1.50')!, 5000)
  t.match(mac, /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/)
  t.equal(await devices.askArp('eth0', parseIpv4('10.0.1.77')!, 200), undefined)
  t.equal(ip('neigh show 10.0.1.77'), '', 'nothing is left of the question')
  // also for an address of our own: a director has the VIP on lo
  ip(`addr add ${vip}/32 dev lo`)
  ip(`netns exec ospf-rs-${process.pid} ip addr add ${vip}/32 dev lo`)
  t.equal(await devices.askArp('eth0', parseIpv4(vip)!, 5000), mac)
  await t.rejects(devices.askArp('nope', parseIpv4(vip)!, 200), { code: 'ERR_OSPF_NO_INTERFACE' })
})
