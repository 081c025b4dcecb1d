/** What tests of the route sink have in common: two pairs of devices, and what there is to see. */
import type { Test } from 'tap'
import { LinuxLinks } from '../../lib/linux/links.ts'
import type { LinuxRoutesOptions, RouteEvent } from '../../lib/linux/route-options.ts'
import { LinuxRoutes } from '../../lib/linux/routes.ts'
import { formatPrefix } from '../../lib/wire/address.ts'
import { FakeClock } from '../health/fake-clock.ts'
import { ip, until } from './netns.ts'

/** Routes of our protocol, one per line, hops joined to their route. */
export const ours = (more = ''): string[] =>
  ip(`-4 -o route show proto 188${more}`)
    .split('\n')
    .map((line) => line.replaceAll(/[\s\\]+/g, ' ').trim())
    .filter((line) => line !== '')

export interface RoutesWorld {
  readonly clock: FakeClock
  readonly links: LinuxLinks
  /** All but which mode was chosen. */
  readonly events: RouteEvent[]
  open(more?: Partial<LinuxRoutesOptions>): Promise<LinuxRoutes>
  close(routes: LinuxRoutes): Promise<void>
  /** Waits for an event, as 'type a.b.c.d/n', and returns it. */
  told(what: string): Promise<RouteEvent>
}

/** Two pairs of devices: a0 10.0.0.1/24 and c0 10.0.1.1/24. */
export async function routesWorld(
  t: Test,
  options: Partial<LinuxRoutesOptions> = {},
): Promise<RoutesWorld> {
  for (const [near, far, net] of [
    ['a0', 'b0', '10.0.0'],
    ['c0', 'd0', '10.0.1'],
  ]) {
    ip(`link add ${near} type veth peer name ${far}`)
    ip(`addr add ${net}.1/24 dev ${near}`)
    ip(`link set ${near} up`)
    ip(`link set ${far} up`)
  }
  const clock = new FakeClock()
  const links = await LinuxLinks.open()
  const events: RouteEvent[] = []
  const onEvent = (event: RouteEvent): void => {
    if (event.type !== 'mode') events.push(event)
  }
  return {
    clock,
    links,
    events,
    open: (more = {}) => LinuxRoutes.open({ links, clock, onEvent, ...options, ...more }),
    async close(routes) {
      await routes[Symbol.asyncDispose]()
      await links[Symbol.asyncDispose]()
      t.equal(clock.pending, 0, 'no timer is left')
    },
    async told(what) {
      const text = (e: RouteEvent): string =>
        'prefix' in e ? `${e.type} ${formatPrefix(e.prefix, e.length)}` : e.type
      await until(`"${what}"`, () => events.some((e) => text(e) === what)).catch((error: Error) => {
        throw new Error(`${error.message}; told: ${JSON.stringify(events)}`)
      })
      const at = events.findIndex((e) => text(e) === what)
      return events.splice(0, at + 1)[at]!
    },
  }
}
