/** Who has acknowledged what we say of a prefix, and when: by watching the core after every input. */
import type { OwnInstance } from './core/io.ts'
import type { Router } from './core/router.ts'
import { type PrefixChange, standingOf } from './core/standing.ts'
import type { Clock } from './ports.ts'
import type { Confirmation } from './vip-history.ts'
import { formatIpv4 } from './wire/address.ts'

interface Watch {
  readonly changes: readonly PrefixChange[]
  readonly begun: number
  /** Those that the word was sent to, and when they acknowledged it: of each change from when it has been said. */
  readonly audience: Map<string, Member>
  /** Changes that have been said: every later instance says them as well. */
  readonly said: Set<PrefixChange>
  /** By change. */
  readonly lsas: Map<PrefixChange, readonly OwnInstance[]>
  readonly resolve: (confirmation: Confirmation) => void
}

interface Member {
  readonly interface: string
  readonly routerId: number
  /** Milliseconds from the change. */
  after: number | undefined
  gone: boolean
}

export class Confirmations {
  readonly #core: Router
  readonly #clock: Clock
  readonly #watches = new Set<Watch>()

  constructor(core: Router, clock: Clock) {
    this.#core = core
    this.#clock = clock
  }

  /**
   * Resolves when every router that is adjacent when the changes have left (those of one VIP: a stub link in each of
   * several areas) has acknowledged them or is adjacent no more; or with what is known when the signal aborts. Does not
   * reject.
   */
  confirm(changes: readonly PrefixChange[], signal: AbortSignal): Promise<Confirmation> {
    return new Promise((resolve) => {
      const begun = this.#clock.now()
      const watch: Watch = {
        changes,
        begun,
        audience: new Map(),
        said: new Set(),
        lsas: new Map(),
        resolve,
      }
      if (!signal.aborted) this.#watches.add(watch)
      this.#look(watch)
      if (signal.aborted) return this.#end(watch, false)
      signal.addEventListener('abort', () => this.#end(watch, false), { once: true })
    })
  }

  /** To be called after every input of the core. */
  changed(): void {
    for (const watch of this.#watches) this.#look(watch)
  }

  #look(watch: Watch): void {
    const { changes, audience, said } = watch
    const still = new Set<string>()
    for (const change of changes) {
      const { lsas, isSaid, waiting } = standingOf(this.#core, change)
      // a flushed LSA is gone when all have acknowledged that: what carried the word is what was there last
      if (lsas.length > 0) watch.lsas.set(change, lsas)
      // whichever later instance a router acknowledges
      if (!isSaid && !said.has(change)) continue
      for (const each of waiting) {
        const name = nameOf(each)
        still.add(name)
        if (!said.has(change)) audience.set(name, { ...each, after: undefined, gone: false })
      }
      said.add(change)
    }
    this.#count(watch, still)
    if (said.size < changes.length) return
    for (const { after, gone } of audience.values()) if (after === undefined && !gone) return
    this.#end(watch, true)
  }

  #count({ audience, begun }: Watch, still: ReadonlySet<string>): void {
    const now = this.#clock.now()
    let full: Set<string> | undefined
    for (const [name, member] of audience) {
      if (member.after !== undefined || member.gone || still.has(name)) continue
      full ??= new Set(this.#core.neighbors().flatMap((n) => (n.state === 'Full' ? nameOf(n) : [])))
      if (full.has(name)) member.after = now - begun
      else member.gone = true
    }
  }

  /** Adjacent routers that would hear of a prefix. */
  #adjacent(changes: readonly PrefixChange[]): string[] {
    const areas = changes.map((change) =>
      change.type === 'announce'
        ? change.stub.area
        : change.type === 'withdraw'
          ? change.area
          : undefined,
    )
    const those = this.#core
      .neighbors()
      .filter(
        ({ state, area }) =>
          state === 'Full' && (areas.includes(area) || areas.includes(undefined)),
      )
    return [...new Set(those.map(({ routerId }) => formatIpv4(routerId)))]
  }

  #end(watch: Watch, isOver: boolean): void {
    this.#watches.delete(watch)
    const members = [...watch.audience.values()]
    const by = members.flatMap(({ routerId, interface: name, after }) =>
      after === undefined ? [] : [{ routerId: formatIpv4(routerId), interface: name, after }],
    )
    const missing = members.filter(({ after }) => after === undefined)
    watch.resolve({
      acknowledged: isOver && missing.length === 0,
      by,
      missing: missing.map(({ routerId }) => formatIpv4(routerId)),
      unaffected: isOver && members.length === 0 ? this.#adjacent(watch.changes) : [],
      lsas: [...watch.lsas.values()].flat().map(formatInstance),
    })
  }
}

const nameOf = (router: { readonly interface: string; readonly routerId: number }): string =>
  `${router.interface} ${router.routerId}`

const kinds: Readonly<Record<number, string>> = { 1: 'router', 5: 'external', 7: 'nssa-external' }

const formatInstance = ({ type, lsId, sequence }: OwnInstance): string =>
  `${kinds[type] ?? `type ${type}`} LSA ${formatIpv4(lsId)} 0x${(sequence >>> 0).toString(16)}`
