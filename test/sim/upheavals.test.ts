/**
 * What operators and nature do to a domain of several areas while every fifth packet is lost: afterwards the databases
 * of an area are equal, and every route is the oracle's. `SIM_SEED=13` repeats one seed, `SIM_SEED=1-100` hunts.
 */
import t, { type Test } from 'tap'
import { settled } from '../../lib/sim/check.ts'
import { Network } from '../../lib/sim/network.ts'
import { Random } from '../../lib/sim/random.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { formatIpv4 } from '../../lib/wire/address.ts'
import { LsType } from '../../lib/wire/lsa.ts'
import { lsas } from './lsas.ts'
import { randomDomain } from './topologies.ts'

t.setTimeout(600_000)

const { SIM_SEED } = process.env
const [first = 1, last = SIM_SEED === undefined ? 2 : first] = (SIM_SEED?.split('-') ?? []).map(
  Number,
)
const seeds = Array.from({ length: last - first + 1 }, (_, i) => first + i)

/** With a dead interval of ten Hellos, a loss of 20 % ends no adjacency by chance. */
const timing = { helloInterval: 1, deadInterval: 10, retransmitInterval: 1 } as const

interface Story {
  readonly net: Network
  readonly random: Random
  readonly domain: ReturnType<typeof randomDomain>
}

function begin(seed: number, what: string): Story {
  const net = new Network({ seed: `${what} ${seed}` })
  const random = new Random(`${what} ${seed}`)
  const domain = randomDomain(net, random, timing)
  net.disturb({ loss: 0.2 })
  net.run(60)
  return { net, random, domain }
}

/** All is well, with the loss still there, and stays so without it. */
function ends(t: Test, { net }: Story): void {
  const before = net.now
  const rest = net.runUntil(() => settled(net).length === 0, 180, { every: 1 })
  t.ok(rest, `settles in ${(net.now - before).toFixed(0)} s, with a loss of 20 %`)
  if (!rest) t.same(settled(net), [])
  net.heal()
  net.run(30)
  t.same(settled(net), [], 'and is so when nothing is lost')
}

for (const seed of seeds) {
  t.test(`a Router ID is changed, seed ${seed}`, async (t) => {
    const story = begin(seed, 'router id')
    const { net, random, domain } = story
    const [orderly, sudden] = random.shuffle(domain.routers) as [SimRouter, SimRouter]
    const border = domain.areas[0]!.borders[0]!
    const former = new Set<number>()
    for (const [i, router] of [orderly, sudden, border].entries()) {
      former.add(router.id)
      if (router === orderly) {
        router.flush()
        net.run(3)
        router.close()
      } else router.crash()
      net.run(random.pick([0, 2, 20]))
      // once above all others and once below
      router.restart({ routerId: i === 1 ? '1.1.1.1' : `200.0.0.${i + 1}` })
      net.run(random.pick([1, 5, 30]))
    }
    ends(t, story)
    // 13.4: those of its addresses are its own, whatever Router ID is on them
    for (const router of domain.routers) {
      const networks = lsas(router, LsType.network).map(({ lsa }) => lsa.header.advertisingRouter)
      t.notOk(
        networks.some((by) => former.has(by)),
        `${router.name} has no network-LSA of the past`,
      )
    }
  })

  t.test(`the Designated Router dies, seed ${seed}`, async (t) => {
    const story = begin(seed, 'dr')
    const { net } = story
    const lans = net.segments.filter(({ name }) => name.startsWith('lan'))
    for (const lan of lans) {
      const seen = lan.attachments.map(({ node, name }) =>
        (node as SimRouter).interfaces().find((i) => i.name === name),
      )
      const address = seen[0]!.designatedRouter
      const dr = lan.at(address)?.node as SimRouter
      t.ok(dr, `${formatIpv4(address)} is the Designated Router of ${lan.name}`)
      dr.crash()
      net.run(25)
      const left = lan.attachments.filter(({ node }) => node !== dr)
      const now = left.map(
        ({ node, name }) =>
          (node as SimRouter).interfaces().find((i) => i.name === name)?.designatedRouter,
      )
      t.equal(new Set(now).size, 1, 'the others agree on another')
      t.not(now[0], address)
      dr.restart()
      net.run(5)
    }
    ends(t, story)
  })

  t.test(`an area gets another number, and its old one again, seed ${seed}`, async (t) => {
    const story = begin(seed, 'renumber')
    const { net, random, domain } = story
    const { borders, inside } = domain.areas[0]!
    const renumber = (from: number, to: number): void => {
      for (const router of random.shuffle([...borders, ...inside])) {
        const config = router.areaConfig(from)
        router.area(formatIpv4(to), { ...config })
        const { announced } = router
        for (const { name, config: c } of router.attachments) {
          if (c.area === from) router.configure(name, { area: to })
        }
        for (const { area, prefix, length, cost } of announced) {
          if (area !== from) continue
          const text = `${formatIpv4(prefix)}/${length}`
          router.withdraw(text, { area: formatIpv4(from) })
          router.announce(text, { area: formatIpv4(to), cost })
        }
        net.run(random.next() * 15)
      }
    }
    renumber(1, 77)
    t.ok(inside[0]!.attachments.some(({ config }) => config.area === 77))
    if (seed % 2 === 0) ends(t, story)
    else net.run(random.pick([1, 20]))
    net.disturb({ loss: 0.2 })
    renumber(77, 1)
    ends(t, story)
  })

  t.test(`a link flaps 100 times in a minute, seed ${seed}`, async (t) => {
    const story = begin(seed, 'flap')
    const { net, random } = story
    const links = random.shuffle(net.segments).slice(0, 2)
    const begun = net.now
    for (let i = 0; i < 100; i++) {
      for (const [j, link] of links.entries()) link.down({ silent: j === 1 })
      const down = 0.5 * random.next()
      net.run(down)
      for (const link of links) link.up()
      net.run(0.6 - down)
    }
    t.equal(Math.round(net.now - begun), 60)
    ends(t, story)
  })
}
