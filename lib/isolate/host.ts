/** The child's side: an ordinary speaker that does what the application says, and tells it what happens. */
import type { Announcement } from '../announcement.ts'
import { OspfError } from '../errors.ts'
import type { SpeakerEvent } from '../events.ts'
import type { OriginatedOpaque } from '../opaque.ts'
import type { SpeakerOptions } from '../options.ts'
import type { Clock } from '../ports.ts'
import type { SequenceStore } from '../sequence-store.ts'
import type { OspfSpeaker } from '../speaker.ts'
import { Feed } from './feed.ts'
import type {
  AnnouncementSnapshot,
  Call,
  Command,
  FromChild,
  FullSnapshot,
  HookName,
  Request,
  Result,
  Snapshot,
  ToChild,
} from './messages.ts'
import { Outbox } from './outbox.ts'
import { errorOf, plainEvent, resultOf, shiftHistory, shiftResult } from './plain.ts'

export interface HostOptions {
  readonly clock: Clock
  /** Where our clock began, in milliseconds on the machine's. */
  readonly origin: number
  readonly send: (message: FromChild) => void
  readonly start: (options: SpeakerOptions) => Promise<OspfSpeaker>
  /** All is over, or could not begin. */
  readonly exit: () => void
}

interface Entry {
  readonly announcement: Announcement
  readonly feed: Feed
  /** When the application's own lease ends. */
  deadline: number
  /** It is gone, and the application is yet to see that. */
  isOver: boolean
}

type Start = Extract<Request, { do: 'start' }>

export class Host {
  readonly #options: HostOptions
  #speaker: OspfSpeaker | undefined
  #starting: Promise<unknown> | undefined
  #outbox: Outbox | undefined
  /** The reader of the speaker's events. */
  #told: Promise<void> = Promise.resolve()
  readonly #entries = new Map<number, Entry>()
  /** Announcements that the application does not know the state of. */
  readonly #dirty = new Set<number>()
  readonly #opaques = new Map<string, OriginatedOpaque>()
  readonly #calls = new Map<number, (result: Result) => void>()
  #calling = 0
  #hasNewRoutes = true
  #lease: number | undefined
  #store: SequenceStore | undefined
  /** Milliseconds from our clock to the application's. */
  #shift = 0
  #isAlone = false

  constructor(options: HostOptions) {
    this.#options = options
  }

  receive(message: ToChild): void {
    switch (message.type) {
      case 'request':
        return void this.#answer(message.id, message.request)
      case 'command':
        return this.#obey(message.command)
      case 'answer': {
        const end = this.#calls.get(message.id)
        this.#calls.delete(message.id)
        return end?.(message.result)
      }
      default:
        message satisfies never
    }
  }

  /** The application is gone: its VIPs go at once, the rest in order. */
  async disconnected(): Promise<void> {
    if (this.#isAlone) return
    this.#isAlone = true
    for (const end of [...this.#calls.values()]) end(await resultOf(() => gone()))
    this.#calls.clear()
    await resultOf(() => this.#starting)
    for (const { announcement } of this.#entries.values()) {
      void announcement.stop('the application is gone')
    }
    await this.#speaker?.stop()
    this.#options.exit()
  }

  // Requests

  async #answer(id: number, request: Request): Promise<void> {
    const result = await resultOf(() => this.#do(request))
    if (request.do === 'stop') {
      // the last events before the answer, after which nobody listens
      await this.#told
      this.#outbox?.[Symbol.dispose]()
    }
    this.#options.send({ type: 'answer', id, result })
    if (request.do === 'stop') this.#options.exit()
  }

  #do(request: Request): unknown {
    switch (request.do) {
      case 'start':
        this.#starting = this.#begin(request)
        return this.#starting
      case 'stop':
        return this.#running().stop(request.options)
      case 'reconfigure':
        return this.#running().reconfigure(this.#whole(request.options))
      case 'drain':
        return this.#running()
          .drain(request.options)
          .then(() => {})
      case 'drain-vip':
        return this.#entry(request.announcement)
          .announcement.drain(request.options)
          .then((result) => shiftResult(result, this.#shift))
      case 'stop-vip':
        return this.#stopVip(request.announcement, request.reason)
      case 'why':
        return this.#running().why(request.destination)
      case 'what-if':
        return this.#running().whatIf(request.changes)
      case 'refresh': {
        const speaker = this.#running()
        return {
          ...this.#snapshot(),
          routes: speaker.routes(),
          database: speaker.database(),
          opaques: speaker.opaques(),
          hostnames: speaker.hostnames(),
          spf: speaker.spf(),
        } satisfies FullSnapshot
      }
      default:
        return request satisfies never
    }
  }

  #whole(options: Start['options']): SpeakerOptions {
    return this.#store === undefined ? options : { ...options, sequenceStore: this.#store }
  }

  async #begin({ options, hasStore, lease, origin }: Start): Promise<void> {
    const { clock, send } = this.#options
    this.#lease = lease
    this.#shift = this.#options.origin - origin
    this.#store = hasStore
      ? {
          load: async () => (await this.#call({ do: 'load' })) as number | undefined,
          save: async (count) => void (await this.#call({ do: 'save', count })),
        }
      : undefined
    const speaker = await this.#options.start(this.#whole(options))
    this.#speaker = speaker
    this.#outbox = new Outbox({
      limit: options.eventQueue ?? 1000,
      clock,
      send,
      snapshot: () => this.#snapshot(),
      announcements: () => this.#changed(),
    })
    this.#told = this.#tell(speaker, this.#outbox)
  }

  async #stopVip(id: number, reason: string): Promise<unknown> {
    const entry = this.#entry(id)
    const result = await entry.announcement.stop(reason)
    entry.isOver = true
    this.#dirty.add(id)
    this.#outbox?.changed()
    return shiftResult(result, this.#shift)
  }

  // Commands

  #obey(command: Command): void {
    // one that could not be announced: that has been said
    const isNews = command.do === 'announce' || !('announcement' in command)
    if (!isNews && !this.#entries.has(command.announcement)) return
    try {
      this.#carryOut(command)
    } catch (error) {
      // the application has checked what it can: what fails here is known here alone
      const cause = error instanceof Error ? error : new Error(String(error))
      const where = command.do === 'announce' ? `VIP ${command.vip}` : command.do
      this.#outbox?.event(plainEvent({ type: 'error', where, error: cause }, 0))
    }
  }

  #carryOut(command: Command): void {
    const now = this.#options.clock.now()
    switch (command.do) {
      case 'alive':
        this.#outbox?.taken(command.events, command.snapshot)
        for (const entry of this.#entries.values()) this.#renew(entry, now)
        return
      case 'announce':
        return this.#announce(command, now)
      case 'verdict':
        return this.#entry(command.announcement).feed.put(command.verdict)
      case 'force':
        return this.#entry(command.announcement).announcement.force(command.state, command.reason)
      case 'undrain-vip':
        return this.#entry(command.announcement).announcement.undrain(command.reason)
      case 'renew': {
        const entry = this.#entry(command.announcement)
        entry.deadline = now + command.seconds * 1000
        // it was over before this child began
        if (command.seconds <= 0) return entry.announcement.renew(0)
        return this.#renew(entry, now, command.seconds)
      }
      case 'set-cost':
        return this.#entry(command.announcement).announcement.setCost(command.cost)
      case 'set-weight':
        return this.#entry(command.announcement).announcement.setWeight(command.weight)
      case 'reconsider':
        return this.#entry(command.announcement).announcement.reconsider()
      case 'undrain':
        return this.#running().undrain()
      case 'reset':
        return this.#running().reset(command.which)
      case 'stub-router':
        return this.#running().stubRouter(command.how)
      case 'accept':
        return this.#running().acceptRoutes(command.accept)
      case 'opaque': {
        const { name, options } = command
        const known = this.#opaques.get(name)
        if (known) return known.update(options.data)
        this.#opaques.set(name, this.#running().originateOpaque(options))
        return
      }
      case 'withdraw-opaque':
        this.#opaques.get(command.name)?.withdraw()
        this.#opaques.delete(command.name)
        return
      default:
        command satisfies never
    }
  }

  #announce(command: Extract<Command, { do: 'announce' }>, now: number): void {
    const { announcement: id, vip, hooks, options } = command
    const { lease: own, ...others } = options
    const leases = [own, this.#lease].filter((seconds) => seconds !== undefined)
    const feed = new Feed()
    const call = (name: HookName, signal?: AbortSignal): Promise<unknown> =>
      this.#call({ do: name, announcement: id }, signal)
    const announcement = this.#running().announce(vip, {
      ...others,
      ...(leases.length === 0 ? {} : { lease: Math.min(...leases) }),
      ...(hooks.includes('prepare') && {
        prepare: async (signal) => void (await call('prepare', signal)),
      }),
      ...(hooks.includes('release') && {
        release: async (signal) => void (await call('release', signal)),
      }),
      ...(hooks.includes('connections') && {
        connections: async () => (await call('connections')) as number,
      }),
      when: feed,
    })
    const deadline = own === undefined ? Number.POSITIVE_INFINITY : now + own * 1000
    this.#entries.set(id, { announcement, feed, deadline, isOver: false })
    this.#dirty.add(id)
    this.#outbox?.changed()
  }

  /** Until the application is silent for too long, and no longer than its own lease for this one. */
  #renew({ announcement, deadline }: Entry, now: number, seconds?: number): void {
    const lease = this.#lease ?? seconds
    const left = (deadline - now) / 1000
    if (lease !== undefined && left > 0) announcement.renew(Math.min(lease, left))
  }

  // Telling

  async #tell(speaker: OspfSpeaker, outbox: Outbox): Promise<void> {
    for await (const event of speaker) {
      this.#note(event)
      outbox.event(plainEvent(event, this.#shift))
      outbox.changed()
    }
  }

  #note(event: SpeakerEvent): void {
    if (event.type === 'routes') this.#hasNewRoutes = true
    if (event.type !== 'announcement' && event.type !== 'announcement-step') return
    for (const [id, { announcement }] of this.#entries) {
      if (announcement.prefix === event.prefix) this.#dirty.add(id)
    }
  }

  #snapshot(): Snapshot {
    const speaker = this.#running()
    const routes = this.#hasNewRoutes ? speaker.routes() : undefined
    this.#hasNewRoutes = false
    return {
      status: speaker.status(),
      vitals: speaker.vitals(),
      neighbors: speaker.neighbors(),
      interfaces: speaker.interfaces(),
      kernelSettings: speaker.kernelSettings(),
      kernel: speaker.kernel(),
      routes,
      announcements: this.#changed(),
    }
  }

  #changed(): AnnouncementSnapshot[] {
    const ids = [...this.#dirty]
    this.#dirty.clear()
    return ids.flatMap((id) => {
      const entry = this.#entries.get(id)
      if (entry === undefined) return []
      const { announcement, isOver } = entry
      if (isOver) this.#entries.delete(id)
      const { state, reason, since } = announcement
      return {
        announcement: id,
        state,
        reason,
        since: since + this.#shift,
        history: shiftHistory(announcement.history(), this.#shift),
        lines: announcement.why(),
      }
    })
  }

  /** Asks the application. Rejects when it is gone, or nobody wants to know any more. */
  #call(call: Call, signal?: AbortSignal): Promise<unknown> {
    if (this.#isAlone) return gone()
    const id = ++this.#calling
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        if (!this.#calls.delete(id)) return
        const error = signal?.reason instanceof Error ? signal.reason : new Error('cancelled')
        this.#options.send({ type: 'cancel', id, reason: error.message })
        reject(error)
      }
      signal?.addEventListener('abort', cancel, { once: true })
      this.#calls.set(id, (result) => {
        signal?.removeEventListener('abort', cancel)
        if (result.ok) resolve(result.value)
        else reject(errorOf(result.error))
      })
      this.#options.send({ type: 'call', id, call })
    })
  }

  #running(): OspfSpeaker {
    if (this.#speaker === undefined) throw new OspfError('ERR_OSPF_STOPPED', 'not started')
    return this.#speaker
  }

  #entry(id: number): Entry {
    const entry = this.#entries.get(id)
    if (entry === undefined) throw new OspfError('ERR_OSPF_STOPPED', 'no such announcement')
    return entry
  }
}

const gone = (): Promise<never> => Promise.reject(new Error('the application is gone'))
