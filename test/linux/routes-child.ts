/** A process that installs routes, says so, and stays until it is killed. Its argument: options of the sink as JSON. */
import { LinuxLinks } from '../../lib/linux/links.ts'
import { LinuxRoutes } from '../../lib/linux/routes.ts'
import { through } from './route-words.ts'

const [options = '{"mode":"multipath"}', prefixes = '["20.0.0.0/24","20.0.1.0/24"]', hops] =
  process.argv.slice(2)
const nextHops = JSON.parse(hops ?? '[{"interface":"a0","gateway":167772162}]')
const links = await LinuxLinks.open()
const routes = await LinuxRoutes.open({ links, ...JSON.parse(options) })
routes.apply((JSON.parse(prefixes) as string[]).map((prefix) => through(prefix, nextHops)))
await routes.settled()
process.send?.('installed')
