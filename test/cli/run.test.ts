import { EventEmitter, once } from 'node:events'
import { existsSync } from 'node:fs'
import t from 'tap'
import { processHost } from '../../lib/cli/host.ts'
import { loadInputs, readInputs } from '../../lib/cli/inputs.ts'
import type { Changeable } from '../../lib/cli/reload.ts'
import { type Host, type LogLine, type RunningSpeaker, run } from '../../lib/cli/run.ts'
import { ask } from '../../lib/cli/show.ts'
import type { Link } from '../../lib/ports.ts'
import { operated, said, shortDir } from './sample.ts'

const config = `interface eth0
 ip ospf cost 1
router ospf
 ospf router-id 10.0.1.133
 network 10.0.1.0/24 area 0
 network 10.7.0.0/24 area 0
`

const eth0: Link = {
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

/** A speaker that logs what it is told to and ends when it is stopped. */
class FakeSpeaker {
  readonly emitter: EventEmitter = new EventEmitter()
  stops = 0

  readonly running: RunningSpeaker = {
    ...operated(),
    configured: {} as Changeable,
    log: this.lines(),
    stop: async () => {
      this.stops++
      this.emitter.emit('line', undefined)
    },
  }

  async *lines(): AsyncGenerator<LogLine> {
    yield { level: 'info', text: 'first' }
    while (true) {
      const [line] = await once(this.emitter, 'line')
      if (line === undefined) return
      yield line
    }
  }
}

interface World {
  readonly host: Host
  readonly speaker: FakeSpeaker
  readonly printed: string[]
  readonly complained: string[]
  readonly exits: number[]
  readonly signals: EventEmitter
  /** Resolves when a line that holds the text has been printed. */
  until(text: string): Promise<void>
}

function world(change: Partial<Host> = {}): World {
  const speaker = new FakeSpeaker()
  const printed: string[] = []
  const complained: string[] = []
  const exits: number[] = []
  const signals = new EventEmitter()
  const lines = new EventEmitter()
  const host: Host = {
    readFile: async () => config,
    links: async () => new Map([['eth0', eth0]]),
    speed: () => undefined,
    environment: {},
    start: async () => speaker.running,
    print: (line) => {
      printed.push(line)
      lines.emit('line')
    },
    complain: (line) => complained.push(line),
    wall: () => Date.UTC(2020, 1, 2, 3, 4, 5),
    onSignal: (signal, listener) => {
      signals.on(signal, listener)
      return { [Symbol.dispose]: () => signals.off(signal, listener) }
    },
    exit: (code) => exits.push(code),
    ...change,
  }
  const until = async (text: string): Promise<void> => {
    while (!printed.some((line) => line.includes(text))) await once(lines, 'line')
  }
  return { host, speaker, printed, complained, exits, signals, until }
}

t.test('runs until a signal, logs, answers, stops and cleans up', async (t) => {
  const socket = `${shortDir(t)}/control.sock`
  let started: unknown[] = []
  const { host, speaker, printed, complained, signals, until, exits } = world({
    start: async (...args) => {
      started = args
      return speaker.running
    },
  })
  const status = run({ frr: ['ospfd.conf'], socket, log: 'info', pcap: 'ospf.pcap' }, host)
  await until('first')
  t.match(await said(ask(['show', ...['ip', 'ospf', 'neighbor']], socket)), /Full\/DR/)
  signals.emit('SIGTERM')
  t.equal(await status, 0)
  t.match(started, [
    {
      options: {
        routerId: '10.0.1.133',
        installRoutes: true,
        record: 'ospf.pcap',
        areas: { '0.0.0.0': { interfaces: { eth0: { cost: 1 } } } },
      },
    },
  ])
  t.strictSame(printed, [
    '2020-02-02T03:04:05.000Z warning: ospfd.conf:6: no address is in network 10.7.0.0/24 area 0.0.0.0',
    '2020-02-02T03:04:05.000Z info: started, router id 10.0.1.133',
    '2020-02-02T03:04:05.000Z info: first',
    '2020-02-02T03:04:05.000Z info: SIGTERM: stopping',
    '2020-02-02T03:04:05.000Z info: stopped',
  ])
  t.strictSame(complained, [])
  t.strictSame(exits, [])
  t.equal(speaker.stops, 1)
  t.notOk(existsSync(socket))
  t.strictSame(signals.eventNames(), [], 'no listener stays')
})

t.test('a second signal ends the process at once', async (t) => {
  const { host, speaker, signals, exits, until } = world()
  const stopped = once(speaker.emitter, 'released')
  const running = { ...speaker.running, stop: async () => void (await stopped) }
  const status = run(
    { frr: ['f'], socket: `${shortDir(t)}/s`, log: 'info' },
    { ...host, start: async () => running },
  )
  await until('first')
  signals.emit('SIGINT')
  await until('SIGINT: stopping')
  t.strictSame(exits, [])
  signals.emit('SIGTERM')
  t.strictSame(exits, [143])
  speaker.emitter.emit('released')
  speaker.emitter.emit('line', undefined)
  t.equal(await status, 0)
})

t.test('log levels', async (t) => {
  const { host, speaker, printed, signals, until } = world()
  const status = run({ frr: ['f'], socket: `${shortDir(t)}/s`, log: 'warning' }, host)
  await until('no address is in')
  while (speaker.emitter.listenerCount('line') === 0) await new Promise(setImmediate)
  speaker.emitter.emit('line', { level: 'error', text: 'bad' })
  await until('bad')
  signals.emit('SIGTERM')
  t.equal(await status, 0)
  t.strictSame(
    printed.map((line) => line.split(' ')[1]),
    ['warning:', 'error:'],
  )
})

t.test('debug tells what was accepted without effect', async (t) => {
  const { host, printed, signals, until } = world({ readFile: async () => `log syslog\n${config}` })
  const status = run({ frr: ['f'], socket: `${shortDir(t)}/s`, log: 'debug' }, host)
  await until('first')
  signals.emit('SIGTERM')
  await status
  t.match(printed[0], /debug: f:1: accepted, without effect: log syslog$/)
})

t.test('a YAML file says the socket and what to print; SIGHUP reads it again', async (t) => {
  const socket = `${shortDir(t)}/s`
  const yaml = `routerId: 10.0.1.133
areas: { 0: { interfaces: { eth0: {} } } }
socket: ${socket}
log: warning
`
  let text = yaml
  const { host, printed, signals, until } = world({
    readFile: async () => text,
    start: async (config) => {
      t.equal(config.socket, socket)
      return { ...world().speaker.running, configured: { config } as Changeable }
    },
  })
  const status = run({ files: ['f.yaml'] }, host)
  while (!existsSync(socket)) await new Promise(setImmediate)
  text = `${yaml}nonsense: 1\n`
  while (signals.listenerCount('SIGHUP') === 0) await new Promise(setImmediate)
  await new Promise(setImmediate)
  signals.emit('SIGHUP')
  await until('reload: nothing has changed')
  t.strictSame(
    printed.map((line) => line.split(' ').slice(1, 4).join(' ')),
    ['error: f.yaml:5:1: nonsense:', 'error: reload: nothing'],
    'and no more than that',
  )
  signals.emit('SIGTERM')
  t.equal(await status, 0)
})

t.test('what is not done is a warning, and refused where one is strict', async (t) => {
  const text = `ip forwarding\nlog syslog\n${config}`
  const { host, printed, signals, until } = world({ readFile: async () => text })
  const options = { frr: ['f'], socket: `${shortDir(t)}/s`, log: 'warning' } as const
  const status = run({ ...options, log: 'info' }, host)
  await until('first')
  signals.emit('SIGTERM')
  t.equal(await status, 0)
  t.match(printed[0], /warning: f:1: not done: ip forwarding: the kernel is left as it is/)
  const refused = world({
    readFile: async () => text,
    start: (): never => t.fail('started') as never,
  })
  t.equal(await run({ ...options, strict: true }, refused.host), 2)
  t.strictSame(refused.complained, [
    'f:1: ip forwarding: the kernel is left as it is: set net.ipv4.ip_forward',
  ])
  const fine = world({ readFile: async () => `log syslog\n${config}` })
  const started = run({ ...options, log: 'info', strict: true }, fine.host)
  await fine.until('first')
  fine.signals.emit('SIGTERM')
  t.equal(await started, 0, 'managing a daemon is no matter for it')
})

t.test("FRR's files without --frr", async (t) => {
  const { host } = world({ readFile: async () => 'router ospf\n network 10.0.0.0/8 area 0\n' })
  const { texts } = await loadInputs({ files: ['ospfd.conf'] }, host)
  const { errors } = await readInputs(texts, host)
  t.match(errors.at(-1), /^ospf-speaker: ospfd\.conf: Quagga's and FRR's files go with --frr/)
})

t.test('a file that cannot be read is named, and why', async (t) => {
  const { errors } = await loadInputs({ files: ['lib'], frr: ['gone.conf'] }, processHost)
  t.strictSame(errors, [
    'ospf-speaker: lib: a folder, where a file was expected',
    'ospf-speaker: gone.conf: no such file',
  ])
})

t.test('whose defaults count', async (t) => {
  const costs: (number | undefined)[] = []
  for (const compat of ['frr', 'quagga-0.99'] as const) {
    const { host } = world({
      readFile: async () => config.replace('cost 1', 'priority 1'),
      speed: () => 1000,
      start: async ({ options }) => {
        costs.push(options.areas['0.0.0.0']?.interfaces?.['eth0']?.cost)
        throw new Error('enough')
      },
    })
    await run({ frr: ['f'], socket: `${shortDir(t)}/s`, log: 'error', compat }, host)
  }
  t.strictSame(costs, [100, 10])
})

t.test('a configuration with errors starts nothing and exits with 2', async (t) => {
  const socket = `${shortDir(t)}/s`
  const refuse = { start: (): never => t.fail('started') as never }
  const bad = world({ ...refuse, readFile: async () => `${config} redistribute ospf 2\n` })
  t.equal(await run({ frr: ['a.conf'], socket, log: 'info' }, bad.host), 2)
  t.strictSame(bad.complained, [
    'a.conf:7: redistribute ospf 2: routes of another instance or table are not redistributed',
  ])
  const missing = world({
    ...refuse,
    readFile: async (path) => Promise.reject(new Error(`no ${path}`)),
  })
  t.equal(await run({ frr: ['a', 'b'], socket, log: 'info' }, missing.host), 2)
  t.strictSame(missing.complained, ['ospf-speaker: a: no a', 'ospf-speaker: b: no b'])
  t.notOk(existsSync(socket))
})

t.test('what the machine refuses exits with 1', async (t) => {
  const socket = `${shortDir(t)}/s`
  const absent = world({
    readFile: async () => `interface eth9\n ip address 10.0.0.1/8\n${config}`,
  })
  t.equal(await run({ frr: ['f'], socket, log: 'info' }, absent.host), 1)
  t.strictSame(absent.complained, ['ospf-speaker: interface eth9 does not exist'])

  const failing = world({ start: async () => Promise.reject(new Error('operation not permitted')) })
  t.equal(await run({ frr: ['f'], socket, log: 'info' }, failing.host), 1)
  t.strictSame(failing.complained, ['ospf-speaker: operation not permitted'])
  t.notOk(existsSync(socket), 'the socket is gone')

  const taken = world()
  t.equal(await run({ frr: ['f'], socket: '/dev/null', log: 'info' }, taken.host), 1)
  t.match(taken.complained, [/no socket/])
  t.equal(taken.speaker.stops, 0)
})

t.test('a speaker that ends by itself, or fails, is no success', async (t) => {
  const socket = `${shortDir(t)}/s`
  const ended = world()
  const status = run({ frr: ['f'], socket, log: 'info' }, ended.host)
  await ended.until('first')
  while (ended.speaker.emitter.listenerCount('line') === 0) await new Promise(setImmediate)
  ended.speaker.emitter.emit('line', undefined)
  t.equal(await status, 1)

  const failed = world()
  const running = {
    ...failed.speaker.running,
    // biome-ignore lint/correctness/useYield: it fails before it says anything
    log: (async function* (): AsyncGenerator<LogLine> {
      throw new Error('socket gone')
    })(),
  }
  const host = { ...failed.host, start: async () => running }
  t.equal(await run({ frr: ['f'], socket, log: 'info' }, host), 1)
  t.strictSame(failed.complained, ['ospf-speaker: socket gone'])
  t.equal(failed.speaker.stops, 1)
})
