import t from 'tap'
import { drained } from '../../lib/linux/route-reader.ts'

const hop = (name: string, more: object = {}) => ({ interface: name, gateway: 1, ...more })

t.test('one that drains has a share that fewer than 128 buckets make nothing of', async (t) => {
  const three = [hop('a'), hop('b', { draining: true }), hop('c')]
  t.same(
    drained(three).map(({ weight }) => weight),
    [255, 1, 255],
  )
  const weighted = [hop('a', { weight: 3 }), hop('b', { draining: true, weight: 200 })]
  t.same(
    drained(weighted).map(({ weight }) => weight),
    [255, 1],
  )
  const heavy = [hop('a', { weight: 256 }), hop('b', { weight: 1 }), hop('c', { draining: true })]
  t.same(
    drained(heavy).map(({ weight }) => weight),
    [256, 1, 1],
  )
  const none = [hop('a', { weight: 2 }), hop('b')]
  t.equal(drained(none), none)
})
