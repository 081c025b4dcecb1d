/** The speaker of `run`, through the public names alone. */
import type { resolveNetworks } from '../config/networks.ts'
import { ConfiguredSpeaker } from '../configured.ts'
import { formatEvent } from '../events.ts'
import type { Config, ConfiguredEvent, SpeakerEvent } from '../index.ts'
import { formatDirectorEvent } from '../lvs/director-events.ts'
import { eventRecord } from '../observe/event-record.ts'
import { kernelLinks, kernelRoutes } from '../world.ts'
import { systemDevices } from './devices.ts'
import { EventRing } from './event-ring.ts'
import { tableReader } from './kernel-table.ts'
import type { LogLevel, LogLine } from './log.ts'
import type { RunningSpeaker } from './run.ts'
import { STATE_FOLDER } from './state-folder.ts'

/** The number of the table that is shown. */
const MAIN = 254

/** The devices now, by name. */
export function links(): Promise<Parameters<typeof resolveNetworks>[1]> {
  return kernelLinks()
}

/** Starts the speaker; addresses that are configured and not there are added first. */
export async function start(config: Config): Promise<RunningSpeaker> {
  const aside = new Aside()
  const wall = (): number => Date.now()
  const events = new EventRing(wall)
  const configured = await ConfiguredSpeaker.start(config, {
    stateFolder: STATE_FOLDER,
    onEvent: (event) => {
      const line = besides(event)
      events.add(event.type === 'director' ? `lvs-${event.event.type}` : event.type, line.text)
      aside.say(line)
    },
  })
  const { speaker } = configured
  const now = (): number => performance.now()
  const { isolate } = config
  // the table of another network namespace cannot be looked at from here
  const isElsewhere = typeof isolate === 'object' && isolate.namespace !== undefined
  const readTable = tableReader({ links: kernelLinks, routes: kernelRoutes, now })
  // the age of what is there counts from now
  if (!isElsewhere) void readTable(MAIN).catch(() => {})
  return {
    speaker,
    configured,
    get director() {
      return configured.director
    },
    get options() {
      return configured.config.options
    },
    events,
    devices: systemDevices,
    wall,
    now,
    ...(isElsewhere ? {} : { readTable }),
    log: aside.among(lines(speaker, events)),
    stop: async () => void (await configured.stop()),
  }
}

/** Of the director: what an operator should look into, and what comes and goes all the time. */
const directorLevels: Readonly<Record<string, LogLevel>> = {
  drift: 'warning',
  refused: 'warning',
  warning: 'warning',
  notify: 'warning',
  store: 'warning',
  lost: 'warning',
  weight: 'debug',
}

function besides(event: ConfiguredEvent): LogLine {
  if (event.type !== 'director') return { level: 'warning', text: event.error.message }
  const { event: said } = event
  const isLoss =
    (said.type === 'quorum' && !said.gained) ||
    (said.type === 'plane' && !said.ready) ||
    (said.type === 'server' && said.state === 'down')
  return {
    level: isLoss ? 'warning' : (directorLevels[said.type] ?? 'info'),
    text: formatDirectorEvent(said),
  }
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

async function* lines(
  events: AsyncIterable<SpeakerEvent>,
  ring: EventRing,
): AsyncGenerator<LogLine> {
  for await (const event of events) {
    ring.add(event.type, formatEvent(event))
    // `run` says that itself, at its very end
    if (event.type !== 'stopped')
      yield { level: levelOf(event), text: formatEvent(event), record: eventRecord(event) }
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
  // how routes are installed, and what was found at the start: nothing to look into
  if (event.type === 'kernel' && (event.what === 'mode' || event.what === 'leftover')) return 'info'
  return warnings.has(event.type)
    ? 'warning'
    : event.type === 'spf' || event.type === 'opaque'
      ? 'debug'
      : 'info'
}
