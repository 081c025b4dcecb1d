/**
 * A router in the middle of everything that `show ip ospf` can show: area border and AS boundary router at once.
 *
 *   one   10.0.0.1 -- eth0 10.0.1.0/24, area 0, the Designated Router; router information (opaque)
 *   three 10.0.0.3 -- the same, its Backup
 *   four  10.0.0.4 -- eth1 10.0.24.0/30, area 1, point-to-point; redistributes 172.16.4.0/24 (E1, 30, tag 44)
 *   five  10.0.0.5 -- eth2 10.0.25.0/30, area 2, NSSA; redistributes 172.16.5.0/24 (type 7, E2)
 *
 * The subject, 10.0.0.2 ('two'), is FRR once and this library once; the others are FRR both times.
 */
import { type Daemon, Frr, full, type RouterPlan, redistributed } from './daemons.ts'
import { type Lab, until } from './lab.ts'

const area1 = '0.0.0.1'
const area2 = '0.0.0.2'

/** Long enough for a shape to hold still while it is read. */
const timers = { hello: 1, dead: 4 }

export const plans: Readonly<Record<string, RouterPlan>> = {
  one: {
    routerId: '10.0.0.1',
    interfaces: [{ name: 'eth0', network: '10.0.1.0/24', priority: 10, ...timers }],
    vips: ['10.9.1.1'],
    external: { prefix: '172.16.1.0/24', type: 2, metric: 5, tag: 11 },
    extra: ['capability opaque', 'router-info as'],
  },
  two: {
    routerId: '10.0.0.2',
    interfaces: [
      { name: 'eth0', network: '10.0.1.0/24', ...timers },
      { name: 'eth1', network: '10.0.24.0/30', area: area1, type: 'point-to-point', ...timers },
      { name: 'eth2', network: '10.0.25.0/30', area: area2, type: 'point-to-point', ...timers },
    ],
    vips: ['10.9.2.1'],
    areas: { [area2]: ['nssa'] },
    external: { prefix: '172.16.2.0/24', type: 2, metric: 20, tag: 22 },
    extra: ['capability opaque', 'router-info area 0.0.0.0'],
  },
  three: {
    routerId: '10.0.0.3',
    interfaces: [{ name: 'eth0', network: '10.0.1.0/24', priority: 5, ...timers }],
    vips: ['10.9.1.1', '10.9.3.1'],
    extra: ['capability opaque', 'router-info area 0.0.0.0'],
  },
  four: {
    routerId: '10.0.0.4',
    interfaces: [
      { name: 'eth0', network: '10.0.24.0/30', area: area1, type: 'point-to-point', ...timers },
    ],
    vips: ['10.9.4.1'],
    vipArea: area1,
    external: { prefix: '172.16.4.0/24', type: 1, metric: 30, tag: 44 },
    extra: ['capability opaque'],
  },
  five: {
    routerId: '10.0.0.5',
    interfaces: [
      { name: 'eth0', network: '10.0.25.0/30', area: area2, type: 'point-to-point', ...timers },
    ],
    vips: ['10.9.5.1'],
    vipArea: area2,
    areas: { [area2]: ['nssa'] },
    external: { prefix: '172.16.5.0/24', type: 2, metric: 25, tag: 55 },
    extra: ['capability opaque'],
  },
}

/** Nodes, links, addresses of lo and the routes that are redistributed. */
export async function wire(lab: Lab): Promise<void> {
  for (const node of Object.keys(plans)) lab.node(node)
  lab.lan('lan', { one: '10.0.1.1/24', two: '10.0.1.2/24', three: '10.0.1.3/24' })
  lab.link({ two: '10.0.24.1/30', four: '10.0.24.2/30' })
  lab.link({ two: '10.0.25.1/30', five: '10.0.25.2/30' })
  for (const [node, { vips = [], external }] of Object.entries(plans)) {
    for (const vip of vips) await lab.exec(node, ['ip', 'address', 'add', `${vip}/32`, 'dev', 'lo'])
    if (external) await redistributed(lab, node, external.prefix)
  }
}

/** Starts the others, then the subject, and waits until it has every route. */
export async function converge(
  lab: Lab,
  make: (lab: Lab, node: string, plan: RouterPlan) => Daemon,
): Promise<void> {
  const start = async (node: string): Promise<Frr> => {
    const frr = new Frr(lab, node, plans[node]!)
    await frr.start()
    return frr
  }
  const one = await start('one')
  await until(
    async () =>
      (await one.json<Elected>('show ip ospf interface json')).interfaces['eth0']?.state === 'DR',
    { what: 'one is the Designated Router' },
  )
  await start('three')
  await full(one, ['10.0.0.3'])
  await start('four')
  const five = await start('five')
  const two = make(lab, 'two', plans['two']!)
  await two.start()
  await full(two, ['10.0.0.1', '10.0.0.3', '10.0.0.4', '10.0.0.5'])
  const far = ['10.9.1.1', '10.9.3.1', '10.9.4.1', '10.9.5.1'].map((vip) => `${vip}/32`)
  const external = ['172.16.1.0/24', '172.16.4.0/24', '172.16.5.0/24']
  await until(
    async () => {
      const learned = await two.learned()
      const lacking = [...far, ...external].filter((prefix) => !learned.includes(prefix))
      if (lacking.length > 0) throw new Error(`it lacks ${lacking.join(', ')}`)
      return true
    },
    { what: 'two has every route', timeout: 60 },
  )
  await until(async () => (await five.learned()).includes('10.9.1.1/32'), {
    what: 'five has what two knows',
    timeout: 60,
  })
}

interface Elected {
  readonly interfaces: Readonly<Record<string, { readonly state: string }>>
}
