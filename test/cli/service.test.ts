/** A speaker as a service: logs as JSON, metrics on the control socket, and what systemd hears. */
import { EventEmitter, once } from 'node:events'
import t from 'tap'
import { logger, parseLog } from '../../lib/cli/log.ts'
import { type Host, run } from '../../lib/cli/run.ts'
import { Service, summaryOf, withMetrics } from '../../lib/cli/service.ts'
import type { Metrics, ServiceNotifier } from '../../lib/index.ts'
import type { Link } from '../../lib/ports.ts'
import { operated, shortDir } from './sample.ts'

const link: Link = {
  name: 'eth0',
  index: 2,
  up: true,
  address: 0x0a000185,
  prefixLength: 24,
  mtu: 1500,
  loopback: false,
  broadcast: true,
  addresses: [{ address: 0x0a000185, prefixLength: 24, secondary: false, peer: undefined }],
}

t.test('--log: a level, json, or both', async (t) => {
  t.same(parseLog('debug'), { log: 'debug' })
  t.same(parseLog('json'), { json: true })
  t.same(parseLog('warning,json'), { log: 'warning', json: true })
  t.same(parseLog('json,error'), { log: 'error', json: true })
  for (const wrong of ['loud', 'info,debug', '', 'json,', 'info,xml']) {
    t.throws(() => parseLog(wrong), { name: 'UsageError', message: /^--log: expected error, / })
  }
})

t.test('a line of JSON for each event, with its fields', async (t) => {
  const printed: string[] = []
  const wall = () => Date.UTC(2020, 1, 2)
  const log = logger('info', (line) => printed.push(line), wall, true)
  log({ level: 'debug', text: 'not this one' })
  log({ level: 'info', text: 'started' })
  log({
    level: 'warning',
    text: 'no',
    record: { event: 'error', where: 'x', error: { message: 'no' } },
  })
  t.same(
    printed.map((line) => JSON.parse(line)),
    [
      { time: '2020-02-02T00:00:00.000Z', level: 'info', message: 'started', event: 'log' },
      {
        time: '2020-02-02T00:00:00.000Z',
        level: 'warning',
        message: 'no',
        event: 'error',
        where: 'x',
        error: { message: 'no' },
      },
    ],
  )
  t.ok(printed.every((line) => !line.includes('\n')))
})

const metrics: Metrics = {
  render: async (format = 'openmetrics') => ({ contentType: `type of ${format}`, body: format }),
  [Symbol.dispose]() {},
}

t.test('GET /metrics on the control socket', async (t) => {
  const others = async () => ({ status: 404, body: 'others' })
  const asked = {
    isPost: false,
    words: ['metrics'],
    wantsText: false,
    body: async () => undefined,
    signal: new AbortController().signal,
  }
  const answer = withMetrics(() => metrics, others)
  t.same(await answer(asked), { status: 200, body: 'text', type: 'type of text' })
  const accept = 'application/openmetrics-text; version=1.0.0, */*;q=0.1'
  t.match(await answer({ ...asked, accept }), { body: 'openmetrics' })
  t.match(await answer({ ...asked, isPost: true }), { body: 'others' })
  t.match(await answer({ ...asked, words: ['show', 'ip'] }), { body: 'others' })
  t.match(await withMetrics(() => undefined, others)(asked), { body: 'others' })
})

function notes(): { readonly said: string[]; readonly notifier: ServiceNotifier } {
  const said: string[] = []
  const notifier: ServiceNotifier = {
    active: true,
    watchdog: undefined,
    ready: (status) => void said.push(`ready ${status ?? ''}`.trim()),
    status: (text) => void said.push(`status ${text}`),
    reloading: () => void said.push('reloading'),
    stopping: () => void said.push('stopping'),
    [Symbol.dispose]: () => void said.push('over'),
  }
  return { said, notifier }
}

t.test('a line of status says how it stands, and not too often', async (t) => {
  const { speaker } = operated()
  const summary = summaryOf(speaker)
  t.match(summary, /^\d+ of \d+ neighbors Full/)
  const { said, notifier } = notes()
  const service = new Service(notifier, speaker)
  for (let i = 0; i < 100; i++) service.changed()
  t.same(said, [`ready ${summary}`])
  service.stopping()
  service.changed()
  service[Symbol.dispose]()
  t.same(said, [`ready ${summary}`, 'stopping', 'over'])
})

t.test('run: ready when started, reloading while it reloads, stopping when it stops', async (t) => {
  const socket = `${shortDir(t)}/s`
  const signals = new EventEmitter()
  const lines = new EventEmitter()
  const printed: string[] = []
  const { said, notifier } = notes()
  let lateness: (() => number) | undefined
  const config = 'router ospf\n ospf router-id 10.0.1.133\n network 10.0.1.0/24 area 0\n'
  let end = (): void => {}
  const stopped = new Promise<void>((resolve) => {
    end = resolve
  })
  const speaking = operated()
  const host: Host = {
    readFile: async () => config,
    links: async () => new Map([['eth0', link]]),
    speed: () => undefined,
    environment: {},
    start: async (of) => ({
      ...speaking,
      configured: {
        metrics,
        config: of,
        onTrial: false,
        plan: () => ({ changes: [], restarted: [] }),
        apply: async () => ({ changes: [], restarted: [] }),
        try: () => Promise.reject(new Error('no')),
        confirm: () => false,
        renew() {},
      },
      log: (async function* () {
        yield { level: 'info', text: 'first', record: { event: 'resumed', seconds: 1 } } as const
        await stopped
      })(),
      stop: async () => end(),
    }),
    notifier: async (options) => {
      lateness = options.lateness
      return notifier
    },
    print: (line) => {
      printed.push(line)
      lines.emit('line')
    },
    complain: (line) => t.fail(line),
    wall: () => Date.UTC(2020, 1, 2),
    onSignal: (signal, listener) => {
      signals.on(signal, listener)
      return { [Symbol.dispose]: () => signals.off(signal, listener) }
    },
    exit: () => t.fail('exit'),
  }
  const until = async (text: string): Promise<void> => {
    while (!printed.some((line) => line.includes(text))) await once(lines, 'line')
  }
  const status = run({ frr: ['ospfd.conf'], socket, json: true }, host)
  await until('first')
  t.equal(lateness!(), speaking.speaker.vitals().late)
  signals.emit('SIGHUP')
  await until('reload: no change')
  signals.emit('SIGTERM')
  t.equal(await status, 0)
  const summary = summaryOf(speaking.speaker)
  t.same(said, [`ready ${summary}`, 'reloading', 'ready', 'stopping', 'over', 'over'])
  t.ok(printed.map((line) => JSON.parse(line)).some(({ event }) => event === 'resumed'))
})
