/** Numbers of routing tables: by the names that iproute2 uses, or of a VRF device. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OspfError } from '../errors.ts'
import { decodeVrfTable, encodeLinkQuery, RTM_GETLINK } from './link-message.ts'
import { NetlinkSocket } from './netlink.ts'

/** Later ones override earlier ones. */
const FOLDERS = ['/usr/share/iproute2', '/usr/lib/iproute2', '/etc/iproute2']
const builtIn = { default: 253, main: 254, local: 255 }

/** The number of a table. Throws ERR_OSPF_CONFIG for a name that nobody knows. */
export function tableNumber(table: number | string, folders: readonly string[] = FOLDERS): number {
  if (typeof table === 'number') return table
  const known = new Map(Object.entries(builtIn))
  for (const folder of folders) {
    for (const file of [join(folder, 'rt_tables'), ...filesOf(join(folder, 'rt_tables.d'))]) {
      for (const line of textOf(file).split('\n')) {
        const [, number, name] = /^\s*(0x[0-9a-f]+|\d+)\s+([^\s#]+)/i.exec(line) ?? []
        if (number !== undefined && name !== undefined) known.set(name, Number(number))
      }
    }
  }
  const number = known.get(table)
  if (number !== undefined && number > 0) return number
  const message = `installRoutes: table: expected a number or a name of /etc/iproute2/rt_tables, got '${table}'`
  throw new OspfError('ERR_OSPF_CONFIG', message)
}

/** The table of a VRF. Rejects with ERR_OSPF_NO_INTERFACE without the device, ERR_OSPF_CONFIG if it is no VRF. */
export async function vrfTable(name: string): Promise<number> {
  using socket = NetlinkSocket.open()
  const payload = encodeLinkQuery(name)
  const request = { what: `read device ${name}`, type: RTM_GETLINK, payload }
  const [message] = await socket.request(request).catch((cause: OspfError) => {
    if (cause.errno !== 'ENODEV') throw cause
    const text = `installRoutes: vrf: no such device: ${name}`
    throw new OspfError('ERR_OSPF_NO_INTERFACE', text, { cause, errno: 'ENODEV' })
  })
  const table = message === undefined ? undefined : decodeVrfTable(message.payload)
  if (table !== undefined) return table
  const text = `installRoutes: vrf: expected a VRF device, got '${name}', which is another kind`
  throw new OspfError('ERR_OSPF_CONFIG', text)
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.conf'))
      .sort()
      .map((name) => join(folder, name))
  } catch {
    // Most machines have none.
    return []
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
