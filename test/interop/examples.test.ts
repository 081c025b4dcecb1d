/** The examples of a sidecar and of an HTTP proxy at work: a client reaches their VIPs through a router that learned them. */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { classic, classicIds, nextHops } from './classic.ts'
import { Frr } from './daemons.ts'
import { Lab, type LabProcess, missing, until } from './lab.ts'

t.setTimeout(120_000)

const example = (name: string): string =>
  fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url))

/** Answers /ready, and anything else with its name and whom the request was forwarded for. */
const backend = `
  const [name, port] = process.argv.slice(1)
  require('node:http').createServer(({ headers }, reply) => {
    reply.end(name + ' for ' + headers['x-forwarded-for'])
  }).listen(Number(port), () => console.log('listening'))`

/** Prints what a GET is answered, or why there is no answer. */
const get = `
  const ask = require('node:http').get(process.argv[1], { agent: false, timeout: 5000 }, (answer) => {
    let text = answer.statusCode + ' '
    answer.setEncoding('utf8').on('data', (data) => (text += data)).on('end', () => console.log(text))
  })
  ask.on('timeout', () => ask.destroy(new Error('no answer')))
  ask.on('error', ({ message }) => console.log(message))`

const proxied = ['10.0.1.100', '10.0.1.101'] as const
const besideIt = '10.0.1.102'

t.test('the sidecar and the HTTP proxy', { skip: missing('frr') }, async (t) => {
  const lab = Lab.for(t)
  const { router } = await classic(lab)
  const frr = new Frr(lab, 'router', router)
  await frr.start()
  const serve = async (node: string, name: string, port: number): Promise<LabProcess> => {
    const server = lab.spawn(node, [process.execPath, '-e', backend, name, `${port}`], name)
    await until(() => server.output.includes('listening'), { what: `${name} listens` })
    return server
  }
  const ask = async (address: string): Promise<string> =>
    (await lab.exec('client', [process.execPath, '-e', get, `http://${address}/`])).trim()
  const reached = (vip: string, ...through: readonly string[]): Promise<unknown> =>
    until(async () => (await nextHops(lab, 'router', vip)).join() === through.join(), {
      what: `${vip} is reached through ${through.join() || 'nobody'}`,
      timeout: 60,
    })

  // the backends of both pools, and the application of the sidecar
  const red = await serve('lb2', 'red', 8081)
  const blue = await serve('lb2', 'blue', 8082)
  const green = await serve('lb2', 'green', 8083)
  const application = await serve('lb2', 'application', 8080)
  const to = (port: number): string => `${classicIds.lb2}:${port}`
  const proxy = lab.spawn('lb1', [
    ...[process.execPath, example('http-proxy'), '--router-id', classicIds.lb1],
    ...['--interface', 'eth0'],
    ...['--pool', `${proxied[0]}=${to(8081)},${to(8082)}`, '--pool', `${proxied[1]}=${to(8083)}`],
  ])
  const environment = {
    ROUTER_ID: classicIds.lb2,
    INTERFACE: 'eth0',
    VIP: besideIt,
    READY_URL: 'http://127.0.0.1:8080/ready',
    LIVE: '127.0.0.1:9100',
  }
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  const sidecar = lab.spawn('lb2', ['env', ...variables, process.execPath, example('sidecar')])

  await Promise.all(proxied.map((vip) => reached(vip, classicIds.lb1)))
  await reached(besideIt, classicIds.lb2)
  t.equal(
    await ask(proxied[0]),
    '200 red for 10.0.2.10',
    'the first of those with the fewest requests',
  )
  t.equal(await ask(proxied[1]), '200 green for 10.0.2.10')
  t.match(await ask(`${besideIt}:8080`), /^200 application/)
  const live = ['-e', get, 'http://127.0.0.1:9100/live']
  t.match(await lab.exec('lb2', [process.execPath, ...live]), /^200/)

  // one backend of two: the other serves; the only one: its VIP goes, and no other
  await Promise.all([red.kill(), green.kill(), application.kill()])
  await reached(proxied[1])
  await reached(besideIt)
  t.equal(await ask(proxied[0]), '200 blue for 10.0.2.10')
  t.strictSame(await nextHops(lab, 'router', proxied[0]), [classicIds.lb1])
  await Promise.all([serve('lb2', 'green', 8083), serve('lb2', 'application', 8080)])
  await reached(proxied[1], classicIds.lb1)
  await reached(besideIt, classicIds.lb2)
  t.match(sidecar.output, /"event":"announcement"/)

  t.same(await Promise.all([proxy.stop(30), sidecar.stop(30)]), [0, 0])
  for (const vip of [...proxied, besideIt]) t.strictSame(await nextHops(lab, 'router', vip), [])
  for (const node of ['lb1', 'lb2'])
    t.notMatch(await lab.exec(node, ['ip', 'address', 'show', 'lo']), /10\.0\.1\.10/)
  t.ok(blue.running)
})
