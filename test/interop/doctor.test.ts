/** `ospf-speaker doctor --listen` beside FRR: what it hears before anything is said. */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { PreflightReport } from '../../lib/index.ts'
import { classic, classicIds } from './classic.ts'
import { Frr } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'

t.setTimeout(120_000)

const cli = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url))

t.test('Hellos of a router', { skip: missing('frr') }, async (t) => {
  const lab = Lab.for(t)
  const { router: plan } = await classic(lab)
  const frr = new Frr(lab, 'router', plan)
  await frr.start()
  const doctor = async (node: string, ...flags: readonly string[]): Promise<PreflightReport> => {
    const argv = [cli, 'doctor', '--interface', 'eth0', '--listen', '4', '--json', ...flags]
    // it ends with 1 where something cannot work
    const started = lab.spawn(node, [process.execPath, ...argv], 'doctor')
    await started.exited
    return JSON.parse(started.output) as PreflightReport
  }
  const ids = ({ findings }: PreflightReport): string[] => findings.map(({ id }) => id)
  let fine: PreflightReport | undefined
  await until(async () => (fine = await doctor('lb1')).routers.length > 0, {
    what: 'the router is heard',
    timeout: 40,
  })
  t.match(fine?.routers, [
    {
      device: 'eth0',
      routerId: classicIds.router,
      address: classicIds.router,
      area: '0.0.0.0',
      helloInterval: 1,
      deadInterval: 4,
      prefixLength: 24,
    },
  ])
  t.notOk(ids(fine!).some((id) => ['silent', 'duplicate-router-id', 'path-mtu'].includes(id)))
  await lab.exec('router', ['ip', 'link', 'set', 'eth0', 'mtu', '1400'])
  const bad = await doctor('lb1', '--router-id', classicIds.router)
  t.ok(ids(bad).includes('duplicate-router-id'), ids(bad).join())
  t.ok(ids(bad).includes('path-mtu'), ids(bad).join())
  const silent = await doctor('client')
  t.ok(ids(silent).includes('silent'), 'the router is passive there')
  t.same(silent.routers, [])
})
