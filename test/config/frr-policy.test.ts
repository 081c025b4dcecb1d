import t from 'tap'
import { type FrrOptions, importFrr } from '../../lib/config/frr.ts'

const base = 'router ospf\n ospf router-id 1.1.1.1\n'

/** As if the speaker had an option for everything. */
function read(text: string): { options: FrrOptions | undefined; errors: string[] } {
  const files = [{ name: 'f', text: `${base}${text}` }]
  const { options, errors } = importFrr(files, { lacks: new Set() })
  return { options, errors: errors.map(({ line, message }) => `${line}: ${message}`) }
}

const rules = (text: string, statement: string): unknown => {
  const { options, errors } = read(` area 1 ${statement}\n${text}`)
  return options?.areas?.['0.0.0.1']?.importList ?? errors
}

const access = (text: string): unknown => rules(text, 'import-list L')
const prefixes = (text: string): unknown => rules(text, 'filter-list prefix L in')

t.test('access lists as rules', async (t) => {
  const permit = { action: 'permit' } as const
  const all = { prefix: '0.0.0.0/0', le: 32 }
  for (const [line, expected] of [
    ['any', [all]],
    ['10.0.0.0/8', [{ prefix: '10.0.0.0/8', le: 32 }]],
    ['10.1.2.3/8 exact-match', [{ prefix: '10.0.0.0/8' }]],
    ['0.0.0.0 255.255.255.255', [all]],
    ['host 10.1.2.3', [{ prefix: '10.1.2.3/32', le: 32 }]],
    ['10.1.2.3', [{ prefix: '10.1.2.3/32', le: 32 }]],
    ['10.1.2.3 0.0.255.255', [{ prefix: '10.1.0.0/16', le: 32 }]],
    [
      '10.0.0.0 0.15.255.255',
      [
        { prefix: '10.0.0.0/12', le: 32 },
        ...[11, 10, 9, 8, 7].map((length) => ({ prefix: `10.0.0.0/${length}` })),
      ],
      'the address is looked at, not the length',
    ],
  ] as const)
    t.strictSame(
      access(`access-list L permit ${line}\n`),
      expected.map((rule) => ({ ...permit, ...rule })),
      line,
    )
  t.strictSame(access('access-list L permit 10.0.0.0 0.255.0.255\n'), [
    '3: the wildcard 0.255.0.255 is not supported: its bits are not contiguous',
  ])
  t.strictSame(access(''), ['3: access-list L is not defined'])
})

t.test('prefix lists as rules: an upper end with ge alone', async (t) => {
  const lines = [
    'permit 10.0.0.0/8',
    'deny 10.0.0.0/8 ge 24',
    'permit 10.0.0.0/8 le 24',
    'permit 10.0.0.0/8 le 24 ge 16',
    'permit any',
    'permit 0.0.0.0/0 le 32',
  ]
  t.strictSame(prefixes(lines.map((line) => `ip prefix-list L ${line}\n`).join('')), [
    { action: 'permit', prefix: '10.0.0.0/8' },
    { action: 'deny', prefix: '10.0.0.0/8', ge: 24, le: 32 },
    { action: 'permit', prefix: '10.0.0.0/8', le: 24 },
    { action: 'permit', prefix: '10.0.0.0/8', ge: 16, le: 24 },
    { action: 'permit', prefix: '0.0.0.0/0', le: 32 },
    { action: 'permit', prefix: '0.0.0.0/0', le: 32 },
  ])
  t.strictSame(prefixes('ip prefix-list L permit 10.0.0.0/8 ge 4\n'), [
    '4: ip prefix-list L permit 10.0.0.0/8 ge 4: lengths from 4 to 32 do not lie within those of 10.0.0.0/8',
  ])
})

t.test('lines by number, replaced and taken away', async (t) => {
  const list = `ip prefix-list L seq 7 permit 10.7.0.0/16
ip prefix-list L permit 10.10.0.0/16
ip prefix-list L seq 5 permit 10.5.0.0/16
ip prefix-list L seq 20 permit 10.20.0.0/16
ip prefix-list L permit 10.25.0.0/16
ip prefix-list L seq 7 deny 10.7.0.0/16
no ip prefix-list L seq 20
no ip prefix-list L permit 10.25.0.0/16
ip prefix-list L description gone
`
  const rule = (n: number, action = 'permit') => ({ action, prefix: `10.${n}.0.0/16` })
  t.strictSame(prefixes(list), [rule(5), rule(7, 'deny'), rule(10)])
  t.strictSame(prefixes(`${list}no ip prefix-list L\n`), ['3: prefix-list L is not defined'])
  const one = 'ip prefix-list L permit any\n'
  t.strictSame(
    prefixes(`${one}no ip prefix-list L seq 5\n`),
    [{ action: 'permit', prefix: '0.0.0.0/0', le: 32 }],
    'an empty one permits',
  )
  t.strictSame(
    access('access-list L deny any\naccess-list L permit any\nno access-list L deny any\n'),
    [{ action: 'permit', prefix: '0.0.0.0/0', le: 32 }],
  )
})

const kernel = (text: string): unknown => {
  const { options, errors } = read(`ip protocol ospf route-map M\n${text}`)
  const { installRoutes, routeMaps } = options ?? {}
  return errors.length > 0 ? errors : typeof installRoutes === 'object' ? routeMaps : installRoutes
}

t.test('a map that lets all pass, or none, needs no policy', async (t) => {
  t.equal(
    kernel(
      'access-list A deny any\nroute-map M deny 10\n match ip address A\nroute-map M permit 20\n',
    ),
    true,
  )
  t.equal(
    kernel('ip prefix-list P permit any\nroute-map M deny 10\n match ip address prefix-list P\n'),
    false,
  )
  t.equal(
    kernel('ip prefix-list P permit any\nroute-map M permit 10\n match ip address prefix-list P\n'),
    true,
  )
})

t.test('an entry that is opened again keeps its matches and takes the new action', async (t) => {
  const map =
    'access-list A permit any\nroute-map M deny 10\n match ip address A\nroute-map M permit 10\n'
  t.equal(kernel(map), true)
})

t.test('every match and setting that OSPF knows', async (t) => {
  const text = `ip prefix-list P permit 10.0.0.0/8 le 24
access-list A permit 10.0.1.0/24
route-map M permit 10
 match ip address A
 match ip address prefix-list P
 match metric 5
 match tag 6
 match interface eth0
 match ip next-hop address 10.0.0.1
 set src 10.0.0.9
 on-match goto 30
 call N
route-map M deny 20
 match ip address prefix-len 32
 set src 10.0.0.8
route-map M permit 30
 match ip next-hop A
 on-match next
route-map M permit 40
 continue 50
route-map M permit 50
route-map N permit 1
 match ip next-hop prefix-list P
 no match ip next-hop prefix-list P
 call M
route-map UNUSED permit 10
 set community 1:1
`
  t.strictSame(kernel(text), {
    M: [
      {
        sequence: 10,
        action: 'permit',
        match: {
          prefixList: [{ action: 'permit', prefix: '10.0.0.0/8', le: 24 }],
          metric: 5,
          tag: 6,
          interface: 'eth0',
          nextHop: [{ action: 'permit', prefix: '10.0.0.1/32' }],
        },
        set: { source: '10.0.0.9' },
        call: 'N',
        onMatch: 30,
      },
      {
        sequence: 20,
        action: 'deny',
        match: { prefixList: [{ action: 'permit', prefix: '0.0.0.0/0', ge: 32, le: 32 }] },
      },
      {
        sequence: 30,
        action: 'permit',
        match: { nextHop: [{ action: 'permit', prefix: '10.0.1.0/24', le: 32 }] },
        onMatch: 'next',
      },
      { sequence: 40, action: 'permit', onMatch: 50 },
      { sequence: 50, action: 'permit' },
    ],
    N: [{ sequence: 1, action: 'permit', call: 'M' }],
  })
})

t.test('what a map in use cannot have', async (t) => {
  const map = 'route-map M permit 10\n'
  for (const [text, message] of [
    [
      `${map} set community 1:1\n`,
      "3: route-map M permit 10: 'set community 1:1' is not supported",
    ],
    [
      `${map} match probability 50\n`,
      "3: route-map M permit 10: 'match probability 50' is not supported",
    ],
    [`${map} set metric rtt\n`, "3: 'set metric rtt' is not supported"],
    [
      `${map} set metric +7\n`,
      '3: route-map M permit 10: the metric of a route of the kernel cannot be set',
    ],
    [
      `${map} match ip next-hop address 1.1.1.1\n match ip next-hop A\naccess-list A permit any\n`,
      '3: a next hop can be matched in one way only',
    ],
    [
      `${map} set tag 5\n`,
      '3: route-map M permit 10: the tag of a route of the kernel cannot be set',
    ],
    [`${map} call N\n`, '3: route-map N is not defined'],
    ['', '3: route-map M is not defined'],
  ] as const)
    t.strictSame(kernel(text), [message], text)
})

t.test('maps and lists for what is redistributed', async (t) => {
  const map = 'route-map M permit 10\n set tag 7\n set metric +3\n set metric-type type-1\n'
  const redistribute = ` redistribute static route-map M\n`
  t.match(read(`${redistribute} distribute-list A out static\n${map}access-list A permit any\n`), {
    errors: [],
    options: {
      redistribute: {
        static: { routeMap: 'M', filter: [{ action: 'permit', prefix: '0.0.0.0/0', le: 32 }] },
      },
      routeMaps: { M: [{ set: { tag: 7, metric: '+3', metricType: 1 } }] },
    },
  })
  t.strictSame(read(`${redistribute}${map} set src 1.1.1.1\n`).errors, [
    '3: route-map M permit 10: the source of a route that is redistributed cannot be set',
  ])
  t.strictSame(read(redistribute).errors, ['3: route-map M is not defined'])
  t.strictSame(read(' redistribute rip\n distribute-list A out rip\n').errors, [
    '3: access-list A is not defined',
  ])
})

t.test('a map for the default route: what it sets, and what it looks at', async (t) => {
  const originate = (text: string) => {
    const { options, errors } = read(` default-information originate route-map M\n${text}`)
    return { of: options?.defaultInformation, maps: options?.routeMaps, errors }
  }
  const map = 'route-map M permit 10\n'
  t.strictSame(originate(`${map} set metric 3\n set metric-type type-1\n set tag 4\n`).of, {
    always: false,
    metric: 3,
    type: 1,
    tag: 4,
  })
  const conditional = { always: false, routeMap: 'M' }
  const entry = { sequence: 10, action: 'permit' }
  for (const [text, entries] of [
    [`${map} set metric +3\n`, [{ ...entry, set: { metric: '+3' } }]],
    [`${map} match tag 3\n`, [{ ...entry, match: { tag: 3 } }]],
    [`${map} on-match next\n`, [{ ...entry, onMatch: 'next' }]],
    ['route-map M deny 10\n', [{ ...entry, action: 'deny' }]],
    [
      `${map} match ip address prefix-list P\nip prefix-list P permit 192.0.2.0/24\n`,
      [{ ...entry, match: { prefixList: [{ action: 'permit', prefix: '192.0.2.0/24' }] } }],
    ],
  ] as const) {
    const { of, maps, errors } = originate(text)
    t.strictSame(errors, [], text)
    t.strictSame(of, conditional, text)
    t.strictSame(maps, { M: entries }, text)
  }
  t.strictSame(originate(`${map} match tag 3\n set src 1.1.1.1\n`).errors, [
    '3: route-map M permit 10: the source of a default route cannot be set',
  ])
  t.strictSame(originate('').errors, ['3: route-map M is not defined'])
})
