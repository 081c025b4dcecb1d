/**
 * What was changed on a real server, in order, as a file: written before each change is made, so that another process, or
 * a later life, can undo it however the first one ended.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { OspfError } from '../errors.ts'
import { bootId } from '../linux/boot.ts'
import { reasonOf } from '../reason.ts'
import type { RealServerConfig } from './real-server-options.ts'

/** One change, with what is needed to undo it. */
export type Change =
  | { readonly type: 'gue'; readonly port: number }
  | { readonly type: 'tunnel'; readonly device: string; readonly kind: 'ipip' | 'gre' }
  | {
      readonly type: 'mtu'
      readonly device: string
      readonly before: number
      readonly wanted: number
    }
  | {
      readonly type: 'sysctl'
      readonly path: string
      readonly before: number
      readonly wanted: number
    }
  | { readonly type: 'address'; readonly device: string; readonly address: number }
  | { readonly type: 'up'; readonly device: string }

export interface State {
  /** Of the boot in which it was written: of another, nothing is left. */
  readonly boot: string
  readonly config: RealServerConfig
  readonly changes: readonly Change[]
}

/** Where the state is kept. */
export interface StateStore {
  /** Undefined: nothing was changed. @throws OspfError ERR_OSPF_CONFIG for what is no state */
  read(): State | undefined
  /** @throws OspfError ERR_OSPF_KERNEL */
  write(state: State): void
  remove(): void
}

const VERSION = 1
const types = ['gue', 'tunnel', 'mtu', 'sysctl', 'address', 'up']

/** A file; it is there for as long as there is something to undo. */
export class StateFile implements StateStore {
  readonly #path: string
  readonly #boot: string

  /** @param boot what identifies this boot of the machine */
  constructor(path: string, boot: string = bootId() ?? 'unknown') {
    this.#path = path
    this.#boot = boot
  }

  read(): State | undefined {
    let text: string
    try {
      text = readFileSync(this.#path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw this.#failed('read', error)
    }
    const state = parse(text)
    if (state === undefined) {
      throw new OspfError('ERR_OSPF_CONFIG', `${this.#path}: expected the state of a real server`)
    }
    return state.boot === this.#boot ? state : undefined
  }

  write(state: State): void {
    const temporary = `${this.#path}.${randomBytes(4).toString('hex')}`
    try {
      makeFolder(dirname(this.#path))
      const text = `${JSON.stringify({ version: VERSION, ...state, boot: this.#boot })}\n`
      writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' })
      renameSync(temporary, this.#path)
    } catch (error) {
      discard(temporary)
      throw this.#failed('write', error)
    }
  }

  remove(): void {
    try {
      rmSync(this.#path, { force: true })
    } catch (error) {
      throw this.#failed('remove', error)
    }
  }

  #failed(action: string, cause: unknown): OspfError {
    const { code } = cause as NodeJS.ErrnoException
    const kind = code === 'EACCES' || code === 'EPERM' ? 'ERR_OSPF_PERMISSION' : 'ERR_OSPF_KERNEL'
    const text = `${this.#path}: cannot ${action} it: ${reasonOf(cause)}`
    return new OspfError(kind, text, { cause, ...(code === undefined ? {} : { errno: code }) })
  }
}

/** What stands in the way of writing may stand in that of removing, too. */
function discard(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {}
}

/** One level alone: Node does not come back from a recursive one in /proc. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o755 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Undefined: it is none. */
function parse(text: string): State | undefined {
  let value: Partial<State> & { readonly version?: unknown }
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || value.version !== VERSION) return undefined
  const { boot, config, changes } = value
  if (typeof boot !== 'string' || typeof config !== 'object' || config === null) return undefined
  if (!Array.isArray(config.vips) || typeof config.device !== 'string') return undefined
  if (!Array.isArray(changes) || !changes.every((each) => types.includes(each?.type))) {
    return undefined
  }
  return { boot, config, changes }
}
