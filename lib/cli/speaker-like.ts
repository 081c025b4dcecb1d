/** What the command line needs of a running speaker, in the library's public names. */
import type {
  AreaView,
  Director,
  InterfaceView,
  KernelStatus,
  LsaView,
  NeighborView,
  NextHopView,
  RouterView,
  RouteView,
  Speaker,
  SpeakerOptions,
} from '../index.ts'
import type { Devices } from './devices.ts'
import type { EventRing } from './event-ring.ts'
import type { ReadTable } from './kernel-table.ts'

export type {
  AreaView,
  InterfaceView,
  KernelStatus,
  LsaView,
  NeighborView,
  NextHopView,
  RouterView,
  RouteView,
}

/** What is looked at. */
export type Snapshots = Pick<
  Speaker,
  | 'routerId'
  | 'status'
  | 'vitals'
  | 'neighbors'
  | 'interfaces'
  | 'routes'
  | 'database'
  | 'spf'
  | 'kernel'
>

/** A speaker with what stands around it, as the commands see it. */
export interface Operated {
  readonly speaker: Snapshots &
    Pick<
      Speaker,
      | 'announcements'
      | 'announce'
      | 'drain'
      | 'undrain'
      | 'kernelSettings'
      | 'refresh'
      | 'reset'
      | 'why'
      | 'whatIf'
    >
  /** Undefined: it has no virtual services. */
  readonly director?:
    | Pick<Director, 'status' | 'info' | 'reconcile' | 'drain' | 'undrain'>
    | undefined
  /** What it runs with now. */
  readonly options: SpeakerOptions
  readonly events: EventRing
  readonly devices: Devices
  /** What else is in the kernel's table; undefined: there is no kernel to look at. */
  readonly readTable?: ReadTable
  /** Milliseconds since 1970. */
  readonly wall: () => number
  /** Milliseconds on the speaker's clock. */
  readonly now: () => number
}
