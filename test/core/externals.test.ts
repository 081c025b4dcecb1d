/** What is advertised of the outside: precedence, summary addresses, forwarding addresses, what is inside already. */
import t from 'tap'
import { defaultAreaConfig } from '../../lib/core/area.ts'
import type { AreaConfig, ExternalPrefix, SummaryAddress } from '../../lib/core/io.ts'
import { formatIpv4, formatPrefix, lengthOfMask, networkOf } from '../../lib/wire/address.ts'
import { LsType } from '../../lib/wire/lsa.ts'
import { Option } from '../../lib/wire/options.ts'
import { Bench, externalLsa, ip, lsaOf, pointToPoint, segment, us } from './bench.ts'

const prefixOf = (text: string): { prefix: number; length: number } => {
  const [address = '', length] = text.split('/')
  return { prefix: ip(address), length: Number(length) }
}

const external = (text: string, more: Partial<ExternalPrefix> = {}): ExternalPrefix => ({
  ...prefixOf(text),
  metricType: 2,
  metric: 20,
  tag: 0,
  forwardingAddress: 0,
  ...more,
})

/** A route of the kernel through a gateway. */
const via = (gateway: string): Pick<ExternalPrefix, 'kernel'> => ({
  kernel: { gateway: ip(gateway), connected: false },
})
const connected = { kernel: { gateway: undefined, connected: true } } as const

const redistribute = (bench: Bench, ...set: ExternalPrefix[]): void =>
  bench.config({ type: 'redistribute', set, withdraw: [] })

const summary = (text: string, more: Partial<SummaryAddress> = {}): SummaryAddress => ({
  ...prefixOf(text),
  advertise: true,
  metricType: 2,
  metric: 20,
  tag: 0,
  ...more,
})

/** Our own externals in words, oldest first by prefix. */
function said({ router, now }: Bench, type: number = LsType.external): string[] {
  const found: string[] = []
  for (const { lsa, age } of router.database(now * 1000)) {
    const { header, body } = lsa
    if (header.type !== type || body.kind !== 'external' || age >= 3600) continue
    if (header.advertisingRouter !== router.routerId) continue
    const length = lengthOfMask(body.mask)!
    const to = body.forwardingAddress === 0 ? '' : ` via ${formatIpv4(body.forwardingAddress)}`
    const tag = body.tag === 0 ? '' : ` tag ${body.tag}`
    const p = type === LsType.nssa && header.options & Option.np ? ' P' : ''
    const prefix = formatPrefix(networkOf(header.lsId, length), length)
    found.push(`${prefix} E${body.metricType} ${body.metric}${to}${tag}${p}`)
  }
  return found.sort()
}

/** A router of one network, 10.0.0.1/24 on eth0, long after it began. */
function bench(options?: ConstructorParameters<typeof Bench>[0]): Bench {
  const bench = new Bench(options)
  bench.up()
  bench.run(60)
  return bench
}

t.test('of several who ask for the same, one is heard; the next takes its place', async (t) => {
  const b = bench()
  const where = prefixOf('172.16.0.0/16')
  redistribute(b, external('172.16.0.0/16', { metric: 3 }))
  t.strictSame(said(b), ['172.16.0.0/16 E2 3'])
  b.config({
    type: 'external',
    external: external('172.16.0.0/16', { metric: 2 }),
    source: 'option',
  })
  b.run(10)
  t.strictSame(said(b), ['172.16.0.0/16 E2 2'])
  b.config({ type: 'external', external: external('172.16.0.0/16', { metric: 1 }) })
  b.run(10)
  t.strictSame(said(b), ['172.16.0.0/16 E2 1'])
  b.config({ type: 'withdraw-external', ...where })
  b.run(10)
  t.strictSame(said(b), ['172.16.0.0/16 E2 2'])
  redistribute(b, external('172.16.0.0/16', { metric: 4 }))
  b.config({ type: 'withdraw-external', ...where, source: 'option' })
  b.run(10)
  t.strictSame(said(b), ['172.16.0.0/16 E2 4'])
  b.config({ type: 'withdraw-external', ...where, source: 'option' })
  b.config({ type: 'redistribute', set: [], withdraw: [where] })
  b.run(10)
  t.strictSame(said(b), [])
})

t.test('summary addresses stand for what is inside', async (t) => {
  const b = bench()
  const addresses = [
    summary('172.16.0.0/12', { tag: 7, metric: 5, metricType: 1 }),
    summary('172.20.0.0/16', { advertise: false }),
    summary('192.168.0.0/16'),
  ]
  b.config({ type: 'summary-addresses', addresses })
  t.strictSame(said(b), [], 'nothing is inside')
  redistribute(
    b,
    external('172.16.1.0/24', { tag: 1, ...via('10.0.0.9') }),
    external('172.20.1.0/24'),
    external('192.168.0.0/16', { metric: 99 }),
    external('198.51.100.0/24', { tag: 3 }),
    external('0.0.0.0/0'),
  )
  b.config({ type: 'external', external: external('172.17.0.1/32') })
  b.run(10)
  const rest = ['0.0.0.0/0 E2 20', '192.168.0.0/16 E2 20', '198.51.100.0/24 E2 20 tag 3']
  const whole = ['0.0.0.0/0 E2 20', '172.16.0.0/12 E1 5 tag 7', ...rest.slice(1)]
  t.strictSame(said(b), whole, 'as one; the longest counts; its own metric; the default is apart')
  b.config({ type: 'redistribute', set: [], withdraw: [prefixOf('172.16.1.0/24')] })
  b.run(10)
  t.strictSame(said(b), whole, 'something is still inside')
  b.config({ type: 'withdraw-external', ...prefixOf('172.17.0.1/32') })
  b.run(10)
  t.strictSame(said(b), rest, 'nothing is inside any more')
  b.config({ type: 'summary-addresses', addresses: [] })
  b.run(10)
  t.strictSame(said(b), [
    '0.0.0.0/0 E2 20',
    '172.20.1.0/24 E2 20',
    '192.168.0.0/16 E2 99',
    '198.51.100.0/24 E2 20 tag 3',
  ])
})

t.test('12.4.4.1: a next hop that others reach themselves is the forwarding address', async (t) => {
  const b = bench()
  const route = external('172.16.0.0/16', via('10.0.0.9'))
  redistribute(b, route)
  t.strictSame(said(b), ['172.16.0.0/16 E2 20 via 10.0.0.9'])
  const ends = async (what: string, change: () => void, restore: () => void): Promise<void> => {
    change()
    b.run(10)
    t.strictSame(said(b), ['172.16.0.0/16 E2 20'], what)
    restore()
    b.run(10)
    t.strictSame(said(b), ['172.16.0.0/16 E2 20 via 10.0.0.9'], `${what}: no longer`)
  }
  const { config } = b.iface()
  const configured = (more: Partial<typeof config>): (() => void) => {
    return () => b.config({ type: 'interface', config: { ...config, ...more } })
  }
  const back = configured({})
  await ends('a passive interface', configured({ passive: true }), back)
  await ends('a suppressed network', configured({ prefixSuppression: true }), back)
  await ends('no broadcast network', configured({ network: 'point-to-point' }), back)
  await ends(
    'the link is down',
    () => b.unlink(),
    () => b.link('eth0'),
  )
  const elsewhere = external('172.16.0.0/16', via('10.0.9.9'))
  await ends(
    'another network',
    () => redistribute(b, elsewhere),
    () => redistribute(b, route),
  )
  await ends(
    'our own address',
    () => redistribute(b, external('172.16.0.0/16', via('10.0.0.1'))),
    () => redistribute(b, route),
  )
})

t.test('connected networks that are inside OSPF are not told as externals', async (t) => {
  const b = bench()
  redistribute(
    b,
    external('10.0.0.0/24', connected),
    external('10.0.0.128/25', connected),
    external('10.0.0.0/16', connected),
    external('192.0.2.1/32', connected),
  )
  const outside = ['10.0.0.0/16 E2 20', '192.0.2.1/32 E2 20']
  t.strictSame(said(b), outside)
  const stub = { area: 0, ...prefixOf('192.0.2.1/32') }
  b.config({ type: 'announce', stub: { ...stub, cost: 0 } })
  b.run(10)
  t.strictSame(said(b), outside.slice(0, 1), 'a stub network of ours')
  b.config({ type: 'withdraw', ...stub })
  b.run(10)
  t.strictSame(said(b), outside)
  const { config } = b.iface()
  const second = { address: ip('10.0.9.1'), prefixLength: 16 }
  b.link('eth0', { secondaries: [second] })
  b.run(10)
  t.strictSame(said(b), outside, 'a secondary address that OSPF does not advertise')
  b.config({ type: 'interface', config: { ...config, secondaryAddresses: true } })
  b.run(10)
  t.strictSame(said(b), outside.slice(1), 'one that it does')
  b.link('eth0')
  b.run(10)
  t.strictSame(said(b), outside)
  b.config({ type: 'remove-interface', interface: 'eth0' })
  b.up({ name: 'eth1' }, { address: ip('10.7.0.1') })
  b.run(10)
  t.strictSame(said(b), [
    '10.0.0.0/16 E2 20',
    '10.0.0.0/24 E2 20',
    '10.0.0.128/25 E2 20',
    outside[1],
  ])
})

t.test(
  'a router that redistributes is an AS boundary router, with or without something',
  async (t) => {
    const b = bench()
    const isBoundary = (): unknown => {
      b.run(10)
      const own = b.router
        .database(b.now * 1000)
        .find(({ lsa }) => lsa.header.type === LsType.router)
      return own?.lsa.body.kind === 'router' && own.lsa.body.external
    }
    t.equal(isBoundary(), false)
    b.config({ type: 'as-boundary', redistributes: true })
    t.equal(isBoundary(), true)
    b.config({ type: 'as-boundary', redistributes: false })
    t.equal(isBoundary(), false)
  },
)

t.test('what the kernel leads to itself is not learned from others', async (t) => {
  const { bench: b, peers } = segment('Point-to-point')
  const [peer] = peers
  const id = ip('10.0.0.2')
  const bits = { flags: 0, virtualLink: false, external: true, border: false }
  const links = [pointToPoint(us, id)]
  const router = { kind: 'router', nssaTranslator: false, wildcard: false, ...bits, links } as const
  peer!.update(lsaOf(LsType.router, id, id, router), externalLsa('172.16.0.0', id))
  const pass = (): void => {
    for (let i = 0; i < 30; i++) {
      b.run(1)
      peer!.hello()
    }
  }
  pass()
  const learned = (): string[] =>
    b.router
      .routes()
      .filter(({ pathType }) => pathType.startsWith('external'))
      .map(({ prefix, length }) => formatPrefix(prefix, length))
  t.strictSame(learned(), ['172.16.0.0/24'])
  redistribute(b, external('172.16.0.0/24', via('10.0.9.9')))
  pass()
  t.strictSame(learned(), [], 'the kernel has its own way')
  redistribute(b, external('172.16.0.0/24'))
  pass()
  t.strictSame(learned(), ['172.16.0.0/24'], 'told, but not from the kernel: always')
  redistribute(b, external('172.16.0.0/24', via('10.0.9.9')))
  b.config({ type: 'redistribute', set: [], withdraw: [prefixOf('172.16.0.0/24')] })
  pass()
  t.strictSame(learned(), ['172.16.0.0/24'])
})

const nssa: AreaConfig = { ...defaultAreaConfig(1), kind: 'nssa' }

t.test('NSSA: type 7 in the same way, but for the default of a border router', async (t) => {
  const b = new Bench()
  b.config({ type: 'area', config: nssa })
  b.up({ area: 1 })
  b.config({ type: 'summary-addresses', addresses: [summary('172.16.0.0/12', { tag: 7 })] })
  redistribute(
    b,
    external('172.16.1.0/24'),
    external('198.51.100.0/24', via('10.0.0.9')),
    external('198.51.101.0/24', via('10.0.9.9')),
    external('0.0.0.0/0', { metric: 10 }),
  )
  b.run(60)
  t.strictSame(said(b), [], 'no area takes type 5')
  const inside = [
    '172.16.0.0/12 E2 20 via 10.0.0.1 tag 7 P',
    '198.51.100.0/24 E2 20 via 10.0.0.9 P',
    '198.51.101.0/24 E2 20 via 10.0.0.1 P',
  ]
  t.strictSame(said(b, LsType.nssa), ['0.0.0.0/0 E2 10 via 10.0.0.1 P', ...inside])
  b.up({ name: 'eth1' }, { address: ip('10.0.9.1') })
  b.run(60)
  t.strictSame(
    said(b),
    [
      '0.0.0.0/0 E2 10',
      '172.16.0.0/12 E2 20 tag 7',
      '198.51.100.0/24 E2 20 via 10.0.0.9',
      '198.51.101.0/24 E2 20 via 10.0.9.9',
    ],
    'type 5 with whatever network leads there',
  )
  t.strictSame(
    said(b, LsType.nssa),
    ['172.16.0.0/12 E2 20 tag 7', '198.51.100.0/24 E2 20 via 10.0.0.9', '198.51.101.0/24 E2 20'],
    'type 7 of a border router is not translated, and only addresses of the area will do',
  )
})

t.test('12.4.4: externals are originated as soon as an area takes them', async (t) => {
  const one = external('192.0.2.0/24')
  const isSaid = (bench: Bench, type: number): boolean =>
    bench.entry({ type, lsId: one.prefix, advertisingRouter: us }) !== undefined
  const first = new Bench()
  first.config({ type: 'external', external: one })
  t.notOk(isSaid(first, LsType.external))
  first.up()
  t.ok(isSaid(first, LsType.external), 'with the first interface')

  const second = new Bench()
  second.config({ type: 'area', config: { ...defaultAreaConfig(1), kind: 'nssa' } })
  second.up({ area: 1 })
  second.config({ type: 'external', external: one })
  second.run(10)
  t.ok(isSaid(second, LsType.nssa))
  t.notOk(isSaid(second, LsType.external))
  second.up({ name: 'eth1', area: 2 }, { address: ip('10.0.1.1') })
  t.ok(isSaid(second, LsType.external), 'with the first in a normal area')
  second.config({ type: 'remove-interface', interface: 'eth1' })
  t.notOk(isSaid(second, LsType.external), 'and no longer without')
})
