/** How several next hops are installed: what is asked for, and what the kernel can. */
import { OspfError } from '../errors.ts'
import { maskOf } from '../wire/address.ts'
import type { NextHopSupport } from './nexthops.ts'
import type { RouteMode, RouteSettings } from './route-options.ts'

/** Chooses. Throws ERR_OSPF_KERNEL when the kernel cannot do what was demanded. */
export function chooseMode({ mode, resilient }: RouteSettings, support: NextHopSupport): RouteMode {
  const needs = {
    auto: [],
    multipath: [],
    groups: ['plain', 'resilient'],
    resilient: ['resilient'],
  }
  const needed: readonly string[] = needs[mode]
  if (needed.length > 0 && !needed.includes(support)) {
    const what = mode === 'groups' ? 'next-hop groups (Linux 5.3)' : 'resilient groups (Linux 5.13)'
    throw new OspfError('ERR_OSPF_KERNEL', `mode '${mode}': this kernel has no ${what}`)
  }
  if (mode === 'multipath') return { mode, resilient: false, why: 'it is asked for' }
  if (support === 'none') {
    const why = 'the kernel has no next-hop objects'
    return { mode: 'multipath', resilient: false, why }
  }
  const isAsked = resilient.prefixes.length > 0
  const why = mode === 'auto' ? 'the kernel has next-hop objects' : 'it is asked for'
  const but = isAsked && support === 'plain' ? ', but no resilient groups' : ''
  return { mode: 'groups', resilient: isAsked && support === 'resilient', why: `${why}${but}` }
}

/** Whether a prefix has a resilient group, where there are any. */
export function isResilient(
  { resilient: { prefixes } }: RouteSettings,
  { prefix, length }: { readonly prefix: number; readonly length: number },
): boolean {
  if (typeof prefixes === 'string') return prefixes === 'all' || length === 32
  return prefixes.some((p) => length >= p.length && (prefix & maskOf(p.length)) >>> 0 === p.prefix)
}
