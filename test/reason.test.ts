import t from 'tap'
import { reasonOf } from '../lib/reason.ts'

t.test('one line for whatever was thrown', async (t) => {
  t.equal(reasonOf(new Error('connect ECONNREFUSED ::1:80')), 'connect ECONNREFUSED ::1:80')
  const both = new AggregateError([new Error('a'), new AggregateError([new Error('b'), 'c'])])
  t.equal(reasonOf(both), 'a, b, c')
  t.equal(reasonOf(new AggregateError([], 'none')), 'none')
  t.equal(reasonOf(Object.assign(new Error(), { code: 'EPIPE' })), 'EPIPE')
  t.equal(reasonOf(new RangeError()), 'RangeError')
  t.equal(reasonOf('words'), 'words')
  t.equal(reasonOf(''), "''")
  t.equal(reasonOf(null), 'null')
  t.equal(reasonOf(Object.create(null)), '[Object: null prototype] {}')
})
