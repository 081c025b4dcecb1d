/** This library in child processes of a lab: started with options, told what to do, and listened to. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type {
  AnnounceOptions,
  InterfaceOptions,
  IsolatedSpeakerOptions,
  PolicyOptions,
  SpeakerEvent,
  SpeakerOptions,
  StubRouterOptions,
} from '../../lib/index.ts'
import { INSIDE } from '../kernel/image.ts'
import { type Lab, LabProcess, type LabTest, until } from './lab.ts'
import type { Order, Said, Snapshot } from './speaker-child.ts'

const child = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? './speaker-child.ts' : './speaker-child.js',
    import.meta.url,
  ),
)

/** Hello 1 s, dead 4 s, cost 1, and priority 0, as a director has it. */
export const classicTimers = {
  helloInterval: 1,
  deadInterval: 4,
  cost: 1,
  priority: 0,
} as const satisfies InterfaceOptions

/** Options of a speaker on eth0 in area 0.0.0.0 with the classic settings, but for `settings`. */
export function onEth0(
  routerId: string,
  settings: InterfaceOptions = {},
  others: Partial<SpeakerOptions> = {},
): SpeakerOptions {
  return {
    routerId,
    areas: { '0.0.0.0': { interfaces: { eth0: { ...classicTimers, ...settings } } } },
    ...others,
  }
}

type EventOf<T extends SpeakerEvent['type']> = Extract<SpeakerEvent, { readonly type: T }>
type SaidEvent<T extends SpeakerEvent['type']> = Extract<Said, { readonly type: 'event' }> & {
  readonly event: EventOf<T>
}
type Rest<T> = T extends unknown ? Omit<T, 'id' | 'speaker'> : never

type AnyOptions = SpeakerOptions | IsolatedSpeakerOptions

/** The name of a speaker that has its process for itself. */
const alone = 'main'

/** In a virtual machine whose processor is emulated everything takes its time. */
const patience = process.env[INSIDE] === '1' ? 5 : 1

export class SpeakerChild {
  readonly node: string
  readonly process: LabProcess
  readonly #said: Said[] = []
  readonly #send: (line: string) => void
  readonly #speakers: readonly string[]
  #orders = 0

  private constructor(
    lab: Lab,
    node: string,
    speakers: Readonly<Record<string, AnyOptions>>,
    wrapper: readonly string[],
  ) {
    this.node = node
    this.#speakers = Object.keys(speakers)
    const argv = [...wrapper, process.execPath, child, JSON.stringify(speakers)]
    const started = spawn('ip', ['netns', 'exec', lab.namespace(node), ...argv], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.process = new LabProcess(node, 'speaker', started)
    started.stdin.on('error', () => {}) // it was killed
    this.#send = (line) => started.stdin.write(line)
    let rest = ''
    started.stdout.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#said.push(JSON.parse(line) as Said)
    })
  }

  /**
   * Starts one speaker, or several by name, in one process on a node; resolves when they run, or when the process has
   * ended because they cannot: see `failure`. `wrapper` is a command that runs the process ('setpriv' ...).
   */
  static async start(
    t: LabTest,
    lab: Lab,
    node: string,
    options: AnyOptions | Readonly<Record<string, AnyOptions>>,
    wrapper: readonly string[] = [],
  ): Promise<SpeakerChild> {
    const speakers = 'routerId' in options ? { [alone]: options as AnyOptions } : options
    const started = new SpeakerChild(lab, node, speakers as Record<string, AnyOptions>, wrapper)
    t.teardown(async () => {
      const state = t.passing() ? '' : await started.#state()
      await started.process.kill()
      if (!t.passing()) t.comment(`${started.log()}\n${state}`)
    })
    await until(() => started.#said.some(isStart) || !started.process.running, {
      what: `the speaker on ${node} has started`,
      timeout: 30 * patience,
    })
    return started
  }

  /** Why it could not start. */
  get failure(): { readonly code: string; readonly message: string } | undefined {
    return this.#said.find((said) => said.type === 'failed')
  }

  /** The events of one type so far, those after wall time `since` (milliseconds). */
  events<T extends SpeakerEvent['type']>(
    type: T,
    { since = 0, speaker }: { readonly since?: number; readonly speaker?: string } = {},
  ): readonly SaidEvent<T>[] {
    return this.#said.filter(
      (said): said is SaidEvent<T> =>
        said.type === 'event' &&
        said.event.type === type &&
        said.at >= since &&
        (speaker === undefined || said.speaker === speaker),
    )
  }

  /** What its neighbor has gone through, 'Full' and such, since wall time `since`. */
  states(routerId: string, since = 0): readonly string[] {
    return this.events('neighbor', { since })
      .filter(({ event }) => event.routerId === routerId)
      .map(({ event }) => event.state)
  }

  announce(vip: string, device?: string, speaker: string = alone): Promise<unknown> {
    return this.#ask(
      { do: 'announce', vip, ...(device === undefined ? {} : { device }) } as Rest<Order>,
      speaker,
    )
  }

  /** As an external, or with another cost. */
  announceAs(
    vip: string,
    how: Omit<AnnounceOptions, 'when'>,
    speaker: string = alone,
  ): Promise<unknown> {
    return this.#ask({ do: 'announce', vip, how } as Rest<Order>, speaker)
  }

  /** What a drain of the VIP is told from now on of its connections. */
  connections(vip: string, count: number, speaker: string = alone): Promise<unknown> {
    return this.#ask({ do: 'connections', vip, count }, speaker)
  }

  /** A range, without a gate. */
  announceAll(vips: string, how: Omit<AnnounceOptions, 'when' | 'device'>): Promise<unknown> {
    return this.#ask({ do: 'announce-all', vips, how } as Rest<Order>, alone)
  }

  withdraw(vip: string, speaker: string = alone): Promise<unknown> {
    return this.#ask({ do: 'withdraw', vip }, speaker)
  }

  gate(vip: string, open: boolean, speaker: string = alone): Promise<unknown> {
    return this.#ask({ do: 'gate', vip, open }, speaker)
  }

  drain(vip: string, speaker: string = alone): Promise<unknown> {
    return this.#ask({ do: 'drain', vip }, speaker)
  }

  undrain(vip: string, speaker: string = alone): Promise<unknown> {
    return this.#ask({ do: 'undrain', vip }, speaker)
  }

  /** Blocks its event loop for so many seconds; resolves when it lives again. */
  block(seconds: number): Promise<unknown> {
    return this.#ask({ do: 'block', seconds }, alone)
  }

  /** Which routes go to the kernel from now on. */
  accept(accept: PolicyOptions | undefined): Promise<unknown> {
    return this.#ask({ do: 'accept', ...(accept ? { accept } : {}) } as Rest<Order>, alone)
  }

  reconfigure(options: SpeakerOptions): Promise<unknown> {
    return this.#ask({ do: 'reconfigure', options } as Rest<Order>, alone)
  }

  stubRouter(how: boolean | StubRouterOptions): Promise<unknown> {
    return this.#ask({ do: 'stub-router', how } as Rest<Order>, alone)
  }

  async snapshot(speaker: string = alone): Promise<Snapshot> {
    return (await this.#ask({ do: 'snapshot' }, speaker)) as Snapshot
  }

  /** Router ids of the neighbors in state Full. */
  async fullNeighbors(speaker: string = alone): Promise<readonly string[]> {
    const { neighbors } = await this.snapshot(speaker)
    return neighbors.filter(({ state }) => state === 'Full').map(({ routerId }) => routerId)
  }

  /** SIGTERM. Resolves with the exit status and when it was, in wall time. */
  async stop(): Promise<{ readonly status: number | string; readonly at: number }> {
    const status = await this.process.stop(15)
    return { status, at: Date.now() }
  }

  async kill(): Promise<void> {
    await this.process.kill()
  }

  /** Its events as lines, for the report of a failed test. */
  log(): string {
    const lines = this.#said.flatMap((said) => {
      if (said.type === 'event') {
        return [`${new Date(said.at).toISOString()} ${said.speaker}: ${said.line.slice(0, 200)}`]
      }
      return said.type === 'answer' && said.error === undefined ? [] : [JSON.stringify(said)]
    })
    const rest = this.process.output.split('\n').filter((line) => !line.startsWith('{"type":'))
    return [`--- speaker [${this.process.pid}] on ${this.node}`, ...lines, ...rest].join('\n')
  }

  /** What its speakers have, for the report of a failed test. */
  async #state(): Promise<string> {
    if (!this.process.running) return ''
    const states = this.#speakers.map(async (speaker) => {
      const { database } = await this.snapshot(speaker)
      const lsas = database.map(
        ({ area = '', type, lsId, advertisingRouter, sequence, age, options, body }) =>
          `  ${area} type ${type} ${lsId} of ${advertisingRouter} ${sequence} age ${age} ${options} ${JSON.stringify(body)}`,
      )
      return [`database of ${speaker}:`, ...lsas.slice(0, 100)].join('\n')
    })
    return Promise.all(states).then(
      (texts) => texts.join('\n'),
      (error: unknown) => String(error),
    )
  }

  async #ask(order: Rest<Order>, speaker: string): Promise<unknown> {
    const id = ++this.#orders
    this.#send(`${JSON.stringify({ ...order, id, speaker })}\n`)
    const isAnswer = (said: Said): said is Extract<Said, { readonly type: 'answer' }> =>
      said.type === 'answer' && said.id === id
    const answer = await until(() => this.#said.find(isAnswer), {
      what: `the speaker on ${this.node} answers to ${order.do}`,
      timeout: 20 * patience,
    })
    if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error)
    return answer.result
  }
}

const isStart = ({ type }: Said): boolean => type === 'started' || type === 'failed'

/** The next hops of one address in a node's kernel, and when they became so. */
export class RouteLog implements Disposable {
  readonly #look: () => Promise<readonly string[]>
  readonly #history: { readonly at: number; readonly hops: readonly string[] }[] = []
  readonly #monitor: ChildProcess
  readonly #timer: NodeJS.Timeout
  #looking: Promise<void> | undefined
  #again = false

  /** `nextHops` tells how it is now; it is asked when the kernel says that routes changed, and now and then. */
  constructor(lab: Lab, node: string, nextHops: () => Promise<readonly string[]>) {
    this.#look = nextHops
    const argv = ['netns', 'exec', lab.namespace(node), 'ip', 'monitor', 'route']
    this.#monitor = spawn('ip', argv, { stdio: ['ignore', 'pipe', 'ignore'] })
    this.#monitor.stdout?.on('data', () => this.#poke())
    this.#timer = setInterval(() => this.#poke(), 200)
    this.#poke()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#monitor.kill()
  }

  /** Resolves with the wall time (milliseconds) at which the route came to have just these next hops. */
  async until(hops: readonly string[], what: string, timeout = 30): Promise<number> {
    const wanted = hops.toSorted().join()
    const look = (): number => {
      const last = this.#history.at(-1)
      if (last?.hops.join() === wanted) return last.at
      throw new Error(last?.hops.join() || 'no route')
    }
    return until(look, { what, timeout })
  }

  /** Every set of next hops seen since wall time `since`, in order. */
  seen(since: number): readonly (readonly string[])[] {
    return this.changes(since).map(({ hops }) => hops)
  }

  /** The same with the wall time of each. */
  changes(since: number): readonly { readonly at: number; readonly hops: readonly string[] }[] {
    return this.#history.filter(({ at }) => at >= since)
  }

  #poke(): void {
    this.#again = true
    this.#looking ??= this.#read().finally(() => {
      this.#looking = undefined
    })
  }

  async #read(): Promise<void> {
    while (this.#again) {
      this.#again = false
      const at = Date.now()
      try {
        const hops = await this.#look()
        if (hops.join() !== this.#history.at(-1)?.hops.join()) this.#history.push({ at, hops })
      } catch {
        return // the lab is gone
      }
    }
  }
}
