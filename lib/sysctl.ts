/** Kernel parameters as somebody wants them: compared, set when asked, and put back at the end. */
import type { SysctlPort } from './ports.ts'
import { reasonOf } from './reason.ts'

/** One parameter, and what it shall be. */
export interface SysctlWish {
  /** Below /proc/sys: 'net/ipv4/ip_forward'. */
  readonly path: string
  readonly wanted: number
  /** What goes wrong otherwise, as a sentence without its full stop. */
  readonly why: string
  /** Whether what there is does as well; default: only what is wanted does. */
  readonly suffices?: (read: (path: string) => number | undefined) => boolean
}

/** A parameter that is not as wanted. */
export interface SysctlFinding {
  /** As sysctl(8) prints it: 'net.ipv4.ip_forward'. */
  readonly name: string
  /** Below /proc/sys: 'net/ipv4/ip_forward'. */
  readonly path: string
  /** Undefined: this kernel or namespace has no such parameter, or it cannot be read. */
  readonly value: number | undefined
  readonly wanted: number
  readonly why: string
}

/** What became of a parameter. */
export interface SysctlEvent extends SysctlFinding {
  readonly type: 'sysctl'
  /**
   * 'differs': it is not as it should be; 'set': it was changed; 'restored': it is as it was before; 'refused': the
   * kernel did not let us.
   */
  readonly what: 'differs' | 'set' | 'restored' | 'refused'
  /** The kernel's words, or what makes it matter now. */
  readonly detail?: string
}

/** The path of a parameter of a device; 'all' and 'default' are the kernel's. */
export const deviceParameter = (device: string, parameter: string): string =>
  `net/ipv4/conf/${device}/${parameter}`

/** What was set by all keepers that share it: a parameter goes back to what it was when the last of them lets go. */
export class SysctlLedger {
  readonly #entries = new Map<string, { readonly before: number; readonly holders: Set<unknown> }>()

  /** It was set, and was this before. */
  add(path: string, before: number, holder: unknown): void {
    this.#entries.set(path, { before, holders: new Set([holder]) })
  }

  /** It is as this one wants it, too. @returns whether one of us had set it */
  join(path: string, holder: unknown): boolean {
    const entry = this.#entries.get(path)
    entry?.holders.add(holder)
    return entry !== undefined
  }

  /** @returns what it shall be again; undefined: somebody else still wants it */
  leave(path: string, holder: unknown): number | undefined {
    const entry = this.#entries.get(path)
    if (entry === undefined) return undefined
    entry.holders.delete(holder)
    if (entry.holders.size > 0) return undefined
    this.#entries.delete(path)
    return entry.before
  }
}

export class SysctlKeeper {
  readonly #port: SysctlPort
  readonly #ledger: SysctlLedger
  #wishes: readonly SysctlWish[]
  readonly #report: (event: SysctlEvent) => void
  #changed: readonly SysctlFinding[] = []

  constructor(
    port: SysctlPort,
    wishes: readonly SysctlWish[],
    report: (event: SysctlEvent) => void,
    ledger: SysctlLedger = new SysctlLedger(),
  ) {
    this.#port = port
    this.#ledger = ledger
    this.#wishes = wishes
    this.#report = report
  }

  /** What is not as wanted now. */
  findings(): SysctlFinding[] {
    const read = (path: string): number | undefined => this.#read(path)
    return this.#wishes.flatMap(({ path, wanted, why, suffices }) => {
      const value = read(path)
      const isGood = value === wanted || (suffices?.(read) ?? false)
      return isGood ? [] : [{ name: sysctlName(path), path, wanted, why, value }]
    })
  }

  /** Says what is not as wanted. */
  report(): void {
    for (const finding of this.findings()) {
      this.#report({ type: 'sysctl', what: 'differs', ...finding })
    }
  }

  /** Sets what is not as wanted; what the kernel refuses is said, and the rest is set. */
  set(): void {
    for (const wish of this.#wishes) {
      const { path, wanted } = wish
      const isHeld = this.#changed.some((each) => each.path === path)
      if (isHeld || this.#read(path) !== wanted || !this.#ledger.join(path, this)) continue
      this.#changed = [...this.#changed, { ...wish, name: sysctlName(path), value: wanted }]
    }
    for (const finding of this.findings()) {
      const { path, wanted, value } = finding
      try {
        this.#port.write(path, wanted)
        if (value !== undefined) {
          this.#changed = [...this.#changed, finding]
          this.#ledger.add(path, value, this)
        }
        this.#report({ type: 'sysctl', what: 'set', ...finding })
      } catch (error) {
        this.#report({ type: 'sysctl', what: 'refused', ...finding, detail: reasonOf(error) })
      }
    }
  }

  /** Has other wishes from now on. What was set and is not wished for any more is put back; `keep`: the rest is kept. */
  replace(wishes: readonly SysctlWish[], keep: boolean): void {
    this.#wishes = wishes
    const isWished = (finding: SysctlFinding): boolean =>
      keep && wishes.some(({ path, wanted }) => path === finding.path && wanted === finding.wanted)
    const kept = this.#changed.filter(isWished)
    this.#changed = this.#changed.filter((change) => !isWished(change))
    this.restore()
    this.#changed = kept
  }

  /** Puts back what was set, last first, unless somebody else changed it since. */
  restore(): void {
    const changed = this.#changed.toReversed()
    this.#changed = []
    for (const finding of changed) {
      const { path, wanted } = finding
      const before = this.#ledger.leave(path, this)
      if (before === undefined) continue
      // of a device that is gone, nothing is left to put back
      if (this.#read(path) !== wanted) continue
      const back = { ...finding, value: wanted, wanted: before }
      try {
        this.#port.write(path, before)
        this.#report({ type: 'sysctl', what: 'restored', ...back })
      } catch (error) {
        this.#report({ type: 'sysctl', what: 'refused', ...back, detail: reasonOf(error) })
      }
    }
  }

  #read(path: string): number | undefined {
    try {
      return this.#port.read(path)
    } catch {
      return undefined
    }
  }
}

/** As sysctl(8): dots between the parts, and a slash for the dot in the name of a device. */
export const sysctlName = (path: string): string =>
  path
    .split('/')
    .map((part) => part.replaceAll('.', '/'))
    .join('.')
