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
    {
      type: 'spf',
      what: 'tree',
      areas: ['0.0.0.0', '0.0.0.1'],
      vertices: 3,
      networks: 7,
      routes: 2,
      reasons: ['network-LSA 10.0.0.1 of 1.1.1.1'],
      moreReasons: 4,
      durationMs: 0.123,
    },
    'SPF of area 0.0.0.0, 0.0.0.1 with 3 vertices in 0.12 ms, 2 changed; because of network-LSA 10.0.0.1 of 1.1.1.1 and 4 more',
  ],
  [
    {
      type: 'spf',
      what: 'networks',
      areas: [],
      vertices: 0,
      networks: 1,
      routes: 1,
      reasons: [],
      moreReasons: 0,
      durationMs: undefined,
    },
    'routes to 1 network calculated, 1 changed',
  ],
  [{ type: 'limit', what: 'lsdb', limit: 5 }, 'limit of 5 reached: lsdb'],
]

t.test('every event reads as one line', async (t) => {
  for (const [event, line] of lines) t.equal(formatEvent(event), line)
})
