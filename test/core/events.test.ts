import t from 'tap'
import { formatEvent, type OspfEvent } from '../../lib/core/events.ts'

const lines: [event: OspfEvent, line: string][] = [
  [
    { type: 'interface', interface: 'eth0', was: 'Waiting', state: 'DR' },
    'interface eth0: Waiting -> DR',
  ],
  [
    {
      type: 'designated-router',
      interface: 'eth0',
      designatedRouter: '10.0.0.2',
      backupDesignatedRouter: '0.0.0.0',
    },
    'interface eth0: DR 10.0.0.2, BDR none',
  ],
  [
    {
      type: 'neighbor',
      interface: 'eth0',
      routerId: '1.1.1.1',
      address: '10.0.0.2',
      was: 'Loading',
      state: 'Full',
      reason: 'LoadingDone',
    },
    'neighbor 1.1.1.1 (10.0.0.2) on eth0: Loading -> Full (LoadingDone)',
  ],
  [
    {
      type: 'mismatch',
      interface: 'eth0',
      routerId: '1.1.1.1',
      address: '10.0.0.2',
      field: 'HelloInterval',
      ours: '10 s',
      theirs: '1 s',
    },
    'neighbor 1.1.1.1 (10.0.0.2) on eth0: HelloInterval differs: ours 10 s, theirs 1 s',
  ],
  [
    {
      type: 'duplicate-router-id',
      interface: 'eth0',
      address: '10.0.0.2',
      routerId: '1.1.1.1',
    },
    '10.0.0.2 on eth0 uses our router id 1.1.1.1',
  ],
  [
    { type: 'self-originated', lsType: 1, lsId: '1.1.1.1', sequence: -1, action: 'outbid' },
    'type 1 LSA 1.1.1.1 of ours, from an earlier life or a forger: outbid (sequence 0xffffffff)',
  ],
  [
    { type: 'spf', area: '0.0.0.0', full: true, vertices: 3 },
    'SPF of area 0.0.0.0 calculated, 3 vertices',
  ],
  [
    { type: 'spf', area: '0.0.0.0', full: false, vertices: 3 },
    'routes of area 0.0.0.0 calculated, 3 vertices',
  ],
  [{ type: 'limit', what: 'lsdb', limit: 5 }, 'limit of 5 reached: lsdb'],
]

t.test('every event reads as one line', async (t) => {
  for (const [event, line] of lines) t.equal(formatEvent(event), line)
})
