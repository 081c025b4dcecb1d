import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { RouteChange } from '../../lib/core/io.ts'
import { lockInterface, lockRoutes } from '../../lib/linux/route-lock.ts'
import type { LinuxRoutesOptions } from '../../lib/linux/route-options.ts'
import { LinuxRoutes } from '../../lib/linux/routes.ts'
import { formatPrefix, parseIpv4 } from '../../lib/wire/address.ts'
import { inNamespace, ip, outside, until } from './netns.ts'
import { remove, through } from './route-words.ts'
import { ours, routesWorld } from './routes-world.ts'

const HOPS = {
  a: { interface: 'a0', gateway: parseIpv4('10.0.0.2')! },
  a3: { interface: 'a0', gateway: parseIpv4('10.0.0.3')! },
  c: { interface: 'c0', gateway: parseIpv4('10.0.1.2')! },
  attached: { interface: 'a0', gateway: undefined },
  nowhere: { interface: 'x0', gateway: 1 },
}

/** 'a.b.c.d/n' through some next hops. */
const replace = (where: string, ...hops: (keyof typeof HOPS)[]): RouteChange =>
  through(
    where,
    hops.map((hop) => HOPS[hop]),
  )

const single = (where: string, hop: 'a' | 'a3' | 'c'): string => {
  const via = { a: '10.0.0.2 dev a0', a3: '10.0.0.3 dev a0', c: '10.0.1.2 dev c0' }[hop]
  return `${where} via ${via} metric 20`
}

const world = (t: Test, options: Partial<LinuxRoutesOptions> = {}) =>
  routesWorld(t, { mode: 'multipath', ...options })

inNamespace('create, replace, remove', async (t) => {
  const { open, close, events } = await world(t)
  const routes = await open()
  routes.apply([
    replace('20.0.0.0/24', 'a'),
    replace('20.0.1.0/24', 'a', 'c'),
    replace('20.0.2.0/24', 'attached'),
    replace('20.0.3.0/24', 'attached', 'c'),
    replace('20.0.4.0/24'),
    replace('0.0.0.0/0', 'a'),
  ])
  await routes.settled()
  const multipath =
    '20.0.1.0/24 metric 20 nexthop via 10.0.0.2 dev a0 weight 1 nexthop via 10.0.1.2 dev c0 weight 1'
  t.strictSame(ours(), [
    single('default', 'a'),
    single('20.0.0.0/24', 'a'),
    multipath,
    single('20.0.3.0/24', 'c'),
  ])
  // One path, several paths, one path: each in one step.
  routes.apply([replace('20.0.0.0/24', 'a', 'c'), replace('20.0.1.0/24', 'c')])
  await routes.settled()
  t.strictSame(ours().slice(1, 3), [
    multipath.replace('20.0.1.0', '20.0.0.0'),
    single('20.0.1.0/24', 'c'),
  ])
  routes.apply([
    replace('20.0.0.0/24', 'a'),
    remove('20.0.1.0/24'),
    remove('0.0.0.0/0'),
    remove('99.0.0.0/8'),
    replace('20.0.3.0/24', 'attached'),
    replace('20.0.5.0/24', 'a', 'a'),
  ])
  await routes.settled()
  t.strictSame(ours(), [single('20.0.0.0/24', 'a'), single('20.0.5.0/24', 'a')])
  // The same again, and changes that come while a write is under way.
  routes.apply([replace('20.0.0.0/24', 'a')])
  routes.apply([replace('20.0.0.0/24', 'c'), replace('20.0.6.0/24', 'c')])
  routes.apply([remove('20.0.6.0/24'), replace('20.0.0.0/24', 'a3')])
  await routes.settled()
  t.strictSame(ours(), [single('20.0.0.0/24', 'a3'), single('20.0.5.0/24', 'a')])
  t.strictSame(events, [])
  await close(routes)
  t.strictSame(ours(), [], 'nothing is left at the end')
  await routes[Symbol.asyncDispose]()
  routes.apply([replace('20.0.0.0/24', 'a')])
  await routes.settled()
  t.strictSame(ours(), [], 'closed is closed')
})

inNamespace('another table and metric', async (t) => {
  const { open, close } = await world(t, { table: 1000, metric: 7, protocol: 200 })
  const routes = await open()
  routes.apply([replace('20.0.0.0/24', 'a')])
  await routes.settled()
  t.match(ip('route show table 1000'), /20\.0\.0\.0\/24 via 10\.0\.0\.2 dev a0 proto 200 metric 7/)
  await close(routes)
})

inNamespace('what is not ours stays', async (t) => {
  const { open, close, told, events, clock } = await world(t)
  ip('route add 20.0.0.0/24 via 10.0.0.9 metric 20 proto static')
  ip('route add 20.0.1.0/24 via 10.0.0.9 metric 30 proto 188')
  ip('route add 20.0.2.0/24 via 10.0.0.9 metric 20 proto 188 src 10.0.0.1')
  const before = ip('route show')
  const routes = await open()
  routes.apply([replace('20.0.0.0/24', 'a'), replace('20.0.2.0/24', 'a')])
  await routes.settled()
  t.match(await told('foreign 20.0.0.0/24'), { protocol: 4 })
  t.match(await told('foreign 20.0.2.0/24'), { protocol: 188 })
  t.equal(ip('route show'), before)
  routes.apply([replace('20.0.0.0/24', 'c'), remove('20.0.2.0/24')])
  await routes.settled()
  t.equal(ip('route show'), before)
  t.strictSame(events, [], 'said once')
  ip('route del 20.0.0.0/24')
  await until('ours', () => ours().includes(single('20.0.0.0/24', 'c')))
  await routes.settled()
  // Somebody replaces ours: then it is theirs.
  ip('route replace 20.0.0.0/24 via 10.0.0.9 metric 20 proto static')
  t.match(await told('foreign 20.0.0.0/24'), { protocol: 4 })
  routes.apply([replace('20.0.0.0/24', 'a')])
  await routes.settled()
  t.match(ip('route show 20.0.0.0/24'), 'via 10.0.0.9')
  // Somebody replaces ours, and we have not had a chance to hear of it.
  routes.apply([replace('20.0.7.0/24', 'a')])
  await routes.settled()
  ip('route replace 20.0.7.0/24 via 10.0.0.9 metric 20 proto static')
  routes.apply([replace('20.0.7.0/24', 'c')])
  await routes.settled()
  t.match(ip('route show 20.0.7.0/24'), 'via 10.0.0.9')
  // Somebody puts one before ours: a replace would hit theirs.
  routes.apply([replace('20.0.8.0/24', 'a')])
  await routes.settled()
  ip('route prepend 20.0.8.0/24 via 10.0.0.9 metric 20 proto static')
  routes.apply([replace('20.0.8.0/24', 'c')])
  await routes.settled()
  t.match(
    ip('route show 20.0.8.0/24').trim(),
    /^20.0.8.0\/24 via 10.0.0.9 dev a0 proto static metric 20$/,
  )
  await told('foreign 20.0.8.0/24')
  await clock.advance(1000)
  await close(routes)
  t.equal(
    ip('route show')
      .split('\n')
      .filter((line) => line.includes('10.0.0.9')).length,
    5,
  )
})

inNamespace('put back what others delete', async (t) => {
  const { open, close, told, clock } = await world(t)
  const routes = await open()
  routes.apply([replace('20.0.0.0/24', 'a', 'c'), replace('20.0.1.0/24', 'a')])
  await routes.settled()
  const before = ours()
  const delays: number[] = []
  for (let i = 0; i < 3; i++) {
    ip('route del 20.0.0.0/24')
    const event = await told('lost 20.0.0.0/24')
    delays.push(event.type === 'lost' ? event.putBackIn : 0)
    t.strictSame(ours(), [single('20.0.1.0/24', 'a')], 'not at once')
    await clock.advance(delays[i]! * 1000)
    await until('the route', () => ours().length === 2)
    t.strictSame(ours(), before)
  }
  t.strictSame(delays, [0.1, 0.2, 0.4], 'with growing patience')
  await clock.advance(120_000)
  ip('route del 20.0.0.0/24')
  t.match(await told('lost 20.0.0.0/24'), { putBackIn: 0.1 }, 'which is forgotten')
  routes.apply([remove('20.0.0.0/24')])
  await routes.settled()
  await clock.advance(120_000)
  t.strictSame(ours(), [single('20.0.1.0/24', 'a')], 'not when it is not wanted any more')
  await close(routes)
})

inNamespace('links: down, up, deleted, made anew', async (t) => {
  const { open, close, told, clock, links, events } = await world(t)
  const routes = await open()
  routes.apply([replace('20.0.0.0/24', 'a'), replace('20.0.1.0/24', 'a', 'c')])
  await routes.settled()
  const before = ours()
  const change = async (command: string, done: () => boolean): Promise<void> => {
    ip(command)
    await until(command, done)
    await clock.advance(100)
    await routes.settled()
  }
  // The kernel drops the route without a word; ours goes back when the device does.
  await change('link set a0 down', () => links.links().get('a0')?.up === false)
  await told('lost 20.0.0.0/24')
  await clock.advance(100)
  await routes.settled()
  const refused = await told('error 20.0.0.0/24')
  t.match(refused, {
    action: 'install',
    attempt: 1,
    retryIn: 1,
    error: { code: 'ERR_OSPF_KERNEL' },
  })
  t.match(refused, { error: { message: /^create route 20\.0\.0\.0\/24: / } })
  await clock.advance(3000)
  await routes.settled()
  const again = events.filter((e) => e.type === 'error').map((e) => e.retryIn)
  t.strictSame(again, [2, 4], 'again and again')
  await change('link set a0 up', () => links.links().get('a0')?.up === true)
  await until('both routes', () => ours().length === 2)
  t.strictSame(ours(), before)
  // A replace of what the kernel has dropped, before we look.
  ip('link set a0 down')
  routes.apply([replace('20.0.0.0/24', 'c')])
  await routes.settled()
  t.ok(ours().includes(single('20.0.0.0/24', 'c')))
  routes.apply([remove('20.0.0.0/24'), replace('20.0.1.0/24', 'c')])
  await routes.settled()
  t.strictSame(ours(), [single('20.0.1.0/24', 'c')])
  // Deleted, which the kernel does not tell either, and made anew with another index.
  await change('link del c0', () => !links.links().has('c0'))
  await told('lost 20.0.1.0/24')
  await clock.advance(100)
  await routes.settled()
  t.match(await told('error 20.0.1.0/24'), { error: { code: 'ERR_OSPF_NO_INTERFACE' } })
  ip('link add c0 type veth peer name d0')
  ip('addr add 10.0.1.1/24 dev c0')
  ip('link set d0 up')
  await change('link set c0 up', () => links.links().get('c0')?.up === true)
  t.strictSame(ours(), [single('20.0.1.0/24', 'c')])
  await close(routes)
})

inNamespace('failures are tried again, and told', async (t) => {
  const { open, close, told, clock } = await world(t)
  const routes = await open()
  routes.apply([replace('20.0.0.0/24', 'nowhere'), replace('20.0.1.0/24', 'a')])
  await routes.settled()
  t.match(await told('error 20.0.0.0/24'), {
    error: { code: 'ERR_OSPF_NO_INTERFACE', message: 'no such device: x0' },
    attempt: 1,
    retryIn: 1,
  })
  const delays: (number | undefined)[] = []
  for (let i = 0; i < 8; i++) {
    await clock.advance(2 ** Math.min(i, 6) * 1000)
    await routes.settled()
    const event = await told('error 20.0.0.0/24')
    delays.push(event.type === 'error' ? event.retryIn : undefined)
  }
  t.strictSame(delays, [2, 4, 8, 16, 32, 60, 60, 60])
  t.strictSame(ours(), [single('20.0.1.0/24', 'a')], 'the others are not held up')
  routes.apply([replace('20.0.0.0/24', 'c')])
  await routes.settled()
  t.strictSame(ours(), [single('20.0.0.0/24', 'c'), single('20.0.1.0/24', 'a')])
  await close(routes)
})

inNamespace('withdrawn while it is refused, then announced anew', async (t) => {
  const { open, close, told, clock } = await world(t)
  const routes = await open()
  ip('link set a0 down')
  routes.apply([replace('20.0.0.0/24', 'a')])
  routes.apply([remove('20.0.0.0/24')])
  await routes.settled()
  await told('error 20.0.0.0/24')
  routes.apply([replace('20.0.0.0/24', 'c')])
  await routes.settled()
  t.strictSame(ours(), [single('20.0.0.0/24', 'c')])
  // when the refused one would have been tried again
  await clock.advance(2000)
  await routes.settled()
  routes.apply([remove('20.0.0.0/24')])
  await routes.settled()
  t.strictSame(ours(), [], 'it was not forgotten')
  await close(routes)
})

inNamespace('a listener that throws does not stop the work', async (t) => {
  const thrown: unknown[] = []
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => thrown.push(error))
  const onEvent = (): void => {
    throw new Error('from a listener')
  }
  const { open, close } = await world(t, { onEvent })
  const routes = await open()
  routes.apply([replace('20.0.0.0/24', 'nowhere'), replace('20.0.1.0/24', 'a')])
  await routes.settled()
  t.strictSame(ours(), [single('20.0.1.0/24', 'a')])
  await until('the exceptions', () => thrown.length === 2)
  await close(routes)
})

inNamespace('killed and started again: leftovers', async (t) => {
  const { open, close, told, clock } = await world(t)
  const child = fork(fileURLToPath(new URL('./routes-child.js', import.meta.url)))
  await once(child, 'message')
  const left = [single('20.0.0.0/24', 'a'), single('20.0.1.0/24', 'a')]
  t.strictSame(ours(), left)
  await t.rejects(open(), {
    code: 'ERR_OSPF_DUPLICATE',
    message: /owns the routes of table 254 with metric 20/,
  })
  child.kill('SIGKILL')
  await once(child, 'exit')
  const routes = await open()
  t.strictSame(ours(), left, 'they wait')
  await t.rejects(open(), { code: 'ERR_OSPF_DUPLICATE' }, 'also within one process')
  routes.apply([replace('20.0.0.0/24', 'a')])
  await routes.settled()
  t.match(await told('leftover 20.0.0.0/24'), { action: 'adopted' })
  await clock.advance(59_000)
  t.strictSame(ours(), left, 'and wait')
  t.equal(routes.hasLeftovers, true)
  await clock.advance(1000)
  t.match(await told('leftovers'), { routes: 1, why: 'time' })
  t.equal(routes.hasLeftovers, false)
  await routes.settled()
  t.match(await told('leftover 20.0.1.0/24'), { action: 'deleted' })
  t.strictSame(ours(), [single('20.0.0.0/24', 'a')])
  await close(routes)
  t.strictSame(ours(), [])
})

inNamespace('leftovers: replaced, flushed, taken over by others, deleted at the end', async (t) => {
  const { open, close, told, events, links } = await world(t)
  for (let i = 0; i < 6; i++) ip(`route add 20.0.${i}.0/24 via 10.0.0.2 metric 20 proto 188`)
  ip('route add 20.0.6.0/24 metric 20 proto 188 nexthop via 10.0.0.2 nexthop via 10.0.1.2')
  const routes = await open()
  routes.apply([replace('20.0.0.0/24', 'a', 'c'), replace('20.0.6.0/24', 'c', 'a')])
  await routes.settled()
  t.match(await told('leftover 20.0.6.0/24'), { action: 'adopted' }, 'as it is')
  t.match(await told('leftover 20.0.0.0/24'), { action: 'adopted' }, 'with other next hops')
  t.match(ours()[0], /nexthop via 10\.0\.1\.2/)
  ip('route replace 20.0.1.0/24 via 10.0.0.9 metric 20 proto static')
  ip('route del 20.0.2.0/24')
  routes.apply([replace('20.0.2.0/24', 'c')])
  await routes.settled()
  routes.flushLeftovers('converged')
  t.strictSame(
    events.filter(({ type }) => type === 'leftovers'),
    [{ type: 'leftovers', routes: 3, why: 'converged' }],
  )
  await routes.settled()
  routes.flushLeftovers('time')
  t.strictSame(ours().length, 3)
  t.match(ip('route show 20.0.1.0/24'), 'proto static')
  t.equal(events.filter((e) => e.type === 'leftover' && e.action === 'deleted').length, 3)
  await routes[Symbol.asyncDispose]()
  ip('route add 20.0.9.0/24 via 10.0.0.2 metric 20 proto 188')
  const second = await open()
  t.equal(links.links().size > 0, true)
  const held = events.length
  const closing = close(second)
  second.flushLeftovers('converged')
  await closing
  t.equal(events.slice(held).filter(({ type }) => type === 'leftovers').length, 0)
  t.strictSame(ours(), [], 'unconfirmed ones go at the end, too')
  t.match(ip('route show 20.0.1.0/24'), 'proto static')
})

inNamespace('leftovers with a source address that a policy sets', async (t) => {
  const { open, close, told, clock } = await world(t)
  for (let i = 0; i < 3; i++) {
    ip(`route add 20.0.${i}.0/24 via 10.0.0.2 metric 20 proto 188 src 10.0.1.1`)
  }
  const from = (where: string, source: string): RouteChange => {
    const change = replace(where, 'a')
    if (change.type !== 'replace') return change
    return { ...change, route: { ...change.route, source: parseIpv4(source)! } }
  }
  const routes = await open()
  routes.apply([from('20.0.0.0/24', '10.0.1.1'), from('20.0.1.0/24', '10.0.0.1')])
  await routes.settled()
  await told('leftover 20.0.0.0/24')
  await told('foreign 20.0.1.0/24')
  routes.apply([from('20.0.0.0/24', '10.0.0.1')])
  await routes.settled()
  t.match(ip('route show 20.0.0.0/24'), 'src 10.0.0.1', 'another one is a change')
  await clock.advance(60_000)
  await close(routes)
  t.equal(ours().length, 2, 'what was not confirmed may be another one’s')
})

inNamespace('weights in a route', async (t) => {
  const { open, close } = await world(t)
  const routes = await open()
  const weighted = (a: number, c: number): RouteChange =>
    through('20.0.0.0/24', [
      { ...HOPS.a, weight: a },
      { ...HOPS.c, weight: c },
    ])
  for (const [a, c] of [
    [1, 256],
    [255, 1],
    [1, 1],
  ] as const) {
    routes.apply([weighted(a, c)])
    await routes.settled()
    t.match(ours()[0], new RegExp(`dev a0 weight ${a} .* dev c0 weight ${c}$`))
  }
  await close(routes)
})

inNamespace('10,000 routes of ours and 10,000 of another program', async (t) => {
  const { open, close, events } = await world(t)
  const routes = await open()
  const where = (i: number): string => `20.${i >> 8}.${i & 255}.0/24`
  const all = Array.from({ length: 10_000 }, (_, i) => replace(where(i), 'a', 'c'))
  const others = Array.from({ length: 10_000 }, (_, i) => `21.${i >> 8}.${i & 255}.0/24`)
  const start = performance.now()
  routes.apply(all)
  await routes.settled()
  t.comment(`installed in ${Math.round(performance.now() - start)} ms`)
  t.equal(ours().length, 10_000)
  ip(
    '-batch -',
    others.map((other) => `route add ${other} via 10.0.0.2 metric 20 proto 188\n`).join(''),
  )
  routes.apply(all.map((_, i) => replace(where(i), 'c')))
  await routes.settled()
  t.strictSame(events, [], 'nothing lost, nothing foreign')
  t.equal(ours(' root 20.0.0.0/8').length, 10_000)
  t.equal(
    ours(' root 20.0.0.0/8').every((line) => line.includes('via 10.0.1.2 dev c0')),
    true,
  )
  await close(routes)
  t.equal(ours().length, 10_000, 'the other program’s are all that is left')
})

inNamespace(
  'of a large batch, what is refused is told of the route that was refused',
  async (t) => {
    const { open, close, events } = await world(t)
    const where = (i: number): string => `20.0.${i >> 8}.${i & 255}/32`
    const isTaken = (i: number): boolean => i % 101 === 50
    const isRefused = (i: number): boolean => i % 97 === 13 && !isTaken(i)
    const all = Array.from({ length: 3000 }, (_, i) => i)
    for (const i of all.filter(isTaken)) {
      ip(`route add ${where(i)} via 10.0.0.9 metric 20 proto static`)
    }
    const unreachable = { interface: 'a0', gateway: parseIpv4('99.0.0.1')! }
    const routes = await open()
    routes.apply(
      all.map((i) => (isRefused(i) ? through(where(i), [unreachable]) : replace(where(i), 'a'))),
    )
    await routes.settled()
    const told = (type: string): string[] =>
      events
        .flatMap((e) => ('prefix' in e && e.type === type ? formatPrefix(e.prefix, e.length) : []))
        .sort()
    t.strictSame(told('foreign'), all.filter(isTaken).map(where).sort())
    t.match(
      events.filter((e) => e.type === 'error'),
      all
        .filter(isRefused)
        .map(() => ({ error: { errno: 'ENETUNREACH', message: /invalid gateway/ } })),
    )
    t.strictSame(
      told('error'),
      all.filter(isRefused).map(where).sort(),
      'with the words of the kernel',
    )
    const good = all.filter((i) => !isTaken(i) && !isRefused(i))
    t.equal(ours().length, good.length)
    events.length = 0
    routes.apply(all.map((i) => (i % 2 ? remove(where(i)) : replace(where(i), 'c'))))
    await routes.settled()
    t.equal(events.filter((e) => e.type === 'error').length, 0)
    const left = all.filter((i) => i % 2 === 0 && !isTaken(i))
    t.strictSame(ours().sort(), left.map((i) => single(where(i).slice(0, -3), 'c')).sort())
    await close(routes)
  },
)

inNamespace('a tiny receive buffer: overrun, read again, put right', async (t) => {
  const { open, close, events, clock, told } = await world(t, { receiveBuffer: 1 })
  const routes = await open()
  const all = Array.from({ length: 1000 }, (_, i) => replace(`20.0.${i >> 8}.${i & 255}/32`, 'a'))
  routes.apply(all)
  await routes.settled()
  ip('route add 22.0.0.0/24 via 10.0.0.9 metric 20 proto static')
  routes.apply([replace('22.0.0.0/24', 'c')])
  await told('foreign 22.0.0.0/24')
  // Nobody reads meanwhile: what is told last is lost.
  const noise = Array.from(
    { length: 1000 },
    (_, i) => `route add 21.0.${i >> 8}.${i & 255} via 10.0.0.2\n`,
  )
  const gone = all.map((_, i) => `route del 20.0.${i >> 8}.${i & 255}/32\n`)
  ip('-batch -', [...noise, ...gone, 'route del 22.0.0.0/24\n'].join(''))
  await told('overrun')
  await until(
    'the loss to be noticed',
    () => events.filter((e) => e.type === 'lost').length === 1000,
  )
  await clock.advance(100)
  await until('all of them', () => ours().length === 1001)
  await routes.settled()
  t.ok(ours().includes(single('22.0.0.0/24', 'c')), 'and the place of the foreign one is taken')
  await close(routes)
})

inNamespace('without CAP_NET_ADMIN', async (t) => {
  const { open, close, told, events, clock } = await world(t)
  process.setgroups?.([])
  process.setgid?.(65534)
  process.setuid?.(65534)
  const routes = await open()
  t.match(await told('forbidden'), { error: { code: 'ERR_OSPF_PERMISSION' } }, 'before anything')
  routes.apply([replace('20.0.0.0/24', 'a')])
  await routes.settled()
  await clock.advance(7000)
  await routes.settled()
  t.strictSame(events, [], 'said once')
  await close(routes)
})

outside('options that make no sense', async (t) => {
  const links = { links: () => new Map(), watch: () => ({ [Symbol.dispose]: () => {} }) }
  for (const bad of [
    { table: 0 },
    { metric: 0 },
    { metric: 1.5 },
    { protocol: 4 },
    { protocol: 256 },
  ]) {
    await t.rejects(LinuxRoutes.open({ links, ...bad }), { code: 'ERR_OSPF_CONFIG' })
  }
})

inNamespace('locks', async (t) => {
  const one = await lockRoutes(254, 20)
  await t.rejects(lockRoutes(254, 20), { code: 'ERR_OSPF_DUPLICATE', errno: 'EADDRINUSE' })
  const others = [await lockRoutes(254, 21), await lockRoutes(255, 20), await lockInterface('a0')]
  await t.rejects(lockInterface('a0'), { code: 'ERR_OSPF_DUPLICATE', message: /runs on a0/ })
  await one[Symbol.asyncDispose]()
  others.push(await lockRoutes(254, 20))
  for (const lock of others) await lock[Symbol.asyncDispose]()
})
