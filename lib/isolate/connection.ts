/** The application's side of one child: what is asked of it, and what it asks. */
import { OspfError } from '../errors.ts'
import type { Child, Launch } from './launch.ts'
import type { Call, Command, FromChild, Request, Snapshot, ToChild } from './messages.ts'
import { errorOf, resultOf } from './plain.ts'

/** Commands and verdicts that may wait for a child that says nothing either; more, and it is taken for hung soon. */
const BACKLOG = 10_000

export interface ConnectionOptions {
  readonly launch: Launch
  readonly call: (call: Call, signal: AbortSignal) => unknown
  readonly events: (message: Extract<FromChild, { type: 'events' }>) => void
  readonly snapshot: (snapshot: Snapshot) => void
  readonly ended: (how: string) => void
}

/** The child that was asked is no more. */
export class ChildGone extends OspfError {
  constructor(how: string) {
    super('ERR_OSPF_CHILD', `the child process ended: ${how}`)
  }
}

export class Connection {
  readonly #options: ConnectionOptions
  readonly #child: Child
  readonly #pending = new Map<
    number,
    { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }
  >()
  readonly #calls = new Map<number, AbortController>()
  #requests = 0
  #how: string | undefined
  #events = 0
  #snapshot = 0
  #isThanking = false
  /** Heartbeats sent since it was heard last. */
  #unheard = 0
  /** Resolves when it is no more. */
  readonly ended: Promise<void>
  #end: () => void = () => {}

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
    this.#child = options.launch(
      (message) => this.#receive(message),
      (how) => this.#over(how),
    )
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Rejects with the child's OspfError, or with ChildGone. */
  request(request: Request): Promise<unknown> {
    const how = this.#how
    if (how !== undefined) return Promise.reject(new ChildGone(how))
    const id = ++this.#requests
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      try {
        this.#child.send({ type: 'request', id, request })
      } catch (error) {
        this.#pending.delete(id)
        reject(error)
      }
    })
  }

  command(command: Command): void {
    this.#send({ type: 'command', command })
  }

  /** More waits for it than it should; that of thousands of VIPs announced in one turn may, too. */
  get isFull(): boolean {
    return this.#child.backlog > BACKLOG
  }

  /** The application lives. @returns how many times in a row it was said without a word from the child */
  alive(): number {
    this.#thank()
    return ++this.#unheard
  }

  kill(): void {
    this.#child.kill()
  }

  #send(message: ToChild): void {
    if (this.#how === undefined) this.#child.send(message)
  }

  #thank(): void {
    // one is enough for a child that does not listen
    if (this.#unheard > 1 && this.#child.backlog > 0) return
    const command = { do: 'alive', events: this.#events, snapshot: this.#snapshot } as const
    this.#send({ type: 'command', command })
  }

  #receive(message: FromChild): void {
    this.#unheard = 0
    switch (message.type) {
      case 'answer': {
        const { id, result } = message
        const pending = this.#pending.get(id)
        this.#pending.delete(id)
        if (result.ok) pending?.resolve(result.value)
        else pending?.reject(errorOf(result.error))
        return
      }
      case 'call':
        return void this.#answer(message.id, message.call)
      case 'cancel':
        return this.#calls.get(message.id)?.abort(new Error(message.reason))
      case 'events':
        this.#events += message.events.length
        this.#options.events(message)
        return this.#thankSoon()
      case 'snapshot':
        this.#snapshot = message.number
        this.#options.snapshot(message.snapshot)
        return this.#thankSoon()
      default:
        message satisfies never
    }
  }

  /** After everything else that has come by now. */
  #thankSoon(): void {
    if (this.#isThanking) return
    this.#isThanking = true
    setImmediate(() => {
      this.#isThanking = false
      this.#thank()
    })
  }

  async #answer(id: number, call: Call): Promise<void> {
    const abort = new AbortController()
    this.#calls.set(id, abort)
    const result = await resultOf(() => this.#options.call(call, abort.signal))
    this.#calls.delete(id)
    try {
      this.#send({ type: 'answer', id, result })
    } catch (error) {
      this.#send({ type: 'answer', id, result: await resultOf(() => Promise.reject(error)) })
    }
  }

  #over(how: string): void {
    this.#how = how
    for (const { reject } of this.#pending.values()) reject(new ChildGone(how))
    this.#pending.clear()
    for (const abort of this.#calls.values()) abort.abort(new Error('the child process ended'))
    this.#end()
    this.#options.ended(how)
  }
}
