/** What routers of every make have learned, in the same words: the kernel's next hops, and externals. */
import type { Bird, Daemon, Frr, PlannedExternal } from './daemons.ts'
import { type KernelRoute, type Lab, until } from './lab.ts'
import type { SpeakerChild } from './speakers.ts'

/** RTPROT_* of FRR and of this library, and of BIRD. */
const protocols = ['188', '12']

/** 'ADDRESS' by prefix: how a node's kernel reaches what its OSPF daemon learned. Several next hops: by comma. */
export async function gateways(lab: Lab, node: string): Promise<Readonly<Record<string, string>>> {
  const text = await lab.exec(node, ['ip', '-N', '-j', 'route'])
  const found: Record<string, string> = {}
  for (const route of JSON.parse(text || '[]') as readonly KernelRoute[]) {
    if (!protocols.includes(route.protocol ?? '')) continue
    const hops = route.nexthops ?? [{ gateway: route.gateway }]
    // FRR has one next hop twice if it came by it in two ways
    const via = [...new Set(hops.flatMap(({ gateway }) => gateway ?? []))].toSorted()
    if (via.length === 0) continue // attached, or to be discarded
    const { dst } = route
    const prefix = dst === 'default' ? '0.0.0.0/0' : dst.includes('/') ? dst : `${dst}/32`
    found[prefix] = via.join()
  }
  return found
}

/** Waits until a node's kernel has just these routes. */
export async function learns(
  lab: Lab,
  node: string,
  wanted: Readonly<Record<string, string>>,
): Promise<void> {
  const sorted = (routes: object): string => JSON.stringify(Object.entries(routes).toSorted())
  await until(
    async () => {
      const now = await gateways(lab, node)
      if (sorted(now) === sorted(wanted)) return true
      throw new Error(JSON.stringify(now))
    },
    { what: `the kernel of ${node} has ${JSON.stringify(wanted)}`, timeout: 60 },
  )
}

/** Type, tag, and the metric: of type 1 the whole cost, of type 2 what its originator said. */
export type SeenExternal = Omit<PlannedExternal, 'prefix' | 'via'>

interface FrrRoute {
  readonly routeType: string
  readonly cost: number
  readonly type2cost?: number
  readonly tag?: number
}

export async function externalOfFrr(frr: Frr, prefix: string): Promise<SeenExternal | undefined> {
  const routes = await frr.json<Readonly<Record<string, FrrRoute>>>('show ip ospf route json')
  const route = routes[prefix]
  if (!route?.routeType.startsWith('N E')) return undefined
  const { routeType, cost, type2cost = 0, tag = 0 } = route
  const type = routeType === 'N E1' ? 1 : 2
  return { type, metric: type === 1 ? cost : type2cost, tag }
}

export async function externalOfBird(
  bird: Bird,
  prefix: string,
): Promise<SeenExternal | undefined> {
  const text = await bird.birdc('show', 'route', prefix, 'all')
  const kind = /^\s*Type: OSPF-E([12]) /m.exec(text)?.[1]
  if (kind === undefined) return undefined
  const type = kind === '1' ? 1 : 2
  const metric = Number(new RegExp(`OSPF\\.metric${type}: (\\d+)`).exec(text)?.[1])
  const tag = Number(/OSPF\.tag: (0x[0-9a-f]+)/.exec(text)?.[1] ?? 0)
  return { type, metric, tag }
}

export async function externalOfSpeaker(
  speaker: SpeakerChild,
  prefix: string,
): Promise<SeenExternal | undefined> {
  const { routes } = await speaker.snapshot()
  const route = routes.find((each) => each.prefix === prefix)
  if (!route?.pathType.startsWith('external')) return undefined
  const { cost, type2Cost, tag = 0 } = route
  return type2Cost === undefined
    ? { type: 1, metric: cost, tag }
    : { type: 2, metric: type2Cost, tag }
}

/** A router of any make. */
export type AnyRouter = Pick<Daemon, 'node' | 'fullNeighbors'>
