import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import t from 'tap'
import { askControl, ControlError, serveControl } from '../../lib/cli/control.ts'
import { shortDir } from './sample.ts'

const documents = { '/a': () => ({ answer: 42 }) }

t.test('serves documents to its owner alone, and leaves nothing behind', async (t) => {
  const path = `${shortDir(t)}/control.sock`
  const mask = process.umask(0)
  process.umask(mask)
  const control = await serveControl(path, documents)
  t.equal(statSync(path).mode & 0o7777, 0o600)
  t.equal(process.umask(), mask, 'the umask is as before')
  t.strictSame(await askControl(path, '/a'), { answer: 42 })
  t.strictSame(await askControl(path, '/a?x=1'), { answer: 42 })
  await control[Symbol.asyncDispose]()
  t.notOk(existsSync(path))
  await control[Symbol.asyncDispose]()
  t.equal(process.listeners('exit').filter(({ name }) => name === 'remove').length, 0)
})

t.test('what cannot be served', async (t) => {
  const path = `${shortDir(t)}/control.sock`
  const fail = (): never => {
    throw new Error('the speaker is starting')
  }
  await using _control = await serveControl(path, { ...documents, '/fail': fail })
  await t.rejects(
    askControl(path, '/nothing'),
    new ControlError(`socket ${path}: no document /nothing`),
  )
  await t.rejects(askControl(path, '/constructor'), { message: /no document/ })
  await t.rejects(askControl(path, '/fail'), { message: `socket ${path}: the speaker is starting` })
  const asked = request({ socketPath: path, path: '/a', method: 'POST' }).end()
  const [answer] = await once(asked, 'response')
  t.equal(answer.statusCode, 405)
  answer.resume()
})

t.test('a socket that a dead process left is replaced', async (t) => {
  const path = `${shortDir(t)}/control.sock`
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  await once(spawn(process.execPath, ['-e', script]), 'exit')
  t.ok(existsSync(path), 'it is there')
  await t.rejects(askControl(path, '/a'), new ControlError(`no speaker is running behind ${path}`))
  await using _control = await serveControl(path, documents)
  t.strictSame(await askControl(path, '/a'), { answer: 42 })
  t.equal(statSync(path).mode & 0o7777, 0o600)
})

t.test('a live one is refused and goes on', async (t) => {
  const path = `${shortDir(t)}/control.sock`
  await using _control = await serveControl(path, documents)
  await t.rejects(serveControl(path, {}), {
    message: `socket ${path}: a running speaker has it; give this one another with --socket`,
  })
  t.strictSame(await askControl(path, '/a'), { answer: 42 })
})

t.test('a file that is no socket is left alone', async (t) => {
  const path = `${shortDir(t)}/notes`
  writeFileSync(path, 'mine')
  await t.rejects(serveControl(path, documents), { message: /a file is there that is no socket/ })
  t.equal(readFileSync(path, 'utf8'), 'mine')
})

t.test('a path that does not fit is refused, not cut short', async (t) => {
  const path = `/tmp/${'x'.repeat(103)}`
  const error = new ControlError(`socket ${path}: the path is longer than 107 bytes`)
  await t.rejects(serveControl(path, documents), error)
  await t.rejects(askControl(path, '/a'), error)
})

t.test('nobody, nowhere, and somebody else', async (t) => {
  const dir = shortDir(t)
  await t.rejects(askControl(`${dir}/none`, '/a'), {
    message: `no speaker is running behind ${dir}/none`,
  })
  await t.rejects(
    serveControl(`${dir}/no/where`, documents),
    new ControlError(`socket ${dir}/no/where: no such directory`),
  )
  const other = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nhello')).listen(
    `${dir}/other`,
  )
  await once(other, 'listening')
  await t.rejects(askControl(`${dir}/other`, '/a'), { message: /is no JSON/ })
  other.close()
})
