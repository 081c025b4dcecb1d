/** Opaque LSAs and names by the public API, in the simulator. */
import t from 'tap'
import { formatEvent, type SpeakerEvent } from '../lib/events.ts'
import type { OpaqueOptions } from '../lib/opaque.ts'
import type { SpeakerOptions } from '../lib/options.ts'
import { Network } from '../lib/sim/network.ts'
import { OspfSpeaker } from '../lib/speaker.ts'

const timing = { helloInterval: 1, deadInterval: 4 }
const data = Uint8Array.of(1, 2, 3, 4)

/** Two speakers on a LAN. */
async function pair(options: Partial<SpeakerOptions> = {}) {
  const net = new Network({ seed: 1 })
  const hosts = [net.host('one'), net.host('two')]
  net.segment('lan', '10.0.1.0/24', hosts)
  const areas = { '0.0.0.0': { interfaces: { eth0: timing } } }
  const [one, two] = await Promise.all(
    hosts.map((host, i) =>
      OspfSpeaker.start(
        { routerId: `10.0.1.${i + 1}`, areas, ...(i === 0 ? options : {}) },
        host.ports,
      ),
    ),
  )
  const heard: SpeakerEvent[] = []
  void (async () => {
    for await (const event of two!) heard.push(event)
  })()
  const close = async (): Promise<void> => {
    const stops = [one!.stop(), two!.stop()]
    await net.runAsync(30)
    await Promise.all(stops)
  }
  return { net, one: one!, two: two!, heard, close }
}

t.test('originated, changed, withdrawn; the other speaker is told', async (t) => {
  const { net, one, two, heard, close } = await pair()
  await net.runAsync(20)
  const mine = Buffer.from(data)
  const lsa = one.originateOpaque({ scope: 'area', opaqueType: 200, data: mine })
  mine[0] = 99
  await net.runAsync(3)
  const opaque = {
    scope: 'area',
    area: '0.0.0.0',
    interface: undefined,
    advertisingRouter: '10.0.1.1',
    opaqueType: 200,
    opaqueId: 0,
    data,
  }
  const events = () => heard.filter((e) => e.type === 'opaque')
  t.strictSame(events(), [{ type: 'opaque', change: 'new', ...opaque }], 'the data was copied')
  t.equal(formatEvent(events()[0]!), 'opaque LSA 200/0 of 10.0.1.1 for area 0.0.0.0: new, 4 octets')
  t.match(two.opaques(), [{ ...opaque, own: false, usable: true }])
  t.match(one.opaques(), [{ ...opaque, own: true, usable: true }])
  two.opaques()[0]!.data[0] = 99
  t.match(two.opaques(), [{ data }], 'a snapshot is a copy')
  lsa.update(Uint8Array.of(5, 6, 7, 8, 9, 10, 11, 12))
  await net.runAsync(10)
  t.match(events()[1], { change: 'changed', data: Uint8Array.of(5, 6, 7, 8, 9, 10, 11, 12) })
  t.throws(() => lsa.update(Uint8Array.of(1)), { code: 'ERR_OSPF_CONFIG' })
  lsa[Symbol.dispose]()
  lsa.withdraw()
  await net.runAsync(10)
  t.match(events()[2], { change: 'gone' })
  t.equal(events().length, 3)
  t.same(two.opaques(), [])
  t.throws(() => lsa.update(data), { code: 'ERR_OSPF_STOPPED' })
  const again = one.originateOpaque({ scope: 'area', opaqueType: 200, data })
  lsa.withdraw()
  t.equal(one.opaques().length, 1, 'the handle of an earlier one lets it alone')
  await close()
  t.throws(() => again.update(data), { code: 'ERR_OSPF_STOPPED' })
  t.throws(() => one.originateOpaque({ scope: 'as', opaqueType: 200, data }), {
    code: 'ERR_OSPF_STOPPED',
  })
})

t.test('for the link and for the AS', async (t) => {
  const { net, one, two, close } = await pair()
  one.originateOpaque({ scope: 'link', interface: 'eth0', opaqueType: 3, data })
  one.originateOpaque({ scope: 'as', opaqueType: 128, opaqueId: 0xffffff, data })
  await net.runAsync(20)
  t.match(two.opaques(), [
    { scope: 'as', area: undefined, opaqueId: 0xffffff, usable: true },
    { scope: 'link', area: '0.0.0.0', interface: 'eth0', opaqueType: 3, usable: true },
  ])
  t.match(
    two.database().find((l) => l.type === 9),
    { interface: 'eth0', lsId: '3.0.0.0' },
  )
  await close()
})

t.test('names are shown where Router IDs are', async (t) => {
  const { net, one, two, close } = await pair({ hostname: 'lb1' })
  await net.runAsync(20)
  t.match(two.neighbors(), [{ routerId: '10.0.1.1', hostname: 'lb1' }])
  t.match(one.neighbors(), [{ routerId: '10.0.1.2', hostname: undefined }])
  t.ok(
    two
      .database()
      .every(
        (l) => l.advertisingHostname === (l.advertisingRouter === '10.0.1.1' ? 'lb1' : undefined),
      ),
  )
  t.same([...two.hostnames()], [['10.0.1.1', 'lb1']])
  t.same([...one.hostnames()], [['10.0.1.1', 'lb1']])
  t.match(two.opaques(), [{ opaqueType: 4, opaqueId: 0, scope: 'area' }])
  await close()
})

t.test('nothing is said unless it is asked for', async (t) => {
  const { net, two, close } = await pair()
  await net.runAsync(20)
  t.same(two.opaques(), [])
  t.same([...two.hostnames()], [])
  await close()
})

t.test('what is wrong is refused with the reason', async (t) => {
  const { one, close } = await pair({ hostname: 'lb1', limits: { opaqueOctets: 100 } })
  const good: OpaqueOptions = { scope: 'area', opaqueType: 200, data }
  const cases: [RegExp, object][] = [
    [/opaqueType: 2 is reserved; there are 1 traffic engineering/, { opaqueType: 2 }],
    [/opaqueType: 0 is reserved/, { opaqueType: 0 }],
    [/opaqueType: 127 is reserved/, { opaqueType: 127 }],
    [/opaqueType: expected a whole number from 0 to 255, got 256/, { opaqueType: 256 }],
    [/opaqueId: expected a whole number/, { opaqueId: 0x1000000 }],
    [/4\/0 is the speaker's own/, { opaqueType: 4 }],
    [/data: expected a multiple of 4 octets \(RFC 5250 A.2\), got 5/, { data: new Uint8Array(5) }],
    [/data: expected at most 100 octets/, { data: new Uint8Array(104) }],
    [/data: expected a Uint8Array/, { data: 'text' }],
    [/scope: expected 'link', 'area' or 'as', got domain/, { scope: 'domain' }],
    [/interface: expected one of eth0, got eth9/, { scope: 'link', interface: 'eth9' }],
    [/interface: is for scope 'link'/, { interface: 'eth0' }],
    [/area: is for scope 'area'/, { scope: 'as', area: '0' }],
    [/area: no interface is in area 0.0.0.9/, { area: '9' }],
    [/unknown option 'type'/, { type: 1 }],
  ]
  for (const [message, change] of cases) {
    const wrong = { ...good, ...change } as OpaqueOptions
    t.throws(() => one.originateOpaque(wrong), { code: 'ERR_OSPF_CONFIG', message })
  }
  t.same(
    one.opaques().map((o) => o.opaqueType),
    [4],
  )
  one.originateOpaque(good)
  t.throws(() => one.originateOpaque({ ...good, area: '0' }), {
    code: 'ERR_OSPF_DUPLICATE',
    message: 'opaque LSA 200/0 for area 0.0.0.0 is originated already',
  })
  one.originateOpaque({ ...good, opaqueType: 4, opaqueId: 1 })
  await close()
  for (const hostname of ['', 'a b', 'ä', 'x'.repeat(256), 7]) {
    const options = { hostname } as Partial<SpeakerOptions>
    await t.rejects(pair(options), {
      code: 'ERR_OSPF_CONFIG',
      message: /^hostname: expected 1 to 255/,
    })
  }
  await t.rejects(pair({ hostnameScope: 'link' as never }), { code: 'ERR_OSPF_CONFIG' })
})
