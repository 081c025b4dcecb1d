/** `default-information originate route-map` with conditions: the same file, run by FRR and by this library. */
import t from 'tap'
import { type Daemon, Frr, full, Speaker } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'

t.setTimeout(200_000)

/** The default is told while the upstream's network is redistributed; one that is kept back does not count. */
const conf = `
interface eth0
 ip ospf hello-interval 1
 ip ospf dead-interval 4
!
ip prefix-list UPSTREAM permit 192.0.2.0/24
ip prefix-list UPSTREAM permit 203.0.113.0/24
ip prefix-list TOLD deny 203.0.113.0/24
ip prefix-list TOLD permit any
!
route-map CONDITION permit 10
 match ip address prefix-list UPSTREAM
!
route-map TOLD permit 10
 match ip address prefix-list TOLD
!
router ospf
 ospf router-id 10.0.0.2
 network 10.0.1.0/24 area 0
 redistribute kernel metric 3 route-map TOLD
 default-information originate always metric 7 route-map CONDITION
`

for (const subject of [Frr, Speaker]) {
  t.test(`by ${subject.name}`, { skip: missing('frr') }, async (t) => {
    const lab = Lab.for(t)
    for (const node of ['one', 'two', 'three']) lab.node(node)
    lab.lan('lan', { one: '10.0.1.1/24', two: '10.0.1.2/24' })
    lab.link({ two: '10.0.3.1/24', three: '10.0.3.2/24' })
    const interfaces = [{ name: 'eth0', network: '10.0.1.0/24', hello: 1, dead: 4 }]
    const observer = new Frr(lab, 'one', { routerId: '10.0.0.1', interfaces })
    const two: Daemon = new subject(lab, 'two', { routerId: '10.0.0.2', interfaces, conf })
    await observer.start()
    await two.start()
    await full(observer, ['10.0.0.2'])
    const route = (what: 'add' | 'del', prefix: string): Promise<string> =>
      lab.exec('two', ['ip', 'route', what, prefix, 'via', '10.0.3.2'])
    const externals = async (): Promise<string[]> => {
      const text = await observer.vtysh('show ip ospf route')
      return Array.from(text.matchAll(/N E2 (\S+) +\[\d+\/(\d+)\]/g), ([, to, at]) => `${to} ${at}`)
    }
    const are = async (...wanted: readonly string[]): Promise<void> => {
      await until(async () => (await externals()).join() === wanted.join(), {
        what: `${wanted.join(' and ') || 'nothing'} is told`,
        timeout: 30,
      })
      // what is still to come would be here by now
      await new Promise((resolve) => setTimeout(resolve, 2500))
      t.same(await externals(), wanted)
    }
    await route('add', '198.51.100.0/24')
    await route('add', '203.0.113.0/24')
    await are('198.51.100.0/24 3')
    await route('add', '192.0.2.0/24')
    await are('0.0.0.0/0 7', '192.0.2.0/24 3', '198.51.100.0/24 3')
    // FRR, which does not count it when it comes, counts it when another goes
    await route('del', '203.0.113.0/24')
    await route('del', '192.0.2.0/24')
    await are('198.51.100.0/24 3')
    await two.stop()
  })
}
