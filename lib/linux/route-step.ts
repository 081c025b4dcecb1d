/** One change of a route in the kernel. */
import { formatPrefix } from '../wire/address.ts'
import type { Request } from './netlink.ts'
import { MessageFlag } from './netlink-message.ts'
import type { Entry, Way } from './route-entry.ts'
import { encodeRoute, RTM_DELROUTE, RTM_NEWROUTE, withPrefix } from './route-message.ts'
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

/** What the kernel is asked to do, step by step. */
export function requestsOf(
  steps: readonly Step[],
  { table, metric, protocol }: RouteSettings,
): Request[] {
  // of the last step, which nearly always is what the next one is
  let last: Step | undefined
  let payload: Uint8Array = EMPTY
  return steps.map((step) => {
    const { entry, action, way } = step
    const { prefix, length } = entry
    if (last?.way === way && last.entry.length === length) payload = withPrefix(payload, prefix)
    else {
      const { hops, group, source } = way
      payload = encodeRoute({
        prefix,
        length,
        hops,
        table,
        metric,
        protocol,
        ...(group === undefined ? {} : { nextHop: group.id }),
        ...(source === undefined ? {} : { source }),
      })
    }
    last = step
    return {
      what: () => `${action} route ${formatPrefix(prefix, length)}`,
      type: action === 'remove' ? RTM_DELROUTE : RTM_NEWROUTE,
      flags: flagsOf[action],
      payload,
    }
  })
}

const EMPTY = new Uint8Array()
