/**
 * keepalived 2.2 and a director of this library side by side, each with its own IPVS, given the same keepalived.conf and
 * the same servers: through all that befalls those, both tables have to be the same, but for what is listed here with its reason.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { convertKeepalived, importKeepalived } from '../../lib/config/keepalived.ts'
import type { DirectorOptions } from '../../lib/index.ts'
import { Lab, type LabProcess, until } from '../interop/lab.ts'
import { serve, table } from './cluster.ts'
import { DirectorProcess, PATIENCE } from './director-process.ts'
import { inKernel, kernelLimit } from './vm.ts'

kernelLimit(500)

const VIP = '10.0.1.100'
/** 'silent' drops what comes, so its first check takes as long as it may. */
const servers = { s1: 21, s2: 22, s3: 23, sorry: 29, silent: 30 } as const
type Name = keyof typeof servers
const address = (name: Name): string => `10.0.1.${servers[name]}`
const nameOf = new Map(Object.keys(servers).map((name) => [address(name as Name), name]))

/** Seconds of a check. */
const timing = { delayLoop: 1, retry: 1, delayBeforeRetry: 1, connectTimeout: 3, warmup: 0 }
const SILENT_TIMEOUT = 40

/** A service. */
interface Plan {
  readonly port: number
  readonly scheduler?: string
  readonly inhibit?: boolean
  readonly alpha?: boolean
  readonly quorum?: number
  readonly hysteresis?: number
  readonly sorry?: 'plain' | 'inhibit'
  readonly servers: Readonly<Partial<Record<Name, number>>>
}

const all = { s1: 1, s2: 1, s3: 1 }
const plans: readonly Plan[] = [
  { port: 80, servers: all },
  { port: 81, servers: all, inhibit: true },
  { port: 82, servers: all, sorry: 'plain' },
  { port: 83, servers: all, sorry: 'plain', quorum: 2, hysteresis: 1 },
  { port: 84, servers: { s1: 1, silent: 1 }, alpha: true },
  { port: 85, servers: { s1: 1, silent: 1 } },
  { port: 86, servers: all, inhibit: true, sorry: 'inhibit', quorum: 2 },
]
/** After the reload: other weights and one server less; another scheduler; one service less. */
const reloaded: readonly Plan[] = plans
  .filter(({ port }) => port !== 82)
  .map((plan) => {
    if (plan.port === 80) return { ...plan, servers: { s1: 5, s2: 3 } }
    return plan.port === 81 ? { ...plan, scheduler: 'wrr' } : plan
  })
/** While both were dead, one server of the first has been taken out. */
const afterwards = reloaded.map((plan) =>
  plan.port === 80 ? { ...plan, servers: { s1: 5 } } : plan,
)

function keepalivedConf(services: readonly Plan[]): string {
  const lines: string[] = ['global_defs {', '  router_id test', '}']
  for (const { port, servers: list, scheduler = 'rr', ...plan } of services) {
    lines.push(
      `virtual_server ${VIP} ${port} {`,
      `  delay_loop ${timing.delayLoop}`,
      `  lb_algo ${scheduler}`,
      '  lb_kind DR',
      '  protocol TCP',
      ...(plan.alpha ? ['  alpha'] : []),
      ...(plan.quorum ? [`  quorum ${plan.quorum}`] : []),
      ...(plan.hysteresis ? [`  hysteresis ${plan.hysteresis}`] : []),
      ...(plan.sorry ? [`  sorry_server ${address('sorry')} ${port}`] : []),
      ...(plan.sorry === 'inhibit' ? ['  sorry_server_inhibit'] : []),
    )
    for (const [name, weight] of Object.entries(list)) {
      const timeout = name === 'silent' ? SILENT_TIMEOUT : timing.connectTimeout
      lines.push(
        `  real_server ${address(name as Name)} ${port} {`,
        `    weight ${weight}`,
        ...(plan.inhibit ? ['    inhibit_on_failure'] : []),
        '    TCP_CHECK {',
        `      connect_timeout ${timeout}`,
        `      retry ${timing.retry}`,
        `      delay_before_retry ${timing.delayBeforeRetry}`,
        `      warmup ${timing.warmup}`,
        '    }',
        '  }',
      )
    }
    lines.push('}')
  }
  return `${lines.join('\n')}\n`
}

/** The same file, as this library reads it. */
function ours(services: readonly Plan[]): DirectorOptions {
  const text = keepalivedConf(services)
  const { config, reports } = importKeepalived('keepalived.conf', {
    read: () => text,
    match: () => ['keepalived.conf'],
  })
  if (config === undefined || reports.length > 0) throw new Error(JSON.stringify(reports))
  return { ...convertKeepalived(config).director, reconcileInterval: 2 }
}

/** What `ipvsadm -Sn` says: by port and scheduler, the servers with their weights in its order: 's1x5 s2x3'. */
function brief(lines: readonly string[]): Readonly<Record<string, string>> {
  const schedulers = new Map<string, string>()
  const found: Record<string, string> = {}
  for (const line of lines) {
    const [, what, port, server, rest] =
      /^-(A|a) -t 10\.0\.1\.100:(\d+) (?:-s (\S+)|-r (\S+):\d+ -g -w \d+)$/.exec(line) ?? []
    if (what === undefined || port === undefined) throw new Error(line)
    if (what === 'A') {
      schedulers.set(port, server ?? '')
      found[`${port} ${server}`] = ''
      continue
    }
    const key = `${port} ${schedulers.get(port)}`
    const weight = /\d+$/.exec(line)?.[0]
    found[key] = `${found[key]} ${nameOf.get(rest!)}x${weight}`.trim()
  }
  return found
}

const inOrder = (state: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(state)
      .map(([key, list]) => [key, list.split(' ').toSorted().join(' ')] as const)
      .toSorted(),
  )

/** What both must have, step by step; `unless` says where keepalived has something else, and why we do not. */
interface Step {
  readonly name: string
  readonly do: () => Promise<unknown>
  readonly wanted: Readonly<Record<string, string>>
  readonly unless?: Readonly<Record<string, string>>
  readonly why?: string
}

inKernel('keepalived and the director through the same story', async (t) => {
  const lab = Lab.for(t)
  for (const name of ['ka', 'ours', ...Object.keys(servers)]) lab.node(name)
  lab.lan('lan', {
    ka: '10.0.1.5/24',
    ours: '10.0.1.6/24',
    ...Object.fromEntries(
      Object.keys(servers).map((name) => [name, `${address(name as Name)}/24`]),
    ),
  })
  const rules =
    'table ip t { chain c { type filter hook input priority 0; tcp dport 80-90 drop; }; }'
  await lab.exec('silent', ['nft', rules])
  const programs = new Map<string, LabProcess>()
  const up = async (name: Name): Promise<void> => {
    programs.set(name, await serve(lab, name, [80, 81, 82, 83, 84, 85, 86]))
  }
  const down = (name: Name): Promise<unknown> => programs.get(name)!.kill()

  const conf = join(lab.directory, 'keepalived.conf')
  const pids = ['parent', 'checkers'].map((name) => join(lab.directory, `${name}.pid`))
  let keepalived: LabProcess
  let director: DirectorProcess
  const start = async (services: readonly Plan[]): Promise<void> => {
    writeFileSync(conf, keepalivedConf(services))
    const files = ['-f', conf, '-p', pids[0]!, '-c', pids[1]!]
    const argv = ['keepalived', '--check', '--dont-fork', '--log-console', '--log-detail', ...files]
    // the slower one first
    director = await DirectorProcess.start(t, lab, 'ours', { director: ours(services) })
    keepalived = lab.spawn('ka', argv)
    await until(() => existsSync(pids[1]!), { what: 'keepalived is up', timeout: PATIENCE })
  }
  const reload = async (services: readonly Plan[]): Promise<void> => {
    writeFileSync(conf, keepalivedConf(services))
    keepalived.signal('SIGHUP')
    await director.ask({ do: 'update', options: ours(services) })
  }
  const crash = async (): Promise<void> => {
    const [parent = 0, checkers = 0] = pids.map((file) => Number(readFileSync(file, 'utf8')))
    // held, the parent neither replaces its child nor tells it to tidy up
    process.kill(parent, 'SIGSTOP')
    process.kill(checkers, 'SIGKILL')
    process.kill(parent, 'SIGKILL')
    await Promise.all([keepalived.exited, director.kill()])
    for (const file of pids) rmSync(file, { force: true })
  }

  for (const name of ['s1', 's2', 's3'] as const) await up(name)

  const full = {
    '80 rr': 's1x1 s2x1 s3x1',
    '81 rr': 's1x1 s2x1 s3x1',
    '82 rr': 's1x1 s2x1 s3x1',
    '83 rr': 's1x1 s2x1 s3x1',
    '84 rr': 's1x1',
    '85 rr': 's1x1',
    '86 rr': 's1x1 s2x1 s3x1 sorryx0',
  }
  const { '82 rr': _, '81 rr': inhibited, ...others } = full
  const changed = { ...others, '80 rr': 's1x5 s2x3', '81 wrr': inhibited }
  const steps: readonly Step[] = [
    {
      name: 'start: with alpha a server is out until it has been checked, without it is in',
      do: () => start(plans),
      wanted: { ...full, '85 rr': 's1x1 silentx1' },
    },
    {
      name: 'the check of the silent one is over',
      do: async () => {},
      wanted: full,
    },
    {
      name: 's1 stops: removed, or weight 0 with inhibit_on_failure',
      do: () => down('s1'),
      wanted: {
        '80 rr': 's2x1 s3x1',
        '81 rr': 's1x0 s2x1 s3x1',
        '82 rr': 's2x1 s3x1',
        '83 rr': 's2x1 s3x1',
        '84 rr': '',
        '85 rr': '',
        '86 rr': 's1x0 s2x1 s3x1 sorryx0',
      },
    },
    {
      name: 's2 stops: a quorum of 2 is lost, not with a hysteresis of 1',
      do: () => down('s2'),
      wanted: {
        '80 rr': 's3x1',
        '81 rr': 's1x0 s2x0 s3x1',
        '82 rr': 's3x1',
        '83 rr': 's3x1',
        '84 rr': '',
        '85 rr': '',
        '86 rr': 's1x0 s2x0 s3x0 sorryx1',
      },
    },
    {
      name: 's3 stops: the sorry servers stand in',
      do: () => down('s3'),
      wanted: {
        '80 rr': '',
        '81 rr': 's1x0 s2x0 s3x0',
        '82 rr': 'sorryx1',
        '83 rr': 'sorryx1',
        '84 rr': '',
        '85 rr': '',
        '86 rr': 's1x0 s2x0 s3x0 sorryx1',
      },
    },
    {
      name: 's1 starts: one is a quorum of 1, and no more',
      do: () => up('s1'),
      wanted: {
        '80 rr': 's1x1',
        '81 rr': 's1x1 s2x0 s3x0',
        '82 rr': 's1x1',
        '83 rr': 'sorryx1',
        '84 rr': 's1x1',
        '85 rr': 's1x1',
        '86 rr': 's1x0 s2x0 s3x0 sorryx1',
      },
    },
    {
      name: 's2 starts: a quorum of 2 is gained, not with a hysteresis of 1',
      do: () => up('s2'),
      wanted: {
        '80 rr': 's1x1 s2x1',
        '81 rr': 's1x1 s2x1 s3x0',
        '82 rr': 's1x1 s2x1',
        '83 rr': 'sorryx1',
        '84 rr': 's1x1',
        '85 rr': 's1x1',
        '86 rr': 's1x1 s2x1 s3x0 sorryx0',
      },
    },
    { name: 's3 starts: as at the beginning', do: () => up('s3'), wanted: full },
    {
      name: 'reload: weights, a server and a service less, another scheduler',
      do: () => reload(reloaded),
      wanted: changed,
    },
    {
      name: 'both are killed, and start with a server less',
      do: async () => {
        await crash()
        await start(afterwards)
      },
      wanted: { ...changed, '80 rr': 's1x5' },
      unless: { '80 rr': 's1x5 s2x3' },
      why: 'keepalived does not look at what it finds, and leaves the server in for ever (3.6 (13))',
    },
    {
      name: 'somebody clears both tables',
      do: async () => {
        for (const node of ['ka', 'ours']) await lab.exec(node, ['ipvsadm', '-C'])
      },
      wanted: { ...changed, '80 rr': 's1x5' },
      unless: Object.fromEntries(Object.keys(changed).map((key) => [key, 'absent'])),
      why: 'keepalived never puts right what others change (#1018)',
    },
    {
      name: 'both stop',
      do: async () => Promise.all([keepalived.stop(PATIENCE), director.stop()]),
      wanted: {},
    },
  ]

  for (const { name, do: act, wanted, unless = {}, why } of steps) {
    await t.test(name, async (t) => {
      const since = performance.now()
      await act()
      const theirs = Object.fromEntries(
        Object.entries({ ...wanted, ...unless }).filter(([, list]) => list !== 'absent'),
      )
      const took: string[] = []
      for (const [node, state] of [
        ['ours', wanted],
        ['ka', theirs],
      ] as const) {
        const expected = JSON.stringify(inOrder(state))
        await until(
          async () => {
            const now = JSON.stringify(inOrder(brief(await table(lab, node))))
            if (now === expected) return true
            throw new Error(now)
          },
          { what: `${node} has ${expected}`, timeout: PATIENCE },
        )
        took.push(`${node} ${Math.round(performance.now() - since)} ms`)
      }
      t.comment(`as expected after: ${took.join(', ')}`)
      // Both stay so: a table that only passes through what is expected would not.
      if (why !== undefined) await new Promise((resolve) => setTimeout(resolve, 4000))
      t.strictSame(inOrder(brief(await table(lab, 'ours'))), inOrder(wanted))
      t.strictSame(inOrder(brief(await table(lab, 'ka'))), inOrder(theirs), why ?? name)
    })
    if (!t.passing()) return
  }
})
