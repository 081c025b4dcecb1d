/** What is measured of each daemon. Times are milliseconds, CPU is seconds, memory MB. */
import { setTimeout as delay } from 'node:timers/promises'
import { Bed, dutId, type Make } from './bed.ts'

export type Figures = Record<string, number>

export interface Scenario {
  readonly name: string
  readonly rounds: number
  run(make: Make): Promise<Figures>
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** A daemon that is Full with its peers; `grid` routers are known to one of them, or (`full`) to both sides. */
async function synchronized(make: Make, cables: 1 | 2, grid: number, full: boolean): Promise<Bed> {
  const bed = await Bed.open(make, cables)
  try {
    await bed.tell({ what: 'links', other: dutId, grid, full })
    await bed.start()
    await bed.listed()
    if (full)
      await bed.until(
        () => bed.look(),
        ({ routes }) => routes >= grid,
      )
    await delay(2000)
    return bed
  } catch (error) {
    await bed[Symbol.asyncDispose]()
    throw error
  }
}

/** From the start of the process to Full and the first far route. */
async function cold(make: Make): Promise<Figures> {
  await using bed = await Bed.open(make, 1)
  await bed.tell({ what: 'links', other: dutId, grid: 3, full: true })
  const begun = await bed.start()
  const { first } = await bed.until(
    () => bed.look(),
    ({ count }) => count > 0,
  )
  const { hellos, listed } = await bed.listed()
  return {
    'first hello, ms': hellos[0]! - begun,
    'neighbor listed, ms': listed[0]! - begun,
    'first route, ms': first - begun,
  }
}

/** So many LSAs, flooded to a neighbor that is Full. */
const flood =
  (count: number) =>
  async (make: Make): Promise<Figures> => {
    await using bed = await synchronized(make, 1, count, false)
    const [cpu, memory] = [bed.cpu(), bed.memory()]
    // the link to the far side came with the peer's own LSA
    await bed.clear()
    const { begun } = await bed.tell({ what: 'load' })
    const { last } = await bed.until(
      () => bed.look(),
      ({ routes }) => routes >= count,
      120,
    )
    await bed.until(
      () => bed.tell({ what: 'report' }),
      ({ acknowledged, sent }) => acknowledged >= sent,
    )
    const [used, resident] = [bed.cpu() - cpu, bed.memory()]
    return {
      'last route, ms': last - begun,
      'CPU, s': used,
      'resident, MB': resident,
      'a LSA, kB': ((resident - memory) * 1000) / count,
    }
  }

/** So many LSAs in the exchange of databases. */
const exchange =
  (count: number) =>
  async (make: Make): Promise<Figures> => {
    await using bed = await Bed.open(make, 1)
    await bed.start()
    // older than MinLSInterval
    await delay(7000)
    await bed.tell({ what: 'links', other: dutId, grid: count, full: true })
    const cpu = bed.cpu()
    const { last } = await bed.until(
      () => bed.look(),
      ({ routes }) => routes >= count,
      120,
    )
    const { exStartAt = Number.NaN } = await bed.tell({ what: 'report' })
    return { 'last route, ms': last - exStartAt, 'CPU, s': bed.cpu() - cpu }
  }

/** One stub far away goes and comes; then all routes move to the other link. */
const change =
  (count: number, times: number) =>
  async (make: Make): Promise<Figures> => {
    await using bed = await synchronized(make, 2, count, true)
    const took: number[] = []
    const cpu = bed.cpu()
    for (let i = 0; i < times; i++) {
      await delay(1200)
      await bed.clear()
      const { begun } = await bed.tell({ what: 'toggle', router: count - 2 })
      const { first } = await bed.until(
        () => bed.look(),
        (seen) => seen.count > 0,
      )
      took.push(first - begun)
    }
    const each = (bed.cpu() - cpu) / times
    const moved: number[] = []
    for (const metric of [30_000, 10, 30_000, 10]) {
      await delay(2000)
      await bed.clear()
      const { begun } = await bed.tell({ what: 'metric', metric })
      const { last } = await bed.until(
        () => bed.look(),
        (seen) => seen.count >= count,
      )
      moved.push(last - begun)
    }
    return {
      'one stub, ms': median(took),
      'one stub, worst, ms': Math.max(...took),
      'one stub, CPU ms': each * 1000,
      'all routes, ms': median(moved),
    }
  }

/** LSAs that change all the time. */
const churn =
  (perSecond: number, count: number, seconds: number) =>
  async (make: Make): Promise<Figures> => {
    await using bed = await synchronized(make, 1, count, true)
    const cpu = bed.cpu()
    const {
      begun,
      done,
      acknowledged: before,
    } = await bed.tell({
      what: 'churn',
      perSecond,
      seconds,
    })
    const used = bed.cpu() - cpu
    await delay(6000)
    const { hellos, acknowledged, sent } = await bed.tell({ what: 'report' })
    const during = hellos.filter((at) => at >= begun - 2000 && at <= done + 2000)
    const gaps = during.slice(1).map((at, i) => at - during[i]!)
    return {
      'CPU, %': (100_000 * used) / (done - begun),
      'acknowledged, %': (100 * acknowledged) / sent,
      'acknowledged meanwhile, %': (100 * before) / sent,
      'longest gap between Hellos, ms': Math.max(...gaps),
    }
  }

/** Two announce a VIP, one withdraws it. */
const vip =
  (times: number) =>
  async (make: Make): Promise<Figures> => {
    await using bed = await synchronized(make, 2, 0, false)
    const [withdrawn, announced]: [number[], number[]] = [[], []]
    await bed.tell({ what: 'vip', peer: 0, there: true })
    for (let i = 0; i < 2 * times; i++) {
      await delay(1200)
      await bed.clear()
      const there = i % 2 === 0
      const { begun } = await bed.tell({ what: 'vip', peer: 1, there })
      const { last } = await bed.until(
        () => bed.look(),
        ({ count }) => count > 0,
      )
      if (there) announced.push(last - begun)
      else withdrawn.push(last - begun)
    }
    return { 'withdrawn, ms': median(withdrawn), 'announced, ms': median(announced) }
  }

/** Fifty neighbors on a segment, and nothing happens. */
const idle =
  (count: number, seconds: number) =>
  async (make: Make): Promise<Figures> => {
    await using bed = await Bed.open(make, 'segment')
    await bed.start()
    await bed.tell({ what: 'segment', count })
    await bed.until(
      () => bed.tell({ what: 'report' }),
      ({ listed }) => listed.filter((at) => at !== undefined).length === count,
    )
    await delay(5000)
    const cpu = bed.cpu()
    await delay(1000 * seconds)
    return { 'CPU, %': (100 * (bed.cpu() - cpu)) / seconds, 'resident, MB': bed.memory() }
  }

/** All of them; `isShort` shows only that they run. */
export function scenarios(isShort: boolean): Scenario[] {
  if (isShort) {
    return [
      { name: 'cold start', rounds: 1, run: cold },
      { name: 'load 100, flooded', rounds: 1, run: flood(100) },
    ]
  }
  const sizes = [100, 1000, 10_000, 50_000]
  return [
    { name: 'cold start', rounds: 5, run: cold },
    ...sizes.map((n) => ({
      name: `load ${n}, flooded`,
      rounds: n > 10_000 ? 1 : 3,
      run: flood(n),
    })),
    ...[1000, 10_000].map((n) => ({
      name: `load ${n}, exchanged`,
      rounds: 3,
      run: exchange(n),
    })),
    ...[1000, 10_000].map((n) => ({ name: `change among ${n}`, rounds: 1, run: change(n, 20) })),
    { name: 'churn 1000/s', rounds: 1, run: churn(1000, 1250, 10) },
    { name: 'churn 5000/s', rounds: 1, run: churn(5000, 10_000, 10) },
    { name: 'VIP', rounds: 1, run: vip(10) },
    { name: 'idle, 50 neighbors', rounds: 1, run: idle(50, 20) },
  ]
}
