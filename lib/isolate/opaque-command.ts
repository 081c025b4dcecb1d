/** What the core would be told of an opaque LSA, as the application asks for it. */
import type { ConfigChange } from '../core/io.ts'
import { formatIpv4 } from '../wire/address.ts'
import type { Command } from './messages.ts'

/** @throws for other changes, which are not asked for */
export function opaqueCommand(
  change: ConfigChange,
): Extract<Command, { do: 'opaque' | 'withdraw-opaque' }> {
  if (change.type !== 'opaque' && change.type !== 'withdraw-opaque') {
    throw new Error(`${change.type} is no opaque LSA`)
  }
  const { where, opaqueType, opaqueId } = change
  const place =
    where.scope === 'link'
      ? { scope: where.scope, interface: where.interface }
      : where.scope === 'area'
        ? { scope: where.scope, area: formatIpv4(where.area) }
        : { scope: where.scope }
  const name = JSON.stringify([place, opaqueType, opaqueId])
  if (change.type === 'withdraw-opaque') return { do: 'withdraw-opaque', name }
  return { do: 'opaque', name, options: { ...place, opaqueType, opaqueId, data: change.data } }
}
