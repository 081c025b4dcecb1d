/**
 * One file of an FRR border router with five areas' worth of statements, run by FRR and then by `ospf-speaker run --frr`
 * in the same place: its neighbors, FRR all of them, must have the same LSAs and the same routes both times.
 *
 *   core 10.0.0.1   -- eth0 10.0.1.0/24, area 0, MD5        VIP 10.9.1.1
 *   leaf 10.0.0.11  -- eth1 10.0.11.0/30, area 1, totally stubby, point-to-point   VIP 10.9.11.1
 *   wide 10.0.0.12  -- eth2 10.0.12.0/24, area 2, NBMA, ranges and filters  VIPs 10.9.12.1, 10.9.12.2, 10.9.13.1, 10.9.14.1
 *   edge 10.0.0.13  -- eth3 10.0.13.0/30, area 3, NSSA      172.16.13.0/24 (E2, 20, tag 13)
 */
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { type Daemon, Frr, full, type PlannedInterface, redistributed, Speaker } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'

t.setTimeout(300_000)

const conf = readFileSync('fixtures/configs/border.conf', 'utf8')
const borderId = '10.0.0.2'

interface Neighbor {
  readonly routerId: string
  readonly interface: Omit<PlannedInterface, 'name'>
  readonly vips?: readonly string[]
  readonly area?: readonly string[]
  readonly extra?: readonly string[]
}

const key = ['ip ospf message-digest-key 7 md5 s3cret']

const neighbors: Readonly<Record<string, Neighbor>> = {
  core: {
    routerId: '10.0.0.1',
    interface: { network: '10.0.1.0/24', lines: key, cost: 3, priority: 0 },
    vips: ['10.9.1.1'],
    area: ['authentication message-digest'],
  },
  leaf: {
    routerId: '10.0.0.11',
    interface: { network: '10.0.11.0/30', type: 'point-to-point' },
    vips: ['10.9.11.1'],
    area: ['stub'],
  },
  wide: {
    routerId: '10.0.0.12',
    interface: {
      network: '10.0.12.0/24',
      type: 'non-broadcast',
      neighbors: ['10.0.12.2'],
      priority: 0,
    },
    vips: ['10.9.12.1', '10.9.12.2', '10.9.13.1', '10.9.14.1'],
  },
  edge: {
    routerId: '10.0.0.13',
    interface: { network: '10.0.13.0/30', type: 'point-to-point' },
    area: ['nssa'],
  },
}

const areas: Readonly<Record<string, string>> = {
  core: '0.0.0.0',
  leaf: '0.0.0.1',
  wide: '0.0.0.2',
  edge: '0.0.0.3',
}

type Json = { readonly [key: string]: Json } | readonly Json[] | string | number | boolean | null

/** What passes with time, or is how FRR came by an LSA. */
const passing = /^(lsaAge|lsaFlags|lsaSeqNumber|sequenceNumber|checksum|length|.*Count)$/

/** A document without that; lists in a fixed order. */
function still(value: Json): Json {
  if (Array.isArray(value))
    return value.map(still).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !passing.test(name))
      .map(([name, inside]) => [name, still(inside)]),
  )
}

/** What a neighbor has: the LSAs, those of the border router in full, and the routes. */
async function view(frr: Frr): Promise<Json> {
  const commands = ['database', 'route'].map((what) => `show ip ospf ${what} json`)
  for (const type of ['router', 'summary', 'asbr-summary', 'external', 'nssa-external'])
    commands.push(`show ip ospf database ${type} adv-router ${borderId} json`)
  const found: [string, Json][] = []
  for (const command of commands) found.push([command, still(await frr.json<Json>(command))])
  return Object.fromEntries(found)
}

async function views(frrs: Readonly<Record<string, Frr>>): Promise<Record<string, Json>> {
  const found: [string, Json][] = []
  for (const [node, frr] of Object.entries(frrs)) found.push([node, await view(frr)])
  return Object.fromEntries(found)
}

/** What stays the same for a while: all is told and calculated. */
async function settled(frrs: Readonly<Record<string, Frr>>): Promise<Record<string, Json>> {
  let before = ''
  let since = Date.now()
  let now: Record<string, Json> = {}
  await until(
    async () => {
      now = await views(frrs)
      const text = JSON.stringify(now)
      if (text !== before) since = Date.now()
      before = text
      return Date.now() - since > 5000
    },
    { what: 'nothing changes any more', timeout: 90 },
  )
  return now
}

/** Where FRR has a totally stubby area or NSSA, it tells it the ranges of other areas all the same. */
const ranges = /^10\.(9\.0|9\.12|22\.14)\.0(\/24)?$/
const withoutRanges = (value: Json): Json => {
  if (Array.isArray(value))
    return value
      .filter((one) => !ranges.test(String((one as { lsId?: string } | null)?.lsId)))
      .map(withoutRanges)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !ranges.test(name))
      .map(([name, inside]) => [name, withoutRanges(inside)]),
  )
}

/** The N/P-bit means something in an LSA of type 7 alone (RFC 3101 appendix A); FRR leaves it out of type 3. */
const withoutBit = (value: Json): Json =>
  JSON.parse(JSON.stringify(value).replaceAll('*|-|-|-|N/P|-|-|-', '*|-|-|-|-|-|-|-')) as Json

t.test('the same file, the same LSAs and routes', { skip: missing('frr') }, async (t) => {
  const [frr, speaker] = await Promise.all([observe(t, Frr), observe(t, Speaker)])
  for (const node of ['core', 'wide']) t.strictSame(speaker[node], frr[node], node)
  for (const node of ['leaf', 'edge'])
    t.strictSame(withoutBit(speaker[node]!), withoutBit(withoutRanges(frr[node]!)), node)
})

async function observe(t: Test, make: typeof Frr | typeof Speaker): Promise<Record<string, Json>> {
  const lab = Lab.for(t)
  for (const node of ['border', ...Object.keys(neighbors)])
    lab.node(node, { 'net.ipv4.ip_forward': 1 })
  lab.lan('lan0', { border: '10.0.1.2/24', core: '10.0.1.1/24' })
  lab.link({ border: '10.0.11.2/30', leaf: '10.0.11.1/30' })
  lab.lan('lan2', { border: '10.0.12.2/24', wide: '10.0.12.1/24' })
  lab.link({ border: '10.0.13.2/30', edge: '10.0.13.1/30' })
  const external = { prefix: '172.16.13.0/24', type: 2, metric: 20, tag: 13 } as const
  await redistributed(lab, 'edge', external.prefix)
  await lab.exec('border', ['ip', 'address', 'add', '10.9.0.2/32', 'dev', 'lo'])
  const frrs: Record<string, Frr> = {}
  for (const [node, { routerId, interface: on, vips = [], area }] of Object.entries(neighbors)) {
    for (const vip of vips) await lab.exec(node, ['ip', 'address', 'add', `${vip}/32`, 'dev', 'lo'])
    const id = areas[node]!
    frrs[node] = new Frr(lab, node, {
      routerId,
      interfaces: [{ name: 'eth0', area: id, ...on }],
      vips,
      vipArea: id,
      ...(area === undefined ? {} : { areas: { [id]: area } }),
      ...(node === 'edge' ? { external } : {}),
    })
  }
  const border: Daemon = new make(lab, 'border', { routerId: borderId, interfaces: [], conf })
  await Promise.all([border, ...Object.values(frrs)].map((daemon) => daemon.start()))
  const ids = Object.values(neighbors).map(({ routerId }) => routerId)
  await full(border, ids)
  return settled(frrs)
}
