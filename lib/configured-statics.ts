/** The static routes of a configuration, in the kernel while its speaker runs. */
import { isDeepStrictEqual } from 'node:util'
import type { OspfError } from './errors.ts'
import { installStaticRoutes, type StaticRouteOptions, type StaticRoutes } from './static-routes.ts'

export class ConfiguredStatics {
  readonly #onError: (error: OspfError) => void
  readonly #install: typeof installStaticRoutes
  #installed: StaticRoutes | undefined

  constructor(
    onError: (error: OspfError) => void,
    install: typeof installStaticRoutes = installStaticRoutes,
  ) {
    this.#onError = onError
    this.#install = install
  }

  /** Makes these the routes; none: lets go of the kernel. @throws OspfError as `installStaticRoutes` */
  async to(routes: readonly StaticRouteOptions[]): Promise<void> {
    if (routes.length > 0 && this.#installed !== undefined) return this.#installed.update(routes)
    if (routes.length > 0) this.#installed = await this.#install({ routes, onError: this.#onError })
    else {
      const installed = this.#installed
      this.#installed = undefined
      await installed?.[Symbol.asyncDispose]()
    }
  }
}

/** Lines for people: what comes and what goes. */
export function staticDifferences(
  before: readonly StaticRouteOptions[],
  after: readonly StaticRouteOptions[],
): string[] {
  const missing = (
    these: readonly StaticRouteOptions[],
    those: readonly StaticRouteOptions[],
  ): StaticRouteOptions[] =>
    these.filter((one) => !those.some((other) => isDeepStrictEqual(one, other)))
  return [
    ...missing(before, after).map((one) => `static route ${textOf(one)} removed`),
    ...missing(after, before).map((one) => `static route ${textOf(one)} added`),
  ]
}

function textOf({ prefix, gateway, interface: device, discard, distance }: StaticRouteOptions) {
  const way = [
    gateway === undefined ? '' : ` via ${gateway}`,
    device === undefined ? '' : ` on ${device}`,
    discard === undefined ? '' : ` ${discard}`,
    distance === undefined ? '' : ` distance ${distance}`,
  ]
  return `${prefix}${way.join('')}`
}
