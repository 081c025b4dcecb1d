/** The entry of the child process: `launch.ts` forks it, `host.ts` is what it does. */
import { realClock } from '../clock.ts'
import { OspfSpeaker } from '../speaker.ts'
import { Host } from './host.ts'
import { clockOrigin } from './launch.ts'
import type { FromChild, ToChild } from './messages.ts'

// Whether to end is the application's decision: a terminal's signals reach both of us.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
// Whoever reads our words may be gone before us.
process.stderr.on('error', () => {})
process.title = 'ospf-speaker (isolated)'

/** Messages that have not left. */
const leaving = new Set<FromChild>()
/** Milliseconds that the last ones have. */
const LAST_WORDS_MS = 2000

const host = new Host({
  clock: realClock,
  origin: clockOrigin(),
  send: (message) => {
    // a message that cannot go has nobody to go to: 'disconnect' follows
    if (!process.connected) return
    leaving.add(message)
    process.send?.(message, undefined, undefined, () => leaving.delete(message))
  },
  start: (options) => OspfSpeaker.start(options),
  exit: () => {
    const end = realClock.now() + LAST_WORDS_MS
    const look = (): void => {
      if (leaving.size === 0 || !process.connected || realClock.now() > end) process.exit(0)
      realClock.setTimer(1, look)
    }
    look()
  },
})
process.on('message', (message) => host.receive(message as ToChild))
process.on('disconnect', () => void host.disconnected())
