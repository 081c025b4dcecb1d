/** What can be seen of a router from outside: plain data, made on demand. Addresses and ids are numbers here. */
import type { Lsa } from '../wire/lsa.ts'
import { Option } from '../wire/options.ts'
import { type AuthenticationSnapshot, snapshotAuthentication } from './authentication.ts'
import type { DropReason } from './events.ts'
import type { Instant, InterfaceConfig, LinkState } from './io.ts'
import { ageOf } from './lsdb.ts'
import type { NeighborEvent } from './neighbor-fsm.ts'
import type { Router } from './router.ts'
import type { InterfaceState, NeighborState } from './states.ts'

export interface Counters {
  /** Packets. */
  received: number
  sent: number
  /** LSAs sent again for want of an acknowledgement (13.6). */
  retransmissions: number
  /** Area calculations, full or of the routes alone. */
  calculations: number
  /** What was received and not processed. */
  readonly drops: Partial<Record<DropReason, number>>
}

export const emptyCounters = (): Counters => ({
  received: 0,
  sent: 0,
  retransmissions: 0,
  calculations: 0,
  drops: {},
})

export interface NeighborSnapshot {
  readonly interface: string
  readonly area: number
  readonly routerId: number
  /** What it calls itself (RFC 5642). */
  readonly hostname: string | undefined
  readonly address: number
  readonly priority: number
  readonly state: NeighborState
  /** Its part on the segment as we see it. */
  readonly role: 'DR' | 'Backup' | 'DROther' | undefined
  readonly designatedRouter: number
  readonly backupDesignatedRouter: number
  readonly options: number
  /** When it came to its state, and what moved it. */
  readonly since: Instant
  readonly stateChanges: number
  readonly lastEvent: NeighborEvent
  /** When it is given up unless a Hello comes. */
  readonly deadAt: Instant | undefined
  /** Lengths of the three lists of section 10. */
  readonly retransmissionList: number
  readonly requestList: number
  readonly summaryList: number
}

export interface InterfaceSnapshot {
  readonly name: string
  readonly area: number
  readonly state: InterfaceState
  readonly link: LinkState
  /** Without the keys. */
  readonly config: Omit<InterfaceConfig, 'authentication'>
  /** Milliseconds between Hellos. */
  readonly helloMs: number
  readonly authentication: AuthenticationSnapshot
  readonly designatedRouter: number
  readonly backupDesignatedRouter: number
  readonly neighbors: number
  readonly fullNeighbors: number
  readonly drops: Readonly<Partial<Record<DropReason, number>>>
  /** When the next Hello leaves. */
  readonly helloAt: Instant | undefined
  /** By type (A.3.1), Hello first. */
  readonly packets: { readonly received: readonly number[]; readonly sent: readonly number[] }
}

export interface LsaSnapshot {
  /** The area that it belongs to; undefined: the whole autonomous system. */
  readonly area: number | undefined
  /** The link that it stays on; undefined: it travels further. */
  readonly interface: string | undefined
  readonly lsa: Lsa
  /** What its originator calls itself (RFC 5642). */
  readonly hostname: string | undefined
  /** Seconds. */
  readonly age: number
  /** We originated this instance. */
  readonly own: boolean
}

export function snapshotNeighbors(router: Router): NeighborSnapshot[] {
  const list: NeighborSnapshot[] = []
  for (const iface of router.interfaces.values()) {
    for (const neighbor of iface.neighbors.values()) {
      list.push({
        interface: iface.name,
        area: iface.area.id,
        routerId: neighbor.routerId,
        hostname: router.hostnames.of(neighbor.routerId),
        address: neighbor.address,
        priority: neighbor.priority,
        state: neighbor.state,
        role: !iface.electsDr()
          ? undefined
          : neighbor.address === iface.designatedRouter
            ? 'DR'
            : neighbor.address === iface.backupDesignatedRouter
              ? 'Backup'
              : 'DROther',
        designatedRouter: neighbor.designatedRouter,
        backupDesignatedRouter: neighbor.backupDesignatedRouter,
        options: neighbor.options | (neighbor.isOpaqueCapable ? Option.o : 0),
        since: neighbor.since,
        stateChanges: neighbor.stateChanges,
        lastEvent: neighbor.lastEvent,
        deadAt: neighbor.inactivityTimer.armed ? neighbor.inactivityTimer.at : undefined,
        retransmissionList: neighbor.retransmissions.size,
        requestList: neighbor.requests.size,
        summaryList: neighbor.summaryList.length - neighbor.summaryNext,
      })
    }
  }
  return list
}

export function snapshotInterfaces(router: Router): InterfaceSnapshot[] {
  return Array.from(router.interfaces.values(), (iface) => {
    const neighbors = [...iface.neighbors.values()]
    const { authentication: _, ...config } = iface.config
    return {
      name: iface.name,
      area: iface.area.id,
      state: iface.state,
      link: iface.link,
      config,
      helloMs: iface.helloMs,
      authentication: snapshotAuthentication(iface),
      designatedRouter: iface.designatedRouter,
      backupDesignatedRouter: iface.backupDesignatedRouter,
      neighbors: neighbors.length,
      fullNeighbors: neighbors.filter((n) => n.state === 'Full').length,
      drops: { ...iface.drops },
      helloAt: iface.helloTimer.armed ? iface.helloTimer.at : undefined,
      packets: { received: [...iface.packets.received], sent: [...iface.packets.sent] },
    }
  })
}

export function snapshotDatabase(router: Router, now: Instant): LsaSnapshot[] {
  const list: LsaSnapshot[] = []
  for (const { lsdb, place } of router.scopes()) {
    for (const entry of lsdb) {
      const { lsa, ours: own } = entry
      const hostname = router.hostnames.of(lsa.header.advertisingRouter)
      list.push({ ...place, lsa, hostname, age: ageOf(entry, now), own })
    }
  }
  return list
}
