import t from 'tap'
import type { Route } from '../../lib/core/io.ts'
import { covers, Fib, parseAddress, parsePrefix } from '../../lib/sim/fib.ts'

const route = (text: string, gateway?: string): Route => {
  const { address, length } = parsePrefix(text)
  const hop = {
    interface: 'eth0',
    gateway: gateway === undefined ? undefined : parseAddress(gateway),
  }
  return { prefix: address, length, pathType: 'intra-area', area: 0, cost: 1, nextHops: [hop] }
}

t.test('applies changes and finds the longest match', async (t) => {
  const fib = new Fib()
  for (const r of [
    route('0.0.0.0/0', '10.0.0.1'),
    route('10.1.0.0/16', '10.0.0.2'),
    route('10.1.2.0/24'),
    route('10.1.2.3/32', '10.0.0.3'),
  ]) {
    fib.apply([{ type: 'replace', route: r }])
  }
  const via = (a: string, longerThan?: number) =>
    fib.lookup(parseAddress(a), longerThan)?.nextHops[0]?.gateway
  t.equal(via('10.1.2.3'), parseAddress('10.0.0.3'))
  t.equal(via('10.1.2.4'), parseAddress('10.0.0.2'), 'attached networks are not routes')
  t.equal(via('192.0.2.1'), parseAddress('10.0.0.1'))
  t.equal(via('192.0.2.1', 0), undefined)
  t.same(
    [...fib].map(([p]) => p),
    ['0.0.0.0/0', '10.1.0.0/16', '10.1.2.0/24', '10.1.2.3/32'],
  )
  fib.apply([{ type: 'remove', prefix: parseAddress('10.1.2.3'), length: 32 }])
  t.notOk(fib.has('10.1.2.3/32'))
  t.ok(fib.has('10.1.2.0/24'))
  t.equal(fib.size, 3)
  fib.clear()
  t.equal(fib.size, 0)
})

t.test('reads prefixes strictly', async (t) => {
  t.same(parsePrefix('10.0.1.100/32'), { address: 0x0a000164, length: 32 })
  for (const bad of ['10.0.1.100', '10.0.1/24', '10.0.1.0/33', '10.0.1.0/', '10.0.1.0/x', '']) {
    t.throws(() => parsePrefix(bad), { code: 'ERR_OSPF_CONFIG' }, bad)
  }
  t.throws(() => parseAddress('1.2.3'), { code: 'ERR_OSPF_CONFIG' })
  t.ok(covers(0xc0a80000, 16, 0xc0a8ffff))
  t.notOk(covers(0xc0a80000, 16, 0xc0a90000))
})
