/** A host as it is, to be looked over: files of /proc, processes, firewall. Nothing here changes anything. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { LinuxDevices } from './devices.ts'
import { LinuxSysctls } from './sysctl.ts'

/** Octets of a ruleset that are read. */
const LIMIT = 64 * 1024 * 1024

export interface LinuxHost extends Disposable {
  readonly devices: LinuxDevices
  readonly sysctls: LinuxSysctls
  file(path: string): string | undefined
  processes(): readonly string[]
  ruleset(): Promise<string>
}

/** @throws OspfError ERR_OSPF_NATIVE, ERR_OSPF_KERNEL */
export function openHost(): LinuxHost {
  const devices = LinuxDevices.open()
  const sysctls = new LinuxSysctls()
  return {
    devices,
    sysctls,
    file,
    processes,
    ruleset,
    [Symbol.dispose]: () => devices[Symbol.dispose](),
  }
}

function file(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

const namespaceOf = (pid: string): string | undefined => {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`)
  } catch {
    return undefined
  }
}

/** Of this network namespace. */
function processes(): readonly string[] {
  const own = namespaceOf('self')
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && namespaceOf(pid) === own)
    .flatMap((pid) => file(`/proc/${pid}/comm`)?.trim() ?? [])
}

const ruleset = (): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = { maxBuffer: LIMIT, timeout: 10_000 }
    execFile('nft', ['-j', 'list', 'ruleset'], options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout)
      const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT'
      reject(new Error(isAbsent ? 'nft is not installed' : stderr.trim() || error.message))
    })
  })
