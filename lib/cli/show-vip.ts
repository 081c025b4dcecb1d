/** `show vip` and `show health`: what is announced, and what stands behind that. */
import { healthLines, type ServiceHealth, servicesHealth } from './show-lvs.ts'
import type { Operated } from './speaker-like.ts'
import { block, clockTime, table } from './text.ts'

export interface VipEntry {
  readonly state: string
  /** Seconds. */
  readonly since: number
  readonly reason: string
  /** Metric in our LSAs now; null: it is not announced. */
  readonly cost: number | null
  /** Share of the traffic, where it was asked for one. */
  readonly weight: number | null
  /** Every line of what happened, the latest last. */
  readonly history: readonly string[]
}

export type VipDocument = Readonly<Record<string, VipEntry>>

export function vipDocument({ speaker, now }: Operated, vip?: string): VipDocument {
  const costs = ownCosts(speaker)
  const weights = ownWeights(speaker)
  const entries = speaker
    .announcements()
    .filter(({ prefix }) => vip === undefined || prefix === vip)
    .map((announcement): [string, VipEntry] => {
      const { prefix, state, reason, since } = announcement
      return [
        prefix,
        {
          state,
          since: Math.max(0, (now() - since) / 1000),
          reason,
          cost: costs.get(prefix) ?? null,
          weight: weights.get(prefix) ?? null,
          history: announcement.why(),
        },
      ]
    })
  return Object.fromEntries(entries)
}

const dotted = (n: number): string => [24, 16, 8, 0].map((shift) => (n >>> shift) & 255).join('.')
const bits = (mask: number): number => (mask >>> 0).toString(2).replaceAll('0', '').length
const STUB = 3

function ownCosts(speaker: Operated['speaker']): ReadonlyMap<string, number> {
  const costs = new Map<string, number>()
  for (const { own, body, prefix } of speaker.database()) {
    if (!own) continue
    if (body.kind === 'external' && prefix !== undefined) costs.set(prefix, body.metric)
    if (body.kind !== 'router') continue
    for (const { type, id, data, metric } of body.links) {
      if (type === STUB) costs.set(`${dotted(id)}/${bits(data)}`, metric)
    }
  }
  return costs
}

/** The private-use opaque type of traffic shares, whose layout the README gives. */
const TRAFFIC_SHARE = 236
const HEADER = 8
const ENTRY = 8

function ownWeights(speaker: Operated['speaker']): ReadonlyMap<string, number> {
  const weights = new Map<string, number>()
  for (const { own, body } of speaker.database()) {
    if (!own || body.kind !== 'opaque' || body.opaqueType !== TRAFFIC_SHARE) continue
    const view = new DataView(body.data.buffer, body.data.byteOffset, body.data.byteLength)
    for (let at = HEADER; at + ENTRY <= view.byteLength; at += ENTRY) {
      const prefix = `${dotted(view.getUint32(at))}/${view.getUint8(at + 4)}`
      weights.set(prefix, view.getUint16(at + 6))
    }
  }
  return weights
}

export function vipText(document: VipDocument): string {
  const rows = Object.entries(document).map(([prefix, vip]) => [
    prefix,
    vip.state,
    clockTime(vip.since),
    String(vip.cost ?? '-'),
    String(vip.weight ?? '-'),
    vip.reason,
  ])
  if (rows.length === 0) return block('No VIP is announced')
  return block(...table(['VIP', 'State', 'Since', 'Cost', 'Weight', 'Why'], rows))
}

export interface HealthDocument {
  readonly vips: Readonly<Record<string, { readonly healthy: boolean; readonly reason: string }>>
  /** Virtual services, with their real servers and why. */
  readonly services: Readonly<Record<string, ServiceHealth>>
  readonly neighbors: { readonly full: number; readonly others: number }
  readonly interfaces: { readonly up: number; readonly down: readonly string[] }
  /** Kernel parameters that are not as they should be. */
  readonly kernel: readonly string[]
  /** Packets and LSAs dropped, by reason. */
  readonly drops: Readonly<Record<string, number>>
}

const isAnnounced = (state: string): boolean => state === 'up' || state === 'draining'

export function healthDocument(operated: Operated): HealthDocument {
  const { speaker } = operated
  const drops: Record<string, number> = {}
  const interfaces = speaker.interfaces()
  for (const on of interfaces) {
    for (const [reason, count] of Object.entries(on.drops)) {
      drops[reason] = (drops[reason] ?? 0) + count
    }
  }
  const states = speaker.neighbors().map(({ state }) => state)
  const full = states.filter((state) => state === 'Full').length
  return {
    vips: Object.fromEntries(
      speaker
        .announcements()
        .map(({ prefix, state, reason }) => [prefix, { healthy: isAnnounced(state), reason }]),
    ),
    services: servicesHealth(operated),
    neighbors: { full, others: states.length - full },
    interfaces: {
      up: interfaces.filter(({ state }) => state !== 'Down').length,
      down: interfaces.filter(({ state }) => state === 'Down').map(({ name }) => name),
    },
    kernel: speaker
      .kernelSettings()
      .map(
        ({ name, value, wanted, why }) =>
          `${name} is ${value ?? 'not there'}, should be ${wanted} (${why})`,
      ),
    drops,
  }
}

export function healthText(document: HealthDocument): string {
  const { vips, services, neighbors, interfaces, kernel, drops } = document
  const down = interfaces.down.length > 0 ? `, down: ${interfaces.down.join(', ')}` : ''
  return block(
    `Interfaces: ${interfaces.up} up${down}`,
    `Neighbors: ${neighbors.full} Full, ${neighbors.others} in other states`,
    ...Object.entries(vips).map(
      ([prefix, { healthy, reason }]) =>
        `VIP ${prefix}: ${healthy ? 'healthy' : 'not healthy'} (${reason})`,
    ),
    ...healthLines(services),
    ...kernel.map((line) => `Kernel: ${line}`),
    ...Object.entries(drops).map(([reason, count]) => `Dropped: ${count} ${reason}`),
  )
}
