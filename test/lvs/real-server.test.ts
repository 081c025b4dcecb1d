import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { findRealServer, realServer } from '../../lib/lvs/real-server.ts'
import { parseRealServer, type RealServerHostOptions } from '../../lib/lvs/real-server-options.ts'
import { type State, StateFile } from '../../lib/lvs/real-server-state.ts'
import { formatRealServer } from '../../lib/lvs/real-server-status.ts'
import { address, device, FakeHost, world } from './real-server-world.ts'

const vip = '10.0.1.100'
const number = address(vip)
const dr = { vip, mode: 'dr' } as const
const before = { 'all/rp_filter': 1, 'eth0/arp_ignore': 1 }

t.test('DR: silent before the address is there, and after it is gone', async (t) => {
  const host = new FakeHost(before)
  const picture = host.picture
  const server = await realServer(dr, world(host))
  t.strictSame(host.done, [
    'all/arp_ignore 1',
    'all/arp_announce 2',
    'lo/arp_ignore 1',
    'lo/arp_announce 2',
    'eth0/rp_filter 2',
    `add ${number} to lo`,
  ])
  const status = await server.status()
  t.match(status, { state: 'up', mode: 'dr', device: 'lo', problems: [] })
  t.strictSame(status.vips, [{ vip, present: true, ours: true }])
  t.equal(
    formatRealServer(status),
    `Real server: up, DR, VIPs on lo
  10.0.1.100  added
  net.ipv4.conf.all.arp_ignore 1  was 0
  net.ipv4.conf.all.arp_announce 2  was 0
  net.ipv4.conf.lo.arp_ignore 1  was 0
  net.ipv4.conf.lo.arp_announce 2  was 0
  net.ipv4.conf.eth0.rp_filter 2  was 1
`.replace('rp_filter 2  was 1', 'rp_filter 2  was 0'),
  )
  host.restart()
  await server.stop()
  t.equal(host.done[0], `remove ${number} from lo`)
  t.equal(host.done.length, 6)
  t.strictSame(host.picture, picture)
  t.equal(host.state, undefined)
  await server.stop()
  t.equal(host.done.length, 6)
  t.match(await server.status(), { state: 'down', vips: [] })
  t.equal(formatRealServer(await server.status()), 'Real server: no\n')
})

t.test('what is there already is left alone, also at the end', async (t) => {
  const host = new FakeHost({ 'all/arp_ignore': 2, 'all/arp_announce': 2 })
  await host.addAddress({ device: 'lo', address: number })
  const picture = host.picture
  host.restart()
  const server = await realServer(dr, world(host))
  t.strictSame(host.done, ['lo/arp_ignore 1', 'lo/arp_announce 2'])
  t.strictSame((await server.status()).vips, [{ vip, present: true, ours: false }])
  await server.stop()
  t.strictSame(host.picture, picture)
})

t.test('TUN: device, filter, address, and up last', async (t) => {
  const host = new FakeHost({ 'all/rp_filter': 1 })
  const picture = host.picture
  const options = { vip, mode: 'tun', tunnel: 'gue', local: '10.0.1.11', mtu: 1480 } as const
  const server = await realServer(options, world(host))
  t.strictSame(host.done, [
    'gue 6080',
    'add ipip rs-gue',
    'rs-gue mtu 1480',
    'all/arp_ignore 1',
    'all/arp_announce 2',
    'rs-gue/arp_ignore 1',
    'rs-gue/arp_announce 2',
    'eth0/rp_filter 2',
    'rs-gue/rp_filter 2',
    `add ${number} to rs-gue`,
    'rs-gue up',
  ])
  const status = await server.status()
  t.match(status, { state: 'up', tunnel: 'gue', port: 6080, mtu: 1480 })
  t.match(formatRealServer(status), 'up, TUN, gue port 6080, VIPs on rs-gue, MTU 1480')
  await server.stop()
  t.strictSame(host.picture, picture)
})

t.test('GRE with checksums', async (t) => {
  const host = new FakeHost()
  const options = { vip, mode: 'tun', tunnel: 'gre', local: '10.0.1.11' } as const
  await realServer({ ...options, checksum: true }, world(host))
  t.equal(host.done[0], 'add gre rs-gre with checksums')
  await t.rejects(realServer(options, world(host)), {
    message: /stop it before it becomes another/,
  })
})

t.test("the kernel's own tunnel device is used and not removed", async (t) => {
  const host = new FakeHost()
  host.own = 'tunl0'
  const server = await realServer({ vip, mode: 'tun' }, world(host))
  t.match(await server.status(), { state: 'up', device: 'tunl0' })
  await server.stop()
  const [, , tunnel] = host.found
  t.match(tunnel, { name: 'tunl0', up: false, addresses: [] })
  await t.rejects(realServer({ vip, mode: 'tun', device: 'mine' }, world(host)), {
    message:
      'File exists; the kernel has tunl0 for packets to any address: use that, or give local',
  })
  t.equal(host.state, undefined)
  host.found = [...host.found, device('eth1')]
  await t.rejects(realServer({ vip, mode: 'tun', device: 'eth1' }, world(host)), {
    code: 'ERR_OSPF_CONFIG',
    message: /expected a tunnel of kind ipip, got eth1, which is none/,
  })
})

t.test('whatever fails, nothing is left of it', async (t) => {
  const options = { vips: [vip, '10.0.1.101'], mode: 'tun', tunnel: 'gue', mtu: 1400 } as const
  for (let n = 1; n <= 12; n++) {
    const host = new FakeHost({ 'all/rp_filter': 1 })
    const picture = host.picture
    host.restart(n)
    await t.rejects(realServer(options, world(host)), { code: 'ERR_OSPF_KERNEL', message: /: no$/ })
    t.strictSame(host.picture, picture, `change ${n}`)
    t.equal(host.state, undefined)
  }
  const host = new FakeHost({ 'all/rp_filter': 1 })
  host.restart(13)
  await realServer(options, world(host))
  t.equal(host.done.length, 12)
})

t.test('killed at any moment, another process undoes it all or completes it', async (t) => {
  const died = new Error('killed')
  for (let n = 1; n <= 7; n++) {
    for (const next of ['stop', 'start'] as const) {
      const host = new FakeHost({ 'all/rp_filter': 1 })
      const picture = host.picture
      const one = world(host)
      let writes = 0
      // after the note, before the deed; and then nothing more
      const alive = <T extends object>(part: T): T =>
        new Proxy(part, {
          get(of, name) {
            if (writes >= n) throw died
            const value: unknown = Reflect.get(of, name)
            return typeof value === 'function' ? value.bind(of) : value
          },
        })
      const write = (state: State): void => {
        writes++
        one.state.write(state)
        if (writes === n) throw died
      }
      const dying = {
        ...one,
        devices: alive(one.devices),
        sysctls: alive(one.sysctls),
        state: alive({ ...one.state, write }),
      }
      await t.rejects(realServer(dr, dying))
      if (next === 'start') await realServer(dr, world(host))
      const found = await findRealServer({}, world(host))
      if (next === 'start') t.match(await found?.status(), { state: 'up' })
      await found?.stop()
      t.strictSame(host.picture, picture, `${n} ${next}`)
      t.equal(host.state, undefined)
    }
  }
})

t.test('an undo that fails goes no further, and can be tried again', async (t) => {
  const host = new FakeHost()
  const picture = host.picture
  const server = await realServer(dr, world(host))
  host.restart(1)
  await t.rejects(server.stop(), { message: `remove ${number} from lo: no` })
  t.equal(host.sysctls.values.get('net/ipv4/conf/all/arp_ignore'), 1, 'still silent')
  host.restart()
  await server.stop()
  t.strictSame(host.picture, picture)
})

t.test('what drifted is set again, and what others changed since is theirs', async (t) => {
  const host = new FakeHost()
  const server = await realServer(dr, world(host))
  host.sysctls.values.set('net/ipv4/conf/all/arp_ignore', 0)
  await host.removeAddress({ device: 'lo', address: number })
  const status = await server.status()
  t.equal(status.state, 'partial')
  t.strictSame(status.problems, [
    '10.0.1.100 is not on lo',
    'net.ipv4.conf.all.arp_ignore is 0, should be 1 (this host answers ARP for 10.0.1.100, so that clients pass the directors by)',
  ])
  t.match(formatRealServer(status), 'problem: 10.0.1.100 is not on lo')
  await realServer(dr, world(host))
  t.match(await server.status(), { state: 'up' })
  host.sysctls.values.set('net/ipv4/conf/all/arp_ignore', 8)
  await server.stop()
  t.equal(host.sysctls.values.get('net/ipv4/conf/all/arp_ignore'), 8)
  t.equal(host.sysctls.values.get('net/ipv4/conf/lo/arp_ignore'), 0)
})

t.test('an interface that answers all the same', async (t) => {
  const host = new FakeHost({ 'eth0/arp_ignore': 3 })
  const server = await realServer(dr, world(host))
  t.match((await server.status()).problems, [
    'net.ipv4.conf.eth0.arp_ignore is 3: ARP for a VIP of scope global is answered on eth0',
  ])
  await server.stop()
  const quiet = await realServer({ ...dr, scope: 'host' }, world(host))
  t.strictSame((await quiet.status()).problems, [])
})

t.test('other VIPs come and go; another kind has to wait', async (t) => {
  const host = new FakeHost()
  const picture = host.picture
  await realServer(dr, world(host))
  host.restart(1)
  const other = { vips: ['10.0.1.101', '10.0.1.102'], mode: 'dr' } as const
  await t.rejects(realServer(other, world(host)))
  t.match(await (await findRealServer({}, world(host)))!.status(), { state: 'up', vips: [{ vip }] })
  host.restart()
  const server = await realServer(other, world(host))
  t.strictSame(host.done, [
    `add ${number + 1} to lo`,
    `add ${number + 2} to lo`,
    `remove ${number} from lo`,
  ])
  await t.rejects(realServer({ vip, mode: 'tun' }, world(host)), {
    code: 'ERR_OSPF_CONFIG',
    message: /this host is one already, dr on lo; stop it before it becomes another/,
  })
  await server.stop()
  t.strictSame(host.picture, picture)
  t.equal(await findRealServer({}, world(host)), undefined)
})

t.test('devices and parameters that are not there', async (t) => {
  const host = new FakeHost()
  const missing = { ...dr, device: 'dummy0' }
  await t.rejects(realServer(missing, world(host)), {
    code: 'ERR_OSPF_NO_INTERFACE',
    message: 'no such device: dummy0',
  })
  host.sysctls.values.delete('net/ipv4/conf/lo/arp_announce')
  const picture = host.picture
  await t.rejects(realServer(dr, world(host)), {
    message: 'net/ipv4/conf/lo/arp_announce: this kernel or namespace has no such parameter',
  })
  t.strictSame(host.picture, picture)
  await t.rejects(
    realServer({ ...dr, interfaces: ['eth7'] }, world(new FakeHost())),
    /eth7\/rp_filter/,
  )
})

t.test('options', async (t) => {
  t.match(parseRealServer({ vip, mode: 'tun', tunnel: 'gre' }), { device: 'gre0', port: undefined })
  const refused: readonly (readonly [unknown, string | RegExp])[] = [
    [null, 'real server: expected an object, got null'],
    [{ vip }, "real server: mode: expected 'dr' or 'tun', got nothing"],
    [{ mode: 'dr' }, /one of vip and vips/],
    [{ vip, vips: [vip], mode: 'dr' }, /one of vip and vips/],
    [{ vips: [], mode: 'dr' }, /vips: expected VIPs/],
    [{ vip: '10.0.0.0/24', mode: 'dr' }, /VIP: expected a host prefix/],
    [{ ...dr, tunnel: 'ipip' }, "real server: tunnel: expected mode 'tun' with it, got 'dr'"],
    [{ vip, mode: 'tun', tunnel: 'sit' }, /'ipip' or 'gre' or 'gue', got 'sit'/],
    [{ vip, mode: 'tun', port: 1 }, "real server: port: expected tunnel 'gue' with it, got 'ipip'"],
    [{ vip, mode: 'tun', tunnel: 'gue', port: 0 }, /whole number from 1 to 65535/],
    [{ vip, mode: 'tun', local: 'eth0' }, /local: expected an IPv4 address/],
    [{ vip, mode: 'tun', tunnel: 'gre', checksum: true }, /checksum: expected .*local with it/],
    [{ vip, mode: 'tun', local: '10.0.1.11', checksum: true }, /tunnel 'gre' .* got 'ipip'/],
    [{ ...dr, checksum: true }, "real server: checksum: expected mode 'tun' with it, got 'dr'"],
    [{ vip, mode: 'tun', mtu: 20 }, /mtu: expected a whole number/],
    [{ ...dr, device: 'a/b' }, /device: expected the name of a device/],
    [{ ...dr, device: 'all' }, /device: expected the name of a device/],
    [{ ...dr, label: 'eth0:x' }, /label: expected 'lo:' and a name/],
    [{ vips: [vip, '10.0.1.101'], mode: 'dr', label: 'lo:x' }, /label: expected one VIP with it/],
    [{ ...dr, scope: 'link' }, /scope: expected 'global' or 'host'/],
    [{ ...dr, interfaces: 'eth0' }, /interfaces: expected names of devices/],
    [{ ...dr, vpi: 1 }, /unknown option 'vpi'/],
  ]
  for (const [options, message] of refused) {
    t.throws(() => parseRealServer(options as RealServerHostOptions), {
      code: 'ERR_OSPF_CONFIG',
      message,
    })
  }
})

t.test('the file of the state', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ospf-state-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'deep', 'state.json')
  const file = new StateFile(path, 'boot 1')
  t.equal(file.read(), undefined)
  const config = parseRealServer(dr)
  file.write({ boot: '', config, changes: [{ type: 'up', device: 'lo' }] })
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.match(file.read(), { config: { device: 'lo', vips: [number] }, changes: [{ type: 'up' }] })
  t.equal(new StateFile(path, 'boot 2').read(), undefined, 'nothing is left of another boot')
  for (const text of ['', '{}', '[]', 'null', readFileSync(path, 'utf8').replace('"up"', '"x"')]) {
    writeFileSync(path, text)
    t.throws(() => file.read(), {
      code: 'ERR_OSPF_CONFIG',
      message: `${path}: expected the state of a real server`,
    })
  }
  file.remove()
  file.remove()
  t.equal(file.read(), undefined)
  t.throws(() => new StateFile('/etc/hostname/x').write({ boot: '', config, changes: [] }), {
    message: /^\/etc\/hostname\/x: cannot write it/,
  })
})
