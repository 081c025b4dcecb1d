/** `run --auto --keepalived FILE`, as the classic set-up scripts have it: all that it needs is on the machine. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Frr } from './daemons.ts'
import { Lab, type LabProcess, missing, until } from './lab.ts'

t.setTimeout(120_000)

const cli = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url))

const keepalived = `global_defs { router_id LVS1 }
vrrp_instance VI_1 {
  state MASTER
  interface eth0
  virtual_router_id 51
  virtual_ipaddress { 10.0.1.101 }
}
virtual_server 10.0.1.100 80 {
  delay_loop 1
  lb_algo wrr
  lb_kind DR
  protocol TCP
  real_server 10.0.1.11 80 {
    weight 1
    TCP_CHECK {
      connect_timeout 1
      retry 0
    }
  }
}
`

t.test(
  'the interface of the default route, and the VIPs of a keepalived.conf',
  {
    skip: missing('frr'),
  },
  async (t) => {
    const lab = Lab.for(t)
    for (const node of ['box', 'router', 'rs']) lab.node(node)
    lab.lan('other', { box: '10.0.9.133/24' })
    lab.lan('lan', { box: '10.0.1.133/24', router: '10.0.1.1/24', rs: '10.0.1.11/24' })
    const ip = (node: string, ...words: readonly string[]): Promise<string> =>
      lab.exec(node, ['ip', ...words])
    const conf = join(lab.directory, 'keepalived.conf')
    const plane = join(lab.directory, 'plane.yaml')
    writeFileSync(conf, keepalived)
    // the kernel that tests run on has no IPVS
    writeFileSync(plane, 'lvs: { dataPlane: none }\n')
    const run = async (): Promise<LabProcess> => {
      const files = [plane, '--auto', '--keepalived', conf, '--vrrp']
      const socket = ['--socket', join(lab.directory, 'box.sock')]
      const argv = [process.execPath, cli, 'run', ...files, ...socket]
      const started = lab.spawn('box', argv, 'ospf-speaker')
      await until(() => started.output.includes('started, router id') || !started.running, {
        what: 'ospf-speaker has started, or has ended',
      })
      return started
    }

    const none = await run()
    t.equal(await none.exited, 1)
    t.match(none.output, /--auto: there is no default route to tell the interface by/)
    await ip('box', 'route', 'add', 'default', 'via', '10.0.1.1')
    await ip('box', 'route', 'append', 'default', 'via', '10.0.9.1')
    const two = await run()
    t.equal(await two.exited, 1)
    t.match(two.output, /--auto: eth1 and eth0 both have a default route of metric 0/)
    await ip('box', 'route', 'del', 'default', 'via', '10.0.9.1')

    const network = [{ name: 'eth0', network: '10.0.1.0/24' }]
    const router = new Frr(lab, 'router', { routerId: '10.0.1.1', interfaces: network })
    await router.start()
    const server = await lab.serve('rs', '10.0.1.11', 80, 'rs')
    const speaker = await run()
    t.match(speaker.output, /--auto: interface eth1, router id 10\.0\.1\.133/)
    const learned = (what: readonly string[]): Promise<unknown> =>
      until(
        async () => {
          const routes = await lab.routes('router')
          const vips = routes.flatMap(({ dst, gateway }) => (gateway === '10.0.1.133' ? dst : []))
          return vips.toSorted().join() === what.join()
        },
        { what: `the router has routes to ${what.join(' and ')}`, timeout: 60 },
      )
    await learned(['10.0.1.100', '10.0.1.101'])
    const addresses = await ip('box', '-o', '-4', 'address', 'show', 'dev', 'lo')
    t.match(addresses, /10\.0\.1\.100\/32/)
    t.match(addresses, /10\.0\.1\.101\/32/)
    await server.stop()
    await learned(['10.0.1.101'])
    t.equal(await speaker.stop(30), 0)
    t.notMatch(await ip('box', '-o', '-4', 'address', 'show', 'dev', 'lo'), /10\.0\.1\.10/)
  },
)
