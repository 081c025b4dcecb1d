/** `npm run demo` in namespaces, and with it the examples: the library as load balancer and as router, and real traffic. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { missing } from './lab.ts'

const main = fileURLToPath(new URL('../../scripts/demo/main.js', import.meta.url))

t.setTimeout(120_000)

t.test('the demo in namespaces', { skip: missing(), timeout: 90_000 }, async (t) => {
  const { status, stdout, stderr } = await new Promise<{
    status: number | null
    stdout: string
    stderr: string
  }>((resolve) => {
    const child = execFile(process.execPath, [main], (_, stdout, stderr) =>
      resolve({ status: child.exitCode, stdout, stderr }),
    )
  })
  t.comment(stdout)
  t.equal(stderr, '')
  t.equal(status, 0)
  t.equal(stdout.match(/^✔ /gm)?.length, 9, 'eight steps and the end')
  t.notMatch(stdout, /✘/)
})
