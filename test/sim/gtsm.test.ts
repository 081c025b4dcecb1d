/** GTSM (RFC 5082) over more than one hop. */
import t from 'tap'
import { Network } from '../../lib/sim/network.ts'

const gtsm = (hops: number) => ({ ttlSecurity: { hops, txOnly: false } })

t.test('a virtual link: as many hops as its way has', async (t) => {
  const states = (hops: number): string[] => {
    const net = new Network({ seed: 1 })
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => net.router(name))
    const area = '0.0.0.1'
    net.segment('backbone', '10.0.0.0/24', [a!])
    net.link(a!, b!, { area })
    net.link(b!, c!, { area })
    net.link(c!, d!, { area })
    a!.virtualLink(d!.routerId, area, gtsm(hops))
    d!.virtualLink(a!.routerId, area, gtsm(hops))
    net.run(120)
    return a!
      .neighbors()
      .filter((n) => n.area === 0)
      .map((n) => n.state)
  }
  t.same(states(3), ['Full'])
  t.same(states(2), [], 'the two routers between have each taken one off')
})
