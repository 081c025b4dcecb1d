/** The example of a director, and `ospf-speaker run` with the same as YAML, beside ipvsadm in a real kernel. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { check } from '../../lib/cli/check.ts'
import { processHost } from '../../lib/cli/host.ts'
import { ask as askSpeaker } from '../../lib/cli/show.ts'
import { ipvsadm } from './ipvsadm.ts'
import { main, type Running, run, start, until } from './running.ts'
import { inKernel, kernelLimit } from './vm.ts'

kernelLimit(540)

const vip = '10.9.0.100'
const example = fileURLToPath(new URL('../../examples/director.js', import.meta.url))

/** A real server in a namespace of its own, beside the director. */
async function server(t: Test, n: number, name: string): Promise<ChildProcess> {
  const ns = `rs${n}`
  const inside = `ip netns exec ${ns} ip`
  for (const line of [
    `ip netns add ${ns}`,
    `ip link add s${n} type veth peer name e0 netns ${ns}`,
    `ip addr add 10.9.1.254/32 dev s${n}`,
    `ip link set s${n} up`,
    `ip route add 10.9.1.${n} dev s${n}`,
    `${inside} addr add 10.9.1.${n}/32 dev e0`,
    `${inside} link set e0 up`,
    `${inside} route add 10.9.1.254 dev e0`,
    `${inside} route add default via 10.9.1.254 dev e0`,
  ])
    run(line)
  const code = `require('http').createServer((_, answer) =>
    answer.setHeader('Connection', 'close').end('${name}')).listen(80, () => console.log('ready'))`
  const child = spawn('ip', ['netns', 'exec', ns, process.execPath, '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => {
    child.kill('SIGKILL')
    run(`ip link del s${n}`)
    run(`ip netns del ${ns}`)
  })
  await once(child.stdout, 'data')
  return child
}

const ask = (): Promise<string> =>
  new Promise((resolve, reject) => {
    get({ host: vip, localAddress: '10.9.0.1', agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (data) => (text += data))
      response.on('end', () => resolve(text))
    }).on('error', reject)
  })

/** @returns the second of two real servers */
async function world(t: Test): Promise<ChildProcess> {
  run('ip link add eth0 type veth peer name eth1')
  run('ip addr add 10.9.0.1/24 dev eth0')
  for (const name of ['lo', 'eth0', 'eth1']) run(`ip link set ${name} up`)
  t.teardown(() => {
    run('ip link del eth0')
    ipvsadm('-C')
  })
  await server(t, 1, 'one')
  return server(t, 2, 'two')
}

/** Two servers, then one: what IPVS has, who answers, and what is left after the end. */
async function follow(t: Test, { told, stop }: Running, two: ChildProcess): Promise<void> {
  const has = (n: number): boolean => ipvsadm('-Ln').includes(`10.9.1.${n}:80`)
  await until('both servers are in', () => has(1) && has(2), told)
  await until('the VIP is there', () => run('ip addr show lo').includes(vip), told)
  const names = new Set<string>()
  // a check that is late on a busy machine takes a server out for a moment
  for (let i = 0; i < 60 && names.size < 2; i++) {
    const name = await ask().catch(() => undefined)
    if (name !== undefined) names.add(name)
    else await new Promise((resolve) => setTimeout(resolve, 500))
  }
  t.strictSame([...names].sort(), ['one', 'two'], 'both serve')
  two.kill('SIGKILL')
  const weightOf = (n: number): string | undefined =>
    new RegExp(`10\\.9\\.1\\.${n}:80 +\\w+ +(\\d+)`).exec(ipvsadm('-Ln'))?.[1]
  await until('the second is out', () => (weightOf(2) ?? '0') === '0', told)
  t.equal(await ask(), 'one')
  t.equal(weightOf(1), '1')
  t.match(told(), /10\.9\.1\.2:80: up -> down/)
  t.equal(await stop(), 0, told())
  t.notMatch(ipvsadm('-Ln'), /TCP/, 'IPVS is empty')
  t.notMatch(run('ip addr show lo'), vip)
}

inKernel('the example of a director', async (t) => {
  const second = await world(t)
  const args = ['--router-id', '10.9.0.1', '--interface', 'eth0', '--vip', vip]
  const more = ['--forward', 'nat', '--server', '10.9.1.1', '--server', '10.9.1.2']
  await follow(t, start(t, example, ...args, ...more), second)
})

inKernel('the same as YAML, and show lvs beside ipvsadm', async (t) => {
  const second = await world(t)
  const socket = '/tmp/director.sock'
  const file = '/tmp/director.yaml'
  writeFileSync(
    file,
    readFileSync('examples/director.yaml', 'utf8').replace('forward: dr', 'forward: nat'),
  )
  const cli = async (words: string): Promise<string> => {
    let text = ''
    for await (const part of askSpeaker(words.split(' '), socket)) text += part
    return text
  }
  const { out } = await check({ files: [file], plan: true }, processHost)
  t.match(out.join('\n'), /-A -t 10.9.0.100:80 -s mh[\s\S]*10.9.1.1:80[\s\S]*10.9.1.2:80/)
  t.notMatch(ipvsadm('-Ln'), /TCP/, 'the kernel is only read')
  const running = start(t, main, 'run', file, '--socket', socket)
  const table = (): string => ipvsadm('-Ln')
  await until('it serves', () => /10\.9\.1\.2:80/.test(table()), running.told)
  await until('the VIP is there', () => run('ip addr show lo').includes(vip), running.told)
  await until('it has started', () => running.told().includes('started, router'), running.told)
  let [ours, theirs] = ['', ' ']
  // connections end while both are asked
  for (let i = 0; i < 20 && ours !== theirs; i++) [ours, theirs] = [await cli('show lvs'), table()]
  t.equal(ours, theirs, 'as ipvsadm prints it')
  t.match(await cli('show health'), /server 10.9.1.1:80: up/)
  t.match(
    await cli('drain server 10.9.1.1:80 timeout 30'),
    /drained after .*: no connection is left/,
  )
  t.notMatch(table(), /10\.9\.1\.1:80 +\w+ +1 /)
  t.match(await cli('undrain server 10.9.1.1:80'), /again/)
  await follow(t, running, second)
})
