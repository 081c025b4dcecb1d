import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { decodeFile } from '../lib/cli/decode.ts'
import type { SpeakerEvent } from '../lib/index.ts'
import { OspfSpeaker } from '../lib/index.ts'
import { Recording } from '../lib/recording.ts'
import { missing } from './interop/lab.ts'
import { director, lan } from './world.ts'

t.test('what a speaker and a router say to each other, for tshark and decode', async (t) => {
  const { world, run } = lan()
  const file = join(t.testdir(), 'ospf.pcap')
  const events: SpeakerEvent[] = []
  const recording = new Recording(file, world.datagrams, world.clock, (event) => events.push(event))
  const { clock, links, addresses, routes } = world
  const ports = { clock, links, addresses, routes, datagrams: recording.datagrams }
  const one = await OspfSpeaker.start(director(), ports)
  await run(15)
  t.equal(one.neighbors()[0]?.state, 'Full', 'the adjacency is there')
  await recording[Symbol.asyncDispose]()
  t.equal(statSync(file).mode & 0o777, 0o600)
  const packets = [...decodeFile(readFileSync(file))]
  t.strictSame(new Set(packets.map(({ verdict }) => verdict)), new Set(['accepted']))
  t.strictSame(new Set(packets.map(({ source }) => source)).size, 2, 'both directions')
  t.ok(packets.some(({ what }) => what.startsWith('Link State Update')))
  if (!missing('tshark')) {
    const seen = execFileSync('tshark', ['-r', file, '-T', 'fields', '-e', 'ospf.msg'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    t.strictSame(seen.trim().split('\n').length, packets.length, 'tshark has them all')
    t.notMatch(seen.trim(), /^$/m, 'as OSPF')
  }
  t.strictSame(events, [])
})
