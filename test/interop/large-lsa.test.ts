/**
 * A router-LSA of 12 kB, a thousand VIPs in it, against FRR and BIRD: flooded to adjacencies that stand and fetched by
 * those that form, in IP fragments each time; every VIP in the kernels of both; one goes, one comes.
 */
import t from 'tap'
import { Bird, Frr, full } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'
import { onEth0, SpeakerChild } from './speakers.ts'
import { gateways } from './tables.ts'

t.setTimeout(240_000)

const [ours, frrId, birdId] = ['10.0.1.1', '10.0.1.2', '10.0.1.3'] as const
const RANGE = '10.9.0.1-10.9.3.232'
const COUNT = 1000

/** Counters of IP in a node: 'FragCreates', 'ReasmOKs', 'ReasmFails'. */
async function ipCounter(lab: Lab, node: string, name: string): Promise<number> {
  const text = await lab.exec(node, ['cat', '/proc/net/snmp'])
  const [names, values] = text.split('\n').filter((line) => line.startsWith('Ip:'))
  return Number(values!.split(' ')[names!.split(' ').indexOf(name)])
}

t.test('1,000 VIPs in one router-LSA', { skip: missing('frr', 'bird') }, async (t) => {
  const lab = Lab.for(t)
  for (const node of ['ours', 'frr', 'bird']) lab.node(node)
  lab.lan('lan', { ours: `${ours}/24`, frr: `${frrId}/24`, bird: `${birdId}/24` })
  const eth0 = { name: 'eth0', network: '10.0.1.0/24' }
  const frr = new Frr(lab, 'frr', { routerId: frrId, interfaces: [eth0] })
  const bird = new Bird(lab, 'bird', { routerId: birdId, interfaces: [eth0] })
  const speaker = await SpeakerChild.start(t, lab, 'ours', onEth0(ours))
  await Promise.all([frr.start(), bird.start()])
  await full(speaker, [frrId, birdId])
  await full(frr, [birdId])
  const vips = async (node: string): Promise<string[]> =>
    Object.entries(await gateways(lab, node)).flatMap(([prefix, via]) =>
      prefix.startsWith('10.9.') && via === ours ? prefix : [],
    )
  const have = async (
    what: string,
    wanted: (vips: readonly string[]) => boolean,
  ): Promise<void> => {
    for (const node of ['frr', 'bird']) {
      await until(
        async () => {
          const found = await vips(node)
          if (wanted(found)) return true
          throw new Error(`${found.length} VIPs`)
        },
        { what: `${what} in the kernel of ${node}`, timeout: 60 },
      )
    }
  }
  await speaker.announceAll(RANGE, { independent: false })
  await have('all 1,000', ({ length }) => length === COUNT)
  const { database } = await speaker.snapshot()
  const lsa = database.find(({ type, own }) => type === 1 && own)
  t.ok(lsa!.length > 12_000, `${lsa!.length} octets`)
  t.ok((await ipCounter(lab, 'ours', 'FragCreates')) >= 8)
  for (const node of ['frr', 'bird']) {
    t.ok((await ipCounter(lab, node, 'ReasmOKs')) >= 1, `${node} has put fragments together`)
  }
  await t.test('one goes', async () => {
    await speaker.withdraw('10.9.1.77')
    await have('999', (found) => found.length === COUNT - 1 && !found.includes('10.9.1.77/32'))
  })
  await t.test('one comes', async () => {
    await speaker.announceAll('10.9.200.1', { independent: false })
    await have('1,000 again', (found) => found.length === COUNT && found.includes('10.9.200.1/32'))
  })
  await t.test('by database exchange', async () => {
    await Promise.all([frr.kill(), bird.kill()])
    await Promise.all([frr.start(), bird.start()])
    await full(speaker, [frrId, birdId])
    await have('all of them', ({ length }) => length === COUNT)
  })
  await t.test('acknowledged: nothing is retransmitted any more', async (t) => {
    const sequenceAndCount = async (): Promise<string> =>
      `${lsa!.lsId} ${await ipCounter(lab, 'ours', 'FragCreates')}`
    await until(
      async () => {
        const before = await sequenceAndCount()
        await new Promise((resolve) => setTimeout(resolve, 7000))
        return before === (await sequenceAndCount())
      },
      { what: 'no fragments for longer than RxmtInterval', timeout: 40 },
    )
    t.ok((await speaker.fullNeighbors()).length === 2)
  })
  const { status } = await speaker.stop()
  t.equal(status, 0)
  await have('none', ({ length }) => length === 0)
})
