/** VIPs through the public API: gates, addresses on lo, withdrawing and announcing anew. */
import t from 'tap'
import { type AnnounceOptions, healthy, OspfSpeaker, type Probe } from '../lib/index.ts'
import { formatIpv4 } from '../lib/wire/address.ts'
import { director, eth0, lan, only, running, settle, vip } from './world.ts'

const onLo = `lo ${vip}`

/** A gate that says what it is told. */
function told<T>() {
  const queue: IteratorResult<T>[] = []
  const waiting: ((result: Promise<IteratorResult<T>>) => void)[] = []
  const put = (result: Promise<IteratorResult<T>>): void => waiting.shift()?.(result)
  let returned = 0
  const gate: AsyncIterable<T> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        const value = queue.shift()
        return value ? Promise.resolve(value) : new Promise((resolve) => waiting.push(resolve))
      },
      return: async () => {
        returned++
        return { done: true, value: undefined }
      },
    }),
  }
  return {
    gate,
    say: (value: T) => put(Promise.resolve({ done: false, value })),
    end: () => put(Promise.resolve({ done: true, value: undefined })),
    fail: (error: Error) => put(Promise.reject(error)),
    get returned() {
      return returned
    },
  }
}

t.test('what cannot be announced', async (t) => {
  const { speaker, world, until } = await running()
  const refuses = (text: unknown, options: unknown, message: string | RegExp): void => {
    t.throws(
      () => speaker.announce(text as string, options as AnnounceOptions),
      { code: 'ERR_OSPF_CONFIG', message },
      String(message),
    )
  }
  refuses('10.0.0.0/7', {}, "VIP: expected a prefix of /8 to /32, got '10.0.0.0/7'")
  refuses('10.0.1.100/24', {}, /^VIP: expected a prefix without host bits, got '10\.0\.1\.100\/24'/)
  refuses('10.0.1', {}, "VIP: expected a prefix A.B.C.D/L, got '10.0.1'")
  refuses('10.0.1.256/32', {}, /^VIP: .*got '10\.0\.1\.256\/32'/)
  refuses('10.0.1.100/33', {}, /^VIP: .*got '10\.0\.1\.100\/33'/)
  refuses('', {}, /^VIP: .*got ''/)
  refuses('fd00::1', {}, /^VIP: .*got 'fd00::1'/)
  refuses(undefined, {}, /^VIP: .*got nothing/)
  refuses(42, {}, /^VIP: .*got 42/)
  for (const address of ['224.0.0.5', '127.0.0.1', '0.0.0.0', '255.255.255.255']) {
    refuses(address, {}, `VIP: expected a unicast address, got '${address}'`)
  }
  const where = `VIP ${vip}`
  refuses(
    vip,
    { cost: 65536 },
    `${where}: cost: expected a whole number from 0 to 65535, got 65536`,
  )
  refuses(vip, { cost: '5' }, `${where}: cost: expected a whole number from 0 to 65535, got '5'`)
  refuses(
    vip,
    { area: '0.0.0.1' },
    `${where}: area: expected an area with an interface, got '0.0.0.1'`,
  )
  refuses(vip, { area: 'x' }, `${where}: area: expected an Area ID, dotted or a number, got 'x'`)
  refuses(
    vip,
    { gate: true },
    /unknown option 'gate'; known are when, as, cost, area, areas, independent, type, metric, tag, device/,
  )
  refuses(
    vip,
    { when: true },
    `${vip}: when must be a probe, a list of probes, or an async iterable of booleans`,
  )
  refuses(vip, null, `${where}: expected an object, got null`)
  refuses(vip, { when: [] }, /probe must be a function or a list of functions/)
  t.same(speaker.announcements(), [])
  await until(speaker.stop())
  t.equal(world.leftovers, '')
})

t.test('twice is once too often', async (t) => {
  const { speaker, until } = await running()
  const first = speaker.announce(vip)
  t.throws(() => speaker.announce('10.0.1.100'), {
    code: 'ERR_OSPF_DUPLICATE',
    message: `VIP ${vip} is announced already`,
  })
  t.same(speaker.announcements(), [first])
  first.withdraw()
  t.same(speaker.announcements(), [])
  const second = speaker.announce('10.0.1.100', { area: '0', cost: 3 })
  t.equal(second.prefix, vip)
  t.equal(first.state, 'withdrawn')
  await until(speaker.stop())
  t.equal(second.state, 'withdrawn')
  t.equal(second.reason, 'the speaker stops')
})

t.test('several VIPs come and go on their own', async (t) => {
  const { speaker, peer, run, until } = await running()
  const announcements = ['10.0.1.100', '10.0.1.101', '10.0.1.102'].map((v) => speaker.announce(v))
  await run(6)
  announcements[1]!.withdraw()
  await run(6)
  t.ok(peer.fib.has('10.0.1.100/32'))
  t.notOk(peer.fib.has('10.0.1.101/32'))
  t.ok(peer.fib.has('10.0.1.102/32'))
  await until(speaker.stop())
})

t.test('gates', async (t) => {
  t.test('a probe, with the default timing, in the time of the speaker', async (t) => {
    const { speaker, peer, events, run, until } = await running()
    let isUp = false
    const ready: Probe = async () => {
      if (!isUp) throw new Error('connect ECONNREFUSED')
    }
    const announcement = speaker.announce(vip, { when: ready })
    t.equal(announcement.state, 'down')
    await run(6)
    t.notOk(peer.fib.has(vip))
    isUp = true
    await run(6)
    t.ok(peer.fib.has(vip))
    isUp = false
    await run(12)
    t.notOk(peer.fib.has(vip))
    const said = only(events, 'announcement').map((e) => `${e.was} -> ${e.state}: ${e.reason}`)
    t.match(said, [
      'down -> down: connect ECONNREFUSED',
      /^down -> up/,
      'up -> down: connect ECONNREFUSED',
    ])
    await until(speaker.stop())
  })

  t.test('several probes must all pass', async (t) => {
    const { speaker, peer, run, until } = await running()
    const sick = new Set(['b'])
    const probe = (name: string): Probe => {
      return async () => {
        if (sick.has(name)) throw new Error(`${name} is sick`)
      }
    }
    const announcement = speaker.announce(vip, { when: [probe('a'), probe('b')] })
    await run(8)
    t.equal(announcement.state, 'down')
    sick.clear()
    await run(8)
    t.equal(announcement.state, 'up')
    t.ok(peer.fib.has(vip))
    sick.add('a')
    await run(12)
    t.notOk(peer.fib.has(vip))
    t.match(announcement.reason, /a is sick/)
    await until(speaker.stop())
  })

  t.test('healthy() with a timing of its own, shared by two VIPs', async (t) => {
    const { speaker, world, run, until } = await running()
    let runs = 0
    const gate = healthy(async () => void runs++, { clock: world.clock, interval: 0.5, rise: 4 })
    const both = [
      speaker.announce(vip, { when: gate }),
      speaker.announce('10.0.1.101', { when: gate }),
    ]
    await run(1)
    t.same(
      both.map((a) => a.state),
      ['down', 'down'],
    )
    await run(2)
    t.same(
      both.map((a) => a.state),
      ['up', 'up'],
    )
    t.ok(runs <= 7, 'one check for both')
    await until(speaker.stop())
    const after = runs
    await run(5)
    t.equal(runs, after, 'probes stop with the speaker')
    t.equal(world.leftovers, '')
  })

  t.test('any async iterable of booleans, or of verdicts', async (t) => {
    const { speaker, run, until } = await running()
    const plain = told<boolean>()
    const announcement = speaker.announce(vip, { when: plain.gate })
    await settle()
    plain.say(true)
    await settle()
    t.equal(announcement.state, 'up')
    plain.say(false)
    await settle()
    t.equal(announcement.state, 'down')
    announcement.withdraw()
    await settle()
    t.equal(plain.returned, 1, 'the gate is let go')
    const worded = told<{ healthy: boolean; reason: string }>()
    const second = speaker.announce(vip, { when: worded.gate })
    await settle()
    worded.say({ healthy: true, reason: 'the pool is full' })
    await run(1)
    t.equal(second.reason, 'the pool is full')
    await until(speaker.stop())
    t.equal(worded.returned, 1)
  })

  t.test('a generator', async (t) => {
    const { speaker, peer, world, run, until } = await running()
    async function* gate(): AsyncGenerator<boolean> {
      for (const open of [true, false, true]) {
        yield open
        await new Promise<void>((resolve) => void world.clock.setTimer(10_000, resolve))
      }
    }
    const announcement = speaker.announce(vip, { when: gate() })
    await run(9)
    t.ok(peer.fib.has(vip))
    await run(9)
    t.notOk(peer.fib.has(vip))
    await run(9)
    t.ok(peer.fib.has(vip))
    await run(10)
    t.equal(announcement.state, 'down')
    t.equal(announcement.reason, 'gate ended', 'no verdict is no good health')
    await until(speaker.stop())
  })

  t.test('one that fails', async (t) => {
    const { speaker, peer, events, run, until } = await running()
    const gate = told<boolean>()
    const announcement = speaker.announce(vip, { when: gate.gate })
    await settle()
    gate.say(true)
    await run(6)
    t.ok(peer.fib.has(vip))
    gate.fail(new Error('the checker crashed'))
    await run(6)
    t.notOk(peer.fib.has(vip))
    t.equal(announcement.state, 'down')
    t.equal(only(events, 'announcement').at(-1)?.reason, 'gate failed: the checker crashed')
    await until(speaker.stop())
  })
})

t.test('the VIP as an address of lo', async (t) => {
  t.test('there before it is announced, gone after the hold', async (t) => {
    const { speaker, world, host, peer, run, until } = await running()
    const gate = told<boolean>()
    const announcement = speaker.announce(vip, { when: gate.gate, device: 'lo' })
    await run(1)
    t.ok(host.owns(0x0a000164), 'so that the gate can look at it')
    t.equal(announcement.state, 'down')
    gate.say(true)
    await settle()
    t.equal(announcement.state, 'up')
    await run(6)
    gate.say(false)
    await run(20)
    t.ok(world.added.has(onLo), 'it stays while it is only down')
    gate.say(true)
    await run(6)
    t.ok(peer.fib.has(vip))
    announcement.withdraw()
    await run(1.9)
    t.notOk(peer.fib.has(vip), 'withdrawn first')
    t.ok(world.added.has(onLo), 'for packets that are still on their way')
    await run(5)
    t.notOk(world.added.has(onLo))
    await until(speaker.stop())
    t.equal(world.leftovers, '')
  })

  t.test('with a label', async (t) => {
    const { speaker, world, run, until } = await running()
    speaker.announce(vip, { device: 'lo', label: 'lo:vip1' })
    await run(1)
    t.strictSame(
      world.log.filter((line) => line.startsWith('add')),
      [`add ${onLo} lo:vip1`],
    )
    await until(speaker.stop())
  })

  t.test('stop removes it, after the hold', async (t) => {
    const { speaker, world, peer, run, until } = await running()
    speaker.announce(vip, { device: 'lo' })
    await run(6)
    const stopped = speaker.stop()
    await run(1.5)
    t.notOk(peer.fib.has(vip))
    t.ok(world.added.has(onLo))
    await until(stopped)
    t.notOk(world.added.has(onLo))
    const order = world.log.filter((line) => /remove|close/.test(line))
    t.same(order, [`remove ${onLo}`, 'close eth0', 'close routes', 'close links'])
  })

  t.test('stop waits for what was withdrawn before it', async (t) => {
    const { speaker, world, run, until } = await running()
    const announcement = speaker.announce(vip, { device: 'lo' })
    await run(6)
    announcement.withdraw()
    await until(speaker.stop({ hold: 0 }))
    t.equal(world.leftovers, '')
  })

  t.test('an address that was there before is left alone', async (t) => {
    const { speaker, world, host, run, until } = await running()
    await host.ports.addresses.add('lo', 0x0a000164, 32)
    const announcement = speaker.announce(vip, { device: 'lo' })
    await run(1)
    t.equal(announcement.state, 'up')
    announcement.withdraw()
    await run(10)
    t.ok(host.owns(0x0a000164))
    await until(speaker.stop())
    t.ok(host.owns(0x0a000164))
    t.notOk(world.log.includes(`remove ${onLo}`))
  })

  t.test('announced anew within the hold: the address stays', async (t) => {
    const { speaker, world, peer, run, until } = await running()
    const first = speaker.announce(vip, { device: 'lo' })
    await run(6)
    first.withdraw()
    const second = speaker.announce(vip, { device: 'lo' })
    await run(20)
    t.equal(second.state, 'up')
    t.ok(world.added.has(onLo), 'the end of the first is not the end of the second')
    t.ok(peer.fib.has(vip))
    second.withdraw()
    await run(20)
    t.notOk(world.added.has(onLo))
    const third = speaker.announce(vip, { device: 'lo' })
    await run(1)
    t.equal(third.state, 'up')
    await until(speaker.stop())
    t.same(
      world.log.filter((line) => line.endsWith(onLo)),
      [`add ${onLo}`, `remove ${onLo}`, `add ${onLo}`, `remove ${onLo}`],
    )
  })

  t.test('announced anew before the address of the first was there', async (t) => {
    const { speaker, world, run, until } = await running()
    speaker.announce(vip, { device: 'lo' }).withdraw()
    const second = speaker.announce(vip, { device: 'lo' })
    await run(20)
    t.equal(second.state, 'up')
    t.ok(world.added.has(onLo))
    await until(speaker.stop())
    t.equal(world.leftovers, '')
  })

  t.test('one that cannot be added is tried again', async (t) => {
    const { speaker, world, peer, events, run, until } = await running()
    world.refuseAddress.add = new Error('Operation not permitted')
    const announcement = speaker.announce(vip, { device: 'lo' })
    await run(5)
    t.equal(announcement.state, 'down')
    t.equal(announcement.reason, `cannot add ${vip} to lo: Operation not permitted`)
    t.equal(only(events, 'announcement').length, 1, 'said once')
    t.notOk(peer.fib.has(vip))
    delete world.refuseAddress.add
    await run(3)
    t.equal(announcement.state, 'up')
    t.ok(peer.fib.has(vip))
    await until(speaker.stop())
    t.equal(world.leftovers, '')
  })

  t.test('one that cannot be removed is said, and spoils nothing that came after', async (t) => {
    const { speaker, world, events, run, until } = await running()
    const first = speaker.announce(vip, { device: 'lo' })
    await run(6)
    world.refuseAddress.remove = new Error('Cannot assign requested address')
    first.withdraw()
    const second = speaker.announce(vip)
    await run(12) // the second one is paced, and the first waits until all is sent
    t.match(only(events, 'announcement').at(-1), {
      was: 'withdrawn',
      state: 'withdrawn',
      reason: /cannot remove 10\.0\.1\.100\/32 from lo: Cannot assign requested address/,
    })
    t.same(speaker.announcements(), [second])
    t.throws(() => speaker.announce(vip), { code: 'ERR_OSPF_DUPLICATE' })
    await until(speaker.stop())
  })
})

t.test('withdrawn and announced again', async (t) => {
  const { speaker, peer, events, run, until } = await running()
  for (const cost of [1, 2, 3]) {
    const announcement = speaker.announce(vip, { cost })
    await run(8)
    t.equal(peer.fib.get(vip)?.cost, 10 + cost)
    await until(announcement[Symbol.asyncDispose]())
    await run(8)
    t.notOk(peer.fib.has(vip))
  }
  t.same(
    only(events, 'announcement').map((e) => e.state),
    ['up', 'withdrawn', 'up', 'withdrawn', 'up', 'withdrawn'],
  )
  await until(speaker.stop())
})

t.test('a VIP that is announced before anybody is there', async (t) => {
  const { world, peer, run, until } = lan()
  peer.crash()
  const speaker = await OspfSpeaker.start(director({}, eth0), world)
  speaker.announce(vip)
  await run(30)
  peer.restart()
  await run(15)
  t.ok(peer.fib.has(vip))
  await until(speaker.stop())
})

t.test('an announcement in a block of its own', async (t) => {
  const { speaker, peer, run, until } = await running()
  {
    using announcement = speaker.announce(vip)
    await run(6)
    t.equal(announcement.state, 'up')
    t.ok(peer.fib.has(vip))
  }
  await run(6)
  t.notOk(peer.fib.has(vip))
  await until(speaker.stop())
})

t.test('VIPs that come or go in one turn are in one LSA', async (t) => {
  const { net, speaker, peer, run, until } = await running()
  const vips = Array.from({ length: 5 }, (_, i) => `10.0.1.${100 + i}/32`)
  const has = (): number => {
    const prefixes = new Set(vips.map((text) => text.split('/')[0]))
    return peer.routes().filter((r) => prefixes.has(formatIpv4(r.prefix))).length
  }
  // some without a gate, some that hear the same verdict
  const health = [told<boolean>(), told<boolean>(), told<boolean>()]
  const announced = vips.map((text, i) => {
    const gate = health[i]?.gate
    return speaker.announce(text, gate ? { when: gate } : {})
  })
  await run(10)
  for (const { say } of health) say(true)
  await run(30)
  t.equal(has(), 5)
  for (const { say } of health) say(false)
  for (const each of announced.slice(3)) each.withdraw()
  await net.clock.advanceAsync(200)
  t.equal(has(), 0, 'long before MinLSArrival')
  await until(speaker.stop())
})

t.test('as an external: an LSA of its own, as it is asked for', async (t) => {
  const { speaker, run, until } = await running()
  speaker.announce(vip, { as: 'external', type: 1, metric: 55, tag: 7 })
  await run(1)
  const own = speaker.database().filter((lsa) => lsa.own)
  t.match(
    own.find(({ type }) => type === 5),
    { lsId: '10.0.1.100', body: { metricType: 1, metric: 55, tag: 7 } },
  )
  t.notOk(JSON.stringify(own.find(({ type }) => type === 1)).includes('10.0.1.100'), 'no stub link')
  await until(speaker.stop())
})
