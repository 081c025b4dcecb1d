/**
 * A VIP in the subnet that a director shares with others: who answers ARP for it. Real namespaces, real ARP, real
 * /proc/sys.
 */
import t from 'tap'
import { Lab, missing, until } from './lab.ts'
import { onEth0, SpeakerChild } from './speakers.ts'

t.setTimeout(120_000)

const vip = '10.0.1.100'

t.test('a neighbor asks for the VIP', { skip: missing('root') }, async (t) => {
  const lab = Lab.for(t)
  lab.node('lb')
  lab.node('other')
  lab.link({ lb: '10.0.1.133/24', other: '10.0.1.9/24' })
  const settings = async (): Promise<string> =>
    lab.exec('lb', [
      'sysctl',
      '-n',
      ...['arp_ignore', 'arp_announce', 'rp_filter'].map((name) => `net.ipv4.conf.eth0.${name}`),
    ])
  const before = await settings()
  /** Whether somebody answers ARP for an address on the segment. */
  const answers = async (address: string): Promise<boolean> => {
    await lab.exec('other', ['ip', 'neigh', 'flush', 'all'])
    await lab.exec('other', ['bash', '-c', `echo > /dev/udp/${address}/9`])
    const state = await until(
      async () => /REACHABLE|FAILED/.exec(await lab.exec('other', ['ip', 'neigh'])),
      { what: `ARP for ${address} has an end` },
    )
    return state[0] === 'REACHABLE'
  }
  const hasAddress = async (): Promise<boolean> =>
    (await lab.exec('lb', ['ip', 'address', 'show', 'lo'])).includes(`${vip}/32`)

  // reported, and left alone
  const first = await SpeakerChild.start(t, lab, 'lb', onEth0('10.0.1.133'))
  await first.announceAs(vip, { device: 'lo', label: 'lo:vip1' })
  await until(hasAddress, { what: 'the VIP is on lo' })
  t.match(await lab.exec('lb', ['ip', 'address', 'show', 'label', 'lo:vip1']), `${vip}/32`)
  await until(() => first.events('sysctl').length === 2, { what: 'both are reported' })
  t.match(first.events('sysctl')[0]?.line, /arp_ignore is 0, should be 1 .*answers ARP for/)
  t.equal(await answers(vip), true, 'what was warned of happens')
  t.equal(await settings(), before)
  t.equal((await first.stop()).status, 0)

  // set, and put back
  const options = onEth0('10.0.1.133', {}, { directorHelper: 'set' })
  const second = await SpeakerChild.start(t, lab, 'lb', options)
  await second.announceAs(vip, { device: 'lo', label: 'lo:vip1' })
  await until(hasAddress, { what: 'the VIP is on lo' })
  t.equal(await answers(vip), false, 'the director keeps quiet')
  t.match(await settings(), /^1\n2\n/)
  t.equal(await answers('10.0.1.133'), true, 'and still answers for its own address')
  t.equal((await second.stop()).status, 0)
  t.equal(await hasAddress(), false)
  t.equal(await settings(), before)
})
