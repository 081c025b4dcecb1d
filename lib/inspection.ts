/** What a running speaker lets be seen: the core's state as plain frozen data. */
import type { OspfEvent } from './core/events.ts'
import type { Router } from './core/router.ts'
import { snapshotVitals } from './core/vitals.ts'
import type { Explanation } from './core/why.ts'
import type { Clock } from './ports.ts'
import { SpfLog, type SpfRun } from './spf-log.ts'
import { type StatusView, viewStatus } from './status.ts'
import {
  type InterfaceView,
  type LsaView,
  type NeighborView,
  type OpaqueView,
  type RouteView,
  viewInterface,
  viewLsa,
  viewNeighbor,
  viewOpaque,
  viewRoute,
} from './views.ts'
import { type VitalsView, viewVitals } from './vitals.ts'
import { askWhatIf, type RouteDifferenceView, type WhatIfChange } from './what-if.ts'
import { parseDestination, viewWhy, type WhyView } from './why.ts'
import { formatIpv4, formatPrefix } from './wire/address.ts'

/** What the core does not know of a prefix. */
export interface Beside {
  /** State of the announcement of a VIP; undefined: there is none. */
  announcement(prefix: string): string | undefined
  /** Whether a route goes to the kernel; undefined: none does. */
  isInKernel(prefix: number, length: number): boolean | undefined
}

export class Inspection {
  readonly #core: Router
  readonly #clock: Clock
  readonly #beside: Beside
  readonly #spf = new SpfLog()
  /** Trees calculated, by area. */
  readonly #runs = new Map<string, number>()

  constructor(core: Router, clock: Clock, beside: Beside) {
    this.#core = core
    this.#clock = clock
    this.#beside = beside
  }

  calculated(event: Extract<OspfEvent, { type: 'spf' }>): void {
    for (const area of event.areas) this.#runs.set(area, (this.#runs.get(area) ?? 0) + 1)
    this.#spf.record(event, this.#clock.wall())
  }

  /** Oldest first. */
  spf(): readonly SpfRun[] {
    return this.#spf.runs()
  }

  neighbors(): NeighborView[] {
    const now = this.#clock.now()
    return this.#core.neighbors().map((n) => viewNeighbor(n, now))
  }

  interfaces(): InterfaceView[] {
    const now = this.#clock.now()
    return this.#core.interfacesNow().map((i) => viewInterface(i, now))
  }

  vitals(): VitalsView {
    return viewVitals(snapshotVitals(this.#core, this.#clock.now()))
  }

  status(): StatusView {
    return viewStatus(formatIpv4(this.#core.routerId), this.#core.status(), this.#runs)
  }

  routes(): RouteView[] {
    const now = this.#clock.now()
    const origins = this.#core.origins()
    return this.#core.routes().map((route) => viewRoute(route, now, origins))
  }

  database(): LsaView[] {
    return this.#core.database(this.#clock.now()).map(viewLsa)
  }

  opaques(): OpaqueView[] {
    return this.#core.opaques(this.#clock.now()).map(viewOpaque)
  }

  hostnames(): ReadonlyMap<string, string> {
    const names = [...this.#core.hostnames.all()]
    return new Map(names.map(([routerId, hostname]) => [formatIpv4(routerId), hostname]))
  }

  /** @throws OspfError ERR_OSPF_CONFIG */
  why(destination: string): WhyView {
    const { prefix, length } = parseDestination(this.#core, destination)
    const explanation = this.#core.why(prefix, length)
    const now = this.#clock.now()
    const origins = this.#core.origins()
    const notes = this.#notesOn(explanation)
    return viewWhy(this.#core, explanation, (route) => viewRoute(route, now, origins), notes)
  }

  /** @throws OspfError ERR_OSPF_CONFIG */
  whatIf(changes: WhatIfChange | readonly WhatIfChange[]): readonly RouteDifferenceView[] {
    const now = this.#clock.now()
    return askWhatIf(this.#core, changes, (route) => viewRoute(route, now))
  }

  #notesOn({ prefix, length, route }: Explanation): string[] {
    const state = this.#beside.announcement(formatPrefix(prefix, length))
    const notes = state === undefined ? [] : [`announced here: ${state}`]
    const isDenied = route && this.#beside.isInKernel(prefix, length) === false
    return isDenied ? [...notes, 'not in the kernel: attached, or denied by the policy'] : notes
  }
}
