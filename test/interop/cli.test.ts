/** `ospf-speaker run` and `show` as an operator has them: the files of a Quagga pair, unchanged, beside FRR. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { cli, FrrFromFiles, readdressed, run, socketOf } from './boxes.ts'
import { classic, classicIds, nextHops } from './classic.ts'
import { Frr, full } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'

t.setTimeout(180_000)
t.jobs = 3

const fixtures = (role: 'director' | 'router'): string =>
  join('fixtures', 'configs', 'classic', role)
const vip = '10.0.1.100'

async function show<T>(lab: Lab, node: string, ...words: readonly string[]): Promise<T> {
  const argv = [process.execPath, cli, 'show', 'ip', 'ospf', ...words, 'json']
  return JSON.parse(await lab.exec(node, [...argv, '--socket', socketOf(lab, node)])) as T
}

type Json = { readonly [key: string]: Json } | readonly Json[] | string | number | boolean | null

interface Neighbors {
  readonly neighbors: Readonly<Record<string, readonly { readonly state: string }[]>>
}

const fullIn = ({ neighbors }: Neighbors): readonly string[] =>
  Object.keys(neighbors)
    .filter((id) => neighbors[id]?.some(({ state }) => state.startsWith('Full/')))
    .toSorted()

/** The second director's files: those of the first with its own address. */
const secondDirector = (lab: Lab): string =>
  readdressed(lab, fixtures('director'), { [classicIds.lb1]: classicIds.lb2 })

const addresses = (lab: Lab, node: string): Promise<string> =>
  lab.exec(node, ['ip', '-brief', 'address'])

t.test('directors beside an FRR router', { skip: missing('frr') }, async (t) => {
  const lab = Lab.for(t)
  await classic(lab)
  const router = await FrrFromFiles.start(lab, 'router', fixtures('router'))
  const before = await addresses(lab, 'lb1')
  const lb1 = await run(lab, 'lb1', fixtures('director'))
  const lb2 = await run(lab, 'lb2', secondDirector(lab))
  t.match(await addresses(lab, 'lb1'), `${vip}/32`, 'zebra.conf says so')
  const both = [classicIds.lb1, classicIds.lb2]
  await until(async () => fullIn(await router.show<Neighbors>('neighbor')).join() === both.join(), {
    what: 'the router is Full with both',
  })
  await until(async () => (await nextHops(lab, 'router', vip)).join() === both.join(), {
    what: 'two next hops for the VIP',
  })
  for (const node of ['lb1', 'lb2']) await lab.serve(node, vip, 80, node)
  const { answered, failed } = await lab.connections('client', vip, 80, 40)
  t.strictSame(failed, {})
  t.strictSame(Object.keys(answered).toSorted(), ['lb1', 'lb2'])

  // `ip protocol ospf route-map ANY` with a deny: learned, and not given to the kernel.
  // Not at once: FRR's second network-LSA comes within MinLSArrival of its first and has to be sent again.
  await until(
    async () => '10.0.1.0/24' in (await show<Record<string, unknown>>(lab, 'lb1', 'route')),
    { what: 'the director has learned the network' },
  )
  t.notMatch(await lab.exec('lb1', ['ip', 'route']), /proto (ospf|188)/)

  await sameKeys(t, router, lab, 'lb1')

  t.equal(await lb1.stop(15), 0, 'SIGTERM: status 0')
  t.strictSame(await nextHops(lab, 'router', vip), [classicIds.lb2], 'and the next hop is gone')
  t.equal(await addresses(lab, 'lb1'), before, 'the VIP is gone from lo')
  t.notOk(existsSync(socketOf(lab, 'lb1')), 'and so is the socket')
  t.match(lb1.output, /SIGTERM: stopping\n(.*\n)*.* stopped\n$/)
  t.ok(lb2.running)
})

/** Every key that FRR has for its side of the adjacency, this library has for its own. */
async function sameKeys(t: Test, router: FrrFromFiles, lab: Lab, node: string): Promise<void> {
  const first = (document: Json, ...path: readonly string[]): Json => {
    let at: Json = document
    for (const step of path) {
      const found: Json | undefined =
        typeof at === 'object' && at !== null
          ? step === '*'
            ? Object.values(at)[0]
            : (at as { readonly [key: string]: Json })[step]
          : undefined
      if (found === undefined)
        throw new Error(`no ${path.join('.')} in ${JSON.stringify(document)}`)
      at = found
    }
    return at
  }
  const keys = (value: Json): readonly string[] => Object.keys(value as object).toSorted()
  /** Of the Designated Router alone, which FRR is here. */
  const left = ['mcastMemberOspfDesignatedRouters', 'networkLsaSequence']
  const places: readonly (readonly [subject: string, ...path: string[]])[] = [
    ['neighbor'],
    ['neighbor', 'neighbors', classicIds.router, '*'],
    ['route', '10.0.1.0/24'],
    ['route', '10.0.1.0/24', 'nexthops', '*'],
    ['route', `${vip}/32`],
    ['database', 'areas', '0.0.0.0'],
    ['database', 'areas', '0.0.0.0', 'routerLinkStates', '*'],
    ['database', 'areas', '0.0.0.0', 'networkLinkStates', '*'],
    ['interface', 'interfaces'],
    ['interface', 'interfaces', 'eth0'],
  ]
  for (const [subject, ...path] of places) {
    const theirPath = path.map((step) => (step === classicIds.router ? classicIds.lb1 : step))
    const theirs = first(await router.show<Json>(subject), ...theirPath)
    const ours = first(await show<Json>(lab, node, subject), ...path)
    const lacking = keys(theirs).filter((key) => !keys(ours).includes(key))
    t.strictSame(
      lacking,
      path[0] === 'interfaces' && path.length > 1 ? left : [],
      `${subject} ${path.join('.')}: ${keys(theirs).join(' ')}`,
    )
  }
}

t.test('the router beside FRR directors', { skip: missing('frr') }, async (t) => {
  const lab = Lab.for(t)
  await classic(lab)
  const router = await run(lab, 'router', fixtures('router'))
  await FrrFromFiles.start(lab, 'lb1', fixtures('director'))
  await FrrFromFiles.start(lab, 'lb2', secondDirector(lab))
  const both = [classicIds.lb1, classicIds.lb2]
  await until(async () => (await nextHops(lab, 'router', vip)).join() === both.join(), {
    what: 'two next hops for the VIP',
  })
  t.strictSame(fullIn(await show<Neighbors>(lab, 'router', 'neighbor')), both)
  const route = (await lab.routes('router')).find(({ dst }) => dst === vip)
  t.match(route, { protocol: 'ospf' }, 'protocol 188')
  for (const node of ['lb1', 'lb2']) await lab.serve(node, vip, 80, node)
  const { answered, failed } = await lab.connections('client', vip, 80, 40)
  t.strictSame(failed, {})
  t.strictSame(Object.keys(answered).toSorted(), ['lb1', 'lb2'])
  t.equal(await router.stop(15), 0)
  t.strictSame(await nextHops(lab, 'router', vip), [], 'its routes go with it')
})

t.test('a director in a child process', { skip: missing('frr') }, async (t) => {
  const lab = Lab.for(t)
  const { router: plan } = await classic(lab)
  const router = new Frr(lab, 'router', plan)
  await router.start()
  const before = await addresses(lab, 'lb1')
  const only = [classicIds.lb1]
  const hops = async (wanted: readonly string[], what: string): Promise<void> => {
    await until(async () => (await nextHops(lab, 'router', vip)).join() === wanted.join(), { what })
  }
  const children = (pid: number): readonly string[] =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)

  const first = await run(lab, 'lb1', fixtures('director'), '--isolate')
  await hops(only, 'the VIP is announced')
  t.equal(children(first.pid).length, 1)
  t.strictSame(fullIn(await show<Neighbors>(lab, 'lb1', 'neighbor')), [classicIds.router])
  const database = await show<{ areas: object }>(lab, 'lb1', 'database')
  t.match(database, { areas: { '0.0.0.0': { routerLinkStatesCount: 2 } } }, 'as fresh as asked for')

  // a shell signals all of the group: the child leaves it to its application
  const [child] = children(first.pid)
  process.kill(Number(child), 'SIGTERM')
  process.kill(Number(child), 'SIGINT')
  await new Promise((resolve) => setTimeout(resolve, 500))
  t.same(children(first.pid), [child], 'it is still there')
  t.equal(await first.stop(15), 0)
  t.match(first.output, /SIGTERM: stopping\n(.*\n)*.* stopped\n$/)
  await hops([], 'withdrawn')
  t.equal(await addresses(lab, 'lb1'), before)
  t.notOk(existsSync(socketOf(lab, 'lb1')))
  t.notOk(existsSync(`/proc/${child}`), 'nothing runs on')

  const second = await run(lab, 'lb1', fixtures('director'), '--isolate')
  await hops(only, 'the VIP is announced again')
  // FRR takes no instance of an LSA sooner than a second after the last
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const killed = Date.now()
  await second.kill()
  await hops([], 'withdrawn by the child')
  t.comment(`next hop gone ${Date.now() - killed} ms after SIGKILL of the command`)
  await until(async () => (await addresses(lab, 'lb1')) === before, { what: 'the VIP is off lo' })
  // the socket of the dead one is no obstacle
  const third = await run(lab, 'lb1', fixtures('director'), '--isolate')
  await hops(only, 'the VIP is announced once more')
  t.equal(await third.stop(15), 0)
})

t.test('an interface without an address is waited for', { skip: missing('frr') }, async (t) => {
  const lab = Lab.for(t)
  lab.node('router')
  lab.node('lb1')
  lab.lan('lan', { router: `${classicIds.router}/24`, lb1: `${classicIds.lb1}/24` })
  await lab.exec('lb1', ['ip', 'address', 'flush', 'dev', 'eth0'])
  const frr = new Frr(lab, 'router', {
    routerId: classicIds.router,
    interfaces: [{ name: 'eth0', network: '10.0.1.0/24' }],
  })
  await frr.start()
  const folder = join(lab.directory, 'director')
  mkdirSync(folder)
  const ospfd = readFileSync(join(fixtures('director'), 'ospfd.conf'), 'utf8')
  writeFileSync(join(folder, 'ospfd.conf'), ospfd)
  writeFileSync(join(folder, 'zebra.conf'), 'hostname director-zebra\n')
  const lb1 = await run(lab, 'lb1', folder)
  t.ok(lb1.running)
  await until(() => /eth0 waits: it has no IPv4 address/.test(lb1.output), { what: 'it says so' })
  await lab.exec('lb1', ['ip', 'address', 'add', `${classicIds.lb1}/24`, 'dev', 'eth0'])
  await full(frr, [classicIds.lb1])
})

t.test('errors', { skip: missing() }, async (t) => {
  const lab = Lab.for(t)
  lab.node('a')
  lab.node('b')
  lab.lan('lan', { a: '10.0.1.1/24', b: '10.0.1.2/24' })
  const before = await addresses(lab, 'a')
  const file = join(lab.directory, 'bad.conf')
  const refused = async (text: string): Promise<{ status: number | string; said: string }> => {
    writeFileSync(file, text)
    const socket = socketOf(lab, 'a')
    const argv = [process.execPath, cli, 'run', '--frr', file, '--socket', socket]
    const started = lab.spawn('a', argv, 'ospf-speaker')
    const status = await started.exited
    return { status, said: started.output }
  }
  const head = 'interface eth0\n ip ospf cost 1\n!\nrouter ospf\n'
  const id = ' ospf router-id 10.0.1.1\n'
  const network = ' network 10.0.1.0/24 area 0\n'
  const cases: Readonly<Record<string, readonly [text: string, line: number, message: RegExp]>> = {
    'unknown statement': [`${head}${id}${network} frobnicate 5\n`, 7, /frobnicate/],
    'malformed network': [`${head}${id} network 10.0.1.0/33 area 0\n`, 6, /10\.0\.1\.0\/33/],
    'malformed router id': [`${head} ospf router-id 10.0.1.300\n${network}`, 5, /10\.0\.1\.300/],
    'malformed address': [
      `interface lo\n ip address 10.0.1.256/32\n!\n${head}${id}${network}`,
      2,
      /10\.0\.1\.256/,
    ],
  }
  for (const [name, [text, line, message]] of Object.entries(cases)) {
    const { status, said } = await refused(text)
    t.equal(status, 2, `${name}: status 2`)
    t.match(
      said,
      new RegExp(`^${file}:${line}: .*${message.source}`, 'm'),
      `${name}: ${said.trim()}`,
    )
  }
  const missingFile = ['run', '--frr', '/nonexistent.conf', '--socket', socketOf(lab, 'a')]
  const started = lab.spawn('a', [process.execPath, cli, ...missingFile], 'ospf-speaker')
  t.equal(await started.exited, 2)
  t.match(started.output, /nonexistent\.conf/)

  const { status, said } = await refused(`interface eth7\n ip ospf area 0\n!\n${head}${id}`)
  t.equal(status, 1, 'the machine lacks what the configuration wants')
  t.match(said, /interface eth7 does not exist/)
  t.equal(await addresses(lab, 'a'), before)
})
