/** VIPs that are announced together: lists and ranges, one gate, one data plane. */
import type { Announcement, AnnouncementState, DrainOptions } from './announcement.ts'
import { OspfError } from './errors.ts'
import { asSharedGate } from './health/part.ts'
import { fail, parseVip } from './parse.ts'
import type { Clock } from './ports.ts'
import { type AnnounceOptions, asGate } from './vip.ts'
import type { DownResult } from './vip-history.ts'
import { formatPrefix } from './wire/address.ts'

/** VIPs of one list, at most. */
const LIST_MAX = 10_000

type Handle = Pick<Announcement, keyof Announcement>

/**
 * Reads a VIP, a range of them, or a list of both. 'A.B.C.D-A.B.C.E' is every address from the first to the last, each a
 * VIP of its own; a prefix is itself: one route, as in `announce`.
 * @throws OspfError ERR_OSPF_CONFIG, also when one comes twice
 */
export function expandVips(vips: string | readonly string[]): string[] {
  const items = typeof vips === 'string' ? [vips] : vips
  if (!Array.isArray(items) || items.length === 0) {
    throw fail('VIPs', 'an address, a range A.B.C.D-A.B.C.E, or a list of them', vips)
  }
  const found = new Set<string>()
  for (const item of items) {
    for (const text of expand(item)) {
      if (found.has(text)) throw fail('VIPs', 'each of them once', text)
      found.add(text)
      if (found.size > LIST_MAX) throw fail('VIPs', `at most ${LIST_MAX} of them`, item)
    }
  }
  return [...found]
}

function* expand(item: unknown): Generator<string> {
  const ends = typeof item === 'string' ? item.split('-') : []
  if (ends.length !== 2) {
    const { prefix, length } = parseVip(item)
    return yield formatPrefix(prefix, length)
  }
  const [first, last] = ends.map((end) => parseVip(end.trim())) as [Vip, Vip]
  if (first.length !== 32 || last.length !== 32 || first.prefix > last.prefix) {
    throw fail('VIPs', 'a range from an address to one that is no lower', item)
  }
  for (let prefix = first.prefix; prefix <= last.prefix; prefix++) yield formatPrefix(prefix, 32)
}

type Vip = ReturnType<typeof parseVip>

export interface VipListOwner {
  readonly clock: Clock
  isAnnounced(vip: string): boolean
  /** What the options mean for all of them together. @throws OspfError ERR_OSPF_CONFIG */
  place(vips: readonly string[], options: AnnounceOptions): AnnounceOptions
  /** @throws OspfError */
  announce(vip: string, options: AnnounceOptions): Handle
}

/**
 * Announces them, all or none.
 * @throws OspfError ERR_OSPF_CONFIG, ERR_OSPF_DUPLICATE, ERR_OSPF_STOPPED
 */
export function announceList(
  vips: string | readonly string[],
  options: AnnounceOptions,
  owner: VipListOwner,
): AnnouncementGroup {
  const texts = expandVips(vips)
  for (const text of texts) {
    if (!owner.isAnnounced(text)) continue
    throw new OspfError('ERR_OSPF_DUPLICATE', `VIP ${text} is announced already`)
  }
  const optionsOf = shareOptions(owner.place(texts, options), owner.clock)
  const made: Handle[] = []
  try {
    for (const text of texts) made.push(owner.announce(text, optionsOf()))
  } catch (error) {
    // nothing has left yet: that is done at the end of the turn
    for (const each of made) void each.stop('another of its list cannot be announced')
    throw error
  }
  return new AnnouncementGroup(made)
}

/** One gate that all of them read, and a data plane that comes with the first and goes with the last. */
function shareOptions(options: AnnounceOptions, clock: Clock): () => AnnounceOptions {
  const { when, prepare, release } = options
  const gate = asGate(when, clock)
  const shared = {
    ...options,
    ...(gate === undefined ? {} : { when: asSharedGate(gate, { clock }) }),
  }
  let preparing: Promise<void> | undefined
  /** Those that have it; a try that took too long may end well beside the next one of the same VIP. */
  const users = new Set<object>()
  return () => {
    const user = {}
    if (prepare === undefined) users.add(user)
    return {
      ...shared,
      ...(prepare && {
        prepare: async (signal) => {
          preparing ??= Promise.resolve(prepare(signal))
          try {
            await preparing
          } catch (error) {
            preparing = undefined
            throw error
          }
          users.add(user)
        },
      }),
      ...((prepare || release) && {
        release: async (signal) => {
          users.delete(user)
          if (users.size > 0) return
          preparing = undefined
          await release?.(signal)
        },
      }),
    }
  }
}

/** VIPs that are announced together. Each goes its own way from gate to route; what is asked here is asked of all. */
export class AnnouncementGroup implements Disposable, AsyncDisposable {
  /** One for each, in the order of the list. */
  readonly announcements: readonly Handle[]

  constructor(announcements: readonly Handle[]) {
    this.announcements = announcements
  }

  get prefixes(): readonly string[] {
    return this.announcements.map(({ prefix }) => prefix)
  }

  /** How many are in each state. */
  get states(): Partial<Record<AnnouncementState, number>> {
    const counts: Partial<Record<AnnouncementState, number>> = {}
    for (const { state } of this.announcements) counts[state] = (counts[state] ?? 0) + 1
    return counts
  }

  /** As `Announcement.force`. */
  force(state: 'up' | 'down' | undefined, reason?: string): void {
    for (const each of this.announcements) each.force(state, reason)
  }

  /** As `Announcement.drain`. @returns what happened, by VIP */
  drain(options: DrainOptions = {}): Promise<Record<string, DownResult>> {
    return this.#all((each) => each.drain(options))
  }

  /** As `Announcement.undrain`. */
  undrain(reason?: string): void {
    for (const each of this.announcements) each.undrain(reason)
  }

  /** As `Announcement.renew`. */
  renew(seconds?: number): void {
    for (const each of this.announcements) each.renew(seconds)
  }

  /** As `Announcement.setCost`. @throws OspfError ERR_OSPF_CONFIG, and nothing changes */
  setCost(cost: number): void {
    for (const each of this.announcements) each.setCost(cost)
  }

  /** As `Announcement.setWeight`. @throws OspfError ERR_OSPF_CONFIG, and nothing changes */
  setWeight(weight: number): void {
    for (const each of this.announcements) each.setWeight(weight)
  }

  /** As `Announcement.withdraw`. @returns what happened, by VIP */
  withdraw(reason?: string): Promise<Record<string, DownResult>> {
    return this.#all((each) => each.withdraw(reason))
  }

  [Symbol.dispose](): void {
    void this.withdraw()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.withdraw()
  }

  async #all(run: (each: Handle) => Promise<DownResult>): Promise<Record<string, DownResult>> {
    const results = this.announcements.map(async (each) => [each.prefix, await run(each)] as const)
    return Object.fromEntries(await Promise.all(results))
  }
}
