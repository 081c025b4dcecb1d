import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { file } from '../../lib/health/file.ts'

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

t.test('what cannot be asked for', async (t) => {
  t.throws(() => file(''), { code: 'ERR_OSPF_CONFIG', message: /^path must be a path/ })
  t.throws(() => file('/x', { exists: false, expect: 'y' }), { message: /^expect must be a file/ })
})
