/** TUN real servers on a kernel that has tunnels: what comes wrapped is answered from the VIP, and stop leaves nothing. */
import { execFileSync } from 'node:child_process'
import { realServer } from '../../lib/lvs/real-server.ts'
import type { RealServerHostOptions } from '../../lib/lvs/real-server-options.ts'
import { inKernel } from './vm.ts'

const vip = '10.9.0.1'
const stateFile = '/run/rs-state.json'
const run = (command: string): string => execFileSync('sh', ['-ec', command], { encoding: 'utf8' })

const picture = (): string => run("ip -4 addr show; sysctl -a -r '^net.ipv4.conf' 2>/dev/null")

/** The other end wraps what it sends to the VIP, as a director does, and takes plain answers. */
const lines: readonly (readonly [
  name: string,
  more: Partial<RealServerHostOptions>,
  wrap: string,
])[] = [
  [
    'ipip, by the device of the kernel',
    {},
    'ip link add t0 type ipip local 10.1.0.2 remote 10.1.0.1',
  ],
]

for (const [name, more, wrap] of lines) {
  inKernel(name, async (t) => {
    run(`modprobe fou; modprobe ipip; modprobe ip_gre
      ip netns add other
      ip link add e0 type veth peer name e0 netns other
      ip addr add 10.1.0.1/24 dev e0; ip link set e0 up
      ip -n other addr add 10.1.0.2/24 dev e0; ip -n other link set e0 up; ip -n other link set lo up
      ip netns exec other ${wrap}
      ip -n other link set t0 up
      ip -n other route add ${vip}/32 dev t0 src 10.1.0.2
      sysctl -qw net.ipv4.conf.all.rp_filter=1`)
    const ping = (): boolean => {
      try {
        return / 0% packet loss/.test(run(`ip netns exec other busybox ping -c 2 -W 2 ${vip}`))
      } catch {
        return false
      }
    }
    const before = picture()
    t.equal(ping(), false)
    const server = await realServer({ vip, mode: 'tun', stateFile, ...more })
    const status = await server.status()
    t.match(status, { state: 'up', problems: [] })
    t.equal(ping(), true)
    if (more.mtu !== undefined) t.equal(status.mtu, more.mtu)
    await server.stop()
    t.equal(picture(), before)
    t.equal(run('ip fou show'), '')
    run('ip link del e0; ip netns del other')
  })
}
