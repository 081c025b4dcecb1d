/** What the command line needs of a running speaker: of its views, what is shown. */
import type * as speaker from '../index.ts'

/** Those may be left out. */
type Loose<T, K extends keyof T> = Omit<T, K> & { readonly [P in K]?: T[P] | undefined }

export type NeighborView = Loose<
  Omit<
    speaker.NeighborView,
    'area' | 'role' | 'designatedRouter' | 'backupDesignatedRouter' | 'options' | 'lastEvent'
  >,
  'hostname' | 'upTime' | 'deadTime' | 'retransmissions' | 'requests' | 'summaries'
>

export type InterfaceView = Omit<
  speaker.InterfaceView,
  'up' | 'authentication' | 'neighbors' | 'fullNeighbors' | 'drops'
>

/** How routes go to the kernel. */
export type KernelView = speaker.KernelStatus

export type RouteView = Loose<
  Omit<speaker.RouteView, 'age' | 'lsas' | 'nextHops'>,
  'pathType' | 'type2Cost' | 'tag'
> & { readonly nextHops: readonly Loose<speaker.NextHopView, 'gateway'>[] }

export type LsaView = Loose<
  Omit<speaker.LsaView, 'interface' | 'options' | 'length' | 'own' | 'body'>,
  'advertisingHostname'
>

export interface Snapshots {
  readonly routerId: string
  neighbors(): readonly NeighborView[]
  interfaces(): readonly InterfaceView[]
  routes(): readonly RouteView[]
  database(): readonly LsaView[]
  kernel?(): KernelView | undefined
}
