import t from 'tap'
import { OspfError } from '../lib/errors.ts'

t.test('a code to match on, words for the log', async (t) => {
  const error = new OspfError('ERR_OSPF_CONFIG', 'cost: expected less')
  t.ok(error instanceof Error)
  t.equal(error.name, 'OspfError')
  t.equal(error.code, 'ERR_OSPF_CONFIG')
  t.equal(error.errno, undefined)
  t.equal(String(error), 'OspfError: cost: expected less')
  t.notOk('cause' in error)
})

t.test('what the kernel said', async (t) => {
  const cause = new Error('Operation not permitted')
  const error = new OspfError('ERR_OSPF_PERMISSION', 'eth0: no', { cause, errno: 'EPERM' })
  t.equal(error.errno, 'EPERM')
  t.equal(error.cause, cause)
  t.match(error.stack, /OspfError: eth0: no/)
})
