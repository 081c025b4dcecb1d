import t from 'tap'
import { compile, isMatch, type Match, type Miss } from '../../lib/config/frr-grammar.ts'

const run = (pattern: string, line: string): Match | Miss =>
  compile(pattern, new Set())(line.split(' ').filter((word) => word !== ''))

const args = (pattern: string, line: string): Match['args'] | undefined => {
  const result = run(pattern, line)
  return isMatch(result) ? { ...result.args } : undefined
}

t.test('alternatives, what may be missing, and any order', async (t) => {
  const range = 'area <A.B.C.D|(0-5)>$area range A.B.C.D/M$prefix [advertise [cost (0-9)$cost]]'
  t.strictSame(args(range, 'area 5 range 10.0.0.0/8'), { area: '5', prefix: '10.0.0.0/8' })
  t.match(args(range, 'area 1.2.3.4 range 10.0.0.0/8 advertise cost 9'), { cost: '9' })
  for (const line of [
    'area 6 range 10.0.0.0/8',
    'area 5 range 10.0.0.0',
    'area 5 range 10.0.0.0/33',
    'area 5 range 10.0.0.0/8/8',
    'area 5 range 10.0.0.0/8 cost 1',
    'area 5 range 10.0.0.0/8 advertise cost',
    'area 5',
    '',
  ])
    t.equal(args(range, line), undefined, line)
  const some = 'a {ge (0-32)$ge|le (0-32)$le}'
  t.strictSame(args(some, 'a le 3'), { le: '3' })
  t.strictSame(args(some, 'a le 3 ge 2'), { le: '3', ge: '2' })
  t.equal(args(some, 'a'), undefined, 'at least one')
  t.equal(args(some, 'a le 3 le 2'), undefined, 'each once')
})

t.test('what was kept on the way to nowhere is let go', async (t) => {
  t.strictSame(args('<a X$name b|a Y$type c>', 'a 1 c'), { type: '1' })
  t.strictSame(args('a [X$name] [Y$type] z', 'a 1 z'), { name: '1' })
  t.strictSame(args('[a$name] a', 'a'), {})
})

t.test('no, keywords kept, and the rest of a line', async (t) => {
  t.strictSame(args('[no] a', 'no a'), { no: 'no' })
  t.strictSame(args('[no] a', 'a'), {})
  t.strictSame(args('a <in|out>$way', 'a o'), { way: 'out' }, 'in full')
  t.strictSame(args('key WORD...$key', 'key one two'), { key: 'one two' })
  t.equal(args('key WORD...$key', 'key'), undefined)
})

t.test('keywords cut short, unless that is a keyword too', async (t) => {
  t.ok(args('ip ospf cost', 'i o c'))
  t.notOk(args('ip ospf cost', 'ipv ospf cost'))
  const keywords = new Set<string>()
  const [ip, ipv6] = [compile('ip LINE...', keywords), compile('ipv6 LINE...', keywords)]
  t.ok(isMatch(ip(['ip', 'x'])))
  t.notOk(isMatch(ipv6(['ip', 'x'])))
  t.ok(isMatch(ipv6(['ipv', 'x'])))
})

t.test('a miss tells how far it went and what could follow', async (t) => {
  t.strictSame(run('ip ospf cost (1-65535) [A.B.C.D]', 'ip ospf cost 0'), {
    at: 3,
    expected: ['a number from 1 to 65535'],
  })
  t.strictSame(run('ip ospf cost (1-65535) [A.B.C.D]', 'ip ospf cost 1 x'), {
    at: 4,
    expected: ['an IPv4 address', 'nothing more'],
  })
  t.strictSame(run('a <b|c>', 'a'), { at: 1, expected: ['b', 'c'] })
  t.strictSame(run('[a] <b|[c] d>', 'e'), { at: 0, expected: [] }, 'a word that none begins with')
  for (const line of ['a b', 'b', 'c d', 'a c d', 'd', 'a d'])
    t.ok(args('[a] <b|[c] d>', line), line)
})

t.test('a pattern that is none is an error of ours', async (t) => {
  for (const pattern of ['<a', '[a', '{a|b', 'a>']) t.throws(() => compile(pattern, new Set()))
})
