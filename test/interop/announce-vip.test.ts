/** examples/announce-vip.ts, the program of the README, on a director of the classic topology beside FRR. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { classic, classicIds, nextHops } from './classic.ts'
import { Frr, full } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'

t.setTimeout(150_000)

const example = fileURLToPath(new URL('../../examples/announce-vip.js', import.meta.url))
const vip = '10.0.1.100'

/** An application that is ready while there is a file. */
const application = `
const { existsSync } = require('node:fs')
require('node:http').createServer((_, answer) => {
  answer.statusCode = existsSync(process.argv[1]) ? 200 : 503
  answer.end()
}).listen(8080, '127.0.0.1', () => console.log('listening'))`

t.test('the first example', { skip: missing('frr') }, async (t) => {
  const lab = Lab.for(t)
  const { router: plan } = await classic(lab)
  const frr = new Frr(lab, 'router', plan)
  await frr.start()
  const ready = join(lab.directory, 'ready')
  const app = lab.spawn('lb1', [process.execPath, '-e', application, ready], 'application')
  const speaker = lab.spawn('lb1', [process.execPath, example], 'announce-vip')
  await full(frr, [classicIds.lb1])
  const at = (hops: readonly string[], what: string): Promise<unknown> =>
    until(async () => (await nextHops(lab, 'router', vip)).join() === hops.join(), {
      what,
      timeout: 40,
    })
  await until(() => app.output.includes('listening'), { what: 'the application listens' })
  t.strictSame(await nextHops(lab, 'router', vip), [], 'it is not ready')
  writeFileSync(ready, '')
  await at([classicIds.lb1], 'the router has the VIP')
  t.match(await lab.exec('lb1', ['ip', '-brief', 'address', 'show', 'lo']), `${vip}/32`)
  rmSync(ready)
  await at([], 'it fails: the VIP is gone')
  writeFileSync(ready, '')
  await at([classicIds.lb1], 'it is back')
  t.equal(await speaker.stop(20), 0, 'SIGTERM ends it well')
  await at([], 'nothing of it is left')
  t.notMatch(await lab.exec('lb1', ['ip', '-brief', 'address', 'show', 'lo']), vip)
  t.match(speaker.output, /VIP 10\.0\.1\.100\/32: down -> up/)
  t.match(speaker.output, /10\.0\.1\.136.* -> Full/)
})
