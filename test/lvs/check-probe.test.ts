/** Checks as data, over real sockets, files and processes. */
import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcp, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { parseCheck, runnableCheck } from '../../lib/lvs/check-probe.ts'
import type { CheckOptions } from '../../lib/lvs/director-options.ts'

const signal = (): AbortSignal => AbortSignal.timeout(5000)

/** Runs every step of a check once. */
async function run(check: CheckOptions, port = 1, defaults: 'own' | 'keepalived' = 'own') {
  const place = { address: '127.0.0.1', port, defaults, delayLoop: 5 }
  const outcomes: unknown[] = []
  for (const step of runnableCheck('check', parseCheck('check', check), place).steps) {
    outcomes.push(await step(signal()))
  }
  return outcomes
}

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

t.test(
  'http: digest, status, virtual host, regular expressions and their offsets, several pages',
  async (t) => {
    const server = createServer((request, response) => {
      if (request.url === '/gone') response.statusCode = 404
      response.end(`hello ${request.headers.host} of ${request.url}`)
    })
    t.teardown(() => server.close())
    const port = await listening(server)
    const body = 'hello www.example.com of /a'
    const digest = createHash('md5').update(body).digest('hex').toUpperCase()
    const host = 'www.example.com'
    const good: CheckOptions[] = [
      { type: 'http' },
      { type: 'http', host, urls: [{ path: '/a', digest }] },
      { type: 'http', host, path: '/gone', urls: undefined as never } as CheckOptions,
      { type: 'http', urls: [{ path: '/gone', status: ['300-399', 404] }] },
      { type: 'http', urls: [{ path: '/gone', status: '100-499' }] },
      { type: 'http', urls: [{ path: '/a', host, regex: 'EXAMPLE', regexFlags: 'i' }] },
      { type: 'http', path: '/a', host, body: 'of /a', digest },
      { type: 'http', host, urls: [{ path: '/a', digest }] },
      { type: 'http', urls: [{ path: '/a', regex: 'o', regexMinOffset: 5 }] },
      { type: 'http', urls: [{ path: '/a', regex: 'bye', regexNoMatch: true }] },
      { type: 'http', urls: [{ path: '/a' }, { path: '/b', body: 'of /b' }] },
    ]
    for (const [i, check] of good.entries()) {
      if (i === 2) await t.rejects(run(check, port), /status 404, expected 200-299/)
      else await t.resolves(run(check, port), `check ${i}`)
    }
    const bad: readonly (readonly [CheckOptions, RegExp])[] = [
      [{ type: 'http', urls: [{ path: '/a', digest }] }, /digest [0-9a-f]{32}, expected/],
      [
        { type: 'http', urls: [{ regex: 'h', regexMinOffset: 1, regexMaxOffset: 1 }] },
        /does not match/,
      ],
      [{ type: 'http', urls: [{ regex: 'hello', regexNoMatch: true }] }, /matches \/hello\//],
      [{ type: 'http', urls: [{}, { path: '/gone' }] }, /status 404/],
      [{ type: 'http', urls: [{ digest: 'abc' }] }, /check: digest must be 32 hexadecimal digits/],
      [{ type: 'http', path: '/a', urls: [{}] }, /path: expected no urls beside it/],
      [{ type: 'http', urls: [{ regex: '(' }] }, /regex: expected a regular expression/],
    ]
    for (const [check, words] of bad) await t.rejects(run(check, port), words)
  },
)

t.test('smtp: greeting, HELO, QUIT', async (t) => {
  const said: string[] = []
  let answer = '250-me\r\n250 pleased\r\n'
  const server = createTcp((socket) => {
    socket.write('220 mail ESMTP\r\n')
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      said.push(chunk.toString().trim())
      socket.write(chunk.toString().startsWith('QUIT') ? '221 bye\r\n' : answer)
    })
  })
  t.teardown(() => server.close())
  const port = await listening(server)
  await run({ type: 'smtp', helo: 'lb.example.com' }, port)
  t.same(said, ['HELO lb.example.com', 'QUIT'])
  answer = '554 no\r\n'
  await t.rejects(run({ type: 'smtp' }, port), /the answer to HELO is '554 no', expected 250/)
  t.throws(
    () =>
      runnableCheck(
        'check',
        { type: 'smtp', helo: 'a b' },
        { address: '127.0.0.1', port, defaults: 'own', delayLoop: 1 },
      ),
    {
      code: 'ERR_OSPF_CONFIG',
    },
  )
})

t.test('udp: payload, reply by mask, lengths', async (t) => {
  const server = createSocket('udp4')
  t.teardown(() => server.close())
  server.on('message', (message, from) =>
    server.send(Buffer.from([...message, 0xab, 0xcd]), from.port),
  )
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
  const { port } = server.address()
  const payload = '01 02'
  await run({ type: 'udp', payload }, port)
  await run({ type: 'udp', payload, requireReply: '0102axxd' }, port)
  await run(
    { type: 'udp', payload, requireReply: true, minReplyLength: 4, maxReplyLength: 4 },
    port,
  )
  await t.rejects(
    run({ type: 'udp', payload, requireReply: '02' }, port),
    /answer is 0102abcd, expected 02/,
  )
  await t.rejects(
    run({ type: 'udp', payload, requireReply: true, minReplyLength: 5 }, port),
    /4 octets, expected 5 to 255/,
  )
})

t.test('dns: keepalived is content with an answer that has no records', async (t) => {
  const server = createSocket('udp4')
  t.teardown(() => server.close())
  server.on('message', (query, from) => {
    const reply = Buffer.from(query)
    reply.writeUInt16BE(0x8180, 2)
    server.send(reply, from.port, from.address)
  })
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await t.resolves(run({ type: 'dns', query: 'example.com' }, port, 'keepalived'))
  await t.rejects(run({ type: 'dns', query: 'example.com' }, port), /NODATA, expected NOERROR/)
})

t.test('misc: exit codes, and with dynamic those that are weights', async (t) => {
  const exit = (code: number, dynamic = false): Promise<unknown[]> =>
    run({ type: 'misc', command: ['/bin/sh', '-c', `echo says ${code}; exit ${code}`], dynamic })
  t.same(await exit(0), [undefined])
  await t.rejects(exit(1), /exit code 1: says 1/)
  await t.rejects(exit(1, true), /exit code 1/)
  await t.rejects(exit(7), /exit code 7/, 'without dynamic')
  t.same(await exit(7, true), [{ weight: 5 }])
  t.same(await exit(255, true), [{ weight: 253 }])
  const place = { address: '127.0.0.1', port: 1, defaults: 'own', delayLoop: 5 } as const
  const check = { type: 'misc', command: ['/bin/true'] } as const
  t.equal(runnableCheck('check', check, place).timeout, 5, 'its time is the delay_loop')
})

t.test('file: the number times the weight, or good and bad', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ospf-file-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'weight')
  const file = (text: string | undefined, more: object = {}): Promise<unknown[]> => {
    if (text === undefined) rmSync(path, { force: true })
    else writeFileSync(path, text)
    return run({ type: 'file', path, ...more })
  }
  t.same(await file('3\n', { weight: 10 }), [{ add: 30 }])
  t.same(await file('-3', { weight: 10, reverse: true }), [{ add: 30 }])
  t.same(await file('0'), [undefined])
  t.same(await file(undefined), [undefined], 'no file is 0')
  await t.rejects(file('1'), /holds 1/)
  t.same(await file('1', { reverse: true }), [undefined])
  await t.rejects(file('-2147483648', { weight: 1 }), /a fault/)
  await t.rejects(file('many', { weight: 1 }), /holds no number/)
})

t.test('tcp and a function', async (t) => {
  const server = createTcp((socket) => socket.end('ready\n'))
  t.teardown(() => server.close())
  const port = await listening(server)
  await run({ type: 'tcp', regex: '^rea' }, port)
  await t.rejects(run({ type: 'tcp', expect: 'steady' }, port), /does not contain 'steady'/)
  const place = { address: '127.0.0.1', port, defaults: 'own', delayLoop: 5 } as const
  const probe = async (): Promise<void> => {
    throw new Error('not today')
  }
  const check = runnableCheck('check', parseCheck('check', probe), place)
  t.equal(check.name, 'probe')
  await t.rejects(check.steps[0]!(signal()), /not today/)
})
