/** The kernel parameters of routers and of directors, looked after while the speaker runs. */
import { DirectorHelper } from './director-helper.ts'
import { OspfError } from './errors.ts'
import { deviceOf } from './interface-address.ts'
import type { Parsed } from './options.ts'
import type { LinkPort, SysctlPort } from './ports.ts'
import { RouterHelper } from './router-helper.ts'
import { type SysctlEvent, type SysctlFinding, SysctlLedger } from './sysctl.ts'

type Wanted = Pick<Parsed, 'routerHelper' | 'directorHelper' | 'interfaces'>

export class KernelHelpers {
  readonly #sysctls: SysctlPort | undefined
  readonly #links: LinkPort
  readonly #say: (event: SysctlEvent) => void
  /** What one has set stays as long as the other wants it. */
  readonly #ledger = new SysctlLedger()
  #router: RouterHelper | undefined
  #director: DirectorHelper | undefined
  /** VIPs that are announced, and what each means to the helper of the day. */
  readonly #vips = new Set<{ readonly vip: number; held: Disposable | undefined }>()

  constructor(
    { sysctls, links }: { readonly sysctls?: SysctlPort; readonly links: LinkPort },
    say: (event: SysctlEvent) => void,
  ) {
    this.#sysctls = sysctls
    this.#links = links
    this.#say = say
  }

  /** @throws OspfError ERR_OSPF_CONFIG: there is help that was asked for, and nobody who could give it */
  require(wanted: Wanted): void {
    if (this.#sysctls !== undefined) return
    for (const name of ['routerHelper', 'directorHelper'] as const) {
      if (!wanted[name]?.explicit) continue
      throw new OspfError('ERR_OSPF_CONFIG', `${name}: there is no kernel to be helped here`)
    }
  }

  /** Helps as the options say it now. */
  configure({ routerHelper, directorHelper, interfaces }: Wanted): void {
    const sysctls = this.#sysctls
    if (sysctls === undefined) return
    const devices = [...new Set(interfaces.map(({ name }) => deviceOf(name)))]
    if (routerHelper && this.#router) this.#router.configure(routerHelper, devices)
    else {
      this.#router?.end()
      this.#router =
        routerHelper && new RouterHelper(routerHelper, sysctls, devices, this.#say, this.#ledger)
      this.#router?.begin()
    }
    if (directorHelper && this.#director) {
      this.#director.configure(directorHelper, devices)
      return
    }
    this.#director?.end()
    this.#director =
      directorHelper &&
      new DirectorHelper(directorHelper, sysctls, this.#links, devices, this.#say, this.#ledger)
    this.#director?.begin()
    for (const each of this.#vips) each.held = this.#director?.announced(each.vip)
  }

  /** Parameters that are not as they should be. */
  findings(): SysctlFinding[] {
    return [...(this.#router?.findings() ?? []), ...(this.#director?.findings() ?? [])]
  }

  /** Routes go to the kernel. */
  watch(changes: Parameters<RouterHelper['watch']>[0]): void {
    this.#router?.watch(changes)
  }

  /** A VIP is about to be announced, and to be an address of this host. Ends when it is gone. */
  announced(vip: number): Disposable {
    const each = { vip, held: this.#director?.announced(vip) }
    this.#vips.add(each)
    return {
      [Symbol.dispose]: () => {
        this.#vips.delete(each)
        each.held?.[Symbol.dispose]()
      },
    }
  }

  /** Puts back what was set. */
  end(): void {
    this.#director?.end()
    this.#router?.end()
  }
}
