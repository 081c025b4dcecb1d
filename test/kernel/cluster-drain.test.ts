/**
 * A planned drain of one of two directors, and its return, loses no connection: none in flight and none that is opened
 * meanwhile, whatever the router is, as both directors hash a client to the same server (mh) and take connections that
 * began at the other (sloppy_tcp). FRR and this library with plain routes hash every flow anew when a next hop leaves.
 */

import { KernelWatch } from '../../bench/kernel-watch.ts'
import type { ClientReport } from '../../bench/loss-agent.ts'
import {
  byCause,
  heard,
  inFlightAt,
  leastInFlight,
  openedAfter,
  startAgent,
} from '../../bench/loss-count.ts'
import { type Lab, until } from '../interop/lab.ts'
import {
  addresses,
  behind,
  Held,
  heldReport,
  maglev,
  maglevLines,
  pools,
  type RouterName,
  reached,
  sum,
  table,
  vip,
} from './cluster.ts'
import { type DirectorProcess, PATIENCE } from './director-process.ts'
import { inKernel, kernelLimit } from './vm.ts'

kernelLimit(400)

/** Connections that are kept open, with a line under way every second. */
const HELD = 120
/** Connections that are opened without pause, and answered with 64 KiB after half a second. */
const BRIEF = 30
const BRIEF_PORT = 8080
/** An emulated machine is slow: what is not over by then is lost. TCP has repeated itself some six times. */
const LOST_MS = 60_000
/** Through the director that is to go: some half of those. */
const LEAST = 50

const seconds = (count: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, count * 1000))

for (const router of ['FRR', 'ospf-speaker'] as const satisfies RouterName[]) {
  inKernel(`one of two is drained behind ${router}: nobody notices`, async (t) => {
    const services = [maglev(), maglev(BRIEF_PORT)]
    const agent = (lab: Lab, node: string, ...argv: readonly string[]) => {
      const child = startAgent(lab, node, ...argv)
      t.teardown(() => void child.kill('SIGKILL'))
      return heard(child, 'ready').then(() => child)
    }
    const { lab, directors } = await behind(t, router, ['d1', 'd2'], services, async (lab) => {
      for (const name of ['s1', 's2']) await agent(lab, name, 'server', `${BRIEF_PORT}`)
    })
    const [d1, d2] = directors as [DirectorProcess, DirectorProcess]
    await pools(lab, ['s1', 's2'], ['d1', 'd2'], BRIEF_PORT)
    const checksums = await Promise.all([d1, d2].map((one) => one.ask({ do: 'status' })))
    t.equal(checksums[0]?.checksum, checksums[1]?.checksum, 'both tables agree')
    using watch = new KernelWatch(lab.namespace('router'), vip)

    const held = await Held.open(lab, 80, HELD)
    const words = ['client', vip, `${BRIEF_PORT}`, `${BRIEF}`, `${LOST_MS}`]
    const brief = await agent(lab, 'client', ...words)
    await seconds(3)
    /** Connections that the kernel of a director knows, and that nobody has closed. */
    const connections = async (name: string): Promise<number> =>
      (await lab.exec(name, ['ipvsadm', '-Lnc']))
        .split('\n')
        .filter((line) => /^TCP +\S+ +ESTABLISHED/.test(line)).length
    const there = await connections('d2')
    t.ok(there >= LEAST, `${there} connections through the one that goes`)

    const since = Date.now()
    const result = await d2.ask({ do: 'drain', vip })
    t.match(result, { outcome: 'done', acknowledged: true })
    const changed = await until(
      () => watch.since(since, (hops) => hops[addresses.d2] === undefined),
      { what: 'the next hop is gone from the kernel of the router', timeout: PATIENCE },
    )
    await reached(lab, vip, 'd1')
    t.strictSame(
      (await table(lab, 'd2')).toSorted(),
      [...maglevLines(), ...maglevLines(BRIEF_PORT)].toSorted(),
      'its services stay, for what is late',
    )
    await seconds(5)
    const moved = await connections('d1')
    t.ok(moved >= HELD, `${moved} connections through the other now`)

    await d2.ask({ do: 'undrain', vip })
    await reached(lab, vip, 'd1', 'd2')
    const returned = Date.now()
    await seconds(5)
    const back = await connections('d2')
    t.ok(back >= LEAST, `${back} connections, and back`)

    const reported = heard<ClientReport>(brief, 'records')
    brief.send({})
    const { records, synRetransmissions } = await reported
    const report = await held.end()
    const inFlight = inFlightAt(records, changed)
    const after = openedAfter(records, changed)
    const again = inFlightAt(records, returned)
    t.comment(`${router}: ${heldReport(report)}`)
    t.comment(
      `${router}: drain: opened after the route changed: ${after.lost} of ${after.opened} lost; ` +
        `in flight at it: ${inFlight.lost + report.lost.length} of ${inFlight.opened + HELD} ` +
        `(${there} through the one that went); route changed after ${changed - since} ms; ` +
        `in flight at its return: ${again.lost} of ${again.opened + HELD}; ` +
        `SYNs again: ${synRetransmissions}`,
    )
    t.strictSame(byCause(records), {}, 'none of those that were opened without pause is lost')
    t.ok(leastInFlight(records, changed) >= BRIEF / 2, 'some were always in flight')
    t.ok(after.opened >= 100, `${after.opened} opened after it`)
    t.strictSame(report.lost, [], 'none of those that are kept, and none opened beside them')
    t.equal(sum(report.held), HELD)
    t.ok(report.lines >= HELD * 5, 'all of them were used all the while')
    t.strictSame(Object.keys(report.held).toSorted(), ['s1', 's2'])
  })
}
