/** One change of a route in the kernel. */
import { formatPrefix } from '../wire/address.ts'
import type { Request } from './netlink.ts'
import { MessageFlag } from './netlink-message.ts'
import type { Entry, Way } from './route-entry.ts'
import { encodeRoute, RTM_DELROUTE, RTM_NEWROUTE } from './route-message.ts'
import type { RouteSettings } from './route-options.ts'

export interface Step {
  readonly entry: Entry
  readonly action: 'create' | 'replace' | 'remove'
  readonly way: Way
}

const flagsOf: Record<Step['action'], number> = {
  create: MessageFlag.create | MessageFlag.exclusive,
  replace: MessageFlag.replace,
  remove: 0,
}

/** What the kernel is asked to do. */
export function requestOf(step: Step, { table, metric, protocol }: RouteSettings): Request {
  const { entry, action, way } = step
  const { prefix, length } = entry
  const { hops, group, source } = way
  return {
    what: () => `${action} route ${formatPrefix(prefix, length)}`,
    type: action === 'remove' ? RTM_DELROUTE : RTM_NEWROUTE,
    flags: flagsOf[action],
    payload: encodeRoute({
      prefix,
      length,
      hops,
      table,
      metric,
      protocol,
      ...(group === undefined ? {} : { nextHop: group.id }),
      ...(source === undefined ? {} : { source }),
    }),
  }
}
