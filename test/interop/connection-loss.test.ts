/**
 * What no connection may suffer: behind FRR, BIRD and this library, those opened after the router's kernel has changed its
 * route are never lost, whether a director is drained or its server dies. bench/connection-loss.ts has the figures.
 */
import t from 'tap'
import { type LossRouter, losses } from '../../bench/losses.ts'
import { Lab, missing } from './lab.ts'

t.setTimeout(400_000)

const routers = ['frr', 'bird', 'speaker', 'resilient'] as const satisfies LossRouter[]

for (const router of routers) {
  const skip = missing(...(router === 'frr' || router === 'bird' ? [router] : []))
  for (const event of ['drain', 'gate'] as const) {
    t.test(`${router}: ${event}`, { skip }, async (t) => {
      const lab = Lab.for(t)
      const result = await losses(lab, { router, event, before: 2, drain: 8 })
      t.comment(JSON.stringify(result))
      t.equal(result.after.lost, 0, `${result.after.opened} opened after it`)
      t.ok(result.after.opened > 300)
      t.equal(result.synRetransmissions, 0)
      t.ok(result.leastInFlight >= 200, `${result.leastInFlight} in flight before it`)
      if (event === 'gate') {
        t.ok(result.inFlightAtFailure.lost > 0, 'it is a failure')
        return
      }
      // the wait for connections is for routers that send new ones elsewhere
      t.equal(result.decisionToDrainBit !== undefined, router === 'resilient')
      if (router !== 'resilient') return
      t.equal(result.lostBefore, 0, 'none of those that ended before it')
      if (!result.deadline) t.equal(result.inFlightAtRoute.lost, 0, 'none was left when it went')
    })
  }
}
