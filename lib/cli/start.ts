/** The speaker of `run`, through the public names alone. */
import type { FrrOptions } from '../config/frr.ts'
import type { ResolvedNetworks, resolveNetworks } from '../config/networks.ts'
import {
  formatEvent,
  installStaticRoutes,
  kernelLinks,
  OspfSpeaker,
  type SpeakerEvent,
  type StaticRouteOptions,
  type StaticRoutes,
} from '../index.ts'
import { startOptions } from './options.ts'
import type { LogLevel, LogLine, RunningSpeaker } from './run.ts'

/** The devices now, by name. */
export function links(): Promise<Parameters<typeof resolveNetworks>[1]> {
  return kernelLinks()
}

/** Starts the speaker; addresses that are configured and not there are added first. */
export async function start(
  config: FrrOptions,
  resolved: ResolvedNetworks,
): Promise<RunningSpeaker> {
  const aside = new Aside()
  const statics = await addStaticRoutes(config, aside)
  let speaker: OspfSpeaker
  try {
    speaker = await OspfSpeaker.start(startOptions(config, resolved))
  } catch (error) {
    await statics?.[Symbol.asyncDispose]()
    throw error
  }
  return {
    routerId: config.routerId,
    neighbors: () => speaker.neighbors(),
    interfaces: () => speaker.interfaces(),
    routes: () => speaker.routes(),
    database: () => speaker.database(),
    log: aside.among(lines(speaker)),
    stop: async () => {
      await speaker.stop()
      // redistribution has let go of them
      await statics?.[Symbol.asyncDispose]()
    },
  }
}

/** `ip route`: there from before the start, so that redistribution finds them, until after the stop. */
async function addStaticRoutes(
  { staticRoutes = [] }: FrrOptions,
  log: Aside,
): Promise<StaticRoutes | undefined> {
  if (staticRoutes.length === 0) return undefined
  return installStaticRoutes({
    routes: staticRoutes.map(
      ({ file: _, line: __, tag: ___, ...route }): StaticRouteOptions => route,
    ),
    onError: (error) => log.say({ level: 'warning', text: error.message }),
  })
}

/** Lines that come from elsewhere, put among those of the speaker. */
class Aside {
  readonly #waiting: LogLine[] = []
  #wake: (() => void) | undefined

  say(line: LogLine): void {
    this.#waiting.push(line)
    this.#wake?.()
  }

  async *among(main: AsyncGenerator<LogLine>): AsyncGenerator<LogLine> {
    let next = main.next()
    for (;;) {
      yield* this.#waiting.splice(0)
      const woken = new Promise<undefined>((resolve) => {
        this.#wake = () => resolve(undefined)
      })
      const result = this.#waiting.length > 0 ? undefined : await Promise.race([next, woken])
      if (result === undefined) continue
      if (result.done) return
      yield result.value
      next = main.next()
    }
  }
}

async function* lines(events: AsyncIterable<SpeakerEvent>): AsyncGenerator<LogLine> {
  for await (const event of events) {
    // `run` says that itself, at its very end
    if (event.type !== 'stopped') yield { level: levelOf(event), text: formatEvent(event) }
  }
}

/** Events that an operator should look into. */
const warnings: ReadonlySet<string> = new Set([
  'mismatch',
  'duplicate-router-id',
  'self-originated',
  'limit',
  'overflow',
  'disguised-lsa',
  'attack',
  'error',
  'kernel',
  'sysctl',
])

function levelOf(event: SpeakerEvent): LogLevel {
  return warnings.has(event.type)
    ? 'warning'
    : event.type === 'spf' || event.type === 'opaque'
      ? 'debug'
      : 'info'
}
