/** Reloading: the files again, what differs applied, and back again where nobody confirms it. */
import type { ConfiguredSpeaker, ServiceNotifier } from '../index.ts'
import { type Answerer, json } from './control.ts'
import { type InputHost, type Inputs, loadInputs, readInputs, type Texts } from './inputs.ts'
import type { Logger } from './log.ts'

/** What can be changed of a running speaker. */
export type Changeable = Pick<
  ConfiguredSpeaker,
  'config' | 'plan' | 'apply' | 'try' | 'confirm' | 'onTrial' | 'renew'
>

/** What is done for a POST, by its first word, with what came along. */
export type Actions = Readonly<Record<string, (body: unknown) => Promise<unknown>>>

/** Answers that include these. */
export function withActions(actions: Actions, others: Answerer): Answerer {
  return async (asked) => {
    const [word = '', ...more] = asked.words
    const action = more.length === 0 && Object.hasOwn(actions, word) ? actions[word] : undefined
    if (action === undefined || !asked.isPost) return others(asked)
    try {
      return { status: 200, body: json(await action(await asked.body())) }
    } catch (error) {
      return { status: 422, body: json({ error: wordsOf(error) }) }
    }
  }
}

/** What came of a request: changes, or errors and no change at all. */
export interface ReloadAnswer {
  readonly errors: readonly string[]
  readonly changes: readonly string[]
  /** Interfaces whose neighbors are met anew. */
  readonly restarted: readonly string[]
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Told when a reload begins, and when it is over. */
export type Notified = Pick<ServiceNotifier, 'reloading' | 'ready'>

const refused = (errors: readonly string[]): ReloadAnswer => ({
  errors,
  changes: [],
  restarted: [],
})

export class Reloader {
  readonly #inputs: Inputs
  readonly #host: InputHost
  readonly #speaker: () => Changeable
  readonly #log: Logger
  readonly #isLevelFixed: boolean
  readonly #notifier: Notified
  #latest: Promise<unknown> = Promise.resolve()

  /** @param isLevelFixed the command line says what to print, whatever the files say */
  constructor(
    inputs: Inputs,
    host: InputHost,
    speaker: () => Changeable,
    log: Logger,
    isLevelFixed: boolean,
    notifier: Notified = { reloading() {}, ready() {} },
  ) {
    this.#inputs = inputs
    this.#host = host
    this.#speaker = speaker
    this.#log = log
    this.#isLevelFixed = isLevelFixed
    this.#notifier = notifier
  }

  /** Reads the files again. One after the other; never rejects. @param confirm seconds to do so */
  reload(confirm?: number): Promise<ReloadAnswer> {
    const result = this.#latest.then(async () => {
      this.#notifier.reloading()
      const answer = await this.#reload(confirm).catch((error: unknown) =>
        refused([wordsOf(error)]),
      )
      for (const text of answer.errors) this.#log({ level: 'error', text })
      if (answer.errors.length > 0)
        this.#log({ level: 'error', text: 'reload: nothing has changed' })
      this.#notifier.ready()
      return answer
    })
    this.#latest = result
    return result
  }

  /** What a reload of these texts would change. */
  async diff(texts: Texts): Promise<ReloadAnswer> {
    try {
      const { pcap, isolate } = this.#inputs
      const all = {
        ...texts,
        ...(pcap === undefined ? {} : { pcap }),
        ...(isolate === undefined ? {} : { isolate }),
      }
      const { config, errors } = await readInputs(all, this.#host, this.#speaker().config)
      if (config === undefined) return refused(errors)
      return { errors: [], ...this.#speaker().plan(config) }
    } catch (error) {
      return refused([wordsOf(error)])
    }
  }

  async #reload(confirm: number | undefined): Promise<ReloadAnswer> {
    const log = this.#log
    const speaker = this.#speaker()
    const { texts, errors } = await loadInputs(this.#inputs, this.#host)
    if (errors.length > 0) return refused(errors)
    const read = await readInputs(texts, this.#host, speaker.config)
    if (read.config === undefined) return refused(read.errors)
    const { config } = read
    for (const line of read.lines) log(line)
    if (confirm === undefined) {
      const { changes, restarted } = await speaker.apply(config)
      this.#say(changes)
      return { errors: [], changes, restarted }
    }
    const { changes, restarted, ended } = await speaker.try(config, confirm)
    this.#say(changes)
    log({ level: 'warning', text: `reload: to be confirmed within ${confirm} s` })
    void ended.then(({ how, reason }) => {
      const words = { confirmed: 'kept', 'rolled-back': 'rolled back', failed: 'lost' }[how]
      log({ level: how === 'confirmed' ? 'info' : 'warning', text: `reload: ${words}: ${reason}` })
      this.#level()
    })
    return { errors: [], changes, restarted }
  }

  #say(changes: readonly string[]): void {
    for (const change of changes) this.#log({ level: 'info', text: `reload: ${change}` })
    if (changes.length === 0) this.#log({ level: 'info', text: 'reload: no change' })
    this.#level()
  }

  #level(): void {
    if (!this.#isLevelFixed) this.#log.level = this.#speaker().config.log ?? 'info'
  }

  /** What the control socket does for others. */
  get actions(): Actions {
    return {
      reload: (body) => this.reload(secondsOf(body)),
      confirm: async () => ({ confirmed: this.#speaker().confirm() }),
      renew: async (body) => {
        const { vip, seconds } = leaseOf(body)
        this.#speaker().renew(vip, seconds)
        return {}
      },
      diff: (body) => this.diff(textsOf(body)),
    }
  }
}

function secondsOf(body: unknown): number | undefined {
  if (!isObject(body) || body['confirm'] === undefined) return undefined
  const { confirm } = body
  if (typeof confirm !== 'number' || !(confirm > 0 && confirm <= 86_400))
    throw new Error('confirm: expected seconds above 0, at most a day')
  return confirm
}

function leaseOf(body: unknown): { readonly vip: string; readonly seconds?: number } {
  if (!isObject(body) || typeof body['vip'] !== 'string') throw new Error('expected a vip')
  const { vip, seconds } = body
  if (seconds === undefined) return { vip }
  if (typeof seconds !== 'number' || !(seconds > 0 && seconds <= 86_400))
    throw new Error('seconds: expected a number above 0, at most a day')
  return { vip, seconds }
}

/** What came over the socket: of the same user, and maybe of another version. */
function textsOf(body: unknown): Texts {
  const isText = (one: unknown): boolean =>
    isObject(one) && typeof one['name'] === 'string' && typeof one['text'] === 'string'
  if (!isObject(body)) throw new Error('expected files')
  for (const list of [body['files'], body['frr']])
    if (!Array.isArray(list) || !list.every(isText))
      throw new Error('expected files with name and text')
  return body as unknown as Texts
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
