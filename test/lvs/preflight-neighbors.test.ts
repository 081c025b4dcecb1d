/** What the Hellos of a segment, and echoes of those who say them, tell of a host before it speaks. */
import t from 'tap'
import { formatPreflight, type PreflightWorld, preflight } from '../../lib/lvs/preflight.ts'
import type { HeardPacket } from '../../lib/lvs/preflight-neighbors.ts'
import { parseIpv4 } from '../../lib/wire/address.ts'
import { encodePacket } from '../../lib/wire/packet.ts'
import { FakeHost } from './real-server-world.ts'

interface Hello {
  readonly from: string
  readonly id: string
  readonly area?: string
  readonly mask?: string
  readonly hello?: number
}

function packet({ from, id, area = '0.0.0.0', mask = '255.255.255.0', hello = 10 }: Hello) {
  const number = (text: string): number => parseIpv4(text)!
  const bytes = encodePacket(
    { routerId: number(id), areaId: number(area) },
    {
      kind: 'hello',
      networkMask: number(mask),
      helloInterval: hello,
      options: 2,
      priority: 1,
      deadInterval: 4 * hello,
      designatedRouter: 0,
      backupDesignatedRouter: 0,
      neighbors: [],
    },
  )
  return { source: number(from), bytes } satisfies HeardPacket
}

/** eth0 is 10.0.1.11/24. */
function world(packets: readonly HeardPacket[], passes: (octets: number) => boolean = () => true) {
  const fake = new FakeHost()
  const asked: string[] = []
  return {
    asked,
    devices: fake,
    sysctls: fake.sysctls,
    file: (path: string) =>
      path === '/proc/self/status' ? 'CapEff:\t0000003fffffffff\n' : undefined,
    processes: () => [],
    ruleset: async () => '{"nftables":[]}',
    listen: async ({ name }, ms) => {
      asked.push(`${name} ${ms}`)
      return packets
    },
    echo: async (address, octets) => {
      asked.push(`${address} ${octets}`)
      return passes(octets)
    },
    [Symbol.dispose]: () => {},
  } satisfies PreflightWorld & { asked: string[] }
}

const one = packet({ from: '10.0.1.136', id: '10.0.1.136' })

t.test('a router that fits is told, and is no finding', async (t) => {
  const here = world([one, { source: 1, bytes: new Uint8Array(7) }])
  const report = await preflight({ role: 'speaker', listen: 12, routerId: '10.0.1.11' }, here)
  t.same(report.findings, [])
  t.same(report.routers, [
    {
      device: 'eth0',
      routerId: '10.0.1.136',
      address: '10.0.1.136',
      area: '0.0.0.0',
      helloInterval: 10,
      deadInterval: 40,
      priority: 1,
      prefixLength: 24,
      authentication: 0,
    },
  ])
  t.ok(report.checked.includes('Hellos of others'))
  t.same(here.asked, ['eth0 12000', '10.0.1.136 84', '10.0.1.136 1500'])
  t.match(
    formatPreflight(report),
    /^heard on eth0: 10\.0\.1\.136 \(10\.0\.1\.136\), area 0\.0\.0\.0, hello 10 s, dead 40 s, priority 1$/m,
  )
})

t.test('what is wrong', async (t) => {
  const found = async (
    packets: readonly HeardPacket[],
    passes?: (octets: number) => boolean,
  ): Promise<string[]> => {
    const here = world(packets, passes)
    const asked = { role: 'speaker', listen: 12, routerId: '10.0.1.11' } as const
    const { findings } = await preflight(asked, here)
    return findings.map(({ id, severity, found }) => `${severity} ${id}: ${found}`)
  }
  t.same(await found([]), ['warning silent: no Hello was heard on eth0 in 12 s'])
  t.same(await found([packet({ from: '10.0.1.11', id: '10.0.1.11' })]), [
    'warning silent: no Hello was heard on eth0 in 12 s',
  ])
  t.same(await found([packet({ from: '10.0.1.9', id: '10.0.1.11' })]), [
    'error duplicate-router-id: 10.0.1.9 on eth0 has the Router ID 10.0.1.11, which is to be ours',
  ])
  t.same(await found([one, packet({ from: '10.0.1.9', id: '10.0.1.136' })]), [
    'warning duplicate-router-id: 10.0.1.136 and 10.0.1.9 on eth0 have the Router ID 10.0.1.136',
  ])
  t.same(await found([one, packet({ from: '10.0.1.9', id: '10.0.0.9', hello: 1 })]), [
    'warning routers-differ: routers on eth0 differ: 10.0.1.136: area 0.0.0.0, hello 10 s, dead 40 s, AuType 0; 10.0.1.9: area 0.0.0.0, hello 1 s, dead 4 s, AuType 0',
  ])
  t.same(await found([packet({ from: '10.0.1.9', id: '10.0.0.9', mask: '255.255.0.0' })]), [
    'error network-mask: 10.0.1.9 (10.0.0.9) has /16 on eth0, and this host /24',
  ])
  t.same(await found([one], (octets) => octets < 1400), [
    'error path-mtu: 10.0.1.136 on eth0 answers an echo of 84 octets, and none of 1500',
  ])
  t.same(await found([one], () => false), [], 'who answers no echo is none')
})

t.test('only when asked for, and where it can be', async (t) => {
  const skipped = async (listen: number | undefined, here: PreflightWorld): Promise<unknown> => {
    const { skipped: all } = await preflight(
      { role: 'speaker', ...(listen === undefined ? {} : { listen }) },
      here,
    )
    return all.find(({ what }) => what === 'Hellos of others')?.why
  }
  const here = world([one])
  t.equal(await skipped(undefined, here), 'not asked for')
  t.same(here.asked, [])
  const { listen: _, ...deaf } = here
  t.equal(await skipped(5, deaf), 'this host cannot be listened on')
  const refused = { ...here, listen: () => Promise.reject(new Error('CAP_NET_RAW is needed')) }
  t.equal(await skipped(5, refused), 'CAP_NET_RAW is needed')
  for (const listen of [0.5, 61, Number.NaN])
    await t.rejects(skipped(listen, here), { code: 'ERR_OSPF_CONFIG', message: /listen: expected/ })
  await t.rejects(preflight({ role: 'speaker', listen: 5, routerId: 'x' }, here), {
    code: 'ERR_OSPF_CONFIG',
  })
})
