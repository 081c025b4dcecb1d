/**
 * The classic cluster on a real kernel: VIPs announced by OSPF, this library as the router, IPVS in every way of
 * forwarding, packet by packet; and what becomes of it when servers stop.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { IpvsTunnel } from '../../lib/index.ts'
import { Lab, type Lan, until } from '../interop/lab.ts'
import {
  addresses,
  ask,
  cluster,
  director,
  GUE_PORT,
  macs,
  natVip,
  openTunnels,
  pools,
  quick,
  reached,
  router,
  serve,
  server,
  service,
  speaker,
  vip,
} from './cluster.ts'
import { DirectorProcess, PATIENCE } from './director-process.ts'
import { type Frame, readFrames, type Segment } from './frames.ts'
import { inKernel, kernelLimit } from './vm.ts'

kernelLimit(500)

const tunnels: readonly (IpvsTunnel & { readonly at: number })[] = [
  { type: 'ipip', at: 81 },
  { type: 'gue', port: GUE_PORT, at: 82 },
  { type: 'gre', at: 83 },
]
const services = [
  service({ ...quick, forward: 'dr', sorryServer: server('sorry') }),
  ...tunnels.map(({ at, ...tunnel }) => service({ port: at, forward: 'tun', tunnel })),
]
const nat = service({ ...quick, address: natVip, forward: 'nat' })
/** Until a server that refuses is out: the loop, and what follows the first failure. */
const CONFIGURED_MS = (quick.delayLoop + quick.retry * quick.delayBeforeRetry) * 1000
/** What an emulated machine with everything else on it may take besides. */
const SLACK_MS = 10_000

/** Captures the LAN while `during` runs, and returns what was seen once `complete`. */
async function captured(
  lab: Lab,
  lan: Lan,
  during: () => Promise<void>,
): Promise<readonly Frame[]> {
  const file = join(lab.directory, `${performance.now()}.pcap`)
  const tcpdump = await lab.capture(lan.node, lan.bridge, file, 'tcp or proto 4 or proto 47 or udp')
  await during()
  // tcpdump writes when it gets to it
  await new Promise((resolve) => setTimeout(resolve, 1000))
  await tcpdump.stop()
  return readFrames(readFileSync(file))
}

interface Hop {
  readonly from: string
  readonly to: string
  readonly frame: Frame
}

/** What was said between the client and one port of a VIP, each frame with the names of those whose MAC addresses it has. */
const hopsOf = (frames: readonly Frame[], names: ReadonlyMap<string, string>): readonly Hop[] =>
  frames.map((frame) => ({
    from: names.get(frame.from) ?? frame.from,
    to: names.get(frame.to) ?? frame.to,
    frame,
  }))

/** Checks the way of each packet to the servers: from the router to a director, and from there to a server. */
function packetsToServers(t: Test, hops: readonly Hop[], destination: string): void {
  const isHere = ({ frame }: Hop): boolean => frame.segment.destination === destination
  const arrived = hops.filter((hop) => isHere(hop) && hop.from === 'router')
  const sent = hops.filter((hop) => isHere(hop) && hop.from !== 'router')
  t.ok(arrived.length >= 40, `${arrived.length} packets for ${destination}`)
  t.equal(sent.length, arrived.length, 'every one goes on')
  t.strictSame([...new Set(arrived.map(({ to }) => to))].toSorted(), ['d1', 'd2'])
  t.strictSame([...new Set(sent.map(({ from }) => from))].toSorted(), ['d1', 'd2'])
  t.strictSame([...new Set(sent.map(({ to }) => to))].toSorted(), ['s1', 's2'])
  const counterpart = ({ from, frame }: Hop): Hop | undefined =>
    arrived.find(
      (other) =>
        other.to === from &&
        other.frame.segment.tcp === frame.segment.tcp &&
        other.frame.segment.source === frame.segment.source,
    )
  const changed = (one: Segment, other: Segment): object => ({
    source: one.source === other.source,
    destination: one.destination === other.destination,
    text: one.text === other.text,
    tcp: one.tcp === other.tcp,
    ttl: other.ttl - one.ttl,
  })
  const same = { source: true, destination: true, text: true, tcp: true, ttl: -1 }
  t.strictSame(
    sent
      .map((hop) => [hop, counterpart(hop)] as const)
      .filter(
        ([hop, before]) =>
          before === undefined ||
          JSON.stringify(changed(before.frame.segment, hop.frame.segment)) !== JSON.stringify(same),
      ),
    [],
    'addresses, ports and all of TCP as they were, TTL less one',
  )
  t.ok(
    sent.some(({ frame }) => frame.segment.text === 'who?\n'),
    'payload as well',
  )
}

/** Checks that servers answer the router from the VIP, and no director sees it. */
function repliesBesideDirectors(t: Test, hops: readonly Hop[], source: string): void {
  const replies = hops.filter(({ frame }) => frame.segment.source === source)
  t.ok(replies.length >= 40, `${replies.length} packets from ${source}`)
  t.strictSame([...new Set(replies.map(({ from, to }) => `${from} > ${to}`))].toSorted(), [
    's1 > router',
    's2 > router',
  ])
  t.ok(replies.some(({ frame }) => /^s[12]\n$/.test(frame.segment.text)))
}

inKernel('DR, TUN and NAT on the wire, and servers that stop', async (t) => {
  const lab = Lab.for(t)
  const lan = await cluster(lab)
  for (const name of ['s1', 's2'] as const) await openTunnels(lab, name)
  const [s1, s2] = [await serve(lab, 's1'), await serve(lab, 's2')]
  await serve(lab, 'sorry')
  await DirectorProcess.start(t, lab, 'router', { speaker: router })
  const [d1, d2] = await Promise.all([
    DirectorProcess.start(t, lab, 'd1', {
      speaker: speaker('d1'),
      director: director(...services, nat),
      vips: { [vip]: {}, [natVip]: { onFail: 'keep' } },
    }),
    DirectorProcess.start(t, lab, 'd2', {
      speaker: speaker('d2'),
      director: director(...services),
      vips: { [vip]: {} },
    }),
  ])
  await reached(lab, vip, 'd1', 'd2')
  await reached(lab, natVip, 'd1')
  await pools(lab, ['s1', 's2'])
  const names = await macs(lab)

  await t.test('DR', async (t) => {
    let answers = {}
    const frames = await captured(lab, lan, async () => {
      answers = await ask(lab, 80, 20)
    })
    t.strictSame(Object.keys(answers).toSorted(), ['s1', 's2'], 'both servers answer')
    const hops = hopsOf(frames, names)
    packetsToServers(t, hops, `${vip}:80`)
    repliesBesideDirectors(t, hops, `${vip}:80`)
    t.notOk(frames.some(({ tunnel }) => tunnel))
  })

  for (const { type, at } of tunnels) {
    await t.test(`TUN: ${type}`, async (t) => {
      let answers = {}
      const frames = await captured(lab, lan, async () => {
        answers = await ask(lab, at, 20)
      })
      t.strictSame(Object.keys(answers).toSorted(), ['s1', 's2'], 'both servers answer')
      const hops = hopsOf(frames, names)
      packetsToServers(t, hops, `${vip}:${at}`)
      repliesBesideDirectors(t, hops, `${vip}:${at}`)
      const outer = hops.flatMap(({ from, to, frame: { tunnel } }) =>
        tunnel ? [`${from} > ${to} ${tunnel.type} ${tunnel.source} > ${tunnel.destination}`] : [],
      )
      const wanted = (['d1', 'd2'] as const).flatMap((from) =>
        (['s1', 's2'] as const).map(
          (to) => `${from} > ${to} ${type} ${addresses[from]} > ${addresses[to]}`,
        ),
      )
      t.strictSame([...new Set(outer)].toSorted(), wanted, 'from the director to the server')
    })
  }

  await t.test('NAT', async (t) => {
    let answers = {}
    const frames = await captured(lab, lan, async () => {
      answers = await ask(lab, 80, 10, natVip)
    })
    t.strictSame(answers, { s1: 5, s2: 5 })
    const asked = hopsOf(frames, names).filter(({ frame }) => frame.segment.text === 'who?\n')
    const replied = hopsOf(frames, names).filter(({ frame }) =>
      /^s[12]\n$/.test(frame.segment.text),
    )
    const ways = (hops: readonly Hop[], end: 'source' | 'destination'): readonly string[] =>
      [
        ...new Set(hops.map(({ from, to, frame }) => `${from} > ${to} ${frame.segment[end]}`)),
      ].toSorted()
    t.strictSame(ways(asked, 'destination'), [
      `d1 > s1 ${addresses.s1}:80`,
      `d1 > s2 ${addresses.s2}:80`,
      `router > d1 ${natVip}:80`,
    ])
    t.strictSame(
      ways(replied, 'source'),
      [`d1 > router ${natVip}:80`, `s1 > d1 ${addresses.s1}:80`, `s2 > d1 ${addresses.s2}:80`],
      'replies pass the director, which puts the VIP back',
    )
    const ttls = (hops: readonly Hop[], to: string): readonly number[] => [
      ...new Set(hops.filter((hop) => hop.to === to).map(({ frame }) => frame.segment.ttl)),
    ]
    t.strictSame([ttls(asked, 's1'), ttls(replied, 'router')], [[62], [63]], 'one hop each way')
  })

  /** Milliseconds from `since` until each director's table was without, or with, the server. */
  const took = (state: 'up' | 'down', name: 's1' | 's2', since: number): readonly number[] =>
    [d1, d2].map((one) => {
      const found = one
        .events('server', since)
        .find(({ event }) => event.server === `${addresses[name]}:80` && event.state === state)
      return found === undefined ? Number.NaN : found.at - since
    })

  await t.test('a server stops: out within the configured time', async (t) => {
    const since = Date.now()
    await s1.kill()
    await pools(lab, ['s2'])
    const times = took('down', 's1', since)
    t.comment(`down after ${times.join(' and ')} ms, ${CONFIGURED_MS} ms configured`)
    for (const time of times) t.ok(time < CONFIGURED_MS + SLACK_MS, `${time} ms`)
    t.strictSame(await ask(lab, 80, 10), { s2: 10 })
    await reached(lab, vip, 'd1', 'd2')
  })

  await t.test('the last one stops: the sorry server, and a VIP that is kept', async (t) => {
    const since = Date.now()
    await s2.kill()
    await pools(lab, ['sorry'])
    t.comment(`sorry server after ${took('down', 's2', since).join(' and ')} ms`)
    t.strictSame(await ask(lab, 80, 10), { sorry: 10 })
    await reached(lab, vip, 'd1', 'd2')
    await until(
      async () => {
        const { services } = await d1.ask({ do: 'status' })
        return services.find(({ key }) => key === `tcp ${natVip}:80`)?.standing === 'none'
      },
      { what: 'the NAT service has nobody', timeout: PATIENCE },
    )
    await reached(lab, natVip, 'd1')
    t.pass('announced all the same: onFail is keep')
  })

  await t.test('told that a sorry server is no service, both withdraw the VIP', async (t) => {
    for (const one of [d1, d2]) {
      const changes = await one.ask({
        do: 'update',
        options: { vips: { [vip]: { sorry: false } } },
      })
      t.ok(changes.length > 0)
    }
    await reached(lab, vip)
    await reached(lab, natVip, 'd1')
    const [answer] = Object.keys(await ask(lab, 80, 1))
    t.match(answer, /^E|closed/, 'nobody answers')
  })

  await t.test('a server returns, and the VIP with it', async (t) => {
    const since = Date.now()
    await serve(lab, 's1')
    await reached(lab, vip, 'd1', 'd2')
    await pools(lab, ['s1'])
    t.comment(`up after ${took('up', 's1', since).join(' and ')} ms`)
    t.strictSame(await ask(lab, 80, 10), { s1: 10 })
  })

  await t.test('a stop in order leaves nothing', async (t) => {
    t.strictSame(await Promise.all([d1.stop(), d2.stop()]), [0, 0])
    await reached(lab, vip)
    for (const node of ['d1', 'd2']) {
      t.equal(await lab.exec(node, ['ipvsadm', '-Sn']), '')
      t.notMatch(await lab.exec(node, ['ip', 'address', 'show', 'dev', 'lo']), vip)
    }
  })
})
