import t from 'tap'
import { busyShare } from '../../lib/linux/route-options.ts'
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
  t.same(
    drained(three, 0xffff).map(({ weight }) => weight),
    [0xffff, 1, 0xffff],
  )
  const none = [hop('a', { weight: 2 }), hop('b')]
  t.equal(drained(none), none)
})

t.test('how many buckets let a next hop drain is a matter of the kernel', async (t) => {
  t.equal(busyShare(127, '5.15.0-91-generic'), 255)
  t.equal(busyShare(128, '5.15.0-91-generic'), undefined)
  t.equal(busyShare(128, '6.11.9'), undefined)
  t.equal(busyShare(127, '6.12.0-rc1'), 255)
  t.equal(busyShare(128, '6.12.0-rc1'), 0xffff)
  t.equal(busyShare(32_767, '7.0.1'), 0xffff)
  t.equal(busyShare(32_768, '7.0.1'), undefined)
  t.equal(busyShare(128, ''), undefined)
})
