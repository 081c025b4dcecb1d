/** What keeps a speaker from starting, or from taking part: said in clear words, and nothing is left half-started. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import type { OspfErrorCode, SpeakerOptions } from '../../lib/index.ts'
import { Frr, full } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'
import { onEth0, SpeakerChild } from './speakers.ts'

t.setTimeout(120_000)
t.jobs = 4

const one = '10.0.1.1'
const two = '10.0.1.2'
const vip = '10.0.1.100'
const skip = missing()

/** A LAN of two. */
function pair(t: Test): Lab {
  const lab = Lab.for(t)
  lab.node('a')
  lab.node('b')
  lab.lan('lan', { a: `${one}/24`, b: `${two}/24` })
  return lab
}

/** Addresses, routes, raw sockets and locks of a node, without what changes by itself. */
async function kernelOf(lab: Lab, node: string): Promise<string> {
  const commands = [
    ['ip', '-brief', 'address'],
    ['ip', 'route', 'show', 'table', 'all'],
    ['ss', '-Hwan'],
    ['ss', '-Hxl', 'src', '@ospf-speaker*'],
  ]
  const outputs = await Promise.all(commands.map((argv) => lab.exec(node, argv)))
  return outputs.join('\n')
}

interface Refusal {
  readonly options: SpeakerOptions
  readonly wrapper?: readonly string[]
  readonly code: OspfErrorCode
  readonly message: RegExp
}

/** Root without a single capability, and somebody who never was root. */
const powerless = ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all']
const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']

const vipOnLo = { addresses: [{ device: 'lo', address: `${vip}/32` }] }

const refusals: Readonly<Record<string, Refusal>> = {
  'no capabilities': {
    options: onEth0(one),
    wrapper: powerless,
    code: 'ERR_OSPF_PERMISSION',
    message: /a raw socket on eth0 takes CAP_NET_RAW/,
  },
  'no root': {
    options: onEth0(one),
    wrapper: nobody,
    code: 'ERR_OSPF_PERMISSION',
    message: /a raw socket on eth0 takes CAP_NET_RAW/,
  },
  'no right to add an address': {
    options: onEth0(one, {}, vipOnLo),
    wrapper: ['setpriv', '--bounding-set', '-all,+net_raw'],
    code: 'ERR_OSPF_PERMISSION',
    message: /10\.0\.1\.100\/32 to lo: operation not permitted.*CAP_NET_ADMIN/,
  },
  'an address added before the socket was refused': {
    options: onEth0(one, {}, vipOnLo),
    wrapper: ['setpriv', '--bounding-set', '-all,+net_admin'],
    code: 'ERR_OSPF_PERMISSION',
    message: /a raw socket on eth0 takes CAP_NET_RAW/,
  },
  'unknown interface': {
    options: { ...vipOnLo, routerId: one, areas: { 0: { interfaces: { eth0: {}, eth7: {} } } } },
    code: 'ERR_OSPF_NO_INTERFACE',
    message: /interface eth7 does not exist; there are .*eth0/,
  },
  'malformed router id': {
    options: { ...onEth0('10.0.1.300'), ...vipOnLo },
    code: 'ERR_OSPF_CONFIG',
    message: /routerId.*'10\.0\.1\.300'/,
  },
  'malformed address': {
    options: onEth0(one, {}, { addresses: [{ device: 'lo', address: '10.0.1.100/33' }] }),
    code: 'ERR_OSPF_CONFIG',
    message: /addresses: 0: address.*33/,
  },
}

for (const [name, { options, wrapper, code, message }] of Object.entries(refusals)) {
  t.test(name, { skip: skip || (wrapper === nobody && unreadable()) }, async (t) => {
    const lab = pair(t)
    const before = await kernelOf(lab, 'a')
    const speaker = await SpeakerChild.start(t, lab, 'a', options, wrapper)
    t.match(speaker.failure, { code, message })
    t.equal(await speaker.process.exited, 1, 'nothing keeps the process alive')
    t.equal(await kernelOf(lab, 'a'), before, 'nothing is left')
  })
}

/** Whether somebody else may read this program: in a checkout under /root, say, nobody may. */
function unreadable(): string | false {
  try {
    execFileSync('setpriv', [...nobody.slice(1), 'cat', fileURLToPath(import.meta.url)])
    return false
  } catch {
    return 'the build folder is readable for root only'
  }
}

t.test('CAP_NET_RAW alone is enough to announce, and not for an address', { skip }, async (t) => {
  const lab = pair(t)
  const raw = ['setpriv', '--bounding-set', '-all,+net_raw']
  const a = await SpeakerChild.start(t, lab, 'a', onEth0(one), raw)
  const b = await SpeakerChild.start(t, lab, 'b', onEth0(two, { priority: 1 }))
  t.equal(a.failure, undefined)
  await a.announce(vip)
  await a.announce('10.0.1.101', 'lo')
  await until(
    async () => (await b.snapshot()).routes.some(({ prefix }) => prefix === `${vip}/32`),
    {
      what: 'the VIP is announced',
    },
  )
  const isRefused = (): boolean =>
    a.events('announcement').some(({ event }) => /operation not permitted/.test(event.reason))
  await until(isRefused, { what: 'the refusal is said' })
  t.match(a.events('announcement').find(({ event }) => event.prefix === '10.0.1.101/32')?.event, {
    state: 'down',
    reason: /cannot add 10\.0\.1\.101\/32 to lo: .*operation not permitted .*CAP_NET_ADMIN/,
  })
  t.strictSame(a.events('error'), [], 'and nothing else failed')
})

t.test('a VIP that is no prefix, or too large a one', { skip }, async (t) => {
  const lab = pair(t)
  const speaker = await SpeakerChild.start(t, lab, 'a', onEth0(one))
  const before = await kernelOf(lab, 'a')
  for (const prefix of ['10.0.9.1/24', '10.0.8.0/33', '10.0.0.0/7', '0.0.0.0/0']) {
    await t.rejects(speaker.announce(prefix, 'lo'), { code: 'ERR_OSPF_CONFIG', message: /VIP/ })
  }
  t.equal(await kernelOf(lab, 'a'), before)
})

t.test('an interface without an address is waited for', { skip: missing('frr') }, async (t) => {
  const lab = pair(t)
  const frr = new Frr(lab, 'b', {
    routerId: two,
    interfaces: [{ name: 'eth0', network: '10.0.1.0/24' }],
  })
  await frr.start()
  await lab.exec('a', ['ip', 'address', 'flush', 'dev', 'eth0'])
  const speaker = await SpeakerChild.start(t, lab, 'a', onEth0(one))
  t.equal(speaker.failure, undefined)
  await until(() => speaker.events('waiting').length > 0, { what: 'it says so' })
  const [waiting] = speaker.events('waiting')
  t.equal(waiting?.line, 'interface eth0 waits: it has no IPv4 address')
  await lab.exec('a', ['ip', 'address', 'add', `${one}/24`, 'dev', 'eth0'])
  await full(frr, [one])
  t.equal(speaker.events('waiting').length, 1, 'said once')
})

t.test('two routers with one router id', { skip }, async (t) => {
  const lab = pair(t)
  const a = await SpeakerChild.start(t, lab, 'a', onEth0('10.0.1.9', { priority: 1 }))
  const b = await SpeakerChild.start(t, lab, 'b', onEth0('10.0.1.9', { priority: 1 }))
  for (const [speaker, address] of [
    [a, two],
    [b, one],
  ] as const) {
    await until(() => speaker.events('duplicate-router-id').length > 0, {
      what: `${speaker.node} says that its router id is used twice`,
    })
    t.equal(
      speaker.events('duplicate-router-id')[0]?.line,
      `${address} on eth0 uses our router id 10.0.1.9`,
    )
  }
  await new Promise((resolve) => setTimeout(resolve, 4000))
  for (const speaker of [a, b]) {
    t.equal(speaker.events('duplicate-router-id').length, 1, 'once, not with every Hello')
    t.strictSame((await speaker.snapshot()).neighbors, [], 'no adjacency')
  }
})

t.test('the previous process still runs', { skip }, async (t) => {
  const lab = pair(t)
  const settings = onEth0(one, {}, vipOnLo)
  const b = await SpeakerChild.start(t, lab, 'b', onEth0(two, { priority: 1 }))
  const first = await SpeakerChild.start(t, lab, 'a', settings)
  const isFull = (): boolean => b.states(one).at(-1) === 'Full'
  await until(isFull, { what: 'Full with the first process' })
  const before = await kernelOf(lab, 'a')
  const since = Date.now()

  const second = await SpeakerChild.start(t, lab, 'a', settings)
  t.match(second.failure, { code: 'ERR_OSPF_DUPLICATE', message: /another speaker.* eth0/ })
  t.equal(await second.process.exited, 1)
  t.equal(await kernelOf(lab, 'a'), before, 'nothing changed')
  t.strictSame(b.events('neighbor', { since }), [], 'nobody noticed')
  t.strictSame(first.events('duplicate-router-id'), [])

  await first.kill()
  const third = await SpeakerChild.start(t, lab, 'a', settings)
  t.equal(third.failure, undefined, 'a dead process holds nothing')
  await until(() => third.states(two).at(-1) === 'Full', { what: 'Full with its successor' })
})

t.test('after a stop nothing is left either', { skip }, async (t) => {
  const lab = pair(t)
  const before = await kernelOf(lab, 'a')
  const b = await SpeakerChild.start(t, lab, 'b', onEth0(two, { priority: 1 }))
  await b.announce('10.0.9.9')
  const a = await SpeakerChild.start(t, lab, 'a', onEth0(one, {}, { installRoutes: true }))
  await a.announce(vip, 'lo')
  await until(async () => (await lab.routes('a')).some(({ dst }) => dst === '10.0.9.9'), {
    what: 'the route is in the kernel',
  })
  await until(async () => (await kernelOf(lab, 'a')).includes(vip), { what: 'the VIP is on lo' })
  t.equal((await a.stop()).status, 0)
  t.equal(await kernelOf(lab, 'a'), before)
})
