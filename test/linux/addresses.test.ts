import { LinuxAddresses } from '../../lib/linux/addresses.ts'
import { parseIpv4 } from '../../lib/wire/address.ts'
import { inNamespace, ip } from './netns.ts'

const vip = parseIpv4('10.0.1.100')!
const shown = (): string => ip('-4 -o addr show dev lo')

inNamespace('a VIP on lo: added, found, removed', async (t) => {
  using addresses = LinuxAddresses.open()
  t.equal(await addresses.add('lo', vip, 32), true)
  t.match(shown(), /10\.0\.1\.100\/32 scope global lo/)
  t.equal(await addresses.add('lo', vip, 32), false, 'it was there')
  await addresses.remove('lo', vip, 32)
  t.notMatch(shown(), '10.0.1.100')
  await addresses.remove('lo', vip, 32)
})

inNamespace('a label, as ip addr shows it', async (t) => {
  using addresses = LinuxAddresses.open()
  t.equal(await addresses.add('lo', vip, 32, 'lo:vip1'), true)
  t.match(shown(), /10\.0\.1\.100\/32 scope global lo:vip1/)
  t.match(ip('addr show label lo:vip1'), '10.0.1.100')
  await addresses.remove('lo', vip, 32)
  t.notMatch(shown(), '10.0.1.100')
  t.equal(await addresses.add('lo', vip, 32, 'lo:a-name-of-15'), true)
  t.match(shown(), 'lo:a-name-of-15')
})

inNamespace('an address that somebody else added is not ours', async (t) => {
  using addresses = LinuxAddresses.open()
  ip('addr add 10.0.1.100/32 dev lo')
  t.equal(await addresses.add('lo', vip, 32), false)
  t.equal(await addresses.add('lo', vip, 24), true, 'another length is another address')
  await addresses.remove('lo', vip, 24)
  t.match(shown(), '10.0.1.100/32')
  t.equal(await addresses.add('lo', parseIpv4('127.0.0.9')!, 32), true)
  t.match(shown(), '127.0.0.9/32 scope host')
})

inNamespace('what an earlier life left behind', async (t) => {
  const first = LinuxAddresses.open()
  t.equal(await first.add('lo', vip, 32), true)
  using second = LinuxAddresses.open()
  t.equal(await second.add('lo', vip, 32), false, 'the first is alive')
  first[Symbol.dispose]()
  t.match(shown(), '10.0.1.100/32', 'it went without a word')
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(await second.add('lo', vip, 32), true, 'ours now')
  using third = LinuxAddresses.open()
  t.equal(await third.add('lo', vip, 32), false)
  await second.remove('lo', vip, 32)
  t.notMatch(shown(), '10.0.1.100')
  t.equal(await third.add('lo', vip, 32), true)
  await third.remove('lo', vip, 32)
})

inNamespace('devices that are not there', async (t) => {
  using addresses = LinuxAddresses.open()
  const missing = { code: 'ERR_OSPF_NO_INTERFACE', message: /no such device: nope/ }
  await t.rejects(addresses.add('nope', vip, 32), missing)
  await t.rejects(addresses.add('a-name-that-no-device-can-have', vip, 32), {
    code: 'ERR_OSPF_NO_INTERFACE',
  })
  ip('link add a0 type veth peer name b0')
  await addresses.add('a0', vip, 32)
  ip('link del a0')
  await addresses.remove('a0', vip, 32)
  t.pass('removing from a device that is gone is no error')
})

inNamespace('without CAP_NET_ADMIN', async (t) => {
  process.setgroups?.([])
  process.setgid?.(65534)
  process.setuid?.(65534)
  using addresses = LinuxAddresses.open()
  await t.rejects(addresses.add('lo', vip, 32), {
    code: 'ERR_OSPF_PERMISSION',
    message: /add 10\.0\.1\.100\/32 to lo.*CAP_NET_ADMIN/,
  })
})

inNamespace('closing', async (t) => {
  const addresses = LinuxAddresses.open()
  const pending = addresses.add('lo', vip, 32)
  addresses[Symbol.dispose]()
  await t.rejects(pending, { code: 'ERR_OSPF_STOPPED' })
})
