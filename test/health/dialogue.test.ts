import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { excerpt } from '../../lib/health/dialogue.ts'
import { type TcpOptions, tcp } from '../../lib/health/tcp.ts'

const never = new AbortController().signal

async function serve(t: Test, talk: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => talk(socket.on('error', () => {})))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('a greeting, without a word of ours', async (t) => {
  const target = await serve(t, (socket) => socket.write('220 mail.example ESMTP\r\n'))
  await tcp(target, { expect: '220 ' })(never)
  await tcp(target, { expect: /^220 .*ESMTP/g })(never)
  await t.rejects(tcp(target, { expect: /^250/, maxAnswer: 10 })(never), {
    message: "the answer does not match /^250/: '220 mail.example ESMTP'",
  })
})

t.test('question and answer, in as many pieces as it likes', async (t) => {
  const target = await serve(t, (socket) =>
    socket.on('data', (data) => {
      const text = data.toString()
      if (text === 'PING\r\n')
        socket.write('+PO', () => setTimeout(() => socket.write('NG\r\n'), 5))
      else socket.end('-ERR unknown\u0007 command\r\n')
    }),
  )
  const probe = tcp(target, { send: 'PING\r\n', expect: '+PONG' })
  await probe(never)
  await probe(never)
  await tcp(target, { send: new TextEncoder().encode('PING\r\n'), expect: 'PONG' })(never)
  await t.rejects(tcp(target, { send: 'HELP\r\n', expect: '+PONG' })(never), {
    message: "the answer does not contain '+PONG': '-ERR unknown command', then the end",
  })
})

t.test('an answer that does not come', async (t) => {
  const target = await serve(t, () => {})
  const abort = new AbortController()
  const run = tcp(target, { expect: 'x' })(abort.signal)
  setTimeout(() => abort.abort(new Error('timed out after 1 s')), 20)
  await t.rejects(run, { message: 'timed out after 1 s' })
  const rude = await serve(t, (socket) => socket.destroy())
  await t.rejects(tcp(rude, { expect: 'x' })(never), { message: /does not contain 'x': nothing/ })
})

t.test('what cannot be asked for', async (t) => {
  const refuses = (options: unknown, message: RegExp): void => {
    t.throws(() => tcp('127.0.0.1:1', options as TcpOptions), { code: 'ERR_OSPF_CONFIG', message })
  }
  refuses({ send: 3 }, /^send must be a string or a Uint8Array/)
  refuses({ expect: 3 }, /^expect must be a string or a RegExp/)
  refuses({ maxAnswer: 0 }, /^maxAnswer must be a whole number of bytes above 0/)
})

t.test('excerpts', async (t) => {
  t.equal(excerpt(' a\r\nb\u0000\u001b[31m '), 'a b [31m')
  t.equal(excerpt('x'.repeat(100)), `${'x'.repeat(60)}...`)
})
