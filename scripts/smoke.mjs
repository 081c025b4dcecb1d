/**
 * A speaker for pack-test.mjs, which runs two: announces a VIP on eth0 until it is Full with its neighbor and has
 * learned the other's VIP.
 *
 *     node smoke.mjs <router id> <VIP> <the other's VIP>
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { OspfSpeaker } from 'ospf-speaker'

const [routerId, vip, peer] = process.argv.slice(2)

await using_(async (speaker) => {
  speaker.announce(vip)
  const full = () => speaker.neighbors().some(({ state }) => state === 'Full')
  const learned = () => speaker.routes().some(({ prefix }) => prefix === peer)
  const end = Date.now() + 30_000
  while (!full() || !learned()) {
    if (Date.now() > end) {
      throw new Error(JSON.stringify({ neighbors: speaker.neighbors(), routes: speaker.routes() }))
    }
    await sleep(50)
  }
  // The other one wants to learn of ours, too.
  await sleep(2000)
})

/** `await using`, which Node 20 and 22 do not have. */
async function using_(body) {
  const speaker = await OspfSpeaker.start({
    routerId,
    areas: { '0.0.0.0': { interfaces: { eth0: { helloInterval: 1, deadInterval: 4 } } } },
  })
  try {
    await body(speaker)
  } finally {
    await speaker.stop()
  }
}
