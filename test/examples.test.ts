/** What the examples say to somebody who starts them for the first time. What they do: test/interop/demo.test.ts. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import t from 'tap'

interface Result {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

function example(name: string, ...args: string[]): Promise<Result> {
  const file = fileURLToPath(new URL(`../examples/${name}.js`, import.meta.url))
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [file, ...args], (_, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    )
  })
}

t.test('--help', async (t) => {
  for (const name of ['load-balancer', 'router', 'director']) {
    const { status, stdout, stderr } = await example(name, '--help')
    t.same([status, stderr], [0, ''])
    t.match(stdout, new RegExp(`^usage: ${name} --router-id <A\\.B\\.C\\.D> --interface <device>`))
  }
})

t.test('wrong arguments: what is wrong, and status 2', async (t) => {
  const id = ['--router-id', '10.0.1.133']
  const lb = [...id, '--interface', 'eth0', '--vip', '10.0.1.100']
  const cases: readonly [name: string, args: readonly string[], says: string][] = [
    ['load-balancer', [], '--router-id is missing'],
    ['load-balancer', id, '--interface is missing'],
    ['load-balancer', lb.slice(0, 4), '--vip is missing'],
    [
      'load-balancer',
      [...lb, '--port', '70000'],
      "--port: expected a number from 1 to 65535, got '70000'",
    ],
    ['load-balancer', [...lb, '--prot', '80'], "Unknown option '--prot'"],
    ['router', [], '--router-id is missing'],
    ['router', id, '--interface is missing'],
    ['router', ['--router-id'], "Option '--router-id <value>' argument missing"],
    [
      'router',
      ['--router-id', 'r1', '--interface', 'eth0'],
      "routerId: expected an IPv4 address, got 'r1'",
    ],
  ]
  for (const [name, args, says] of cases) {
    const { status, stdout, stderr } = await example(name, ...args)
    t.equal(status, 2, `${name} ${args.join(' ')}`)
    t.equal(stdout, '')
    t.ok(stderr.startsWith(`${name}: ${says}`), stderr)
  }
})

t.test('a port that is taken ends it with status 1', async (t) => {
  const server = createServer().listen(0, '0.0.0.0')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const args = ['--router-id', '10.0.1.133', '--interface', 'eth0', '--vip', '10.0.1.100']
  t.match(await example('load-balancer', ...args, '--port', `${port}`), {
    status: 1,
    stderr: new RegExp(`^load-balancer: listen EADDRINUSE.*:${port}\\n$`),
  })
})
