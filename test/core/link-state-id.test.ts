/** RFC 2328 appendix E. */
import t, { type Test } from 'tap'
import { prefixKey } from '../../lib/core/area.ts'
import { assignLinkStateIds, type Destination } from '../../lib/core/link-state-id.ts'
import type { Wanted } from '../../lib/core/originate.ts'
import { parsePrefix } from '../../lib/sim/fib.ts'
import { Random } from '../../lib/sim/random.ts'
import { formatIpv4, maskOf, networkOf } from '../../lib/wire/address.ts'
import { LsType } from '../../lib/wire/lsa.ts'

const destination = (text: string): Destination => {
  const { address: prefix, length } = parsePrefix(text)
  return { prefix, length }
}

/** A router that advertises, and remembers what it said. */
class Advertiser {
  before: ReadonlyMap<string, Wanted> = new Map()
  readonly wanted = new Map<number, Destination>()

  add(...texts: string[]): this {
    for (const text of texts) {
      const each = destination(text)
      this.wanted.set(prefixKey(each.prefix, each.length), each)
    }
    return this.say()
  }

  remove(text: string): this {
    const { prefix, length } = destination(text)
    this.wanted.delete(prefixKey(prefix, length))
    return this.say()
  }

  ids: Record<string, string> = {}

  say(): this {
    const ids = assignLinkStateIds(LsType.external, this.before, this.wanted.values())
    const said = new Map<string, Wanted>()
    this.ids = {}
    for (const [key, { prefix, length }] of this.wanted) {
      const lsId = ids.get(key)
      if (lsId === undefined) continue
      this.ids[`${formatIpv4(prefix)}/${length}`] = formatIpv4(lsId)
      const body = { kind: 'external', mask: maskOf(length) }
      said.set(String(key), { type: LsType.external, lsId, body } as Wanted)
    }
    this.before = said
    return this
  }
}

t.test('the example of appendix E', async (t) => {
  const router = new Advertiser()
  t.same(router.add('10.0.0.0/24').ids, { '10.0.0.0/24': '10.0.0.0' })
  t.same(router.add('10.0.0.0/16').ids, {
    '10.0.0.0/24': '10.0.0.255',
    '10.0.0.0/16': '10.0.0.0',
  })
  t.same(router.add('10.0.0.0/8').ids, {
    '10.0.0.0/24': '10.0.0.255',
    '10.0.0.0/16': '10.0.255.255',
    '10.0.0.0/8': '10.0.0.0',
  })
})

t.test('who has a Link State ID keeps it when another goes', async (t) => {
  const router = new Advertiser().add('10.0.0.0/8', '10.0.0.0/16', '10.0.0.0/24')
  t.same(router.remove('10.0.0.0/8').ids, {
    '10.0.0.0/24': '10.0.0.255',
    '10.0.0.0/16': '10.0.255.255',
  })
  t.match(router.add('10.0.0.0/20').ids, { '10.0.0.0/20': '10.0.0.0' }, 'nobody had the address')
  t.match(router.add('10.0.0.0/8').ids, {
    '10.0.0.0/8': '10.0.0.0',
    '10.0.0.0/20': '10.0.15.255',
    '10.0.0.0/16': '10.0.255.255',
  })
})

t.test('a host route has no host bits: it comes first', async (t) => {
  const router = new Advertiser().add('10.0.0.0/16', '10.0.0.0/24', '10.0.0.255/32')
  t.same(router.ids, {
    '10.0.0.0/16': '10.0.0.0',
    '10.0.0.255/32': '10.0.0.255',
    '10.0.0.0/24': '10.0.0.254',
  })
  t.same(router.add('10.0.0.0/32').ids, {
    '10.0.0.0/16': '10.0.255.255',
    '10.0.0.255/32': '10.0.0.255',
    '10.0.0.0/24': '10.0.0.254',
    '10.0.0.0/32': '10.0.0.0',
  })
})

t.test('what cannot be told apart is left out', async (t) => {
  const router = new Advertiser().add('10.0.0.0/32', '10.0.0.1/32', '10.0.0.0/31')
  t.same(router.ids, { '10.0.0.0/32': '10.0.0.0', '10.0.0.1/32': '10.0.0.1' })
})

t.test('other types are no matter', async (t) => {
  const before = new Map([
    ['x', { type: LsType.summaryNetwork, lsId: 0x0a0000ff, body: { mask: maskOf(24) } } as Wanted],
  ])
  const ids = assignLinkStateIds(LsType.external, before, [destination('10.0.0.0/24')])
  t.same([...ids.values()], [0x0a000000])
})

function check(t: Test, router: Advertiser, before: Record<string, string>, what: string): void {
  const ids = Object.values(router.ids)
  t.equal(new Set(ids).size, ids.length, `${what}: unique`)
  for (const [text, id] of Object.entries(router.ids)) {
    const { prefix, length } = destination(text)
    const { address } = parsePrefix(`${id}/32`)
    if (networkOf(address, length) !== prefix) t.fail(`${what}: ${text} cannot be ${id}`)
    if (address === prefix && before[text] !== id && before[text] !== undefined) {
      t.ok(length === 32, `${what}: ${text} went back to its address for nothing`)
    }
  }
}

t.test('prefixes that come and go in any order', async (t) => {
  const random = new Random('appendix E')
  const all = ['10.0.0.0', '10.0.0.0', '10.0.0.0', '10.0.0.255', '10.1.0.0'].flatMap((address) =>
    [8, 15, 16, 20, 24, 25, 31, 32].map((length) => {
      const { address: a } = parsePrefix(`${address}/32`)
      return `${formatIpv4(networkOf(a, length))}/${length}`
    }),
  )
  const router = new Advertiser()
  for (let i = 0; i < 400; i++) {
    const text = random.pick(all)
    const before = router.ids
    if (text in before) router.remove(text)
    else router.add(text)
    check(t, router, before, `step ${i}`)
    const changed = Object.keys(before).filter(
      (p) => router.ids[p] !== undefined && router.ids[p] !== before[p],
    )
    t.ok(changed.length <= 2, 'nobody else is moved')
    const again = router.ids
    t.same(router.say().ids, again, 'and nothing moves by itself')
  }
})
