/**
 * Next-hop objects of the kernel: leaves (a gateway on a device) and groups of leaves that routes lead to. What
 * changes at a group changes for every route that leads to it, in one message.
 *
 * Plain groups are shared: one for each set of next hops, as a rule. When all routes of a group go from one set to
 * another, the group changes and no route is touched; if the other set has a group already, there are two alike
 * then, unless the routes are so few that they may as well move.
 * Resilient groups have one owner and keep their id while it has a route: only a change in place leaves alone the
 * flows of the members that stay.
 *
 * Deleting a leaf takes it out of its groups, and deleting the last leaf of a group removes the group and the routes
 * that lead to it, without a word. So routes go first, then groups, leaves last, and each only when nobody uses it. A
 * device that goes down takes its leaves with it in the same way.
 *
 * Whose object is it? Ids are from a range that a lock stands for, and everything is made with NLM_F_EXCL: an id
 * that somebody else has taken is passed over. What is in the range with our protocol when we start is from an earlier
 * life.
 */
import { OspfError } from '../errors.ts'
import type { NetlinkSocket, Request } from './netlink.ts'
import { MessageFlag } from './netlink-message.ts'
import {
  decodeNextHop,
  encodeGroup,
  encodeLeaf,
  encodeNextHopQuery,
  type NextHopGroup,
  type ReadNextHop,
  type ResilientTable,
  RTM_DELNEXTHOP,
  RTM_GETNEXTHOP,
  RTM_GETNEXTHOPBUCKET,
  RTM_NEWNEXTHOP,
} from './nexthop-message.ts'
import { type Hop, sameHops } from './route-message.ts'

/** Ids that one set of objects may use. */
export const ID_RANGE = 0x40000
/** So many routes rather move to a group that is there than have a second one like it. */
const MOVED_AT_MOST = 64
/** Ids in a row that others may have taken. */
const ID_ATTEMPTS = 64

/** A next hop, with the number of groups of ours in the kernel that it is in. */
interface Leaf {
  readonly id: number
  readonly hop: Hop
  uses: number
  leftover: boolean
}

/** What routes lead to. */
export interface Group {
  readonly id: number
  readonly isResilient: boolean
  /** What it has in the kernel; undefined: it is not there. */
  readonly hops: readonly Hop[] | undefined
}

interface KnownGroup<U> extends Group {
  id: number
  hops: readonly Hop[] | undefined
  leaves: readonly Leaf[]
  /** Of what it has, or will have once written. */
  key: string | undefined
  readonly users: Set<U>
  /** Who has it for itself. */
  owner: U | undefined
  leftover: boolean
  /** A change whose answer got lost. */
  unsure: boolean
}

/** A set of next hops, and a name for it that does not depend on their order. */
export interface HopSet {
  readonly hops: readonly Hop[]
  readonly key: string
}

/** A route that is to lead to some next hops. */
export interface Move<U> {
  readonly user: U
  readonly set: HopSet
  /** Where it leads now. */
  readonly current: Group | undefined
  /** It is to have a group of its own. */
  readonly isResilient: boolean
}

/** Those of one group that are to lead to the same next hops. */
interface Moved {
  readonly set: HopSet
  /** Among the moves. */
  readonly places: number[]
}

/** What became of a write. */
export interface Written {
  readonly failed: ReadonlyMap<Group, OspfError>
  /** The kernel had dropped them, and with them the routes that led there. */
  readonly gone: readonly Group[]
  /** What is known is out of date. */
  readonly stale: boolean
}

/** What others changed: groups that are not there any more, and groups with other members than we gave them. */
export interface Difference {
  readonly gone: readonly Group[]
  readonly altered: readonly Group[]
}

export interface NextHopsOptions {
  readonly requests: NetlinkSocket
  readonly protocol: number
  /** The first id; ID_RANGE of them are ours. */
  readonly firstId: number
  readonly resilient: ResilientTable
}

/** What a kernel can do: nothing before 5.3, resilient groups from 5.13 on. */
export type NextHopSupport = 'none' | 'plain' | 'resilient'

/** Asks the kernel. Throws OspfError when it does not say. */
export async function probeNextHops(requests: NetlinkSocket): Promise<NextHopSupport> {
  const ask = async (type: number, id: number): Promise<boolean> => {
    const what = 'ask for next hop objects'
    try {
      await requests.dump({ what, type, payload: encodeNextHopQuery(id) })
      return true
    } catch (error) {
      if (!(error instanceof OspfError)) throw error
      if (error.errno === 'EOPNOTSUPP' || error.errno === 'ENOTSUP') return false
      // There is none with that id, or an id is not asked for like that: it knows what we talk about.
      if (error.code === 'ERR_OSPF_KERNEL') return true
      throw error
    }
  }
  if (!(await ask(RTM_GETNEXTHOP, 0))) return 'none'
  return (await ask(RTM_GETNEXTHOPBUCKET, 0xffffffff)) ? 'resilient' : 'plain'
}

/** Names a set of next hops. */
export const hopSet = (hops: readonly Hop[]): HopSet => ({
  hops,
  key: hops.map(nameOf).sort().join(),
})

const leafName = ({ index, gateway, onLink = false }: Hop): string =>
  `${index}/${gateway}/${onLink}`
const nameOf = (hop: Hop): string => `${leafName(hop)}/${hop.weight ?? 1}`

/** The objects of one set of routes. `U` is who uses them. */
export class NextHops<U extends object> {
  readonly #options: NextHopsOptions
  readonly #leaves = new Map<number, Leaf>()
  readonly #leafByName = new Map<string, Leaf>()
  readonly #groups = new Map<number, KnownGroup<U>>()
  readonly #plainByKey = new Map<string, Set<KnownGroup<U>>>()
  readonly #owned = new Map<U, KnownGroup<U>>()
  /** What is to be written. */
  readonly #changes = new Map<KnownGroup<U>, readonly Hop[]>()
  /** Perhaps not needed any more. */
  readonly #idleGroups = new Set<KnownGroup<U>>()
  readonly #idleLeaves = new Set<Leaf>()
  /** Ids of our range that others use. */
  #taken = new Set<number>()
  #nextId = 0

  constructor(options: NextHopsOptions) {
    this.#options = options
  }

  /** Takes over what an earlier life left. */
  async adopt(): Promise<void> {
    const found = await this.#find()
    for (const object of found.values()) {
      if (!this.#isOurs(object) || object.kind !== 'leaf') continue
      this.#addLeaf({ id: object.id, hop: object.hop, uses: 0, leftover: true })
    }
    for (const object of found.values()) {
      if (!this.#isOurs(object) || object.kind !== 'group') continue
      if (!object.members.every(({ id }) => this.#leaves.has(id))) continue
      const group = this.#addGroup(object.id, object.resilient !== undefined)
      group.leftover = true
      this.#take(group, object)
    }
    this.#note(found)
  }

  /** Objects that are known. */
  get size(): number {
    return this.#groups.size + this.#leaves.size
  }

  /** Groups that are in the kernel. */
  get groups(): number {
    let count = 0
    for (const { hops } of this.#groups.values()) if (hops !== undefined) count++
    return count
  }

  /** The group with this id, when it is ours. */
  group(id: number): Group | undefined {
    return this.#groups.get(id)
  }

  /** Whether a message about this id concerns us. */
  has(id: number): boolean {
    return this.#groups.has(id) || this.#leaves.has(id)
  }

  /** A route leads there, or may: the group stays. */
  use(group: Group | undefined, user: U): void {
    if (group !== undefined) this.#known(group)?.users.add(user)
  }

  /** It does not any more. */
  release(group: Group | undefined, user: U): void {
    const known = group && this.#known(group)
    if (known?.users.delete(user) && known.users.size === 0) this.#idleGroups.add(known)
  }

  users(group: Group): ReadonlySet<U> {
    return this.#known(group)?.users ?? new Set()
  }

  /** The user will not want its own group again. */
  disown(user: U): void {
    const group = this.#owned.get(user)
    if (group === undefined) return
    this.#owned.delete(user)
    group.owner = undefined
    this.#idleGroups.add(group)
  }

  /**
   * Decides which group each is to lead to, in their order, for `write` to bring about. Those of `leaving` are about to
   * have no route any more, so what becomes of their group does not matter to them.
   */
  plan(moves: readonly Move<U>[], leaving: readonly U[]): readonly Group[] {
    const targets: Group[] = []
    const byGroup = new Map<KnownGroup<U> | undefined, Map<string, Moved>>()
    const toSet = (group: KnownGroup<U> | undefined, set: HopSet): Moved => {
      const byKey = byGroup.get(group) ?? new Map<string, Moved>()
      byGroup.set(group, byKey)
      const known = byKey.get(set.key) ?? { set, places: [] }
      byKey.set(set.key, known)
      return known
    }
    // as a rule, many that go the same way follow each other
    let last: { readonly move: Move<U>; readonly moved: Moved } | undefined
    for (let i = 0; i < moves.length; i++) {
      const move = moves[i]!
      const { current: now, set, isResilient } = move
      if (last?.move.set === set && last.move.current === now && !isResilient) {
        last.moved.places.push(i)
        continue
      }
      const current = now === undefined ? undefined : this.#known(now)
      if (isResilient) {
        targets[i] = this.#own(move, current)
      } else if (current?.isResilient === false && current.key === set.key) {
        targets[i] = current
      } else {
        const moved = toSet(current?.isResilient === false ? current : undefined, set)
        moved.places.push(i)
        last = { move, moved }
      }
    }
    // Groups that change first: what they had is not to be found any more.
    for (const [group, byKey] of byGroup) {
      const [moved] = byKey.values()
      if (group === undefined || moved === undefined || byKey.size > 1) continue
      const others = leaving.filter((user) => group.users.has(user)).length
      const { set, places } = moved
      if (places.length + others !== group.users.size) continue
      if (this.#plainByKey.has(set.key) && places.length <= MOVED_AT_MOST) continue
      this.#change(group, set)
      for (const place of places) targets[place] = group
      byGroup.delete(group)
    }
    for (const byKey of byGroup.values()) {
      for (const [key, { set, places }] of byKey) {
        const [there] = this.#plainByKey.get(key) ?? []
        const group = there ?? this.#change(this.#addGroup(this.#allocate(), false), set)
        for (const place of places) targets[place] = group
      }
    }
    return targets
  }

  /** Something was planned that is not written yet. */
  get isPlanned(): boolean {
    return this.#changes.size > 0
  }

  /** Writes what was planned: leaves, then groups, each all at once. */
  async write(): Promise<Written> {
    const failed = new Map<Group, OspfError>()
    const gone: Group[] = []
    let stale = false
    const changes = [...this.#changes]
    this.#changes.clear()
    const missing = this.#missingLeaves(changes.flatMap(([, hops]) => hops))
    // where there is nothing to wait for, the groups leave at once
    const refused = missing.size > 0 ? await this.#makeLeaves(missing) : NONE_REFUSED
    let unsent: [KnownGroup<U>, readonly Leaf[], readonly Hop[]][] = []
    for (const [group, hops] of changes) {
      const names = hops.map(leafName)
      const name = names.find((n) => refused.has(n))
      if (name === undefined) {
        unsent.push([group, names.map((n) => this.#leafByName.get(n)!), hops])
        continue
      }
      const error = refused.get(name)!
      stale ||= error.errno === 'ENOBUFS'
      failed.set(group, error)
    }
    for (let attempt = 0; unsent.length > 0; attempt++) {
      const outcomes = await this.#batch(
        unsent.map(([group, leaves, hops]) => this.#requestFor(group, leaves, hops)),
      )
      unsent = unsent.filter(([group, leaves, hops], i) => {
        const error = outcomes[i]
        const errno = error?.errno
        if (error === undefined) {
          this.#settle(group, hops, leaves)
        } else if (group.hops === undefined && errno === 'EEXIST' && attempt < ID_ATTEMPTS) {
          this.#renumber(group)
          return true
        } else if (group.hops !== undefined && errno === 'ENOENT') {
          this.#settle(group, undefined, [])
          gone.push(group)
        } else {
          group.unsure = errno === 'ENOBUFS'
          // EINVAL: perhaps a leaf is gone, as its device was down.
          stale ||= group.unsure || errno === 'EINVAL'
          failed.set(group, error)
        }
        return false
      })
    }
    for (const [group] of changes) {
      this.#index(group, group.hops === undefined ? undefined : hopSet(group.hops).key)
      if (group.users.size === 0) this.#idleGroups.add(group)
    }
    return { failed, gone, stale }
  }

  /** Reads what is in the kernel. */
  async read(): Promise<Difference> {
    const found = await this.#find()
    const gone: Group[] = []
    const altered: Group[] = []
    for (const leaf of [...this.#leaves.values()]) {
      const there = found.get(leaf.id)
      const same = there !== undefined && this.#isOurs(there) && there.kind === 'leaf'
      if (!same || leafName(there.hop) !== leafName(leaf.hop)) this.#dropLeaf(leaf)
    }
    for (const group of [...this.#groups.values()]) {
      const there = found.get(group.id)
      const before = group.hops
      const same = there !== undefined && this.#isOurs(there) && there.kind === 'group'
      if (same && (there.resilient !== undefined) === group.isResilient) {
        this.#take(group, there)
        if (before !== undefined && !group.unsure && !sameHops(before, group.hops)) {
          altered.push(group)
        }
      } else {
        this.#settle(group, undefined, [])
        this.#index(group, undefined)
        if (before !== undefined) gone.push(group)
      }
      group.unsure = false
      if (group.users.size === 0) this.#idleGroups.add(group)
    }
    this.#note(found)
    return { gone, altered }
  }

  /**
   * From now on, what is left of an earlier life goes when it is not used. `used`: ids that routes of whatever table
   * lead to; those are another one's then, and stay.
   */
  releaseLeftovers(used: ReadonlySet<number>): void {
    for (const group of [...this.#groups.values()]) {
      if (!group.leftover) continue
      group.leftover = false
      if (group.users.size > 0) continue
      if (used.has(group.id)) this.#forget(group)
      else this.#idleGroups.add(group)
    }
    for (const leaf of this.#leaves.values()) {
      leaf.leftover = false
      if (leaf.uses === 0) this.#idleLeaves.add(leaf)
    }
  }

  /** Deletes what nobody uses. Returns what the kernel refused; it is tried again with the next call. */
  async collect(): Promise<readonly OspfError[]> {
    const errors: OspfError[] = []
    const remove = async <T extends { readonly id: number }>(
      objects: readonly T[],
      what: string,
      gone: (object: T) => void,
    ): Promise<void> => {
      const outcomes = await this.#batch(
        objects.map(({ id }) => ({
          what: `remove ${what} ${id}`,
          type: RTM_DELNEXTHOP,
          payload: encodeNextHopQuery(id),
        })),
      )
      for (const [i, object] of objects.entries()) {
        const error = outcomes[i]
        if (error === undefined || error.errno === 'ENOENT') gone(object)
        else errors.push(error)
      }
    }
    for (const group of this.#idleGroups) {
      const used = group.users.size > 0 || group.owner !== undefined || group.leftover
      if (used || !this.#groups.has(group.id)) this.#idleGroups.delete(group)
      else if (group.hops === undefined && !group.unsure) this.#forget(group)
    }
    const groups = [...this.#idleGroups].filter((group) => !group.unsure)
    if (groups.length > 0) await remove(groups, 'next hop group', (group) => this.#forget(group))
    for (const leaf of this.#idleLeaves) {
      const there = this.#leaves.get(leaf.id) === leaf
      if (!there || leaf.uses > 0 || leaf.leftover) this.#idleLeaves.delete(leaf)
    }
    if (this.#idleLeaves.size === 0) return errors
    // The last look: with a leaf, the kernel would remove groups and routes, whoever made them.
    const members = new Set<number>()
    for (const object of (await this.#find()).values()) {
      if (object.kind === 'group') for (const { id } of object.members) members.add(id)
    }
    const leaves = [...this.#idleLeaves].filter(({ id }) => !members.has(id))
    await remove(leaves, 'next hop', (leaf) => this.#dropLeaf(leaf))
    return errors
  }

  #known(group: Group): KnownGroup<U> | undefined {
    const known = this.#groups.get(group.id)
    return known === group ? known : undefined
  }

  /** The group that a user has for itself. */
  #own({ user, set }: Move<U>, current: KnownGroup<U> | undefined): KnownGroup<U> {
    let group = this.#owned.get(user)
    if (group === undefined) {
      const adopted = current?.isResilient && current.users.size === 1 ? current : undefined
      group = adopted ?? this.#addGroup(this.#allocate(), true)
      group.owner = user
      this.#owned.set(user, group)
    }
    return sameHops(group.hops, set.hops) ? group : this.#change(group, set)
  }

  #change(group: KnownGroup<U>, set: HopSet): KnownGroup<U> {
    this.#changes.set(group, set.hops)
    this.#index(group, set.key)
    return group
  }

  /** Those that are not there yet, by name. */
  #missingLeaves(hops: readonly Hop[]): Map<string, Hop> {
    const missing = new Map<string, Hop>()
    for (const { weight: _, ...hop } of hops) {
      const name = leafName(hop)
      if (!this.#leafByName.has(name)) missing.set(name, hop)
    }
    return missing
  }

  /** Makes them; returns what was refused, by name. */
  async #makeLeaves(missing: Map<string, Hop>): Promise<ReadonlyMap<string, OspfError>> {
    const refused = new Map<string, OspfError>()
    const { protocol } = this.#options
    for (let attempt = 0; missing.size > 0; attempt++) {
      const leaves = Array.from(missing.values(), (hop) => ({
        id: this.#allocate(),
        protocol,
        hop,
      }))
      const outcomes = await this.#batch(
        leaves.map((leaf) => ({
          what: `create next hop ${leaf.id}`,
          type: RTM_NEWNEXTHOP,
          flags: MessageFlag.create | MessageFlag.exclusive,
          payload: encodeLeaf(leaf),
        })),
      )
      for (const [i, { id, hop }] of leaves.entries()) {
        const error = outcomes[i]
        const name = leafName(hop)
        if (error?.errno === 'EEXIST' && attempt < ID_ATTEMPTS) {
          this.#taken.add(id)
          continue
        }
        missing.delete(name)
        // With the answer lost, it may be there: the next reading tells.
        if (error === undefined || error.errno === 'ENOBUFS') {
          this.#addLeaf({ id, hop, uses: 0, leftover: false })
        }
        if (error !== undefined) refused.set(name, error)
      }
    }
    return refused
  }

  #requestFor(group: KnownGroup<U>, leaves: readonly Leaf[], hops: readonly Hop[]): Request {
    const isNew = group.hops === undefined
    const { protocol, resilient } = this.#options
    const members = leaves.map(({ id }, i) => ({ id, weight: hops[i]!.weight ?? 1 }))
    // The number of buckets cannot change.
    const table = isNew ? resilient : { ...resilient, buckets: 0 }
    const { id, isResilient } = group
    return {
      what: `${isNew ? 'create' : 'replace'} next hop group ${id}`,
      type: RTM_NEWNEXTHOP,
      flags: isNew ? MessageFlag.create | MessageFlag.exclusive : MessageFlag.replace,
      payload: encodeGroup({ id, protocol, members, ...(isResilient ? { resilient: table } : {}) }),
    }
  }

  async #batch(requests: readonly Request[]): Promise<readonly (OspfError | undefined)[]> {
    if (requests.length === 0) return []
    return this.#options.requests
      .batch(requests)
      .catch((error: OspfError) => requests.map(() => error))
  }

  async #find(): Promise<Map<number, ReadNextHop>> {
    const messages = await this.#options.requests.dump({
      what: 'read the next hop objects',
      type: RTM_GETNEXTHOP,
      payload: encodeNextHopQuery(),
    })
    const found = new Map<number, ReadNextHop>()
    for (const message of messages) {
      const object = decodeNextHop(message)
      if (object !== undefined) found.set(object.id, object)
    }
    return found
  }

  #isOurs({ id, protocol }: ReadNextHop): boolean {
    return this.#isInRange(id) && protocol === this.#options.protocol
  }

  #isInRange(id: number): boolean {
    const { firstId } = this.#options
    return id >= firstId && id < firstId + ID_RANGE
  }

  /** Remembers which ids others have. */
  #note(found: ReadonlyMap<number, ReadNextHop>): void {
    this.#taken = new Set([...found.keys()].filter((id) => this.#isInRange(id) && !this.has(id)))
  }

  #allocate(): number {
    for (let i = 0; i < ID_RANGE; i++) {
      const id = this.#options.firstId + this.#nextId
      this.#nextId = (this.#nextId + 1) % ID_RANGE
      if (!this.has(id) && !this.#taken.has(id)) return id
    }
    throw new OspfError('ERR_OSPF_KERNEL', `all ${ID_RANGE} next hop ids are in use`)
  }

  #addLeaf(leaf: Leaf): void {
    this.#leaves.set(leaf.id, leaf)
    const name = leafName(leaf.hop)
    if (this.#leafByName.has(name)) this.#idleLeaves.add(leaf)
    else this.#leafByName.set(name, leaf)
  }

  #dropLeaf(leaf: Leaf): void {
    this.#leaves.delete(leaf.id)
    this.#idleLeaves.delete(leaf)
    const name = leafName(leaf.hop)
    if (this.#leafByName.get(name) === leaf) this.#leafByName.delete(name)
  }

  #addGroup(id: number, isResilient: boolean): KnownGroup<U> {
    const group: KnownGroup<U> = {
      id,
      isResilient,
      hops: undefined,
      leaves: [],
      key: undefined,
      users: new Set(),
      owner: undefined,
      leftover: false,
      unsure: false,
    }
    this.#groups.set(id, group)
    return group
  }

  #forget(group: KnownGroup<U>): void {
    this.#settle(group, undefined, [])
    this.#index(group, undefined)
    this.#groups.delete(group.id)
    this.#idleGroups.delete(group)
  }

  #renumber(group: KnownGroup<U>): void {
    this.#taken.add(group.id)
    this.#groups.delete(group.id)
    group.id = this.#allocate()
    this.#groups.set(group.id, group)
  }

  /** This is what the group has in the kernel. */
  #settle(group: KnownGroup<U>, hops: readonly Hop[] | undefined, leaves: readonly Leaf[]): void {
    for (const leaf of leaves) leaf.uses++
    for (const leaf of group.leaves) if (--leaf.uses === 0) this.#idleLeaves.add(leaf)
    group.hops = hops
    group.leaves = leaves
  }

  /** The group is as it was read. */
  #take(group: KnownGroup<U>, { members }: NextHopGroup): void {
    const leaves = members.map(({ id }) => this.#leaves.get(id))
    const hops = members.map(({ weight }, i) => {
      const hop = leaves[i]?.hop ?? strange
      return weight === 1 ? hop : { ...hop, weight }
    })
    this.#settle(
      group,
      hops,
      leaves.filter((leaf) => leaf !== undefined),
    )
    this.#index(group, hopSet(hops).key)
  }

  #index(group: KnownGroup<U>, key: string | undefined): void {
    if (group.isResilient || group.key === key) return
    if (group.key !== undefined) {
      const before = this.#plainByKey.get(group.key)
      before?.delete(group)
      if (before?.size === 0) this.#plainByKey.delete(group.key)
    }
    group.key = key
    if (key === undefined) return
    const now = this.#plainByKey.get(key)
    if (now === undefined) this.#plainByKey.set(key, new Set([group]))
    else now.add(group)
  }
}

const NONE_REFUSED: ReadonlyMap<string, OspfError> = new Map()

/** A member that somebody else put there. */
const strange: Hop = { index: -1, gateway: 0 }
