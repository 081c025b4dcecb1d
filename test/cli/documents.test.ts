import t from 'tap'
import {
  databaseDocument,
  duration,
  interfaceDocument,
  neighborDocument,
  routeDocument,
} from '../../lib/cli/documents.ts'
import { eth0, eth1, onLan, sample } from './sample.ts'

t.test("neighbors: FRR's own output, key for key", async (t) => {
  t.strictSame(neighborDocument(sample), {
    neighbors: {
      '10.0.1.136': [
        {
          priority: 1,
          state: 'Full/DR',
          nbrPriority: 1,
          nbrState: 'Full/DR',
          converged: 'Full',
          role: 'DR',
          upTimeInMsec: 10002,
          deadTimeMsecs: 2999,
          routerDeadIntervalTimerDueMsec: 2999,
          upTime: '10.002s',
          deadTime: '2.999s',
          address: '10.0.1.136',
          ifaceAddress: '10.0.1.136',
          ifaceName: 'eth0:10.0.1.133',
          retransmitCounter: 1,
          linkStateRetransmissionListCounter: 1,
          requestCounter: 0,
          linkStateRequestListCounter: 0,
          dbSummaryCounter: 0,
          databaseSummaryListCounter: 0,
        },
        {
          priority: 1,
          state: 'Full/-',
          nbrPriority: 1,
          nbrState: 'Full/-',
          converged: 'Full',
          role: 'DROther',
          upTimeInMsec: 4002,
          deadTimeMsecs: 35997,
          routerDeadIntervalTimerDueMsec: 35997,
          upTime: '4.002s',
          deadTime: '35.997s',
          address: '10.0.2.2',
          ifaceAddress: '10.0.2.2',
          ifaceName: 'eth1:10.0.2.1',
          retransmitCounter: 1,
          linkStateRetransmissionListCounter: 1,
          requestCounter: 0,
          linkStateRequestListCounter: 0,
          dbSummaryCounter: 0,
          databaseSummaryListCounter: 0,
        },
      ],
    },
  })
})

t.test('roles on a LAN; unknown times are left out', async (t) => {
  const role = (on: Partial<typeof eth0>): string | undefined =>
    neighborDocument({
      ...sample,
      interfaces: () => [{ ...eth0, ...on }],
      neighbors: () => [onLan],
    }).neighbors[onLan.routerId]?.[0]?.nbrState
  t.equal(role({}), 'Full/DR')
  t.equal(
    role({ designatedRouter: '10.0.1.9', backupDesignatedRouter: onLan.address }),
    'Full/Backup',
  )
  t.equal(role({ designatedRouter: '10.0.1.9' }), 'Full/DROther')
  const { upTime, deadTime, ...timeless } = onLan
  const [entry] = neighborDocument({ ...sample, neighbors: () => [timeless] }).neighbors[
    onLan.routerId
  ]!
  for (const key of ['upTime', 'upTimeInMsec', 'deadTime', 'deadTimeMsecs'])
    t.notOk(Object.hasOwn(entry!, key), key)
})

t.test("durations, FRR's way", async (t) => {
  const day = 86_400_000
  for (const [milliseconds, text] of [
    [0, '0.000s'],
    [3982, '3.982s'],
    [59_999, '59.999s'],
    [65_000, '1m05s'],
    [3_600_000, '1h00m00s'],
    [7_384_000, '2h03m04s'],
    [day + 7_380_000, '1d02h03m'],
    [7 * day - 1, '6d23h59m'],
    [22 * day + 7_200_000, '3w1d02h'],
  ] as const)
    t.equal(duration(milliseconds), text)
})

t.test('routes', async (t) => {
  t.strictSame(routeDocument(sample), {
    '10.0.1.0/24': {
      routeType: 'N',
      cost: 1,
      area: '0.0.0.0',
      nexthops: [{ ip: ' ', 'directly attached to': 'eth0', directlyAttachedTo: 'eth0' }],
    },
    '10.0.2.0/30': {
      routeType: 'N',
      cost: 10,
      area: '0.0.0.0',
      nexthops: [{ ip: ' ', 'directly attached to': 'eth1', directlyAttachedTo: 'eth1' }],
    },
    '10.9.9.9/32': {
      routeType: 'N',
      cost: 1,
      area: '0.0.0.0',
      nexthops: [{ ip: '10.0.1.136', via: 'eth0' }],
    },
  })
})

t.test('interfaces', async (t) => {
  t.strictSame(interfaceDocument(sample).interfaces, {
    eth0: {
      ifUp: true,
      mtuBytes: 1500,
      ospfEnabled: true,
      ipAddress: '10.0.1.133',
      ipAddressPrefixlen: 24,
      area: '0.0.0.0',
      routerId: '10.0.1.133',
      networkType: 'BROADCAST',
      cost: 1,
      transmitDelaySecs: 1,
      state: 'DROther',
      priority: 0,
      drId: '10.0.1.136',
      drAddress: '10.0.1.136',
      timerMsecs: 1000,
      timerDeadSecs: 4,
      timerWaitSecs: 4,
      timerRetransmitSecs: 5,
      nbrCount: 1,
      nbrAdjacentCount: 1,
    },
    eth1: {
      ifUp: true,
      mtuBytes: 1500,
      ospfEnabled: true,
      ipAddress: '10.0.2.1',
      ipAddressPrefixlen: 30,
      area: '0.0.0.0',
      routerId: '10.0.1.133',
      networkType: 'POINTOPOINT',
      cost: 10,
      transmitDelaySecs: 1,
      state: 'Point-To-Point',
      priority: 1,
      timerMsecs: 10000,
      timerDeadSecs: 40,
      timerWaitSecs: 40,
      timerRetransmitSecs: 5,
      nbrCount: 1,
      nbrAdjacentCount: 1,
    },
  })
})

t.test('interfaces: ourselves elected, passive, MTU ignored, down, unnamed DR', async (t) => {
  const { interfaces } = interfaceDocument({
    ...sample,
    neighbors: () => [{ ...onLan, state: '2-Way' }],
    interfaces: () => [
      {
        ...eth0,
        passive: true,
        mtuIgnore: true,
        designatedRouter: '10.0.1.136',
        backupDesignatedRouter: '10.0.1.133',
      },
      { ...eth1, state: 'Down', address: undefined, designatedRouter: '10.0.2.9' },
    ],
  })
  t.match(interfaces, {
    eth0: {
      mtuMismatchDetect: true,
      timerPassiveIface: true,
      bdrId: '10.0.1.133',
      bdrAddress: '10.0.1.133',
      nbrCount: 1,
      nbrAdjacentCount: 0,
    },
    eth1: { ifUp: false, drAddress: '10.0.2.9', ipAddress: undefined, drId: undefined },
  })
})

t.test('database', async (t) => {
  t.strictSame(databaseDocument(sample), {
    routerId: '10.0.1.133',
    areas: {
      '0.0.0.0': {
        routerLinkStates: [
          {
            lsId: '10.0.1.133',
            advertisedRouter: '10.0.1.133',
            lsaAge: 4,
            sequenceNumber: '80000005',
            checksum: 'f3ba',
            numOfRouterLinks: 4,
          },
          {
            lsId: '10.0.1.136',
            advertisedRouter: '10.0.1.136',
            lsaAge: 11,
            sequenceNumber: '80000005',
            checksum: '6642',
            numOfRouterLinks: 3,
          },
        ],
        routerLinkStatesCount: 2,
        networkLinkStates: [
          {
            lsId: '10.0.1.136',
            advertisedRouter: '10.0.1.136',
            lsaAge: 11,
            sequenceNumber: '80000001',
            checksum: '838b',
          },
        ],
        networkLinkStatesCount: 1,
      },
    },
  })
})

t.test('database: areas apart, AS-wide LSAs beside them', async (t) => {
  const [first] = sample.database()
  const external = {
    area: undefined,
    type: 5,
    lsId: '192.0.2.0',
    advertisingRouter: '10.0.1.136',
    age: 1,
    sequence: 0x80000001,
    checksum: 0xa,
    prefix: '192.0.2.0/24',
  }
  const document = databaseDocument({
    ...sample,
    database: () => [external, { ...first!, area: '0.0.0.1' }, first!],
  })
  t.strictSame(Object.keys(document.areas), ['0.0.0.0', '0.0.0.1'])
  t.match(document, {
    areas: { '0.0.0.1': { routerLinkStatesCount: 1 } },
    asExternalLinkStates: [{ checksum: '000a', summaryAddress: '192.0.2.0/24' }],
    asExternalLinkStatesCount: 1,
  })
})
