/** The interface state machine, RFC 2328 9.3: one row per paragraph, in its order. */
import type { InterfaceState } from './states.ts'

/** Section 9.2. */
export type InterfaceEvent =
  | 'InterfaceUp'
  | 'WaitTimer'
  | 'BackupSeen'
  | 'NeighborChange'
  | 'LoopInd'
  | 'UnloopInd'
  | 'InterfaceDown'

type Elected = 'DROther' | 'Backup' | 'DR'

/** What a row may do; the interface implements it. */
export interface InterfaceActions {
  startHello(): void
  startWait(): void
  /** A Designated Router is elected here: broadcast or NBMA. */
  electsDr(): boolean
  isEligible(): boolean
  /** 9.4; returns our part in the outcome. */
  elect(): Elected
  /** Reset all variables and timers; destroy all neighbors (KillNbr). */
  reset(): void
}

type Next = InterfaceState | 'same'

interface Row {
  readonly from: readonly InterfaceState[]
  readonly on: InterfaceEvent
  readonly to: readonly Next[]
  run(i: InterfaceActions): Next
}

const row = <const N extends Next>(
  from: readonly InterfaceState[],
  on: InterfaceEvent,
  to: readonly N[],
  run: (i: InterfaceActions) => NoInfer<N>,
): Row => ({ from, on, to, run })

const all: readonly InterfaceState[] = [
  'Down',
  'Loopback',
  'Waiting',
  'Point-to-point',
  'DROther',
  'Backup',
  'DR',
]
const elected: readonly Elected[] = ['DROther', 'Backup', 'DR']

export const interfaceTable: readonly Row[] = [
  row(['Down'], 'InterfaceUp', ['Point-to-point', 'DROther', 'Waiting'], (i) => {
    i.startHello()
    if (!i.electsDr()) return 'Point-to-point'
    if (!i.isEligible()) return 'DROther'
    i.startWait()
    return 'Waiting'
  }),
  row(['Waiting'], 'BackupSeen', elected, (i) => i.elect()),
  row(['Waiting'], 'WaitTimer', elected, (i) => i.elect()),
  row(elected, 'NeighborChange', elected, (i) => i.elect()),
  row(all, 'InterfaceDown', ['Down'], (i) => {
    i.reset()
    return 'Down'
  }),
  row(all, 'LoopInd', ['Loopback'], (i) => {
    i.reset()
    return 'Loopback'
  }),
  row(['Loopback'], 'UnloopInd', ['Down'], () => 'Down'),
]

const rows = new Map<string, Row>()
for (const entry of interfaceTable) {
  for (const state of entry.from) {
    const key = `${state} ${entry.on}`
    if (rows.has(key)) throw new Error(`two rows for ${key}`)
    rows.set(key, entry)
  }
}

/**
 * Runs the row of a state and an event. A pair that has no row is not legal and changes nothing.
 * @returns the state reached.
 */
export function stepInterface(
  state: InterfaceState,
  event: InterfaceEvent,
  actions: InterfaceActions,
): InterfaceState {
  const next = rows.get(`${state} ${event}`)?.run(actions) ?? 'same'
  return next === 'same' ? state : next
}
