/** `show lvs`, `show health` and the actions on real servers, over a director in memory. */
import t, { type Test } from 'tap'
import { answersOf } from '../../lib/cli/answers.ts'
import type { Asked } from '../../lib/cli/control.ts'
import { Pace } from '../../lib/cli/pace.ts'
import { ask } from '../../lib/cli/show.ts'
import type { Director, DirectorOptions } from '../../lib/index.ts'
import { type Bench, bench, vip, web } from '../lvs/bench.ts'
import { operated } from './sample.ts'

interface Told {
  readonly status: number
  readonly text: string
}

type Say = (words: string, how?: Partial<Asked>) => Promise<Told>

async function start(
  t: Test,
  options: (all: Bench) => DirectorOptions,
): Promise<Bench & { readonly director: Director; readonly say: Say }> {
  const all = bench()
  const { director } = await all.start(options(all))
  t.teardown(() => director.stop())
  await all.run(10)
  // in the time of this machine, answers rest as long as they took: the director's clock is another
  const answer = answersOf(() => ({ ...operated(), director }), new Pace(() => 0))
  const say: Say = async (words, how = {}) => {
    const { status, body } = await answer({
      isPost: false,
      words: words.split(' '),
      wantsText: true,
      signal: new AbortController().signal,
      body: async () => undefined,
      ...how,
    })
    return { status, text: String(body) }
  }
  // loads what answers, which takes time that is not the director's
  t.equal((await say('show lvs')).status, 200)
  return { ...all, director, say }
}

t.test("show lvs has ipvsadm's layout", async (t) => {
  const { farm, say, ipvs } = await start(t, ({ farm }) => ({
    services: [
      farm.service(2, { scheduler: 'mh', flags: ['mh-port'], persistence: 300 }),
      { fwmark: 7, servers: [{ address: '10.0.2.9', port: 0, forward: 'nat', weight: 5 }] },
    ],
    reconcileInterval: 3600,
  }))
  ipvs.setConnections(web, { address: '10.0.2.1', port: 80 }, { active: 12, inactive: 345 })
  t.equal(
    (await say('show lvs')).text,
    `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  ${vip}:80 mh persistent 300 (mh-port)
  -> 10.0.2.1:80                  Route   1      12         345       
  -> 10.0.2.2:80                  Route   1      0          0         
FWM  7 wlc
  -> 10.0.2.9:0                   Masq    5      0          0         
`,
  )
  const stats = (await say('show lvs stats')).text.split('\n')
  t.equal(
    stats[1],
    'Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes',
  )
  t.equal(stats[3], `TCP  ${vip}:80                       0        0        0        0        0`)
  t.match((await say('show lvs rate')).text, /CPS {4}InPPS {3}OutPPS/)
  const json = JSON.parse((await say('show lvs json')).text)
  t.match(json, {
    version: '1.2.1',
    services: [
      { key: `tcp ${vip}:80`, servers: [{ state: 'up', activeConnections: 12 }, {}] },
      { key: 'fwmark 7' },
    ],
  })
  t.equal(farm.sick.size, 0)
})

t.test('a sorry server, and why, in show health', async (t) => {
  const { farm, say, run } = await start(t, ({ farm }) => ({
    services: [farm.service(1, { sorryServer: { address: '10.0.2.99', forward: 'nat' } })],
  }))
  farm.sick.add(1)
  await run(30)
  t.match((await say('show lvs')).text, /-> 10\.0\.2\.99:80 +Masq +1 /)
  const { text } = await say('show health')
  t.match(text, /^Service tcp 10.0.1.100:80: sorry, weight 0 of 1 needed \(.*\)$/m)
  t.match(text, /^ {2}server 10.0.2.1:80: down \(.*refused.*\)$/m)
  t.match(JSON.parse((await say('show health json')).text).services, {
    'tcp 10.0.1.100:80': { standing: 'sorry', servers: { '10.0.2.1:80': { state: 'down' } } },
  })
})

t.test('without a data plane, and without services', async (t) => {
  const { say } = await start(t, ({ farm }) => ({ services: [farm.service(1)], checksOnly: true }))
  t.match((await say('show lvs')).text, /^No data plane[\s\S]*-> 10\.0\.2\.1:80 +Route +1 /)
  const none = answersOf(() => operated())
  const { status, body } = await none({
    isPost: false,
    words: ['show', 'lvs'],
    wantsText: true,
    signal: new AbortController().signal,
    body: async () => undefined,
  })
  t.equal(status, 422)
  t.match(String(body), /no virtual services/)
})

t.test('a server is drained and taken back', async (t) => {
  const { say, table, run, ipvs } = await start(t, ({ farm }) => ({ services: [farm.service(2)] }))
  const post = { isPost: true }
  ipvs.setConnections(web, { address: '10.0.2.1', port: 80 }, { active: 1 })
  const drained = say('drain server 10.0.2.1:80 timeout 20', post)
  await run(3)
  t.equal(await table(), '1x0 2x1')
  await run(30)
  t.match(await drained, {
    status: 200,
    text: /^tcp 10.0.1.100:80: out after .*, with 1 connections left/,
  })
  t.match(await say(`undrain server 10.0.2.1:80 service ${vip}:80`, post), {
    status: 200,
    text: /takes connections again/,
  })
  await run(3)
  t.match(await table(), /1x1/)
  t.match(await say('drain server 10.0.2.7:80', post), {
    status: 422,
    text: /no service has a server 10.0.2.7:80/,
  })
  t.equal((await say('drain server 10.0.2.1:80')).status, 405)
})

t.test('its words are offered', async (t) => {
  let help = ''
  for await (const text of ask(['show', 'lvs', '?'], '/nowhere')) help += text
  t.match(help, /rate[\s\S]*stats/)
})
