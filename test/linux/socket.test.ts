import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import type { Datagram } from '../../lib/core/io.ts'
import type { OspfError } from '../../lib/errors.ts'
import { loadRawSocket, type RawSocket } from '../../lib/linux/raw-socket.ts'
import { RawSocketPort } from '../../lib/linux/socket.ts'
import { parseIpv4 } from '../../lib/wire/address.ts'
import type { Answer, Command } from './socket-child.ts'

const ALL_SPF_ROUTERS = parseIpv4('224.0.0.5')!
const ALL_D_ROUTERS = parseIpv4('224.0.0.6')!
const LEFT = parseIpv4('10.0.0.1')!
const RIGHT = parseIpv4('10.0.0.2')!

/** Why the tests over real sockets cannot run here; false: they can. */
const unable = ((): string | false => {
  if (process.platform !== 'linux') return 'needs Linux'
  if (process.getuid?.() !== 0) return 'needs root, for network namespaces'
  try {
    loadRawSocket()
    return false
  } catch (error) {
    return (error as Error).message
  }
})()

type Received = Extract<Answer, { type: 'received' }>

/** A child in a namespace, and all that it said. */
class End {
  readonly received: Received[] = []
  readonly errors: Extract<Answer, { type: 'error' }>[] = []
  readonly #child: ChildProcess
  readonly #done: ((answer: Extract<Answer, { type: 'done' }>) => void)[] = []
  #heard: () => void = () => {}

  constructor(namespace: string, wrapper: readonly string[] = []) {
    const script = fileURLToPath(new URL('./socket-child.js', import.meta.url))
    // What tap would have a child load and write is not for a child without privileges.
    const node = ['env', '-u', 'NODE_OPTIONS', ...wrapper, process.execPath, script]
    const command = ['netns', 'exec', namespace, ...node]
    this.#child = spawn('ip', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#child.on('exit', (code, signal) => {
      const message = `the child ended with ${code ?? signal}`
      for (const done of this.#done.splice(0)) done({ type: 'done', message })
    })
    this.#child.on('message', (answer: Answer) => {
      if (answer.type === 'done') this.#done.shift()?.(answer)
      else if (answer.type === 'error') this.errors.push(answer)
      else this.received.push(answer)
      this.#heard()
    })
  }

  perform(command: Command): Promise<Extract<Answer, { type: 'done' }>> {
    const { promise, resolve } = withResolvers<Extract<Answer, { type: 'done' }>>()
    this.#done.push(resolve)
    this.#child.send(command)
    return promise
  }

  send(to: number, size: number, count = 1, ttl?: number): Promise<unknown> {
    return this.perform({ do: 'send', to, size, count, ...(ttl === undefined ? {} : { ttl }) })
  }

  /** Resolves when `true`; looks again whenever the child has said something. Times out with tap. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { promise, resolve } = withResolvers<void>()
      this.#heard = resolve
      await promise
    }
  }

  async exit(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.send({ do: 'exit' } satisfies Command)
    await exited
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((r) => {
    resolve = r
  })
  return { promise, resolve }
}

const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' })

/** Two namespaces and a cable between their eth0. */
class Cable {
  readonly left: string
  readonly right: string
  readonly #ends: End[] = []

  constructor(name: string) {
    const prefix = `os${process.pid}${name}`
    this.left = `${prefix}l`
    this.right = `${prefix}r`
    for (const namespace of [this.left, this.right]) {
      namespaces.add(namespace)
      ip('netns', 'add', namespace)
      ip('-n', namespace, 'link', 'set', 'lo', 'up')
    }
    this.plug()
  }

  plug(): void {
    const { left, right } = this
    ip('link', 'add', 'eth0', 'netns', left, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', right)
    ip('-n', left, 'addr', 'add', '10.0.0.1/24', 'dev', 'eth0')
    ip('-n', right, 'addr', 'add', '10.0.0.2/24', 'dev', 'eth0')
    for (const namespace of [left, right]) ip('-n', namespace, 'link', 'set', 'eth0', 'up')
  }

  end(namespace: string, wrapper: readonly string[] = []): End {
    const end = new End(namespace, wrapper)
    this.#ends.push(end)
    return end
  }

  /** A child on each side, its socket open. */
  async open(): Promise<{ left: End; right: End }> {
    const left = this.end(this.left)
    const right = this.end(this.right)
    t.same(await left.perform(openCommand(this.left, LEFT)), { type: 'done' })
    t.same(await right.perform(openCommand(this.right, RIGHT)), { type: 'done' })
    return { left, right }
  }

  async remove(): Promise<void> {
    await Promise.all(this.#ends.map((end) => end.exit()))
    for (const namespace of [this.left, this.right]) {
      ip('netns', 'del', namespace)
      namespaces.delete(namespace)
    }
  }
}

function openCommand(namespace: string, address: number): Command & { do: 'open' } {
  const [link] = JSON.parse(ip('-j', '-n', namespace, 'link', 'show', 'eth0')) as [
    { ifindex: number },
  ]
  return { do: 'open', name: 'eth0', index: link.ifindex, address }
}

/** What is there still when the run is cut short. */
const namespaces = new Set<string>()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
process.on('exit', () => {
  for (const namespace of namespaces) ip('netns', 'del', namespace)
})

let cables = 0
/** A test with a cable of its own, which goes whatever happens. */
function withCable(name: string, body: (t: Test, cable: Cable) => Promise<void>): void {
  t.test(name, { skip: unable }, async (t) => {
    const cable = new Cable(`x${cables++}`)
    t.teardown(() => cable.remove())
    await body(t, cable)
  })
}

withCable('multicast and unicast, both ways', async (t, cable) => {
  const { left, right } = await cable.open()
  await left.send(ALL_SPF_ROUTERS, 64)
  await right.until(() => right.received.length === 1)
  t.same(right.received[0], {
    type: 'received',
    source: LEFT,
    destination: ALL_SPF_ROUTERS,
    ttl: 1,
    interface: 'eth0',
    length: 64,
    number: 0,
    whole: true,
    prompt: true,
  })
  await right.send(LEFT, 64)
  await left.until(() => left.received.length === 1)
  t.match(left.received[0], { source: RIGHT, destination: LEFT, ttl: 1, whole: true })
  await right.send(ALL_SPF_ROUTERS, 64)
  await left.send(RIGHT, 64)
  await left.until(() => left.received.length === 2)
  await right.until(() => right.received.length === 2)
  t.same([left.errors, right.errors], [[], []])
})

withCable('with the TTL that is asked for, whole and in fragments', async (t, cable) => {
  const { left, right } = await cable.open()
  const wanted = [
    [ALL_SPF_ROUTERS, 64, 255],
    [RIGHT, 64, 255],
    [ALL_SPF_ROUTERS, 9000, 255],
    [RIGHT, 9000, 255],
    [ALL_SPF_ROUTERS, 9000, undefined],
    [RIGHT, 9000, undefined],
  ] as const
  for (const [n, [to, size, ttl]] of wanted.entries()) {
    await left.send(to, size, 1, ttl)
    await right.until(() => right.received.length === n + 1)
    t.match(right.received[n], { destination: to, length: size, ttl: ttl ?? 1, whole: true })
  }
})

withCable('every size up to 60,000 octets', async (t, cable) => {
  const { left, right } = await cable.open()
  const sizes = [24, 1480, 1481, 1500, 3000, 9000, 30_000, 60_000]
  for (const [n, size] of sizes.entries()) {
    await left.send(n % 2 === 0 ? ALL_SPF_ROUTERS : RIGHT, size)
    await right.until(() => right.received.length === n + 1)
    t.match(right.received[n], { length: size, whole: true, source: LEFT, ttl: 1 }, `${size}`)
  }
  // Larger than any IP packet.
  await left.send(RIGHT, 65_516)
  await left.until(() => left.errors.length === 1)
  t.match(left.errors[0], {
    code: 'ERR_OSPF_KERNEL',
    errno: 'EMSGSIZE',
    message: /10\.0\.0\.2 on eth0/,
  })
})

withCable('a burst while the receiver is busy', async (t, cable) => {
  const { left, right } = await cable.open()
  const busy = right.perform({ do: 'block', time: 300 })
  await left.send(ALL_SPF_ROUTERS, 1400, 2000)
  await busy
  await right.until(() => right.received.length === 2000)
  t.same(
    right.received.map((packet) => packet.number),
    Array.from({ length: 2000 }, (_, n) => n),
    'all, in order',
  )
  t.ok(right.received.every((packet) => packet.whole))
})

withCable('a device slower than the sender', async (t, cable) => {
  const { left, right } = await cable.open()
  execFileSync(
    'ip',
    ['netns', 'exec', cable.left, 'tc', 'qdisc', 'add', 'dev', 'eth0', 'root'].concat([
      'tbf',
      'rate',
      '20mbit',
      'burst',
      '3000',
      'limit',
      '10000000',
    ]),
  )
  await left.send(ALL_SPF_ROUTERS, 1400, 1000)
  await right.until(() => right.received.length === 1000)
  t.same(
    right.received.map((packet) => packet.number),
    Array.from({ length: 1000 }, (_, n) => n),
  )
  t.same(left.errors, [])
})

withCable('AllDRouters is heard while joined', async (t, cable) => {
  const { left, right } = await cable.open()
  /** The multicast to 224.0.0.5 that follows tells that the one to 224.0.0.6 is not coming. */
  const heard = async (): Promise<boolean> => {
    const from = right.received.length
    await left.send(ALL_D_ROUTERS, 40)
    await left.send(ALL_SPF_ROUTERS, 41)
    await right.until(() => right.received.slice(from).some((packet) => packet.length === 41))
    return right.received.slice(from).some((packet) => packet.length === 40)
  }
  t.equal(await heard(), false)
  for (const join of [true, true])
    await right.perform({ do: 'membership', group: ALL_D_ROUTERS, join })
  t.equal(await heard(), true)
  // Somebody else's membership on the same device is not ours.
  const other = cable.end(cable.right)
  await other.perform(openCommand(cable.right, RIGHT))
  await other.perform({ do: 'membership', group: ALL_D_ROUTERS, join: true })
  for (const join of [false, false])
    await right.perform({ do: 'membership', group: ALL_D_ROUTERS, join })
  t.equal(await heard(), false)
  t.same(right.errors, [])
})

withCable('the source is the primary address, whatever else there is', async (t, cable) => {
  const on = (...args: string[]): string => ip('-n', cable.left, ...args)
  // A VIP that is there first, so that it is the first address of the device; and one within the subnet.
  on('addr', 'flush', 'dev', 'eth0')
  on('addr', 'add', '10.9.9.9/32', 'dev', 'eth0')
  on('addr', 'add', '10.0.0.1/24', 'dev', 'eth0')
  on('addr', 'add', '10.0.0.100/32', 'dev', 'eth0')
  const { left, right } = await cable.open()
  const sources = async (): Promise<number[]> => {
    const from = right.received.length
    await left.send(ALL_SPF_ROUTERS, 64)
    await left.send(RIGHT, 64)
    await left.send(ALL_SPF_ROUTERS, 5000)
    await left.send(RIGHT, 5000)
    await right.until(() => right.received.length === from + 4)
    return right.received.slice(from).map((packet) => packet.source)
  }
  t.same(await sources(), [LEFT, LEFT, LEFT, LEFT], 'with VIPs beside it')
  // A route that prefers the VIP, and one that says that the neighbor is behind another router.
  on('route', 'replace', '10.0.0.0/24', 'dev', 'eth0', 'src', '10.0.0.100')
  on('route', 'add', '10.0.0.2/32', 'via', '10.0.0.77', 'dev', 'eth0')
  const from = right.received.length
  await left.send(RIGHT, 64)
  await right.until(() => right.received.length === from + 1)
  t.equal(right.received.at(-1)?.source, LEFT, 'with a route that prefers a VIP')
})

withCable('down and up again', async (t, cable) => {
  const { left, right } = await cable.open()
  ip('-n', cable.left, 'link', 'set', 'eth0', 'down')
  await left.send(ALL_SPF_ROUTERS, 64)
  await left.until(() => left.errors.length === 1)
  t.match(left.errors[0], { code: 'ERR_OSPF_KERNEL', errno: /ENETDOWN|ENETUNREACH/ })
  ip('-n', cable.left, 'link', 'set', 'eth0', 'up')
  await left.send(ALL_SPF_ROUTERS, 64)
  await right.until(() => right.received.length === 1)
  await right.send(ALL_SPF_ROUTERS, 64)
  await right.send(LEFT, 64)
  await left.until(() => left.received.length === 2)
  t.equal(left.errors.length, 1, 'the same socket goes on')
})

withCable('a device that goes and comes back', async (t, cable) => {
  const { left, right } = await cable.open()
  ip('-n', cable.left, 'link', 'del', 'eth0')
  await left.send(ALL_SPF_ROUTERS, 64)
  await left.until(() => left.errors.length > 0)
  t.match(left.errors[0], { code: 'ERR_OSPF_KERNEL', message: /224\.0\.0\.5 on eth0/ })
  for (const end of [left, right]) t.same(await end.perform({ do: 'close' }), { type: 'done' })
  cable.plug()
  await left.perform(openCommand(cable.left, LEFT))
  await right.perform(openCommand(cable.right, RIGHT))
  await left.send(ALL_SPF_ROUTERS, 64)
  await right.until(() => right.received.length === 1)
})

withCable('nothing goes out or comes in after closing', async (t, cable) => {
  const { left, right } = await cable.open()
  await left.perform({ do: 'close' })
  await left.perform({ do: 'close' })
  await left.send(ALL_SPF_ROUTERS, 64)
  t.match(left.errors, [{ code: 'ERR_OSPF_STOPPED' }])
  await right.send(ALL_SPF_ROUTERS, 64)
  await left.perform(openCommand(cable.left, LEFT))
  await left.send(ALL_SPF_ROUTERS, 65)
  await right.until(() => right.received.length === 1)
  t.equal(right.received[0]?.length, 65)
  t.equal(left.received.length, 0)
})

withCable('no such device', async (t, cable) => {
  const left = cable.end(cable.left)
  const open = openCommand(cable.left, LEFT)
  for (const wrong of [
    { name: 'eth9' },
    { name: '' },
    { name: 'eth0-and-much-more' },
    { index: 4711 },
  ]) {
    t.match(await left.perform({ ...open, ...wrong }), { code: 'ERR_OSPF_NO_INTERFACE' })
  }
  t.same(await left.perform(open), { type: 'done' })
})

withCable('no privileges', async (t, cable) => {
  const nobody = ['setpriv', '--reuid=65534', '--clear-groups', '--inh-caps=-all']
  const end = cable.end(cable.left, nobody)
  t.match(await end.perform(openCommand(cable.left, LEFT)), {
    code: 'ERR_OSPF_PERMISSION',
    errno: 'EPERM',
    message: /CAP_NET_RAW.*setcap/,
  })
  // The one capability that it takes: no CAP_NET_ADMIN for the large buffer.
  const raw = [
    'setpriv',
    '--reuid=65534',
    '--clear-groups',
    '--inh-caps=-all,+net_raw',
    '--ambient-caps=-all,+net_raw',
  ]
  const capable = cable.end(cable.left, raw)
  t.same(await capable.perform(openCommand(cable.left, LEFT)), { type: 'done' })
})

t.test(
  'not in a worker thread',
  { skip: process.platform !== 'linux' && 'needs Linux' },
  async (t) => {
    const module = new URL('../../lib/linux/raw-socket.js', import.meta.url).href
    const source = `
    import { parentPort } from 'node:worker_threads'
    import { loadRawSocket } from ${JSON.stringify(module)}
    try { loadRawSocket() } catch (error) { parentPort.postMessage(error.code + ' ' + error.message) }`
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`))
    const exited = once(worker, 'exit')
    const [message] = await once(worker, 'message')
    t.match(message, /^ERR_OSPF_NATIVE .*isolate: true/)
    await exited
  },
)

/** Stands in for the binding: what the kernel does not do at our bidding. */
class FakeRaw implements RawSocket {
  emit: (event: string, error?: Error) => void = () => {}
  readonly inbox: (Uint8Array | Error)[] = []
  readonly sent: string[] = []
  readonly options: string[] = []
  readonly paused: [boolean, boolean][] = []
  sendError: Error | undefined
  closed = 0

  setOption(level: number, option: number): void {
    this.options.push(`${level}/${option}`)
  }
  send(buffer: Uint8Array, offset: number, length: number, address: string): void {
    if (this.sendError) throw this.sendError
    this.sent.push(`${address} ${length} ${buffer[offset]}`)
  }
  recv(buffer: Uint8Array, received: Parameters<RawSocket['recv']>[1]): void {
    const next = this.inbox.shift() ?? new Error('Resource temporarily unavailable')
    if (next instanceof Error) throw next
    buffer.set(next)
    received(buffer, next.length, next.subarray(12, 16).join('.'))
  }
  pause(receive: boolean, send: boolean): void {
    this.paused.push([receive, send])
  }
  close(): void {
    this.closed++
    this.emit('close')
  }
}

const place = { name: 'eth0', index: 2, address: LEFT }
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function fakePort(options: { sendQueue?: number } = {}) {
  const raws: FakeRaw[] = []
  const datagrams: Datagram[] = []
  const errors: OspfError[] = []
  const port = new RawSocketPort({
    now: () => 0,
    ...options,
    openRaw: () => {
      const raw = new FakeRaw()
      raws.push(raw)
      return raw
    },
  })
  const socket = port.open(
    place,
    (datagram) => datagrams.push({ ...datagram, bytes: datagram.bytes.slice() }),
    (error) => errors.push(error as OspfError),
  )
  return { raws, datagrams, errors, socket }
}

t.test('a poll error: the socket is closed, and says so', async (t) => {
  const raw = new FakeRaw()
  const errors: Error[] = []
  const port = new RawSocketPort({ openRaw: () => raw })
  const socket = port.open(
    place,
    () => t.fail('nothing is received'),
    (error) => {
      t.equal(socket.closed, true)
      errors.push(error)
    },
  )
  t.equal(socket.closed, false)
  raw.emit('recvReady')
  raw.emit('error', new Error('-9'))
  t.match(errors, [{ code: 'ERR_OSPF_KERNEL', message: /eth0/ }])
  raw.emit('recvReady')
  socket.membership(ALL_D_ROUTERS, true)
  socket.send(ALL_SPF_ROUTERS, Uint8Array.of(1))
  await turn()
  t.match(errors.slice(1), [{ code: 'ERR_OSPF_STOPPED' }])
  await socket[Symbol.asyncDispose]()
  t.same([raw.closed, raw.sent], [1, []])
})

t.test('errors of recv are reported and the socket goes on', async (t) => {
  const { raws, errors, datagrams, socket } = fakePort()
  const raw = raws[0]!
  const packet = Uint8Array.from([
    0x45, 0, 0, 21, 0, 0, 0, 0, 7, 89, 0, 0, 10, 0, 0, 2, 224, 0, 0, 5, 42,
  ])
  raw.inbox.push(new Error('Network is down'))
  raw.emit('recvReady')
  await turn()
  t.match(errors, [{ code: 'ERR_OSPF_KERNEL', errno: 'ENETDOWN' }])
  raw.inbox.push(packet.subarray(0, 20), packet, new Error('Interrupted system call'), packet)
  raw.emit('recvReady')
  t.equal(datagrams.length, 0, 'not from within the binding')
  await turn()
  const wanted = { interface: 'eth0', source: RIGHT, destination: ALL_SPF_ROUTERS, ttl: 7 }
  t.same(
    datagrams,
    [wanted, wanted].map((d) => ({ ...d, bytes: Uint8Array.of(42) })),
  )
  t.equal(errors.length, 1)
  await socket[Symbol.asyncDispose]()
})

/** An OSPF packet of a type in an IP packet. */
function ospf(type: number, mark: number, auType = 0, source = RIGHT): Uint8Array {
  const packet = new Uint8Array(20 + 24)
  const view = new DataView(packet.buffer)
  packet.set([0x45, 0, 0, 44, 0, 0, 0, 0, 1, 89])
  view.setUint32(12, source)
  view.setUint32(16, ALL_SPF_ROUTERS)
  packet.set([2, type], 20)
  view.setUint16(20 + 14, auType)
  packet[20 + 23] = mark
  return packet
}

for (const auType of [0, 2, 3]) {
  t.test(`behind with our work, AuType ${auType}: Hellos and acknowledgements first`, async (t) => {
    const raw = new FakeRaw()
    const order: string[] = []
    let now = 0
    let turns = 0
    const socket = new RawSocketPort({ openRaw: () => raw, now: () => now }).open(
      place,
      ({ bytes }) => {
        order.push(`${bytes[1]}/${bytes[23]}`)
        // an update is a lot of work
        if (bytes[1] === 4) now += 6
      },
      (error) => t.fail(error.message),
    )
    for (let i = 0; i < 10; i++) raw.inbox.push(ospf(4, i, auType))
    raw.inbox.push(ospf(1, 10, auType), ospf(5, 11, auType), ospf(1, 12, auType, LEFT + 9))
    raw.emit('recvReady')
    for (; order.length < 13; turns++) await turn()
    const updates = Array.from({ length: 9 }, (_, i) => `4/${i + 1}`)
    const urgent = ['1/10', '5/11']
    // a higher number would make replays of the updates
    const wanted =
      auType === 2 ? ['4/0', '1/12', ...updates, ...urgent] : ['4/0', ...urgent, '1/12', ...updates]
    t.same(order, wanted)
    t.ok(turns >= 5, `others had ${turns} turns meanwhile`)
    await socket[Symbol.asyncDispose]()
  })
}

t.test('in order while we keep up', async (t) => {
  const { raws, datagrams, socket } = fakePort()
  const raw = raws[0]!
  raw.inbox.push(ospf(4, 0), ospf(1, 1), ospf(4, 2), ospf(5, 3))
  raw.emit('recvReady')
  await turn()
  t.same(
    datagrams.map(({ bytes }) => bytes[1]),
    [4, 1, 4, 5],
  )
  await socket[Symbol.asyncDispose]()
})

t.test('a backlog has an end: what is above it stays with the kernel', async (t) => {
  const raw = new FakeRaw()
  let received = 0
  let now = 0
  const socket = new RawSocketPort({ openRaw: () => raw, now: () => now }).open(
    place,
    () => {
      received++
      now += received === 1 ? 8 : 0.2
    },
    (error) => t.fail(error.message),
  )
  const count = 3000
  for (let i = 0; i < count; i++) raw.inbox.push(ospf(4, i & 255))
  let most = 0
  raw.emit('recvReady')
  while (received < count) {
    await turn()
    most = Math.max(most, count - raw.inbox.length - received)
    raw.emit('recvReady')
  }
  t.ok(most > 100 && most <= 1024, `${most} at the most`)
  await socket[Symbol.asyncDispose]()
})

t.test('a receiver that closes the socket gets no more', async (t) => {
  const raw = new FakeRaw()
  let received = 0
  const socket = new RawSocketPort({ openRaw: () => raw }).open(
    place,
    () => {
      received++
      void socket[Symbol.asyncDispose]()
    },
    (error) => t.fail(error.message),
  )
  const packet = new Uint8Array(20)
  packet.set([0x45, 0, 0, 20, 0, 0, 0, 0, 1, 89])
  raw.inbox.push(packet, packet)
  raw.emit('recvReady')
  await turn()
  t.same([received, raw.inbox.length, raw.closed], [1, 1, 1])
})

t.test('a full device: kept in order, bounded, and sent when there is room', async (t) => {
  const { raws, errors, socket } = fakePort({ sendQueue: 2 })
  const raw = raws[0]!
  raw.sendError = new Error('Resource temporarily unavailable')
  const bytes = Uint8Array.of(1)
  for (const length of [1, 2, 3]) socket.send(ALL_SPF_ROUTERS, new Uint8Array(length))
  bytes[0] = 9
  t.match(errors, [{ code: 'ERR_OSPF_KERNEL', errno: 'ENOBUFS' }])
  t.same(raw.paused, [[false, false]], 'waits until it is writable')
  raw.sendError = undefined
  raw.emit('recvReady')
  await turn()
  t.same(raw.sent, ['224.0.0.5 21 69', '224.0.0.5 22 69'])
  t.same(raw.paused.at(-1), [false, true])
  await socket[Symbol.asyncDispose]()
})

t.test('what exceeds the MTU goes without a header of ours', async (t) => {
  const raw = new FakeRaw()
  const lengths: number[] = []
  raw.send = (_, __, length) => {
    lengths.push(length)
    if (lengths.length === 1) throw new Error('Message too long')
  }
  const socket = new RawSocketPort({ openRaw: () => raw }).open(
    place,
    () => {},
    (error) => t.fail(error.message),
  )
  raw.options.length = 0
  socket.send(RIGHT, new Uint8Array(3000))
  t.same(lengths, [3020, 3000])
  t.same(raw.options, ['0/3', '0/2', '0/33', '0/3'], 'IP_HDRINCL off and on, TTL as it is to be')
  await socket[Symbol.asyncDispose]()
})
