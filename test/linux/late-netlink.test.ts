/**
 * A kernel that answers late. What a send asks for is done, and answered, when the test says so: until then changes go
 * on, and must cost neither memory nor the event loop.
 */
import { type NativeNetlink, nativeNetlink } from '../../lib/linux/native.ts'
import { parseIpv4 } from '../../lib/wire/address.ts'
import { inNamespace, until } from './netns.ts'
import { remove, through } from './route-words.ts'
import { ours, routesWorld } from './routes-world.ts'

const HOPS = [
  { interface: 'a0', gateway: parseIpv4('10.0.0.2')! },
  { interface: 'c0', gateway: parseIpv4('10.0.1.2')! },
]

/** The kernel behind a door that can be shut. */
class Late implements NativeNetlink {
  readonly #kernel = nativeNetlink()
  readonly #readable = new Map<number, () => void>()
  #waiting: (() => void)[] | undefined
  /** Sends that were asked for. */
  sends = 0

  shut(): void {
    this.#waiting ??= []
  }

  /** Everything that waits is done now; `again`: and the door is shut again. */
  let(again = false): void {
    const waiting = this.#waiting ?? []
    this.#waiting = again ? [] : undefined
    for (const act of waiting) act()
  }

  open(protocol: number, receiveBuffer: number, readable: () => void): number {
    const socket = this.#kernel.open(protocol, receiveBuffer, readable)
    this.#readable.set(socket, readable)
    return socket
  }

  send(socket: number, bytes: Uint8Array): number {
    this.sends++
    if (this.#waiting === undefined) return this.#kernel.send(socket, bytes)
    this.#waiting.push(() => {
      this.#kernel.send(socket, bytes)
      this.#readable.get(socket)!()
    })
    return bytes.length
  }

  portId = (socket: number): number => this.#kernel.portId(socket)
  bufferSize = (socket: number): number => this.#kernel.bufferSize(socket)
  membership = (socket: number, group: number, join: boolean): number =>
    this.#kernel.membership(socket, group, join)
  option = (socket: number, name: number, value: number): number =>
    this.#kernel.option(socket, name, value)
  filter = (socket: number, program: Uint8Array): number => this.#kernel.filter(socket, program)
  receive = (socket: number, into: Uint8Array): number => this.#kernel.receive(socket, into)
  ref = (socket: number, wanted: boolean): number => this.#kernel.ref(socket, wanted)
  close = (socket: number): number => this.#kernel.close(socket)
  notify = (path: string, bytes: Uint8Array): number => this.#kernel.notify(path, bytes)
}

const ROUTES = 500
const ROUNDS = 200

const prefix = (i: number, net = 20): string => `${net}.${i >> 8}.${i & 255}.0/24`
const all = (hop: (i: number) => number) =>
  Array.from({ length: ROUTES }, (_, i) => through(prefix(i), [HOPS[hop(i)]!]))

/** Every other turn of the event loop is somebody else's. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

for (const mode of ['multipath', 'groups'] as const) {
  inNamespace(`changes while the kernel is late become one (${mode})`, async (t) => {
    const netlink = new Late()
    const { open, close, events } = await routesWorld(t, { mode, netlink })
    const routes = await open()
    routes.apply(all(() => 0))
    await routes.settled()
    t.equal(ours().length, ROUTES)

    netlink.shut()
    const before = netlink.sends
    const started = performance.now()
    for (let round = 1; round <= ROUNDS; round++) {
      // all of them move, and others come and go, never the same
      routes.apply(all((i) => (i + round) % 2))
      const strangers = Array.from({ length: 50 }, (_, i) => prefix(50 * round + i, 30))
      routes.apply(strangers.map((where) => through(where, [HOPS[0]!])))
      routes.apply(strangers.map(remove))
      await turn()
    }
    t.comment(`${(performance.now() - started).toFixed(0)} ms for ${ROUNDS} rounds`)
    t.ok(netlink.sends - before <= 2, `${netlink.sends - before} sends are under way`)
    const { pending } = routes.status()
    t.ok(pending <= ROUTES + 50, `${pending} wait`)
    t.ok(
      ours().every((line) => line.includes('via 10.0.0.2 ')),
      'none of it is done',
    )

    netlink.let()
    await routes.settled()
    const sent = netlink.sends - before
    t.ok(sent <= 20, `${sent} sends in all, not one for each round`)
    const kernel = ours()
    t.equal(kernel.length, ROUTES, 'nothing of what came and went')
    const wrong = kernel.filter((line) => {
      const [, high, low] = /^20\.(\d+)\.(\d+)\.0\/24/.exec(line)!.map(Number)
      const gateway = (high! * 256 + low! + ROUNDS) % 2 === 0 ? '10.0.0.2' : '10.0.1.2'
      return !line.includes(`via ${gateway} `)
    })
    t.same(wrong.slice(0, 3), [], 'all as they were wanted last')
    t.match(routes.status(), { routes: ROUTES, pending: 0, failed: 0, foreign: 0 })
    t.same(events, [])
    await close(routes)
    t.same(ours(), [])
  })
}

inNamespace('the kernel is late for each step, and the end comes while it is', async (t) => {
  const netlink = new Late()
  const { open, close, events } = await routesWorld(t, { mode: 'groups', netlink })
  const routes = await open()
  netlink.shut()
  routes.apply(all(() => 0))
  routes.apply(all((i) => i % 2))
  let isOver = false
  const over = close(routes).then(() => {
    isOver = true
  })
  await turn()
  t.notOk(isOver, 'what is under way has to be known first')
  await until('the end', () => {
    netlink.let(true)
    return isOver
  })
  await over
  t.same(ours(), [], 'and nothing is left')
  t.same(events, [])
})
