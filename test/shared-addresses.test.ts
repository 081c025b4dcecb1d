import t from 'tap'
import type { AddressPort } from '../lib/ports.ts'
import { SharedAddresses } from '../lib/shared-addresses.ts'

/** A kernel with one address perhaps, and a log. */
function kernel(...present: string[]) {
  const on = new Set(present)
  const log: string[] = []
  const failures: Error[] = []
  const port: AddressPort = {
    add: async (device, address, length) => {
      const text = `${device} ${address}/${length}`
      log.push(`add ${text}`)
      const failure = failures.shift()
      if (failure) throw failure
      if (on.has(text)) return false
      on.add(text)
      return true
    },
    remove: async (device, address, length) => {
      log.push(`remove ${device} ${address}/${length}`)
      on.delete(`${device} ${address}/${length}`)
    },
  }
  return { on, log, failures, shared: new SharedAddresses(port) }
}

t.test('the last user removes it', async (t) => {
  const { shared, on, log } = kernel()
  t.equal(await shared.add('lo', 1, 32), true)
  t.equal(await shared.add('lo', 1, 32), true)
  await shared.remove('lo', 1, 32)
  t.same([...on], ['lo 1/32'])
  await shared.remove('lo', 1, 32)
  t.same([...on], [])
  t.same(log, ['add lo 1/32', 'remove lo 1/32'])
  t.equal(await shared.add('lo', 1, 32), true, 'and all over again')
  await shared.remove('lo', 1, 32)
  t.equal(log.length, 4)
})

t.test('two at once add it once', async (t) => {
  const { shared, log } = kernel()
  t.same(await Promise.all([shared.add('lo', 1, 32), shared.add('lo', 1, 32)]), [true, true])
  await Promise.all([shared.remove('lo', 1, 32), shared.remove('lo', 1, 32)])
  t.same(log, ['add lo 1/32', 'remove lo 1/32'])
})

t.test('what was there is nobody’s', async (t) => {
  const { shared, on, log } = kernel('lo 1/32')
  t.same(await Promise.all([shared.add('lo', 1, 32), shared.add('lo', 1, 32)]), [false, false])
  on.clear()
  t.equal(await shared.add('lo', 1, 32), true, 'asked again each time')
  t.same(log, ['add lo 1/32', 'add lo 1/32'])
})

t.test('a failure is for everybody who waited, and no memory stays', async (t) => {
  const { shared, failures, log } = kernel()
  failures.push(new Error('no'))
  const both = [shared.add('lo', 1, 32), shared.add('lo', 1, 32)]
  for (const one of both) await t.rejects(one, { message: 'no' })
  t.equal(await shared.add('lo', 1, 32), true)
  await shared.remove('lo', 1, 32)
  t.same(log, ['add lo 1/32', 'add lo 1/32', 'remove lo 1/32'])
})

t.test('devices and lengths do not mix', async (t) => {
  const { shared, log } = kernel()
  for (const [device, length] of [
    ['lo', 32],
    ['lo', 24],
    ['dummy0', 32],
  ] as const) {
    await shared.add(device, 1, length)
  }
  await shared.remove('lo', 1, 32)
  t.same(log, ['add lo 1/32', 'add lo 1/24', 'add dummy0 1/32', 'remove lo 1/32'])
})
