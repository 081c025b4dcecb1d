/** A director in the configuration: what the kernel is told, what the VIPs follow, and what a reload leaves alone. */
import { join } from 'node:path'
import t from 'tap'
import {
  type Config,
  ConfiguredSpeaker,
  type ConfiguredWorld,
  formatDirectorEvent,
  formatProblem,
  type LvsData,
  OspfError,
  type OwnedService,
  openServiceFile,
  readConfig,
  ServiceFile,
  type ServiceStore,
} from '../lib/index.ts'
import { MemoryIpvs } from '../lib/lvs/memory.ts'
import { serviceFileIn } from '../lib/lvs/service-file.ts'
import { Farm, vip, web } from './lvs/bench.ts'
import { type Lan, lan } from './world.ts'

const world = {
  readFile: async (path: string) => Promise.reject(new Error(`no ${path}`)),
  environment: {},
}
const head = `routerId: 10.0.1.133
areas: { 0: { interfaces: { eth0: { helloInterval: 1, deadInterval: 4, priority: 0 } } } }
`

async function read(text: string): Promise<Config> {
  const { config, problems } = await readConfig([{ name: 'f.yaml', text: head + text }], world)
  if (config === undefined) throw new Error(problems.map(formatProblem).join('\n'))
  return config
}

async function problems(text: string): Promise<string[]> {
  const { problems } = await readConfig([{ name: 'f.yaml', text: head + text }], world)
  return problems.map(formatProblem)
}

interface Bench extends Lan {
  readonly ipvs: MemoryIpvs
  readonly farm: Farm
  readonly told: string[]
  readonly start: (config: Config, more?: ConfiguredWorld) => Promise<ConfiguredSpeaker>
  /** VIPs that the router beside us has a route to. */
  readonly learned: () => number[]
  readonly table: () => Promise<string>
}

function bench(): Bench {
  const all = lan()
  const { clock } = all.world
  const ipvs = new MemoryIpvs({ clock })
  const told: string[] = []
  return {
    ...all,
    ipvs,
    farm: new Farm(clock),
    told,
    start: (config, more) =>
      all.until(
        ConfiguredSpeaker.start(config, {
          ports: all.world,
          openIpvs: () => ipvs,
          random: () => 0,
          onEvent: (event) => {
            if (event.type === 'director') told.push(formatDirectorEvent(event.event))
          },
          ...more,
        }),
      ),
    learned: () =>
      all.peer
        .routes()
        .filter(({ length }) => length === 32)
        .map(({ prefix }) => prefix & 255),
    table: async () =>
      (await ipvs.destinations(web))
        .map(({ address, weight }) => `${address} ${weight}`)
        .join(', '),
  }
}

/** With checks in memory, which virtual time waits for. */
const withLvs = (config: Config, lvs: LvsData): Config => ({ ...config, lvs })

const vips = `lvs:
  services: [{ address: ${vip}, port: 80, servers: [{ address: 10.0.2.1 }] }]
vips:
  ${vip}: { device: lo }
`

t.test('a VIP follows the services of its address', async (t) => {
  const { farm, start, run, until, learned, table, ipvs, told, world } = bench()
  const config = await read(vips)
  t.match(config.vips, { [`${vip}/32`]: { lvs: true } })
  const configured = await start(withLvs(config, { services: [farm.service(2)] }))
  await run(10)
  t.strictSame(learned(), [100])
  t.equal(await table(), '10.0.2.1 1, 10.0.2.2 1')
  farm.sick.add(1).add(2)
  await run(30)
  t.strictSame(learned(), [], 'withdrawn with its pool')
  t.match(told.join('\n'), /quorum lost/)
  farm.sick.clear()
  await run(30)
  t.strictSame(learned(), [100])
  const left = ipvs.log.length
  await until(configured.stop())
  t.strictSame(ipvs.lines(), [], 'the kernel is as it was')
  t.strictSame([...world.added], [])
  t.ok(ipvs.log.length > left)
})

t.test('its own checks count as well; lvs: false frees it', async (t) => {
  const closed = '{ self: { maximumMemory: 0.1 }, interval: 1, fall: 2 }'
  const { farm, start, run, until, learned } = bench()
  const text = (more: string): string => vips.replace('device: lo', `device: lo, ${more}`)
  const services = [farm.service(1)]
  const configured = await start(withLvs(await read(text(`when: ${closed}`)), { services }))
  await run(10)
  t.strictSame(learned(), [])
  const free = withLvs(await read(text('lvs: false')), { services })
  t.match(free.vips, { [`${vip}/32`]: { lvs: undefined } })
  await until(configured.apply(free))
  await run(10)
  t.strictSame(learned(), [100])
  farm.sick.add(1)
  await run(30)
  t.strictSame(learned(), [100], 'whatever becomes of the servers')
  await until(configured.stop())
})

t.test('a reload keeps what is known, and touches only what differs', async (t) => {
  const { farm, start, run, until, learned, table, ipvs, told } = bench()
  const config = await read(vips)
  farm.sick.add(2)
  const first = withLvs(config, { services: [farm.service(2)] })
  const configured = await start(first)
  await run(20)
  t.equal(await table(), '10.0.2.1 1')
  const before = ipvs.log.length
  const second = withLvs(config, { services: [farm.service(3, { scheduler: 'rr' })] })
  const { changes } = await until(configured.apply(second))
  t.match(changes, [/^lvs: .*server 10.0.2.3:80 added/, /^lvs: .* changed/])
  t.strictSame(learned(), [100])
  await run(10)
  t.equal(await table(), '10.0.2.1 1, 10.0.2.3 1', 'the sick one is still out')
  t.notMatch(ipvs.log.slice(before).join('\n'), /removeService|10\.0\.2\.1/)
  t.notMatch(told.join('\n'), /quorum lost/)
  t.strictSame(configured.plan(second).changes, [])
  t.throws(() => configured.plan(withLvs(config, { services: [], dataPlane: 'none' })), {
    message: /^lvs: dataPlane/,
  })
  await until(configured.stop())
})

t.test('services of a VIP that goes serve until the routers have left', async (t) => {
  const { farm, start, run, until, learned, table, ipvs } = bench()
  const configured = await start(
    withLvs(await read(vips), { services: [farm.service(1)], reconcileInterval: 1 }),
  )
  await run(10)
  t.strictSame(learned(), [100])
  await until(configured.apply(await read('')))
  t.equal(await table(), '10.0.2.1 1')
  await run(20)
  t.strictSame(ipvs.lines(), [])
  t.strictSame(learned(), [])
  await until(configured.stop())
})

t.test('no data plane, and services that stay', async (t) => {
  const { farm, start, run, until, learned, ipvs } = bench()
  const blind = withLvs(await read(vips), { services: [farm.service(1)], dataPlane: 'none' })
  const configured = await start(blind, { openIpvs: () => Promise.reject(new Error('not asked')) })
  await run(10)
  t.strictSame(learned(), [100])
  farm.sick.add(1)
  await run(30)
  t.strictSame(learned(), [])
  await until(configured.stop())
  farm.sick.clear()
  const second = bench()
  const keeping = await second.start(
    withLvs(await read(vips), { services: [second.farm.service(1)], keepOnStop: true }),
  )
  await second.run(10)
  await second.until(keeping.stop())
  t.equal(await second.table(), '10.0.2.1 1')
  t.strictSame(ipvs.lines(), [])
  const none = bench()
  await t.rejects(
    none.start(withLvs(await read(vips), { services: [] }), {
      openIpvs: () => Promise.reject(new Error('IPVS is not in this kernel')),
    }),
    /not in this kernel/,
  )
})

t.test('what a killed speaker left in IPVS goes, if there is word that it was ours', async (t) => {
  const { farm, start, run, until, ipvs } = bench()
  let owned: readonly OwnedService[] = []
  let open = 0
  const openStore = async (): Promise<ServiceStore & AsyncDisposable> => {
    open++
    return {
      load: () => owned,
      save: (services) => {
        owned = services
      },
      [Symbol.asyncDispose]: async () => void open--,
    }
  }
  const other = farm.service(1, { address: '10.0.1.101' })
  const config = await read(vips)
  const one = { services: [farm.service(1)] }
  const two = { services: [farm.service(1), other], keepOnStop: true }
  const before = await start(withLvs(config, two), { openStore })
  await run(10)
  t.equal(owned.length, 2)
  await t.rejects(until(before.apply(withLvs(config, { ...one, stateFile: false }))), {
    message: 'lvs: stateFile: cannot change while the speaker runs; stop it and start anew',
  })
  await until(before.stop())
  t.equal(ipvs.lines().length, 4)
  t.equal(open, 0)
  const after = await start(withLvs(config, one), { openStore })
  await run(10)
  t.same(ipvs.lines(), [`tcp ${vip}:80 wlc`, '  10.0.2.1:80 dr 1'])
  await until(after.stop())
  t.same(owned, [])
  t.equal(open, 0)
})

t.test('which file remembers the services', async (t) => {
  const folder = t.testdir()
  const path = join(folder, 'own.json')
  const services = [] as const
  for (const [lvs, where, wanted] of [
    [{ services }, undefined, undefined],
    [{ services, stateFile: path }, undefined, path],
    [{ services, stateFile: path }, folder, path],
    [{ services }, folder, serviceFileIn(folder)],
    [{ services, stateFile: false }, folder, undefined],
    [{ services, dataPlane: 'nftables', stateFile: path }, folder, undefined],
    [{ services, dataPlane: 'none' }, folder, undefined],
    [{ services, checksOnly: true }, folder, undefined],
  ] as const) {
    await using file = await openServiceFile(lvs, where)
    t.equal(file?.path, wanted)
  }
  await using _ = await ServiceFile.open(path)
  await t.rejects(openServiceFile({ services, stateFile: path }), { code: 'ERR_OSPF_DUPLICATE' })
})

t.test(
  'no right to IPVS yet: everything runs but the VIP, which follows when it is there',
  async (t) => {
    const { farm, start, run, until, ipvs, told, learned, table } = bench()
    const config = await read(vips)
    let isAllowed = false
    const openIpvs = async (): Promise<MemoryIpvs> => {
      if (isAllowed) return ipvs
      throw new OspfError('ERR_OSPF_PERMISSION', 'IPVS: Operation not permitted')
    }
    const services = [farm.service(1)]
    await t.rejects(bench().start(withLvs(config, { services }), { openIpvs }), {
      code: 'ERR_OSPF_PERMISSION',
    })
    const configured = await start(withLvs(config, { services, waitForPlane: true }), { openIpvs })
    await run(30)
    t.match(told, ['IPVS cannot be read: IPVS: Operation not permitted; again in 1 s'])
    t.equal(configured.director?.status().services[0]?.servers[0]?.state, 'up')
    t.strictSame(learned(), [])
    isAllowed = true
    await run(31)
    t.equal(await table(), '10.0.2.1 1')
    t.strictSame(learned(), [100])
    await until(configured.stop())
    t.same(ipvs.lines(), [])
  },
)

t.test('ranges of VIPs are announced one by one', async (t) => {
  const { farm, start, run, until, learned } = bench()
  const text = 'vips:\n  10.0.1.99-10.0.1.102: { cost: 3 }\n  10.0.1.110: {}\n'
  const configured = await start(withLvs(await read(text), { services: [farm.service(1)] }))
  await run(10)
  t.strictSame(learned(), [99, 100, 101, 102, 110])
  await until(configured.apply(await read('vips: { 10.0.1.101-10.0.1.102: { cost: 3 } }\n')))
  await run(10)
  t.strictSame(learned(), [101, 102])
  await until(configured.stop())
  t.match(await problems('vips:\n  10.0.1.9-10.0.1.7: {}\n'), [
    /^f.yaml:4:3: vips: 10.0.1.9-10.0.1.7: .*a range from an address to one that is no lower/,
  ])
  t.match(await problems('vips: { 10.0.1.7-10.0.1.9: {}, 10.0.1.8: {} }\n'), [/is there twice/])
})

t.test('served addresses within a range follow their services, the others do not', async (t) => {
  const { vips } = await read(`lvs:
  dataPlane: { type: nftables, devices: [eth0] }
  services: [{ address: ${vip}, port: 80, servers: [{ address: 10.0.2.1 }] }]
vips: { 10.0.1.99-10.0.1.100: {} }
`)
  t.strictSame(vips, { '10.0.1.99/32': {}, '10.0.1.100/32': { lvs: true } })
  t.match(await problems('lvs: { dataPlane: { type: nftables, device: eth0 }, services: [] }\n'), [
    /^f.yaml:3:\d+: lvs: dataPlane: device: unknown option 'device'/,
  ])
})

t.test('what is wrong with services is said in its place', async (t) => {
  const text = `lvs:
  services:
    - { address: ${vip}, port: 80, servers: [{ address: 10.0.2.1, wait: 1 }] }
    - { address: ${vip}, port: 81, servers: [{ address: 10.0.2.1, checks: [{ type: htpp }] }] }
`
  t.match(await problems(text), [
    /^f.yaml:5:71: lvs: services: 0: servers: 0: wait: unknown option 'wait'/,
    /^f.yaml:6:.*lvs: services: 1: servers: 0: checks: 0: type: expected one of http/,
  ])
  t.match(
    await problems(`lvs:
  services:
    - { address: ${vip}, port: 80, servers: [] }
    - { address: ${vip}, port: 80, servers: [] }
`),
    [/^f.yaml:6:7: lvs: services: 1: expected a service once/],
  )
  t.match(
    await problems(`lvs:
  services: [{ address: nowhere, port: 80, servers: [] }]
vips: { 10.0.1.7: { lvs: true } }
`),
    [
      /^f.yaml:4:\d+: lvs: services: 0: address: expected an address/,
      /^f.yaml:5:\d+: vips: 10.0.1.7: lvs: expected an address of a service in lvs/,
    ],
  )
  t.match(
    await problems(`lvs:
  services:
    - address: ${vip}
      port: 443
      checks: [{ type: tls, caFile: ca.pem }]
      servers: [{ address: 10.0.2.1 }]
`),
    [/^f.yaml:7:\d+: lvs: services: 0: checks: 0: caFile: ca.pem cannot be read/],
  )
})
