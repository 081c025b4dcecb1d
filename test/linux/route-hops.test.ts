import t from 'tap'
import type { NextHop } from '../../lib/core/io.ts'
import { drained } from '../../lib/linux/route-hops.ts'
import { busyShare } from '../../lib/linux/route-options.ts'

const hop = (name: string, more: object = {}) => ({ interface: name, gateway: 1, ...more })

t.test('one that drains has a share that fewer than 128 buckets make nothing of', async (t) => {
  const three = [hop('a'), hop('b', { draining: true }), hop('c')]
  t.same(
    drained(three, 120).map(({ weight }) => weight),
    [1, 255, 255],
  )
  const weighted = [hop('a', { weight: 3 }), hop('b', { draining: true, weight: 200 })]
  t.same(
    drained(weighted, 120).map(({ weight }) => weight),
    [1, 255],
  )
  const heavy = [hop('a', { weight: 256 }), hop('b', { weight: 1 }), hop('c', { draining: true })]
  t.same(
    drained(heavy, 120).map(({ weight }) => weight),
    [1, 256, 1],
  )
  t.same(
    drained(three, 2000, 0xffff).map(({ weight }) => weight),
    [1, 0xffff, 0xffff],
  )
  const none = [hop('a', { weight: 2 }), hop('b')]
  t.equal(drained(none, 120), none)
})

/** nh_res_group_rebalance of the kernel: bounds of shares are rounded, not shares. */
function bucketsOf(hops: readonly NextHop[], buckets: number): Map<string, number> {
  const total = hops.reduce((sum, { weight = 1 }) => sum + weight, 0)
  let [sum, lower] = [0, 0]
  return new Map(
    hops.map(({ interface: name, weight = 1 }) => {
      sum += weight
      const upper = Math.floor((buckets * sum + Math.floor(total / 2)) / total)
      const share = upper - lower
      lower = upper
      return [name, share]
    }),
  )
}

t.test('wherever it stands among many, and where there are several', async (t) => {
  const wrong: string[] = []
  for (const buckets of [1, 60, 64, 120, 127]) {
    for (let count = 2; count <= 40; count++) {
      for (let at = 0; at < count; at++) {
        const hops = Array.from({ length: count }, (_, i) =>
          hop(`eth${i}`, i === at ? { draining: true } : {}),
        )
        const shares = bucketsOf(drained(hops, buckets), buckets)
        const isRight = shares.size === count && shares.get(`eth${at}`) === 0
        if (!isRight) wrong.push(`${buckets} buckets, ${at} of ${count}`)
      }
    }
  }
  t.same(wrong, [])
  const half = Array.from({ length: 16 }, (_, i) =>
    hop(`eth${i}`, i % 2 === 0 ? { draining: true } : {}),
  )
  const shares = bucketsOf(drained(half, 120), 120)
  const left = half.filter(({ interface: name }, i) => i % 2 === 0 && shares.get(name) !== 0)
  t.same(left, [], 'eight of sixteen')
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
