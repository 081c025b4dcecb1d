import t from 'tap'
import {
  atLeast,
  type NeighborActions,
  type NeighborEvent,
  neighborTable,
  stepNeighbor,
} from '../../lib/core/neighbor-fsm.ts'
import type { NeighborState } from '../../lib/core/states.ts'

const states: readonly NeighborState[] = [
  'Down',
  'Attempt',
  'Init',
  '2-Way',
  'ExStart',
  'Exchange',
  'Loading',
  'Full',
]
const events: readonly NeighborEvent[] = [
  'Start',
  'HelloReceived',
  '2-WayReceived',
  'NegotiationDone',
  'ExchangeDone',
  'LoadingDone',
  'AdjOK?',
  'SeqNumberMismatch',
  'BadLSReq',
  'KillNbr',
  'LLDown',
  'InactivityTimer',
  '1-WayReceived',
]

/** One step; the actions that the row runs are noted. */
function step(
  state: NeighborState,
  event: NeighborEvent,
  { adjacent = false, requests = false } = {},
) {
  const done: string[] = []
  const note = (action: string) => (): void => {
    done.push(action)
  }
  const actions: NeighborActions = {
    restartInactivityTimer: note('restartInactivityTimer'),
    stopInactivityTimer: note('stopInactivityTimer'),
    sendHello: note('sendHello'),
    beginExchange: note('beginExchange'),
    listDatabase: note('listDatabase'),
    clearLists: note('clearLists'),
    mayExchange: () => true,
    shouldBeAdjacent: () => adjacent,
    hasRequests: () => requests,
  }
  return { to: stepNeighbor(state, event, actions), done }
}

/** The rows of 10.3: from, event, what decides, to, actions. */
type Row = [
  readonly NeighborState[],
  NeighborEvent,
  { adjacent?: boolean; requests?: boolean },
  NeighborState | 'same',
  readonly string[],
]
const from = (state: NeighborState): readonly NeighborState[] => states.slice(states.indexOf(state))
const gone = ['clearLists', 'stopInactivityTimer']
const rows: readonly Row[] = [
  [['Down'], 'Start', {}, 'Attempt', ['sendHello', 'restartInactivityTimer']],
  [['Attempt'], 'HelloReceived', {}, 'Init', ['restartInactivityTimer']],
  [['Down'], 'HelloReceived', {}, 'Init', ['restartInactivityTimer']],
  [from('Init'), 'HelloReceived', {}, 'same', ['restartInactivityTimer']],
  [['Init'], '2-WayReceived', { adjacent: false }, '2-Way', []],
  [['Init'], '2-WayReceived', { adjacent: true }, 'ExStart', ['beginExchange']],
  [['ExStart'], 'NegotiationDone', {}, 'Exchange', ['listDatabase']],
  [['Exchange'], 'ExchangeDone', { requests: false }, 'Full', []],
  [['Exchange'], 'ExchangeDone', { requests: true }, 'Loading', []],
  [['Loading'], 'LoadingDone', {}, 'Full', []],
  [['2-Way'], 'AdjOK?', { adjacent: false }, 'same', []],
  [['2-Way'], 'AdjOK?', { adjacent: true }, 'ExStart', ['beginExchange']],
  [from('ExStart'), 'AdjOK?', { adjacent: true }, 'same', []],
  [from('ExStart'), 'AdjOK?', { adjacent: false }, '2-Way', ['clearLists']],
  [from('Exchange'), 'SeqNumberMismatch', {}, 'ExStart', ['clearLists', 'beginExchange']],
  [from('Exchange'), 'BadLSReq', {}, 'ExStart', ['clearLists', 'beginExchange']],
  [states, 'KillNbr', {}, 'Down', gone],
  [states, 'LLDown', {}, 'Down', gone],
  [states, 'InactivityTimer', {}, 'Down', gone],
  [from('2-Way'), '1-WayReceived', {}, 'Init', ['clearLists']],
  [from('2-Way'), '2-WayReceived', {}, 'same', []],
  [['Init'], '1-WayReceived', {}, 'same', []],
]

for (const [froms, event, given, to, done] of rows) {
  const when = Object.entries(given).map(([what, yes]) => `${yes ? '' : 'not '}${what}`)
  const title = [`10.3 ${froms[0]}${froms.length > 1 ? ' or greater' : ''}, ${event}`, ...when]
  t.test(`${title.join(', ')}: ${to}`, async (t) => {
    for (const state of froms) {
      t.same(step(state, event, given), { to: to === 'same' ? state : to, done }, state)
    }
  })
}

t.test('10.3: every pair that is not listed changes nothing and does nothing', async (t) => {
  const listed = new Set(rows.flatMap(([froms, event]) => froms.map((s) => `${s} ${event}`)))
  for (const state of states) {
    for (const event of events) {
      if (listed.has(`${state} ${event}`)) continue
      const given = { adjacent: true, requests: true }
      t.same(step(state, event, given), { to: state, done: [] }, `${state} ${event}`)
    }
  }
  const inTable = new Set(neighborTable.flatMap((r) => r.from.map((s) => `${s} ${r.on}`)))
  t.same([...inTable].sort(), [...listed].sort(), 'the table has the rows of the RFC, no others')
})

t.test('10.1: the states are in order', async (t) => {
  states.forEach((a, i) => {
    states.forEach((b, j) => {
      t.equal(atLeast(a, b), i >= j, `${a} >= ${b}`)
    })
  })
})
