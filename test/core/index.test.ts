import t from 'tap'
import * as core from '../../lib/core/index.ts'

t.test('the public names of ospf-speaker/core', async (t) => {
  t.same(Object.keys(core).sort(), [
    'NothingToChange',
    'Router',
    'defaultAreaConfig',
    'defaultLimits',
    'defaultLsaThrottle',
    'defaultRouteDelay',
    'defaultSpfDelay',
    'formatEvent',
  ])
  t.ok(Object.values(core.defaultLimits).every((limit) => limit > 0))
})
