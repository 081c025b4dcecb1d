/** The control socket under abuse, beside FRR: the protocol does not notice. */
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { AnswerError, askControl } from '../../lib/cli/ask.ts'
import { Frr, full, Speaker } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'

t.setTimeout(200_000)

interface Detail {
  readonly stateChangeCounter: number
}
interface Traffic {
  readonly eth0: { readonly helloIn: number }
}

t.test('Hellos go on, adjacencies stay', { skip: missing('frr') }, async (t) => {
  const lab = Lab.for(t)
  for (const node of ['frr', 'speaker']) lab.node(node)
  lab.lan('lan', { frr: '10.0.1.1/24', speaker: '10.0.1.2/24' })
  const interfaces = [{ name: 'eth0', network: '10.0.1.0/24', hello: 1, dead: 4 }]
  const frr = new Frr(lab, 'frr', { routerId: '10.0.0.1', interfaces })
  const speaker = new Speaker(lab, 'speaker', { routerId: '10.0.0.2', interfaces })
  await frr.start()
  await speaker.start()
  await full(frr, ['10.0.0.2'])
  const path = speaker.showCommand().at(-1)!
  const changes = async (): Promise<number> => {
    const found = await frr.json<Record<string, readonly Detail[]>>(
      'show ip ospf neighbor 10.0.0.2 detail json',
    )
    return found['10.0.0.2']![0]!.stateChangeCounter
  }
  const hellos = async (): Promise<number> => {
    const found = await frr.json<Traffic>('show ip ospf interface traffic eth0 json')
    return found.eth0.helloIn
  }
  const [changesBefore, hellosBefore] = [await changes(), await hellos()]

  const sockets: Socket[] = []
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
  })
  const dial = (text: string): void => {
    const socket = connect(path)
    sockets.push(socket)
    // never read
    socket.on('error', () => {}).pause()
    socket.write(text)
  }
  const get = (what: string): string => `GET ${what} HTTP/1.1\r\nHost: x\r\n\r\n`
  const end = Date.now() + 8000
  while (Date.now() < end) {
    for (let i = 0; i < 100; i++) dial(get('/show/ip/ospf/database/router'))
    dial('x'.repeat(10 * 1024 * 1024))
    for (let i = 0; i < 20; i++) dial(get('/no/such/command'))
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  t.ok(sockets.length > 1000, `${sockets.length} clients`)
  const seen = (await hellos()) - hellosBefore
  t.ok(seen >= 6, `${seen} Hellos in 8 s`)
  t.equal(await changes(), changesBefore, 'the adjacency has not moved')
  for (const socket of sockets) socket.destroy()
  await until(
    async () => {
      const words = ['show', 'ip', 'ospf', 'neighbor', 'json']
      return (await askControl(path, { words })).includes('Full')
    },
    { what: 'it answers again' },
  )
  await t.rejects(askControl(path, { words: ['no', 'such'] }), AnswerError)
})
