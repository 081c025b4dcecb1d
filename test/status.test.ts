import t from 'tap'
import { running } from './world.ts'

t.test('what a speaker is, and whom it reaches', async (t) => {
  const { speaker, run } = await running({ externals: { '172.16.0.0/16': {} } })
  await run(5)
  const status = speaker.status()
  t.match(status, {
    routerId: '10.0.1.133',
    isBorder: false,
    isBoundary: true,
    abrType: 'cisco',
    areas: [
      {
        id: '0.0.0.0',
        type: 'normal',
        translates: false,
        interfaces: 1,
        activeInterfaces: 1,
        fullNeighbors: 1,
        virtualAdjacencies: 0,
      },
    ],
    routers: [
      {
        routerId: '10.0.0.1',
        area: '0.0.0.0',
        pathType: 'intra-area',
        isBorder: false,
        isBoundary: false,
        nextHops: [{ interface: 'eth0', gateway: '10.0.1.2' }],
      },
    ],
  })
  t.ok(status.areas[0]!.spfRuns >= 1)
  t.ok(Object.isFrozen(status) && Object.isFrozen(status.routers))
})

t.test('packets are counted by type, and the next Hello is known', async (t) => {
  const { speaker, run } = await running()
  const before = speaker.interfaces()[0]!
  await run(10)
  const { sent, received, helloDue } = speaker.interfaces()[0]!
  t.equal(sent.hello - before.sent.hello, 10, 'one a second')
  t.ok(received.hello - before.received.hello >= 9)
  for (const counts of [sent, received]) {
    t.ok(counts.databaseDescription > 0 && counts.linkStateUpdate > 0)
  }
  t.ok(helloDue! > 0 && helloDue! <= 1)
})

t.test('adjacencies made anew', async (t) => {
  const { speaker, run } = await running()
  const full = (): boolean => speaker.neighbors()[0]?.state === 'Full'
  t.ok(full())
  speaker.reset({ neighbor: '10.9.9.9' })
  t.ok(full(), 'another is left alone')
  speaker.reset({ interface: 'eth7' })
  t.ok(full())
  for (const which of [
    { neighbor: '10.0.0.1' },
    { interface: 'eth0', what: 'interfaces' },
    {},
  ] as const) {
    speaker.reset(which)
    t.notOk(full(), 'gone')
    await run(20)
    t.ok(full(), 'and back')
  }
  t.throws(() => speaker.reset({ neighbor: 'x' }), { code: 'ERR_OSPF_CONFIG' })
  t.throws(() => speaker.reset({ what: 'all' } as never), { code: 'ERR_OSPF_CONFIG' })
})
