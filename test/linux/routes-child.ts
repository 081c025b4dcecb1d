/** A process that installs one route, says so, and stays until it is killed. */
import { LinuxLinks } from '../../lib/linux/links.ts'
import { LinuxRoutes } from '../../lib/linux/routes.ts'

const links = await LinuxLinks.open()
const routes = await LinuxRoutes.open({ links, mode: 'multipath' })
for (const prefix of [0x14000000, 0x14000100]) {
  const nextHops = [{ interface: 'a0', gateway: 0x0a000002 }]
  const route = { prefix, length: 24, pathType: 'intra-area', area: 0, cost: 10, nextHops } as const
  routes.apply([{ type: 'replace', route }])
}
await routes.settled()
process.send?.('installed')
