/** What kind of router we are (RFC 2328 3.3, RFC 3509). */
import { BACKBONE } from './area.ts'
import type { Neighbor } from './neighbor.ts'
import type { AbrType, Router } from './router.ts'

/** What makes an area border router; a Router is one of these. */
export interface Borders {
  readonly announceOnly: boolean
  readonly abrType: AbrType
  readonly areas: ReadonlyMap<
    number,
    {
      readonly isActive: boolean
      readonly interfaces: Iterable<{
        readonly neighbors: ReadonlyMap<number, Pick<Neighbor, 'state'>>
      }>
    }
  >
}

/** An area border router, by the rule of RFC 3509 that was chosen. */
export function isAbr({ announceOnly, areas, abrType }: Borders): boolean {
  if (announceOnly) return false
  let active = 0
  for (const area of areas.values()) if (area.isActive) active++
  if (active < 2) return false
  const backbone = areas.get(BACKBONE)
  switch (abrType) {
    case 'standard':
      return true
    case 'cisco':
      return backbone?.isActive === true
    case 'ibm':
      return backbone !== undefined
  }
}

/** An AS boundary router: it advertises something from outside. */
export function isAsbr(router: Router): boolean {
  const { externals } = router.as
  if (externals.redistributes || !externals.isEmpty) return true
  // RFC 5250 5: so that other areas can tell whether we are there
  if (router.as.opaques.size > 0 || router.routerInformation?.scope === 'as') return true
  if (!isAbr(router)) return false
  // RFC 3101 3.1: so that the border routers of an NSSA see each other from outside
  for (const { config, isActive } of router.areas.values()) {
    if (config.kind === 'nssa' && isActive) return true
  }
  return false
}

/**
 * A border router that believes the summaries of the backbone alone (16.2). RFC 3509 2.2: only while somebody is there,
 * but for those who keep to the letter of RFC 2328.
 */
export function isOfBackbone(router: Borders): boolean {
  if (!isAbr(router)) return false
  if (router.abrType === 'standard') return true
  for (const { neighbors } of router.areas.get(BACKBONE)?.interfaces ?? []) {
    for (const { state } of neighbors.values()) if (state === 'Full') return true
  }
  return false
}
