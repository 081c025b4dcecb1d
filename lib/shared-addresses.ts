/** A VIP that is announced anew while the announcement before still holds its address: who removes it, and when. */
import type { AddressPort } from './ports.ts'

interface Shared {
  users: number
  readonly isOurs: Promise<boolean>
}

/** An address port on which the last user of an address removes it. */
export class SharedAddresses implements AddressPort {
  readonly #port: AddressPort
  readonly #shared = new Map<string, Shared>()

  constructor(port: AddressPort) {
    this.#port = port
  }

  async add(
    device: string,
    address: number,
    prefixLength: number,
    label?: string,
  ): Promise<boolean> {
    const key = keyOf(device, address, prefixLength)
    let shared = this.#shared.get(key)
    if (shared === undefined) {
      shared = { users: 0, isOurs: this.#port.add(device, address, prefixLength, label) }
      this.#shared.set(key, shared)
    }
    shared.users++
    let isOurs = false
    try {
      isOurs = await shared.isOurs
    } finally {
      if (!isOurs) this.#leave(key, shared)
    }
    return isOurs
  }

  async remove(device: string, address: number, prefixLength: number): Promise<void> {
    const key = keyOf(device, address, prefixLength)
    const shared = this.#shared.get(key)
    if (shared !== undefined && !this.#leave(key, shared)) return
    await this.#port.remove(device, address, prefixLength)
  }

  /** True: that was the last user. */
  #leave(key: string, shared: Shared): boolean {
    if (--shared.users > 0) return false
    if (this.#shared.get(key) === shared) this.#shared.delete(key)
    return true
  }
}

const keyOf = (device: string, address: number, prefixLength: number): string =>
  `${device} ${address}/${prefixLength}`
