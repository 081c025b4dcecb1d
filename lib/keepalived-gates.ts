/** What a vrrp_instance tracks, as the gate of an announcement. */
import type { KeepalivedVip } from './config/keepalived.ts'
import { all } from './health/combine.ts'
import { command } from './health/command.ts'
import type { Gate } from './health/gate.ts'
import { healthy } from './health/healthy.ts'
import { trackedFile } from './health/tracked-file.ts'

/**
 * Open while every script and every file that the VIP's vrrp_instance tracks is well; undefined: it tracks none. Scripts
 * have the interval, timeout, rise and fall that the file gives, and are taken to be well until proven otherwise unless
 * it says `init_fail`. A file is looked at once a second.
 *
 * @throws OspfError ERR_OSPF_CONFIG when a script cannot be run at all
 */
export function keepalivedGate(vip: Pick<KeepalivedVip, 'scripts' | 'files'>): Gate | undefined {
  const scripts = vip.scripts.map(({ name, script, interval, timeout, rise, fall, initFail }) => {
    const [file = '', ...args] = script.command
    return healthy(command(file, args), {
      name: `track_script ${name}`,
      interval,
      timeout,
      rise,
      fall,
      initial: initFail ? 'down' : 'up',
    })
  })
  const files = vip.files.map(({ name, path, weight, reverse }) =>
    healthy(trackedFile(path, { weight, reverse }), {
      name: `track_file ${name}`,
      interval: 1,
      rise: 1,
      fall: 1,
      initial: 'up',
    }),
  )
  const gates = [...scripts, ...files]
  return gates.length === 0 ? undefined : all(...gates)
}
