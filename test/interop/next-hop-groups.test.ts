/**
 * Weights and the drain bit from end to end: directors announce a VIP with a share of the traffic, this library is the
 * router and has resilient next-hop groups, and what counts is what `ip` prints of the router's kernel.
 *
 *   router 10.0.1.1 --+-- 10.0.1.0/24 --+-- directors 10.0.1.11 and on, one interface each in one namespace
 */
import t, { type Test } from 'tap'
import type { SpeakerOptions } from '../../lib/index.ts'
import { Lab, missing, until } from './lab.ts'
import { classicTimers, onEth0, SpeakerChild } from './speakers.ts'

t.setTimeout(280_000)
t.jobs = 1

const vip = '192.0.2.100'
const BUCKETS = 120

const addressOf = (i: number): string => `10.0.1.${11 + i}`
const nameOf = (i: number): string => `lb${i}`

interface World {
  readonly lab: Lab
  readonly count: number
  readonly directors: SpeakerChild
}

/** The next-hop objects of the router by id, as `ip -j nexthop` prints them. */
interface Seen {
  readonly id: number
  readonly gateway?: string
  readonly dev?: string
  readonly protocol?: string
  readonly group?: readonly { readonly id: number; readonly weight?: number }[]
  readonly type?: string
  readonly resilient_args?: { readonly buckets: number; readonly idle_timer: number }
}

interface SeenBucket {
  readonly id: number
  readonly bucket: { readonly index: number; readonly nhid: number }
}

async function build(t: Test, count: number): Promise<World> {
  const lab = Lab.for(t)
  lab.node('router', { 'net.ipv4.ip_forward': 1, 'net.ipv4.fib_multipath_hash_policy': 1 })
  // one address per interface of one host: each answers for its own alone
  lab.node('directors', { 'net.ipv4.conf.all.arp_ignore': 1, 'net.ipv4.conf.all.arp_announce': 2 })
  lab.lan('lan', { router: '10.0.1.1/24' })
  for (let i = 0; i < count; i++) lab.join('lan', 'directors', `${addressOf(i)}/24`)
  const installRoutes = { resilient: { buckets: BUCKETS, idleTimer: 1, unbalancedTimer: 0 } }
  await SpeakerChild.start(t, lab, 'router', onEth0('10.0.1.1', { priority: 1 }, { installRoutes }))
  const speakers = Object.fromEntries(
    Array.from({ length: count }, (_, i): [string, SpeakerOptions] => [
      nameOf(i),
      {
        routerId: addressOf(i),
        areas: { '0.0.0.0': { interfaces: { [`eth${i}`]: classicTimers } } },
        installRoutes: false,
      },
    ]),
  )
  const directors = await SpeakerChild.start(t, lab, 'directors', speakers)
  return { lab, count, directors }
}

interface Group {
  readonly id: number
  readonly buckets: number
  readonly weights: Readonly<Record<string, number>>
  /** Buckets that lead to each director. */
  readonly shares: Readonly<Record<string, number>>
  /** The next hops of the route that leads to it. */
  readonly route: Readonly<Record<string, number>>
}

/** What the router's kernel has for the VIP: the route, its group and the buckets of that. */
async function group({ lab }: World): Promise<Group> {
  const ip = async <T>(...words: readonly string[]): Promise<T[]> =>
    JSON.parse((await lab.exec('router', ['ip', '-j', ...words])) || '[]') as T[]
  const [route] = await ip<{
    readonly nhid?: number
    readonly protocol: string
    readonly gateway?: string
    readonly nexthops?: readonly { readonly gateway: string; readonly weight: number }[]
  }>('route', 'show', vip)
  if (route?.nhid === undefined) throw new Error(`no route with a group: ${JSON.stringify(route)}`)
  const objects = new Map((await ip<Seen>('nexthop')).map((object) => [object.id, object]))
  const found = objects.get(route.nhid)
  if (found?.type !== 'resilient') throw new Error(`no resilient group: ${JSON.stringify(found)}`)
  const gatewayOf = (id: number): string => objects.get(id)?.gateway ?? '?'
  const shares: Record<string, number> = {}
  for (const { bucket } of await ip<SeenBucket>('nexthop', 'bucket', 'list', 'id', `${found.id}`)) {
    const gateway = gatewayOf(bucket.nhid)
    shares[gateway] = (shares[gateway] ?? 0) + 1
  }
  const { nexthops = [{ gateway: route.gateway ?? '?', weight: 1 }] } = route
  return {
    id: found.id,
    buckets: found.resilient_args?.buckets ?? 0,
    weights: Object.fromEntries(
      (found.group ?? []).map(({ id, weight = 1 }) => [gatewayOf(id), weight]),
    ),
    shares,
    route: Object.fromEntries(nexthops.map(({ gateway, weight }) => [gateway, weight])),
  }
}

/** Waits until the group is as `is` says, and what was read one after the other fits together. */
const grouped = (world: World, what: string, is: (group: Group) => boolean): Promise<Group> =>
  until(
    async () => {
      const now = await group(world)
      if (is(now) && isSame(now.route, now.weights)) return now
      throw new Error(JSON.stringify(now))
    },
    { what, timeout: 90 },
  )

/** Weights of all directors, but for those that are told apart. */
const weights = ({ count }: World, others: Record<number, number>, rest: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [addressOf(i), others[i] ?? rest] as const),
  )

const isSame = (a: object, b: object): boolean =>
  JSON.stringify(Object.entries(a).toSorted()) === JSON.stringify(Object.entries(b).toSorted())

const total = (shares: Group['shares']): number =>
  Object.values(shares).reduce((sum, share) => sum + share, 0)

async function run(t: Test, count: number): Promise<void> {
  const world = await build(t, count)
  const { directors } = world
  const last = count - 1
  for (let i = 0; i < count; i++) await directors.announceAs(vip, {}, nameOf(i))

  const fair = BUCKETS / count
  const equal = await grouped(world, 'equal shares', ({ weights: now, shares }) => {
    const isFair = Object.values(shares).every((share) => Math.abs(share - fair) <= 1)
    return isSame(now, weights(world, {}, 1)) && Object.keys(shares).length === count && isFair
  })
  t.equal(equal.buckets, BUCKETS)
  t.equal(total(equal.shares), BUCKETS)

  t.comment('one asks for half of what the others have')
  await directors.withdraw(vip, nameOf(last))
  await grouped(world, 'one has left', ({ weights: now }) => Object.keys(now).length === last)
  await directors.announceAs(vip, { weight: 50 }, nameOf(last))
  const half = await grouped(world, '50 beside 100', ({ weights: now, shares }) => {
    const fairly = BUCKETS / (2 * last + 1)
    return (
      isSame(now, weights(world, { [last]: 1 }, 2)) &&
      Math.abs((shares[addressOf(last)] ?? 0) - fairly) <= 1
    )
  })
  t.equal(half.id, equal.id, 'it is the same group, changed in place')
  t.equal(total(half.shares), BUCKETS)

  t.comment('the first drains while it has connections')
  await directors.connections(vip, 1, nameOf(0))
  const drained = directors.drain(vip, nameOf(0))
  const factor = Math.floor(255 / (count === 2 ? 1 : 2))
  const draining = weights(world, { 0: 1, [last]: factor }, 2 * factor)
  const away = await grouped(world, 'no bucket leads to who drains', (now) => {
    return isSame(now.weights, draining) && now.shares[addressOf(0)] === undefined
  })
  t.equal(away.id, equal.id)
  t.equal(total(away.shares), BUCKETS)

  t.comment('and comes back')
  await directors.undrain(vip, nameOf(0))
  await drained
  const back = await grouped(world, 'it has its share again', ({ weights: now, shares }) => {
    return isSame(now, half.weights) && isSame(shares, half.shares)
  })
  t.equal(back.id, equal.id)
}

t.test('two directors', { skip: missing() }, (t) => run(t, 2))
t.test('sixteen directors', { skip: missing() }, (t) => run(t, 16))
