/** The speaker of `run`, through the public names alone. */
import type { FrrOptions } from '../config/frr.ts'
import type { ResolvedNetworks, resolveNetworks } from '../config/networks.ts'
import { formatEvent, kernelLinks, OspfSpeaker, type SpeakerEvent } from '../index.ts'
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
  { isolate }: { readonly isolate: boolean },
): Promise<RunningSpeaker> {
  const speaker = await OspfSpeaker.start({ ...startOptions(config, resolved), isolate })
  return {
    routerId: config.routerId,
    neighbors: () => speaker.neighbors(),
    interfaces: () => speaker.interfaces(),
    routes: () => speaker.routes(),
    database: () => speaker.database(),
    kernel: () => speaker.kernel(),
    refresh: () => speaker.refresh(),
    log: lines(speaker),
    stop: async () => void (await speaker.stop()),
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
