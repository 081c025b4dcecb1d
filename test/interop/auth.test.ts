/**
 * Authentication with FRR (simple passwords and MD5: 8.4 has no more for OSPFv2) and with BIRD (those and HMAC-SHA):
 * Full, with routes both ways; keys rolled over under traffic without a lost packet; and AuType 3 between two of us.
 */
import t, { type Test } from 'tap'
import type { AuthenticationOptions, KeyOptions } from '../../lib/index.ts'
import { Bird, type Daemon, Frr, full, type RouterPlan, Speaker } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'
import { onEth0, SpeakerChild } from './speakers.ts'

t.setTimeout(180_000)
t.jobs = 4

const ours = '10.0.1.2'
const theirs = '10.0.1.1'
/** Addresses on the loopback devices, which the routes go to. */
const ourVip = '10.9.0.2'
const theirVip = '10.9.0.1'

type Make = (lab: Lab, lines: readonly string[]) => Frr | Bird

const plan = (lines: readonly string[]): RouterPlan => ({
  routerId: theirs,
  interfaces: [{ name: 'eth0', network: '10.0.1.0/24', lines }],
  vips: [theirVip],
})

const frr: Make = (lab, lines) => new Frr(lab, 'peer', plan(lines))
const bird: Make = (lab, lines) => new Bird(lab, 'peer', plan(lines))

/** Two nodes on a LAN, each with its loopback address. */
async function build(t: Test): Promise<Lab> {
  const lab = Lab.for(t)
  lab.node('speaker')
  lab.node('peer')
  lab.lan('lan', { speaker: `${ours}/24`, peer: `${theirs}/24` })
  await lab.exec('speaker', ['ip', 'address', 'add', `${ourVip}/32`, 'dev', 'lo'])
  await lab.exec('peer', ['ip', 'address', 'add', `${theirVip}/32`, 'dev', 'lo'])
  return lab
}

/** Options that announce our loopback address, and install what is learned. */
const options = (authentication: AuthenticationOptions) => ({
  ...onEth0(ours, { authentication, priority: 1 }, { installRoutes: true }),
})

async function routesBothWays(
  t: Test,
  lab: Lab,
  speaker: SpeakerChild,
  peer: Daemon,
): Promise<void> {
  await speaker.announce(ourVip)
  await until(async () => (await peer.learned()).includes(`${ourVip}/32`), {
    what: 'the peer has a route to us',
  })
  await until(async () => (await lab.routes('speaker')).some(({ dst }) => dst === theirVip), {
    what: 'we have a route to the peer',
  })
  await lab.serve('peer', theirVip, 80, 'peer')
  t.strictSame(await lab.connections('speaker', theirVip, 80, 1), {
    answered: { peer: 1 },
    failed: {},
  })
}

const secret = 'correct horse'

const chainOf = (type: Exclude<AuthenticationOptions['type'], 'none' | 'simple'>, key = secret) =>
  ({ type, keys: [{ id: 7, key }] }) as const

const birdKey = (algorithm: string, key = secret): string[] => [
  'authentication cryptographic;',
  `password "${key}" { id 7; algorithm ${algorithm}; };`,
]

const cases: readonly (readonly [
  name: string,
  need: 'frr' | 'bird',
  peer: Make,
  lines: readonly string[],
  options: AuthenticationOptions,
])[] = [
  [
    'FRR, simple password',
    'frr',
    frr,
    ['ip ospf authentication', 'ip ospf authentication-key secret'],
    { type: 'simple', key: 'secret' },
  ],
  [
    'FRR, keyed MD5',
    'frr',
    frr,
    ['ip ospf authentication message-digest', 'ip ospf message-digest-key 7 md5 correct'],
    chainOf('md5', 'correct'),
  ],
  [
    'BIRD, simple password',
    'bird',
    bird,
    ['authentication simple;', 'password "secret";'],
    { type: 'simple', key: 'secret' },
  ],
  ['BIRD, keyed MD5', 'bird', bird, birdKey('keyed md5'), chainOf('md5')],
  ['BIRD, HMAC-SHA-1', 'bird', bird, birdKey('hmac sha1'), chainOf('hmac-sha-1')],
  ['BIRD, HMAC-SHA-256', 'bird', bird, birdKey('hmac sha256'), chainOf('hmac-sha-256')],
  ['BIRD, HMAC-SHA-384', 'bird', bird, birdKey('hmac sha384'), chainOf('hmac-sha-384')],
  ['BIRD, HMAC-SHA-512', 'bird', bird, birdKey('hmac sha512'), chainOf('hmac-sha-512')],
]

for (const [name, need, make, lines, authentication] of cases) {
  t.test(name, { skip: missing(need) }, async (t) => {
    const lab = await build(t)
    const peer = make(lab, lines)
    const [speaker] = await Promise.all([
      SpeakerChild.start(t, lab, 'speaker', options(authentication)),
      peer.start(),
    ])
    t.equal(speaker.failure, undefined)
    await full(peer, [ours])
    await until(async () => (await speaker.fullNeighbors()).includes(theirs), { what: 'Full' })
    await routesBothWays(t, lab, speaker, peer)
    const { interfaces } = await speaker.snapshot()
    const auType = authentication.type === 'simple' ? 'simple' : 'cryptographic'
    t.equal(interfaces[0]?.authentication.type, auType)
    t.strictSame(interfaces[0]?.drops['auth-digest'], undefined)
    t.strictSame(speaker.events('mismatch'), [])
    t.notMatch(speaker.log(), /correct|secret/, 'no key is printed')
    await speaker.stop()
  })
}

t.test('BIRD with another key: said once, no adjacency', { skip: missing('bird') }, async (t) => {
  const lab = await build(t)
  const peer = bird(lab, birdKey('hmac sha256', 'another'))
  const [speaker] = await Promise.all([
    SpeakerChild.start(t, lab, 'speaker', options(chainOf('hmac-sha-256'))),
    peer.start(),
  ])
  await until(
    async () => ((await speaker.snapshot()).interfaces[0]?.drops['auth-digest'] ?? 0) > 4,
    {
      what: 'five Hellos are dropped',
    },
  )
  t.strictSame(await speaker.fullNeighbors(), [])
  t.match(
    speaker.events('mismatch').map(({ event }) => event),
    [{ field: 'authentication key', ours: 'key 7, hmac-sha-256', address: theirs }],
  )
  t.equal(speaker.events('mismatch').length, 1)
  await speaker.stop()
})

/** A key that seals from or until a moment and is accepted always. */
const rolling = (
  id: number,
  key: string,
  send: KeyOptions['send'],
  algorithm: NonNullable<KeyOptions['algorithm']>,
): KeyOptions => ({ id, key, algorithm, ...(send ? { send } : {}) })

/** Connections through the learned route, one after the other until stopped, 100 at least; how many of them failed. */
function traffic(lab: Lab): { failed(): Promise<number> } {
  let running = true
  const made = (async () => {
    let [answered, failed] = [0, 0]
    while (running || answered + failed < 100) {
      const count = await lab.connections('speaker', theirVip, 80, 20)
      answered += count.answered['peer'] ?? 0
      failed += Object.values(count.failed).reduce((sum, n) => sum + n, 0)
    }
    return failed
  })()
  made.catch(() => {}) // who asks is told
  return {
    failed: () => {
      running = false
      return made
    },
  }
}

/** Nobody noticed, and the next key is in use. */
async function rolledOver(t: Test, speaker: SpeakerChild, since: number): Promise<void> {
  t.strictSame(speaker.states(theirs, since), [], 'the adjacency did not move')
  t.match(
    speaker.events('key').map(({ event }) => event),
    [{ state: 'valid', keyId: 2 }],
  )
  const [eth0] = (await speaker.snapshot()).interfaces
  t.equal(eth0?.authentication.keyId, 2)
}

/** Not one packet was refused. FRR 8.4 may send one with neither key while it is being told; BIRD takes turns. */
async function refusedNothing(t: Test, speaker: SpeakerChild): Promise<void> {
  const [eth0] = (await speaker.snapshot()).interfaces
  t.strictSame(
    Object.keys(eth0?.drops ?? {}).filter((reason) => reason.startsWith('auth')),
    [],
  )
}

t.test('a key rollover with FRR, under traffic', { skip: missing('frr') }, async (t) => {
  const lab = await build(t)
  const peer = new Frr(
    lab,
    'peer',
    plan(['ip ospf authentication message-digest', 'ip ospf message-digest-key 1 md5 first']),
  )
  const first = rolling(1, 'first', undefined, 'md5')
  const [speaker] = await Promise.all([
    SpeakerChild.start(t, lab, 'speaker', options({ type: 'md5', keys: [first] })),
    peer.start(),
  ])
  await full(peer, [ours])
  await routesBothWays(t, lab, speaker, peer)
  const since = Date.now()
  const turn = new Date(since + 5000)
  const keys = [
    rolling(1, 'first', { until: turn }, 'md5'),
    rolling(2, 'second', { from: turn }, 'md5'),
  ]
  await speaker.reconfigure(options({ type: 'md5', keys }))
  const connections = traffic(lab)
  const configure = (line: string) => peer.vtysh('configure terminal', 'interface eth0', line)
  await until(() => speaker.events('key').length > 0, { what: 'we seal with the second key' })
  // FRR 8.4 seals with the newest that it has and takes no other: we take both, so it has the dead interval for it
  await configure('ip ospf message-digest-key 2 md5 second')
  await configure('no ip ospf message-digest-key 1')
  // longer than the dead interval
  await until(() => Date.now() > turn.getTime() + 8000, { what: 'some time passes' })
  await rolledOver(t, speaker, since)
  t.strictSame(await peer.fullNeighbors(), [ours])
  t.equal(await connections.failed(), 0)
  await speaker.stop()
})

t.test(
  'a rollover with BIRD by lifetimes, to another algorithm',
  { skip: missing('bird') },
  async (t) => {
    const lab = await build(t)
    const auth = 'authentication cryptographic;'
    const peer = new Bird(
      lab,
      'peer',
      plan([auth, 'password "first" { id 1; algorithm hmac sha1; };']),
    )
    const first = rolling(1, 'first', undefined, 'hmac-sha-1')
    const [speaker] = await Promise.all([
      SpeakerChild.start(t, lab, 'speaker', options({ type: 'hmac-sha-1', keys: [first] })),
      peer.start(),
    ])
    await full(peer, [ours])
    await routesBothWays(t, lab, speaker, peer)
    const since = Date.now()
    const turn = new Date(Math.ceil(since / 1000) * 1000 + 6000)
    // BIRD reads local time
    const local = new Date(turn.getTime() - turn.getTimezoneOffset() * 60_000)
    const time = local.toISOString().slice(0, 19).replace('T', ' ')
    await peer.configure(
      plan([
        auth,
        `password "first" { id 1; algorithm hmac sha1; generate to "${time}"; };`,
        `password "second" { id 2; algorithm hmac sha512; generate from "${time}"; };`,
      ]),
    )
    const keys = [
      rolling(1, 'first', { until: turn }, 'hmac-sha-1'),
      rolling(2, 'second', { from: turn }, 'hmac-sha-512'),
    ]
    await speaker.reconfigure(options({ type: 'hmac-sha-1', keys }))
    const connections = traffic(lab)
    await until(() => speaker.events('key').length > 0, { what: 'we seal with the second key' })
    await until(() => Date.now() > turn.getTime() + 8000, { what: 'some time passes' })
    await rolledOver(t, speaker, since)
    await refusedNothing(t, speaker)
    t.strictSame(await peer.fullNeighbors(), [ours])
    t.equal(await connections.failed(), 0)
    await speaker.stop()
  },
)

t.test('AuType 3 between two of us, and a restart', { skip: missing() }, async (t) => {
  const lab = await build(t)
  const authentication = { ...chainOf('hmac-sha-256'), extended: true }
  const start = (node: string, routerId: string) =>
    SpeakerChild.start(t, lab, node, onEth0(routerId, { authentication, priority: 1 }))
  const [one, other] = await Promise.all([start('speaker', ours), start('peer', theirs)])
  const areFull = (peer: SpeakerChild) =>
    until(
      async () =>
        (await one.fullNeighbors()).includes(theirs) && (await peer.fullNeighbors()).includes(ours),
      { what: 'both are Full' },
    )
  await areFull(other)
  t.equal((await one.snapshot()).interfaces[0]?.authentication.type, 'extended')
  await other.kill()
  await areFull(await start('peer', theirs))
  const [eth0] = (await one.snapshot()).interfaces
  t.equal(eth0?.drops['auth-sequence'], undefined, 'the numbers of the second life are higher')
  t.equal(eth0?.drops['auth-digest'], undefined)
})

t.test('one configuration file for FRR and for us', { skip: missing('frr') }, async (t) => {
  const lab = await build(t)
  const lines = ['ip ospf message-digest-key 1 md5 first', 'ip ospf message-digest-key 9 md5 last']
  const extra = ['area 0.0.0.0 authentication message-digest']
  const peer = new Frr(lab, 'peer', { ...plan(lines), extra })
  const speaker = new Speaker(lab, 'speaker', {
    ...plan(lines),
    routerId: ours,
    vips: [ourVip],
    extra,
  })
  await Promise.all([peer.start(), speaker.start()])
  await full(peer, [ours])
  await full(speaker, [theirs])
  await until(async () => (await speaker.learned()).includes(`${theirVip}/32`), { what: 'a route' })
  await until(async () => (await peer.learned()).includes(`${ourVip}/32`), { what: 'theirs' })
  t.notMatch(lab.log(), /md5 (first|last)/)
  await speaker.stop()
})
