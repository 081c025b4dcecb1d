/** The example of a director, and `ospf-speaker run` with the same as YAML, beside ipvsadm in a real kernel. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, get, type Server } from 'node:http'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { ipvsadm } from './ipvsadm.ts'
import { inKernel } from './vm.ts'

const vip = '10.9.0.100'
const main = resolve('dist/cli/main.js')
const example = fileURLToPath(new URL('../../examples/director.js', import.meta.url))
const run = (line: string): string => {
  const [command = '', ...args] = line.split(' ')
  return execFileSync(command, args, { encoding: 'utf8' })
}

async function until(what: string, isSo: () => boolean, said: () => string): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (isSo()) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`not so: ${what}: ${said()}`)
}

/** A real server that lives on this machine: IPVS delivers to it directly. */
async function server(name: string, address: string): Promise<Server> {
  run(`ip addr add ${address}/32 dev lo`)
  const made = createServer((_, response) => response.setHeader('Connection', 'close').end(name))
  made.listen(80, address)
  await once(made, 'listening')
  return made
}

const ask = (): Promise<string> =>
  new Promise((resolve, reject) => {
    get({ host: vip, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (data) => (text += data))
      response.on('end', () => resolve(text))
    }).on('error', reject)
  })

async function world(t: Test): Promise<{ one: Server; two: Server }> {
  run('ip link add eth0 type veth peer name eth1')
  run('ip addr add 10.9.0.1/24 dev eth0')
  for (const name of ['lo', 'eth0', 'eth1']) run(`ip link set ${name} up`)
  const [one, two] = [await server('one', '10.9.1.1'), await server('two', '10.9.1.2')]
  t.teardown(() => {
    for (const each of [one, two]) each.close().closeAllConnections()
    for (const n of [1, 2]) run(`ip addr del 10.9.1.${n}/32 dev lo`)
    run('ip link del eth0')
    ipvsadm('-C')
  })
  return { one, two }
}

interface Running {
  readonly told: () => string
  readonly stop: () => Promise<number | null>
}

function start(t: Test, ...args: string[]): Running {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (text += data))
  const ended = once(child, 'exit')
  return {
    told: () => text,
    stop: async () => {
      child.kill('SIGTERM')
      const [status] = await ended
      return status as number | null
    },
  }
}

/** Two servers, then one, then none: what IPVS has, and whether the VIP is there. */
async function follow(
  t: Test,
  { told, stop }: Running,
  { one, two }: { one: Server; two: Server },
) {
  const has = (n: number): boolean => ipvsadm('-Ln').includes(`10.9.1.${n}:80`)
  await until('both servers are in', () => has(1) && has(2), told)
  await until('the VIP is there', () => run('ip addr show lo').includes(vip), told)
  const names = new Set<string>()
  for (let i = 0; i < 60 && names.size < 2; i++) names.add(await ask())
  t.strictSame([...names].sort(), ['one', 'two'], 'both serve')
  two.close().closeAllConnections()
  const weightOf = (n: number): string | undefined =>
    new RegExp(`10\\.9\\.1\\.${n}:80 +\\w+ +(\\d+)`).exec(ipvsadm('-Ln'))?.[1]
  await until('the second is out', () => (weightOf(2) ?? '0') === '0', told)
  t.equal(await ask(), 'one')
  t.equal(weightOf(1), '1')
  t.match(told(), /10\.9\.1\.2:80: up -> down/)
  t.equal(await stop(), 0, told())
  t.notMatch(ipvsadm('-Ln'), /TCP/, 'IPVS is empty')
  t.notMatch(run('ip addr show lo'), vip)
  t.ok(one.listening)
}

inKernel('the example of a director', async (t) => {
  const servers = await world(t)
  const args = ['--router-id', '10.9.0.1', '--interface', 'eth0', '--vip', vip]
  const more = ['--server', '10.9.1.1', '--server', '10.9.1.2']
  await follow(t, start(t, example, ...args, ...more), servers)
})

inKernel('the same as YAML, and show lvs beside ipvsadm', async (t) => {
  const servers = await world(t)
  const socket = '/tmp/director.sock'
  const file = '/tmp/director.yaml'
  writeFileSync(file, readFileSync('examples/director.yaml', 'utf8'))
  const cli = (...words: string[]): Promise<string> =>
    new Promise((resolve) =>
      execFile(process.execPath, [main, ...words], (_, out, err) => resolve(out + err)),
    )
  t.match(
    await cli('check', file, '--plan'),
    /-A -t 10.9.0.100:80 -s mh[\s\S]*10.9.1.1:80[\s\S]*10.9.1.2:80/,
  )
  t.notMatch(ipvsadm('-Ln'), /TCP/, 'the kernel is only read')
  const running = start(t, main, 'run', file, '--socket', socket)
  const table = (): string => ipvsadm('-Ln')
  await until('it serves', () => /10\.9\.1\.2:80/.test(table()), running.told)
  await until('the VIP is there', () => run('ip addr show lo').includes(vip), running.told)
  t.equal(await cli('show', 'lvs', '--socket', socket), table(), 'as ipvsadm prints it')
  t.match(await cli('show', 'health', '--socket', socket), /server 10.9.1.1:80: up/)
  t.match(
    await cli('drain', 'server', '10.9.1.1:80', '--socket', socket),
    /drained after .*: no connection is left/,
  )
  t.notMatch(table(), /10\.9\.1\.1:80 +\w+ +1 /)
  t.match(await cli('undrain', 'server', '10.9.1.1:80', '--socket', socket), /again/)
  await follow(t, running, servers)
})
