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

/** So many removals that are alike are spread. */
const SPREAD_FROM = 64
/** Each place is far from those before it. */
const GOLDEN = (Math.sqrt(5) - 1) / 2

/**
 * The steps in an order that suits the kernel: of many removals in a row, neighbours do not follow each other. In order
 * of prefixes, as they often come, each unmakes a node of the trie (resize in net/ipv4/fib_trie.c), which takes longer
 * than all else. New routes are quickest in their order.
 */
export function spread(steps: readonly Step[]): readonly Step[] {
  if (steps.length < SPREAD_FROM) return steps
  const ordered: Step[] = []
  for (let from = 0; from < steps.length; ) {
    const { way, action } = steps[from]!
    let to = from + 1
    while (to < steps.length && steps[to]!.way === way && steps[to]!.action === action) to++
    const count = to - from
    const stride = action !== 'remove' || count < SPREAD_FROM ? 1 : strideOf(count)
    for (let i = 0, at = 0; i < count; i++, at = (at + stride) % count)
      ordered.push(steps[from + at]!)
    from = to
  }
  return ordered
}

/** One that comes to every place. */
function strideOf(count: number): number {
  let stride = Math.round(count * GOLDEN)
  while (divisorOf(stride, count) !== 1) stride++
  return stride
}

const divisorOf = (a: number, b: number): number => (b === 0 ? a : divisorOf(b, a % b))

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
