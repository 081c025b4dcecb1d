/**
 * Two VRFs of one host with the same addresses: a speaker in each, with a neighbor of its own, all the routes in the
 * VRF's table. The kernel at hand often has no VRF, hence the virtual machine.
 *
 *     a 10.0.1.2 --- eth0 10.0.1.1, VRF red  | us |  VRF blue, eth1 10.0.1.1 --- 10.0.1.2 b
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { SpeakerOptions } from '../../lib/index.ts'
import { cli } from '../interop/boxes.ts'
import { type KernelRoute, Lab, until } from '../interop/lab.ts'
import { SpeakerChild } from '../interop/speakers.ts'
import { inKernel, kernelLimit } from './vm.ts'

kernelLimit(480)

const vip = '10.9.9.9'
const ourVip = '10.9.9.1'
/** The processor is emulated: a neighbor may be silent for a while. */
const timers = { helloInterval: 1, deadInterval: 20 }
const beyond = '10.8.0.0/24'

interface World {
  readonly lab: Lab
  readonly us: SpeakerChild
  readonly a: SpeakerChild
  readonly b: SpeakerChild
}

/** A VRF with a device in it. */
async function addVrf(lab: Lab, name: string, table: number, device: string): Promise<void> {
  const ip = (...argv: string[]): Promise<string> => lab.exec('us', ['ip', ...argv])
  await ip('link', 'add', name, 'type', 'vrf', 'table', `${table}`)
  await ip('link', 'set', name, 'up')
  await ip('link', 'set', device, 'master', name)
}

/** What both VRFs have: OSPF on a device, with the same router id and the same virtual link. */
const inVrf = (vrf: string, device: string, inside: string): SpeakerOptions => ({
  routerId: '10.0.1.1',
  areas: {
    1: {
      interfaces: { [device]: timers },
      virtualLinks: { '10.0.1.2': timers },
    },
    2: { interfaces: { [inside]: { passive: true } } },
  },
  installRoutes: { vrf },
})

/** The other end of the virtual link, with a network in the backbone. */
const peer: SpeakerOptions = {
  routerId: '10.0.1.2',
  installRoutes: true,
  areas: {
    0: { interfaces: { d0: { passive: true } } },
    1: {
      interfaces: { eth0: timers },
      virtualLinks: { '10.0.1.1': timers },
    },
  },
}

async function build(t: Test): Promise<World> {
  const lab = Lab.for(t)
  for (const name of ['us', 'a', 'b']) lab.node(name)
  lab.lan('lan-a', { us: '10.0.1.1/24', a: '10.0.1.2/24' })
  lab.lan('lan-b', { us: '10.0.1.1/24', b: '10.0.1.2/24' })
  await addVrf(lab, 'red', 1001, 'eth0')
  await addVrf(lab, 'blue', 1002, 'eth1')
  const dummy = async (node: string, name: string, address: string): Promise<void> => {
    await lab.exec(node, ['ip', 'link', 'add', name, 'type', 'dummy'])
    await lab.exec(node, ['ip', 'address', 'add', address, 'dev', name])
    await lab.exec(node, ['ip', 'link', 'set', name, 'up'])
  }
  for (const [vrf, name] of [
    ['red', 'd0'],
    ['blue', 'd1'],
  ] as const) {
    await dummy('us', name, '10.7.0.1/24')
    await lab.exec('us', ['ip', 'link', 'set', name, 'master', vrf])
  }
  await dummy('a', 'd0', '10.8.0.1/24')
  await dummy('b', 'd0', '10.8.0.1/24')
  const a = await SpeakerChild.start(t, lab, 'a', peer)
  const b = await SpeakerChild.start(t, lab, 'b', peer)
  const us = await SpeakerChild.start(t, lab, 'us', {
    red: inVrf('red', 'eth0', 'd0'),
    blue: inVrf('blue', 'eth1', 'd1'),
  })
  for (const one of [a, b, us]) t.equal(one.failure, undefined)
  return { lab, us, a, b }
}

/** What OSPF has put into a table, without the network of the LAN. */
async function learned(lab: Lab, table: number | 'main', node = 'us'): Promise<string[]> {
  const argv = ['ip', '-j', 'route', 'show', 'table', `${table}`, 'protocol', 'ospf']
  const text = await lab.exec(node, argv).catch(() => '[]')
  const routes = JSON.parse(text || '[]') as KernelRoute[]
  const hop = ({ gateway, dev }: KernelRoute): string => `via ${gateway} dev ${dev}`
  return routes.map((route) => `${route.dst} ${hop(route)}`).sort()
}

async function comes(
  lab: Lab,
  table: number | 'main',
  routes: string[],
  node = 'us',
): Promise<void> {
  const wanted = routes.sort().join()
  await until(
    async () => {
      const seen = (await learned(lab, table, node)).join()
      if (seen !== wanted) throw new Error(seen)
      return true
    },
    { what: `table ${table} of ${node} has ${wanted}`, timeout: 90 },
  )
}

inKernel('speakers in two VRFs with the same addresses never meet', async (t) => {
  const { lab, us, a, b } = await build(t)

  // a VIP of one neighbor, then of the other, is in its own VRF's table and in no other
  await a.announce(vip)
  await comes(lab, 1001, [`${vip} via 10.0.1.2 dev eth0`, `${beyond} via 10.0.1.2 dev eth0`])
  await comes(lab, 1002, [`${beyond} via 10.0.1.2 dev eth1`])
  await b.announce(vip)
  await comes(lab, 1002, [`${vip} via 10.0.1.2 dev eth1`, `${beyond} via 10.0.1.2 dev eth1`])
  t.strictSame(await learned(lab, 'main'), [])
  await a.withdraw(vip)
  await comes(lab, 1001, [`${beyond} via 10.0.1.2 dev eth0`])
  t.equal((await learned(lab, 1002)).length, 2, 'the other VRF did not notice')

  // beyond the virtual link is an area that only a backbone router can tell of
  for (const speaker of ['red', 'blue']) {
    const { neighbors } = await us.snapshot(speaker)
    t.strictSame(
      neighbors.map(({ routerId, state }) => `${routerId} ${state}`),
      ['10.0.1.2 Full', '10.0.1.2 Full'],
      `${speaker}: the neighbor, and the same over the virtual link`,
    )
  }

  // a VIP announced from a VRF goes to its neighbor alone
  await us.announce(ourVip, 'red', 'red')
  await comes(
    lab,
    'main',
    [`${ourVip} via 10.0.1.1 dev eth0`, '10.7.0.0/24 via 10.0.1.1 dev eth0'],
    'a',
  )
  await comes(lab, 'main', ['10.7.0.0/24 via 10.0.1.1 dev eth0'], 'b')
  t.match(await lab.exec('us', ['ip', '-o', 'address', 'show', 'dev', 'red']), ourVip)

  // what the kernel makes of it
  const lookup = await lab.exec('us', ['ip', 'route', 'get', vip, 'vrf', 'blue'])
  t.match(lookup, /via 10\.0\.1\.2 dev eth1/)

  await us.stop()
  for (const table of [1001, 1002]) t.strictSame(await learned(lab, table), [])
})

/** An FRR file for one of the VRFs. */
const frrConf = (
  vrf: string,
  device: string,
  more: string,
): string => `interface ${device} vrf ${vrf}
 ip ospf hello-interval 1
 ip ospf dead-interval 20
!
vrf ${vrf}
 ${more}
exit-vrf
!
router ospf vrf ${vrf}
 ospf router-id 10.0.1.1
 network 10.0.0.0/8 area 0
`

inKernel("FRR's files, one for each VRF", async (t) => {
  const lab = Lab.for(t)
  for (const name of ['us', 'a', 'b']) lab.node(name)
  lab.lan('lan-a', { us: '10.0.1.1/24', a: '10.0.1.2/24' })
  lab.lan('lan-b', { us: '10.0.1.1/24', b: '10.0.1.2/24' })
  await addVrf(lab, 'red', 1001, 'eth0')
  await addVrf(lab, 'blue', 1002, 'eth1')
  // to its VRF what lo is elsewhere
  await lab.exec('us', ['ip', 'address', 'add', '10.7.7.7/32', 'dev', 'red'])
  const other: SpeakerOptions = {
    routerId: '10.0.1.2',
    installRoutes: true,
    areas: { 0: { interfaces: { eth0: timers } } },
  }
  const a = await SpeakerChild.start(t, lab, 'a', other)
  const b = await SpeakerChild.start(t, lab, 'b', other)
  for (const [vrf, device, more] of [
    ['red', 'eth0', 'ip route 10.6.0.0/16 10.0.1.2'],
    ['blue', 'eth1', 'ip protocol ospf route-map NONE'],
  ] as const) {
    const file = join(lab.directory, `${vrf}.conf`)
    const deny = 'access-list ALL permit any\nroute-map NONE deny 10\n match ip address ALL\n'
    writeFileSync(file, frrConf(vrf, device, more) + deny)
    const socket = join(lab.directory, `${vrf}.sock`)
    const started = lab.spawn('us', [
      process.execPath,
      cli,
      'run',
      '--frr',
      file,
      '--socket',
      socket,
    ])
    await until(() => started.output.includes('started, router id') || !started.running, {
      what: `the speaker of ${vrf} has started`,
      timeout: 90,
    })
  }
  await a.announce(vip)
  await b.announce(vip)
  await comes(lab, 1001, [`${vip} via 10.0.1.2 dev eth0`])
  await comes(lab, 'main', ['10.7.7.7 via 10.0.1.1 dev eth0'], 'a')
  await until(async () => (await b.snapshot()).neighbors.some(({ state }) => state === 'Full'), {
    what: 'the neighbor in the other VRF is Full',
    timeout: 90,
  })
  t.strictSame(await learned(lab, 'main', 'b'), [], 'lo of one VRF is not told in the other')
  t.strictSame(await learned(lab, 1002), [], 'its route map denies')
  t.strictSame(await learned(lab, 'main'), [])
  const routes = await lab.exec('us', ['ip', 'route', 'show', 'table', '1001'])
  t.match(routes, /^10\.6\.0\.0\/16 via 10\.0\.1\.2 dev eth0/m, 'the static route of the VRF')
})
