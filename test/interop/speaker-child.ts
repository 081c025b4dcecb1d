/**
 * Speakers in a process of their own, as `speakers.ts` starts it: `speaker-child JSON`, where JSON is an object of
 * speaker options by name. What happens is printed as JSON lines (`Said`), orders are read as JSON lines (`Order`).
 * SIGTERM stops every speaker in order and ends with status 0; a speaker that cannot start ends with 1.
 */
import { createInterface } from 'node:readline'
import {
  type AnnouncementHandle,
  type AnnounceOptions,
  formatEvent,
  healthy,
  type InterfaceView,
  type IsolatedSpeakerOptions,
  type LsaView,
  type NeighborView,
  OspfError,
  OspfSpeaker,
  type PolicyOptions,
  type RouteView,
  type Speaker,
  type SpeakerEvent,
  type SpeakerOptions,
  type StubRouterOptions,
} from '../../lib/index.ts'

/** One line of output. `at` is wall time in milliseconds, so that it compares with that of other processes. */
export type Said =
  | { readonly type: 'started' }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  | {
      readonly type: 'event'
      readonly speaker: string
      readonly at: number
      /** As formatEvent has it. */
      readonly line: string
      readonly event: SpeakerEvent
    }
  | {
      readonly type: 'answer'
      readonly id: number
      readonly result?: unknown
      readonly error?: { readonly code: string; readonly message: string }
    }

export type Order = {
  readonly id: number
  /** Name of the speaker. */
  readonly speaker: string
} & (
  | {
      readonly do: 'announce'
      readonly vip: string
      readonly device?: string
      readonly how?: Omit<AnnounceOptions, 'when'>
    }
  /** Without a gate, together. */
  | {
      readonly do: 'announce-all'
      readonly vips: string
      readonly how?: Omit<AnnounceOptions, 'when' | 'device'>
    }
  /** How many connections the VIP has, as its drain is told; 0 until then. */
  | { readonly do: 'connections'; readonly vip: string; readonly count: number }
  | { readonly do: 'gate'; readonly vip: string; readonly open: boolean }
  | { readonly do: 'withdraw'; readonly vip: string }
  /** Which routes go to the kernel; absent: all. */
  | { readonly do: 'accept'; readonly accept?: PolicyOptions }
  | { readonly do: 'reconfigure'; readonly options: SpeakerOptions }
  | { readonly do: 'stub-router'; readonly how: boolean | StubRouterOptions }
  | { readonly do: 'drain'; readonly vip: string }
  | { readonly do: 'undrain'; readonly vip: string }
  /** Blocks the event loop for so many seconds. */
  | { readonly do: 'block'; readonly seconds: number }
  | { readonly do: 'snapshot' }
  | { readonly do: 'stop' }
)

export interface Snapshot {
  readonly neighbors: readonly NeighborView[]
  readonly interfaces: readonly InterfaceView[]
  readonly routes: readonly RouteView[]
  readonly database: readonly LsaView[]
}

const say = (said: Said): void => void process.stdout.write(`${JSON.stringify(said)}\n`)

const problem = (error: unknown): { readonly code: string; readonly message: string } => ({
  code: error instanceof OspfError ? error.code : 'not an OspfError',
  message: error instanceof Error ? error.message : String(error),
})

/** Gates by VIP; one that is not here is open. */
const closed = new Set<string>()

/** Connections by speaker and VIP. */
const connected = new Map<string, number>()

const announced = (speaker: Speaker, vip: string): AnnouncementHandle | undefined =>
  speaker.announcements().find(({ prefix }) => prefix.startsWith(`${vip}/`))

async function obey(speaker: Speaker, order: Order): Promise<unknown> {
  switch (order.do) {
    case 'announce': {
      const probe = async (): Promise<void> => {
        if (closed.has(order.vip)) throw new Error('the gate is closed')
      }
      const when = healthy(probe, { interval: 0.1, rise: 2, fall: 2 })
      const { device, how } = order
      const on = device === undefined ? {} : { device }
      const connections = (): number => connected.get(`${order.speaker} ${order.vip}`) ?? 0
      return void speaker.announce(order.vip, { when, connections, ...on, ...how })
    }
    case 'connections':
      return void connected.set(`${order.speaker} ${order.vip}`, order.count)
    case 'announce-all':
      return void speaker.announceAll(order.vips, order.how)
    case 'gate':
      return void (order.open ? closed.delete(order.vip) : closed.add(order.vip))
    case 'withdraw':
      return announced(speaker, order.vip)?.withdraw()
    case 'drain':
      return announced(speaker, order.vip)?.drain()
    case 'undrain':
      return announced(speaker, order.vip)?.undrain()
    case 'block': {
      const end = performance.now() + order.seconds * 1000
      while (performance.now() < end);
      return
    }
    case 'accept':
      return speaker.acceptRoutes(order.accept)
    case 'reconfigure':
      return speaker.reconfigure(order.options)
    case 'stub-router':
      return speaker.stubRouter(order.how)
    case 'snapshot':
      await speaker.refresh()
      return {
        neighbors: speaker.neighbors(),
        interfaces: speaker.interfaces(),
        routes: speaker.routes(),
        database: speaker.database(),
      } satisfies Snapshot
    case 'stop':
      return speaker.stop()
  }
}

async function tell(speaker: string, events: AsyncIterable<SpeakerEvent>): Promise<void> {
  for await (const event of events) {
    // An Error has no fields of its own for JSON.
    const plain =
      event.type === 'error'
        ? { ...event, error: { name: event.error.name, message: event.error.message } }
        : event
    say({ type: 'event', speaker, at: Date.now(), line: formatEvent(event), event: plain })
  }
}

async function main(
  options: Readonly<Record<string, SpeakerOptions | IsolatedSpeakerOptions>>,
): Promise<void> {
  const speakers = new Map<string, Speaker>()
  const told: Promise<void>[] = []
  const stop = async (): Promise<void> => {
    await Promise.all([...speakers.values()].map((speaker) => speaker.stop()))
  }
  try {
    for (const [name, settings] of Object.entries(options)) {
      const speaker = await OspfSpeaker.start(settings)
      speakers.set(name, speaker)
      told.push(tell(name, speaker))
    }
  } catch (error) {
    say({ type: 'failed', ...problem(error) })
    await stop()
    process.exitCode = 1
    return
  }
  const orders = createInterface({ input: process.stdin })
  process.once('SIGTERM', () => void stop())
  orders.on('line', async (line) => {
    const order = JSON.parse(line) as Order
    const { id } = order
    try {
      const result = await obey(speakers.get(order.speaker)!, order)
      say({ type: 'answer', id, result })
    } catch (error) {
      say({ type: 'answer', id, error: problem(error) })
    }
  })
  say({ type: 'started' })
  await Promise.all(told)
  orders.close()
  process.stdin.unref()
}

await main(JSON.parse(process.argv[2]!) as Record<string, SpeakerOptions | IsolatedSpeakerOptions>)
