/** The VIPs of a speaker: what is announced, what is on its way out, and what the core was told of each. */
import { Announcement, type AnnouncementOptions } from './announcement.ts'
import type { ConfigChange } from './core/io.ts'
import { OspfError, stopped } from './errors.ts'
import type { Parsed } from './options.ts'
import { parseVip } from './parse.ts'
import { checkOriginate } from './prefix-list.ts'
import type { Kept } from './reconfigure.ts'
import type { Redistributor } from './redistribution.ts'
import { type AnnounceOptions, hooksOf } from './vip.ts'
import { type AnnouncementGroup, announceList } from './vip-list.ts'
import { VipPlacement } from './vip-placement.ts'
import { formatPrefix } from './wire/address.ts'

type Below = Parameters<typeof hooksOf>[3]

export interface VipsOwner
  extends Below,
    Required<Pick<AnnouncementOptions, 'hold' | 'onStep' | 'onChange'>> {
  readonly redistributor: Pick<Redistributor, 'reserve'>
  /** As the options say it now. */
  options(): Parsed
  isStopping(): boolean
  /** A VIP is about to be announced, before its address appears; disposed when it has gone. */
  noteVip(address: number): Disposable
  /** It is announced, or waits for its gate, from now on. */
  begun(announcement: Announcement): void
}

export class Vips {
  readonly #owner: VipsOwner
  readonly #announcements = new Map<string, Announcement>()
  /** What the core is told of those, by the same keys. */
  readonly #announced = new Map<string, () => readonly ConfigChange[]>()
  readonly #placement = new VipPlacement()
  /** Announcements that are withdrawn and whose address is still there. */
  readonly #leaving = new Set<Promise<void>>()

  constructor(owner: VipsOwner) {
    this.#owner = owner
  }

  all(): readonly Announcement[] {
    return [...this.#announcements.values()]
  }

  get(prefix: string): Announcement | undefined {
    return this.#announcements.get(prefix)
  }

  /** @throws OspfError ERR_OSPF_CONFIG, ERR_OSPF_DUPLICATE, ERR_OSPF_STOPPED */
  announce(vip: string, options: AnnounceOptions): Announcement {
    const { prefix, length } = parseVip(vip)
    const text = formatPrefix(prefix, length)
    const owner = this.#owner
    if (owner.isStopping()) throw stopped(text)
    const config = owner.options()
    checkOriginate('VIP', config.originate, { prefix, length })
    const placed = this.#placement.place([text], options, config)
    const { announced, ...hooks } = hooksOf({ prefix, length }, placed, config.interfaces, owner)
    if (this.#announcements.has(text)) {
      throw new OspfError('ERR_OSPF_DUPLICATE', `VIP ${text} is announced already`)
    }
    const noted = owner.noteVip(prefix)
    const make = (release: Disposable): Announcement =>
      new Announcement({
        prefix: text,
        ...hooks,
        hold: owner.hold,
        onStep: owner.onStep,
        onChange: (event) => {
          // once: what goes wrong afterwards is told as another reason for the same state
          const isNews = event.state === 'withdrawn' && event.was !== 'withdrawn'
          if (isNews) this.#withdrawn(announcement, release, noted)
          owner.onChange(event)
        },
        clock: owner.clock,
      })
    let announcement: Announcement
    try {
      announcement = owner.redistributor.reserve({ prefix, length }, make)
    } catch (error) {
      noted[Symbol.dispose]()
      throw error
    }
    this.#announcements.set(text, announcement)
    this.#announced.set(text, announced)
    this.#placement.add(
      text,
      announced().flatMap((said) => (said.type === 'announce' ? said.stub.area : [])),
    )
    owner.begun(announcement)
    return announcement
  }

  /** @throws OspfError ERR_OSPF_CONFIG, ERR_OSPF_DUPLICATE, ERR_OSPF_STOPPED */
  announceAll(vips: string | readonly string[], options: AnnounceOptions): AnnouncementGroup {
    return announceList(vips, options, {
      clock: this.#owner.clock,
      isAnnounced: (vip) => this.#announcements.has(vip),
      place: (texts, how) => this.#placement.place(texts, how, this.#owner.options()),
      announce: (vip, how) => this.announce(vip, how),
    })
  }

  /** For a reconfiguration. */
  *kept(): Generator<Kept> {
    for (const [prefix, announced] of this.#announced) {
      const { state } = this.#announcements.get(prefix)!
      const active = state !== 'down' && state !== 'drained'
      for (const change of announced()) yield { change, what: `VIP ${prefix}`, active }
    }
  }

  /** Resolves when what is withdrawn by now has left nothing behind. */
  async gone(): Promise<void> {
    await Promise.all(this.#leaving)
  }

  /** The VIP may be announced anew from now on, while the address of this announcement waits for its removal. */
  #withdrawn(announcement: Announcement, ...held: readonly Disposable[]): void {
    const { prefix } = announcement
    if (this.#announcements.get(prefix) === announcement) {
      this.#announcements.delete(prefix)
      this.#announced.delete(prefix)
      this.#placement.delete(prefix)
    }
    const gone = announcement.stop().then(() => {
      for (const each of held) each[Symbol.dispose]()
    })
    this.#leaving.add(gone)
    void gone.then(() => this.#leaving.delete(gone))
  }
}
