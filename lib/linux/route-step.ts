/** One change of a route in the kernel. */
import { formatPrefix } from '../wire/address.ts'
import type { Bulk } from './netlink.ts'
import { MessageFlag } from './netlink-message.ts'
import type { Group, Move } from './nexthops.ts'
import type { Entry, Way } from './route-entry.ts'
import {
  type Hop,
  LENGTH_AT,
  PREFIX_AT,
  RTM_DELROUTE,
  RTM_NEWROUTE,
  writeRoute,
} from './route-message.ts'
import type { RouteSettings } from './route-options.ts'

export interface Step {
  readonly entry: Entry
  readonly action: 'create' | 'replace' | 'remove'
  readonly way: Way
}

/** Where the routes of one round are to lead. */
export interface Round {
  /** 'none': there is to be no route; undefined: it cannot be had now. */
  readonly targets: (Way | 'none' | undefined)[]
  /** Those that are to lead to groups, their places among the targets, and the groups. */
  readonly moves: readonly Move<Entry>[]
  readonly places: readonly number[]
  readonly groups: readonly Group[]
}

/** Ways of one round: those that are alike are the same object, as long as they follow each other. */
export class WayBook {
  #last: Way | undefined

  way(hops: readonly Hop[], group: Group | undefined, source: number | undefined): Way {
    const last = this.#last
    const isSame =
      last !== undefined &&
      last.group === group &&
      last.source === source &&
      (group !== undefined || last.hops === hops)
    if (!isSame) this.#last = { hops, group, source }
    return this.#last!
  }
}

const flagsOf: Record<Step['action'], number> = {
  create: MessageFlag.create | MessageFlag.exclusive,
  replace: MessageFlag.replace,
  remove: 0,
}

/** What the kernel is asked to do. */
export function requestsOf(
  steps: readonly Step[],
  { table, metric, protocol }: RouteSettings,
): Bulk {
  return {
    count: steps.length,
    write(writer, index, sequence) {
      const { entry, action, way } = steps[index]!
      const { prefix, length } = entry
      const start = writer.length
      const before = start === 0 ? undefined : steps[index - 1]
      if (before !== undefined && before.way === way && before.action === action) {
        const at = writer.again(sequence)
        writer.putU8(at + LENGTH_AT, length).putIpv4(at + PREFIX_AT, prefix)
        return
      }
      const { hops, group, source } = way
      const type = action === 'remove' ? RTM_DELROUTE : RTM_NEWROUTE
      writeRoute(writer.header(type, flagsOf[action], sequence), {
        prefix,
        length,
        hops,
        table,
        metric,
        protocol,
        ...(group === undefined ? {} : { nextHop: group.id }),
        ...(source === undefined ? {} : { source }),
      }).seal(start)
    },
    what(index) {
      const { entry, action } = steps[index]!
      return `${action} route ${formatPrefix(entry.prefix, entry.length)}`
    },
  }
}
