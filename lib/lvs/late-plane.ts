/** A data plane that could not be opened yet. */
import { OspfError } from '../errors.ts'
import type {
  IpvsDestination,
  IpvsDestinationState,
  IpvsInfo,
  IpvsPort,
  IpvsService,
  IpvsServiceKey,
  IpvsServiceState,
  IpvsTimeouts,
} from './types.ts'

/** No IPVS in this kernel, or no right to it: nothing that is asked of it will be done. */
export const isHopeless = (error: unknown): error is OspfError =>
  error instanceof OspfError &&
  (error.code === 'ERR_OSPF_IPVS_ABSENT' || error.code === 'ERR_OSPF_PERMISSION')

/** Each call tries to open it until that has worked, and rejects as that does. */
export class LatePlane implements IpvsPort {
  readonly exclusive: boolean
  readonly countsConnections: boolean
  readonly #open: () => Promise<IpvsPort>
  #opened: Promise<IpvsPort> | undefined

  /** @param isNftables what it will be, where that matters before it is there */
  constructor(open: () => Promise<IpvsPort>, isNftables: boolean) {
    this.#open = open
    this.exclusive = isNftables
    this.countsConnections = !isNftables
  }

  #plane(): Promise<IpvsPort> {
    this.#opened ??= this.#open().catch((error: unknown) => {
      this.#opened = undefined
      throw error
    })
    return this.#opened
  }

  async info(): Promise<IpvsInfo> {
    return (await this.#plane()).info()
  }

  async services(): Promise<readonly IpvsServiceState[]> {
    return (await this.#plane()).services()
  }

  async destinations(service: IpvsServiceKey): Promise<readonly IpvsDestinationState[]> {
    return (await this.#plane()).destinations(service)
  }

  async addService(service: IpvsService): Promise<void> {
    return (await this.#plane()).addService(service)
  }

  async setService(service: IpvsService): Promise<void> {
    return (await this.#plane()).setService(service)
  }

  async removeService(service: IpvsServiceKey): Promise<void> {
    return (await this.#plane()).removeService(service)
  }

  async addDestination(service: IpvsServiceKey, destination: IpvsDestination): Promise<void> {
    return (await this.#plane()).addDestination(service, destination)
  }

  async setDestination(service: IpvsServiceKey, destination: IpvsDestination): Promise<void> {
    return (await this.#plane()).setDestination(service, destination)
  }

  async removeDestination(
    service: IpvsServiceKey,
    destination: Pick<IpvsDestination, 'address' | 'port'>,
  ): Promise<void> {
    return (await this.#plane()).removeDestination(service, destination)
  }

  async timeouts(): Promise<IpvsTimeouts> {
    return (await this.#plane()).timeouts()
  }

  async setTimeouts(timeouts: Partial<IpvsTimeouts>): Promise<void> {
    return (await this.#plane()).setTimeouts(timeouts)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const plane = await this.#opened?.catch(() => undefined)
    await plane?.[Symbol.asyncDispose]()
  }
}
