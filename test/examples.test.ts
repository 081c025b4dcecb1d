/** What the examples say to somebody who starts them for the first time. What they do: test/interop/demo.test.ts. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpServer, request } from 'node:http'
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
    ['http-proxy', [], '--pool is missing'],
    ['http-proxy', ['--pool', 'x'], "--pool: expected VIP=host:port,..., got 'x'"],
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

t.test('the sidecar says what its environment lacks', async (t) => {
  const { status, stdout } = await example('sidecar')
  t.equal(status, 2)
  t.match(JSON.parse(stdout), { level: 'error', message: 'ROUTER_ID is not set' })
})

t.test('the failover policy passes its tests', async (t) => {
  const file = fileURLToPath(new URL('../examples/failover-policy.test.js', import.meta.url))
  const env = { ...process.env }
  // or Node takes it for a child of this test
  delete env['NODE_TEST_CONTEXT']
  const { status, stdout } = await new Promise<{ status: number | null; stdout: string }>(
    (resolve) => {
      const args = ['--test', '--test-reporter=tap', file]
      const child = execFile(process.execPath, args, { env }, (_, out) =>
        resolve({ status: child.exitCode, stdout: out }),
      )
    },
  )
  t.equal(status, 0, stdout)
  t.match(stdout, /^# pass 6$/m)
})

interface Backend extends AsyncDisposable {
  readonly port: number
  isReady: boolean
  readonly asked: string[]
}

async function backend(name: string, port = 0): Promise<Backend> {
  const asked: string[] = []
  const state = { isReady: true }
  const server = createHttpServer((request, answer) => {
    if (request.url === '/ready') return answer.writeHead(state.isReady ? 200 : 503).end()
    const { method, url, headers } = request
    asked.push(`${method} ${url} ${headers['x-forwarded-for']} ${headers['x-hop'] ?? '-'}`)
    request.pipe(answer.writeHead(201, { 'x-backend': name }))
    return undefined
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(state, {
    asked,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  })
}

t.test(
  'the proxy: pools by address, X-Forwarded-For, and who is unwell gets nothing',
  async (t) => {
    await using a = await backend('a')
    await using b = await backend('b')
    await using c = await backend('c')
    const file = fileURLToPath(new URL('../examples/http-proxy.js', import.meta.url))
    const pools = [
      `10.0.1.100=127.0.0.1:${a.port},127.0.0.1:${b.port}`,
      `10.0.1.101=127.0.0.1:${c.port}`,
    ]
    const args = [file, '--port', '0', ...pools.flatMap((pool) => ['--pool', pool])]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    t.teardown(() => child.kill('SIGKILL'))
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    const until = async (what: string, done: () => boolean | Promise<boolean>): Promise<void> => {
      for (let i = 0; i < 1200; i++) {
        if (await done()) return
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      t.fail(`not in time: ${what}; ${said}`)
    }
    await until('both pools are up', () => /100: pool up/.test(said) && /101: pool up/.test(said))
    const port = Number(/port (\d+)/.exec(said)![1])
    const ask = (host: string, method = 'GET', body?: string): Promise<[number, string, string]> =>
      new Promise((resolve, reject) => {
        const headers = { host, 'x-forwarded-for': '192.0.2.7', connection: 'x-hop', 'x-hop': '1' }
        const asked = request(
          { port, path: '/x?y=z', method, headers, agent: false },
          async (answer) =>
            resolve([
              answer.statusCode!,
              String(answer.headers['x-backend']),
              (await answer.toArray()).join(''),
            ]),
        )
        asked.on('error', reject)
        asked.end(body)
      })
    t.same(await ask('10.0.1.101', 'POST', 'hello'), [201, 'c', 'hello'])
    t.same(c.asked, ['POST /x?y=z 192.0.2.7, 127.0.0.1 -'], 'no header of the hop itself')
    await until('both of the pool get some', async () => {
      await Promise.all([ask('10.0.1.100'), ask('10.0.1.100:80')])
      return a.asked.length > 0 && b.asked.length > 0
    })
    a.isReady = false
    await until('the one that is unwell gets nothing', async () => {
      const before = a.asked.length
      await Promise.all(Array.from({ length: 6 }, () => ask('10.0.1.100')))
      return a.asked.length === before
    })
    b.isReady = false
    await until('nobody is left', async () => (await ask('10.0.1.100'))[0] === 503)
    await until('the pool is down', () => said.includes('10.0.1.100: pool down'))
    t.equal((await ask('10.0.1.101'))[0], 201, 'the other pool is not concerned')
    t.equal((await ask('10.0.1.102'))[0], 404)
    child.kill('SIGTERM')
    const [code] = await once(child, 'exit')
    t.equal(code, 0)
  },
)
