/** `check` and `explain` as they are started: what they print, and how they end. */
import { spawnSync } from 'node:child_process'
import t from 'tap'

const folder = 'fixtures/configs/keepalived'
const main = 'dist/bin/ospf-speaker.js'
function start(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

t.test('check', async (t) => {
  t.match(start('check', '--keepalived', `${folder}/classic-nat.conf`), {
    status: 0,
    stdout: 'configuration OK\n',
    stderr: '',
  })
  const bad = start('check', '--keepalived', `${folder}/unknown.conf`)
  t.match(bad, { status: 2, stdout: '' })
  t.match(
    bad.stderr,
    /^\(fixtures\/configs\/keepalived\/unknown.conf: Line 1\) Unknown keyword 'golbal_defs'$/m,
  )
  t.match(start('check', '--strict', '--keepalived', `${folder}/persistence.conf`), {
    status: 2,
    stderr: /zero port/,
  })
  t.match(start('check'), { status: 2, stderr: /no configuration/ })
})

t.test('explain', async (t) => {
  t.match(start('explain', '--keepalived', `${folder}/classic-dr.conf`), {
    status: 0,
    stdout: /out after at most 26 s/,
  })
  const { stdout } = start(
    'explain',
    '--json',
    '--vrrp',
    '--keepalived',
    `${folder}/classic-vrrp.conf`,
  )
  t.match(JSON.parse(stdout), {
    vips: [{ address: '10.0.1.100' }, { address: '10.0.1.101' }],
    instances: [{ name: 'VI_1' }],
  })
  t.match(start('explain', '--keepalived', `${folder}/hosts.conf`, '--config-id', 'one'), {
    stdout: /10\.0\.0\.1/,
  })
  t.match(start('explain', '--keepalived', `${folder}/missing-word.conf`), {
    status: 2,
    stderr: /missing a parameter/,
  })
})
