/** What systemd hears of us: with a datagram socket of Python's at the other end, and in virtual time. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { serviceNotifier } from '../../lib/observe/service-notifier.ts'
import { VirtualClock } from '../../lib/sim/clock.ts'

/** Prints every datagram as a line of JSON, and the process id of who sent it. */
const listener = `
import json, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
name = sys.argv[1]
s.bind('\\0' + name[1:] if name.startswith('@') else name)
print('"bound"', flush=True)
while True:
    data, control, _, _ = s.recvmsg(4096, 64)
    pid = struct.unpack('3i', control[0][2])[0]
    print(json.dumps([data.decode(), pid]), flush=True)
`

async function listen(t: Test, path: string): Promise<AsyncIterator<string>> {
  const child = spawn('python3', ['-c', listener, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(async () => {
    child.kill()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  t.equal(JSON.parse((await lines.next()).value), 'bound')
  return lines
}

t.test('a real datagram socket hears every word, from this process', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ospf-notify-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const path of [join(folder, 'notify'), `@ospf-speaker-test-${process.pid}`]) {
    const lines = await listen(t, path)
    const heard = async (): Promise<unknown> => JSON.parse((await lines.next()).value)
    using notifier = await serviceNotifier({
      environment: { NOTIFY_SOCKET: path },
      onError: (reason) => t.fail(reason),
    })
    t.equal(notifier.active, true)
    t.equal(notifier.watchdog, undefined)
    notifier.ready('2 neighbors\nFull')
    t.same(await heard(), ['READY=1\nSTATUS=2 neighbors Full', process.pid])
    notifier.status('2 neighbors Full')
    notifier.status('3 neighbors Full')
    t.same(await heard(), ['STATUS=3 neighbors Full', process.pid], 'the same is not said twice')
    const before = process.hrtime.bigint() / 1000n
    notifier.reloading()
    const [text] = (await heard()) as [string]
    const [, micros] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(text)!
    t.ok(BigInt(micros!) >= before && BigInt(micros!) <= process.hrtime.bigint() / 1000n)
    notifier.stopping('bye')
    t.same(await heard(), ['STOPPING=1\nSTATUS=bye', process.pid])
  }
})

t.test('nobody listens: nothing happens, and it is said once', async (t) => {
  for (const environment of [{}, { NOTIFY_SOCKET: '' }, { NOTIFY_SOCKET: 'vsock:2:9' }]) {
    using notifier = await serviceNotifier({ environment, onError: (reason) => t.fail(reason) })
    t.equal(notifier.active, false)
    notifier.ready()
  }
  const errors: string[] = []
  const path = join(tmpdir(), `ospf-nobody-${process.pid}`)
  using notifier = await serviceNotifier({
    environment: { NOTIFY_SOCKET: path },
    onError: (reason) => errors.push(reason),
  })
  notifier.ready()
  notifier.status('here')
  t.same(errors, [`cannot notify ${path}: errno 2`])
  const long = `/${'x'.repeat(200)}`
  using other = await serviceNotifier({
    environment: { NOTIFY_SOCKET: long },
    onError: (reason) => errors.push(reason),
  })
  other.ready()
  t.equal(errors[1], `cannot notify ${long}: errno 36`, 'ENAMETOOLONG')
})

t.test('signs of life, unless the protocol is behind', async (t) => {
  const clock = new VirtualClock()
  const said: string[] = []
  let lateness = 0
  const start = (environment: Record<string, string>) =>
    serviceNotifier({
      environment: { NOTIFY_SOCKET: '/run/x', ...environment },
      clock,
      pid: 77,
      lateness: () => lateness,
      send: (_, bytes) => said.push(new TextDecoder().decode(bytes)),
    })
  const notifier = await start({ WATCHDOG_USEC: '6000000', WATCHDOG_PID: '77' })
  t.equal(notifier.watchdog, 6)
  clock.advance(10_000)
  t.same(said, [], 'not before it is ready')
  notifier.ready()
  clock.advance(6000)
  t.same(said.splice(0), ['READY=1', ...Array(4).fill('WATCHDOG=1')])
  notifier.ready()
  lateness = 3.1
  clock.advance(6000)
  t.same(said.splice(0), ['READY=1'], 'a protocol that hangs is not alive')
  lateness = 2.9
  clock.advance(2000)
  t.same(said.splice(0), ['WATCHDOG=1'])
  notifier[Symbol.dispose]()
  clock.advance(60_000)
  notifier.status('over')
  t.same(said, [])
  t.equal((await start({ WATCHDOG_USEC: '6000000', WATCHDOG_PID: '78' })).watchdog, undefined)
  t.equal((await start({ WATCHDOG_USEC: 'soon' })).watchdog, undefined)
})
