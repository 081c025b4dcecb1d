/**
 * Discard routes in the kernel of an area border router: packets for a hole of what it tells of as a whole end there,
 * where they would go round between it and the router that it has its default route from.
 *
 *   client 10.9.0.2 -- 10.9.0.1 up 10.0.1.2 -- 10.0.1.1 abr 10.1.0.1 -- 10.1.0.2 inside (area 0.0.0.1)
 */
import t, { type Test } from 'tap'
import type { SpeakerOptions } from '../../lib/index.ts'
import { Lab, missing, until } from './lab.ts'
import { classicTimers, SpeakerChild } from './speakers.ts'

t.setTimeout(200_000)

const hole = '10.1.77.1'
const timers = { ...classicTimers, network: 'point-to-point' } as const
const router = { 'net.ipv4.ip_forward': 1, 'net.ipv4.conf.all.send_redirects': 0 }

const abrOptions = (discard: boolean): SpeakerOptions => ({
  routerId: '10.0.1.1',
  areas: {
    '0.0.0.0': { interfaces: { eth0: timers } },
    '0.0.0.1': { interfaces: { eth1: timers }, ranges: { '10.1.0.0/16': {} } },
  },
  installRoutes: { discard },
})

/** The black holes of a node's main table, as `ip route` prints them. */
async function blackHoles(lab: Lab, node: string): Promise<readonly string[]> {
  const text = await lab.exec(node, ['ip', 'route', 'show', 'type', 'blackhole'])
  return text.split('\n').flatMap((line) => line.trim() || [])
}

/** Sends one datagram into the hole, and counts how often `up` forwards it. */
async function forwards(lab: Lab): Promise<number> {
  const count = async (): Promise<number> => {
    const text = await lab.exec('up', ['cat', '/proc/net/snmp'])
    const [names, values] = text.split('\n').filter((line) => line.startsWith('Ip:'))
    return Number(values?.split(' ')[names?.split(' ').indexOf('ForwDatagrams') ?? -1])
  }
  const before = await count()
  const script = `
    const socket = require('node:dgram').createSocket('udp4')
    socket.send('.', 9, '${hole}', () => setTimeout(() => socket.close(), 500))`
  await lab.exec('client', [process.execPath, '-e', script])
  return (await count()) - before
}

async function run(t: Test): Promise<void> {
  const lab = Lab.for(t)
  for (const node of ['up', 'abr', 'inside']) lab.node(node, router)
  lab.link({ up: '10.0.1.2/24', abr: '10.0.1.1/24' })
  lab.node('client')
  lab.link({ client: '10.9.0.2/24', up: '10.9.0.1/24' })
  await lab.exec('client', ['ip', 'route', 'add', 'default', 'via', '10.9.0.1'])
  lab.link({ abr: '10.1.0.1/30', inside: '10.1.0.2/30' })
  await SpeakerChild.start(t, lab, 'up', {
    routerId: '10.0.1.2',
    areas: { '0.0.0.0': { interfaces: { eth0: timers } } },
    installRoutes: true,
    defaultInformation: { always: true },
  })
  const inside = await SpeakerChild.start(t, lab, 'inside', {
    routerId: '10.1.0.2',
    areas: { '0.0.0.1': { interfaces: { eth0: timers } } },
    summaryAddresses: { '172.16.0.0/12': {} },
    externals: { '172.16.1.0/24': {} },
    installRoutes: true,
  })
  const knows = (node: string, prefix: string): Promise<boolean> =>
    until(async () => (await lab.routes(node)).some(({ dst }) => dst === prefix), {
      what: `${node} has ${prefix}`,
      timeout: 60,
    })

  t.comment('without: a loop')
  const before = await SpeakerChild.start(t, lab, 'abr', abrOptions(false))
  await knows('up', '10.1.0.0/16')
  await knows('abr', 'default')
  t.strictSame(await blackHoles(lab, 'abr'), [])
  t.ok((await forwards(lab)) > 20, 'it goes round until its time to live is over')
  await before.stop()

  t.comment('with: it ends there')
  const abr = await SpeakerChild.start(t, lab, 'abr', abrOptions(true))
  await knows('up', '10.1.0.0/16')
  await knows('abr', 'default')
  const range = 'blackhole 10.1.0.0/16 proto ospf metric 20'
  await until(async () => (await blackHoles(lab, 'abr')).includes(range), { what: range })
  t.strictSame(await blackHoles(lab, 'abr'), [range])
  t.equal(await forwards(lab), 1)
  const { routes } = await abr.snapshot()
  t.match(
    routes.find(({ prefix }) => prefix === '10.1.0.0/16'),
    { pathType: 'inter-area', area: '0.0.0.1', discard: true, nextHops: [] },
  )

  t.comment('a summary address of an AS boundary router')
  const summary = 'blackhole 172.16.0.0/12 proto ospf metric 20'
  await until(async () => (await blackHoles(lab, 'inside')).includes(summary), { what: summary })
  t.strictSame(await blackHoles(lab, 'inside'), [summary])

  t.comment('nothing inside, no range')
  await inside.stop()
  t.strictSame(await blackHoles(lab, 'inside'), [], 'removed at the end')
  await lab.exec('abr', ['ip', 'link', 'set', 'eth1', 'down'])
  await until(async () => (await blackHoles(lab, 'abr')).length === 0, {
    what: 'the black hole of an inactive range is gone',
  })
  await abr.stop()
}

t.test('holes of a range and of a summary address', { skip: missing() }, run)
