/** LSAs in words, for tests of who says what. */
import type { LsaSnapshot } from '../../lib/core/snapshots.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { formatIpv4, formatPrefix, lengthOfMask, networkOf } from '../../lib/wire/address.ts'
import { LsType } from '../../lib/wire/lsa.ts'
import { Option } from '../../lib/wire/options.ts'

const maxAge = 3600

/** The LSAs of a router's databases that are alive, by type and, if given, area and originator. */
export function lsas(
  router: SimRouter,
  type: number,
  { area, by }: { readonly area?: number; readonly by?: SimRouter } = {},
): LsaSnapshot[] {
  return router
    .database()
    .filter(
      (l) =>
        l.lsa.header.type === type &&
        l.age < maxAge &&
        (area === undefined || l.area === area) &&
        (by === undefined || l.lsa.header.advertisingRouter === by.id),
    )
}

/** Summaries of networks as '10.0.1.0/24': metric, those of boundary routers as '10.0.0.1': metric. */
export function summaries(
  router: SimRouter,
  area: number,
  by: SimRouter,
  type: number = LsType.summaryNetwork,
): Record<string, number> {
  const found: Record<string, number> = {}
  for (const { lsa } of lsas(router, type, { area, by })) {
    const { header, body } = lsa
    if (body.kind !== 'summary') throw new Error(`type ${header.type} is no summary`)
    const length = lengthOfMask(body.mask)!
    const network = formatPrefix(networkOf(header.lsId, length), length)
    found[type === LsType.summaryNetwork ? network : formatIpv4(header.lsId)] = body.metric
  }
  return found
}

/** Externals as '10.9.0.0/16': 'E2 20 via 10.0.0.1 tag 7 P', without what is 0. */
export function externals(
  router: SimRouter,
  type: number,
  where: { readonly area?: number; readonly by?: SimRouter } = {},
): Record<string, string> {
  const found: Record<string, string> = {}
  for (const { lsa } of lsas(router, type, where)) {
    const { header, body } = lsa
    if (body.kind !== 'external') throw new Error(`type ${header.type} is no external`)
    const length = lengthOfMask(body.mask)!
    found[formatPrefix(networkOf(header.lsId, length), length)] = [
      `E${body.metricType} ${body.metric}`,
      body.forwardingAddress === 0 ? '' : ` via ${formatIpv4(body.forwardingAddress)}`,
      body.tag === 0 ? '' : ` tag ${body.tag}`,
      type === LsType.nssa && header.options & Option.np ? ' P' : '',
    ].join('')
  }
  return found
}
