import t from 'tap'
import {
  type InterfaceActions,
  type InterfaceEvent,
  interfaceTable,
  stepInterface,
} from '../../lib/core/interface-fsm.ts'
import type { InterfaceState } from '../../lib/core/states.ts'

const states: readonly InterfaceState[] = [
  'Down',
  'Loopback',
  'Waiting',
  'Point-to-point',
  'DROther',
  'Backup',
  'DR',
]
const events: readonly InterfaceEvent[] = [
  'InterfaceUp',
  'WaitTimer',
  'BackupSeen',
  'NeighborChange',
  'LoopInd',
  'UnloopInd',
  'InterfaceDown',
]

interface Network {
  broadcast?: boolean
  eligible?: boolean
  elected?: 'DROther' | 'Backup' | 'DR'
}

/** One step; the actions that the row runs are noted. */
function step(state: InterfaceState, event: InterfaceEvent, network: Network = {}) {
  const { broadcast = true, eligible = true, elected = 'DROther' } = network
  const done: string[] = []
  const actions: InterfaceActions = {
    startHello: () => done.push('startHello'),
    startWait: () => done.push('startWait'),
    reset: () => done.push('reset'),
    electsDr: () => broadcast,
    isEligible: () => eligible,
    elect: () => {
      done.push('elect')
      return elected
    },
  }
  return { to: stepInterface(state, event, actions), done }
}

t.test('9.3 Down, InterfaceUp: by network type and Router Priority', async (t) => {
  t.same(step('Down', 'InterfaceUp', { broadcast: false }), {
    to: 'Point-to-point',
    done: ['startHello'],
  })
  t.same(step('Down', 'InterfaceUp', { eligible: false }), { to: 'DROther', done: ['startHello'] })
  t.same(step('Down', 'InterfaceUp'), { to: 'Waiting', done: ['startHello', 'startWait'] })
})

for (const event of ['BackupSeen', 'WaitTimer'] as const) {
  t.test(`9.3 Waiting, ${event}: the election decides`, async (t) => {
    for (const elected of ['DROther', 'Backup', 'DR'] as const) {
      t.same(step('Waiting', event, { elected }), { to: elected, done: ['elect'] })
    }
  })
}

t.test('9.3 DROther, Backup or DR, NeighborChange: the election decides', async (t) => {
  for (const from of ['DROther', 'Backup', 'DR'] as const) {
    for (const elected of ['DROther', 'Backup', 'DR'] as const) {
      t.same(step(from, 'NeighborChange', { elected }), { to: elected, done: ['elect'] })
    }
  }
})

t.test('9.3 any state, InterfaceDown and LoopInd: all is reset', async (t) => {
  for (const from of states) {
    t.same(step(from, 'InterfaceDown'), { to: 'Down', done: ['reset'] })
    t.same(step(from, 'LoopInd'), { to: 'Loopback', done: ['reset'] })
  }
})

t.test('9.3 Loopback, UnloopInd: Down', async (t) => {
  t.same(step('Loopback', 'UnloopInd'), { to: 'Down', done: [] })
})

t.test('9.3: every pair that is not listed changes nothing and does nothing', async (t) => {
  const listed = new Set([
    'Down InterfaceUp',
    'Waiting BackupSeen',
    'Waiting WaitTimer',
    'DROther NeighborChange',
    'Backup NeighborChange',
    'DR NeighborChange',
    'Loopback UnloopInd',
    ...states.flatMap((s) => [`${s} InterfaceDown`, `${s} LoopInd`]),
  ])
  let unlisted = 0
  for (const state of states) {
    for (const event of events) {
      if (listed.has(`${state} ${event}`)) continue
      unlisted++
      t.same(step(state, event), { to: state, done: [] }, `${state} ${event}`)
    }
  }
  t.equal(unlisted, states.length * events.length - listed.size)
  const inTable = new Set(interfaceTable.flatMap((r) => r.from.map((s) => `${s} ${r.on}`)))
  t.same([...inTable].sort(), [...listed].sort(), 'the table has the rows of the RFC, no others')
})

t.test('9.3: a row leads nowhere but where it says', async (t) => {
  for (const row of interfaceTable) {
    for (const from of row.from) {
      for (const broadcast of [true, false]) {
        for (const eligible of [true, false]) {
          const { to } = step(from, row.on, { broadcast, eligible })
          t.ok(row.to.includes(to), `${from} ${row.on}: ${to}`)
        }
      }
    }
  }
})
