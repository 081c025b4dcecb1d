import t from 'tap'
import { formatEvent } from '../lib/index.ts'
import { deviceParameter, SysctlKeeper, SysctlLedger } from '../lib/sysctl.ts'
import { FakeSysctls } from './sysctls.ts'

const forward = { path: 'net/ipv4/ip_forward', wanted: 1, why: 'nothing is forwarded' }
const ignore = { path: deviceParameter('eth0.7', 'arp_ignore'), wanted: 1, why: 'it answers' }
const gone = { path: deviceParameter('eth9', 'rp_filter'), wanted: 2, why: 'it drops' }

function bench(values: Readonly<Record<string, number>>) {
  const port = new FakeSysctls(values)
  const said: string[] = []
  const wishes = [forward, ignore, gone]
  const keeper = new SysctlKeeper(port, wishes, (event) => said.push(formatEvent(event)))
  return { port, keeper, said: () => said.splice(0) }
}

const asIs = { [forward.path]: 0, [ignore.path]: 2 }

t.test('what is not as wanted is found, and nothing is changed', async (t) => {
  const { port, keeper, said } = bench({ ...asIs, [forward.path]: 1 })
  t.same(keeper.findings(), [
    { name: 'net.ipv4.conf.eth0/7.arp_ignore', ...ignore, value: 2 },
    { name: 'net.ipv4.conf.eth9.rp_filter', ...gone, value: undefined },
  ])
  keeper.report()
  t.same(said(), [
    'net.ipv4.conf.eth0/7.arp_ignore is 2, should be 1 (it answers)',
    'net.ipv4.conf.eth9.rp_filter is not there, should be 2 (it drops)',
  ])
  keeper.restore()
  t.same(port.written, [])
})

t.test('what is set is put back, last first', async (t) => {
  const { port, keeper, said } = bench(asIs)
  keeper.set()
  t.same(port.written, [`${forward.path} 1`, `${ignore.path} 1`])
  t.match(said(), [
    'net.ipv4.ip_forward is 0, set to 1 (nothing is forwarded)',
    'net.ipv4.conf.eth0/7.arp_ignore is 2, set to 1 (it answers)',
    /^net.ipv4.conf.eth9.rp_filter is not there, could not be set to 2 \(it drops\): .*not there$/,
  ])
  t.same(keeper.findings().length, 1)
  keeper.restore()
  t.same(port.written.slice(2), [`${ignore.path} 2`, `${forward.path} 0`])
  t.equal(said()[1], 'net.ipv4.ip_forward is 1, set back to 0 (nothing is forwarded)')
  keeper.restore()
  t.equal(port.written.length, 4, 'once')
})

t.test('what somebody else changed since is left alone', async (t) => {
  const { port, keeper } = bench(asIs)
  keeper.set()
  port.values.set(ignore.path, 8)
  keeper.restore()
  t.same(
    [...port.values],
    [
      [forward.path, 0],
      [ignore.path, 8],
    ],
  )
})

t.test('what cannot be set does not keep the rest from it', async (t) => {
  const { port, keeper, said } = bench(asIs)
  port.readOnly.add(forward.path)
  keeper.set()
  t.same(port.written, [`${ignore.path} 1`])
  t.match(said()[0], /ip_forward is 0, could not be set to 1 .*: net\/ipv4\/ip_forward: read-only/)
  port.readOnly.add(ignore.path)
  keeper.restore()
  t.match(said(), [/arp_ignore is 1, could not be set to 2 .*read-only/])
})

t.test('what cannot be read is not as wanted', async (t) => {
  const port = new FakeSysctls({})
  port.read = () => {
    throw new Error('no')
  }
  t.equal(new SysctlKeeper(port, [forward], () => {}).findings()[0]?.value, undefined)
})

t.test('two that want the same: it goes back when the last of them lets go', async (t) => {
  const port = new FakeSysctls(asIs)
  const ledger = new SysctlLedger()
  const [one, other] = [1, 2].map(() => new SysctlKeeper(port, [forward], () => {}, ledger))
  one!.set()
  other!.set()
  other!.set()
  t.same(port.written, [`${forward.path} 1`])
  one!.replace([], true)
  t.same(port.written, [`${forward.path} 1`], 'the other still wants it')
  one!.restore()
  other!.restore()
  t.same(port.written, [`${forward.path} 1`, `${forward.path} 0`])
  other!.restore()
  t.equal(port.written.length, 2)
})

t.test('what was so before is nobody’s to put back', async (t) => {
  const port = new FakeSysctls({ ...asIs, [forward.path]: 1 })
  const ledger = new SysctlLedger()
  const [one, other] = [1, 2].map(() => new SysctlKeeper(port, [forward], () => {}, ledger))
  one!.set()
  other!.set()
  one!.restore()
  other!.restore()
  t.same(port.written, [])
})
