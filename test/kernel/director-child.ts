/**
 * One load balancer: a speaker and a director over the kernel's IPVS, or a router: a speaker alone, in the namespace in
 * which it is started. Its argument is a `LoadBalancer`; it prints `DirectorSaid` and reads `DirectorOrder`, a line of JSON each. SIGTERM stops both
 * in order.
 */
import { createInterface } from 'node:readline'
import {
  type AnnounceOptions,
  Director,
  type DirectorEvent,
  type DirectorOptions,
  type DirectorStatus,
  type DownResult,
  formatDirectorEvent,
  formatEvent,
  Ipvs,
  OspfSpeaker,
  type Speaker,
  type SpeakerOptions,
} from '../../lib/index.ts'

export interface LoadBalancer {
  /** Without one, nothing is announced. */
  readonly speaker?: SpeakerOptions
  /** Without one it is a router. */
  readonly director?: DirectorOptions
  /** Announced on lo while their services serve. */
  readonly vips?: Readonly<Record<string, Pick<AnnounceOptions, 'onFail' | 'times'>>>
}

export type DirectorOrder = { readonly id: number } & (
  | { readonly do: 'status' }
  | { readonly do: 'update'; readonly options: Partial<DirectorOptions> }
  | { readonly do: 'drain'; readonly vip: string }
  | { readonly do: 'undrain'; readonly vip: string }
  | { readonly do: 'memory' }
)

/** What is answered to each order. */
export interface DirectorAnswers {
  readonly status: DirectorStatus
  readonly update: readonly string[]
  readonly drain: DownResult
  readonly undrain: undefined
  /** Bytes, after a collection of garbage. */
  readonly memory: { readonly resident: number; readonly heap: number }
}

/** `at` is wall time in milliseconds, so that it compares with that of other processes. */
export type DirectorSaid =
  | { readonly type: 'started' }
  | { readonly type: 'failed'; readonly message: string }
  | {
      readonly type: 'director'
      readonly at: number
      readonly line: string
      readonly event: DirectorEvent
    }
  | { readonly type: 'speaker'; readonly at: number; readonly line: string }
  | {
      readonly type: 'answer'
      readonly id: number
      readonly result?: unknown
      readonly error?: string
    }

/** The kernel's counters are big; here they fit. */
const plain = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? Number(value) : value
const say = (said: DirectorSaid): void =>
  void process.stdout.write(`${JSON.stringify(said, plain)}\n`)

async function main({
  speaker: options,
  director: wanted,
  vips = {},
}: LoadBalancer): Promise<void> {
  const ipvs = wanted && (await Ipvs.open())
  const director = wanted && (await Director.start({ ...wanted, ipvs: ipvs! }))
  const speaker = options && (await OspfSpeaker.start(options))
  for (const [vip, how] of Object.entries(vips)) {
    speaker?.announce(`${vip}/32`, { ...director?.vip(vip), device: 'lo', ...how })
  }
  const orders = createInterface({ input: process.stdin })
  process.once('SIGTERM', async () => {
    await speaker?.stop()
    await director?.stop()
    await ipvs?.close()
    orders.close()
    process.stdin.unref()
  })
  orders.on('line', async (line) => {
    const order = JSON.parse(line) as DirectorOrder
    const { id } = order
    try {
      say({ type: 'answer', id, result: await obey(director, speaker, order) })
    } catch (error) {
      say({ type: 'answer', id, error: String(error) })
    }
  })
  if (director) void tellDirector(director)
  if (speaker) void tellSpeaker(speaker)
  say({ type: 'started' })
}

async function obey(
  director: Director | undefined,
  speaker: Speaker | undefined,
  order: DirectorOrder,
): Promise<unknown> {
  const announced = (vip: string) =>
    speaker?.announcements().find(({ prefix }) => prefix === `${vip}/32`)
  switch (order.do) {
    case 'status':
      return director?.status()
    case 'update':
      return director?.update(order.options)
    case 'drain':
      return announced(order.vip)?.drain()
    case 'undrain':
      return announced(order.vip)?.undrain()
    case 'memory': {
      globalThis.gc?.()
      const { rss, heapUsed } = process.memoryUsage()
      return { resident: rss, heap: heapUsed }
    }
  }
}

async function tellDirector(director: Director): Promise<void> {
  for await (const event of director) {
    say({ type: 'director', at: Date.now(), line: formatDirectorEvent(event), event })
  }
}

async function tellSpeaker(speaker: Speaker): Promise<void> {
  for await (const event of speaker) {
    say({ type: 'speaker', at: Date.now(), line: formatEvent(event) })
  }
}

try {
  await main(JSON.parse(process.argv[2]!) as LoadBalancer)
} catch (error) {
  say({ type: 'failed', message: String(error) })
  process.exitCode = 1
}
