/**
 * The classic topology of an OSPF load balancer: a client behind a router, and two directors on a LAN with the
 * router, each with the VIP on its lo and a route to it announced.
 *
 *   client 10.0.2.10 -- 10.0.2.1 router 10.0.1.136 --+-- 10.0.1.0/24 --+-- lb1 10.0.1.133
 *                                                                      +-- lb2 10.0.1.135
 *
 * The VIP 10.0.1.100/32 lies in the LAN's own subnet; on the router the /32 wins over the connected /24. That
 * is also why the directors must not answer ARP for it, and why the client sits on a subnet of its own.
 */
import type { RouterPlan } from './daemons.ts'
import type { Lab, Lan } from './lab.ts'

export interface Classic {
  readonly vip: '10.0.1.100'
  readonly lan: Lan
  /** What the router runs: eth0 on the LAN, the client's network passive. */
  readonly router: RouterPlan
  /** What a director runs: eth0 on the LAN and the VIP. */
  readonly director: (name: 'lb1' | 'lb2') => RouterPlan
}

export const classicIds: { readonly router: string; readonly lb1: string; readonly lb2: string } = {
  router: '10.0.1.136',
  lb1: '10.0.1.133',
  lb2: '10.0.1.135',
}

/** Builds the topology: nodes `client`, `router`, `lb1`, `lb2` and the bridge `lan`. No daemon runs yet. */
export async function classic(lab: Lab): Promise<Classic> {
  lab.node('client')
  lab.node('router', {
    'net.ipv4.ip_forward': 1,
    'net.ipv4.fib_multipath_hash_policy': 1,
    // One redirect would pin the client to a single director.
    'net.ipv4.conf.all.send_redirects': 0,
    'net.ipv4.conf.default.send_redirects': 0,
  })
  for (const name of ['lb1', 'lb2']) {
    lab.node(name, { 'net.ipv4.conf.all.arp_ignore': 1, 'net.ipv4.conf.all.arp_announce': 2 })
  }
  const lan = lab.lan('lan', {
    router: `${classicIds.router}/24`,
    lb1: `${classicIds.lb1}/24`,
    lb2: `${classicIds.lb2}/24`,
  })
  lab.link({ client: '10.0.2.10/24', router: '10.0.2.1/24' })
  await lab.exec('client', ['ip', 'route', 'add', 'default', 'via', '10.0.2.1'])
  for (const name of ['lb1', 'lb2']) {
    await lab.exec(name, ['ip', 'route', 'add', 'default', 'via', classicIds.router])
  }
  const eth0 = { name: 'eth0', network: '10.0.1.0/24' }
  return {
    vip: '10.0.1.100',
    lan,
    router: {
      routerId: classicIds.router,
      interfaces: [eth0, { name: 'eth1', network: '10.0.2.0/24', passive: true }],
    },
    director: (name) => ({
      routerId: classicIds[name],
      interfaces: [eth0],
      vips: ['10.0.1.100'],
    }),
  }
}

/** Puts the VIP on a node's lo. */
export async function addVip(lab: Lab, node: string, vip: string): Promise<void> {
  await lab.exec(node, ['ip', 'address', 'add', `${vip}/32`, 'dev', 'lo'])
}

/** The addresses of the routers that a node's kernel sends a /32 to, sorted. */
export async function nextHops(lab: Lab, node: string, vip: string): Promise<readonly string[]> {
  const route = (await lab.routes(node)).find(({ dst }) => dst === vip)
  if (route === undefined) return []
  const hops = route.nexthops ?? [{ gateway: route.gateway }]
  return hops.flatMap(({ gateway }) => gateway ?? []).toSorted()
}
