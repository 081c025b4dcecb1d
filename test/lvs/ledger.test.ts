/** What a director that was killed has left in the kernel, and what its next life does with it. */
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Director, type DirectorStartOptions } from '../../lib/lvs/director.ts'
import type { OwnedService, ServiceStore } from '../../lib/lvs/ledger.ts'
import type { MemoryIpvs } from '../../lib/lvs/memory.ts'
import { ServiceFile, serviceFileIn } from '../../lib/lvs/service-file.ts'
import type { IpvsService } from '../../lib/lvs/types.ts'
import { type Bench, bench, vip, web } from './bench.ts'

const id = `tcp ${vip}:80`
const second = { protocol: 'tcp', address: '10.0.1.200', port: 80 } as const

/** As a file keeps it: what comes out is another object than what went in. */
class MemoryStore implements ServiceStore {
  text: string | undefined
  saves = 0
  error: Error | undefined
  readonly onSave: () => void

  constructor(onSave: () => void = () => {}) {
    this.onSave = onSave
  }

  async load(): Promise<readonly OwnedService[] | undefined> {
    if (this.error !== undefined) throw this.error
    return this.text === undefined ? undefined : JSON.parse(this.text)
  }

  async save(owned: readonly OwnedService[]): Promise<void> {
    if (this.error !== undefined) throw this.error
    this.onSave()
    this.saves++
    this.text = JSON.stringify(owned)
  }

  get owned(): readonly OwnedService[] {
    return JSON.parse(this.text ?? '[]')
  }
}

type Options = Omit<DirectorStartOptions, 'ipvs' | 'clock'>

/** A life that ends without a word: what it had is left in a kernel for the next one. */
async function killed(before: Bench, options: Options): Promise<Bench> {
  await before.start(options)
  await before.run(5)
  const after = bench()
  for (const service of await before.ipvs.services()) {
    await after.ipvs.addService(service)
    for (const one of await before.ipvs.destinations(service.key))
      await after.ipvs.addDestination(service.key, one)
  }
  return after
}

const foreign: IpvsService = {
  key: { protocol: 'udp', address: '10.0.1.7', port: 53 },
  scheduler: 'rr',
}

t.test(
  'services that are not in the configuration any more go, and nobody else loses any',
  async (t) => {
    const store = new MemoryStore()
    const before = bench()
    await before.ipvs.addService(foreign)
    const services = [before.farm.service(2), before.farm.service(1, { address: second.address })]
    const after = await killed(before, { services, store })
    const { lines } = await after.start({ services: [after.farm.service(2)], store })
    await after.run(5)
    t.same(after.ipvs.lines(), [
      'udp 10.0.1.7:53 rr',
      `${id} wlc`,
      '  10.0.2.1:80 dr 1',
      '  10.0.2.2:80 dr 1',
    ])
    t.same(lines('service').sort(), [`${id}: adopted`, 'tcp 10.0.1.200:80: removed'].sort())
    t.same(
      store.owned.map(({ shapes }) => shapes[0]?.key),
      [web],
    )
  },
)

t.test('without a store they stay, since nobody can tell whose they are', async (t) => {
  const before = bench()
  const after = await killed(before, {
    services: [before.farm.service(1, { address: second.address })],
  })
  await after.start({ services: [after.farm.service(1)] })
  await after.run(5)
  t.match(after.ipvs.lines(), ['tcp 10.0.1.200:80 wlc'])
})

t.test('kept at a stop, and started again with another configuration', async (t) => {
  const store = new MemoryStore()
  const { farm, ipvs, clock, start, run } = bench()
  const services = [farm.service(1), farm.service(1, { address: second.address })]
  const { director } = await start({ services, store, keepOnStop: true })
  await run(5)
  await director.stop()
  t.equal(ipvs.lines().length, 4)
  t.equal(store.owned.length, 2)
  const next = await Director.start({ services: [services[0]!], ipvs, clock, store })
  await run(5)
  t.same(ipvs.lines(), [`${id} wlc`, '  10.0.2.1:80 dr 1'])
  await next.stop()
  t.same(ipvs.lines(), [])
  t.same(store.owned, [], 'what is removed is forgotten')
})

t.test('what somebody else has made anew under the same key is left alone', async (t) => {
  for (const [what, make] of [
    ['another scheduler', (ipvs) => ipvs.setService({ key: second, scheduler: 'rr' })],
    [
      'a destination that was never ours',
      (ipvs) =>
        ipvs.addDestination(second, { address: '10.0.9.9', port: 80, forward: 'nat', weight: 1 }),
    ],
  ] as readonly (readonly [string, (ipvs: MemoryIpvs) => Promise<void>])[]) {
    const store = new MemoryStore()
    const before = bench()
    const after = await killed(before, {
      services: [before.farm.service(1, { address: second.address })],
      store,
    })
    await make(after.ipvs)
    const there = after.ipvs.lines()
    const { director, lines } = await after.start({ services: [after.farm.service(1)], store })
    await after.run(30)
    t.same(after.ipvs.lines().slice(0, there.length), there, what)
    t.same(lines('service'), ['tcp 10.0.1.200:80: disowned', `${id}: added`])
    t.equal(store.owned.length, 1)
    await director.stop()
    t.same(after.ipvs.lines(), there, 'nor at the end')
  }
})

t.test('it is written down before the kernel hears of it', async (t) => {
  const { farm, ipvs, start, run } = bench()
  const seen: string[][] = []
  const store = new MemoryStore(() => seen.push([...ipvs.log]))
  const { director } = await start({ services: [farm.service(2)], store })
  await run(5)
  t.same(seen, [[]], 'once, with all servers that may come')
  t.same(store.owned, [
    {
      shapes: [{ key: web, scheduler: 'wlc', flags: [] }],
      destinations: ['10.0.2.1:80', '10.0.2.2:80'],
    },
  ])
  farm.sick.add(1)
  await run(30)
  farm.sick.clear()
  await run(30)
  t.equal(store.saves, 1, 'servers that come and go change nothing')
  const log = ipvs.log.length
  await director.update([farm.service(3, { scheduler: 'rr' })])
  t.equal(seen[1]?.length, log)
  t.match(store.owned, [
    { shapes: [{ scheduler: 'rr' }, { scheduler: 'wlc' }], destinations: { length: 3 } },
  ])
  await director.update([])
  t.same(store.owned, [])
})

t.test('killed after a change was written down and before the kernel had it', async (t) => {
  const store = new MemoryStore()
  const before = bench()
  before.ipvs.schedulers.delete('mh')
  const other = { address: second.address }
  const { director } = await before.start({ services: [before.farm.service(1, other)], store })
  await before.run(5)
  await director.update([before.farm.service(1, { ...other, scheduler: 'mh' })])
  t.match(before.ipvs.lines(), ['tcp 10.0.1.200:80 wlc'])
  const next = await Director.start({
    services: [],
    ipvs: before.ipvs,
    clock: before.clock,
    store,
  })
  t.same(before.ipvs.lines(), [], 'it is known as it was, too')
  await next.stop()
})

t.test('a store that fails is told once, and the kernel is changed all the same', async (t) => {
  const { farm, ipvs, start, run } = bench()
  const store = new MemoryStore()
  store.error = new Error('no space left')
  const { lines } = await start({ services: [farm.service(1)], store })
  await run(60)
  t.same(ipvs.lines(), [`${id} wlc`, '  10.0.2.1:80 dr 1'])
  t.same(lines('store'), ['what is ours in IPVS is not written down: no space left'])
  store.error = undefined
  await run(30)
  t.equal(store.owned.length, 1, 'and it is tried again')
})

t.test('what the kernel did not let go of at the stop is known to the next life', async (t) => {
  const { farm, ipvs, start, run } = bench()
  const store = new MemoryStore()
  const { director } = await start({ services: [farm.service(1)], store })
  await run(5)
  ipvs.isForbidden = true
  await director.stop()
  t.equal(store.owned.length, 1)
})

t.test('a preview says what of an earlier life would go', async (t) => {
  const store = new MemoryStore()
  const before = bench()
  const after = await killed(before, {
    services: [before.farm.service(1, { address: second.address })],
    store,
  })
  const there = after.ipvs.lines()
  const { text } = await Director.preview({ services: [], ipvs: after.ipvs, store })
  t.equal(text, '-D -t 10.0.1.200:80 (left behind by an earlier life)')
  t.same(after.ipvs.lines(), there)
})

t.test('where nobody else can have services, none is needed', async (t) => {
  const { farm, ipvs, start, run } = bench()
  Object.defineProperty(ipvs, 'exclusive', { value: true })
  await ipvs.addService({ key: second, scheduler: 'rr' })
  const { lines } = await start({ services: [farm.service(1)] })
  await run(5)
  t.same(ipvs.lines(), [`${id} wlc`, '  10.0.2.1:80 dr 1'])
  t.same(lines('service').sort(), [`${id}: added`, 'tcp 10.0.1.200:80: removed'].sort())
})

const owned: OwnedService[] = [
  { shapes: [{ key: web, scheduler: 'wlc' }], destinations: ['10.0.2.1:80'] },
]

t.test('a file of services: whole or not at all, of this boot and this namespace', async (t) => {
  const path = join(t.testdir(), 'run', 'ipvs.json')
  const file = await ServiceFile.open(path)
  t.equal(await file.load(), undefined)
  await file.save(owned)
  t.same(await file.load(), owned)
  t.equal(statSync(path).mode & 0o777, 0o600)
  await t.rejects(ServiceFile.open(path), {
    code: 'ERR_OSPF_DUPLICATE',
    message: /another director .* has .*: choose another file \(stateFile\)/,
  })
  await file[Symbol.asyncDispose]()
  const again = await ServiceFile.open(path)
  t.same(await again.load(), owned)
  const text = readFileSync(path, 'utf8')
  for (const field of ['boot', 'namespace']) {
    writeFileSync(path, JSON.stringify({ ...JSON.parse(text), [field]: 'another' }))
    t.equal(await again.load(), undefined, field)
  }
  for (const wrong of [
    '',
    '{',
    'null',
    '{"version":2}',
    text.slice(0, 40),
    text.replace('"shapes":[', '"shapes":[null,'),
    text.replace('"wlc"', '5'),
    text.replace('"10.0.2.1:80"', '80'),
    text.replace('"protocol":"tcp",', ''),
  ]) {
    writeFileSync(path, wrong)
    await t.rejects(again.load(), { code: 'ERR_OSPF_CONFIG' }, wrong)
  }
  await again.save([])
  t.equal(await again.load(), undefined, 'nothing to remember: no file')
  t.throws(() => statSync(path), { code: 'ENOENT' })
  mkdirSync(path)
  await t.rejects(again.load(), { code: 'ERR_OSPF_KERNEL' })
  await again[Symbol.asyncDispose]()
  t.match(serviceFileIn('/run/x'), /^\/run\/x\/ipvs-(\d+|net)\.json$/)
})

t.test('a file that is no such file: told, and the director starts', async (t) => {
  const { farm, ipvs, start, run } = bench()
  const path = join(t.testdir({ 'ipvs.json': 'what is this' }), 'ipvs.json')
  chmodSync(path, 0o600)
  await using store = await ServiceFile.open(path)
  const { director, lines } = await start({ services: [farm.service(1)], store })
  await run(5)
  t.equal(ipvs.lines().length, 2)
  t.match(lines('store'), [/expected a list of services of a director/])
  t.equal((await store.load())?.length, 1)
  await director.stop()
})

t.test('a leftover that is wanted for a moment alone goes', async (t) => {
  const store = new MemoryStore()
  const services = [bench().farm.service(1)]
  const world = await killed(bench(), { services, store })
  const { farm, start, run, ipvs } = world
  // its scheduler cannot be what it shall be, so it is never as it is wanted
  ipvs.schedulers.delete('mh')
  const { director } = await start({ services: [farm.service(1, { scheduler: 'mh' })], store })
  await run(5)
  t.equal((await ipvs.services()).length, 1)
  await director.update([])
  t.same(await ipvs.services(), [])
  await director.stop()

  const again = await killed(bench(), { services, store })
  const running = await again.start({ services: [], store, waitForPlane: true })
  t.same(await again.ipvs.services(), [])
  await running.director.stop()

  const third = await killed(bench(), { services, store })
  const read = third.ipvs.destinations.bind(third.ipvs)
  let update: Promise<unknown> | undefined
  let here: Director | undefined
  third.ipvs.destinations = async (key) => {
    // another configuration comes while the table is read for the first time
    update ??= here?.update([])
    return read(key)
  }
  third.ipvs.isForbidden = true
  here = (await third.start({ services: [third.farm.service(1)], store, waitForPlane: true }))
    .director
  third.ipvs.isForbidden = false
  await third.run(10)
  await update
  t.same(await third.ipvs.services(), [])
  await here.stop()
})
