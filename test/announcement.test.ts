import t from 'tap'
import {
  Announcement,
  type AnnouncementEvent,
  type AnnouncementOptions,
  type GateVerdict,
} from '../lib/announcement.ts'
import { healthy } from '../lib/health/healthy.ts'
import type { AddressPort } from '../lib/ports.ts'
import { FakeClock, settle } from './health/fake-clock.ts'

const prefix = '10.0.1.100/32'

/** A gate that is told what to say. */
class Told implements AsyncIterable<GateVerdict> {
  asked = 0
  returned = 0
  #say: ((result: Promise<IteratorResult<GateVerdict>>) => void) | undefined

  async say(verdict: unknown): Promise<void> {
    this.#say?.(Promise.resolve({ done: false, value: verdict as GateVerdict }))
    await settle()
  }

  async end(): Promise<void> {
    this.#say?.(Promise.resolve({ done: true, value: undefined }))
    await settle()
  }

  async fail(error: Error): Promise<void> {
    this.#say?.(Promise.reject(error))
    await settle()
  }

  [Symbol.asyncIterator](): AsyncIterator<GateVerdict> {
    return {
      next: () =>
        new Promise((resolve) => {
          this.asked++
          this.#say = resolve
        }),
      return: async () => {
        this.returned++
        throw new Error('nobody minds')
      },
    }
  }
}

/** An announcement, and what it did in order. */
function make(more: Partial<AnnouncementOptions> = {}): {
  vip: Announcement
  did: string[]
  events: AnnouncementEvent[]
  clock: FakeClock
} {
  const clock = new FakeClock()
  const did: string[] = []
  const events: AnnouncementEvent[] = []
  const vip = new Announcement({
    prefix,
    announce: () => did.push('announce'),
    withdraw: () => did.push('withdraw'),
    onChange: (event) => events.push(event),
    clock,
    ...more,
  })
  return { vip, did, events, clock }
}

/** The address port, with the moment of each answer in the hands of the test. */
class Addresses implements AddressPort {
  readonly did: string[]
  answers: ((answer: boolean | Error) => void)[] = []

  constructor(did: string[]) {
    this.did = did
  }

  add(device: string, address: number, prefixLength: number): Promise<boolean> {
    this.did.push(`add ${address.toString(16)}/${prefixLength} ${device}`)
    return new Promise((resolve, reject) => {
      this.answers.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)))
    })
  }

  async remove(device: string, address: number, prefixLength: number): Promise<void> {
    this.did.push(`remove ${address.toString(16)}/${prefixLength} ${device}`)
  }

  async answer(answer: boolean | Error): Promise<void> {
    this.answers.shift()?.(answer)
    await settle()
  }
}

const address = { device: 'lo', address: 0x0a000164, prefixLength: 32 }

t.test('without a gate it is up at once', async (t) => {
  const { vip, did, events } = make()
  t.equal(vip.state, 'up')
  t.equal(vip.reason, 'no gate')
  t.equal(vip.prefix, prefix)
  t.same(did, ['announce'])
  const change = { was: 'down', state: 'up', cause: 'gate', reason: 'no gate', at: 0 }
  t.same(events, [{ type: 'announcement', prefix, ...change }])
  await vip.stop()
})

t.test('a gate of booleans', async (t) => {
  const gate = new Told()
  const { vip, did, events, clock } = make({ when: gate })
  t.equal(vip.state, 'down')
  t.equal(vip.reason, 'no verdict yet')
  t.same(did, [])
  await gate.say(false)
  t.same(did, [], 'what was not announced is not withdrawn')
  t.same(
    events.map(({ was, state, reason }) => [was, state, reason]),
    [['down', 'down', 'unhealthy']],
  )
  await clock.advance(1000)
  await gate.say(true)
  await gate.say(true)
  t.same([vip.state, vip.reason, vip.since], ['up', 'healthy', 1000])
  t.same(did, ['announce'], 'a verdict said twice is acted on once')
  await clock.advance(500)
  await gate.say(false)
  t.same([vip.state, vip.reason, vip.since], ['down', 'unhealthy', 1500])
  t.same(did, ['announce', 'withdraw'])
  await gate.say(1)
  t.equal(vip.state, 'down', 'only true is healthy')
  await gate.say(true)
  t.same(did, ['announce', 'withdraw', 'announce'])
  t.equal(events.length, 4)
  await vip.stop()
  t.same(did, ['announce', 'withdraw', 'announce', 'withdraw'])
  t.equal(gate.returned, 1)
})

t.test('a gate of verdicts: its words are the reason', async (t) => {
  const gate = new Told()
  const { vip, did, events, clock } = make({ when: gate })
  await gate.say({ healthy: true })
  t.equal(vip.reason, 'healthy')
  await clock.advance(10)
  await gate.say({ healthy: false, reason: 'status 503, expected 200-299' })
  await clock.advance(10)
  await gate.say({ healthy: false, reason: 'connect ECONNREFUSED 127.0.0.1:8080' })
  t.same(
    events.map(({ was, state, reason, at }) => [was, state, reason, at]),
    [
      ['down', 'up', 'healthy', 0],
      ['up', 'down', 'status 503, expected 200-299', 10],
      ['down', 'down', 'connect ECONNREFUSED 127.0.0.1:8080', 20],
    ],
  )
  t.equal(vip.since, 10, 'another reason is no other state')
  t.same(did, ['announce', 'withdraw'])
})

t.test('a gate that ends, throws or talks nonsense is unhealthy', async (t) => {
  for (const [how, reason] of [
    [(gate: Told) => gate.end(), 'gate ended'],
    [(gate: Told) => gate.fail(new Error('boom')), 'gate failed: boom'],
    [(gate: Told) => gate.say(null), /^gate failed: /],
  ] as const) {
    const gate = new Told()
    const { vip, did } = make({ when: gate })
    await gate.say(true)
    await how(gate)
    t.equal(vip.state, 'down')
    t.match(vip.reason, reason)
    t.same(did, ['announce', 'withdraw'])
    await vip.stop()
    t.equal(vip.state, 'withdrawn')
  }
  const broken = {
    [Symbol.asyncIterator](): AsyncIterator<boolean> {
      throw new Error('cannot start')
    },
  }
  const { vip } = make({ when: broken })
  t.same([vip.state, vip.reason], ['down', 'gate failed: cannot start'])
})

t.test('withdraw is final and idempotent', async (t) => {
  const gate = new Told()
  const { vip, did, events } = make({ when: gate })
  await gate.say(true)
  vip.withdraw('maintenance')
  t.same(did, ['announce', 'withdraw'], 'at once')
  t.same([vip.state, vip.reason], ['withdrawn', 'maintenance'])
  vip.withdraw()
  vip[Symbol.dispose]()
  await gate.say(true)
  await vip.stop()
  await vip[Symbol.asyncDispose]()
  t.same(did, ['announce', 'withdraw'])
  t.same([vip.state, vip.reason], ['withdrawn', 'maintenance'])
  t.equal(events.length, 2)
  t.equal(gate.returned, 1)
  t.equal(gate.asked, 2, 'nothing more is asked of the gate')

  const plain = make()
  plain.vip.withdraw()
  t.equal(plain.vip.reason, 'withdrawn by request')
})

t.test('a callback may withdraw', async (t) => {
  const gate = new Told()
  const did: string[] = []
  const port = new Addresses(did)
  const vip = new Announcement({
    prefix,
    when: gate,
    announce: () => {
      did.push('announce')
      vip.withdraw('never mind')
    },
    withdraw: () => {
      did.push('withdraw')
      vip.withdraw('again')
    },
    clock: new FakeClock(),
    address: { ...address, port },
  })
  await gate.say(true)
  await port.answer(true)
  t.same([vip.state, vip.reason], ['withdrawn', 'never mind'])
  await vip.stop()
  t.same(did, ['add a000164/32 lo', 'announce', 'withdraw', 'remove a000164/32 lo'])
})

t.test('stopping does not wait for a generator that is stuck', async (t) => {
  const { vip, did } = make({
    when: (async function* () {
      yield true
      await new Promise(() => {})
    })(),
  })
  await settle()
  t.equal(vip.state, 'up')
  await vip.stop()
  t.same(did, ['announce', 'withdraw'])
})

t.test('address before announcement, withdrawal before address', async (t) => {
  const gate = new Told()
  const did: string[] = []
  const port = new Addresses(did)
  let release = (): void => {}
  const hold = (): Promise<void> => {
    did.push('hold')
    return new Promise((resolve) => {
      release = resolve
    })
  }
  const { vip } = make({
    when: gate,
    address: { ...address, port },
    hold,
    announce: () => did.push('announce'),
    withdraw: () => did.push('withdraw'),
  })
  t.same(did, ['add a000164/32 lo'], 'before the gate has said anything: it may look at the VIP')
  await gate.say(true)
  t.equal(vip.state, 'down', 'not before the address is there')
  await port.answer(true)
  t.equal(vip.state, 'up')
  await gate.say(false)
  await gate.say(true)
  t.same(did.splice(0), ['add a000164/32 lo', 'announce', 'withdraw', 'announce'])

  let stopped = false
  const stopping = vip.stop().then(() => {
    stopped = true
  })
  await settle()
  t.same(did, ['withdraw', 'hold'])
  t.equal(stopped, false)
  release()
  await stopping
  t.same(did, ['withdraw', 'hold', 'remove a000164/32 lo'])
})

t.test('an address that was there before stays', async (t) => {
  const port = new Addresses([])
  const { vip } = make({ address: { ...address, port } })
  await port.answer(false)
  t.equal(vip.state, 'up')
  await vip.stop()
  t.same(port.did, ['add a000164/32 lo'])
})

t.test('a change of mind while the address is on its way', async (t) => {
  const gate = new Told()
  const port = new Addresses([])
  const { vip, did } = make({ when: gate, address: { ...address, port } })
  await gate.say(true)
  await gate.say(false)
  await gate.say(true)
  t.equal(port.did.length, 1, 'asked for once')
  await gate.say({ healthy: false, reason: 'gone again' })
  await port.answer(true)
  t.same([vip.state, vip.reason], ['down', 'gone again'])
  t.same(did, [])
  await vip.stop()
  t.same(port.did, ['add a000164/32 lo', 'remove a000164/32 lo'])

  const other = new Addresses([])
  const late = make({ address: { ...address, port: other } })
  const stopping = late.vip.stop()
  await other.answer(true)
  await stopping
  t.same(late.did, [], 'stopped before it was ever up')
  t.same(other.did, ['add a000164/32 lo', 'remove a000164/32 lo'], 'and the address is not left')

  const failing = new Addresses([])
  const never = make({ address: { ...address, port: failing } })
  never.vip.withdraw()
  await failing.answer(new Error('EPERM'))
  t.equal(never.vip.reason, 'withdrawn by request')
  t.equal(never.clock.pending, 0)
})

t.test('an address that cannot be added: said, and tried again', async (t) => {
  const port = new Addresses([])
  const { vip, did, events, clock } = make({ address: { ...address, port } })
  await port.answer(new Error('Operation not permitted'))
  const reason = `cannot add ${prefix} to lo: Operation not permitted`
  t.same([vip.state, vip.reason], ['down', reason])
  await clock.advance(999)
  t.equal(port.did.length, 1)
  await clock.advance(1)
  t.equal(port.did.length, 2)
  await port.answer(new Error('Operation not permitted'))
  t.equal(events.length, 1, 'the same reason is said once')
  await clock.advance(1000)
  await port.answer(true)
  t.same([vip.state, vip.reason, did], ['up', 'no gate', ['announce']])
  await vip.stop()

  const another = new Addresses([])
  const stopped = make({ address: { ...address, port: another } })
  await another.answer(new Error('no'))
  t.equal(stopped.clock.pending, 1)
  await stopped.vip.stop()
  t.equal(stopped.clock.pending, 0)
})

t.test('what goes wrong at the end becomes the reason', async (t) => {
  const port = new Addresses([])
  const hold = async (): Promise<void> => {
    throw new Error('no acknowledgement')
  }
  port.remove = async () => {
    throw new Error('Device or resource busy')
  }
  const { vip, events } = make({ hold, address: { ...address, port } })
  await port.answer(true)
  await vip.stop()
  t.equal(vip.state, 'withdrawn')
  const held = 'stopped; the hold failed: no acknowledgement'
  t.same(
    events.slice(1).map(({ reason }) => reason),
    ['stopped', held, `${held}; cannot remove ${prefix} from lo: Device or resource busy`],
  )
})

t.test('a gate that cannot be iterated is refused', async (t) => {
  for (const when of [true, null, [true], async () => true]) {
    t.throws(() => make({ when: when as unknown as AsyncIterable<boolean> }), {
      code: 'ERR_OSPF_CONFIG',
      message: `${prefix}: when must be a probe, a list of probes, or an async iterable of booleans`,
    })
  }
})

t.test('with healthy(): from probe to announcement and back, in virtual time', async (t) => {
  const clock = new FakeClock()
  let sick = false
  const probe = async (): Promise<void> => {
    if (sick) throw new Error('status 503, expected 200-299')
  }
  const { vip, events } = make({ clock, when: healthy(probe, { clock, random: () => 0 }) })
  await clock.advance(1000)
  t.equal(vip.state, 'up')
  sick = true
  await clock.advance(10_000)
  sick = false
  await clock.advance(10_000)
  t.same(
    events.map(({ state, reason, at }) => [state, reason, at]),
    [
      ['up', 'passed 2 times in a row', 1000],
      ['down', 'status 503, expected 200-299', 4000],
      ['up', 'passed 2 times in a row', 13_000],
    ],
  )
  await vip.stop()
  t.equal(clock.pending, 0, 'the gate was let go')
})
