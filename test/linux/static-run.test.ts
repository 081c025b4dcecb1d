/** `run --frr` with `ip route`: the routes are there while it runs, and OSPF tells of them. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { askControl } from '../../lib/cli/ask.ts'
import { inNamespace, ip, until } from './netns.ts'

const config = `interface a0
 ip address 10.0.0.1/24
router ospf
 ospf router-id 1.1.1.1
 network 10.0.0.0/24 area 0
 redistribute static
 default-information originate
ip route 10.9.0.0/16 10.0.0.9
ip route 0.0.0.0/0 10.0.0.9
ip route 10.8.0.0/16 10.3.3.3
`

inNamespace('static routes of zebra.conf live as long as the speaker', async (t) => {
  ip('link add a0 type veth peer name a1')
  ip('link set a0 up')
  ip('link set a1 up')
  const folder = mkdtempSync(join(tmpdir(), 'static-run-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'frr.conf'), config)
  const socket = join(folder, 'control')
  const main = resolve('dist/bin/ospf-speaker.js')
  const child = spawn(
    process.execPath,
    [main, 'run', '--frr', join(folder, 'frr.conf'), '--socket', socket],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  t.teardown(() => child.kill('SIGKILL'))
  let told = ''
  child.stdout.on('data', (data) => (told += data))
  child.stderr.on('data', (data) => (told += data))
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const routes = (): string => ip('route show')
  await until(
    'the routes are there',
    () => /default via 10.0.0.9.*\n[\s\S]*10.9.0.0\/16 via 10.0.0.9/.test(routes()),
    30,
  ).catch((error) => {
    throw new Error(`${error.message}: ${told}${routes()}`)
  })
  t.notMatch(routes(), /10\.8\.0\.0/, 'its gateway is nowhere')
  let database = ''
  for (
    let i = 0;
    i < 600 && !(database.includes('10.9.0.0') && database.includes('"0.0.0.0"'));
    i++
  ) {
    database = await askControl(socket, {
      words: ['show', 'ip', 'ospf', 'database', 'json'],
    }).catch(String)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  t.match(database, /10\.9\.0\.0/, 'redistributed')
  t.match(database, /"0\.0\.0\.0"/, 'the default route, too')
  child.kill('SIGTERM')
  t.equal(await ended, 0, told)
  t.equal(routes(), '', 'and gone, with the address')
})
