/**
 * What connections and the kernel's table go through when directors come and go: one that is killed, one that is drained
 * behind FRR, and others who meddle with the table. And what a director of 1,000 servers takes.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Test } from 'tap'
import type { RealServerOptions } from '../../lib/index.ts'
import { Frr } from '../interop/daemons.ts'
import { Lab, until } from '../interop/lab.ts'
import {
  addresses,
  cluster,
  type DirectorName,
  director,
  Held,
  pools,
  quick,
  reached,
  serve,
  service,
  speaker,
  table,
  vip,
} from './cluster.ts'
import type { HoldReport } from './cluster-agent.ts'
import { DirectorProcess, PATIENCE } from './director-process.ts'
import { inKernel, kernelLimit } from './vm.ts'

kernelLimit(600)

/** Connections that are kept open. */
const HELD = 60
/** Directors that have this choose the same server for the same client. */
const maglev = service({ ...quick, scheduler: 'mh', flags: ['mh-fallback', 'mh-port'] })
const lines = [
  `-A -t ${vip}:80 -s mh -b mh-fallback,mh-port`,
  `-a -t ${vip}:80 -r ${addresses.s1}:80 -g -w 1`,
  `-a -t ${vip}:80 -r ${addresses.s2}:80 -g -w 1`,
]

const seconds = (count: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, count * 1000))

/** The network with FRR as the router, both servers, and these directors. */
async function behindFrr(t: Test, names: readonly DirectorName[]) {
  const lab = Lab.for(t)
  await cluster(lab)
  await lab.exec('router', ['modprobe', 'ip_vs'])
  // Debian makes it at boot
  await lab.exec('router', ['install', '-d', '-o', 'frr', '-g', 'frr', '/run/frr'])
  const frr = new Frr(lab, 'router', {
    routerId: addresses.router,
    interfaces: [
      { name: 'eth0', network: '10.0.1.0/24' },
      { name: 'eth1', network: '10.0.2.0/24', passive: true },
    ],
  })
  await frr.start()
  for (const name of ['s1', 's2']) await serve(lab, name)
  const start = async (name: DirectorName): Promise<DirectorProcess> => {
    lab.sysctl(name, { 'net.ipv4.vs.sloppy_tcp': 1 })
    return DirectorProcess.start(t, lab, name, {
      speaker: speaker(name),
      director: director(maglev),
      vips: { [vip]: {} },
    })
  }
  const directors = await Promise.all(names.map(start))
  await reached(lab, vip, ...names)
  await pools(lab, ['s1', 's2'], names)
  return { lab, start, directors }
}

/** @param outage while nobody announced the VIP, new connections had nowhere to go; those that were there lived on */
function nothingLost(
  t: Test,
  { held, lines, longest, opened, lost }: HoldReport,
  { outage = false } = {},
): void {
  const sum = (counts: Readonly<Record<string, number>>): number =>
    Object.values(counts).reduce((total, one) => total + one, 0)
  t.comment(
    `${sum(held)} connections held with ${lines} lines, ${sum(opened)} opened; ` +
      `${lost.length} lost; the longest answer took ${longest} ms`,
  )
  t.strictSame(outage ? lost.filter((why) => !why.startsWith('new')) : lost, [])
  t.equal(sum(held), HELD)
  t.ok(lines >= HELD, 'all of them were used')
  t.ok(sum(opened) >= 20)
  t.strictSame(Object.keys(held).toSorted(), ['s1', 's2'])
}

inKernel('the only director is killed and comes back: connections and tables stay', async (t) => {
  const { lab, start, directors } = await behindFrr(t, ['d1'])
  // of somebody else
  const foreign = ['-A -t 10.0.1.200:99 -s wrr', '-a -t 10.0.1.200:99 -r 10.0.1.21:99 -g -w 5']
  for (const line of foreign) await lab.exec('d1', ['ipvsadm', ...line.split(' ')])
  const before = (await table(lab, 'd1')).toSorted()
  t.strictSame(before, [...lines, ...foreign].toSorted())

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
  nothingLost(t, await held.end(), { outage: true })
  t.strictSame(again.events('drift'), [])

  t.equal(await again.stop(), 0)
  t.strictSame(await table(lab, 'd1'), foreign, 'what is not ours is left')
})

inKernel('one of two is drained behind FRR: nobody notices', async (t) => {
  const { lab, directors } = await behindFrr(t, ['d1', 'd2'])
  const [d1, d2] = directors as [DirectorProcess, DirectorProcess]
  const checksums = await Promise.all([d1, d2].map((one) => one.ask({ do: 'status' })))
  t.equal(checksums[0]?.checksum, checksums[1]?.checksum, 'both tables agree')

  const held = await Held.open(lab, 80, HELD)
  /** Connections that the kernel of a director knows, and that nobody has closed. */
  const connections = async (name: string): Promise<number> =>
    (await lab.exec(name, ['ipvsadm', '-Lnc'])).split('\n').filter(isOpen).length
  const isOpen = (line: string): boolean =>
    line.startsWith('TCP') && !/FIN_WAIT|TIME_WAIT|CLOSE|LAST_ACK/.test(line)
  const there = await connections('d2')
  t.ok(there >= 10, `${there} connections through the one that goes`)

  const since = Date.now()
  const result = await d2.ask({ do: 'drain', vip })
  t.comment(`drained in ${Date.now() - since} ms: ${JSON.stringify(result).slice(0, 400)}`)
  t.match(result, { outcome: 'done', acknowledged: true })
  await reached(lab, vip, 'd1')
  t.strictSame((await table(lab, 'd2')).toSorted(), lines, 'its service stays, for what is late')
  await seconds(5)
  const moved = await connections('d1')
  t.ok(moved >= HELD, `${moved} connections through the other now`)

  await d2.ask({ do: 'undrain', vip })
  await reached(lab, vip, 'd1', 'd2')
  await pools(lab, ['s1', 's2'])
  await seconds(5)
  t.ok((await connections('d2')) >= 10, 'and back')
  nothingLost(t, await held.end())
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
