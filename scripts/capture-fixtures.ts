/**
 * Captures what OSPF daemons say to each other into fixtures/packets: FRR, BIRD and this library, in network
 * namespaces. Root only; run in the repository's root:
 *
 *   npx tsc -p tsconfig.test.json
 *   node .build/scripts/capture-fixtures.js [scene ...]
 *
 * Without arguments every scene is captured. Beside each pcap goes a JSON with tshark's reading of it; `dissect`
 * as the only argument writes those anew from the pcaps at hand. See fixtures/packets/README.md.
 */
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Bird, type Daemon, Frr, full, type RouterPlan, Speaker } from '../test/interop/daemons.ts'
import { Lab, type LabProcess, until } from '../test/interop/lab.ts'
import { dissect } from './dissect.ts'

type Make = 'frr' | 'bird' | 'speaker'
type Network = 'broadcast' | 'point-to-point'

const fixtures = join(process.cwd(), 'fixtures', 'packets')
const pause = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1000))

function daemon(make: Make, lab: Lab, node: string, plan: RouterPlan): Daemon {
  if (make === 'frr') return new Frr(lab, node, plan)
  return make === 'bird' ? new Bird(lab, node, plan) : new Speaker(lab, node, plan)
}

/** Captures while `scene` runs, and three seconds more for delayed acknowledgements. */
async function record(
  lab: Lab,
  { node, device }: { readonly node: string; readonly device: string },
  name: string,
  scene: () => Promise<void>,
  filter?: string,
): Promise<void> {
  const file = join(lab.directory, `${name}.pcap`)
  const tcpdump: LabProcess = await lab.capture(node, device, file, filter)
  await scene()
  await pause(3)
  await tcpdump.stop()
  copyFileSync(file, join(fixtures, `${name}.pcap`))
  const frames = dissect(file, join(fixtures, `${name}.json`))
  process.stdout.write(`${name}: ${frames} packets\n`)
}

/**
 * Makes a VIP's stub appear in the router's LSA, or go. FRR follows the addresses of lo, and BIRD is configured.
 * The command line announces what it found when it started, but follows its interfaces: there the VIP is on an
 * interface of its own that goes up and down.
 */
async function announce(
  lab: Lab,
  { make, daemon: from, plan, vip }: Side,
  present: boolean,
): Promise<void> {
  if (make === 'speaker') {
    await lab.exec(from.node, ['ip', 'link', 'set', 'vip', present ? 'up' : 'down'])
    return
  }
  const verb = present ? 'add' : 'del'
  await lab.exec(from.node, ['ip', 'address', verb, `${vip}/32`, 'dev', 'lo'])
  if (from instanceof Bird) await from.configure({ ...plan, vips: present ? [vip] : [] })
}

/** One of the two routers of a scene. */
interface Side {
  readonly make: Make
  readonly daemon: Daemon
  readonly plan: RouterPlan
  readonly vip: string
}

async function side(
  lab: Lab,
  make: Make,
  node: string,
  plan: RouterPlan,
  vip: string,
): Promise<Side> {
  if (make === 'bird') return { make, plan, vip, daemon: daemon(make, lab, node, plan) }
  if (make === 'frr') {
    return { make, plan, vip, daemon: daemon(make, lab, node, { ...plan, vips: [vip] }) }
  }
  // Not every kernel has dummy interfaces.
  await lab.exec(node, ['ip', 'link', 'add', 'vip', 'type', 'veth', 'peer', 'name', 'vip-peer'])
  await lab.exec(node, ['ip', 'link', 'set', 'vip-peer', 'up'])
  await lab.exec(node, ['ip', 'address', 'add', `${vip}/32`, 'dev', 'vip'])
  const stub = { name: 'vip', network: `${vip}/32`, passive: true }
  const withStub = { ...plan, interfaces: [...plan.interfaces, stub] }
  return { make, plan: withStub, vip, daemon: daemon(make, lab, node, withStub) }
}

/**
 * Two routers and nothing else: how they become adjacent, how each floods a stub that comes and goes, how one
 * that died without a word comes back to its own old LSAs (13.4), and how both leave.
 */
async function pair(one: Make, other: Make, network: Network): Promise<void> {
  await using lab = new Lab()
  const [a, b] = [lab.node('a'), lab.node('b')]
  const addresses = { a: '10.0.1.136/24', b: '10.0.1.133/24' }
  let tap = { node: a, device: 'eth0' }
  if (network === 'broadcast') {
    const lan = lab.lan('lan', addresses)
    tap = { node: lan.node, device: lan.bridge }
  } else {
    lab.link(addresses)
  }
  const interfaces = [{ name: 'eth0', network: '10.0.1.0/24', type: network }]
  const first = await side(lab, one, a, { routerId: '10.0.1.136', interfaces }, '10.0.9.1')
  const second = await side(lab, other, b, { routerId: '10.0.1.133', interfaces }, '10.0.9.2')
  const name = `${one}-${other}-${network}`
  const adjacent = async (): Promise<void> => {
    await full(first.daemon, [second.plan.routerId])
    await full(second.daemon, [first.plan.routerId])
  }
  const change = async (from: Side, to: Side, present: boolean): Promise<void> => {
    await announce(lab, from, present)
    await until(async () => (await to.daemon.learned()).includes(`${from.vip}/32`) === present, {
      what: `${to.make} has ${present ? 'learned' : 'lost'} ${from.vip}`,
    })
  }

  await record(lab, tap, `${name}-adjacency`, async () => {
    await Promise.all([first.daemon.start(), second.daemon.start()])
    await adjacent()
  })
  await record(lab, tap, `${name}-change`, async () => {
    await change(first, second, true)
    await change(second, first, true)
    await change(first, second, false)
    await change(second, first, false)
  })
  await record(lab, tap, `${name}-crash`, async () => {
    await second.daemon.kill()
    await second.daemon.start()
    await pause(2)
    await adjacent()
  })
  const leave = async (leaving: Side, staying: Side): Promise<void> => {
    await leaving.daemon.stop()
    await until(async () => (await staying.daemon.fullNeighbors()).length === 0, {
      what: `${staying.make} notices`,
    })
  }
  await record(lab, tap, `${name}-shutdown`, async () => {
    await leave(first, second)
    await first.daemon.start()
    await adjacent()
    await leave(second, first)
  })
}

/**
 * LSRefreshTime, which no daemon shortens: FRR, BIRD and this library alone on a LAN for half an hour, and of the last
 * minutes only updates and acknowledgements. Takes 31 minutes.
 */
async function refresh(): Promise<void> {
  await using lab = new Lab()
  for (const node of ['frr', 'bird', 'speaker']) lab.node(node)
  const addresses = { frr: '10.0.1.1/24', bird: '10.0.1.2/24', speaker: '10.0.1.3/24' }
  const lan = lab.lan('lan', addresses)
  const interfaces = [{ name: 'eth0', network: '10.0.1.0/24', type: 'broadcast' as const }]
  const daemons = (['frr', 'bird', 'speaker'] as const).map((make, i) =>
    daemon(make, lab, make, { routerId: `10.0.1.${i + 1}`, interfaces }),
  )
  const begun = Date.now()
  await Promise.all(daemons.map((d) => d.start()))
  await full(daemons[0]!, ['10.0.1.2', '10.0.1.3'])
  await pause(1780 - (Date.now() - begun) / 1000)
  // byte 1 of the OSPF header, behind an IP header without options: LS Update and Acknowledgment
  const only = 'ip proto 89 and (ip[21] = 4 or ip[21] = 5)'
  await record(
    lab,
    { node: lan.node, device: lan.bridge },
    'frr-bird-speaker-broadcast-refresh',
    () => pause(75),
    only,
  )
}

/**
 * Every LSA type that FRR originates. `abr` joins area 0 (a BIRD), area 1 (an ASBR that redistributes, and says
 * opaque things) and area 2 (an NSSA with an ASBR); captured on all its interfaces at once.
 */
async function areas(): Promise<void> {
  await using lab = new Lab()
  for (const node of ['abr', 'backbone', 'asbr', 'nssa']) lab.node(node)
  lab.lan('lan', { abr: '10.1.0.1/24', backbone: '10.1.0.2/24' })
  lab.link({ abr: '10.1.1.1/24', asbr: '10.1.1.2/24' })
  lab.link({ abr: '10.1.2.1/24', nssa: '10.1.2.2/24' })
  for (const [node, address] of [
    ['asbr', '192.0.2.1/32'],
    ['nssa', '198.51.100.1/32'],
  ] as const) {
    await lab.exec(node, ['ip', 'address', 'add', address, 'dev', 'lo'])
  }
  const zero = { network: '10.1.0.0/24', area: '0.0.0.0' }
  const one = { network: '10.1.1.0/24', area: '0.0.0.1', type: 'point-to-point' as const }
  const two = { network: '10.1.2.0/24', area: '0.0.0.2', type: 'point-to-point' as const }
  const te = (address: string): readonly string[] => [
    'capability opaque',
    'mpls-te on',
    `mpls-te router-address ${address}`,
    'router-info area',
  ]
  const abr = new Frr(lab, 'abr', {
    routerId: '10.1.0.1',
    interfaces: [
      { name: 'eth0', ...zero },
      { name: 'eth1', ...one },
      { name: 'eth2', ...two },
    ],
    extra: ['area 0.0.0.2 nssa', ...te('10.1.0.1')],
  })
  const backbone = new Bird(lab, 'backbone', {
    routerId: '10.1.0.2',
    interfaces: [{ name: 'eth0', ...zero }],
  })
  const asbr = new Frr(lab, 'asbr', {
    routerId: '10.1.1.2',
    interfaces: [{ name: 'eth0', ...one }],
    extra: [
      'redistribute connected metric 7 metric-type 1',
      'default-information originate always metric 20 metric-type 2',
      ...te('10.1.1.2'),
    ],
  })
  const nssa = new Frr(lab, 'nssa', {
    routerId: '10.1.2.2',
    interfaces: [{ name: 'eth0', ...two }],
    extra: ['area 0.0.0.2 nssa', 'redistribute connected'],
  })
  await record(lab, { node: 'abr', device: 'any' }, 'areas', async () => {
    await Promise.all([abr.start(), backbone.start(), asbr.start(), nssa.start()])
    await full(abr, ['10.1.0.2', '10.1.1.2', '10.1.2.2'])
    for (const prefix of ['192.0.2.1/32', '198.51.100.1/32', '10.1.2.0/24']) {
      await until(async () => (await backbone.learned()).includes(prefix), {
        what: `the backbone has learned ${prefix}`,
        timeout: 60,
      })
    }
  })
}

const scenes = new Map<string, () => Promise<void>>([
  ['areas', areas],
  ['refresh', refresh],
])
const pairs = [
  ['frr', 'frr'],
  ['frr', 'bird'],
  ['frr', 'speaker'],
  ['bird', 'speaker'],
] as const
for (const [one, other] of pairs) {
  for (const network of ['broadcast', 'point-to-point'] as const) {
    scenes.set(`${one}-${other}-${network}`, () => pair(one, other, network))
  }
}

if (process.argv[2] === 'dissect') {
  for (const file of readdirSync(fixtures).filter((name) => name.endsWith('.pcap'))) {
    dissect(join(fixtures, file), join(fixtures, file.replace(/pcap$/, 'json')))
  }
} else {
  const wanted = process.argv.length > 2 ? process.argv.slice(2) : [...scenes.keys()]
  mkdirSync(fixtures, { recursive: true })
  for (const name of wanted) {
    const scene = scenes.get(name)
    if (scene === undefined) throw new Error(`no scene ${name}; there are ${[...scenes.keys()]}`)
    await scene()
  }
}
