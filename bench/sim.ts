/**
 * `node --expose-gc --max-semi-space-size=64 .build/bench/sim.js [routers...]`: how many routers one process can simulate. A
 * grid with point-to-point links and a /32 for each tenth router, in one area and in areas of 100: from the start until all
 * is at rest, then an hour of virtual time, then one link that fails. Above 500 routers in one area the hour is left out;
 * `--suppressed` is without the prefixes of the links (RFC 6860), `--one-area` leaves out the areas of 100. Build first:
 * `npm run build:test`. A heap above 4 GB wants `--max-old-space-size`.
 */
import { Network } from '../lib/sim/network.ts'
import type { SimRouter } from '../lib/sim/router.ts'

const words = process.argv.slice(2)
const sizes = words.filter((word) => !word.startsWith('--')).map(Number)
const isSuppressed = words.includes('--suppressed')
const onlyOneArea = words.includes('--one-area')
const HOUR_AT_MOST = 500
const { gc } = globalThis
const HOUR_S = 3600

const heap = (): number => {
  gc?.()
  return process.memoryUsage().heapUsed
}

function timed(work: () => void): number {
  const start = performance.now()
  work()
  return (performance.now() - start) / 1000
}

/** A grid of one area. */
function grid(net: Network, count: number, area: string, name: string): SimRouter[] {
  const width = Math.ceil(Math.sqrt(count))
  const routers = Array.from({ length: count }, (_, i) => net.router(`${name}-${i}`))
  for (const [i, router] of routers.entries()) {
    const join = (other: SimRouter | undefined): void => {
      if (other) {
        const how = { area, prefixSuppression: isSuppressed }
        net.link({ node: router, cost: 1 + (i % 7) }, other, how)
      }
    }
    if (i % width !== width - 1) join(routers[i + 1])
    join(routers[i + width])
    if (i % 10 === 0) router.announce(`172.16.${(i >> 8) & 255}.${i & 255}/32`, { area })
  }
  return routers
}

interface Row {
  readonly [name: string]: number | string
}

function measure(count: number, perArea: number): Row {
  const before = heap()
  const net = new Network({ seed: 1, eventLimit: 8 })
  const areas = Math.ceil(count / perArea)
  if (areas === 1) grid(net, count, '0.0.0.0', 'r')
  else {
    // the corners of the areas are joined by a ring, which is the backbone
    const corners = Array.from(
      { length: areas },
      (_, i) => grid(net, perArea, `0.0.1.${i}`, `a${i}`)[0]!,
    )
    for (const [i, corner] of corners.entries()) net.link(corner, corners[(i + 1) % areas]!)
  }
  const { routers } = net
  const start = timed(() => net.run(90))
  const isFull = routers.every((router) =>
    router.neighbors().every(({ state }) => state === 'Full'),
  )
  const grown = heap() - before
  const entries = routers.reduce((sum, router) => sum + router.database().length, 0)
  const routes = routers.reduce((sum, router) => sum + router.routes().length, 0)
  const hasHour = perArea <= HOUR_AT_MOST
  const hour = timed(() => hasHour && net.run(HOUR_S))
  const failure = timed(() => {
    net.segments[0]!.down()
    net.run(5)
  })
  return {
    routers: routers.length,
    areas,
    'all Full': isFull ? 'yes' : 'no',
    'start s': start.toFixed(1),
    packets: net.traffic.sent,
    'hour s': hasHour ? hour.toFixed(1) : '-',
    'failure s': failure.toFixed(2),
    MB: Math.round(grown / 1e6),
    'kB a router': Math.round(grown / 1e3 / routers.length),
    'peak RSS MB': Math.round(process.resourceUsage().maxRSS / 1e3),
    'LSAs in all databases': entries,
    'routes in all tables': routes,
  }
}

const say = (row: Row): void => {
  const text = Object.entries(row).map(([name, value]) => `${name} ${value}`)
  console.log(text.join(', '))
}
for (const count of sizes.length > 0 ? sizes : [100, 300]) {
  say(measure(count, count))
  if (count > 100 && !onlyOneArea) say(measure(count, 100))
}
