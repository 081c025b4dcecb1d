/** What `doctor` hears: nobody, somebody with other timers, somebody with our Router ID; beside a speaker that runs. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { HeardRouter, PreflightFinding } from '../../lib/index.ts'
import { Frr } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'

t.setTimeout(180_000)

const cli = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url))

const yaml = `routerId: 10.0.1.133
areas:
  0: { interfaces: { eth0: { helloInterval: 1, deadInterval: 4 } } }
`
const eth0 = { name: 'eth0', network: '10.0.1.0/24' }

interface Report {
  readonly findings: readonly PreflightFinding[]
  readonly heard: readonly HeardRouter[]
  readonly seconds: number
  readonly status: number
}

t.test('doctor hears the others', { skip: missing('frr') }, async (t) => {
  const lab = Lab.for(t)
  for (const node of ['box', 'frr', 'twin']) lab.node(node)
  lab.lan('lan', { box: '10.0.1.133/24', frr: '10.0.1.1/24', twin: '10.0.1.9/24' })
  const file = join(lab.directory, 'box.yaml')
  const socket = join(lab.directory, 'box.sock')
  writeFileSync(file, yaml)
  const doctor = async (...more: readonly string[]): Promise<Report> => {
    const argv = [process.execPath, cli, 'doctor', file, '--json', ...more]
    const ran = lab.spawn('box', argv, 'doctor')
    const status = Number(await ran.exited)
    return { ...(JSON.parse(ran.output) as Report), status }
  }
  const heard = /^(nothing-heard|no-multicast|ospf-|duplicate-|same-|not-heard-)/
  const said = ({ findings }: Report): string[] =>
    findings.filter(({ id }) => heard.test(id)).map(({ id, found }) => `${id}: ${found}`)

  const silent = await doctor('--listen', '1.5')
  t.match(said(silent), [/^nothing-heard: no OSPF packet came in on eth0 within 1\.\d s$/])
  t.same(silent.heard, [])
  const deaf = await doctor('--no-listen')
  t.same(said(deaf), [])
  t.equal(deaf.heard, undefined)

  const frr = new Frr(lab, 'frr', {
    routerId: '10.0.0.1',
    interfaces: [{ ...eth0, hello: 2, dead: 8 }],
  })
  await frr.start()
  /** Until the daemon speaks, which takes it some seconds. */
  const hears = async (isSo: (report: Report) => boolean, what: string): Promise<Report> => {
    let report: Report | undefined
    await until(
      async () => {
        report = await doctor('--listen', '3')
        return isSo(report)
      },
      { what, timeout: 45 },
    )
    return report!
  }
  const other = await hears(({ heard }) => heard.length > 0, 'doctor hears FRR')
  t.equal(other.status, 1)
  t.same(said(other), [
    'ospf-mismatch: HelloInterval of 10.0.1.1 on eth0 is 2 s, ours 1 s',
    'ospf-mismatch: RouterDeadInterval of 10.0.1.1 on eth0 is 8 s, ours 4 s',
    'not-heard-there: 10.0.1.1 (10.0.0.1) on eth0 does not list 10.0.1.133 among those that it hears',
  ])
  t.match(other.heard, [
    { address: '10.0.1.1', routerId: '10.0.0.1', area: '0.0.0.0', hello: { helloInterval: 2 } },
  ])

  await frr.vtysh(
    'configure terminal',
    'interface eth0',
    'ip ospf hello-interval 1',
    'ip ospf dead-interval 4',
  )
  const speaker = lab.spawn(
    'box',
    [process.execPath, cli, 'run', file, '--socket', socket],
    'ospf-speaker',
  )
  const isFull = async (): Promise<boolean> => (await frr.fullNeighbors()).includes('10.0.1.133')
  await until(isFull, { what: 'FRR and the speaker are Full', timeout: 60 })
  const beside = await hears((report) => said(report).length === 0, 'nothing is wrong')
  t.match(beside.heard, [{ address: '10.0.1.1', hello: { neighbors: ['10.0.1.133'] } }])
  t.equal(beside.heard.length, 1, 'it does not hear itself')
  t.ok(await isFull(), 'the speaker did not notice')
  t.notMatch(speaker.output, /Full -> /)

  const twin = new Frr(lab, 'twin', { routerId: '10.0.1.133', interfaces: [eth0] })
  await twin.start()
  const two = await hears(
    (report) => said(report).some((line) => line.startsWith('duplicate-router-id')),
    'doctor hears who has our Router ID',
  )
  t.equal(two.status, 1)
  t.ok(
    said(two).includes(
      'duplicate-router-id: 10.0.1.9 on eth0 has the Router ID 10.0.1.133, as we do',
    ),
  )
  await twin.stop()
  await speaker.stop(30)

  const nft = 'add table ip t; add chain ip t in { type filter hook input priority 0; }'
  await lab.exec('box', ['nft', `${nft}; add rule ip t in ip protocol 89 drop`])
  const walled = await doctor('--listen', '3')
  t.match(said(walled), [/^nothing-heard: /])
  t.ok(walled.findings.some(({ id }) => id === 'firewall-ospf'))
})
