import t from 'tap'
import { Policy } from '../../lib/config/frr-policy.ts'

t.test('an entry that never matches falls through to the next', async (t) => {
  const policy = new Policy()
  policy.accessList('NONE', ['deny', 'any'])
  policy.accessList('ALL', ['permit', 'any'])
  policy.entry('M', 'deny', '10').lists.push('NONE')
  policy.entry('M', 'permit', '20').lists.push('ALL')
  t.equal(policy.installs('M'), true)
})

t.test('all lists of an entry must permit', async (t) => {
  const policy = new Policy()
  policy.accessList('SOME', ['permit', '10.0.0.0/8'])
  policy.accessList('NONE', ['deny', 'any'])
  policy.entry('M', 'permit', '10').lists.push('SOME', 'NONE')
  t.equal(policy.installs('M'), false)
  policy.entry('N', 'permit', '10').lists.push('SOME')
  t.throws(() => policy.installs('N'), /some routes and not others/)
})

t.test('an entry that is opened again keeps its matches and takes the new action', async (t) => {
  const policy = new Policy()
  policy.accessList('ALL', ['permit', 'any'])
  policy.entry('M', 'deny', '10').lists.push('ALL')
  t.strictSame(policy.entry('M', 'permit', '10').lists, ['ALL'])
  t.equal(policy.installs('M'), true)
})
