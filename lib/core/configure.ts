/** What an operator changes: interfaces, areas, what is announced, and the end. */
import { opaqueLsId } from '../wire/opaque-lsa.ts'
import { prefixKey } from './area.ts'
import { sendHello } from './hello.ts'
import { Interface } from './interface.ts'
import type { ConfigChange, InterfaceConfig, OpaqueScope } from './io.ts'
import type { Router } from './router.ts'
import type { Scope } from './scope.ts'

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
      if (!iface) return
      iface.event('InterfaceDown')
      router.interfaces.delete(iface.name)
      iface.area.interfaces.delete(iface)
      iface.area.originateDirty = true
      return
    }
    case 'announce': {
      const { area: id, prefix, length, cost } = change.stub
      const area = router.area(id)
      area.stubs.set(prefixKey(prefix, length), { prefix, length, cost })
      area.originateDirty = true
      return
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
      for (const scope of router.scopes()) scope.originateDirty = true
      router.recalculate(area, 'tree')
      return
    }
    case 'tell-attributes':
      router.tellsAttributes = change.tell
      return
    case 'announce-only':
      router.announceOnly = change.announceOnly
      for (const area of router.areas.values()) router.recalculate(area, 'tree')
      for (const scope of router.scopes()) scope.originateDirty = true
      return
    case 'originate':
      router.allowed = change.allowed
      for (const scope of router.scopes()) scope.originateDirty = true
      return
    case 'stub-router':
      router.stubRouter = change.stubRouter
      for (const scope of router.scopes()) scope.originateDirty = true
      return
    case 'external': {
      const { prefix, length } = change.external
      router.as.externals.set(prefixKey(prefix, length), change.external)
      for (const scope of router.scopes()) scope.originateDirty = true
      return
    }
    case 'withdraw-external': {
      if (!router.as.externals.delete(prefixKey(change.prefix, change.length))) return
      for (const scope of router.scopes()) scope.originateDirty = true
      return
    }
    case 'withdraw': {
      const area = router.areas.get(change.area)
      if (!area?.stubs.delete(prefixKey(change.prefix, change.length))) return
      area.originateDirty = true
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
    case 'router-information':
      router.routerInformation = change.information
      router.hostnames.forget()
      for (const scope of router.scopes()) scope.originateDirty = true
      return
    case 'flush':
      router.leaving = true
      for (const iface of router.interfaces.values()) {
        // the Backup takes over before our LSAs are gone
        iface.resigned = iface.hasSuccessor
        if (iface.resigned) iface.event('NeighborChange')
        sendHello(iface)
      }
      for (const scope of router.scopes()) scope.originateDirty = true
      return
    case 'close':
      for (const iface of router.interfaces.values()) {
        sendHello(iface, true)
        iface.event('InterfaceDown')
      }
      router.closed = true
  }
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
  if (scope === router.as) for (const area of router.areas.values()) area.originateDirty = true
}

function configureInterface(router: Router, config: InterfaceConfig): void {
  if (config.authentication?.type === 'cryptographic' && router.digests === undefined) {
    throw new Error(`interface ${config.name}: no digests to authenticate with`)
  }
  const old = router.interfaces.get(config.name)
  if (
    old &&
    (old.config.area !== config.area ||
      old.config.network !== config.network ||
      old.config.passive !== config.passive)
  ) {
    const { link, linkScope } = old
    configure(router, { type: 'remove-interface', interface: config.name })
    configureInterface(router, config)
    const next = router.interfaces.get(config.name)!
    for (const [lsId, data] of linkScope.opaques) next.linkScope.opaques.set(lsId, data)
    return router.setLink(next, link)
  }
  if (!old) {
    const area = router.area(config.area)
    const iface = new Interface(router, area, config)
    router.interfaces.set(config.name, iface)
    area.interfaces.add(iface)
    return
  }
  const was = old.config
  // the cost of a virtual link follows from its way (15)
  old.config = config.virtual ? { ...config, cost: was.cost } : config
  if (old.state !== 'Down') old.meetConfigured()
  old.mismatches.clear()
  old.area.originateDirty = true
  if (was.helloInterval !== config.helloInterval && old.helloTimer.armed) {
    old.helloTimer.set(router.now)
  }
  if (was.priority !== config.priority) old.event('NeighborChange')
}
