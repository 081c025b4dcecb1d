/** The services of a director in a file, for its next life. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { OspfError } from '../errors.ts'
import { bootId } from '../linux/boot.ts'
import { lockServices, namespace } from '../linux/route-lock.ts'
import { isObject } from '../parse.ts'
import { reasonOf } from '../reason.ts'
import { formatServiceKey } from './keys.ts'
import type { OwnedService, ServiceStore } from './ledger.ts'
import type { IpvsService } from './types.ts'

/** What the file says. */
interface Content {
  readonly version: 1
  /** Services do not outlive the kernel that has them. */
  readonly boot: string
  /** Nor the network namespace. */
  readonly namespace: string
  readonly services: readonly OwnedService[]
}

/** In a folder: one for each network namespace, as each has services of its own. */
export const serviceFileIn = (folder: string): string => join(folder, `ipvs-${namespace()}.json`)

/**
 * Keeps the services in a file, which belongs on a file system that need not outlive the host (/run): what it says of
 * another boot, or of another network namespace, is passed over. It is replaced as a whole, readable by its owner alone,
 * and removed when there is nothing to remember. See `DirectorPorts.store`.
 */
export class ServiceFile implements ServiceStore, AsyncDisposable {
  readonly path: string
  readonly #lock: AsyncDisposable
  readonly #boot: string

  /**
   * @param path the folder is made when something is saved
   * @throws OspfError ERR_OSPF_DUPLICATE while another director of this network namespace has it
   */
  static async open(path: string): Promise<ServiceFile> {
    const whole = resolve(path)
    return new ServiceFile(whole, await lockServices(whole), bootId() ?? '')
  }

  private constructor(path: string, lock: AsyncDisposable, boot: string) {
    this.path = path
    this.#lock = lock
    this.#boot = boot
  }

  /** @throws OspfError ERR_OSPF_KERNEL: it cannot be read; ERR_OSPF_CONFIG: it is no such file */
  async load(): Promise<readonly OwnedService[] | undefined> {
    let text: string
    try {
      text = await readFile(this.path, 'utf8')
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw new OspfError('ERR_OSPF_KERNEL', `${this.path}: ${reasonOf(cause)}`, { cause })
    }
    const { boot, namespace: where, services } = this.#parse(text)
    const isHere = boot !== '' && boot === this.#boot && where === namespace()
    return isHere ? services : undefined
  }

  #parse(text: string): Content {
    let content: unknown
    try {
      content = JSON.parse(text)
    } catch {
      content = undefined
    }
    if (isContent(content)) return content
    throw new OspfError(
      'ERR_OSPF_CONFIG',
      `${this.path}: expected a list of services of a director`,
    )
  }

  async save(services: readonly OwnedService[]): Promise<void> {
    if (services.length === 0) return rm(this.path, { force: true })
    const content: Content = { version: 1, boot: this.#boot, namespace: namespace(), services }
    await mkdir(dirname(this.path), { recursive: true })
    const fresh = `${this.path}.new`
    await writeFile(fresh, `${JSON.stringify(content)}\n`, { mode: 0o600 })
    await rename(fresh, this.path)
  }

  /** Another director may have it; the file stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock[Symbol.asyncDispose]()
  }
}

function isContent(content: unknown): content is Content {
  if (!isObject(content)) return false
  const { version, boot, namespace: where, services } = content as Partial<Content>
  if (version !== 1 || typeof boot !== 'string' || typeof where !== 'string') return false
  return Array.isArray(services) && services.every(isOwned)
}

function isOwned(one: unknown): boolean {
  if (!isObject(one)) return false
  const { shapes, destinations } = one as Partial<OwnedService>
  if (!Array.isArray(shapes) || shapes.length === 0 || !Array.isArray(destinations)) return false
  if (!shapes.every(isService) || !destinations.every((name) => typeof name === 'string'))
    return false
  return new Set(shapes.map(({ key }) => formatServiceKey(key))).size === 1
}

function isService(one: unknown): boolean {
  if (!isObject(one)) return false
  const { key, scheduler } = one as Partial<IpvsService>
  if (!isObject(key) || typeof scheduler !== 'string') return false
  const { fwmark, family, protocol, address, port } = key as Record<string, unknown>
  if (fwmark !== undefined) return typeof fwmark === 'number' && (family === 4 || family === 6)
  const isKnown = protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp'
  return isKnown && typeof address === 'string' && typeof port === 'number'
}
