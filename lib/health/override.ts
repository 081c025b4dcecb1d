/** An operator's hand on a gate: a file, a signal or a call says what it is, whatever the gate behind it finds. */
import host from 'node:process'
import { realClock } from '../clock.ts'
import type { Clock } from '../ports.ts'
import { reasonOf } from '../reason.ts'
import { beginningOf } from './beginning.ts'
import { excerpt } from './dialogue.ts'
import { type Gate, type Override, SharedGate } from './gate.ts'
import type { HealthyOptions } from './healthy.ts'
import { asSharedGate, type GatePart } from './part.ts'
import { invalid } from './probe.ts'

export interface OverrideOptions extends Omit<HealthyOptions, 'damping' | 'name'> {
  /**
   * A file whose first word is 'up', 'down' or 'maintenance'; what follows is the reason. Empty, not there, or 'auto': the
   * gate decides. Anything else, or a file that cannot be read, changes nothing and is said in the reason.
   */
  readonly file?: string
  /** Seconds between two looks at the file; default 1. */
  readonly fileInterval?: number
  /** What a signal to this process says; the same one again takes it back. */
  readonly signals?: Readonly<Partial<Record<NodeJS.Signals, Override>>>
}

/**
 * 'up' opens the gate, 'down' closes it, and so does 'maintenance', which has a VIP drained first: policies for gates
 * that fail do not apply to either. A call goes before a signal, and a signal before the file.
 */
export interface OverrideGate extends Gate {
  /** What is in force; undefined: the gate behind it decides. */
  readonly override: Override | undefined
  /** Undefined: let the signals, the file or the gate decide again. */
  force(override: Override | undefined, reason?: string): void
}

const words = ['up', 'down', 'maintenance'] as const

const isOverride = (word: unknown): word is Override => words.includes(word as Override)

/**
 * @example override({ file: '/run/vip', signals: { SIGUSR2: 'maintenance' } }, healthy(probe))
 * @throws OspfError ERR_OSPF_CONFIG
 */
export function override(options: OverrideOptions, part: GatePart): OverrideGate {
  const { file, fileInterval = 1, signals = {}, clock = realClock } = options
  if (file !== undefined && (typeof file !== 'string' || file === '')) {
    throw invalid('file', 'a path', file)
  }
  if (!Number.isFinite(fileInterval) || fileInterval <= 0) {
    throw invalid('fileInterval', 'a number of seconds above 0', fileInterval)
  }
  for (const [signal, word] of Object.entries(signals)) {
    if (!isOverride(word)) throw invalid(`signals: ${signal}`, `one of ${words.join(', ')}`, word)
  }
  const gate = asSharedGate(part, options)
  return new Overridden(gate, { file, fileInterval, signals, clock })
}

interface Hand {
  readonly override: Override
  readonly reason: string
}

interface Parsed {
  readonly file: string | undefined
  readonly fileInterval: number
  readonly signals: NonNullable<OverrideOptions['signals']>
  readonly clock: Clock
}

interface Looking {
  timer: Disposable | undefined
  /** The file has been looked at: until then nobody knows what is in force. */
  isDone: boolean
}

/** Octets of the file that are read. */
const OCTETS = 1024

class Overridden extends SharedGate implements OverrideGate {
  readonly #gate: SharedGate
  readonly #options: Parsed
  #call: Hand | undefined
  #signal: Hand | undefined
  #file: Hand | undefined
  /** What is wrong with the file. */
  #problem = ''
  #isOver = false
  #watches: Disposable[] = []
  /** The looks at the file, since the last `begin`. */
  #looking: Looking | undefined

  constructor(gate: SharedGate, options: Parsed) {
    super(gate.name)
    this.#gate = gate
    this.#options = options
  }

  get override(): Override | undefined {
    return this.#hand?.override
  }

  force(override: Override | undefined, reason = 'by request'): void {
    if (override !== undefined && !isOverride(override)) {
      throw invalid('override', `one of ${words.join(', ')} or undefined`, override)
    }
    this.#call = override && { override, reason }
    this.#decide()
  }

  protected begin(): void {
    this.#watches = Object.entries(this.#options.signals).map(([name, override]) => {
      const heard = (): void => {
        this.#signal =
          this.#signal?.override === override ? undefined : { override, reason: `by ${name}` }
        this.#decide()
      }
      host.on(name, heard)
      return { [Symbol.dispose]: () => void host.off(name, heard) }
    })
    if (this.#options.file !== undefined) {
      this.#looking = { timer: undefined, isDone: false }
      void this.#look(this.#options.file, this.#looking)
    }
    this.#watches.push(
      this.#gate.watch({
        changed: () => this.#decide(),
        ended: () => {
          this.#isOver = true
          this.#decide()
        },
      }),
    )
    this.#decide()
  }

  protected end(): void {
    for (const watch of this.#watches.splice(0)) watch[Symbol.dispose]()
    this.#looking?.timer?.[Symbol.dispose]()
    this.#looking = undefined
  }

  get #hand(): Hand | undefined {
    return this.#call ?? this.#signal ?? this.#file
  }

  #decide(): void {
    // nobody reads
    if (this.#watches.length === 0 || this.#looking?.isDone === false) return
    const now = this.#options.clock.now()
    const hand = this.#hand
    const also = this.#problem === '' ? '' : `; ${this.#problem}`
    if (hand !== undefined) {
      const { override } = hand
      const reason = `forced ${override}: ${hand.reason}${also}`
      return this.say(now, { healthy: override === 'up', reason, override })
    }
    const { verdict } = this.#gate
    if (this.#isOver) return this.say(now, { healthy: false, reason: `gate ended${also}` })
    if (verdict !== undefined) {
      const { at: _, ...said } = verdict
      return this.say(now, { ...said, reason: `${said.reason}${also}` })
    }
    // what was forced is not, and nothing is proven
    if (this.verdict !== undefined) {
      this.say(now, { healthy: false, reason: `nothing proven yet${also}` })
    }
  }

  /** Again and again, until the gate is left. */
  async #look(path: string, looking: Looking): Promise<void> {
    let text: string | undefined
    let problem = ''
    try {
      text = await beginningOf(path, OCTETS)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') text = ''
      else problem = `cannot read ${path}: ${reasonOf(error)}`
    }
    if (this.#looking !== looking) return
    if (text !== undefined) {
      const [, word = '', reason = ''] = /^\s*(\S*)\s*([^\n]*)/.exec(text) ?? []
      const override = word.toLowerCase()
      if (isOverride(override)) {
        const why = excerpt(reason)
        this.#file = { override, reason: `by ${path}${why === '' ? '' : `: ${why}`}` }
      } else if (override === '' || override === 'auto') this.#file = undefined
      else problem = `${path} says '${excerpt(word)}', which is none of ${words.join(', ')}, auto`
    }
    this.#problem = problem
    looking.isDone = true
    this.#decide()
    // what is decided may lead to the end
    if (this.#looking !== looking) return
    const { clock, fileInterval } = this.#options
    looking.timer = clock.setTimer(fileInterval * 1000, () => void this.#look(path, looking))
  }
}
