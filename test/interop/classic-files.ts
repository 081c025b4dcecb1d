/**
 * The classic cluster, each box built from its files alone: a router, two directors and two real servers.
 *
 * In one subnet, where everybody is told that the VIP is behind the router:
 *
 *   client 10.0.1.10 --+-- 10.0.1.0/24 --+-- router 10.0.1.136
 *                      |                 +-- lb1 10.0.1.133, lb2 10.0.1.135, VIP 10.0.1.100
 *                      |                 +-- s1 10.0.1.11, s2 10.0.1.12
 *
 * In two, with the VIP in neither, and the world behind the router's default route:
 *
 *   world 203.0.113.9 = 10.0.2.254 --+
 *   client 10.0.2.10 ----------------+-- 10.0.2.0/24 -- router -- 10.0.1.0/24 -- the others, VIP 10.0.8.100
 *
 * The boxes' interfaces have no address before their programs run. What an operator's sysctl.conf says is there: that
 * of the router, and the directors' silence in ARP. Real servers have theirs from `ospf-speaker real-server`.
 */
import { join } from 'node:path'
import { type BoxFiles, readdressed } from './boxes.ts'
import { classicIds } from './classic.ts'
import { Lab, type LabTest } from './lab.ts'

export type Role = 'router' | 'lb1' | 'lb2'
export const roles: readonly Role[] = ['router', 'lb1', 'lb2']

export interface Variant {
  readonly folder: string
  readonly keepalived: string
  readonly vip: string
  /** Who asks for the VIP. */
  readonly clients: readonly string[]
  /** Prefixes that a director learns beside its own. */
  readonly learned: readonly string[]
}

const configs = (...path: readonly string[]): string => join('fixtures', 'configs', ...path)

export const variants = {
  'one subnet': {
    folder: configs('classic'),
    keepalived: configs('keepalived', 'classic-dr.conf'),
    vip: '10.0.1.100',
    clients: ['client'],
    learned: ['10.0.1.0/24'],
  },
  'two subnets': {
    folder: configs('two-subnets'),
    keepalived: configs('two-subnets', 'keepalived.conf'),
    vip: '10.0.8.100',
    clients: ['client', 'world'],
    learned: ['0.0.0.0/0', '10.0.1.0/24'],
  },
} as const satisfies Readonly<Record<string, Variant>>

export type VariantName = keyof typeof variants

export const servers = { s1: '10.0.1.11', s2: '10.0.1.12' } as const

/** The network of a variant, and what each box is to be given. */
export async function classicNetwork(
  t: LabTest,
  name: VariantName,
): Promise<{ readonly lab: Lab; readonly files: (role: Role) => BoxFiles }> {
  const { folder, vip }: Variant = variants[name]
  const lab = Lab.for(t)
  lab.node('client')
  lab.node('router', {
    'net.ipv4.ip_forward': 1,
    'net.ipv4.fib_multipath_hash_policy': 1,
    'net.ipv4.conf.all.send_redirects': 0,
    'net.ipv4.conf.default.send_redirects': 0,
  })
  for (const node of ['lb1', 'lb2'])
    lab.node(node, { 'net.ipv4.conf.all.arp_ignore': 1, 'net.ipv4.conf.all.arp_announce': 2 })
  for (const node of Object.keys(servers)) lab.node(node)
  const ip = (node: string, ...words: readonly string[]): Promise<string> =>
    lab.exec(node, ['ip', ...words])
  const isFlat = name === 'one subnet'
  lab.lan('lan', {
    router: `${classicIds.router}/24`,
    lb1: `${classicIds.lb1}/24`,
    lb2: `${classicIds.lb2}/24`,
    s1: `${servers.s1}/24`,
    s2: `${servers.s2}/24`,
    ...(isFlat ? { client: '10.0.1.10/24' } : {}),
  })
  if (isFlat) {
    await ip('client', 'route', 'add', `${vip}/32`, 'via', classicIds.router)
  } else {
    lab.node('world')
    lab.lan('clients', { router: '10.0.2.1/24', client: '10.0.2.10/24', world: '10.0.2.254/24' })
    await ip('client', 'route', 'add', 'default', 'via', '10.0.2.1')
    await ip('world', 'address', 'add', '203.0.113.9/32', 'dev', 'lo')
    // as the one whom the world asks for this network
    await ip('world', 'route', 'add', `${vip}/32`, 'via', '10.0.2.1', 'src', '203.0.113.9')
    for (const node of Object.keys(servers))
      await ip(node, 'route', 'add', 'default', 'via', classicIds.router)
    await ip('router', 'address', 'flush', 'dev', 'eth1')
  }
  for (const node of roles) await ip(node, 'address', 'flush', 'dev', 'eth0')
  const second = readdressed(lab, join(folder, 'director'), { [classicIds.lb1]: classicIds.lb2 })
  const files: Readonly<Record<Role, BoxFiles>> = {
    router: { folder: join(folder, 'router') },
    lb1: { folder: join(folder, 'director') },
    lb2: { folder: second },
  }
  return { lab, files: (role) => files[role] }
}
