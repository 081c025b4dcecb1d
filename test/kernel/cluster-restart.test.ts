/**
 * What connections and the kernel's table go through when a director is killed and comes back, and when others meddle
 * with the table. And what a director of 1,000 servers takes. Those that are drained: cluster-drain.test.ts.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import type { RealServerOptions } from '../../lib/index.ts'
import { Lab, until } from '../interop/lab.ts'
import {
  addresses,
  behind,
  Held,
  heldReport,
  maglev,
  maglevLines,
  reached,
  serve,
  service,
  sum,
  table,
  vip,
} from './cluster.ts'
import { DirectorProcess, PATIENCE } from './director-process.ts'
import { inKernel, kernelLimit } from './vm.ts'

kernelLimit(600)

/** Connections that are kept open. */
const HELD = 60
const seconds = (count: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, count * 1000))

inKernel('the only director is killed and comes back: connections and tables stay', async (t) => {
  const { lab, start, directors } = await behind(t, 'FRR', ['d1'], [maglev()])
  // of somebody else
  const foreign = ['-A -t 10.0.1.200:99 -s wrr', '-a -t 10.0.1.200:99 -r 10.0.1.21:99 -g -w 5']
  for (const line of foreign) await lab.exec('d1', ['ipvsadm', ...line.split(' ')])
  const before = (await table(lab, 'd1')).toSorted()
  t.strictSame(before, [...maglevLines(), ...foreign].toSorted())

  const held = await Held.open(lab, 80, HELD)
  await directors[0]!.kill()
  t.strictSame((await table(lab, 'd1')).toSorted(), before, 'the kernel goes on')
  await seconds(1)
  const again = await start('d1')
  t.strictSame((await table(lab, 'd1')).toSorted(), before, 'taken over as it is')
  t.match(again.events('service')[0]?.event, { what: 'adopted' })
  await until(
    async () => {
      const { services } = await again.ask({ do: 'status' })
      return services[0]?.servers.every(({ state }) => state === 'up')
    },
    { what: 'both servers have been checked', timeout: PATIENCE },
  )
  await reached(lab, vip, 'd1')
  await seconds(3)
  t.strictSame((await table(lab, 'd1')).toSorted(), before)
  const report = await held.end()
  t.comment(heldReport(report))
  // while nobody announced the VIP, new connections had nowhere to go
  t.strictSame(
    report.lost.filter((why) => !why.startsWith('new')),
    [],
  )
  t.equal(sum(report.held), HELD)
  t.ok(report.lines >= HELD, 'all of them were used')
  t.strictSame(Object.keys(report.held).toSorted(), ['s1', 's2'])
  t.strictSame(again.events('drift'), [])

  t.equal(await again.stop(), 0)
  t.strictSame(await table(lab, 'd1'), foreign, 'what is not ours is left')
})

inKernel('others meddle with the table, and the kernel lacks a scheduler', async (t) => {
  const lab = Lab.for(t)
  const node = lab.node('d')
  const ipvsadm = (words: string): Promise<string> =>
    lab.exec(node, ['ipvsadm', ...words.split(' ')])
  const plain = service({ scheduler: 'rr' })
  const wanted = [
    `-A -t ${vip}:80 -s rr`,
    `-a -t ${vip}:80 -r ${addresses.s1}:80 -g -w 1`,
    `-a -t ${vip}:80 -r ${addresses.s2}:80 -g -w 1`,
  ]
  const one = await DirectorProcess.start(t, lab, node, {
    director: { services: [plain], reconcileInterval: 1, retryInterval: 0.5 },
  })
  t.strictSame(await table(lab, node), wanted)

  const meddled = [
    [`-d -t ${vip}:80 -r ${addresses.s1}:80`, /10\.0\.1\.21:80 is gone/],
    [`-e -t ${vip}:80 -r ${addresses.s2}:80 -g -w 7`, /weight/],
    [`-a -t ${vip}:80 -r 10.0.1.77:80 -g -w 1`, /10\.0\.1\.77/],
    [`-E -t ${vip}:80 -s wrr`, /wrr/],
    ['-C', /tcp 10\.0\.1\.100:80 is gone/],
  ] as const
  for (const [command, words] of meddled) {
    const since = Date.now()
    await ipvsadm(command)
    await until(() => one.events('drift', since).length > 0, {
      what: `${command} is noticed`,
      timeout: PATIENCE,
    })
    await until(
      async () => {
        const now = (await table(lab, node)).toSorted().join('\n')
        if (now === wanted.toSorted().join('\n')) return true
        throw new Error(now)
      },
      { what: `${command} is put right`, timeout: PATIENCE },
    )
    t.match(one.events('drift', since)[0]?.line, words, command)
  }

  const modprobe = '/proc/sys/kernel/modprobe'
  const loader = readFileSync(modprobe, 'utf8')
  writeFileSync(modprobe, '/bin/false\n')
  await one.ask({
    do: 'update',
    options: { services: [plain, service({ port: 81, scheduler: 'lblcr' })] },
  })
  const problem = async (): Promise<string | undefined> =>
    (await one.ask({ do: 'status' })).services.find(({ key }) => key.endsWith(':81'))?.problem
  t.match(await problem(), /lblcr/)
  const refused = one.events('refused').at(-1)?.line
  t.match(refused, /lblcr/)
  t.match(refused, /the scheduler.* is none that this kernel has or can load/)
  t.strictSame((await table(lab, node)).toSorted(), wanted.toSorted(), 'the other one serves')
  writeFileSync(modprobe, loader)
  await until(async () => (await problem()) === undefined, {
    what: 'the scheduler is tried again',
    timeout: PATIENCE,
  })
  t.ok((await table(lab, node)).includes(`-A -t ${vip}:81 -s lblcr`))
})

inKernel('1,000 servers: memory', async (t) => {
  const lab = Lab.for(t)
  const node = lab.node('d')
  await serve(lab, node)
  const one = await DirectorProcess.start(t, lab, node, {
    director: { services: [service({ servers: [{ address: '127.9.9.9' }] })] },
  })
  const mebibytes = (bytes: number): number => Math.round((bytes / 2 ** 20) * 10) / 10
  const before = await one.ask({ do: 'memory' })
  // this host's own addresses, each checked for itself
  const servers = Array.from(
    { length: 1000 },
    (_, i): RealServerOptions => ({ address: `127.1.${i >> 8}.${i & 255}` }),
  )
  const since = Date.now()
  const checked = service({ servers, checks: [{ type: 'tcp' }], delayLoop: 10 })
  await one.ask({ do: 'update', options: { services: [checked] } })
  await until(async () => (await table(lab, node)).length === 1001, {
    what: 'all of them are in the pool',
    timeout: 120,
  })
  const took = Date.now() - since
  await seconds(5)
  const after = await one.ask({ do: 'memory' })
  const { checks } = await one.ask({ do: 'status' })
  t.equal(checks, 1000)
  const grown = mebibytes(after.heap - before.heap)
  t.comment(
    `1,000 servers: all in after ${took} ms, checked every 10 s; ` +
      `${mebibytes(after.resident)} MiB resident (${mebibytes(before.resident)} with one), ` +
      `${grown} MiB more on the heap`,
  )
  t.ok(grown < 30, `${grown} MiB`)
})
