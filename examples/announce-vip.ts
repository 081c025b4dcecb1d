/** Announces a VIP for as long as the application beside it is ready. The shortest useful speaker. */
import { formatEvent, healthy, http, OspfSpeaker } from 'ospf-speaker'

const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())

await using speaker = await OspfSpeaker.start({
  routerId: '10.0.1.133',
  areas: {
    '0.0.0.0': {
      interfaces: { eth0: { helloInterval: 1, deadInterval: 4, priority: 0, cost: 1 } },
    },
  },
  signal: stop.signal,
})

speaker.announce('10.0.1.100/32', {
  device: 'lo', // put the VIP there while it is announced
  when: healthy(http('http://127.0.0.1:8080/ready'), { interval: 1, rise: 2, fall: 3 }),
})

for await (const event of speaker) console.log(formatEvent(event))
// Leaving the block withdraws the VIP, waits for the routers' acknowledgement and cleans up.
