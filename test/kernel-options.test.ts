import t from 'tap'
import { type KernelRouteOptions, parseKernel } from '../lib/kernel-options.ts'
import { parsePolicies } from '../lib/policy.ts'

const parse = (options: boolean | KernelRouteOptions) =>
  parseKernel(options, parsePolicies({})).kernel
const defaults = {
  table: 254,
  metric: 20,
  protocol: 188,
  mode: 'auto',
  leftoverTime: 60,
  keep: false,
  discard: true,
}

t.test('as the sink takes it', async (t) => {
  t.equal(parse(false), undefined)
  t.strictSame(parse(true), defaults)
  t.strictSame(parse({ vrf: 'blue', mode: 'groups' }), { ...defaults, vrf: 'blue', mode: 'groups' })
  t.strictSame(
    parse({
      table: 'anycast',
      metric: 7,
      protocol: 200,
      source: '10.0.1.1',
      mode: 'resilient',
      resilient: { prefixes: ['10.0.1.0/24'], buckets: 60, idleTimer: 0.5, unbalancedTimer: 0 },
      nextHopIds: 1000,
      leftoverTime: 5,
      keep: true,
      discard: false,
    }),
    {
      table: 'anycast',
      metric: 7,
      protocol: 200,
      source: 0x0a000101,
      mode: 'resilient',
      resilient: {
        prefixes: [{ prefix: 0x0a000100, length: 24 }],
        buckets: 60,
        idleTimer: 0.5,
        unbalancedTimer: 0,
      },
      nextHopIds: 1000,
      leftoverTime: 5,
      keep: true,
      discard: false,
    },
  )
  t.match(parse({ resilient: {} }), { mode: 'auto', resilient: { prefixes: 'hosts' } })
})

t.test('what makes no sense', async (t) => {
  const rows: readonly (readonly [options: object, message: RegExp])[] = [
    [{ table: '' }, /^installRoutes: table: expected a number or a name of .*rt_tables, got ''$/],
    [{ table: 0 }, /^installRoutes: table: expected a whole number/],
    [{ vrf: 'blue', table: 5 }, /^installRoutes: table: expected nothing beside vrf/],
    [{ vrf: 'a/b' }, /^installRoutes: vrf: expected the name of a VRF device/],
    [{ vrf: 'sixteen-letters-' }, /^installRoutes: vrf: expected/],
    [{ protocol: 4 }, /^installRoutes: protocol: expected a whole number from 5 to 255, got 4$/],
    [{ source: '10.0.0' }, /^installRoutes: source: expected an IPv4 address/],
    [{ mode: 'ecmp' }, /^installRoutes: mode: expected one of auto, multipath, groups, resilient/],
    [{ mode: 'groups', resilient: {} }, /^installRoutes: resilient: expected nothing with mode/],
    [{ resilient: [] }, /^installRoutes: resilient: expected an object/],
    [{ resilient: { bucket: 1 } }, /^installRoutes: resilient: unknown option 'bucket'/],
    [{ resilient: { buckets: 0 } }, /^installRoutes: resilient: buckets: expected a whole number/],
    [{ resilient: { idleTimer: -1 } }, /^installRoutes: resilient: idleTimer: expected seconds/],
    [{ resilient: { prefixes: 'some' } }, /^installRoutes: resilient: prefixes: expected 'hosts'/],
    [{ resilient: { prefixes: ['10.0.1.1/24'] } }, /prefixes: expected a prefix without host bits/],
    [{ nextHopIds: 2 ** 32 }, /^installRoutes: nextHopIds: expected a whole number/],
    [{ leftoverTime: '5' }, /^installRoutes: leftoverTime: expected seconds from 0 to 86400/],
    [{ keep: 1 }, /^installRoutes: keep: expected true or false, got 1$/],
  ]
  for (const [options, message] of rows) {
    t.throws(() => parse(options as KernelRouteOptions), { code: 'ERR_OSPF_CONFIG', message })
  }
})
