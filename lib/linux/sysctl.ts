/**
 * Kernel parameters of the network namespace that this process is in: /proc/sys/net shows whoever reads it the values of
 * its own namespace.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { OspfError } from '../errors.ts'
import type { SysctlPort } from '../ports.ts'

export class LinuxSysctls implements SysctlPort {
  readonly #root: string

  /** @param root where procfs shows them */
  constructor(root = '/proc/sys') {
    this.#root = root
  }

  read(path: string): number | undefined {
    let text: string
    try {
      text = readFileSync(`${this.#root}/${path}`, 'utf8')
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw refusal(path, 'read', error)
    }
    const value = Number(text.trim())
    if (text.trim() === '' || !Number.isInteger(value)) {
      throw new OspfError('ERR_OSPF_KERNEL', `${path}: not one number: ${text.trim()}`)
    }
    return value
  }

  write(path: string, value: number): void {
    try {
      // never made anew: a parameter is there or it is not
      writeFileSync(`${this.#root}/${path}`, `${value}\n`, { flag: 'r+' })
    } catch (error) {
      throw refusal(path, 'write', error)
    }
  }
}

const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined

function refusal(path: string, action: 'read' | 'write', cause: unknown): OspfError {
  const errno = errnoOf(cause)
  const options = { cause, ...(errno === undefined ? {} : { errno }) }
  const what = `${path}: cannot ${action} it`
  switch (errno) {
    case 'EACCES':
    case 'EPERM':
      return new OspfError(
        'ERR_OSPF_PERMISSION',
        `${what}: permission denied; it takes root in the namespace, with CAP_NET_ADMIN`,
        options,
      )
    case 'EROFS':
      return new OspfError(
        'ERR_OSPF_PERMISSION',
        `${what}: /proc/sys is mounted read-only, as in a container; set it from outside`,
        options,
      )
    case 'ENOENT':
      return new OspfError('ERR_OSPF_KERNEL', `${what}: this kernel has no such parameter`, options)
    case 'EINVAL':
      return new OspfError('ERR_OSPF_KERNEL', `${what}: the kernel takes no such value`, options)
    default:
      return new OspfError('ERR_OSPF_KERNEL', `${what}: ${String(cause)}`, options)
  }
}
