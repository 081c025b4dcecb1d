/** Kernel parameters in memory. */
import { OspfError } from '../lib/errors.ts'
import type { SysctlPort } from '../lib/ports.ts'

export class FakeSysctls implements SysctlPort {
  readonly values: Map<string, number>
  /** What was written, in order: 'path value'. */
  readonly written: string[] = []
  /** Paths that must not be written. */
  readonly readOnly: Set<string> = new Set()

  constructor(values: Readonly<Record<string, number>>) {
    this.values = new Map(Object.entries(values))
  }

  read(path: string): number | undefined {
    return this.values.get(path)
  }

  write(path: string, value: number): void {
    if (this.readOnly.has(path)) throw new OspfError('ERR_OSPF_PERMISSION', `${path}: read-only`)
    if (!this.values.has(path)) throw new OspfError('ERR_OSPF_KERNEL', `${path}: not there`)
    this.values.set(path, value)
    this.written.push(`${path} ${value}`)
  }
}
