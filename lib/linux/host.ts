/** A host as it is, to be looked over: files of /proc, processes, firewall. Nothing here changes anything. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { HostDevice } from '../ports.ts'
import { LinuxDevices } from './devices.ts'
import { RawSocketPort } from './socket.ts'
import { LinuxSysctls } from './sysctl.ts'

/** Octets of a ruleset that are read. */
const LIMIT = 64 * 1024 * 1024

export interface LinuxHost extends Disposable {
  readonly devices: LinuxDevices
  readonly sysctls: LinuxSysctls
  file(path: string): string | undefined
  processes(): readonly string[]
  ruleset(): Promise<string>
  /** OSPF packets that come to a device within so many milliseconds. Rejects with an OspfError. */
  listen(device: HostDevice, ms: number): Promise<readonly Packet[]>
}

interface Packet {
  readonly source: number
  readonly bytes: Uint8Array
}

/** Packets that are kept. */
const PACKETS = 1000

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
    listen,
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

/** Joins AllSPFRouters, as a speaker does, and says nothing. */
async function listen(
  { name, index, addresses: [first] }: HostDevice,
  ms: number,
): Promise<readonly Packet[]> {
  const heard: Packet[] = []
  let failed: Error | undefined
  const port = new RawSocketPort()
  await using _socket = port.open(
    { name, index, address: first?.address ?? 0 },
    // the bytes are a view of a buffer that is used again
    ({ source, bytes }) => {
      if (heard.length < PACKETS) heard.push({ source, bytes: bytes.slice() })
    },
    (error) => (failed = error),
  )
  await new Promise((resolve) => setTimeout(resolve, ms))
  if (failed !== undefined) throw failed
  return heard
}
