/** A VIP with everything that a pipeline can have, for the tests of its way up and down. */
import {
  Announcement,
  type AnnouncementOptions,
  type AnnouncementStepEvent,
  type GateVerdict,
} from '../lib/announcement.ts'
import type { Confirmation } from '../lib/vip-history.ts'
import { FakeClock, settle } from './health/fake-clock.ts'

export const prefix = '10.0.1.100/32'
const address = { device: 'lo', address: 0x0a000164, prefixLength: 32 }

/** A gate that is told what to say. */
export class Told implements AsyncIterable<GateVerdict> {
  #say: ((result: IteratorResult<GateVerdict>) => void) | undefined

  async say(
    healthy: boolean,
    reason: string = healthy ? 'passed' : 'failed',
    override?: 'down' | 'maintenance',
  ): Promise<void> {
    const value = { healthy, reason, ...(override && { override }) }
    this.#say?.({ done: false, value })
    await settle()
  }

  [Symbol.asyncIterator](): AsyncIterator<GateVerdict> {
    return {
      next: () =>
        new Promise((resolve) => {
          this.#say = resolve
        }),
      return: async () => ({ done: true, value: undefined }),
    }
  }
}

export interface Bench {
  readonly vip: Announcement
  readonly did: string[]
  readonly steps: AnnouncementStepEvent[]
  readonly clock: FakeClock
  readonly gate: Told
  /** Routers acknowledge after so many milliseconds; undefined: never. */
  acknowledgeAfter: number | undefined
  /** Connections that there are. */
  connections: number
}

/** A VIP with everything that a pipeline can have, noting what is done in order. */
export function make(more: Partial<AnnouncementOptions> = {}): Bench {
  const clock = new FakeClock()
  const did: string[] = []
  const steps: AnnouncementStepEvent[] = []
  const gate = new Told()
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      clock.setTimer(ms, resolve)
    })
  const confirm = async (signal: AbortSignal): Promise<Confirmation> => {
    const began = clock.now()
    const lsas = ['router LSA 10.0.1.133 0x80000005']
    const missing = { acknowledged: false, by: [], missing: ['10.0.0.1'], unaffected: [], lsas }
    const aborted = new Promise<Confirmation>((resolve) => {
      signal.addEventListener('abort', () => resolve(missing), { once: true })
    })
    if (bench.acknowledgeAfter === undefined) return aborted
    const acknowledged = pause(bench.acknowledgeAfter).then(() => ({
      acknowledged: true,
      by: [{ routerId: '10.0.0.1', interface: 'eth0', after: clock.now() - began }],
      missing: [],
      unaffected: [],
      lsas,
    }))
    return Promise.race([acknowledged, aborted])
  }
  const options: AnnouncementOptions = {
    prefix,
    when: gate,
    clock,
    address: {
      ...address,
      port: {
        add: async () => {
          did.push('add address')
          return true
        },
        remove: async () => void did.push('remove address'),
      },
    },
    prepare: () => void did.push('prepare'),
    release: () => void did.push('release'),
    announce: () => did.push('announce'),
    degrade: () => did.push('degrade'),
    withdraw: () => did.push('withdraw'),
    confirm,
    hold: async () => {
      did.push('hold')
      await pause(2000)
    },
    connections: () => bench.connections,
    onStep: (step) => steps.push(step),
    ...more,
  }
  const bench: Bench = {
    vip: new Announcement(options),
    did,
    steps,
    clock,
    gate,
    acknowledgeAfter: 10,
    connections: 0,
  }
  return bench
}
