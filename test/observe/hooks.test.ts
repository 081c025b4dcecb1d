/** Hooks: what they are told of, in which order, how much at most, and that nothing waits for them. */

import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { formatEvent, OspfSpeaker, type SpeakerEvent } from '../../lib/index.ts'
import { type AnyEvent, type EventRecord, eventRecord } from '../../lib/observe/event-record.ts'
import { type HookOptions, parseHooks } from '../../lib/observe/hook-options.ts'
import { environmentOf, type HookRun, LastingError, runHook } from '../../lib/observe/hook-run.ts'
import { startHooks, topicOf } from '../../lib/observe/hooks.ts'
import { VirtualClock } from '../../lib/sim/clock.ts'
import { director, eth0, lan, settle, vip } from '../world.ts'

const neighbor = (state: string, was = 'Loading'): AnyEvent & Record<string, unknown> => ({
  type: 'neighbor',
  interface: 'eth0',
  routerId: '10.0.0.9',
  address: '10.0.0.9',
  was,
  state,
  reason: 'LoadingDone',
})

/** A speaker that says what it is told to, and hooks whose runs end when it is said. */
function bench(hooks: readonly HookOptions[]) {
  const clock = new VirtualClock({ wall: Date.UTC(2026, 0, 1) })
  const listeners = new Set<(event: AnyEvent) => void>()
  const told: EventRecord[] = []
  const failures: string[] = []
  const running: { notice: EventRecord; signal: AbortSignal; end(error?: Error): void }[] = []
  const run: HookRun = (_, notice, signal) => {
    told.push(notice)
    return new Promise((resolve, reject) => {
      const end = (error?: Error): void => {
        running.splice(running.indexOf(entry), 1)
        if (error) reject(error)
        else resolve()
      }
      const entry = { notice, signal, end }
      running.push(entry)
      signal.addEventListener('abort', () => end(signal.reason as Error))
    })
  }
  const started = startHooks({
    speaker: {
      routerId: '10.0.0.1',
      subscribe(listener) {
        listeners.add(listener)
        return { [Symbol.dispose]: () => void listeners.delete(listener) }
      },
    },
    hooks,
    clock,
    run,
    onFailure: (what, reason) => failures.push(`${what}: ${reason}`),
  })
  const say = async (...events: AnyEvent[]): Promise<void> => {
    for (const event of events) for (const listener of listeners) listener(event)
    await settle()
  }
  const end = async (error?: Error): Promise<void> => {
    running[0]!.end(error)
    await settle()
  }
  return { clock, say, end, told, running, failures, started, listeners }
}

const all = ['neighbor', 'vip', 'pool', 'interface', 'attack', 'error'] as const

t.test('what they are told of', async (t) => {
  const topics = (type: string, fields: object = {}): unknown => topicOf({ type, ...fields })
  t.equal(topicOf(neighbor('Full')), 'neighbor')
  t.equal(topicOf(neighbor('Down', 'Full')), 'neighbor')
  t.equal(topicOf(neighbor('ExStart', 'Init')), undefined)
  t.equal(topics('announcement', { was: 'down', state: 'up' }), 'vip')
  t.equal(topics('announcement', { was: 'down', state: 'down' }), undefined)
  t.equal(topics('interface', { was: 'Down', state: 'Waiting' }), 'interface')
  t.equal(topics('interface', { was: 'Waiting', state: 'DR' }), undefined)
  t.equal(topics('server', { was: 'up', state: 'down' }), 'pool')
  t.equal(topics('server', { was: 'down', state: 'down' }), undefined)
  t.equal(topics('quorum'), 'pool')
  t.equal(topics('sorry'), 'pool')
  t.equal(topics('attack'), 'attack')
  t.equal(topics('kernel', { what: 'refused' }), 'error')
  t.equal(topics('kernel', { what: 'leftover' }), undefined)
  t.equal(topics('error'), 'error')
  t.equal(topics('spf'), undefined)
})

t.test('each hook hears what it asks for, in order, one at a time', async (t) => {
  const { say, end, told, running, started } = bench([
    { on: ['neighbor'], command: ['x'] },
    { on: ['vip'], command: ['y'] },
  ])
  await say(neighbor('Full'), neighbor('Init'), neighbor('Down', 'Full'))
  t.equal(running.length, 1)
  t.same(told[0], {
    topic: 'neighbor',
    time: '2026-01-01T00:00:00.000Z',
    speaker: '10.0.0.1',
    message: JSON.stringify(neighbor('Full')),
    event: 'neighbor',
    interface: 'eth0',
    routerId: '10.0.0.9',
    address: '10.0.0.9',
    was: 'Loading',
    state: 'Full',
    reason: 'LoadingDone',
  })
  await end()
  t.equal(told[1]!['state'], 'Down')
  await end()
  t.equal(told.length, 2)
  await started[Symbol.asyncDispose]()
})

t.test('what takes too long is ended, what fails is said, and the next comes', async (t) => {
  const { clock, say, end, told, failures, running, started } = bench([
    { on: [...all], command: ['/bin/page'], timeout: 3, concurrency: 2 },
  ])
  await say(neighbor('Full'), neighbor('Down', 'Full'), neighbor('Full'))
  t.equal(running.length, 2, 'two at once')
  clock.advance(3000)
  await settle()
  t.same(failures, Array(2).fill('hook /bin/page: timed out after 3 s'))
  t.equal(told.length, 3)
  await end(new Error('exit code 4'))
  t.equal(failures[2], 'hook /bin/page: exit code 4')
  await started[Symbol.asyncDispose]()
})

t.test('a web service that fails is asked again, with growing pauses, in order', async (t) => {
  const { clock, say, end, told, failures, running, started } = bench([
    { on: ['neighbor'], url: 'http://127.0.0.1:9/x?token=secret' },
  ])
  const counts = (): unknown => started.counts()
  await say(neighbor('Full'), neighbor('Down', 'Full'))
  for (const pause of [1000, 2000, 4000, 8000]) {
    await end(new Error('HTTP status 503'))
    t.equal(running.length, 0)
    clock.advance(pause - 1)
    await settle()
    t.equal(running.length, 0, `not before ${pause} ms`)
    clock.advance(1)
    await settle()
    t.equal(running.length, 1)
    t.equal(running[0]!.notice['state'], 'Full', 'the one that comes later waits')
  }
  t.same(failures, [])
  await end(new Error('HTTP status 503'))
  t.same(failures, ['hook http://127.0.0.1:9: HTTP status 503, after 5 attempts'])
  t.equal(told.length, 6)
  await end(new Error('connect ECONNREFUSED'))
  clock.advance(1000)
  await settle()
  await end()
  t.equal(failures.length, 1, 'the second attempt went well')
  await say(neighbor('Full'))
  await end(new LastingError('HTTP status 404'))
  t.equal(failures[1], 'hook http://127.0.0.1:9: HTTP status 404')
  t.same(counts(), [
    { hook: 'http://127.0.0.1:9', delivered: 1, retried: 5, failed: 2, omitted: 0 },
  ])
  t.equal(clock.planned, 0, 'no timer is left')
  await started[Symbol.asyncDispose]()
})

t.test('what waits for another attempt has the last one when everything ends', async (t) => {
  const { say, end, told, failures, running, started, clock } = bench([
    { on: ['neighbor'], url: 'http://127.0.0.1:9/', retries: 10 },
  ])
  await say(neighbor('Full'))
  await end(new Error('HTTP status 500'))
  const over = started[Symbol.asyncDispose]()
  await settle()
  t.equal(running.length, 1)
  await end(new Error('HTTP status 500'))
  await over
  t.equal(told.length, 2)
  t.same(failures, ['hook http://127.0.0.1:9: HTTP status 500, after 2 attempts'])
  t.equal(clock.planned, 0)
})

t.test('beyond the rate: counted, and told when there is room', async (t) => {
  const { clock, say, end, told, running, started } = bench([
    { on: ['neighbor', 'vip'], url: 'http://127.0.0.1/x', perMinute: 3 },
  ])
  const change = { type: 'announcement', was: 'down', state: 'up' }
  await say(...Array(10).fill(neighbor('Full')), change, change)
  while (running.length > 0) await end()
  t.equal(told.length, 3)
  clock.advance(59_000)
  await say(neighbor('Full'))
  t.equal(told.length, 3)
  clock.advance(1000)
  await settle()
  t.match(told[3], {
    topic: 'summary',
    event: 'omitted',
    message: 'left out: 8 neighbor, 2 vip',
    count: 10,
    omitted: { neighbor: 8, vip: 2 },
  })
  await end()
  await say(neighbor('Full'))
  t.equal(told[4]!['event'], 'neighbor', 'and on it goes')
  await end()
  t.equal(clock.planned, 0, 'no timer is left')
  await started[Symbol.asyncDispose]()
})

t.test('the queue is bounded', async (t) => {
  const { say, running, end, told, started } = bench([
    { on: ['neighbor'], command: ['x'], perMinute: 6000 },
  ])
  await say(...Array(1000).fill(neighbor('Full')))
  while (running.length > 0) await end()
  t.equal(told.length, 1 + 256 + 1)
  t.equal(told.at(-1)!['count'], 1000 - 257)
  await started[Symbol.asyncDispose]()
})

t.test('other hooks: what is queued is told, what is wrong changes nothing', async (t) => {
  const { say, end, told, running, started } = bench([{ on: ['neighbor'], command: ['x'] }])
  await say(neighbor('Full'), neighbor('Down', 'Full'))
  t.throws(() => started.replace([{ on: [], command: ['x'] }]), { code: 'ERR_OSPF_CONFIG' })
  started.replace([{ on: ['vip'], command: ['x'] }])
  await say(neighbor('Full'), { type: 'announcement', was: 'down', state: 'up' } as AnyEvent)
  while (running.length > 0) await end()
  t.same(
    told.map(({ topic }) => topic),
    ['neighbor', 'vip', 'neighbor'],
  )
  await started[Symbol.asyncDispose]()
})

t.test('the end: those that are on have a moment, and nobody listens any more', async (t) => {
  const { clock, say, failures, running, started, listeners, told } = bench([
    { on: ['neighbor'], command: ['x'], timeout: 60 },
  ])
  await say(neighbor('Full'), neighbor('Down', 'Full'))
  const over = started[Symbol.asyncDispose]()
  t.equal(listeners.size, 0)
  clock.advance(1999)
  t.equal(running.length, 1)
  clock.advance(1)
  await over
  t.same(failures, ['hook x: the speaker has stopped'])
  t.equal(told.length, 1)
  t.equal(clock.planned, 0)
})

t.test('what is asked for must make sense', async (t) => {
  const ok = { on: ['vip'], command: ['x'] }
  t.equal(parseHooks([ok])[0]!.timeoutMs, 10_000)
  t.equal(parseHooks([ok])[0]!.retries, 0)
  t.equal(parseHooks([{ on: ['vip'], url: 'http://x' }])[0]!.retries, 4)
  const cases: readonly [unknown, RegExp][] = [
    [{}, /^hooks: expected a list/],
    [[7], /^hooks\[0\]: expected an object/],
    [[{ ...ok, on: ['vips'] }], /^hooks\[0\]: on: expected some of neighbor, vip/],
    [[{ ...ok, url: 'http://x' }], /^hooks\[0\]: expected either command or url, got 'both'/],
    [[{ on: ['vip'] }], /^hooks\[0\]: expected either command or url, got nothing/],
    [[{ ...ok, command: [] }], /^hooks\[0\]: command: expected a program/],
    [[{ ...ok, command: ['a\0b'] }], /^hooks\[0\]: command: expected a program/],
    [[{ on: ['vip'], url: 'file:///x' }], /^hooks\[0\]: url: expected an http or https URL/],
    [[ok, { ...ok, timeout: 0 }], /^hooks\[1\]: timeout: expected seconds/],
    [[{ ...ok, concurrency: 0 }], /^hooks\[0\]: concurrency: expected a whole number from 1 to 32/],
    [[{ ...ok, perMinute: 0.5 }], /^hooks\[0\]: perMinute: expected a whole number/],
    [[{ ...ok, retries: 11 }], /^hooks\[0\]: retries: expected a whole number from 0 to 10/],
    [[{ ...ok, often: 1 }], /^hooks\[0\]: unknown option 'often'/],
    [[{ ...ok, headers: { a: 1 } }], /^hooks\[0\]: headers: expected texts by name/],
  ]
  for (const [hooks, message] of cases) {
    t.throws(() => parseHooks(hooks), { code: 'ERR_OSPF_CONFIG', message })
  }
})

t.test('an event as a record', async (t) => {
  const error = Object.assign(new Error('no'), { code: 'EPERM' })
  const event = {
    type: 'error',
    where: 'socket',
    error,
    at: 12,
    data: new Uint8Array([1, 255]),
    big: 2n ** 60n,
    gone: undefined,
    list: [{ a: 1n, b: undefined }],
  }
  t.same(eventRecord(event), {
    event: 'error',
    where: 'socket',
    error: { message: 'no', code: 'EPERM' },
    data: '01ff',
    big: '1152921504606846976',
    list: [{ a: '1' }],
  })
  t.same(environmentOf({ event: 'x', routerId: '1.2.3.4', list: [1], up: true, a: 'b\0c' }), {
    OSPF_EVENT: 'x',
    OSPF_ROUTER_ID: '1.2.3.4',
    OSPF_UP: 'true',
    OSPF_A: 'bc',
  })
})

t.test('a real command hears of a real speaker', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ospf-hooks-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const out = join(folder, 'out')
  const script = `{ echo "$OSPF_TOPIC $OSPF_STATE $OSPF_ROUTER_ID $OSPF_PREFIX"; cat; } >> ${out}`
  const { world, run, until } = lan()
  const speaker = await OspfSpeaker.start(director({}, eth0), world)
  const failures: string[] = []
  const hooks = startHooks({
    speaker,
    format: (event) => formatEvent(event as SpeakerEvent),
    hooks: [{ on: ['neighbor', 'vip'], command: ['/bin/sh', '-c', script] }],
    onFailure: (...what) => failures.push(what.join(': ')),
  })
  speaker.announce(vip)
  await run(15)
  // those that are queued, one after the other
  const lines = (): string[] => readFileSync(out, { flag: 'a+', encoding: 'utf8' }).split('\n')
  for (let i = 0; i < 1200 && lines().length < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await hooks[Symbol.asyncDispose]()
  const peer = speaker.neighbors()[0]!.routerId
  const said = lines()
  t.equal(said[0], `vip up  ${vip}`)
  t.match(JSON.parse(said[1]!), {
    topic: 'vip',
    speaker: speaker.routerId,
    event: 'announcement',
    prefix: vip,
    state: 'up',
    message: /^VIP 10\.0\.1\.100\/32: down -> up/,
  })
  t.equal(said[2], `neighbor Full ${peer} `)
  t.match(JSON.parse(said[3]!), { topic: 'neighbor', state: 'Full', routerId: peer })
  t.same(failures, [])
  await until(speaker.stop())
})

t.test('a command that hangs is killed with what it started', async (t) => {
  const [hook] = parseHooks([
    { on: ['vip'], command: ['/bin/sh', '-c', 'sleep 1000 & sleep 1000'] },
  ])
  const abort = new AbortController()
  const done = runHook(hook!, { event: 'x' }, abort.signal)
  abort.abort(new Error('enough'))
  await t.rejects(done, { message: 'enough' })
  const [absent] = parseHooks([{ on: ['vip'], command: ['/nowhere/program'] }])
  await t.rejects(runHook(absent!, {}, new AbortController().signal), { code: 'ENOENT' })
  const [failing] = parseHooks([{ on: ['vip'], command: ['/bin/false'] }])
  await t.rejects(runHook(failing!, {}, new AbortController().signal), { message: 'exit code 1' })
})

t.test('a real web service', async (t) => {
  const asked: unknown[] = []
  let status = 204
  const server = createServer(async (request, answer) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { method, url, headers } = request
    asked.push({
      method,
      url,
      type: headers['content-type'],
      token: headers['x-token'],
      body: JSON.parse(body),
    })
    if (status > 0) answer.writeHead(status, { location: '/elsewhere' }).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/hook?a=b`
  const [hook] = parseHooks([{ on: ['vip'], url, headers: { 'x-token': 's' } }])
  const { signal } = new AbortController()
  await runHook(hook!, { event: 'x', n: 1 }, signal)
  t.same(asked, [
    {
      method: 'POST',
      url: '/hook?a=b',
      type: 'application/json',
      token: 's',
      body: { event: 'x', n: 1 },
    },
  ])
  status = 302
  const failure = (): Promise<unknown> => runHook(hook!, {}, signal).catch((error) => error)
  t.match(await failure(), { message: 'HTTP status 302' })
  t.ok((await failure()) instanceof LastingError)
  t.equal(asked.length, 3, 'and nobody is asked elsewhere')
  for (const [one, isLasting] of [
    [400, true],
    [404, true],
    [408, false],
    [429, false],
    [500, false],
    [503, false],
  ] as const) {
    status = one
    t.equal((await failure()) instanceof LastingError, isLasting, `${one}`)
  }
  status = 0
  const abort = new AbortController()
  const done = runHook(hook!, {}, abort.signal)
  abort.abort(new Error('timed out after 10 s'))
  await t.rejects(done, { message: 'timed out after 10 s' })
})
