import { readFileSync } from 'node:fs'
import t from 'tap'
import * as ospf from '../lib/index.ts'
import { lan, vip } from './world.ts'

t.test('the example at the door works, in virtual time', async (t) => {
  const { world, peer, run, until } = lan()
  const stop = new AbortController()
  const speaker = await ospf.OspfSpeaker.start(
    {
      routerId: '10.0.1.133',
      areas: {
        '0.0.0.0': {
          interfaces: { eth0: { helloInterval: 1, deadInterval: 4, priority: 0, cost: 1 } },
        },
      },
      signal: stop.signal,
    },
    world,
  )
  const ready: ospf.Probe = async () => {}
  const when = ospf.healthy(ready, { interval: 1, rise: 2, fall: 3, clock: world.clock })
  speaker.announce(vip, { when })
  const lines: string[] = []
  const reading = (async () => {
    for await (const event of speaker) lines.push(ospf.formatEvent(event))
  })()
  await run(10)
  t.ok(peer.fib.has(vip))
  stop.abort()
  await until(reading)
  t.notOk(peer.fib.has(vip))
  t.ok(
    lines.some((line) => line.includes('neighbor 10.0.0.1 (10.0.1.2) on eth0: Exchange -> Full')),
  )
  t.ok(lines.some((line) => line.startsWith(`VIP ${vip}: down -> up`)))
  t.ok(lines.includes(`VIP ${vip}: up -> withdrawn (the speaker stops)`))
  t.equal(lines.at(-1), 'stopped')
  t.equal(world.leftovers, '')
})

t.test('misuse is one class, wherever it comes from', async (t) => {
  const { OspfError, OspfSpeaker, healthy, http, tcp } = ospf
  const { world } = lan()
  const nobody = undefined as unknown as ospf.SpeakerOptions
  await t.rejects(OspfSpeaker.start(nobody, world), { name: 'OspfError', code: 'ERR_OSPF_CONFIG' })
  const config = (call: () => unknown): void => {
    t.throws(call, OspfError)
    t.throws(call, { code: 'ERR_OSPF_CONFIG' })
  }
  config(() => healthy([]))
  config(() => http('ftp://x'))
  config(() => tcp('nowhere'))
})

t.test('the package leads to the entries', async (t) => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
    exports: Record<string, string | { types: string; default: string }>
  }
  const sources = Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? [] : [entry.types, entry.default],
  )
  for (const target of sources) {
    const source = target.replace(/^(\.\/)?dist\//, 'lib/').replace(/(\.d\.ts|\.js)$/, '.ts')
    t.doesNotThrow(() => readFileSync(source), `${target} comes from ${source}`)
  }
  const files = ['./schema.json', './package.json']
  t.same(Object.keys(manifest.exports), ['.', './core', './wire', './sim', ...files])
  for (const file of files)
    t.doesNotThrow(() => readFileSync(manifest.exports[file] as string), file)
})
