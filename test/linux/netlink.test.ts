import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { Worker } from 'node:worker_threads'
import { OspfError } from '../../lib/errors.ts'
import { encodeAddress, encodeLinkQuery } from '../../lib/linux/link-message.ts'
import { load, nativeNetlink, nativePath } from '../../lib/linux/native.ts'
import { kernelError, NetlinkSocket } from '../../lib/linux/netlink.ts'
import { MessageFlag } from '../../lib/linux/netlink-message.ts'
import { encodeRouteQuery } from '../../lib/linux/route-message.ts'
import { inNamespace, ip, outside, until } from './netns.ts'

const descriptors = (): number => readdirSync('/proc/self/fd').length
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const links = { what: 'RTM_GETLINK', type: 18, payload: encodeLinkQuery() }
const routes = { what: 'RTM_GETROUTE', type: 26, payload: encodeRouteQuery(254, 0) }
const RTNLGRP_LINK = 1
const RTNLGRP_IPV4_ROUTE = 7

/** Runs JavaScript in a process of its own, where `native` is the binding and `ask` sends a dump of devices. */
function run(script: string): { status: number | null; stdout: string; stderr: string } {
  const prelude = `
    const native = require(${JSON.stringify(nativePath())})
    const links = [32,0,0,0, 18,0, 1,3, 7,0,0,0, 0,0,0,0, ...new Array(16).fill(0)]
    const ask = (socket) => native.send(socket, Uint8Array.from(links))
    const buffer = new Uint8Array(65536)
    const drain = (socket) => { while (native.receive(socket, buffer) > 0); }
  `
  const options = { encoding: 'utf8', timeout: 20_000 } as const
  return spawnSync(process.execPath, ['-e', prelude + script], options)
}

outside('the binding: misuse is a value', async (t) => {
  const native = nativeNetlink()
  const loose = native as unknown as Record<string, (...args: unknown[]) => number>
  const { EBADF, EINVAL, EPROTONOSUPPORT, EAGAIN } = constants.errno
  t.equal(
    native.open(255, 0, () => {}),
    -EPROTONOSUPPORT,
  )
  t.equal(loose['open']!(0, 0), -EINVAL)
  t.equal(
    loose['open']!('x', 0, () => {}),
    -EINVAL,
  )
  t.equal(loose['open']!(0, 0, 'x'), -EINVAL)
  const socket = native.open(0, 0, () => {})
  t.ok(socket > 0)
  t.ok(native.portId(socket) > 0)
  t.equal(native.receive(socket, new Uint8Array(10)), -EAGAIN)
  t.equal(native.receive(socket, new Uint8Array(0)), -EINVAL)
  t.equal(loose['receive']!(socket, 'x'), -EINVAL)
  t.equal(loose['send']!(socket, new Uint16Array(10)), -EINVAL)
  t.equal(loose['membership']!(socket, 1), -EINVAL)
  t.equal(loose['option']!(socket), -EINVAL)
  t.equal(loose['ref']!(socket, 1), -EINVAL)
  t.equal(native.filter(socket, new Uint8Array(7)), -EINVAL)
  t.equal(native.membership(socket, 9999, true), -EINVAL)
  t.equal(loose['notify']!(socket, 1), -EINVAL)
  t.equal(native.close(socket), 0)
  for (const name of Object.keys(loose)) {
    // those take no socket
    if (name === 'open' || name === 'notify') continue
    t.equal(loose[name]!(socket, 0, true), -EBADF, `${name} after close`)
    t.equal(loose[name]!(), -EBADF, `${name} of nothing`)
  }
})

outside('the binding: a datagram that does not fit tells its length', async (t) => {
  const native = nativeNetlink()
  const socket = native.open(0, 0, () => {})
  const { encodeMessages } = await import('../../lib/linux/netlink-message.ts')
  const message = { type: 18, flags: 0x301, sequence: 1, portId: 0, payload: encodeLinkQuery() }
  t.equal(native.send(socket, encodeMessages([message])), 32)
  t.ok(native.receive(socket, new Uint8Array(16)) > 16)
  native.close(socket)
})

outside('no descriptor is left after 1,000 sockets', async (t) => {
  const before = descriptors()
  for (let i = 0; i < 1000; i++) {
    const socket = NetlinkSocket.open({ groups: [RTNLGRP_LINK] })
    socket.close()
    if (i % 100 === 0) await turn()
  }
  t.equal(descriptors(), before)
})

outside('several sockets side by side', async (t) => {
  const sockets = Array.from({ length: 20 }, () => NetlinkSocket.open())
  t.equal(new Set(sockets.map((socket) => socket.portId)).size, 20)
  const dumps = await Promise.all(sockets.map((socket) => socket.dump(links)))
  for (const dump of dumps) t.equal(dump.length, dumps[0]!.length)
  for (const socket of sockets) socket.close()
})

outside('closing in the callback', async (t) => {
  const { status, stderr, stdout } = run(`
    const socket = native.open(0, 0, () => { drain(socket); native.close(socket); console.log('closed') })
    ask(socket)
  `)
  t.equal(status, 0, stderr)
  t.equal(stdout, 'closed\n', 'called once, and the loop ends')
})

outside('an exception in the callback is an uncaughtException and no more', async (t) => {
  const { status, stderr, stdout } = run(`
    let calls = 0
    process.on('uncaughtException', (error) => console.log(error.message))
    const socket = native.open(0, 0, () => {
      drain(socket)
      if (++calls === 2) native.close(socket)
      else setImmediate(() => ask(socket))
      throw new Error('thrown ' + calls)
    })
    ask(socket)
  `)
  t.equal(status, 0, stderr)
  t.equal(stdout, 'thrown 1\nthrown 2\n', 'the socket goes on after it')
  t.equal(run(`const s = native.open(0, 0, () => { throw new Error('x') }); ask(s)`).status, 1)
})

outside('a socket that is open at the end keeps nothing', async (t) => {
  const { status, stderr } = run(`
    const a = native.open(0, 0, () => {}); native.ref(a, false)
    native.open(0, 0, () => {}); native.ref(2, false)
  `)
  t.equal(status, 0, stderr)
  const exit = run(`native.open(0, 0, () => {}); setImmediate(() => process.exit(3))`)
  t.equal(exit.status, 3, exit.stderr)
})

outside('works in a worker, and leaves nothing when it is stopped', async (t) => {
  const before = descriptors()
  const script = `
    const { parentPort, workerData } = require('node:worker_threads')
    const native = require(workerData)
    const buffer = new Uint8Array(65536)
    const socket = native.open(0, 0, () => parentPort.postMessage(native.receive(socket, buffer)))
    native.open(0, 0, () => {})
    native.send(socket, Uint8Array.from([32,0,0,0, 18,0, 1,3, 7,0,0,0, 0,0,0,0, ...new Array(16).fill(0)]))
  `
  const worker = new Worker(script, { eval: true, workerData: nativePath() })
  const length = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  t.ok(length > 100)
  await worker.terminate()
  await until('the descriptors', () => descriptors() <= before)
})

outside('loading: what is missing, and what to do', async (t) => {
  t.throws(() => load('/nonexistent'), { code: 'ERR_OSPF_NATIVE', message: /native\/build\.mjs/ })
  t.throws(() => load('/etc/passwd'), { code: 'ERR_OSPF_NATIVE', message: /cannot load/ })
})

outside('errors carry the words of the kernel', async (t) => {
  t.match(kernelError('try', { errno: 17, text: 'Because' }), {
    code: 'ERR_OSPF_KERNEL',
    errno: 'EEXIST',
    message: 'try: file already exists: Because (EEXIST)',
  })
  t.match(kernelError('try', { errno: 1 }), {
    code: 'ERR_OSPF_PERMISSION',
    message: /CAP_NET_ADMIN/,
  })
  t.equal(kernelError('try', { errno: 500 }).message, 'try: refused (errno 500)')
  t.throws(() => NetlinkSocket.open({ protocol: 255 }), {
    code: 'ERR_OSPF_KERNEL',
    errno: 'EPROTONOSUPPORT',
  })
  t.throws(() => NetlinkSocket.open({ groups: [9999] }), {
    code: 'ERR_OSPF_KERNEL',
    errno: 'EINVAL',
  })
})

outside('closing rejects what is pending', async (t) => {
  const socket = NetlinkSocket.open()
  const pending = [socket.dump(links), socket.dump(links)]
  socket.close()
  socket.close()
  for (const dump of pending) await t.rejects(dump, { code: 'ERR_OSPF_STOPPED' })
  await t.rejects(socket.request(links), { code: 'ERR_OSPF_STOPPED' })
})

inNamespace('requests: acknowledged, refused with the kernel’s text, batched', async (t) => {
  using socket = NetlinkSocket.open()
  const add = (index: number, last: number) => ({
    what: `add 10.0.0.${last}`,
    type: 20,
    flags: MessageFlag.create | MessageFlag.exclusive,
    payload: encodeAddress(index, 0x0a000000 + last, 32),
  })
  t.strictSame(await socket.request(add(1, 1)), [])
  await t.rejects(socket.request(add(1, 1)), { code: 'ERR_OSPF_KERNEL', errno: 'EEXIST' })
  await t.rejects(socket.request({ ...add(1, 1), payload: new Uint8Array(3) }), OspfError)
  const outcomes = await socket.batch([add(1, 2), add(1, 2), add(77, 3), add(1, 4)])
  t.strictSame(
    outcomes.map((outcome) => outcome?.errno),
    [undefined, 'EEXIST', 'ENODEV', undefined],
  )
  t.match(ip('-4 addr show dev lo'), '10.0.0.4/32')
  t.strictSame(await socket.batch([]), [])
  // RTA_GATEWAY that cannot be reached: the kernel says so in words.
  const { encodeRoute } = await import('../../lib/linux/route-message.ts')
  const hops = [{ index: 1, gateway: 0x01020304 }]
  const payload = encodeRoute({ prefix: 0, length: 0, table: 254, metric: 9, protocol: 99, hops })
  const route = { what: 'default', type: 24, flags: MessageFlag.create, payload }
  await t.rejects(socket.request(route), { message: /Nexthop has invalid gateway/ })
})

inNamespace('permission: without CAP_NET_ADMIN', async (t) => {
  process.setgroups?.([])
  process.setgid?.(65534)
  process.setuid?.(65534)
  using socket = NetlinkSocket.open()
  const payload = encodeAddress(1, 0x0a000001, 32)
  const request = { what: 'add an address', type: 20, payload }
  await t.rejects(socket.request(request), {
    code: 'ERR_OSPF_PERMISSION',
    errno: 'EPERM',
    message: /CAP_NET_ADMIN/,
  })
  t.ok((await socket.dump(links)).length > 0, 'reading is free')
})

const addresses = Array.from({ length: 500 }, (_, i) => ({
  what: `${i}`,
  type: 20,
  flags: MessageFlag.create,
  payload: encodeAddress(1, 0x0a010000 + i, 32),
}))
/** Those, and that of lo. */
const allAddresses = {
  what: 'RTM_GETADDR',
  type: 22,
  payload: Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0),
}

inNamespace('a tiny receive buffer: batches are cut to fit, dumps come whole', async (t) => {
  using socket = NetlinkSocket.open({ receiveBuffer: 1 })
  const outcomes = await socket.batch(addresses)
  t.equal(outcomes.filter((outcome) => outcome !== undefined).length, 0)
  t.equal((await socket.dump(allAddresses)).length, 501)
})

inNamespace('a dump comes in datagrams of the length asked for', async (t) => {
  const native = nativeNetlink()
  for (const [datagram, least] of [
    [undefined, 20_481],
    [20_480, 16_385],
    [12_288, 8193],
  ] as const) {
    const lengths: number[] = []
    const receive: typeof native.receive = (socket, into) => {
      const length = native.receive(socket, into)
      lengths.push(length)
      return length
    }
    using socket = NetlinkSocket.open({
      native: { ...native, receive },
      ...(datagram !== undefined && { datagram }),
    })
    if (datagram === undefined) await socket.batch(addresses)
    for (let i = 0; i < 2; i++) t.equal((await socket.dump(allAddresses)).length, 501)
    const longest = Math.max(...lengths)
    t.ok(longest <= (datagram ?? 0x8000) && longest >= least, `${datagram}: ${longest}`)
  }
})

inNamespace(
  'many sends for one batch: each failure is told of the request that failed',
  async (t) => {
    using socket = NetlinkSocket.open({ receiveBuffer: 1 })
    const isWrong = (i: number): boolean => i % 7 === 3 || i === 499
    const requests = Array.from({ length: 500 }, (_, i) => ({
      what: `add ${i}`,
      type: 20,
      flags: MessageFlag.create,
      payload: encodeAddress(isWrong(i) ? 77 : 1, 0x0a010000 + i, 32),
    }))
    const outcomes = await socket.batch(requests)
    t.equal(outcomes.length, 500)
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome?.errno !== (isWrong(i) ? 'ENODEV' : undefined)) t.fail(`${i}: ${outcome}`)
      if (outcome !== undefined) t.ok(outcome.message.startsWith(`add ${i}: `), outcome.message)
    }
  },
)

inNamespace('an overrun while requests are under way', async (t) => {
  ip('link add d0 type veth peer name e0')
  ip('link set e0 up')
  ip('addr add 10.0.0.1/24 dev d0')
  ip('link set d0 up')
  let overruns = 0
  // This one listens to what it does itself, which it should not: the answers drown in the notifications.
  using socket = NetlinkSocket.open({
    groups: [RTNLGRP_IPV4_ROUTE],
    receiveBuffer: 30_000,
    overrun: () => overruns++,
  })
  const index = Number(/^(\d+):/.exec(ip('-o link show d0'))![1])
  const { encodeRoute } = await import('../../lib/linux/route-message.ts')
  const hops = [{ index, gateway: 0x0a000002 }]
  const requests = Array.from({ length: 200 }, (_, i) => ({
    what: `${i}`,
    type: 24,
    flags: MessageFlag.create,
    payload: encodeRoute({
      prefix: 0x14000000 + i,
      length: 32,
      table: 254,
      metric: 9,
      protocol: 99,
      hops,
    }),
  }))
  // Past what batch() knows of: others fill the buffer before the loop turns.
  const batch = socket.batch(requests)
  const lines = Array.from(
    { length: 500 },
    (_, i) => `route add 21.0.${i >> 8}.${i & 255} via 10.0.0.2\n`,
  )
  ip('-batch -', lines.join(''))
  const outcomes = await batch
  await until('the overrun', () => overruns > 0)
  const lost = outcomes.filter((outcome) => outcome?.errno === 'ENOBUFS').length
  t.equal(outcomes.length, 200)
  t.equal(outcomes.filter((o) => o !== undefined).length, lost, 'nothing but lost answers')
  t.equal((await socket.dump(routes)).length > 500, true, 'and it works on')
})

inNamespace('a dump of what keeps changing comes whole in the end', async (t) => {
  for (let i = 0; i < 100; i++) ip(`link add d${i} type veth peer name e${i}`)
  using socket = NetlinkSocket.open({ receiveBuffer: 1 })
  const script =
    'for i in $(seq 1 60); do ip link add x$i type veth peer name y$i; ip link del x$i; done'
  const { spawn } = await import('node:child_process')
  const churn = spawn('sh', ['-c', script], { stdio: 'inherit' })
  let running = true
  churn.once('exit', () => {
    running = false
  })
  let dumps = 0
  while (running) {
    const outcome = await socket.dump(links).catch((error: OspfError) => error)
    if (outcome instanceof OspfError) {
      t.equal(outcome.errno, 'EINTR')
      continue
    }
    dumps++
    const indexes = outcome.map(({ payload }) =>
      new DataView(payload.buffer, payload.byteOffset).getInt32(4, true),
    )
    if (new Set(indexes).size !== indexes.length) t.fail('a device twice')
    if (indexes.length < 201 || indexes.length > 203) t.fail(`${indexes.length} devices`)
  }
  t.ok(dumps > 0)
})
