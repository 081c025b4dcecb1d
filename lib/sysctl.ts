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

export class SysctlKeeper {
  readonly #port: SysctlPort
  #wishes: readonly SysctlWish[]
  readonly #report: (event: SysctlEvent) => void
  #changed: readonly { readonly finding: SysctlFinding; readonly before: number }[] = []

  constructor(
    port: SysctlPort,
    wishes: readonly SysctlWish[],
    report: (event: SysctlEvent) => void,
  ) {
    this.#port = port
    this.#wishes = wishes
    this.#report = report
  }

  /** What is not as wanted now. */
  findings(): SysctlFinding[] {
    const read = (path: string): number | undefined => this.#read(path)
    return this.#wishes.flatMap(({ path, wanted, why, suffices }) => {
      const value = read(path)
      const isGood = value === wanted || (suffices?.(read) ?? false)
      return isGood ? [] : [{ name: nameOf(path), path, wanted, why, value }]
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
    for (const finding of this.findings()) {
      const { path, wanted, value } = finding
      try {
        this.#port.write(path, wanted)
        if (value !== undefined) this.#changed = [...this.#changed, { finding, before: value }]
        this.#report({ type: 'sysctl', what: 'set', ...finding })
      } catch (error) {
        this.#report({ type: 'sysctl', what: 'refused', ...finding, detail: reasonOf(error) })
      }
    }
  }

  /** Has other wishes from now on. What was set and is not wished for any more is put back; `keep`: the rest is kept. */
  replace(wishes: readonly SysctlWish[], keep: boolean): void {
    this.#wishes = wishes
    const isWished = ({ finding }: { readonly finding: SysctlFinding }): boolean =>
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
    for (const { finding, before } of changed) {
      const { path, wanted } = finding
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
const nameOf = (path: string): string =>
  path
    .split('/')
    .map((part) => part.replaceAll('.', '/'))
    .join('.')
