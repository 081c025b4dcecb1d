import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { type DnsOptions, dns } from '../../lib/health/dns.ts'

const never = new AbortController().signal

type Answer = { readonly rcode: number; readonly type?: number; readonly data?: readonly number[] }

/** A DNS server as small as they come: one question in, one record out. */
async function serve(t: Test, answer: (name: string, type: number) => Answer | undefined) {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  socket.on('message', (query, { port, address }) => {
    let at = 12
    const labels: string[] = []
    while (query[at] !== 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!))
      at += 1 + query[at]!
    }
    const end = at + 5
    const answered = answer(labels.join('.'), query.readUInt16BE(at + 1))
    if (answered === undefined) return
    const { rcode, type, data } = answered
    const header = Buffer.alloc(12)
    query.copy(header, 0, 0, 2)
    header.writeUInt16BE(0x8180 | rcode, 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(data ? 1 : 0, 6)
    const record = data
      ? [0xc0, 12, 0, type!, 0, 1, 0, 0, 0, 60, data.length >> 8, data.length & 0xff, ...data]
      : []
    socket.send(
      Buffer.concat([header, query.subarray(12, end), Buffer.from(record)]),
      port,
      address,
    )
  })
  t.teardown(() => socket.close())
  return { host: '127.0.0.1', port: socket.address().port }
}

t.test('an address', async (t) => {
  const asked: [string, number][] = []
  const server = await serve(t, (name, type) => {
    asked.push([name, type])
    return name === 'www.example' ? { rcode: 0, type: 1, data: [10, 0, 0, 7] } : { rcode: 3 }
  })
  await dns(server, { name: 'www.example', type: 'A' })(never)
  await dns(server, { name: 'www.example', type: 'A', answer: '10.0.0.7' })(never)
  t.same(asked[0], ['www.example', 1])
  await t.rejects(dns(server, { name: 'www.example', type: 'A', answer: '10.0.0.8' })(never), {
    message: 'www.example A: answered 10.0.0.7, expected 10.0.0.8',
  })
  await t.rejects(dns(server, { name: 'gone.example', type: 'A' })(never), {
    message: 'gone.example A: NXDOMAIN, expected NOERROR',
  })
  await dns(server, { name: 'gone.example', type: 'A', rcode: 'NXDOMAIN' })(never)
})

t.test('by default the SOA of the root, as keepalived asks', async (t) => {
  const name = [1, 0x61, 0]
  const numbers = Array.from({ length: 20 }, (_, i) => (i % 4 === 3 ? 1 : 0))
  const server = await serve(t, (asked, type) =>
    asked === '' && type === 6
      ? { rcode: 0, type: 6, data: [...name, ...name, ...numbers] }
      : { rcode: 2 },
  )
  await dns(server)(never)
  await dns(server, { answer: 'a' })(never)
  await t.rejects(dns(server, { name: 'x.example', type: 'A' })(never), {
    message: /^x\.example A: .*ESERVFAIL|SERVFAIL/,
  })
})

t.test('a server that does not answer', async (t) => {
  const server = await serve(t, () => undefined)
  const abort = new AbortController()
  const run = dns(server)(abort.signal)
  setTimeout(() => abort.abort(new Error('timed out after 1 s')), 20)
  await t.rejects(run, { message: 'timed out after 1 s' })
  await t.rejects(dns(server)(abort.signal), { message: 'timed out after 1 s' })
})

t.test('what cannot be asked for', async (t) => {
  const refuses = (server: string, options: unknown, message: RegExp): void => {
    t.throws(() => dns(server, options as DnsOptions), { code: 'ERR_OSPF_CONFIG', message })
  }
  refuses('ns.example', {}, /^server must be an address/)
  refuses('10.0.0.53', { type: 'ANY' }, /^type must be one of A, AAAA/)
  refuses('10.0.0.53', { rcode: 'REFUSED' }, /^rcode must be/)
  refuses('10.0.0.53', { name: '' }, /^name must be a domain name/)
})
