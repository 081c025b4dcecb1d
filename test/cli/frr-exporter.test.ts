/**
 * What frr_exporter (github.com/tynany/frr_exporter) asks, and the fields that it reads of the answers: by
 * `--frr.vtysh --frr.vtysh.path=.../ospf-speaker --frr.vtysh.options=vtysh`.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { answersOf } from '../../lib/cli/answers.ts'
import { serveControl } from '../../lib/cli/control.ts'
import { vtysh } from '../../lib/cli/vtysh.ts'
import { onKernel } from './kernel-sample.ts'
import { operated, shortDir } from './sample.ts'

const main = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url))

type Values = Readonly<Record<string, unknown>>

t.test('what the exporter reads', async (t) => {
  const socket = `${shortDir(t)}/s`
  await using _control = await serveControl(
    socket,
    answersOf(() => onKernel()),
  )
  const asks = async (command: string): Promise<Values> => {
    let text = ''
    const complaints: string[] = []
    const status = await vtysh([command], {
      socket,
      print: (more) => (text += more),
      complain: (line) => complaints.push(line),
    })
    t.equal(status, 0, `${command}: ${complaints}`)
    return JSON.parse(text) as Values
  }
  // collector/ospf.go: every value of a VRF but vrfName and vrfId must be an interface, or `interfaces` of them
  const interfaces = await asks('show ip ospf vrf all interface json')
  t.strictSame(Object.keys(interfaces), ['default'])
  const { vrfName, vrfId, interfaces: found, ...rest } = interfaces['default'] as Values
  t.strictSame([vrfName, vrfId, rest], ['default', 0, {}])
  t.strictSame(Object.keys(found as Values), ['eth0', 'eth1'])
  for (const [name, one] of Object.entries(found as Readonly<Record<string, Values>>)) {
    t.match(one, { nbrCount: Number, nbrAdjacentCount: Number, area: '0.0.0.0' }, name)
    t.type(one['timerPassiveIface'] ?? false, 'boolean')
  }
  // the collectors of neighbors, processes and LSAs that age out, of its later versions
  const neighbors = await asks('show ip ospf vrf all neighbor json')
  t.match(neighbors, {
    default: {
      vrfName: 'default',
      vrfId: 0,
      neighbors: {
        '10.0.1.136': [{ state: 'Full/DR', role: 'DR', ifaceName: 'eth0:10.0.1.133' }, {}],
      },
    },
  })
  t.match(await asks('show ip ospf vrf all json'), {
    default: { vrfName: 'default', routerId: '10.0.1.133', areas: { '0.0.0.0': {} } },
  })
  t.match(await asks('show ip ospf vrf all database max-age json'), {
    default: { routerId: '10.0.1.133', maxAgeLinkStates: {} },
  })
  // collector/route.go
  const summary = await asks('show ip route vrf all summary json')
  t.match(summary, { default: { routesTotal: 13, routesTotalFib: 10 } })
  for (const one of (summary['default'] as Values)['routes'] as readonly Values[]) {
    t.match(one, { fib: Number, rib: Number, fibOffLoaded: 0, fibTrapped: 0, type: /^[a-z]+$/ })
  }
  t.strictSame(await asks('show ipv6 route vrf all summary json'), {})
})

t.test('as vtysh is called', async (t) => {
  const socket = `${shortDir(t)}/s`
  await using _control = await serveControl(
    socket,
    answersOf(() => operated()),
  )
  const run = (
    args: readonly string[],
    input = '',
  ): Promise<{ status: number; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const argv = [main, 'vtysh', ...args, '--socket', socket]
      const child = execFile(process.execPath, argv, (_, stdout, stderr) =>
        resolve({ status: child.exitCode ?? -1, stdout, stderr }),
      )
      child.stdin!.end(input)
    })
  const two = await run(['-c', 'enable', '-c', 'show version', '-c', 'sh ip os nei'])
  t.match(two, { status: 0, stderr: '' })
  t.match(two.stdout, /^ospf-speaker \d+\.\d+\.\d+ \(.*\) on Linux\(.*\)\.\n\nNeighbor ID /)
  const piped = await run(
    [],
    'terminal length 0\n! nothing\ndo show version json\nexit\nnonsense\n',
  )
  t.match(piped, { status: 0, stderr: '' })
  t.match(JSON.parse(piped.stdout), { version: /^\d/ })
  t.match(await run(['-c', 'show ip bgp json', '-c', 'show version']), {
    status: 1,
    stdout: /^ospf-speaker /,
    stderr: /^% Unknown command: show ip bgp json /,
  })
  t.match(await run(['-c', 'configure terminal']), {
    status: 1,
    stderr: /^% The configuration is in its files/,
  })
  t.match(await run(['-c', 'show ip ospf vrf red']), {
    status: 1,
    stderr: /^OSPF is not enabled in vrf red/,
  })
})
