/**
 * `node .build/bench/spf.js [routers...]`: what a change costs a router, from the LS Update that says it to the routes
 * that follow from it, in one process and without a kernel. A grid of routers, each with a /32 of its own, seen from a
 * corner; medians in milliseconds, the first run beside them. Build first: `npm run build:test`.
 */
import { shortestPaths } from '../lib/core/dijkstra.ts'
import type { Router } from '../lib/core/router.ts'
import { calculateTree } from '../lib/core/spf.ts'
import { Random } from '../lib/sim/random.ts'
import { formatIpv4 } from '../lib/wire/address.ts'
import { LSA_HEADER_LENGTH, type Lsa, LsType } from '../lib/wire/lsa.ts'
import { encodePacket } from '../lib/wire/packet.ts'
import type { RouterLink } from '../lib/wire/router-lsa.ts'
import {
  Bench,
  externalLsa,
  firstSequence,
  ip,
  lsaOf,
  Peer,
  pointToPoint,
  stub,
  us,
} from '../test/core/bench.ts'

const SAMPLES = 41
/** Milliseconds of virtual time between changes: above MinLSArrival, and the delays are at rest. */
const QUIET = 3000
/** Milliseconds within which everything has been calculated. */
const DELAYS = 300
const PACKET_OCTETS = 1400

const firstId = ip('20.0.0.1')
const vip = (n: number): string => formatIpv4(ip('172.16.0.0') + n)

/** A grid with random costs; the router on the bench is beside the first corner. */
class Grid {
  readonly links: RouterLink[][] = []
  readonly sequences: number[] = []
  readonly externals: Lsa[] = []

  constructor(count: number, random: Random) {
    const width = Math.ceil(Math.sqrt(count))
    for (let n = 0; n < count; n++) {
      this.links.push([])
      this.sequences.push(firstSequence)
    }
    const join = (a: number, b: number): void => {
      this.links[a]!.push(pointToPoint(firstId + b, firstId + a, 1 + random.int(10)))
      this.links[b]!.push(pointToPoint(firstId + a, firstId + b, 1 + random.int(10)))
    }
    for (let n = 0; n < count; n++) {
      if (n % width !== width - 1 && n + 1 < count) join(n, n + 1)
      if (n + width < count) join(n, n + width)
    }
    for (let n = 0; n < count; n++) this.links[n]!.push(stub(vip(n), 32, 1))
    this.links[0]!.push(pointToPoint(us, ip('10.0.0.2'), 10))
  }

  lsa(n: number): Lsa {
    const id = firstId + n
    const body = {
      kind: 'router',
      flags: 0,
      nssaTranslator: false,
      wildcard: false,
      virtualLink: false,
      border: false,
      external: n === this.links.length - 1,
      links: this.links[n]!,
    } as const
    return lsaOf(LsType.router, id, id, body, { sequence: this.sequences[n]! })
  }
}

interface Timed {
  /** To the routes. */
  readonly milliseconds: number
  readonly changes: number
}

class Measured {
  readonly grid: Grid
  readonly bench: Bench
  readonly router: Router
  now: number

  constructor(count: number) {
    this.grid = new Grid(count, new Random(count))
    this.bench = new Bench()
    this.bench.up({ network: 'point-to-point' })
    new Peer(this.bench, { routerId: firstId, address: ip('10.0.0.2') }).to('Full')
    this.bench.run(10)
    this.router = this.bench.router
    this.now = this.bench.now * 1000
  }

  /** Hands updates over and runs what follows, the delays passed over: the time is that of the computing alone. */
  learn(lsas: readonly Lsa[]): Timed {
    const packets: Uint8Array[] = []
    let some: Lsa[] = []
    let octets = 0
    const pack = (): void => {
      if (some.length === 0) return
      packets.push(
        encodePacket({ routerId: firstId, areaId: 0 }, { kind: 'ls-update', lsas: some }),
      )
      some = []
      octets = 0
    }
    for (const lsa of lsas) {
      if (octets + lsa.raw.length > PACKET_OCTETS) pack()
      some.push(lsa)
      octets += lsa.raw.length + LSA_HEADER_LENGTH
    }
    pack()
    this.pass()
    const datagrams = packets.map((bytes) => ({
      interface: 'eth0',
      source: ip('10.0.0.2'),
      destination: ip('224.0.0.5'),
      ttl: 1,
      bytes,
    }))
    const begun = performance.now()
    for (const datagram of datagrams) this.router.handleDatagram(this.now, datagram)
    let changes = this.drain()
    const end = this.now + DELAYS
    for (
      let next = this.router.nextTimeout();
      next !== undefined && next <= end;
      next = this.router.nextTimeout()
    ) {
      this.now = Math.max(this.now, next)
      this.router.handleTimeout(this.now)
      changes += this.drain()
    }
    return { milliseconds: performance.now() - begun, changes }
  }

  drain(): number {
    let changes = 0
    for (let o = this.router.poll(); o !== undefined; o = this.router.poll()) {
      if (o.type === 'routes') changes += o.changes.length
    }
    return changes
  }

  /** Time goes on, with Hellos. */
  pass(): void {
    const end = this.now + QUIET
    for (;;) {
      const next = Math.min(end, this.router.nextTimeout() ?? end)
      this.now = Math.max(this.now, next)
      this.router.handleTimeout(this.now)
      this.drain()
      if (this.now >= end) break
    }
    this.router.handleDatagram(this.now, hello)
    this.drain()
  }

  change(n: number): Lsa {
    this.grid.sequences[n]!++
    return this.grid.lsa(n)
  }
}

const hello = {
  interface: 'eth0',
  source: ip('10.0.0.2'),
  destination: ip('224.0.0.5'),
  ttl: 1,
  bytes: encodePacket(
    { routerId: firstId, areaId: 0 },
    {
      kind: 'hello',
      networkMask: 0xffffff00,
      helloInterval: 10,
      options: 2,
      priority: 1,
      deadInterval: 40,
      designatedRouter: 0,
      backupDesignatedRouter: 0,
      neighbors: [us],
    },
  ),
}

function measure(what: string, run: (sample: number) => Timed): void {
  const samples = Array.from({ length: SAMPLES }, (_, i) => run(i))
  const [first] = samples
  const sorted = samples.map((s) => s.milliseconds).sort((a, b) => a - b)
  const median = sorted[SAMPLES >> 1]!
  const most = sorted[SAMPLES - 1]!
  const text = (n: number, digits: number): string => n.toFixed(digits).padStart(9)
  console.log(
    `  ${what.padEnd(44)} ${text(median, 3)}  least ${text(sorted[0]!, 3)}  first ${text(first!.milliseconds, 1)}  most ${text(most, 1)}  routes ${samples[SAMPLES >> 1]!.changes}`,
  )
}

function run(count: number): void {
  const measured = new Measured(count)
  const { grid, router } = measured
  const heapBefore = process.memoryUsage().heapUsed
  const all = grid.links.map((_, n) => grid.lsa(n))
  const load = measured.learn(all)
  const heap = (process.memoryUsage().heapUsed - heapBefore) / 1e6
  console.log(
    `${count} routers: loaded in ${load.milliseconds.toFixed(1)} ms, ${router.routes().length} routes, ${heap.toFixed(0)} MB of heap`,
  )
  const area = router.areas.get(0)!
  measure('tree alone, from the database', () => {
    const begun = performance.now()
    calculateTree(router, area)
    return { milliseconds: performance.now() - begun, changes: 0 }
  })
  const { edges, routers, vertices } = area.tree!
  const isNetwork = new Uint8Array(vertices.length)
  measure('Dijkstra alone, on arrays', () => {
    const begun = performance.now()
    shortestPaths(edges, routers.get(us)!, isNetwork)
    return { milliseconds: performance.now() - begun, changes: 0 }
  })
  const far = count - 2
  const others = grid.links[far]!.filter((link) => link.type !== 3)
  measure('a far stub comes or goes', (i) => {
    grid.links[far] = i % 2 === 0 ? others : [...others, stub(vip(far), 32, 1)]
    return measured.learn([measured.change(far)])
  })
  measure('a far stub costs more or less', (i) => {
    grid.links[far] = [...others, stub(vip(far), 32, 1 + (i % 2))]
    return measured.learn([measured.change(far)])
  })
  measure('a far external comes or goes', (i) => {
    const sequence = firstSequence + i
    const lsa = externalLsa('198.51.100.0', firstId + count - 1, { sequence })
    return measured.learn([i % 2 === 0 ? lsa : aged(lsa)])
  })
  measure('a far link costs more or less', (i) => {
    const [link, ...rest] = grid.links[far]!
    grid.links[far] = [{ ...link!, metric: 1 + (i % 2) }, ...rest]
    return measured.learn([measured.change(far)])
  })
  measure('a near link: every route moves or costs more', (i) => {
    const links = grid.links[0]!
    grid.links[0] = links.map((link) =>
      link.type === 3 ? link : { ...link, metric: link.metric + (i % 2 === 0 ? 100 : -100) },
    )
    return measured.learn([measured.change(0)])
  })
  measure('1000 stubs at once', (i) => {
    const many = Math.min(1000, count - 10)
    const lsas = Array.from({ length: many }, (_, m) => {
      const n = m + 1
      const links = grid.links[n]!.filter((link) => link.type !== 3)
      grid.links[n] = i % 2 === 0 ? links : [...links, stub(vip(n), 32, 1)]
      return measured.change(n)
    })
    return measured.learn(lsas)
  })
}

const aged = ({ header, body }: Lsa): Lsa =>
  lsaOf(header.type, header.lsId, header.advertisingRouter, body, {
    sequence: header.sequence,
    age: 3600,
  })

const counts = process.argv.slice(2).map(Number)
for (const count of counts.length > 0 ? counts : [1000, 10_000]) run(count)
