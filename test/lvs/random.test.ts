/**
 * Directors in trouble, from a seed: servers fall ill and get well, the kernel refuses, forgets and is changed by
 * others, configurations change, operators drain, processes are killed. Once it is quiet the table has to be as a
 * director makes it that starts then; and at no time does a server get clients for longer than its checks allow.
 */
import t from 'tap'
import { OspfError } from '../../lib/errors.ts'
import { Director } from '../../lib/lvs/director.ts'
import type { RealServerOptions, VirtualServiceOptions } from '../../lib/lvs/director-options.ts'
import type { OwnedService } from '../../lib/lvs/ledger.ts'
import { type IpvsCall, MemoryIpvs } from '../../lib/lvs/memory.ts'
import type { IpvsPort, IpvsServiceKey } from '../../lib/lvs/types.ts'
import { VirtualClock } from '../../lib/sim/clock.ts'
import { Random } from '../../lib/sim/random.ts'
import { Farm } from './bench.ts'

const SERVERS = 7
const SORRY = 99
const timing = { delayLoop: 5, retry: 1, delayBeforeRetry: 1, connectTimeout: 2, warmup: 5 }
/** From when a server falls ill until its check knows, and until the kernel does. */
const NOTICE = 5 + 1 + 2 * 2 + 2
const calls: readonly IpvsCall[] = [
  'services',
  'destinations',
  'addService',
  'setService',
  'removeService',
  'addDestination',
  'setDestination',
  'removeDestination',
]

const keys: readonly Extract<IpvsServiceKey, { protocol: string }>[] = [
  { protocol: 'tcp', address: '10.0.1.100', port: 80 },
  { protocol: 'tcp', address: '10.0.1.100', port: 443 },
  { protocol: 'udp', address: '10.0.1.101', port: 53 },
]

/** The kernel as one process has it: calls take their time, and none comes back once the process is killed. */
class Grip {
  isKilled = false
  readonly port: IpvsPort

  constructor(ipvs: MemoryIpvs, clock: VirtualClock, random: Random) {
    const pause = (): Promise<void> =>
      new Promise((resolve) => {
        clock.setTimer(random.int(4) === 0 ? random.int(30) : 0, () => {
          if (!this.isKilled) resolve()
        })
      })
    this.port = new Proxy(ipvs, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target) as unknown
        if (typeof value !== 'function') return value
        return async (...values: unknown[]) => {
          await pause()
          const result: unknown = await value.apply(target, values)
          await pause()
          return result
        }
      },
    })
  }
}

class World {
  readonly random: Random
  readonly clock = new VirtualClock()
  readonly ipvs = new MemoryIpvs({ clock: this.clock })
  readonly farm = new Farm(this.clock)
  /** Since when, in seconds. */
  readonly sick = new Map<number, number>()
  /** What the announcements of VIPs heard last. */
  readonly told = new Map<string, boolean>()
  /** Until when the kernel's troubles may keep a director from doing what it should. */
  excused = 0
  saved: string | undefined
  grip: Grip | undefined
  director!: Director
  services: VirtualServiceOptions[] = []

  constructor(seed: number) {
    this.random = new Random(seed)
  }

  get now(): number {
    return this.clock.now() / 1000
  }

  chance(n: number): boolean {
    return this.random.int(n) === 0
  }

  pick<T>(list: readonly T[]): T {
    return list[this.random.int(list.length)]!
  }

  /** Servers and services by chance; what decides between two outcomes that are both right is left out. */
  configuration(): VirtualServiceOptions[] {
    const some = keys.filter(() => !this.chance(3))
    return some.map((key): VirtualServiceOptions => {
      const isHashed = this.chance(3)
      const numbers = Array.from({ length: SERVERS }, (_, i) => i + 1).filter(() => this.chance(2))
      const servers = numbers.map((n): RealServerOptions => {
        const probes = [
          { type: 'probe' as const, probe: this.farm.probe(n) },
          ...(this.chance(4) ? [{ type: 'probe' as const, probe: this.farm.probe(n + 10) }] : []),
        ]
        return {
          address: `10.0.2.${n}`,
          weight: this.pick([1, 1, 2, 5]),
          checks: probes.map((check) => (this.chance(5) ? { ...check, delayLoop: 4 } : check)),
          ...(this.chance(12) ? { drain: true } : {}),
          ...(this.chance(4) ? { inhibitOnFailure: true } : {}),
          ...(this.chance(8) ? { alpha: false } : {}),
          ...(this.chance(6) ? { upperThreshold: 100 } : {}),
        }
      })
      return {
        ...key,
        ...timing,
        rise: 1,
        scheduler: isHashed ? 'mh' : this.pick(['wlc', 'wrr']),
        flags: isHashed ? ['mh-fallback'] : [],
        servers,
        ...(this.chance(2)
          ? {
              sorryServer: {
                address: `10.0.2.${this.chance(4) ? 1 : SORRY}`,
                inhibit: this.chance(4),
              },
            }
          : {}),
        quorum: this.pick([1, 1, 2, 4]),
        ...(this.chance(4) ? { slowStart: 20 } : {}),
        ...(this.chance(3) ? { drainTimeout: 8 } : {}),
        ...(this.chance(5) ? { persistence: 60 } : {}),
      }
    })
  }

  async begin(): Promise<void> {
    this.grip = new Grip(this.ipvs, this.clock, this.random)
    const starting = Director.start({
      services: this.services,
      ipvs: this.grip.port,
      clock: this.clock,
      random: () => this.random.next(),
      waitForPlane: true,
      maximumRetryInterval: 5,
      store: {
        load: () =>
          this.saved === undefined ? undefined : (JSON.parse(this.saved) as OwnedService[]),
        save: (owned) => void (this.saved = JSON.stringify(owned)),
      },
    })
    let isThere = false
    void starting.then((director) => {
      this.director = director
      isThere = true
    })
    while (!isThere) await this.clock.advanceAsync(50)
    this.told.clear()
    this.follow()
  }

  /** Has an announcement for each VIP that there is. */
  follow(): void {
    const { director } = this
    for (const vip of new Set(this.services.map(({ address }) => address!))) {
      if (this.told.has(vip)) continue
      this.told.set(vip, false)
      void (async () => {
        for await (const { healthy } of director.gate(vip)) {
          if (this.director === director) this.told.set(vip, healthy)
        }
      })()
    }
  }

  /** What announcements of VIPs that still have services heard last. */
  heard(): string[] {
    const vips = new Set(this.services.map(({ address }) => address!))
    return [...vips].map((vip) => `${vip} ${this.told.get(vip)}`).sort()
  }

  ail(n: number, isSick: boolean): void {
    if (isSick) this.farm.sick.add(n)
    else this.farm.sick.delete(n)
    if (isSick && !this.sick.has(n)) this.sick.set(n, this.now)
    if (!isSick) this.sick.delete(n)
  }

  /** Destinations by address, and their weights: what the kernel has, without asking it. */
  look({ protocol, address, port }: (typeof keys)[number]): { address: string; weight: number }[] {
    const lines = this.ipvs.lines()
    const start = lines.findIndex((line) => line.startsWith(`${protocol} ${address}:${port} `))
    if (start < 0) return []
    const end = lines.findIndex((line, i) => i > start && !line.startsWith(' '))
    return lines.slice(start + 1, end < 0 ? undefined : end).map((line) => {
      const [address = '', , , weight] = line.trim().split(/[ :]/)
      return { address, weight: Number(weight) }
    })
  }

  excuse(seconds: number): void {
    this.excused = Math.max(this.excused, this.now + seconds)
  }

  /** One thing that happens. */
  async happen(): Promise<void> {
    const key = this.pick(keys)
    const server = { address: `10.0.2.${1 + this.random.int(SERVERS)}`, port: key.port }
    const name = `${key.protocol} ${key.address}:${key.port}`
    switch (this.random.int(14)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return this.ail(1 + this.random.int(SERVERS) + (this.chance(4) ? 10 : 0), this.chance(2))
      case 4:
      case 5: {
        this.services = this.configuration()
        // a check that is another has the last word of the old one until its first run
        this.excuse(NOTICE + timing.warmup)
        void this.director.update(this.services).catch(() => {})
        return this.follow()
      }
      case 6: {
        const failures = 1 + this.random.int(3)
        for (let i = 0; i < failures; i++) {
          this.ipvs.fail(new OspfError('ERR_OSPF_KERNEL', 'ENOMEM'), this.pick(calls))
        }
        // later ones are not to follow for minutes
        this.clock.setTimer(10_000, () => this.ipvs.mend())
        return this.excuse(20)
      }
      case 7:
        this.ipvs.flush()
        return this.excuse(12)
      case 8: {
        const there = this.look(key)
        if (there.length > 0) this.ipvs.drop(key, { ...this.pick(there), port: key.port })
        return this.excuse(12)
      }
      case 9: {
        const one = { ...server, forward: 'dr', weight: 3 } as const
        const hasFault = this.ipvs.addDestination(key, one)
        await hasFault.catch(() => {})
        return this.excuse(12)
      }
      case 10:
        return void this.director
          .drain(name, `${server.address}:${key.port}`, { timeout: this.random.int(20) })
          .catch(() => {})
      case 11:
        try {
          this.director.undrain(name, `${server.address}:${key.port}`)
        } catch {}
        return
      case 12:
        try {
          this.ipvs.setConnections(key, server, { active: this.random.int(3) })
        } catch {}
        return
      case 13: {
        const isGentle = this.chance(2)
        if (isGentle) void this.director.stop({ keep: this.chance(2) })
        await this.clock.advanceAsync(isGentle ? 300 : 0)
        this.grip!.isKilled = true
        if (this.chance(2)) this.services = this.configuration()
        // what an earlier life left is believed until the first checks have run
        this.excuse(NOTICE + timing.warmup + 10)
        return this.begin()
      }
    }
  }

  /** Servers that get clients although they must be known to be ill. */
  overdue(): string[] {
    if (this.now < this.excused) return []
    const found: string[] = []
    for (const key of keys) {
      const service = this.services.find(
        ({ address, port }) => address === key.address && port === key.port,
      )
      if (service === undefined) continue
      for (const one of this.look(key)) {
        const n = Number(one.address.split('.')[3])
        const own = service.servers.find(({ address }) => address === one.address)
        if (one.weight === 0 || own === undefined || service.sorryServer?.address === one.address)
          continue
        const since = Math.min(
          ...(own.checks ?? []).map((check) => {
            const probe = (check as { readonly probe: unknown }).probe
            const which = probe === this.farm.probe(n) ? n : n + 10
            return this.sick.get(which) ?? Number.POSITIVE_INFINITY
          }),
        )
        if (this.now - Math.max(since, this.excused) > NOTICE) {
          found.push(`${one.address} of ${key.port}, ill since ${since}, now ${this.now}`)
        }
      }
    }
    return found
  }

  /** Everything that may keep the table from being what it should be ends. */
  async calm(): Promise<void> {
    this.ipvs.mend()
    for (const key of keys) {
      for (const { address } of this.look(key)) {
        this.ipvs.setConnections(key, { address, port: key.port }, { active: 0, inactive: 0 })
      }
    }
    for (const { service, servers } of this.director.status().services) {
      for (const { server } of servers) {
        try {
          this.director.undrain(service, server)
        } catch {}
      }
    }
    await this.clock.advanceAsync(200_000)
  }

  async stop(): Promise<void> {
    let isOver = false
    void this.director.stop().then(() => {
      isOver = true
    })
    while (!isOver) await this.clock.advanceAsync(50)
  }
}

/** What two tables have in common where both are right: those of hashes in their order, others in any. */
async function tableOf(ipvs: MemoryIpvs): Promise<string[]> {
  const lines: string[] = []
  for (const service of await ipvs.services()) {
    const { key, scheduler, persistence } = service
    const there = await ipvs.destinations(key)
    const words = there.map((one) => `${one.address} ${one.weight} ${one.upperThreshold ?? 0}`)
    if (scheduler !== 'mh') words.sort()
    lines.push(`${JSON.stringify(key)} ${scheduler} ${persistence?.timeout}: ${words.join(', ')}`)
  }
  return lines.sort()
}

async function play(seed: number): Promise<{ wrong: string[]; here: string[]; fresh: string[] }> {
  const world = new World(seed)
  world.services = world.configuration()
  await world.begin()
  const wrong: string[] = []
  for (let i = 0; i < 60; i++) {
    await world.happen()
    const end = world.now + world.random.int(12)
    while (world.now < end) {
      await world.clock.advanceAsync(500)
      wrong.push(...world.overdue())
    }
  }
  await world.calm()
  const other = new World(seed + 1_000_000)
  other.services = world.services
  for (const n of world.farm.sick) {
    other.farm.sick.add(n)
  }
  // the same probes, of the other farm's servers
  const probes = new Map<unknown, () => Promise<void>>()
  for (let n = 1; n <= SERVERS + 10; n++) probes.set(world.farm.probe(n), other.farm.probe(n))
  other.services = world.services.map((service) => ({
    ...service,
    servers: service.servers.map((server) => ({
      ...server,
      checks: (server.checks ?? []).map((check) => ({
        ...(check as { type: 'probe'; probe: () => Promise<void> }),
        probe: probes.get((check as { probe: unknown }).probe)!,
      })),
    })),
  }))
  await other.begin()
  await other.calm()
  const [here, fresh] = [await tableOf(world.ipvs), await tableOf(other.ipvs)]
  here.push(...world.heard())
  fresh.push(...other.heard())
  await world.stop()
  await other.stop()
  const left = await tableOf(world.ipvs)
  if (left.length > 0) wrong.push(`left at the end: ${left.join('; ')}`)
  return { wrong, here, fresh }
}

t.setTimeout(600_000)
const first = Number(process.env['SEED'] ?? 1)
const count = Number(process.env['SEEDS'] ?? 8)
for (let seed = first; seed < first + count; seed++) {
  t.test(`seed ${seed}`, async (t) => {
    const { wrong, here, fresh } = await play(seed)
    t.same(wrong.slice(0, 3), [])
    t.same(here, fresh)
  })
}
