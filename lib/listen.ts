/** Listens for other OSPF routers without a word of its own, beside a speaker that runs or before one does. */
import { realClock } from './clock.ts'
import { OspfError } from './errors.ts'
import { type HeardRouter, Listener } from './heard.ts'
import type { PreflightFinding } from './lvs/preflight-checks.ts'
import { parseOptions, type SpeakerOptions } from './options.ts'
import type { Clock, DatagramPort, DatagramSocket, Link } from './ports.ts'
import { reasonOf } from './reason.ts'

export interface ListenOptions {
  /** What is configured: who is heard is judged by it. Default: nothing is compared. */
  readonly options?: SpeakerOptions
  /** Devices, where nothing is configured; default: all that are up with an IPv4 address, but for lo. */
  readonly interfaces?: readonly string[]
  /** For so long, 0.1 to 3600; default: a second more than the longest HelloInterval, at most a minute. */
  readonly seconds?: number
  /** Aborted: it ends early, with what was heard by then. */
  readonly signal?: AbortSignal
}

export interface ListenReport {
  readonly seconds: number
  /** Where it was listened. */
  readonly interfaces: readonly string[]
  readonly heard: readonly HeardRouter[]
  readonly findings: readonly PreflightFinding[]
  readonly skipped: readonly { readonly what: string; readonly why: string }[]
}

/** What it stands on; the default is Linux. */
export interface ListenWorld {
  readonly clock: Clock
  readonly datagrams: Pick<DatagramPort, 'open'>
  readonly links: ReadonlyMap<string, Link>
}

/** Octets: Hellos are small, and the rest is not looked at. */
const RECEIVE_BUFFER = 256 * 1024

/**
 * Hears who says Hello (IP protocol 89 to 224.0.0.5) on the OSPF interfaces, and says what keeps them from becoming
 * neighbors: silence, multicast that does not arrive, timers, area, mask, authentication, our own Router ID. Nothing is
 * sent, and a speaker that runs here does not notice. Needs CAP_NET_RAW.
 * @throws OspfError ERR_OSPF_CONFIG, ERR_OSPF_PERMISSION, ERR_OSPF_NATIVE
 */
export async function listenForOspf(
  { options, interfaces, seconds, signal }: ListenOptions = {},
  world?: ListenWorld,
): Promise<ListenReport> {
  const parsed = options && parseOptions(options)
  if (seconds !== undefined && !(seconds >= 0.1 && seconds <= 3600)) {
    throw new OspfError('ERR_OSPF_CONFIG', `seconds: expected 0.1 to 3600, got ${seconds}`)
  }
  const { clock, datagrams, links } = world ?? (await linux())
  const wallOffset = clock.wall() - clock.now()
  const listener = new Listener(parsed, links, interfaces, clock.now(), wallOffset)
  const sockets: DatagramSocket[] = []
  const skipped = [...listener.skipped]
  const heardOn: string[] = []
  const time = seconds ?? listener.enough
  const begun = clock.now()
  try {
    for (const { name, link } of listener.places) {
      const { name: device, index, address } = link
      const open = (): DatagramSocket =>
        datagrams.open(
          { name: device, index, address },
          (datagram) => listener.hear(clock.now(), { ...datagram, interface: name }),
          (error) =>
            skipped.push({ what: `part of what came in on ${name}`, why: reasonOf(error) }),
        )
      sockets.push(open())
      heardOn.push(name)
    }
    if (sockets.length > 0) await pause(clock, time, signal)
  } finally {
    for (const socket of sockets) await socket[Symbol.asyncDispose]()
  }
  const passed = sockets.length === 0 ? 0 : Math.round((clock.now() - begun) / 100) / 10
  const findings = listener.findings(passed)
  return { seconds: passed, interfaces: heardOn, heard: listener.heard, findings, skipped }
}

function pause(clock: Clock, seconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(seconds * 1000, resolve)
    const end = (): void => {
      timer[Symbol.dispose]()
      resolve()
    }
    if (signal?.aborted) end()
    else signal?.addEventListener('abort', end, { once: true })
  })
}

async function linux(): Promise<ListenWorld> {
  const { readLinks } = await import('./linux/index.ts')
  const { RawSocketPort } = await import('./linux/socket.ts')
  const datagrams = new RawSocketPort({ receiveBuffer: RECEIVE_BUFFER })
  return { clock: realClock, datagrams, links: await readLinks() }
}
