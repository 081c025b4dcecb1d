import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import host from 'node:process'
import t from 'tap'
import { type OverrideGate, type OverrideOptions, override } from '../../lib/health/override.ts'
import { FakeClock, settle, until } from './fake-clock.ts'
import { listen, Told } from './gates.ts'

t.test('by a call', async (t) => {
  const clock = new FakeClock()
  const web = new Told('web', clock)
  const gate = override({ clock }, web)
  const { words, said, stop } = listen(gate)
  await settle()
  await web.tell(true)
  gate.force('down', 'bad release')
  await settle()
  t.match(said.at(-1), {
    healthy: false,
    reason: 'forced down: bad release',
    override: 'down',
  })
  t.equal(gate.override, 'down')
  gate.force('maintenance')
  await settle()
  t.match(said.at(-1), { healthy: false, override: 'maintenance' }, 'still closed, and news')
  await web.tell(false, 'refused')
  gate.force('up')
  await settle()
  t.match(said.at(-1), { healthy: true, reason: 'forced up: by request' })
  gate.force(undefined)
  await settle()
  t.equal(words().at(-1), 'down: refused', 'the gate decides again')
  t.equal(gate.override, undefined)
  stop()
  await settle()
  t.equal(clock.pending, 0)
  gate.force('up')
  t.equal(gate.verdict, undefined, 'nobody reads')
  const again = listen(gate)
  await settle()
  t.same(again.words(), ['up: forced up: by request'], 'but it was heard')
  again.stop()
})

t.test('before anything is proven', async (t) => {
  const clock = new FakeClock()
  const gate = override({ clock }, new Told('web', clock))
  const { words, stop } = listen(gate)
  await settle()
  t.same(words(), [])
  gate.force('up')
  await settle()
  gate.force(undefined)
  await settle()
  t.same(words(), ['up: forced up: by request', 'down: nothing proven yet'])
  stop()
})

t.test('by a signal: once to set, again to take it back', async (t) => {
  const clock = new FakeClock()
  const web = new Told('web', clock)
  const before = host.listenerCount('SIGUSR2')
  const gate = override({ clock, signals: { SIGUSR2: 'maintenance', SIGHUP: 'down' } }, web)
  t.equal(host.listenerCount('SIGUSR2'), before, 'only while somebody reads')
  const { words, stop } = listen(gate)
  await settle()
  await web.tell(true)
  host.emit('SIGUSR2', 'SIGUSR2')
  await settle()
  t.equal(words().at(-1), 'down: forced maintenance: by SIGUSR2')
  host.emit('SIGHUP', 'SIGHUP')
  await settle()
  t.equal(words().at(-1), 'down: forced down: by SIGHUP')
  host.emit('SIGHUP', 'SIGHUP')
  await settle()
  t.equal(words().at(-1), 'up: passed')
  stop()
  await settle()
  t.equal(host.listenerCount('SIGUSR2'), before)
})

t.test('by a file', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'override-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const file = join(folder, 'vip')
  const clock = new FakeClock()
  const web = new Told('web', clock)
  const gate = override({ clock, file }, web)
  /** Until the file has been read and is waited for again. */
  const looked = (): Promise<void> => until(() => clock.pending > 0)
  const next = async (text: string | undefined): Promise<void> => {
    if (text === undefined) await rm(file, { recursive: true })
    else await writeFile(file, text)
    await clock.advance(1000)
    await looked()
  }
  await writeFile(file, 'down\n')
  const { stop } = listen(gate)
  await settle()
  await looked()
  await web.tell(true)
  const reason = (): string | undefined => gate.verdict?.reason
  t.equal(reason(), `forced down: by ${file}`, 'from the start')
  await next('UP since the check is wrong\nsecond line')
  t.match(gate.verdict, { healthy: true, override: 'up' })
  t.equal(reason(), `forced up: by ${file}: since the check is wrong`)
  await next('maintenance disks\n')
  t.match(gate.verdict, { healthy: false, override: 'maintenance' })
  await next('dwon')
  t.match(gate.verdict, { override: 'maintenance' }, 'a typing error changes nothing')
  t.match(reason(), /; .* says 'dwon', which is none of up, down, maintenance, auto$/)
  await next('')
  t.same([reason(), gate.override], ['passed', undefined])
  await next('down')
  await next('auto')
  t.equal(reason(), 'passed')
  await next('down')
  await next(undefined)
  t.equal(reason(), 'passed', 'not there')
  gate.force('up')
  await next('down')
  t.match(gate.verdict, { override: 'up' }, 'a call goes before the file')
  stop()
  await settle()
  t.equal(clock.pending, 0)
})

t.test('a file that cannot be read', async (t) => {
  const clock = new FakeClock()
  const web = new Told('web', clock)
  const gate = override({ clock, file: tmpdir() }, web)
  const { stop } = listen(gate)
  await settle()
  await until(() => clock.pending > 0)
  await web.tell(true)
  t.match(gate.verdict, { healthy: true })
  t.match(gate.verdict?.reason, /^passed; cannot read .*EISDIR/)
  stop()
})

t.test('a gate that was disposed, and what cannot be used', async (t) => {
  const clock = new FakeClock()
  const web = new Told('web', clock)
  const { words, stop } = listen(override({ clock }, web))
  await settle()
  web[Symbol.dispose]()
  await settle()
  t.same(words(), ['down: gate ended'])
  stop()
  const refused = (message: string, act: () => void): void => {
    t.throws(act, { code: 'ERR_OSPF_CONFIG', message })
  }
  const make = (options: unknown): OverrideGate => override(options as OverrideOptions, web)
  refused("file must be a path, got ''", () => make({ file: '' }))
  refused('fileInterval must be a number of seconds above 0, got 0', () =>
    make({ fileInterval: 0 }),
  )
  refused("signals: SIGUSR2 must be one of up, down, maintenance, got 'off'", () =>
    make({ signals: { SIGUSR2: 'off' } }),
  )
  refused("override must be one of up, down, maintenance or undefined, got 'off'", () =>
    make({}).force('off' as 'down'),
  )
})
