/**
 * Long-lived TCP connections from a client through a router to directors that share a VIP, in namespaces. One of the
 * directors is withdrawn: how many of the connections through the others are disturbed?
 *
 *     client --- router --- LAN --- director 1 .. n, each with the VIP on lo
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { NextHop, RouteChange } from '../lib/core/io.ts'
import { parseIpv4 } from '../lib/wire/address.ts'
import type { Lab } from '../test/interop/lab.ts'

const VIP = '192.0.2.80'
const PORT = 8080
const agent = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './flow-agent.ts' : './flow-agent.js', import.meta.url),
)

export interface FlowOptions {
  readonly mode: 'multipath' | 'groups' | 'resilient'
  readonly directors: number
  readonly connections: number
}

export interface FlowResult {
  readonly mode: FlowOptions['mode']
  /** Connections of each director, before. */
  readonly connections: Readonly<Record<string, number>>
  /** Connections through directors that stayed. */
  readonly staying: number
  /** Of those, the ones that were reset or went silent when the last director left. */
  readonly disturbed: number
  /** Of as many that were opened while it was away, the ones disturbed when it was back. */
  readonly disturbedByReturn: number
}

/** Runs one case in namespaces of its own. */
export async function flows(lab: Lab, options: FlowOptions): Promise<FlowResult> {
  const { mode, directors, connections } = options
  const id = mode.slice(0, 1)
  const name = (node: string): string => `${node}${id}`
  // A hash over ports, or one client is one flow; and no redirect that ties it to one director.
  lab.node(name('router'), {
    'net.ipv4.ip_forward': 1,
    'net.ipv4.fib_multipath_hash_policy': 1,
    'net.ipv4.conf.all.send_redirects': 0,
    'net.ipv4.conf.default.send_redirects': 0,
  })
  lab.node(name('client'))
  const members = Array.from({ length: directors }, (_, i) => ({
    node: lab.node(name(`director${i + 1}-`)),
    address: `10.0.1.${i + 2}`,
  }))
  lab.link({ [name('client')]: '10.0.0.2/24', [name('router')]: '10.0.0.1/24' })
  lab.lan(name('lan'), {
    [name('router')]: '10.0.1.1/24',
    ...Object.fromEntries(members.map(({ node, address }) => [node, `${address}/24`])),
  })
  await lab.exec(name('client'), ['ip', 'route', 'add', 'default', 'via', '10.0.0.1'])
  const running: ChildProcess[] = []
  const start = (node: string, ...argv: string[]): ChildProcess => {
    const command = ['netns', 'exec', lab.namespace(node), process.execPath, agent, ...argv]
    const child = spawn('ip', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    running.push(child)
    return child
  }
  try {
    for (const [i, { node, address }] of members.entries()) {
      await lab.exec(node, ['ip', 'address', 'add', `${VIP}/32`, 'dev', 'lo'])
      await lab.exec(node, ['ip', 'route', 'add', 'default', 'via', '10.0.1.1'])
      await heard(start(node, 'director', VIP, `${PORT}`, `director ${i + 1}`))
      // Plain groups pass over a next hop whose address is being resolved: that is no part of this.
      await lab.connections(name('router'), address, 9, 1)
    }
    const router = start(name('router'), 'router', JSON.stringify({ mode }))
    await heard(router)
    const hops = members.map(
      ({ address }): NextHop => ({ interface: 'eth1', gateway: parseIpv4(address)! }),
    )
    const install = async (nextHops: readonly NextHop[]): Promise<void> => {
      router.send([routeTo(nextHops)])
      await heard(router)
    }
    await install(hops)
    const client = start(name('client'), 'client', VIP, `${PORT}`)
    await heard(client)
    const open = async (): Promise<Record<string, number>> => {
      client.send({ open: connections })
      return ((await heard(client)) as { connections: Record<string, number> }).connections
    }
    const opened = await open()
    const last = `director ${directors}`
    const count = async (): Promise<number> => {
      client.send({})
      const { disturbed } = (await heard(client)) as { disturbed: Record<string, number> }
      return sum(disturbed) - (disturbed[last] ?? 0)
    }
    const before = await count()
    if (before > 0) throw new Error(`${before} connections were disturbed by nothing`)
    await install(hops.slice(0, -1))
    const disturbed = await count()
    await open()
    await install(hops)
    const disturbedByReturn = await count()
    const staying = sum(opened) - (opened[last] ?? 0)
    return { mode, connections: opened, staying, disturbed, disturbedByReturn }
  } finally {
    for (const child of running.reverse()) child.kill('SIGKILL')
  }
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((a, b) => a + b, 0)

function routeTo(nextHops: readonly NextHop[]): RouteChange {
  const place = { prefix: parseIpv4(VIP)!, length: 32, pathType: 'intra-area', area: 0 } as const
  return { type: 'replace', route: { ...place, cost: 10, nextHops } }
}

/** What a process says next. Rejects when it ends instead. */
async function heard(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController()
  const { signal } = ended
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([message]) => message),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`${child.spawnargs.slice(3).join(' ')}: ended with ${code}`)
      }),
    ])
  } finally {
    ended.abort()
  }
}
