import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { type IcmpOptions, icmp } from '../../lib/health/icmp.ts'

const never = new AbortController().signal
const skip = process.getuid?.() === 0 ? false : 'needs root, for raw sockets'

t.test('a host that answers', { skip }, async (t) => {
  await icmp('127.0.0.1')(never)
  await icmp('localhost', { size: 0 })(never)
  await icmp('127.0.0.1', { size: 1472 })(never)
  const many = Array.from({ length: 50 }, (_, i) => icmp(`127.0.0.${i + 1}`)(never))
  t.equal((await Promise.all(many)).length, 50, 'each hears its own')
})

t.test('a host of IPv6', { skip }, async (t) => {
  // a network namespace of its own: not every host has IPv6 on lo
  const script = `
    const { icmp } = await import('${new URL('../../lib/health/icmp.js', import.meta.url)}')
    const abort = new AbortController()
    setTimeout(() => abort.abort(new Error('timed out')), 5000)
    await icmp('::1')(abort.signal)
    await icmp('2001:db8:0:0::1', { size: 1 })(abort.signal)
    await Promise.all(Array.from({ length: 20 }, () => icmp('::1')(abort.signal)))
    await icmp('2001:db8::2')(abort.signal).then(
      () => console.log('answered'),
      (error) => console.log(error.message),
    )
    process.exit()`
  const ready =
    'ip link set lo up && ip -6 addr add 2001:db8::1/128 dev lo nodad && sleep 0.1 && exec "$@"'
  const node = [process.execPath, '--input-type=module', '-e', script]
  const run = promisify(execFile)
  const { stdout } = await run('unshare', ['-n', 'sh', '-c', ready, 'sh', ...node])
  t.match(stdout.trim(), /unreachable/i)
})

t.test('a host that does not', { skip }, async (t) => {
  // a network namespace of its own, where nobody answers
  const script = `
    const { icmp } = await import('${new URL('../../lib/health/icmp.js', import.meta.url)}')
    const started = process.hrtime.bigint()
    const abort = new AbortController()
    setTimeout(() => abort.abort(new Error('timed out after 1 s')), 100)
    await icmp('127.0.0.1', { again: 0.02 })(abort.signal).then(
      () => console.log('answered'),
      (error) => console.log(error.message),
    )`
  const quiet = 'ip link set lo up && sysctl -qw net.ipv4.icmp_echo_ignore_all=1 && exec "$@"'
  const node = [process.execPath, '--input-type=module', '-e', script]
  const run = promisify(execFile)
  const { stdout } = await run('unshare', ['-n', 'sh', '-c', quiet, 'sh', ...node])
  t.equal(stdout.trim(), 'timed out after 1 s')
})

t.test('an abort', { skip }, async (t) => {
  await t.rejects(icmp('127.0.0.1')(AbortSignal.abort(new Error('stopped'))), {
    message: 'stopped',
  })
})

t.test('what cannot be asked for', async (t) => {
  const refuses = (host: string, options: unknown, message: RegExp): void => {
    t.throws(() => icmp(host, options as IcmpOptions), { code: 'ERR_OSPF_CONFIG', message })
  }
  refuses('', {}, /^host must be a name or an address/)
  refuses('127.0.0.1', { size: 1473 }, /^size must be a whole number from 0 to 1472/)
  refuses('127.0.0.1', { again: 0 }, /^again must be a number of seconds above 0/)
})
