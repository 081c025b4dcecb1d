/** What an operator changes: interfaces, areas, what is announced, and the end. */
import { formatIpv4 } from '../wire/address.ts'
import { opaqueLsId } from '../wire/opaque-lsa.ts'
import { type Area, prefixKey } from './area.ts'
import { sendHello } from './hello.ts'
import { Interface, waitOf } from './interface.ts'
import type { ConfigChange, InterfaceConfig, OpaqueScope } from './io.ts'
import { isMaxAge } from './lsdb.ts'
import { opaqueChanged } from './opaque.ts'
import type { Router } from './router.ts'
import type { Scope } from './scope.ts'
import type { Timer } from './timers.ts'
import { shareKey } from './traffic-share.ts'

/** Takes a change over; what follows from it happens at the end of the input. */
export function configure(router: Router, change: ConfigChange): void {
  switch (change.type) {
    case 'interface':
      return configureInterface(router, change.config)
    case 'wall-clock':
      router.wallOffset = change.offset
      return
    case 'remove-interface': {
      const iface = router.interfaces.get(change.interface)
      if (iface) removeInterface(iface)
      return
    }
    case 'announce': {
      const { area: id, prefix, length, cost } = change.stub
      const area = router.area(id)
      area.stubs.set(prefixKey(prefix, length), { prefix, length, cost })
      return stubDirty(area, prefix, length)
    }
    case 'area': {
      const area = router.area(change.config.id)
      const { kind } = area.config
      area.config = change.config
      // everybody in an area must agree on its kind: adjacencies are made anew
      if (kind !== change.config.kind) {
        const links = [...area.interfaces].map((iface) => [iface, iface.link] as const)
        for (const [iface] of links) router.setLink(iface, undefined)
        // what others said under the old kind may have no place under the new; they will say the rest again
        for (const entry of [...area.lsdb]) if (!area.lsdb.own.has(entry)) area.lsdb.remove(entry)
        for (const [iface, link] of links) router.setLink(iface, link)
      }
      allDirty(router)
      area.recalculate({ what: 'tree' }, `configuration of area ${formatIpv4(area.id)}`)
      return
    }
    case 'tell-attributes':
      router.tellsAttributes = change.tell
      return
    case 'announce-only':
      router.announceOnly = change.announceOnly
      return recalculateAll(router)
    case 'originate':
      router.allowed = change.allowed
      return allDirty(router)
    case 'remove-area': {
      const area = router.areas.get(change.area)
      if (area) removeArea(router, area)
      return
    }
    case 'boot-count':
      router.sequences.begin(change.count)
      return
    case 'limits':
      router.limits = change.limits
      for (const iface of router.interfaces.values()) iface.budget()
      return recalculateAll(router)
    case 'lsa-throttle':
      router.throttle = change.throttle
      return allDirty(router)
    case 'spf-delay':
      router.routing.delays(change.config, undefined)
      return
    case 'route-delay':
      router.routing.delays(undefined, change.config)
      return
    case 'behaviour':
      router.abrType = change.abrType
      router.rfc1583Compatibility = change.rfc1583Compatibility
      return recalculateAll(router)
    case 'stub-router':
      router.stubRouter = change.stubRouter
      return allDirty(router)
    case 'external':
      router.as.externals.set(change.source ?? 'announcement', change.external)
      return allDirty(router)
    case 'withdraw-external': {
      const { prefix, length, source = 'announcement' } = change
      if (router.as.externals.delete(source, prefix, length)) allDirty(router)
      return
    }
    case 'redistribute': {
      const { externals } = router.as
      const changed = [...change.withdraw, ...change.set]
      const keys = changed.map(({ prefix, length }) => prefixKey(prefix, length))
      const before = keys.map((key) => externals.isOfKernel(key))
      for (const { prefix, length } of change.withdraw) {
        externals.delete('redistribution', prefix, length)
      }
      for (const external of change.set) externals.set('redistribution', external)
      // what others say of the same is to be looked at, or no longer
      const differing = keys.filter((key, i) => externals.isOfKernel(key) !== before[i])
      router.as.recalculate({ what: 'networks', keys: differing }, 'redistribution')
      return allDirty(router)
    }
    case 'discard-holes':
      router.discardsHoles = change.discard
      return router.as.recalculate({ what: 'table' }, 'discard routes')
    case 'as-boundary':
      router.as.externals.redistributes = change.redistributes
      return allDirty(router)
    case 'summary-addresses':
      router.as.externals.summaryAddresses = change.addresses
      return allDirty(router)
    case 'withdraw': {
      const area = router.areas.get(change.area)
      const { prefix, length } = change
      if (area?.stubs.delete(prefixKey(prefix, length))) stubDirty(area, prefix, length)
      return
    }
    case 'opaque': {
      const scope = opaqueScope(router, change.where)
      scope?.opaques.set(opaqueLsId(change.opaqueType, change.opaqueId), change.data)
      return opaqueDirty(router, scope)
    }
    case 'withdraw-opaque': {
      const scope = opaqueScope(router, change.where)
      scope?.opaques.delete(opaqueLsId(change.opaqueType, change.opaqueId))
      return opaqueDirty(router, scope)
    }
    case 'share':
      router.shares.set(shareKey(change.share), change.share)
      return areasDirty(router)
    case 'remove-share':
      if (router.shares.delete(shareKey(change))) areasDirty(router)
      return
    case 'keeps-connections':
      router.keepsConnections = change.keeps
      return areasDirty(router)
    case 'router-information':
      router.routerInformation = change.information
      router.hostnames.forget()
      return allDirty(router)
    case 'reset':
      return reset(router, change)
    case 'flush':
      for (const iface of router.interfaces.values()) {
        // the Backup takes over before our LSAs are gone
        iface.resigned = iface.hasSuccessor
        if (iface.resigned) iface.event('NeighborChange')
        sendHello(iface)
      }
      router.handover.leave()
      return
    case 'close':
      for (const iface of router.interfaces.values()) {
        sendHello(iface, true)
        iface.event('InterfaceDown')
      }
      router.closed = true
  }
}

function reset(router: Router, change: Extract<ConfigChange, { type: 'reset' }>): void {
  for (const iface of [...router.interfaces.values()]) {
    if (change.interface !== undefined && iface.name !== change.interface) continue
    if (change.what === 'interfaces') {
      const { link } = iface
      router.setLink(iface, undefined)
      router.setLink(iface, link)
      continue
    }
    for (const neighbor of [...iface.neighbors.values()]) {
      if (change.neighbor !== undefined && neighbor.routerId !== change.neighbor) continue
      neighbor.event('KillNbr')
    }
  }
}

/** What we say anywhere may be another. */
function allDirty(router: Router): void {
  for (const scope of router.scopes()) scope.originateDirty = true
}

function recalculateAll(router: Router): void {
  allDirty(router)
  for (const area of router.areas.values()) area.recalculate({ what: 'tree' }, 'configuration')
}

function removeInterface(iface: Interface): void {
  const { router, area } = iface
  // the others need not wait for their dead interval
  sendHello(iface, true)
  iface.event('InterfaceDown')
  router.interfaces.delete(iface.name)
  area.interfaces.delete(iface)
  // with its last interface an area may cease to count for an area border router
  allDirty(router)
}

function removeArea(router: Router, area: Area): void {
  for (const iface of [...area.interfaces]) removeInterface(iface)
  area.translatorTimer.cancel()
  router.areas.delete(area.id)
  for (const entry of [...area.lsdb]) {
    area.lsdb.remove(entry)
    const { header } = entry.lsa
    if (isMaxAge(entry, router.now) || header.type !== area.opaqueType) continue
    opaqueChanged(area, header, entry.lsa, undefined)
  }
  allDirty(router)
  router.routing.changed(undefined, { what: 'table' }, `area ${formatIpv4(area.id)} removed`)
}

/** What is inside OSPF as a stub link is not redistributed. */
function stubDirty(area: Area, prefix: number, length: number): void {
  const { router } = area
  area.originateDirty = true
  if (router.as.externals.isOfKernel(prefixKey(prefix, length))) allDirty(router)
}

function opaqueScope(router: Router, where: OpaqueScope): Scope | undefined {
  switch (where.scope) {
    case 'link':
      return router.interfaces.get(where.interface)?.linkScope
    case 'area':
      return router.area(where.area)
    case 'as':
      return router.as
  }
}

function opaqueDirty(router: Router, scope: Scope | undefined): void {
  if (scope) scope.originateDirty = true
  // our router-LSAs say whether we are an AS boundary router
  if (scope === router.as) areasDirty(router)
}

function areasDirty(router: Router): void {
  for (const area of router.areas.values()) area.originateDirty = true
}

function configureInterface(router: Router, config: InterfaceConfig): void {
  if (config.authentication?.type === 'cryptographic' && router.digests === undefined) {
    throw new Error(`interface ${config.name}: no digests to authenticate with`)
  }
  const old = router.interfaces.get(config.name)
  if (old && startsAnew(old.config, config)) {
    const { link, linkScope } = old
    removeInterface(old)
    configureInterface(router, config)
    const next = router.interfaces.get(config.name)!
    for (const [lsId, data] of linkScope.opaques) next.linkScope.opaques.set(lsId, data)
    return config.virtual ? undefined : router.setLink(next, link)
  }
  if (config.virtual) {
    const transit = router.area(config.virtual.transitArea)
    transit.recalculate({ what: 'tree' }, `virtual link ${config.name}`)
  }
  if (!old) {
    const area = router.area(config.area)
    const iface = new Interface(router, area, config)
    router.interfaces.set(config.name, iface)
    area.interfaces.add(iface)
    // with its first interface an area may have come to take what is said of the outside
    router.as.originateDirty = true
    return
  }
  const was = old.config
  const { helloMs } = old
  // the cost of a virtual link follows from its way (15)
  old.config = config.virtual ? { ...config, cost: was.cost } : config
  if (old.state !== 'Down') old.meetConfigured()
  old.mismatches.clear()
  old.area.originateDirty = true
  router.as.externals.interfaceChanged()
  rearm(old, was, helloMs)
  if (was.priority !== config.priority) old.event('NeighborChange')
}

/** Whether a change makes it another interface: its neighbors are to be met anew. */
export const startsAnew = (was: InterfaceConfig, now: InterfaceConfig): boolean =>
  was.area !== now.area ||
  was.network !== now.network ||
  was.passive !== now.passive ||
  was.nonBroadcast !== now.nonBroadcast ||
  was.virtual?.transitArea !== now.virtual?.transitArea

/** Timers that run follow the change of what they were armed with. */
function rearm(iface: Interface, was: InterfaceConfig, helloMs: number): void {
  const { router, config, helloTimer, waitTimer } = iface
  const { now } = router
  const shift = (timer: Timer, before: number, after: number): void => {
    if (timer.armed && before !== after) {
      timer.set(Math.max(now, timer.at + (after - before) * 1000))
    }
  }
  if (helloMs !== iface.helloMs && helloTimer.armed) helloTimer.set(now)
  shift(waitTimer, waitOf(was), waitOf(config))
  for (const neighbor of iface.neighbors.values()) {
    const { inactivityTimer, ddTimer, requestTimer, retransmitTimer } = neighbor
    // a neighbor whose operator comes to it later has the time that was promised to it, or the new one if that is more
    if (was.deadInterval !== config.deadInterval && inactivityTimer.armed) {
      inactivityTimer.set(Math.max(inactivityTimer.at, now + config.deadInterval * 1000))
    }
    for (const timer of [ddTimer, requestTimer, retransmitTimer]) {
      shift(timer, was.retransmitInterval, config.retransmitInterval)
    }
  }
}
