/** A change of routes is in the kernel when `apply` returns: what is withdrawn waits for no turn of the event loop. */
import { parseIpv4 } from '../../lib/wire/address.ts'
import { inNamespace } from './netns.ts'
import { remove, through } from './route-words.ts'
import { ours, routesWorld } from './routes-world.ts'

const A = { interface: 'a0', gateway: parseIpv4('10.0.0.2')! }
const C = { interface: 'c0', gateway: parseIpv4('10.0.1.2')! }

for (const mode of ['multipath', 'groups'] as const) {
  inNamespace(`the kernel has it before the call returns (${mode})`, async (t) => {
    const { open, close } = await routesWorld(t, { mode })
    const routes = await open()
    // the devices' next hops are there from now on, as they are beside another VIP
    routes.apply([through('20.0.0.0/24', [A]), through('20.0.1.0/24', [A, C])])
    await routes.settled()
    const beginning = (line: string): string[] => ours().filter((route) => route.startsWith(line))
    routes.apply([through('20.0.2.0/24', [A])])
    t.equal(beginning('20.0.2.0/24').length, 1, 'a new one')
    await routes.settled()
    routes.apply([through('20.0.1.0/24', [C])])
    t.notMatch(beginning('20.0.1.0/24').join(), /dev a0/, 'one next hop less')
    await routes.settled()
    routes.apply([remove('20.0.2.0/24')])
    t.strictSame(beginning('20.0.2.0/24'), [], 'one that goes')
    await routes.settled()
    await close(routes)
  })
}
