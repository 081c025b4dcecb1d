/** Black holes, and how the sink says it stands. */
import { parseIpv4 } from '../../lib/wire/address.ts'
import { inNamespace, ip } from './netns.ts'
import { discard, remove, through } from './route-words.ts'
import { ours, routesWorld } from './routes-world.ts'

const HOPS = {
  a: { interface: 'a0', gateway: parseIpv4('10.0.0.2')! },
  c: { interface: 'c0', gateway: parseIpv4('10.0.1.2')! },
  nowhere: { interface: 'x0', gateway: 1 },
}
const replace = (where: string, ...hops: (keyof typeof HOPS)[]) =>
  through(
    where,
    hops.map((hop) => HOPS[hop]),
  )

for (const mode of ['multipath', 'groups'] as const) {
  inNamespace(`what is to be discarded is a black hole (${mode})`, async (t) => {
    const { open, close, told } = await routesWorld(t, { mode, source: parseIpv4('10.0.0.1')! })
    const hole = (where: string): string => `blackhole ${where} metric 20`
    const kinds = (): string[] => ours().map((line) => line.split(' ')[0]!)
    const first = await open({ keep: true })
    first.apply([discard('20.0.0.0/16'), discard('20.1.0.0/16'), replace('20.0.1.0/24', 'a')])
    await first.settled()
    t.strictSame(ours(' type blackhole'), [hole('20.0.0.0/16'), hole('20.1.0.0/16')])
    t.throws(() => ip('route get 20.0.2.1'))
    t.match(ip('route get 20.0.1.1'), 'via 10.0.0.2')
    first.apply([replace('20.0.0.0/16', 'a', 'c')])
    await first.settled()
    t.strictSame(kinds(), ['20.0.0.0/16', '20.0.1.0/24', 'blackhole'], 'in one step')
    first.apply([discard('20.0.0.0/16')])
    await first.settled()
    t.strictSame(kinds(), ['blackhole', '20.0.1.0/24', 'blackhole'])
    await first[Symbol.asyncDispose]()
    t.equal(ours().length, 3, 'kept')

    const second = await open()
    t.match(second.status(), { routes: 0, discards: 2, leftovers: 3 })
    second.apply([discard('20.1.0.0/16')])
    t.match(await told('leftover 20.1.0.0/16'), { action: 'adopted' })
    t.match(second.status(), { routes: 1, leftovers: 2 })
    second.flushLeftovers('converged')
    t.match(await told('leftover 20.0.0.0/16'), { action: 'deleted' })
    ip('route del blackhole 20.1.0.0/16 metric 20')
    t.match(await told('lost 20.1.0.0/16'), { putBackIn: 0.1 })
    second.apply([remove('20.1.0.0/16')])
    await close(second)
    t.strictSame(ours(), [])
  })
}

inNamespace('how it stands', async (t) => {
  const { open, close, told } = await routesWorld(t, { mode: 'auto', resilient: {} })
  ip('route add 20.9.0.0/24 via 10.0.0.9 proto static metric 20')
  const routes = await open()
  const nothing = { routes: 0, discards: 0, leftovers: 0, groups: 0, pending: 0, failed: 0 }
  t.match(routes.status(), {
    mode: 'resilient',
    why: 'the kernel has next-hop objects',
    table: 254,
    metric: 20,
    protocol: 188,
    ...nothing,
    foreign: 0,
    forbidden: false,
    lastError: undefined,
  })
  routes.apply([
    replace('20.0.0.0/24', 'a', 'c'),
    replace('20.0.1.1/32', 'a', 'c'),
    discard('20.1.0.0/16'),
    replace('20.9.0.0/24', 'a'),
    replace('20.8.0.0/24', 'nowhere'),
  ])
  t.match(routes.status(), { routes: 0, pending: 4 }, 'but for the one that cannot be')
  await routes.settled()
  await told('error 20.8.0.0/24')
  t.match(routes.status(), {
    routes: 3,
    discards: 1,
    groups: 2,
    pending: 0,
    failed: 1,
    foreign: 1,
    lastError: { message: 'no such device: x0', age: 0 },
  })
  await close(routes)
})
