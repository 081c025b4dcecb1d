import t from 'tap'
import { area, device, integer, prefix, shown, wordsOf } from '../../lib/config/frr-parse.ts'

t.test('words of a line', async (t) => {
  for (const [line, words] of [
    ['', []],
    ['   ', []],
    ['! all of it', []],
    ['# all of it', []],
    [' ip  ospf\tcost 1', ['ip', 'ospf', 'cost', '1']],
    ['cost 1 # why', ['cost', '1']],
    ['cost 1 // why', ['cost', '1']],
    ['cost 1 !why', ['cost', '1']],
    ['password a#b!c//d', ['password', 'a#b!c//d']],
  ] as const)
    t.strictSame(wordsOf(line), words, JSON.stringify(line))
})

t.test('values', async (t) => {
  t.equal(integer('0', 0, 5), 0)
  for (const word of ['6', '-1', '1e0', '0x1', '', ' 1']) t.throws(() => integer(word, 0, 5), word)
  t.equal(area('0'), '0.0.0.0')
  t.equal(area('256'), '0.0.1.0')
  t.equal(area('1.2.3.4'), '1.2.3.4')
  t.strictSame(prefix('10.1.2.3/8'), { address: '10.1.2.3', network: '10.0.0.0', length: 8 })
  t.strictSame(prefix('10.1.2.3/0').network, '0.0.0.0')
  for (const word of ['10.1.2.3/', '/8', '10.1.2.3/8/8', '10.1.2/8'])
    t.throws(() => prefix(word), word)
  for (const name of ['.', '..', 'a/b', 'x'.repeat(16)]) t.throws(() => device(name), name)
  t.equal(device('eth0.100'), 'eth0.100')
})

t.test('secrets are not shown', async (t) => {
  t.equal(shown(['ip', 'ospf', 'authentication-key', 'secret']), 'ip ospf authentication-key …')
  t.equal(shown(['username', 'x', 'password', '8', 'secret']), 'username x password …')
  t.equal(shown(['password']), 'password')
  const digest = ['ip', 'ospf', 'message-digest-key', '1', 'md5', 'secret', '10.0.0.1']
  t.equal(shown(digest), 'ip ospf message-digest-key 1 md5 …')
  t.equal(shown(['ip', 'ospf', 'message-d', '1', 'm', 'secret']), 'ip ospf message-d 1 m …')
  t.equal(shown(['ip', 'ospf', 'authentication-k', 'secret']), 'ip ospf authentication-k …')
  t.equal(shown(['key-str', 'secret']), 'key-str …')
  const chain = ['ip', 'ospf', 'authentication', 'key-chain', 'name']
  t.equal(shown(chain), chain.join(' '))
})
