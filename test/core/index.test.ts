import t from 'tap'
import * as core from '../../lib/core/index.ts'

t.test('the public names of ospf-speaker/core', async (t) => {
  t.same(Object.keys(core).sort(), [
    'Router',
    'defaultAreaConfig',
    'defaultLimits',
    'defaultSpfDelay',
    'formatEvent',
  ])
  t.ok(Object.values(core.defaultLimits).every((limit) => limit > 0))
})
