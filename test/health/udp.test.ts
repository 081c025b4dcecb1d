import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { type UdpOptions, udp } from '../../lib/health/udp.ts'

const never = new AbortController().signal

async function serve(t: Test, answer: (text: string) => string | undefined): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  socket.on('message', (message, { port, address }) => {
    const text = answer(message.toString())
    if (text !== undefined) socket.send(text, port, address)
  })
  t.teardown(() => socket.close())
  return socket.address().port
}

async function free(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return port
}

t.test(
  'a port that nobody has is refused; silence is health where no answer is asked for',
  async (t) => {
    const heard: string[] = []
    const port = await serve(t, (text) => void heard.push(text))
    await udp(`127.0.0.1:${port}`)(never)
    await udp({ host: '127.0.0.1', port }, { send: 'hello', localAddress: '127.0.0.2' })(never)
    t.same(heard, ['', 'hello'])
    await t.rejects(udp(`127.0.0.1:${await free()}`)(never), { message: /ECONNREFUSED/ })
  },
)

t.test('an answer', async (t) => {
  const port = await serve(t, (text) => (text === 'ping' ? 'pong 42' : undefined))
  const target = `127.0.0.1:${port}`
  await udp(target, { send: 'ping', reply: true })(never)
  await udp(target, { send: 'ping', expect: /^pong \d+$/ })(never)
  await t.rejects(udp(target, { send: 'ping', expect: 'ready' })(never), {
    message: "the answer does not contain 'ready': 'pong 42'",
  })
  const abort = new AbortController()
  const run = udp(target, { send: 'nobody answers that', reply: true })(abort.signal)
  setTimeout(() => abort.abort(new Error('timed out after 1 s')), 20)
  await t.rejects(run, { message: 'timed out after 1 s' })
  await t.rejects(udp(target)(abort.signal), { message: 'timed out after 1 s' })
})

t.test('what cannot be asked for', async (t) => {
  const refuses = (target: string, options: unknown, message: RegExp): void => {
    t.throws(() => udp(target, options as UdpOptions), { code: 'ERR_OSPF_CONFIG', message })
  }
  refuses('127.0.0.1', {}, /^target must be 'host:port'/)
  refuses('127.0.0.1:53', { send: 3 }, /^send must be/)
  refuses('127.0.0.1:53', { expect: 3 }, /^expect must be/)
  refuses('127.0.0.1:53', { quiet: -1 }, /^quiet must be/)
})
