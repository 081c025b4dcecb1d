import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { file } from '../../lib/health/file.ts'
import { override } from '../../lib/health/override.ts'
import { trackedFile } from '../../lib/health/tracked-file.ts'

const never = new AbortController().signal

t.test('there, not there, and what is in it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'file-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'state')
  await t.rejects(file(path)(never), { message: /ENOENT/ })
  await file(path, { exists: false })(never)
  writeFileSync(path, 'maintenance: no\n')
  await file(path)(never)
  await t.rejects(file(path, { exists: false })(never), { message: `${path} is there` })
  await file(path, { expect: 'maintenance: no' })(never)
  await t.rejects(file(path, { expect: /yes/ })(never), {
    message: `${path} does not match /yes/: 'maintenance: no'`,
  })
  await t.rejects(file(folder, { expect: 'x' })(never), { message: /EISDIR/ })
  const abort = AbortSignal.abort(new Error('stopped'))
  await t.rejects(file(path)(abort), { message: 'stopped' })
})

t.test('a FIFO that nobody writes to holds nothing up', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'file-'))
  const path = join(folder, 'fifo')
  execFileSync('mkfifo', [path])
  // whoever waits for a writer gets one at the end
  t.teardown(() => {
    closeSync(openSync(path, constants.O_RDWR))
    rmSync(folder, { recursive: true })
  })
  const soon = (run: Promise<void>): Promise<string> =>
    Promise.race([
      run.then(
        () => 'passed',
        (error) => error.message,
      ),
      new Promise<string>((resolve) => setTimeout(resolve, 5000, 'nothing')),
    ])
  t.equal(await soon(file(path)(never)), 'passed', 'it is there')
  t.equal(await soon(file(path, { exists: false })(never)), `${path} is there`)
  t.match(await soon(file(path, { expect: 'up' })(never)), /ESPIPE/)
  t.match(await soon(trackedFile(path)(never)), /ESPIPE/)
  const gate = override({ file: path }, async () => {})
  const verdicts = gate[Symbol.asyncIterator]()
  const said = verdicts.next().then(({ value }) => Promise.reject(new Error(value?.reason)))
  t.match(await soon(said), /cannot read .*ESPIPE/)
  await verdicts.return?.()
})

t.test('what cannot be asked for', async (t) => {
  t.throws(() => file(''), { code: 'ERR_OSPF_CONFIG', message: /^path must be a path/ })
  t.throws(() => file('/x', { exists: false, expect: 'y' }), { message: /^expect must be a file/ })
})
