/** A gate whose source can be exchanged while it is read: another check, without a verdict in between. */
import { type Gate, SharedGate } from './gate.ts'
import { asSharedGate } from './part.ts'

/** What the source says; after an exchange, what stands until the new source has a verdict of its own. */
export class GateSwitch extends SharedGate {
  #source: SharedGate
  #watch: Disposable | undefined
  #isOn = false

  constructor(source: Gate) {
    super(source.name ?? '')
    this.#source = asSharedGate(source)
  }

  /** From now on, this one decides. */
  to(source: Gate): void {
    const next = asSharedGate(source)
    if (next === this.#source) return
    const before = this.#watch
    this.#source = next
    // the new one is watched before the old one is left: what both have in common goes on
    if (this.#isOn) this.#follow()
    before?.[Symbol.dispose]()
  }

  protected begin(): void {
    this.#isOn = true
    this.#follow()
  }

  protected end(): void {
    this.#isOn = false
    this.#watch?.[Symbol.dispose]()
    this.#watch = undefined
  }

  #follow(): void {
    const source = this.#source
    const pass = (): void => {
      if (this.#source === source && source.verdict !== undefined)
        this.say(source.verdict.at, source.verdict)
    }
    this.#watch = source.watch({ changed: pass, ended: () => {} })
    pass()
  }
}
