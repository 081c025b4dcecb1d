/** Following a real kernel's table. */
import type { Test } from 'tap'
import { LinuxLinks } from '../../lib/linux/links.ts'
import { LinuxRouteSource, type LinuxRouteSourceOptions } from '../../lib/linux/route-source.ts'
import { formatIpv4, formatPrefix } from '../../lib/wire/address.ts'
import { inNamespace, ip, until } from './netns.ts'

/** a0 10.0.0.1/24 with its peer b0, and c0 10.0.1.1/24 with d0; a mirror of what the source tells. */
async function world(t: Test, options: Partial<LinuxRouteSourceOptions> = {}) {
  for (const [near, far, net] of [
    ['a0', 'b0', '10.0.0'],
    ['c0', 'd0', '10.0.1'],
  ]) {
    ip(`link add ${near} type veth peer name ${far}`)
    ip(`addr add ${net}.1/24 dev ${near}`)
    ip(`link set ${near} up`)
    ip(`link set ${far} up`)
  }
  const links = await LinuxLinks.open()
  const isUp = (name: string): boolean => links.links().get(name)?.up === true
  await until('the links are up', () => isUp('a0') && isUp('c0'))
  let overruns = 0
  const open = async () => {
    const source = await LinuxRouteSource.open({ links, onOverrun: () => overruns++, ...options })
    t.teardown(async () => {
      await source[Symbol.asyncDispose]()
      await links[Symbol.asyncDispose]()
    })
    const mirror = new Map<string, string>()
    let calls = 0
    const put = ({
      prefix,
      length,
      routes,
    }: Parameters<Parameters<typeof source.watch>[0]>[0][0]) => {
      const text = routes.map(
        ({ protocol, metric, type, device, gateway }) =>
          `${protocol}/${metric}${type === 'unicast' ? '' : ` ${type}`}${gateway === undefined ? '' : ` via ${formatIpv4(gateway)}`}${device === undefined ? '' : ` dev ${device}`}`,
      )
      const where = formatPrefix(prefix, length)
      if (text.length > 0) mirror.set(where, text.join(', '))
      else mirror.delete(where)
    }
    for (const there of source.routes()) put(there)
    source.watch((changes) => {
      calls++
      for (const change of changes) put(change)
    })
    /** Waits until a destination reads so. */
    const reads = async (where: string, text: string | undefined): Promise<void> => {
      await until(`${where} reads ${text}`, () => mirror.get(where) === text).catch((error) => {
        throw new Error(`${(error as Error).message}; it is ${mirror.get(where)}`)
      })
      t.equal(mirror.get(where), text, `${where} ${text}`)
    }
    return { source, mirror, reads, calls: () => calls }
  }
  return { links, open, overruns: () => overruns }
}

inNamespace('what is there, and what comes, changes and goes', async (t) => {
  const { open } = await world(t)
  ip('route add 172.16.1.0/24 via 10.0.0.2')
  ip('route add blackhole 172.16.2.0/24 proto static')
  ip('route add 172.16.3.0/24 via 10.0.0.2 table 9')
  const { mirror, reads } = await open()
  t.strictSame(Object.fromEntries(mirror), {
    '10.0.0.0/24': '2/0 dev a0',
    '10.0.1.0/24': '2/0 dev c0',
    '172.16.1.0/24': '3/0 via 10.0.0.2 dev a0',
    '172.16.2.0/24': '4/0 blackhole',
  })
  ip('route add 172.16.4.0/24 via 10.0.1.2 proto bgp metric 100')
  await reads('172.16.4.0/24', '186/100 via 10.0.1.2 dev c0')
  ip('route add 172.16.4.0/24 via 10.0.0.2 proto static metric 10')
  await reads('172.16.4.0/24', '4/10 via 10.0.0.2 dev a0, 186/100 via 10.0.1.2 dev c0')
  ip('route replace 172.16.4.0/24 via 10.0.0.3 proto dhcp metric 10')
  await reads('172.16.4.0/24', '16/10 via 10.0.0.3 dev a0, 186/100 via 10.0.1.2 dev c0')
  ip('route append 172.16.4.0/24 via 10.0.0.4 proto boot metric 10')
  await reads(
    '172.16.4.0/24',
    '16/10 via 10.0.0.3 dev a0, 3/10 via 10.0.0.4 dev a0, 186/100 via 10.0.1.2 dev c0',
  )
  ip('route del 172.16.4.0/24 via 10.0.0.3')
  await reads('172.16.4.0/24', '3/10 via 10.0.0.4 dev a0, 186/100 via 10.0.1.2 dev c0')
  ip('route del 172.16.4.0/24 metric 10')
  await reads('172.16.4.0/24', '186/100 via 10.0.1.2 dev c0')
  ip('route del 172.16.4.0/24')
  await reads('172.16.4.0/24', undefined)
  ip('route add default nexthop via 10.0.0.2 nexthop via 10.0.1.2')
  await reads('0.0.0.0/0', '3/0')
  ip('route replace default via 10.0.0.2')
  await reads('0.0.0.0/0', '3/0 via 10.0.0.2 dev a0')
  ip('route add 172.16.5.0/24 via 10.0.0.2 table 9')
  ip('route add 172.16.6.0/24 via 10.0.0.2 tos 0x10')
  ip('address add 192.0.2.1/24 dev c0')
  await reads('192.0.2.0/24', '2/0 dev c0')
  t.notOk(mirror.has('172.16.5.0/24'), 'another table')
  t.notOk(mirror.has('172.16.6.0/24'), 'for some packets alone')
})

inNamespace('a next-hop group is read as its members', async (t) => {
  const { open } = await world(t)
  const { reads } = await open()
  ip('nexthop add id 1 via 10.0.0.2 dev a0')
  ip('nexthop add id 2 via 10.0.1.2 dev c0')
  ip('nexthop add id 3 group 1/2')
  ip('route add 172.16.1.0/24 nhid 3 proto bgp')
  await reads('172.16.1.0/24', '186/0')
  ip('route replace 172.16.1.0/24 nhid 1 proto bgp')
  await reads('172.16.1.0/24', '186/0 via 10.0.0.2 dev a0')
})

inNamespace('routes of a device that goes down are gone', async (t) => {
  const { open } = await world(t)
  ip('route add 172.16.1.0/24 via 10.0.0.2')
  ip('route add 172.16.2.0/24 nexthop via 10.0.0.2 nexthop via 10.0.1.2')
  const { reads } = await open()
  await reads('172.16.2.0/24', '3/0')
  // no carrier: the kernel keeps them
  ip('link set b0 down')
  await reads('172.16.1.0/24', undefined)
  await reads('10.0.0.0/24', undefined)
  await reads('172.16.2.0/24', '3/0')
  ip('link set b0 up')
  await reads('172.16.1.0/24', '3/0 via 10.0.0.2 dev a0')
  await reads('10.0.0.0/24', '2/0 dev a0')
  // down: the kernel drops them without a word
  ip('link set a0 down')
  await reads('172.16.1.0/24', undefined)
  ip('link set a0 up')
  await reads('10.0.0.0/24', '2/0 dev a0')
  await reads('172.16.1.0/24', undefined)
  ip('link del c0')
  await reads('10.0.1.0/24', undefined)
  await reads('172.16.2.0/24', undefined)
})

inNamespace('more at once than the buffer holds is read again', async (t) => {
  const { open, overruns } = await world(t, { receiveBuffer: 4096 })
  const { mirror } = await open()
  const lines: string[] = []
  for (let n = 0; n < 4000; n++) {
    lines.push(`route add 172.${16 + (n >> 8)}.${n & 255}.0/24 via 10.0.0.2`)
  }
  ip('-batch -', lines.join('\n'))
  const count = (): number => [...mirror.keys()].filter((where) => where.startsWith('172.')).length
  await until('all routes are there', () => count() === 4000, 30)
  t.ok(overruns() > 0, 'some notifications were lost')
  ip('-batch -', lines.slice(0, 3999).join('\n').replaceAll('route add', 'route del'))
  await until('all but one are gone', () => count() === 1, 30)
  t.equal(mirror.get('172.31.159.0/24'), '3/0 via 10.0.0.2 dev a0')
})

inNamespace('another table; changes that fall together are told together', async (t) => {
  const { open } = await world(t, { table: 1000 })
  const { mirror, reads, calls } = await open()
  t.strictSame([...mirror], [], 'a table that does not exist yet')
  ip('route add 172.16.9.0/24 via 10.0.0.2')
  const add = (n: number): string => `route add 172.16.${n}.0/24 via 10.0.0.2 table 1000`
  ip('-batch -', Array.from({ length: 200 }, (_, n) => add(n)).join('\n'))
  await reads('172.16.199.0/24', '3/0 via 10.0.0.2 dev a0')
  t.equal(mirror.size, 200)
  t.ok(calls() < 50, `told in ${calls()} calls`)
  ip('-batch -', `${add(250)}\nroute del 172.16.250.0/24 table 1000\n${add(251)}`)
  await reads('172.16.251.0/24', '3/0 via 10.0.0.2 dev a0')
})

inNamespace('closed is closed', async (t) => {
  const { open } = await world(t)
  const { source, calls } = await open()
  await source[Symbol.asyncDispose]()
  await source[Symbol.asyncDispose]()
  ip('route add 172.16.1.0/24 via 10.0.0.2')
  ip('link set a0 down')
  await new Promise((resolve) => setTimeout(resolve, 300))
  t.equal(calls(), 0)
})
