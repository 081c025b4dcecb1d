/** Figures of a speaker in memory: that they are right, readable, bounded, its own, and cheap to ask for. */
import { spawnSync } from 'node:child_process'
import { lstatSync, mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Gate } from '../../lib/health/gate.ts'
import { healthy } from '../../lib/health/healthy.ts'
import { OspfSpeaker } from '../../lib/index.ts'
import { speakerMetrics } from '../../lib/observe/metrics.ts'
import { metricsServer, parseListen } from '../../lib/observe/metrics-server.ts'
import { director, eth0, lan, running, vip } from '../world.ts'
import { type Family, parseOpenMetrics } from './open-metrics.ts'

const figure = (families: ReadonlyMap<string, Family>, key: string): number | undefined => {
  for (const { samples } of families.values()) {
    if (samples.has(key)) return samples.get(key)
  }
  return undefined
}

t.test('what a speaker does is in its figures', async (t) => {
  const { world, peer, run, until } = lan()
  const speaker = await OspfSpeaker.start(director({ installRoutes: true }, eth0), world)
  let isUp = true
  const gate = healthy(
    async () => {
      if (!isUp) throw new Error('not now')
    },
    { clock: world.clock, name: 'app "one"', rise: 1, fall: 1 },
  )
  speaker.announce(vip, { when: gate, cost: 7, weight: 50 })
  using counted = await speakerMetrics({ speaker, clock: world.clock, gates: () => [gate, gate] })
  await run(20)
  const { contentType, body } = await counted.render()
  t.equal(contentType, 'application/openmetrics-text; version=1.0.0; charset=utf-8')
  const families = parseOpenMetrics(body)
  const value = (key: string): number | undefined => figure(families, key)
  t.equal(value(`ospf_speaker_info{router_id="${speaker.routerId}"}`), 1)
  t.equal(value('ospf_neighbors{interface="eth0",state="Full"}'), 1)
  t.equal(value('ospf_interface_up{interface="eth0",area="0.0.0.0"}'), 1)
  t.equal(value('ospf_neighbor_transitions_total{state="Full"}'), 1)
  t.equal(
    value('ospf_packets_sent_total{interface="eth0",type="hello"}'),
    speaker.interfaces()[0]!.sent.hello,
  )
  t.ok(value('ospf_packets_received_total{interface="eth0",type="ls_update"}')! > 0)
  t.equal(value('ospf_lsas{area="0.0.0.0",type="1"}'), 2, 'two router-LSAs')
  t.equal(value('ospf_routes{path_type="intra-area"}'), speaker.routes().length)
  t.ok(value('ospf_spf_runs_total{what="tree"}')! > 0)
  t.equal(
    value('ospf_spf_duration_seconds_count{what="tree"}'),
    value('ospf_spf_runs_total{what="tree"}'),
  )
  t.equal(value('ospf_vip_state{vip="10.0.1.100/32",state="up"}'), 1)
  t.equal(value('ospf_vip_state{vip="10.0.1.100/32",state="down"}'), 0)
  t.equal(value('ospf_vip_announced{vip="10.0.1.100/32"}'), 1)
  t.equal(value('ospf_vip_gate_open{vip="10.0.1.100/32"}'), 1)
  t.equal(value('ospf_vip_cost{vip="10.0.1.100/32"}'), 7)
  t.equal(value('ospf_vip_weight{vip="10.0.1.100/32"}'), 50)
  const now = world.clock.wall() / 1000
  const since = value('ospf_vip_state_timestamp_seconds{vip="10.0.1.100/32"}')!
  t.ok(since > now - 20 && since <= now)
  t.equal(value('ospf_check_healthy{check="app \\"one\\""}'), 1)
  t.equal(value('ospf_check_healthy{check="app \\"one\\" #2"}'), 1, 'each by a name of its own')
  const runs = value('ospf_probe_runs_total{check="app \\"one\\"",probe="probe 1",result="passed"}')
  t.ok(runs! >= 19, `${runs}`)
  t.equal(value('ospf_protocol_late_seconds'), 0)
  t.equal(value('ospf_metrics_left_out{what="vips"}'), 0)
  t.ok(value('process_resident_memory_bytes')! > 1e6)

  isUp = false
  peer.crash()
  await run(10)
  const after = parseOpenMetrics((await counted.render()).body)
  t.equal(figure(after, 'ospf_neighbors{interface="eth0",state="Full"}'), 0, 'not gone: 0')
  t.equal(figure(after, 'ospf_vip_gate_open{vip="10.0.1.100/32"}'), 0)
  t.equal(figure(after, 'ospf_vip_announced{vip="10.0.1.100/32"}'), 0)
  t.equal(figure(after, 'ospf_vip_state{vip="10.0.1.100/32",state="up"}'), 0)
  t.equal(figure(after, 'ospf_vip_cost{vip="10.0.1.100/32"}'), undefined)
  await until(speaker.stop())
})

t.test('what became of what hooks were to be told', async (t) => {
  const { speaker, world, until } = await running()
  const counts = [
    { hook: 'https://alerts.example.com', delivered: 3, retried: 2, failed: 1, omitted: 7 },
  ]
  const hooks = { counts: () => counts }
  using metrics = await speakerMetrics({ speaker, clock: world.clock, hooks })
  const families = parseOpenMetrics((await metrics.render()).body)
  const value = (result: string): number | undefined =>
    figure(
      families,
      `ospf_hook_notices_total{hook="https://alerts.example.com",result="${result}"}`,
    )
  t.same(['delivered', 'retried', 'failed', 'omitted'].map(value), [3, 2, 1, 7])
  await until(speaker.stop())
})

t.test('figures are good for a second, however many ask', async (t) => {
  const { speaker, world, run, until } = await running()
  let looks = 0
  const watched = new Proxy(speaker, {
    get(target, name) {
      if (name === 'neighbors') looks++
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  using metrics = await speakerMetrics({ speaker: watched, clock: world.clock })
  const bodies = await Promise.all(Array.from({ length: 50 }, () => metrics.render()))
  t.equal(new Set(bodies.map(({ body }) => body)).size, 1)
  t.equal(looks, 1)
  await run(1)
  await metrics.render()
  t.equal(looks, 2)
  await until(speaker.stop())
})

t.test('two speakers share nothing, and one that is disposed counts no more', async (t) => {
  const one = await running()
  const other = await running()
  const metrics = await Promise.all(
    [one, other].map(({ speaker, world }) => speakerMetrics({ speaker, clock: world.clock })),
  )
  await one.run(30)
  const sent = async (i: number): Promise<number | undefined> => {
    const families = parseOpenMetrics((await metrics[i]!.render()).body)
    return figure(families, 'ospf_packets_sent_total{interface="eth0",type="hello"}')
  }
  t.ok((await sent(0))! > (await sent(1))! + 20)
  metrics[0]![Symbol.dispose]()
  const events = async (): Promise<number | undefined> =>
    figure(
      parseOpenMetrics((await metrics[0]!.render()).body),
      'ospf_events_total{event="announcement"}',
    )
  one.speaker.announce(vip)
  await one.run(5)
  t.equal(await events(), undefined)
  metrics[1]![Symbol.dispose]()
  await one.until(one.speaker.stop())
  await other.until(other.speaker.stop())
})

t.test('labels are bounded, and what is left out is counted', async (t) => {
  const { speaker, world, until } = await running()
  const gates = Array.from({ length: 2100 }, (_, i) => ({
    name: `check ${i}`,
    verdict: { healthy: true, reason: '', at: 0 },
  }))
  using metrics = await speakerMetrics({ speaker, clock: world.clock, gates: () => gates })
  const families = parseOpenMetrics((await metrics.render()).body)
  t.equal(families.get('ospf_check_healthy')!.samples.size, 2000)
  t.equal(figure(families, 'ospf_metrics_left_out{what="checks"}'), 100)
  await until(speaker.stop())
})

t.test('a director: services and servers', async (t) => {
  const { speaker, world, until } = await running()
  const traffic = (n: number) => ({
    activeConnections: n,
    inactiveConnections: 2 * n,
    statistics: { connections: BigInt(10 * n), inBytes: 1000n, outBytes: 2000n },
  })
  const services = [
    {
      ...traffic(5),
      key: 'tcp 10.0.1.100:80',
      standing: 'quorum',
      weight: 2,
      quorum: 1,
      problem: undefined,
      servers: [
        { ...traffic(3), server: '10.0.2.1:80', state: 'up', weight: 1, draining: false },
        {
          ...traffic(2),
          server: '10.0.2.2:80',
          state: 'down',
          weight: undefined,
          draining: true,
          statistics: undefined,
        },
      ],
    },
  ]
  using metrics = await speakerMetrics({
    speaker,
    clock: world.clock,
    director: { status: () => ({ services }) },
  })
  const families = parseOpenMetrics((await metrics.render()).body)
  const server = (n: number): string => `service="tcp 10.0.1.100:80",server="10.0.2.${n}:80"`
  for (const [key, value] of Object.entries({
    'ipvs_service_standing{service="tcp 10.0.1.100:80",standing="quorum"}': 1,
    'ipvs_service_standing{service="tcp 10.0.1.100:80",standing="sorry"}': 0,
    'ipvs_service_quorum{service="tcp 10.0.1.100:80"}': 1,
    'ipvs_service_problem{service="tcp 10.0.1.100:80"}': 0,
    [`ipvs_destination_up{${server(1)}}`]: 1,
    [`ipvs_destination_up{${server(2)}}`]: 0,
    [`ipvs_destination_weight{${server(2)}}`]: 0,
    [`ipvs_destination_draining{${server(2)}}`]: 1,
    [`ipvs_destination_active_connections{${server(1)}}`]: 3,
    [`ipvs_destination_connections_total{${server(1)}}`]: 30,
    [`ipvs_destination_bytes_total{${server(1)},direction="out"}`]: 2000,
  })) {
    t.equal(figure(families, key), value, key)
  }
  t.equal(families.get('ipvs_destination_active_connections')!.type, 'gauge')
  await until(speaker.stop())
})

t.test('gates tell how their probes fare', async (t) => {
  const { speaker, world, run, until } = await running()
  const slow = () => new Promise<void>((resolve) => void world.clock.setTimer(250, resolve))
  const hangs = () => new Promise<void>(() => {})
  const gate: Gate = healthy([slow, hangs], {
    clock: world.clock,
    interval: 1,
    timeout: 0.5,
    random: () => 0,
  })
  speaker.announce(vip, { when: gate })
  await run(10)
  const [first, second] = gate.probes!
  t.equal(first!.name, 'slow')
  t.ok(Math.abs(first!.took! - 250) < 1)
  t.ok(first!.passed >= 9 && first!.failed === 0)
  t.ok(second!.failed >= 9 && second!.passed === 0)
  t.ok(Math.abs(second!.took! - 500) < 1)
  await until(speaker.stop())
})

interface Got {
  readonly status: number | undefined
  readonly type: string | undefined
  readonly body: string
}

const get = (
  where: object,
  headers: Record<string, string> = {},
  path = '/metrics',
): Promise<Got> =>
  new Promise((resolve, reject) => {
    request({ path, headers, agent: false, ...where }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        body += chunk
      })
      answer.on('end', () =>
        resolve({ status: answer.statusCode, type: answer.headers['content-type'], body }),
      )
    })
      .on('error', reject)
      .end()
  })

t.test('over HTTP, on an address and on a unix socket', async (t) => {
  const { speaker, world, until } = await running()
  const folder = mkdtempSync(join(tmpdir(), 'ospf-metrics-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'metrics')
  const sources = { speaker, clock: world.clock }
  // a dead process left one
  const left =
    "require('net').createServer().listen(process.argv[1],()=>process.kill(process.pid,9))"
  spawnSync(process.execPath, ['-e', left, path])
  t.ok(lstatSync(path).isSocket())
  const onUnix = await metricsServer({ ...sources, listen: path })
  t.equal(onUnix.address, path)
  const server = await metricsServer({ ...sources, listen: '127.0.0.1:0' })
  const { port } = new URL(server.address)
  const where = { host: '127.0.0.1', port }
  const open = { accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' }
  const got = await get(where, open)
  t.equal(got.status, 200)
  t.match(got.type, /^application\/openmetrics-text/)
  t.ok(parseOpenMetrics(got.body).has('ospf_neighbors'))
  const plain = await get({ socketPath: path })
  t.equal(plain.type, 'text/plain; version=0.0.4; charset=utf-8')
  t.match(plain.body, /^# TYPE ospf_packets_sent_total counter$/m)
  t.match(plain.body, /^# HELP ospf_packets_sent_total /m)
  t.notMatch(plain.body, /# EOF/)
  t.equal((await get(where, {}, '/other')).status, 404)
  t.equal((await get({ ...where, method: 'POST' })).status, 405)
  t.same(await get({ ...where, method: 'HEAD' }), { ...plain, body: '' })
  await t.rejects(metricsServer({ ...sources, listen: `127.0.0.1:${port}` }), {
    code: 'ERR_OSPF_CONFIG',
    message: new RegExp(`^metrics: 127.0.0.1:${port}: .*EADDRINUSE`),
  })
  await t.rejects(metricsServer({ ...sources, listen: path }), { message: /EADDRINUSE/ })
  // somebody who connects and says nothing does not keep it open
  const silent = connect(Number(port), '127.0.0.1')
  silent.on('error', () => {})
  await get(where)
  await server[Symbol.asyncDispose]()
  await onUnix[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await t.rejects(get(where))
  await until(speaker.stop())
})

t.test('where to listen', async (t) => {
  t.same(parseListen('127.0.0.1:9099'), { host: '127.0.0.1', port: 9099 })
  t.same(parseListen(':9099'), { port: 9099 })
  t.same(parseListen('[::1]:9099'), { host: '::1', port: 9099 })
  t.same(parseListen('/run/metrics'), { path: '/run/metrics' })
  for (const wrong of ['9099', '127.0.0.1', '127.0.0.1:70000', '::1:9099', '', 9099, undefined]) {
    t.throws(() => parseListen(wrong), { code: 'ERR_OSPF_CONFIG', message: /^metrics: expected / })
  }
})

t.test('the reader of these tests refuses what a scraper would', async (t) => {
  const ok = '# HELP a b\n# TYPE a gauge\na{b="c\\"d",e="f"} 1\n# EOF\n'
  t.equal(parseOpenMetrics(ok).get('a')!.samples.size, 1)
  for (const wrong of [
    '# HELP a b\n# TYPE a gauge\na 1\n',
    '# HELP a b\n# TYPE a gauge\na{b="c"d"} 1\n# EOF\n',
    '# HELP a b\n# TYPE a counter\na 1\n# EOF\n',
    '# HELP a b\n# TYPE a gauge\na 1\na 2\n# EOF\n',
    '# HELP a b\n# TYPE a gauge\nb 1\n# EOF\n',
    '# HELP a b\n# TYPE a gauge\na one\n# EOF\n',
    '# HELP a b\n# TYPE a gauge\n# HELP a b\n# EOF\n',
  ]) {
    t.throws(() => parseOpenMetrics(wrong), wrong)
  }
})
