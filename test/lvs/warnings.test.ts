import t from 'tap'
import { ProbeNames, parseDirector } from '../../lib/lvs/director-config.ts'
import type { VirtualServiceOptions } from '../../lib/lvs/director-options.ts'
import { sortDestinations } from '../../lib/lvs/keys.ts'
import { checksumOf, planService } from '../../lib/lvs/plan.ts'
import type { IpvsDestination } from '../../lib/lvs/types.ts'
import { warningsOf } from '../../lib/lvs/warnings.ts'

const check = { type: 'tcp' } as const
const server = (n: number): { address: string } => ({ address: `10.0.2.${n}` })

function warnings(
  more: Partial<VirtualServiceOptions>,
  defaults: 'own' | 'keepalived' = 'own',
): string {
  const service = {
    address: '10.0.1.100',
    port: 80,
    servers: [server(1)],
    checks: [check],
    ...more,
  }
  const { services } = parseDirector({ services: [service], defaults }, new ProbeNames())
  return services.flatMap(warningsOf).join('\n')
}

t.test('nothing is wrong', async (t) => {
  t.equal(warnings({}), '')
  t.equal(warnings({ scheduler: 'mh', flags: ['mh-fallback', 'mh-port'] }), '')
  t.equal(warnings({ passive: true }), '')
  t.equal(warnings({ passive: true, checks: [], forward: 'nat' }), '')
})

t.test('settings that refuse clients, or cannot do what they seem to', async (t) => {
  const cases: readonly (readonly [Partial<VirtualServiceOptions>, RegExp])[] = [
    [{ scheduler: 'mh' }, /mh without mh-fallback: .* while it drains are refused/],
    [
      { scheduler: 'sh', inhibitOnFailure: true },
      /sh without sh-fallback: .* weight 0 .* are refused/,
    ],
    [
      { scheduler: 'mh', flags: ['mh-fallback'], slowStart: 9 },
      /slowStart with mh: every step moves clients/,
    ],
    [{ scheduler: 'rr', slowStart: 9 }, /slowStart with rr, which does not look at weights/],
    [
      { scheduler: 'rr', servers: [{ ...server(1), weight: 2 }, server(2)] },
      /rr does not look at weights/,
    ],
    [{ sorryServer: server(1) }, /the sorry server 10.0.2.1:80 is a real server as well/],
    [{ quorum: 2, hysteresis: 0 }, /quorum 2 is more than all weights: 1 is used/],
    [{ servers: [server(1), server(2)], quorum: 2, hysteresis: 1 }, /can never be gained/],
    [
      { servers: [server(1), server(2)], hysteresis: 1 },
      /hysteresis 1 is not below the quorum: 0 is used/,
    ],
    [{ weight: 0 }, /all weights are 0/],
    [{ servers: [] }, /there are no servers/],
    [{ quorumDown: ['x'] }, /quorumDown without omega does not run at a stop/],
    [{ checks: [] }, /nothing checks 10.0.2.1:80/],
    [{ alpha: false }, /without alpha 10.0.2.1:80 gets clients before its first check/],
    [
      { passive: true, checks: [] },
      /nothing but passive checks looks at 10.0.2.1:80: with dr and tun they see SYNs without an/,
    ],
    [
      { protocol: 'udp', passive: true, checks: [] },
      /passive checks see nothing of servers with dr or tun/,
    ],
    [{ persistence: 60, drainTimeout: 5 }, /unless net.ipv4.vs.expire_quiescent_template is 1/],
    [{ persistence: 60, scheduler: 'mh', flags: ['mh-fallback'] }, /persistence with mh/],
    [{ persistence: 60, onePacket: true, protocol: 'udp' }, /persistence with onePacket/],
  ]
  for (const [more, words] of cases) t.match(warnings(more), words)
})

t.test(
  'the canonical order: IPv4 before IPv6, by number, not by letter, then by port',
  async (t) => {
    const all = [
      '10.0.2.10 80',
      '2001:db8::a 80',
      '10.0.2.9 443',
      '10.0.2.9 80',
      '2001:db8:0::9 80',
      '::ffff:10.0.0.1 80',
    ]
    const sorted = sortDestinations(
      all.map((one) => ({ address: one.split(' ')[0]!, port: Number(one.split(' ')[1]) })),
    )
    t.same(
      sorted.map(({ address, port }) => `${address} ${port}`),
      [
        '10.0.2.9 80',
        '10.0.2.9 443',
        '10.0.2.10 80',
        '::ffff:10.0.0.1 80',
        '2001:db8:0::9 80',
        '2001:db8::a 80',
      ],
    )
  },
)

const key = { protocol: 'tcp', address: '10.0.1.100', port: 80 } as const
const one = (n: number, weight = 1): IpvsDestination => ({
  ...server(n),
  port: 80,
  forward: 'dr',
  weight,
})

t.test('the checksum sees what decides where clients go', async (t) => {
  const mh = { key, scheduler: 'mh', flags: ['flag-1'] } as const
  const of = (destinations: IpvsDestination[], service: object = mh): string =>
    checksumOf([{ service: { ...mh, ...service }, destinations }])
  const base = of([one(1), one(2)])
  t.match(base, /^[0-9a-f]{16}$/)
  t.equal(of([one(1, 4), one(2, 4)]), base, 'weights have 4 in common')
  t.not(of([one(2), one(1)]), base)
  t.not(of([one(1, 2), one(2)]), base)
  t.not(of([one(1), one(2)], { flags: ['flag-1', 'flag-2'] }), base)
  t.not(of([one(1), one(2)], { scheduler: 'sh' }), base)
  t.not(of([one(1), one(2)], { persistence: { timeout: 60 } }), base)
})

t.test('the order of steps leaves no moment without a server', async (t) => {
  const service = { key, scheduler: 'wlc' }
  const actual = { service, destinations: [one(1, 5), one(2, 0), one(3)] }
  const wanted = { service, destinations: [one(1, 0), one(2, 5), one(4)], reorder: 'idle' } as const
  t.same(
    planService(wanted, actual).steps.map(
      (step) => `${step.do} ${'destination' in step ? step.destination.address : ''}`,
    ),
    [
      'setDestination 10.0.2.2',
      'addDestination 10.0.2.4',
      'setDestination 10.0.2.1',
      'removeDestination 10.0.2.3',
    ],
  )
})
