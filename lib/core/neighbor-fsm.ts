/** The neighbor state machine, RFC 2328 10.3: one row per paragraph, in its order. */
import type { NeighborState } from './states.ts'

/** Section 10.2. */
export type NeighborEvent =
  | 'Start'
  | 'HelloReceived'
  | '2-WayReceived'
  | 'NegotiationDone'
  | 'ExchangeDone'
  | 'LoadingDone'
  | 'AdjOK?'
  | 'SeqNumberMismatch'
  | 'BadLSReq'
  | 'KillNbr'
  | 'LLDown'
  | 'InactivityTimer'
  | '1-WayReceived'

/** What a row may do; the neighbor implements it. */
export interface NeighborActions {
  restartInactivityTimer(): void
  sendHello(): void
  /** 10.4 */
  shouldBeAdjacent(): boolean
  /** It is its turn (RFC 4222). */
  mayExchange(): boolean
  /** Start, or start again, to negotiate a database exchange. */
  beginExchange(): void
  /** Put the area's LSAs on the Database summary list. */
  listDatabase(): void
  hasRequests(): boolean
  /** Empty the retransmission, summary and request lists, and stop what sends from them. */
  clearLists(): void
  stopInactivityTimer(): void
}

type Next = NeighborState | 'same'

interface Row {
  readonly from: readonly NeighborState[]
  readonly on: NeighborEvent
  readonly to: readonly Next[]
  run(n: NeighborActions): Next
}

/** One outcome. */
const go = (
  from: readonly NeighborState[],
  on: NeighborEvent,
  to: Next,
  action?: (n: NeighborActions) => void,
): Row => ({
  from,
  on,
  to: [to],
  run(n) {
    action?.(n)
    return to
  },
})

/** Several; the action picks, and the compiler holds it to the row. */
const choose = <const N extends Next>(
  from: readonly NeighborState[],
  on: NeighborEvent,
  to: readonly N[],
  run: (n: NeighborActions) => NoInfer<N>,
): Row => ({ from, on, to, run })

const all: readonly NeighborState[] = [
  'Down',
  'Attempt',
  'Init',
  '2-Way',
  'ExStart',
  'Exchange',
  'Loading',
  'Full',
]
/** "state or greater" (10.1 orders them). */
const from = (state: NeighborState): readonly NeighborState[] => all.slice(all.indexOf(state))

const down = (n: NeighborActions): void => {
  n.clearLists()
  n.stopInactivityTimer()
}
const restart = (n: NeighborActions): void => {
  n.clearLists()
  n.beginExchange()
}

export const neighborTable: readonly Row[] = [
  go(['Down'], 'Start', 'Attempt', (n) => {
    n.sendHello()
    n.restartInactivityTimer()
  }),
  go(['Attempt'], 'HelloReceived', 'Init', (n) => n.restartInactivityTimer()),
  go(['Down'], 'HelloReceived', 'Init', (n) => n.restartInactivityTimer()),
  go(from('Init'), 'HelloReceived', 'same', (n) => n.restartInactivityTimer()),
  choose(['Init'], '2-WayReceived', ['2-Way', 'ExStart'], (n) => {
    if (!n.shouldBeAdjacent() || !n.mayExchange()) return '2-Way'
    n.beginExchange()
    return 'ExStart'
  }),
  go(['ExStart'], 'NegotiationDone', 'Exchange', (n) => n.listDatabase()),
  choose(['Exchange'], 'ExchangeDone', ['Full', 'Loading'], (n) =>
    n.hasRequests() ? 'Loading' : 'Full',
  ),
  go(['Loading'], 'LoadingDone', 'Full'),
  choose(['2-Way'], 'AdjOK?', ['same', 'ExStart'], (n) => {
    if (!n.shouldBeAdjacent() || !n.mayExchange()) return 'same'
    n.beginExchange()
    return 'ExStart'
  }),
  choose(from('ExStart'), 'AdjOK?', ['same', '2-Way'], (n) => {
    if (n.shouldBeAdjacent()) return 'same'
    n.clearLists()
    return '2-Way'
  }),
  go(from('Exchange'), 'SeqNumberMismatch', 'ExStart', restart),
  go(from('Exchange'), 'BadLSReq', 'ExStart', restart),
  go(all, 'KillNbr', 'Down', down),
  go(all, 'LLDown', 'Down', down),
  go(all, 'InactivityTimer', 'Down', down),
  go(from('2-Way'), '1-WayReceived', 'Init', (n) => n.clearLists()),
  go(from('2-Way'), '2-WayReceived', 'same'),
  go(['Init'], '1-WayReceived', 'same'),
]

const rows = new Map<string, Row>()
for (const row of neighborTable) {
  for (const state of row.from) {
    const key = `${state} ${row.on}`
    if (rows.has(key)) throw new Error(`two rows for ${key}`)
    rows.set(key, row)
  }
}

/**
 * Runs the row of a state and an event. A pair that has no row is not legal and changes nothing.
 * @returns the state reached.
 */
export function stepNeighbor(
  state: NeighborState,
  event: NeighborEvent,
  actions: NeighborActions,
): NeighborState {
  const next = rows.get(`${state} ${event}`)?.run(actions) ?? 'same'
  return next === 'same' ? state : next
}

/** Whether a state is at least another (10.1). */
export const atLeast = (state: NeighborState, other: NeighborState): boolean =>
  all.indexOf(state) >= all.indexOf(other)
