/** The VIP follows the pool: a speaker beside a router in memory, and a director over IPVS in memory, on one clock. */
import t from 'tap'
import { OspfSpeaker, type SpeakerEvent } from '../../lib/index.ts'
import { Director, type DirectorStartOptions } from '../../lib/lvs/director.ts'
import { MemoryIpvs } from '../../lib/lvs/memory.ts'
import { collect, lan, only, director as options, vip as prefix } from '../world.ts'
import { Farm, vip, web } from './bench.ts'

type Rest = Omit<DirectorStartOptions, 'ipvs' | 'clock' | 'services'>

async function together(more: (farm: Farm) => DirectorStartOptions['services'], rest: Rest = {}) {
  const all = lan()
  const { clock } = all.world
  const ipvs = new MemoryIpvs({ clock: all.net.clock })
  const farm = new Farm(clock)
  const speaker = await OspfSpeaker.start(options(), all.world)
  const director = await Director.start({ ipvs, clock, services: more(farm), ...rest })
  const events: SpeakerEvent[] = collect(speaker)
  await all.run(6)
  const has = (): boolean => all.peer.fib.has(prefix)
  return { ...all, ipvs, farm, speaker, director, events, has }
}

const quick = { delayLoop: 1, retry: 1, delayBeforeRetry: 0.5, rise: 1 } as const

t.test('the route comes with the quorum and goes with it, and again', async (t) => {
  const { farm, speaker, director, has, run, ipvs, until } = await together((farm) => [
    farm.service(3, { ...quick, quorum: 2 }),
  ])
  for (const n of [1, 2, 3]) farm.sick.add(n)
  await run(3)
  const announcement = speaker.announce(prefix, { ...director.vip(vip) })
  await run(10)
  t.notOk(has())
  t.match(announcement.reason, /0 of 3 servers up/)
  farm.sick.delete(1)
  await run(10)
  t.notOk(has(), 'one is not enough')
  farm.sick.delete(2)
  await run(10)
  t.ok(has())
  farm.sick.add(1)
  await run(10)
  t.notOk(has())
  farm.sick.clear()
  await run(10)
  t.ok(has())
  t.equal(ipvs.lines().length, 4)
  await until(speaker.stop())
  await director.stop()
})

t.test('the sorry server keeps the route, or does not', async (t) => {
  for (const sorry of [true, false]) {
    const { farm, speaker, director, has, run, ipvs, until } = await together(
      (farm) => [farm.service(1, { ...quick, sorryServer: { address: '10.0.2.99' } })],
      { vips: { [vip]: { sorry } } },
    )
    speaker.announce(prefix, { ...director.vip(vip) })
    await run(10)
    t.ok(has())
    farm.sick.add(1)
    await run(10)
    t.same(ipvs.lines().slice(1), ['  10.0.2.99:80 dr 1'])
    t.equal(has(), sorry)
    farm.sick.clear()
    await run(10)
    t.ok(has())
    await until(speaker.stop())
    await director.stop()
  }
})

t.test('all services of a VIP must serve, or any', async (t) => {
  for (const services of ['all', 'any'] as const) {
    const { farm, speaker, director, has, run, until } = await together(
      (farm) => [
        farm.service(1, quick),
        { ...farm.service(0, { ...quick, servers: [farm.server(2)] }), port: 443 },
      ],
      { vips: { [vip]: { services } } },
    )
    speaker.announce(prefix, { ...director.vip(vip) })
    await run(10)
    t.ok(has())
    farm.sick.add(2)
    await run(10)
    t.equal(has(), services === 'any')
    farm.sick.add(1)
    await run(10)
    t.notOk(has())
    await until(speaker.stop())
    await director.stop()
  }
})

t.test('the services are there before the route, and go after it', async (t) => {
  const { speaker, director, has, run, until, ipvs } = await together((farm) => [
    farm.service(2, quick),
  ])
  ipvs.setConnections(web, { address: '10.0.2.1', port: 80 }, { active: 3 })
  const hooks = director.vip(vip)
  t.equal(await hooks.connections(), 3)
  const announcement = speaker.announce(prefix, { ...hooks })
  await run(8)
  t.ok(has())
  let hadRoute = true
  const remove = ipvs.removeService.bind(ipvs)
  ipvs.removeService = async (key) => {
    hadRoute = has()
    return remove(key)
  }
  const gone = announcement.withdraw()
  await until(gone)
  t.notOk(has())
  t.notOk(hadRoute, 'the router had no route any more when the services went')
  t.same(ipvs.lines(), [])
  speaker.announce(prefix, { ...director.vip(vip) })
  await run(8)
  t.ok(has(), 'and once more')
  t.equal(ipvs.lines().length, 3)
  await until(speaker.stop())
  await director.stop()
})

t.test(
  'a service that the kernel refuses keeps the VIP down, with the kernel’s words',
  async (t) => {
    const { speaker, director, has, run, ipvs, events, until } = await together((farm) => [
      farm.service(1, quick),
    ])
    ipvs.schedulers.delete('mh')
    await director.update([
      { address: vip, port: 81, scheduler: 'mh', servers: [{ address: '10.0.2.1' }] },
    ])
    speaker.announce(prefix, { ...director.vip(vip) })
    await run(10)
    t.notOk(has())
    t.match(
      only(events, 'announcement-step')
        .map(({ detail }) => detail)
        .join(),
      /Scheduler .* not found: mh/,
    )
    ipvs.schedulers.add('mh')
    await run(45)
    t.ok(has())
    await until(speaker.stop())
    await director.stop()
  },
)
