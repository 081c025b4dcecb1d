import { readFileSync } from 'node:fs'
import t from 'tap'
import { answersOf } from '../../lib/cli/answers.ts'
import { AnswerError } from '../../lib/cli/ask.ts'
import { serveControl } from '../../lib/cli/control.ts'
import { EventRing } from '../../lib/cli/event-ring.ts'
import { Pace } from '../../lib/cli/pace.ts'
import { ask, helpOf } from '../../lib/cli/show.ts'
import { clockTime, duration } from '../../lib/cli/text.ts'
import { answer } from './answer.ts'
import { operated, said, shortDir } from './sample.ts'

const frr = JSON.parse(readFileSync('fixtures/frr-8.4.4/show.json', 'utf8')) as {
  readonly json: Readonly<Record<string, unknown>>
  readonly text: Readonly<Record<string, string>>
}

/** Keys of every object at a place, '*' being any key. */
function keysAt(document: unknown, path: string): string[] {
  let found = [document]
  for (const step of path.split('.').filter(Boolean)) {
    found = found.flatMap((each) => {
      const values = each as Readonly<Record<string, unknown>>
      return step === '*' ? Object.values(values) : step in values ? [values[step]] : []
    })
  }
  return [...new Set(found.flatMap((each) => Object.keys(each as object)))].sort()
}

t.test("keys are FRR's", async (t) => {
  const places: readonly (readonly [command: string, path: string, lacking?: readonly string[]])[] =
    [
      ['show ip ospf', '', ['abrType']],
      ['show ip ospf neighbor', 'neighbors.*.*'],
      ['show ip ospf neighbor all', '*.*'],
      ['show ip ospf neighbor detail', 'neighbors.*.*'],
      ['show ip ospf neighbor eth0 detail', '*.*'],
      ['show ip ospf interface', 'interfaces.*', ['bdrAddress', 'bdrId']],
      ['show ip ospf interface traffic', '*'],
      ['show ip ospf database', 'areas.*.routerLinkStates.*'],
      ['show ip ospf database', 'areas.*.networkLinkStates.*'],
      ['show ip ospf database', 'asExternalLinkStates.*'],
      ['show ip ospf database router', 'routerLinkStates.areas.*.*', ['abr']],
      ['show ip ospf database network', 'networkLinkStates.areas.*.*'],
      ['show ip ospf database external', 'asExternalLinkStates.*', ['translatedFromType7']],
      ['show ip ospf database external self-originate', 'AS External Link States.*'],
      ['show ip ospf route', '*', []],
      ['show ip route ospf', '*.*', ['nexthopGroupId', 'installedNexthopGroupId']],
      ['show ip route ospf', '*.*.nexthops.*'],
    ]
  for (const [command, path, lacking = []] of places) {
    const theirs = keysAt(frr.json[`${command} json`], path)
    t.not(theirs.length, 0, `FRR has keys at ${command} ${path}`)
    const ours = keysAt(JSON.parse(await answer(`${command} json`)), path)
    t.strictSame(
      theirs.filter((key) => !ours.includes(key)),
      [...lacking].sort(),
      `${command} ${path}`,
    )
  }
})

/** Lines that do not depend on who is shown: those that begin a table. */
t.test("headings are FRR's", async (t) => {
  const pick = (text: string, pattern: RegExp): string[] =>
    text.split('\n').filter((line) => pattern.test(line))
  for (const [command, pattern] of [
    ['show ip ospf neighbor', /^Neighbor ID/],
    ['show ip ospf interface traffic', /^(Interface| +Rx|---)/],
    ['show ip ospf database', /^Link ID .*count/],
    ['show ip ospf route', /^====/],
    ['show ip ospf border-routers', /^====/],
    ['show ip route', /^(Codes| {7}.* - )/],
  ] as const) {
    const theirs = new Set(pick(frr.text[command]!, pattern))
    const ours = new Set(pick(await answer(command), pattern))
    t.not(theirs.size, 0, command)
    t.strictSame(ours, theirs, command)
  }
})

t.test('texts', async (t) => {
  t.match(
    await answer('show ip ospf neighbor'),
    /^10\.0\.1\.136 {8}1 Full\/DR {9}10\.002s +2\.999s 10\.0\.1\.136 {6}eth0:10\.0\.1\.133 +1 {5}0 {5}0$/m,
  )
  t.match(
    await answer('show ip ospf neighbor 10.0.1.136 detail'),
    /State is Full\/DR, 5 state changes[\s\S]*Options 66 \*\|O\|-\|-\|-\|-\|E\|-/,
  )
  t.equal(await answer('show ip ospf neighbor 10.0.0.99'), '\n')
  t.equal(await answer('show ip ospf neighbor foo9'), '\nNo such interface.\n')
  t.strictSame(JSON.parse(await answer('show ip ospf neighbor foo9 json')), { noSuchIface: true })
  t.match(
    await answer('show ip ospf interface eth0'),
    /^eth0 is up\n {2}ifindex 2, MTU 1500 bytes, BW 10000 Mbit <UP,/,
  )
  t.match(await answer('show ip ospf interface foo9'), /^No such interface name\n/)
  t.match(await answer('show ip ospf interface traffic eth0'), /^eth0 {13}20\/21 {13}3\/3 /m)
  t.match(
    await answer('show ip ospf database'),
    /^172\.16\.0\.0 {5}10\.0\.1\.133 +4 0x80000005 0xea0f E2 172\.16\.0\.0\/16 \[0xb\]$/m,
  )
  t.match(await answer('show ip ospf database router'), /\(Link ID\) Net: 10\.9\.9\.9\n/)
  t.match(await answer('show ip ospf database self-originate'), /10\.0\.1\.133/)
  t.notMatch(await answer('show ip ospf database adv-router 10.0.1.136'), /E2/)
  const route = await answer('show ip ospf route')
  t.match(
    route,
    /^N {4}10\.0\.1\.0\/24 {11}\[1\] area: 0\.0\.0\.0\n {27}directly attached to eth0$/m,
  )
  t.match(route, /^R {4}10\.0\.1\.136 {12}\[1\] area: 0\.0\.0\.0, ABR, ASBR$/m)
  t.match(route, /^N E2 172\.17\.0\.0\/16 {9}\[1\/20\] tag: 9$/m)
  t.match(await answer('show ip ospf'), /Area ID: 0\.0\.0\.0 \(Backbone\)\n/)
  t.match(
    await answer('show ip route'),
    /^O>\* 10\.9\.9\.9\/32 \[110\/1\] via 10\.0\.1\.136, eth0, weight 1, 00:00:12$/m,
  )
  t.match(await answer('show ip route 10.9.9.9'), /^Routing entry for 10\.9\.9\.9\/32\n.*best\n/)
  t.equal(await answer('show ip route 10.0.0.0/8'), '% Network not in table\n')
  const { installRoutes: _, ...options } = operated().options
  for (const installing of [options, { ...options, installRoutes: false }]) {
    const learning = { ...operated(), options: installing }
    t.match(
      await answer('show ip route', learning),
      /^O {3}10\.9\.9\.9\/32 \[110\/1\] via 10\.0\.1\.136, eth0 inactive, weight 1, 00:00:12$/m,
      'as zebra has it behind a route map that denies',
    )
    const { '10.9.9.9/32': entries } = JSON.parse(await answer('show ip route json', learning))
    t.match(entries, [{ internalNextHopActiveNum: 0, nexthops: [{ flags: 0, active: undefined }] }])
  }
  t.match(await answer('show vip'), /^10\.9\.9\.9\/32 {2}up {5}00:00:12 {2}5 {5}- {7}no gate$/m)
  t.match(
    await answer('show health'),
    /^Neighbors: 2 Full, 0 in other states$[\s\S]*^Dropped: 2 checksum$/m,
  )
  t.match(
    await answer('show spf'),
    /^2020-01-02 03:04:05\.000 .*tree of 0\.0\.0\.0 .*0\.25 ms .*and 1 more$/m,
  )
  const config = await answer('show running-config')
  t.match(config, / ip ospf authentication-key \*+\n/)
  t.notMatch(config, /geheim/)
  t.match(config, / area 1 nssa no-summary\n/)
  t.equal(duration(3_723_004), '1h02m03s')
  t.equal(duration(90_061_000), '1d01h01m')
  t.equal(clockTime(694_861), '01w1d01h')
})

t.test('actions reach the speaker', async (t) => {
  const asked: string[] = []
  const of = operated(asked)
  const post = (command: string): Promise<string> => answer(command, of, true)
  t.match(await post('announce 10.8.0.1 cost 7 device lo'), /^VIP 10\.8\.0\.1/)
  await post('announce 10.8.0.2/32 external type 1 metric 9 tag 3')
  t.equal(
    await post('drain 10.9.9.9 timeout 5'),
    'VIP 10.9.9.9/32: done after 0.042s, it was not announced\n',
  )
  await post('undrain 10.9.9.9')
  await post('force 10.9.9.9 down')
  await post('force 10.9.9.9 auto')
  t.equal(
    await post('withdraw 10.9.9.9'),
    'VIP 10.9.9.9/32: done after 0.042s, with nothing new for 10.0.0.1 to acknowledge: the announcement had not left yet\n',
  )
  await post('undrain')
  await post('clear ip ospf neighbor 10.0.1.136')
  await post('clear ip ospf interface eth1')
  await post('clear ip ospf process')
  t.strictSame(asked.splice(0), [
    'announce 10.8.0.1/32 {"cost":7,"device":"lo"}',
    'announce 10.8.0.2/32 {"as":"external","type":1,"metric":9,"tag":3}',
    'drain 10.9.9.9/32 5',
    'undrain 10.9.9.9/32',
    'force 10.9.9.9/32 down',
    'force 10.9.9.9/32 auto',
    'withdraw 10.9.9.9/32',
    'undrain',
    'reset {"what":"neighbors","neighbor":"10.0.1.136"}',
    'reset {"what":"interfaces","interface":"eth1"}',
    'reset {"what":"interfaces"}',
  ])
  await t.rejects(post('force 10.1.1.1 up'), {
    message: /10\.1\.1\.1\/32 is not announced .*10\.9\.9\.9\/32/,
  })
  await t.rejects(post('clear ip ospf neighbor 10.0.0.9'), AnswerError)
  await t.rejects(answer('undrain', of, false), AnswerError)
  for (const command of [
    'what-if link-cost neighbor 10.0.0.1 cost 5 router 10.0.0.2',
    'what-if link-down address 10.0.0.1',
    'what-if router-down r1',
    'what-if drain',
    'what-if withdraw 10.0.0.0/8',
    'what-if interface-cost eth0 9',
    'what-if interface-down eth0',
  ])
    t.equal(await answer(command, of), 'no route would be different\n')
  t.strictSame(asked, [
    'what-if {"type":"link-cost","neighbor":"10.0.0.1","router":"10.0.0.2","cost":5}',
    'what-if {"type":"link-down","address":"10.0.0.1"}',
    'what-if {"type":"router-down","router":"r1"}',
    'what-if {"type":"drain"}',
    'what-if {"type":"withdraw","prefix":"10.0.0.0/8"}',
    'what-if {"type":"interface-cost","interface":"eth0","cost":9}',
    'what-if {"type":"interface-down","interface":"eth0"}',
  ])
})

t.test('why', async (t) => {
  const of = operated()
  of.events.add('mismatch', 'neighbor 10.0.1.136 (10.0.1.136) on eth0: MTU differs')
  of.events.add('neighbor', 'neighbor 10.0.1.13 (10.0.1.13) on eth0: Down -> Init')
  const text = await answer('why 10.0.1.136', of)
  t.match(
    text,
    /^neighbor 10\.0\.1\.136 \(10\.0\.1\.136\) on eth0 is Full for 10\.002s \(LoadingDone\)$/m,
  )
  t.match(text, /MTU differs/)
  t.notMatch(text, /Down -> Init/)
  t.match(text, /nobody advertises it/)
  t.match(await answer('why 10.9.9.9', of), /^VIP 10\.9\.9\.9\/32 is up\n10\.9\.9\.9\/32 came up\n/)
  await t.rejects(answer('why nobody', of), AnswerError)
})

t.test('events: the last, and those to come', async (t) => {
  let now = 0
  const events = new EventRing(() => now)
  const of = { ...operated(), events }
  for (now = 1; now <= 1005; now++) events.add('neighbor', `event ${now}`)
  t.equal((await answer('show events', of)).split('\n').length, 51)
  t.match(await answer('show events 1', of), /^1970-01-01 00:00:01\.005 event 1005\n$/)
  t.equal(events.latest(5000).length, 1000, 'bounded')

  const path = `${shortDir(t)}/s`
  await using _control = await serveControl(
    path,
    answersOf(() => of),
  )
  const lines = ask('show events 1 follow'.split(' '), path)
  t.match((await lines.next()).value, /event 1005/)
  events.add('neighbor', 'a new one')
  t.match((await lines.next()).value, /a new one/)
  await lines.return(undefined)
})

t.test('text and JSON through the socket, help without it', async (t) => {
  const path = `${shortDir(t)}/control.sock`
  await using _control = await serveControl(
    path,
    answersOf(() => operated()),
  )
  const line = (command: string): Promise<string> => said(ask(command.split(' '), path))
  t.match(await line('sh ip os nei'), /^\nNeighbor ID .*\n10\.0\.1\.136 .* Full\/DR/)
  t.match(JSON.parse(await line('show ip ospf route json')), {
    '10.9.9.9/32': { nexthops: [{ ip: '10.0.1.136', via: 'eth0' }] },
  })
  t.match(await line('show ip ?'), /^ {2}ospf .*\n {2}route .*\n$/)
  t.match(helpOf(['show', 'ip', 'ospf', 'nei?']), /^ {2}neighbor {2}Neighbor list\n$/)
  t.equal(helpOf(['show', 'ip']), undefined)
})

t.test('while there is no speaker yet', async (t) => {
  const { signal } = new AbortController()
  const answers = answersOf(() => {
    throw new Error('the speaker is starting')
  })
  const { status, body } = await answers({
    isPost: false,
    words: ['show', 'vip'],
    wantsText: true,
    body: async () => undefined,
    signal,
  })
  t.equal(status, 503)
  t.match(body, /starting/)
})

t.test('answers leave the greater part of the time to others', async (t) => {
  let now = 0
  const pace = new Pace(() => now)
  const order: number[] = []
  const work = (n: number) => (): void => {
    order.push(n)
    now += 2
  }
  const begun = performance.now()
  await Promise.all([1, 2, 3].map((n) => pace.run(work(n))))
  t.strictSame(order, [1, 2, 3])
  t.ok(performance.now() - begun >= 10, 'two rests of three times 2 ms')
  await t.rejects(
    pace.run(() => {
      throw new Error('no')
    }),
    { message: 'no' },
  )
  t.equal(await pace.run(() => 4), 4, 'the next has its turn')
})
