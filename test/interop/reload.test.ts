/** Reloads under traffic beside FRR: cost, timers, a VIP, a key, an area; no adjacency and no connection is lost. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { classic, classicIds, nextHops } from './classic.ts'
import { Frr, full } from './daemons.ts'
import { Lab, type LabProcess, missing, until } from './lab.ts'

t.setTimeout(240_000)

const cli = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url))
const vip = '10.0.1.100'
const second = '10.0.1.101'

interface Settings {
  readonly cost?: number
  readonly hello?: number
  /** By id. */
  readonly keys?: Readonly<Record<number, string>>
  readonly more?: string
}

const yaml = (
  lab: Lab,
  { cost = 1, hello = 1, keys = { 1: 'one' }, more = '' }: Settings,
): string => `
routerId: ${classicIds.lb1}
areas:
  0.0.0.0:
    interfaces:
      eth0:
        cost: ${cost}
        helloInterval: ${hello}
        deadInterval: ${4 * hello + 4}
        priority: 0
        authentication:
          type: md5
          keys: [${Object.entries(keys)
            .map(([id, key]) => `{ id: ${id}, key: ${key} }`)
            .join(', ')}]
socket: ${join(lab.directory, 'lb1.sock')}
vips:
  ${vip}:
    device: lo
    when: { file: ${join(lab.directory, 'ready')}, interval: 0.2 }
${more}`

async function run(lab: Lab, node: string, ...files: readonly string[]): Promise<LabProcess> {
  const started = lab.spawn(node, [process.execPath, cli, 'run', ...files], 'ospf-speaker')
  await until(() => started.output.includes('started, router id') || !started.running, {
    what: `ospf-speaker on ${node} has started`,
  })
  return started
}

t.test('reloads under traffic', { skip: missing('frr') }, async (t) => {
  const lab = Lab.for(t)
  const { router: plan } = await classic(lab)
  // a network of its own behind the director, for an area that comes later
  lab.node('behind')
  lab.link({ lb1: '10.0.9.1/24', behind: '10.0.9.2/24' })
  const [eth0, ...others] = plan.interfaces
  const digest = ['ip ospf authentication message-digest', 'ip ospf message-digest-key 1 md5 one']
  const frr = new Frr(lab, 'router', {
    ...plan,
    interfaces: [{ ...eth0!, dead: 8, lines: digest }, ...others],
  })
  const file = join(lab.directory, 'lb1.yaml')
  const write = (settings: Settings): void => writeFileSync(file, yaml(lab, settings))
  const command = (...words: readonly string[]): Promise<string> =>
    lab.exec('lb1', [process.execPath, cli, ...words, '--socket', join(lab.directory, 'lb1.sock')])
  write({})
  writeFileSync(join(lab.directory, 'ready'), '')
  await frr.start()
  const lb1 = await run(lab, 'lb1', file)
  await full(frr, [classicIds.lb1])
  const reaches = (address: string, there = true): Promise<unknown> =>
    until(async () => (await nextHops(lab, 'router', address)).includes(classicIds.lb1) === there, {
      what: `${address} is ${there ? '' : 'not '}at lb1`,
      timeout: 30,
    })
  await reaches(vip)
  await lab.serve('lb1', vip, 80, 'lb1')
  // an ARP entry and a path that were never used are no part of this
  await lab.connections('client', vip, 80, 5)
  const since = Date.now()
  let isOver = false
  const failed: Record<string, number>[] = []
  let answered = 0
  const traffic = (async () => {
    while (!isOver) {
      const count = await lab.connections('client', vip, 80, 100)
      answered += count.answered['lb1'] ?? 0
      if (Object.keys(count.failed).length > 0) failed.push(count.failed)
    }
  })()
  traffic.catch(() => {})

  write({ cost: 5 })
  t.match(await command('check', file, '--diff'), /interface eth0: cost 1 -> 5/)
  t.match(await command('reload'), /interface eth0: cost 1 -> 5/)
  t.equal(await command('check', file, '--diff'), 'no change\n')

  const two = `  ${second}: { device: lo, when: { file: ${join(lab.directory, 'ready')}, interval: 0.2 } }\n`
  write({ cost: 5, more: two })
  // by signal
  lb1.signal('SIGHUP')
  await reaches(second)

  write({ cost: 5, hello: 2, more: two })
  await frr.vtysh(
    'configure',
    'interface eth0',
    'ip ospf hello-interval 2',
    'ip ospf dead-interval 12',
  )
  t.match(await command('reload'), /helloInterval 1 -> 2/)

  const both = { 1: 'one', 2: 'two' }
  write({ cost: 5, hello: 2, keys: both, more: two })
  t.match(await command('reload'), /authentication changed/)
  await frr.vtysh('configure', 'interface eth0', 'ip ospf message-digest-key 2 md5 two')
  const rolled = { 2: 'two' }
  write({ cost: 5, hello: 2, keys: rolled, more: two })
  t.match(await command('reload'), /authentication changed/, 'the old key goes')
  await frr.vtysh('configure', 'interface eth0', 'no ip ospf message-digest-key 1')

  const area = yaml(lab, { cost: 5, hello: 2, keys: rolled }).replace(
    '\nsocket:',
    '\n  0.0.0.1: { interfaces: { eth1: { passive: true } } }\nsocket:',
  )
  writeFileSync(file, area)
  t.match(await command('reload'), /area 0.0.0.1 added[\s\S]*VIP 10.0.1.101\/32 removed/)
  await reaches(second, false)

  writeFileSync(file, area.replace('cost: 5', 'cost: five'))
  await t.rejects(command('reload'), /cost: expected a whole number/)
  writeFileSync(file, area.replace('cost: 5', 'cost: 9'))
  t.match(await command('reload', '--confirm', '2'), /cost 5 -> 9[\s\S]*to be confirmed within 2 s/)
  await until(() => lb1.output.includes('rolled back: not confirmed'), {
    what: 'it is rolled back',
  })
  await t.rejects(command('confirm'), /no change waits/)

  // longer than any dead interval that there was: what was lost would be seen by now
  await new Promise((resolve) => setTimeout(resolve, 13_000))
  isOver = true
  await traffic
  t.comment(`${answered} connections answered during ${Math.round((Date.now() - since) / 1000)} s`)
  t.strictSame(failed, [], 'no connection failed')
  t.ok(answered > 100)
  const [neighbor] = (await frr.neighbors())[classicIds.lb1] ?? []
  t.match(neighbor?.state, /^Full/)
  t.notMatch(lb1.output, /Full -> /, 'the adjacency was never lost')
  t.ok(
    (neighbor as unknown as { upTimeInMsec: number }).upTimeInMsec > Date.now() - since,
    'nor was it for FRR',
  )
  t.equal(await lb1.stop(20), 0)
  t.notOk(existsSync(join(lab.directory, 'lb1.sock')))
})

t.test('the files of a Quagga pair', { skip: missing('frr') }, async (t) => {
  const lab = Lab.for(t)
  const { router: plan } = await classic(lab)
  const frr = new Frr(lab, 'router', plan)
  const files = ['ospfd.conf', 'zebra.conf'].map((name) => {
    const path = join(lab.directory, name)
    writeFileSync(path, readFileSync(`fixtures/configs/classic/director/${name}`, 'utf8'))
    return path
  })
  const socket = join(lab.directory, 'lb1.sock')
  await frr.start()
  const lb1 = await run(lab, 'lb1', '--frr', ...files, '--socket', socket)
  await full(frr, [classicIds.lb1])
  await until(async () => (await nextHops(lab, 'router', vip)).length === 1, { what: 'the VIP' })
  const [ospfd = ''] = files
  const reload = (): Promise<string> =>
    lab.exec('lb1', [process.execPath, cli, 'reload', '--socket', socket])
  t.equal(await reload(), 'no change\n', 'the addresses that it put there are its own')
  const text = readFileSync(ospfd, 'utf8')
  writeFileSync(ospfd, text.replace(/ip ospf cost 1\b/, 'ip ospf cost 7'))
  t.equal(await reload(), 'interface eth0: cost 1 -> 7\n')
  writeFileSync(ospfd, `${text}nonsense\n`)
  lb1.signal('SIGHUP')
  await until(() => lb1.output.includes('reload: nothing has changed'), { what: 'it is refused' })
  t.match(await lab.exec('lb1', ['ip', '-brief', 'address']), `${vip}/32`)
  t.strictSame(await nextHops(lab, 'router', vip), [classicIds.lb1])
  t.notMatch(lb1.output, /Full -> /)
  t.equal(await lb1.stop(20), 0)
})
