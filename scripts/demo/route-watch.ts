/** Follows the route to one address in a node's kernel, and the instant of every change. */
import type { Lab, LabProcess } from '../../test/interop/lab.ts'

/** Between two looks, in milliseconds. */
const idle = 50

/**
 * Changes are seen by looking and dated by `ip monitor`; where the kernel said nothing (a next hop object that is
 * deleted takes its routes along silently), by the look.
 */
export class RouteWatch implements Disposable {
  readonly #lab: Lab
  readonly #node: string
  readonly #address: string
  readonly #now: () => number
  readonly #monitor: LabProcess
  #gateways: readonly string[] = []
  #since = 0
  #closed = false
  #failure: unknown

  constructor(lab: Lab, node: string, address: string, now: () => number) {
    this.#lab = lab
    this.#node = node
    this.#address = address
    this.#now = now
    this.#monitor = lab.spawn(node, ['ip', '-ts', 'monitor', 'route'], 'ip monitor')
    void this.#follow()
  }

  /** Where the kernel sends it; none: no route of its own. */
  get gateways(): readonly string[] {
    return this.#gateways
  }

  /** When it became so, on the clock handed in. */
  get since(): number {
    return this.#since
  }

  /** Throws what keeps it from following. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  [Symbol.dispose](): void {
    this.#closed = true
  }

  async #follow(): Promise<void> {
    let before = this.#now()
    while (!this.#closed) {
      const began = this.#now()
      try {
        const gateways = await this.#look()
        if (gateways.join() !== this.#gateways.join()) {
          this.#gateways = gateways
          this.#since = this.#spoken(before) ?? began
        }
      } catch (error) {
        if (!this.#closed) this.#failure = error
        return
      }
      before = began
      await new Promise((resolve) => setTimeout(resolve, idle))
    }
  }

  async #look(): Promise<string[]> {
    const route = (await this.#lab.routes(this.#node)).find(({ dst }) => dst === this.#address)
    if (route === undefined) return []
    const hops = route.nexthops ?? [{ gateway: route.gateway }]
    return hops.flatMap(({ gateway }) => gateway ?? [])
  }

  /** When the kernel last said something of the route, if it did after `begin`. */
  #spoken(begin: number): number | undefined {
    const lines = this.#monitor.output.split('\n').filter((line) => line.includes(this.#address))
    const [, stamp] = /^\[(\S+)\]/.exec(lines.at(-1) ?? '') ?? []
    if (stamp === undefined) return undefined
    const at = this.#now() - (Date.now() - Date.parse(stamp))
    return at < begin ? undefined : at
  }
}
