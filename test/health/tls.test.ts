import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer, type TLSSocket } from 'node:tls'
import t from 'tap'
import { type TlsOptions, tls } from '../../lib/health/tls.ts'

const never = new AbortController().signal
const openssl = (() => {
  try {
    return execFileSync('openssl', ['version']).length > 0
  } catch {
    return false
  }
})()

t.test(
  'handshake and certificate',
  { skip: !openssl && 'no openssl to make a certificate' },
  async (t) => {
    const folder = t.testdir()
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const subject = ['-subj', '/CN=app.example', '-addext', 'subjectAltName=DNS:app.example']
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    const make = ['req', ...kind, '-keyout', key, '-out', cert, '-days', '10', ...subject]
    execFileSync('openssl', make, { stdio: 'ignore' })
    const ca = readFileSync(cert)
    const names: unknown[] = []
    const server = createServer({ key: readFileSync(key), cert: ca }, (socket: TLSSocket) => {
      names.push(socket.servername)
      socket.on('error', () => {}).write('* OK IMAP4rev1\r\n')
    })
    server.on('tlsClientError', () => {})
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => server.close())
    const target = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const named = { ca, servername: 'app.example' }

    await tls(target, { ...named, expect: 'IMAP' })(never)
    await tls(target, { ...named, expect: '* OK' })(never)
    t.same(names, ['app.example', 'app.example'])
    await tls(target, { rejectUnauthorized: false })(never)
    await t.rejects(tls(target, { servername: 'app.example' })(never), { message: /self.signed/ })
    await t.rejects(tls(target, { ca, servername: 'other.example' })(never), {
      message: /altnames|other\.example/,
    })
    await tls(target, { ...named, minimumDays: 5 })(never)
    await t.rejects(tls(target, { ...named, minimumDays: 30 })(never), {
      message: /^the certificate is valid for (9\.9|10\.0) days, expected 30$/,
    })
  },
)

t.test('nobody there', async (t) => {
  await t.rejects(tls('127.0.0.1:1')(never), { message: /ECONNREFUSED/ })
  await t.rejects(tls('127.0.0.1:1')(AbortSignal.abort(new Error('stopped'))), {
    message: 'stopped',
  })
})

t.test('what cannot be asked for', async (t) => {
  const refuses = (target: string, options: unknown, message: RegExp): void => {
    t.throws(() => tls(target, options as TlsOptions), { code: 'ERR_OSPF_CONFIG', message })
  }
  refuses('[::1', {}, /^target must be 'host:port'/)
  refuses('127.0.0.1:99999', {}, /^port must be/)
  refuses('127.0.0.1', { minimumDays: -1 }, /^minimumDays must be/)
})
