import t from 'tap'
import { OspfError } from '../../lib/errors.ts'
import { explain, invalid, named } from '../../lib/health/probe.ts'

t.test('what a probe throws', async (t) => {
  const going = new AbortController().signal
  const refused = new Error('connect ECONNREFUSED 127.0.0.1:80')
  t.equal(explain(refused, going), refused, 'as it is, where it has words')
  const both = new AggregateError([new Error('connect ECONNREFUSED ::1:80'), refused])
  const explained = explain(both, going) as Error
  t.equal(explained.message, `connect ECONNREFUSED ::1:80, ${refused.message}`)
  t.equal(explained.cause, both)
  const stopped = AbortSignal.abort(new Error('timed out after 1 s'))
  t.match(explain(refused, stopped), { message: 'timed out after 1 s' })
})

t.test('names and errors', async (t) => {
  t.equal(named('tcp a:1', async () => {}).name, 'tcp a:1')
  const error = invalid('port', 'a number', { port: 'x'.repeat(200) })
  t.ok(error instanceof OspfError)
  t.equal(error.code, 'ERR_OSPF_CONFIG')
  t.match(error.message, /^port must be a number, got \{ port: 'x{100}'\.\.\. 100 more/)
})
