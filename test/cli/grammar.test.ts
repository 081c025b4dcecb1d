import t from 'tap'
import { commands } from '../../lib/cli/commands.ts'
import { expand, formatChoices, grammar } from '../../lib/cli/grammar.ts'

const of = (line: string): string => {
  const match = commands.parse(line.split(' '))
  return match.words.join(' ')
}

t.test('a syntax is every way to say it', async (t) => {
  t.strictSame(expand('a [b]'), [['a'], ['a', 'b']])
  t.strictSame(expand('a {b|c D} [e]'), [
    ['a', 'b'],
    ['a', 'b', 'e'],
    ['a', 'c', 'D'],
    ['a', 'c', 'D', 'e'],
  ])
  t.strictSame(expand('a [b [c]|d]'), [['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'd']])
})

t.test('words may be cut short, as in vtysh', async (t) => {
  t.equal(of('sh ip os nei'), 'show ip ospf neighbor')
  t.equal(of('sh ip o n eth0 d j'), 'show ip ospf neighbor eth0 detail json')
  t.equal(of('sh ip o i t'), 'show ip ospf interface traffic')
  t.equal(
    of('sh ip o data rou 10.0.0.1 adv 10.0.0.2'),
    'show ip ospf database router 10.0.0.1 adv-router 10.0.0.2',
  )
  t.equal(of('sh run'), 'show running-config')
  t.equal(of('cl ip os n 10.0.0.1'), 'clear ip ospf neighbor 10.0.0.1')
  t.equal(of('wh 10.0.0.0/8'.replace('wh ', 'why ')), 'why 10.0.0.0/8')
  const refused = (line: string, message: RegExp): void =>
    void t.throws(() => of(line), { name: 'UsageError', message }, line)
  refused('sh ip', /^% Command incomplete: sh ip \(expected ospf, route\)$/)
  refused('sh ip ospf foo', /^% Unknown command: sh ip ospf foo \('foo' is none of .*neighbor/)
  refused('sh ip ospf r', /^% Ambiguous command: sh ip ospf r \('r' is route, reachable-routers\)$/)
  refused('sh ip route 10.0.0.300', /^% Unknown command/)
  refused('sh ip route 10.0.0.0/33', /^% Unknown command/)
  refused('sh ip ospf json json', /nothing can follow before 'json'/)
  refused('show ip ospf neighbor  json', /Unknown command/)
})

t.test('arguments by what they are', async (t) => {
  const match = commands.parse(
    'show ip ospf database summary 10.0.0.1 adv-router 10.0.0.2'.split(' '),
  )
  t.equal(match.get('A.B.C.D'), '10.0.0.2')
  t.equal(match.after('adv-router'), '10.0.0.2')
  t.equal(match.after('summary'), '10.0.0.1')
  t.equal(match.after('router'), undefined)
  t.ok(match.has('adv-router'))
  t.notOk(match.has('self-originate'))
  const small = grammar([{ syntax: 'take {A.B.C.D|A.B.C.D/M|COUNT|WORD}' }])
  const kind = (word: string): string | undefined => {
    const found = small.parse(['take', word])
    return ['A.B.C.D', 'A.B.C.D/M', 'COUNT', 'WORD'].find((token) => found.has(token))
  }
  t.strictSame(['1.2.3.4', '1.2.3.4/5', '12', 'x', '1.2.3', '256.1.1.1', '1.2.3.4.5'].map(kind), [
    'A.B.C.D',
    'A.B.C.D/M',
    'COUNT',
    'WORD',
    'WORD',
    'WORD',
    'WORD',
  ])
})

t.test('what can come next', async (t) => {
  const tokens = (line: string, isPartial = false): string[] =>
    commands.next(line.split(' '), isPartial).map(({ token }) => token)
  t.strictSame(tokens('show ip'), ['ospf', 'route'])
  t.strictSame(tokens('show ip ospf ne', true), ['neighbor'])
  t.strictSame(tokens('show ip ospf neighbor').slice(0, 3), ['<cr>', 'A.B.C.D', 'IFNAME'])
  t.strictSame(tokens('sh ip os nei all'), ['<cr>', 'detail', 'json'])
  t.throws(() => tokens('show ipx'), { name: 'UsageError' })
  for (const { token, help } of commands.next([])) t.ok(help, `${token} says what it is for`)
  t.equal(
    formatChoices([
      { token: '<cr>', help: '' },
      { token: 'detail', help: 'More' },
    ]),
    '  <cr>\n  detail  More\n',
  )
})

t.test('every word of every command is explained', async (t) => {
  const unexplained = new Set<string>()
  const visit = (path: readonly string[]): void => {
    for (const { token, help } of commands.next(path)) {
      if (token === '<cr>') continue
      if (help === '') unexplained.add(token)
      const sample: Record<string, string> = {
        'A.B.C.D': '10.0.0.1',
        'A.B.C.D/M': '10.0.0.0/8',
        COUNT: '1',
        IFNAME: 'ETH0',
        WORD: 'WORD',
      }
      visit([...path, sample[token] ?? token])
    }
  }
  visit([])
  t.strictSame([...unexplained], [])
})
