/** Addresses of the configuration that devices did not have: added for as long as the speaker runs. */
import { isDeepStrictEqual } from 'node:util'
import type { AddressPort } from './ports.ts'

export interface ConfiguredAddress {
  readonly device: string
  readonly address: number
  readonly prefixLength: number
}

export class ConfiguredAddresses {
  readonly #port: AddressPort
  readonly #failed: (where: string, cause: unknown) => void
  #added: readonly ConfiguredAddress[] = []

  constructor(port: AddressPort, failed: (where: string, cause: unknown) => void) {
    this.#port = port
    this.#failed = failed
  }

  /** @returns whether it was not there before: then it is ours to remove. Rejects when the kernel refuses. */
  async add(wanted: ConfiguredAddress): Promise<boolean> {
    const isOurs = await this.#port.add(wanted.device, wanted.address, wanted.prefixLength)
    if (isOurs) this.#added = [...this.#added, wanted]
    return isOurs
  }

  /** Removes those that we added, but for some. Does not reject. */
  async removeAllBut(wanted: readonly ConfiguredAddress[]): Promise<void> {
    for (const added of this.#added) {
      if (wanted.some((each) => isDeepStrictEqual(each, added))) continue
      this.#added = this.#added.filter((each) => each !== added)
      const { device, address, prefixLength } = added
      try {
        await this.#port.remove(device, address, prefixLength)
      } catch (error) {
        this.#failed(`address of ${device}`, error)
      }
    }
  }
}
