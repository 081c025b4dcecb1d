import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import t from 'tap'
import { AnswerError, askControl, type Question } from '../../lib/cli/ask.ts'
import { type Answerer, serveControl } from '../../lib/cli/control.ts'
import {
  ControlError,
  defaultSocket,
  serviceSocket,
  socketToAsk,
} from '../../lib/cli/control-error.ts'
import { shortDir } from './sample.ts'

const answers: Answerer = async ({ words, isPost, wantsText }) =>
  words[0] === 'a' && !isPost
    ? { status: 200, isText: wantsText, body: wantsText ? 'forty-two\n' : '{ "answer": 42 }' }
    : { status: 404, body: JSON.stringify({ error: `no ${words.join(' ')}` }) }

const a: Question = { words: ['a'] }
const answer = async (path: string): Promise<unknown> => JSON.parse(await askControl(path, a))

t.test('the socket that is asked where nothing is said', async (t) => {
  const asked = (...there: readonly string[]): string =>
    socketToAsk({}, (path) => there.includes(path))
  t.equal(asked(), defaultSocket)
  t.equal(asked(defaultSocket, serviceSocket), defaultSocket)
  t.equal(asked(serviceSocket), serviceSocket)
  const environment = { OSPF_SPEAKER_SOCKET: '/run/red.sock' }
  t.equal(
    socketToAsk(environment, () => true),
    '/run/red.sock',
  )
  t.equal(
    socketToAsk({ OSPF_SPEAKER_SOCKET: '' }, () => true),
    defaultSocket,
  )
  const unit = readFileSync('packaging/ospf-speaker.service', 'utf8')
  t.match(unit, `--socket ${serviceSocket}\n`, 'that of the unit')
})

t.test('serves documents to its owner alone, and leaves nothing behind', async (t) => {
  const path = `${shortDir(t)}/control.sock`
  const mask = process.umask(0)
  process.umask(mask)
  const control = await serveControl(path, answers)
  t.equal(statSync(path).mode & 0o7777, 0o600)
  t.equal(process.umask(), mask, 'the umask is as before')
  t.strictSame(await answer(path), { answer: 42 })
  t.equal(await askControl(path, { ...a, wantsText: true }), 'forty-two\n')
  await control[Symbol.asyncDispose]()
  t.notOk(existsSync(path))
  await control[Symbol.asyncDispose]()
  t.equal(process.listeners('exit').filter(({ name }) => name === 'remove').length, 0)
})

t.test('what cannot be served', async (t) => {
  const path = `${shortDir(t)}/control.sock`
  await using _control = await serveControl(path, answers)
  await t.rejects(
    askControl(path, { words: ['b', '10.0.0.0/8'] }),
    new AnswerError(404, 'no b 10.0.0.0/8'),
  )
  await t.rejects(askControl(path, { ...a, isAction: true }), new AnswerError(404, 'no a'))
  for (const [method, where, status] of [
    ['DELETE', '/a', 405],
    ['GET', '/%', 400],
    ['GET', `/${'a'.repeat(20_000)}`, 431],
  ] as const) {
    const asked = request({ socketPath: path, path: where, method }).end()
    const [reply] = await once(asked, 'response')
    t.equal(reply.statusCode, status)
    reply.resume()
  }
})

t.test('clients that are too many, too loud, or too slow', async (t) => {
  const path = `${shortDir(t)}/control.sock`
  const long = 'x'.repeat(32 * 1024 * 1024)
  let served = 0
  await using _control = await serveControl(path, async ({ words }) => {
    served++
    return { status: 200, body: words[0] === 'long' ? long : '{}' }
  })
  const dial = (): Socket => connect(path).on('error', () => {})
  // never reads
  const deaf = dial()
  deaf.pause()
  deaf.write('GET /long HTTP/1.1\r\nHost: x\r\n\r\n')
  // 10 MB without an end of line
  const loud = dial()
  const closed = new Promise<void>((resolve) => loud.once('close', () => resolve()))
  loud.resume().write('x'.repeat(10 * 1024 * 1024))
  await closed
  t.pass('who never ends a line is turned away')
  const many = Array.from({ length: 1000 }, dial)
  // the same that `ospf-speaker` says
  const turnedAway = await Promise.allSettled(Array.from({ length: 20 }, () => askControl(path, a)))
  const reasons = turnedAway.flatMap((r) => (r.status === 'rejected' ? [String(r.reason)] : []))
  t.ok(
    reasons.every((reason) => reason.includes('turned away')),
    reasons[0] ?? 'none was',
  )
  for (const socket of [...many, deaf]) socket.destroy()
  let text: string | undefined
  for (let i = 0; i < 50 && text === undefined; i++) {
    text = await askControl(path, a).catch(() => undefined)
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.equal(text, '{}', 'it answers when they have gone')
  t.ok(served < 200, `${served} requests reached the speaker`)
})

t.test('a socket that a dead process left is replaced', async (t) => {
  const path = `${shortDir(t)}/control.sock`
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  await once(spawn(process.execPath, ['-e', script]), 'exit')
  t.ok(existsSync(path), 'it is there')
  await t.rejects(askControl(path, a), new ControlError(`no speaker is running behind ${path}`))
  await using _control = await serveControl(path, answers)
  t.strictSame(await answer(path), { answer: 42 })
  t.equal(statSync(path).mode & 0o7777, 0o600)
})

t.test('a live one is refused and goes on', async (t) => {
  const path = `${shortDir(t)}/control.sock`
  await using _control = await serveControl(path, answers)
  await t.rejects(serveControl(path, answers), {
    message: `socket ${path}: a running speaker has it; give this one another with --socket`,
  })
  t.strictSame(await answer(path), { answer: 42 })
})

t.test('a file that is no socket is left alone', async (t) => {
  const path = `${shortDir(t)}/notes`
  writeFileSync(path, 'mine')
  await t.rejects(serveControl(path, answers), { message: /a file is there that is no socket/ })
  t.equal(readFileSync(path, 'utf8'), 'mine')
})

t.test('a path that does not fit is refused, not cut short', async (t) => {
  const path = `/tmp/${'x'.repeat(103)}`
  const error = new ControlError(`socket ${path}: the path is longer than 107 bytes`)
  await t.rejects(serveControl(path, answers), error)
  await t.rejects(askControl(path, a), error)
})

t.test('nobody, nowhere, and somebody else', async (t) => {
  const dir = shortDir(t)
  await t.rejects(askControl(`${dir}/none`, a), {
    message: `no speaker is running behind ${dir}/none`,
  })
  await t.rejects(
    serveControl(`${dir}/no/where`, answers),
    new ControlError(`socket ${dir}/no/where: no such directory`),
  )
  const other = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nhello')).listen(
    `${dir}/other`,
  )
  await once(other, 'listening')
  await t.rejects(askControl(`${dir}/other`, a), { message: /is not that of a speaker/ })
  other.close()
})
