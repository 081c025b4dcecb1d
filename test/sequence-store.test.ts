/** AuType 3 in a speaker: the boot count over restarts. */
import t from 'tap'
import type { AuthenticationOptions, SequenceStore, SpeakerOptions } from '../lib/index.ts'
import { OspfSpeaker } from '../lib/index.ts'
import { nextBootCount } from '../lib/sequence-store.ts'
import { readSeal } from '../lib/wire/auth.ts'
import { decodePacketHeader } from '../lib/wire/packet.ts'
import { collect, director, eth0, lan, only } from './world.ts'

/** In memory, with what was saved in order. */
function memory(first?: number) {
  const saved: number[] = []
  const store: SequenceStore = {
    load: () => saved.at(-1) ?? first,
    save: (count) => void saved.push(count),
  }
  return { saved, store }
}

t.test('one more than the last, and no less than the clock says', async (t) => {
  const { saved, store } = memory()
  t.equal(await nextBootCount(store, 0), 1)
  t.equal(await nextBootCount(store, 0), 2)
  t.equal(await nextBootCount(store, 100_000), 100, 'a store that was lost does no harm')
  t.equal(await nextBootCount(store, 100_500), 101)
  t.equal(await nextBootCount(store, -5), 102)
  t.same(saved, [1, 2, 100, 101, 102])
  t.equal(await nextBootCount(undefined, 7000), 7)
  t.equal(await nextBootCount(undefined, Number.MAX_SAFE_INTEGER), 0xfffffffe)
})

t.test('what is no count is refused, and what the store throws comes through', async (t) => {
  for (const count of [-1, 1.5, Number.NaN, 0xffffffff, '5' as unknown as number]) {
    const { saved, store } = memory(count)
    await t.rejects(nextBootCount(store, 0), {
      code: 'ERR_OSPF_CONFIG',
      message: `sequenceStore: expected a boot count below 4294967295, got ${count}`,
    })
    t.same(saved, [])
  }
  const broken: SequenceStore = { load: () => Promise.reject(new Error('no disk')), save: () => {} }
  await t.rejects(nextBootCount(broken, 0), { message: 'no disk' })
  const full: SequenceStore = { load: () => 1, save: () => Promise.reject(new Error('disk full')) }
  await t.rejects(nextBootCount(full, 0), { message: 'disk full' })
})

const authentication: AuthenticationOptions = {
  type: 'hmac-sha-256',
  extended: true,
  keys: [{ id: 1, key: 'secret' }],
}
const options = (more: Partial<SpeakerOptions>): SpeakerOptions =>
  director(more, { ...eth0, authentication })

t.test('a speaker counts its starts before it sends, and only if it has to', async (t) => {
  const { net, host, world, run } = lan()
  const counts = new Set<bigint>()
  net.tap(({ from, bytes }) => {
    const header = decodePacketHeader(bytes)
    if (from.node === host) counts.add(readSeal(bytes, header)!.sequence >> 32n)
  })
  const later = 0xf0000000
  const { saved, store } = memory(later)
  for (const life of [1, 2]) {
    const speaker = await OspfSpeaker.start(options({ sequenceStore: store }), world)
    t.equal(saved.at(-1), later + life)
    await run(3)
    const stopped = speaker.stop()
    await run(10)
    await stopped
  }
  t.same([...counts], [BigInt(later + 1), BigInt(later + 2)])

  const unused = memory()
  const speaker = await OspfSpeaker.start(director({ sequenceStore: unused.store }), lan().world)
  t.same(unused.saved, [])
  void speaker.stop()
})

t.test('a store that fails keeps the speaker from starting, with nothing left open', async (t) => {
  const { world } = lan()
  const sequenceStore: SequenceStore = {
    load: () => 1,
    save: async () => {
      throw new Error('disk full')
    },
  }
  await t.rejects(OspfSpeaker.start(options({ sequenceStore }), world), { message: 'disk full' })
  t.equal(world.leftovers, '')
  const wrong = { load: () => 1 } as unknown as SequenceStore
  await t.rejects(OspfSpeaker.start(options({ sequenceStore: wrong }), world), {
    code: 'ERR_OSPF_CONFIG',
    message: /^sequenceStore: expected an object with load and save/,
  })
})

t.test('a key of a speaker is found in no view and no event', async (t) => {
  const { world, run } = lan()
  const speaker = await OspfSpeaker.start(options({}), world)
  const events = collect(speaker)
  await run(6)
  t.match(speaker.interfaces()[0]?.authentication, {
    type: 'extended',
    keyId: 1,
    algorithm: 'hmac-sha-256',
  })
  const [mismatch] = only(events, 'mismatch')
  t.match(mismatch, { field: 'authentication type', ours: '3 (extended)', theirs: '0 (null)' })
  const shown = JSON.stringify([speaker.interfaces(), speaker.neighbors(), events])
  t.notMatch(shown, /secret|115,101,99/)
  const stopped = speaker.stop()
  await run(10)
  await stopped
})
