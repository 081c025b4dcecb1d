/** Reloads that change a real server, under traffic beside FRR: no adjacency and no connection is lost. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { classic, classicIds, nextHops } from './classic.ts'
import { Frr, full } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'

t.setTimeout(150_000)

const cli = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url))
const vip = '10.0.1.100'

/** A director with its pool in nftables, as IPVS wants a kernel of its own. */
const pool = (lab: Lab, servers: Readonly<Record<string, number>>): string => `
routerId: ${classicIds.lb1}
areas:
  0.0.0.0: { interfaces: { eth0: { cost: 1, helloInterval: 1, deadInterval: 4, priority: 0 } } }
socket: ${join(lab.directory, 'lb1.sock')}
vips:
  ${vip}: { device: lo }
lvs:
  dataPlane: { type: nftables, devices: [eth0] }
  services:
    - address: ${vip}
      port: 80
      scheduler: wrr
      forward: dr
      delayLoop: 1
      checks: [{ type: tcp }]
      servers:
${Object.entries(servers)
  .map(([address, weight]) => `        - { address: ${address}, weight: ${weight} }`)
  .join('\n')}
`

const hasNft = ['/usr/sbin/nft', '/sbin/nft', '/usr/bin/nft'].some((path) => existsSync(path))
const lacksNft = missing('frr') || (hasNft ? false : 'not run: needs nft')

t.test('a real server changes under traffic', { skip: lacksNft }, async (t) => {
  const lab = Lab.for(t)
  const { router: plan } = await classic(lab)
  const rs = '10.0.1.140'
  lab.node('rs', { 'net.ipv4.conf.all.arp_ignore': 1, 'net.ipv4.conf.all.arp_announce': 2 })
  const [bridge, node] = [lab.namespace('lan'), lab.namespace('rs')]
  for (const line of [
    `-n ${node} link add eth0 type veth peer name up-rs netns ${bridge}`,
    `-n ${bridge} link set up-rs master br0 up`,
    `-n ${node} address add ${rs}/24 dev eth0`,
    `-n ${node} link set eth0 up`,
    `-n ${node} route add default via ${classicIds.router}`,
  ])
    await lab.exec('rs', ['ip', ...line.split(' ')])
  for (const server of ['lb2', 'rs']) {
    await lab.exec(server, ['ip', 'address', 'add', `${vip}/32`, 'dev', 'lo'])
    await lab.serve(server, '0.0.0.0', 80, server)
  }
  const frr = new Frr(lab, 'router', plan)
  await frr.start()
  const file = join(lab.directory, 'lb1.yaml')
  const write = (servers: Readonly<Record<string, number>>): void =>
    writeFileSync(file, pool(lab, servers))
  const reload = (): Promise<string> =>
    lab.exec('lb1', [process.execPath, cli, 'reload', '--socket', join(lab.directory, 'lb1.sock')])
  write({ [classicIds.lb2]: 1 })
  const lb1 = lab.spawn('lb1', [process.execPath, cli, 'run', file], 'ospf-speaker')
  await until(() => lb1.output.includes('started, router id') || !lb1.running, {
    what: 'ospf-speaker has started',
  })
  await full(frr, [classicIds.lb1])
  await until(async () => (await nextHops(lab, 'router', vip)).length === 1, { what: 'the VIP' })
  await until(async () => (await lab.connections('client', vip, 80, 5)).answered['lb2'] === 5, {
    what: 'the VIP answers',
    timeout: 30,
  })
  const since = Date.now()
  let isOver = false
  const failed: Record<string, number>[] = []
  let answered: Record<string, number> = {}
  const traffic = (async () => {
    while (!isOver) {
      const count = await lab.connections('client', vip, 80, 50)
      answered = { ...count.answered }
      if (Object.keys(count.failed).length > 0) failed.push(count.failed)
    }
  })()
  traffic.catch(() => {})
  const answers = (of: readonly string[]): Promise<unknown> =>
    until(() => Object.keys(answered).sort().join() === of.join(), {
      what: `${of.join(' and ')} answer`,
      timeout: 30,
    })
  await answers(['lb2'])

  write({ [classicIds.lb2]: 1, [rs]: 3 })
  t.match(await reload(), /lvs/)
  await answers(['lb2', 'rs'])
  write({ [classicIds.lb2]: 0, [rs]: 3 })
  await reload()
  await answers(['rs'])
  write({ [rs]: 3 })
  await reload()
  await answers(['rs'])

  // longer than the dead interval: what was lost would be seen by now
  await new Promise((resolve) => setTimeout(resolve, 5000))
  isOver = true
  await traffic
  t.strictSame(failed, [], 'no connection failed')
  t.strictSame(await nextHops(lab, 'router', vip), [classicIds.lb1])
  t.notMatch(lb1.output, /Full -> /, 'the adjacency was never lost')
  const [neighbor] = (await frr.neighbors())[classicIds.lb1] ?? []
  t.ok(
    (neighbor as unknown as { upTimeInMsec: number }).upTimeInMsec > Date.now() - since,
    'nor was it for FRR',
  )
  t.equal(await lb1.stop(20), 0)
})
