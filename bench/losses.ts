/**
 * Clients open connections without pause to a VIP that two directors serve behind a router, each answered after half a
 * second. One director is drained, or its server dies: how many connections are lost, and of which?
 *
 * Lost means reset, refused, truncated or not over after 3 s. The directors run this library; the router is FRR, BIRD or
 * this library. All in namespaces, with a hash over ports in the router.
 */
import type { ChildProcess } from 'node:child_process'
import type { DownResult, SpeakerOptions } from '../lib/index.ts'
import { classic, classicIds } from '../test/interop/classic.ts'
import { Bird, Frr } from '../test/interop/daemons.ts'
import { type Lab, until } from '../test/interop/lab.ts'
import { onEth0 } from '../test/interop/speakers.ts'
import { KernelWatch } from './kernel-watch.ts'
import type { ClientReport, DirectorOptions, DirectorOrder } from './loss-agent.ts'
import {
  byCause,
  count,
  heard,
  inFlightAt,
  type LossCount,
  leastInFlight,
  openedAfter,
  startAgent,
} from './loss-count.ts'

const PORT = 8080
/** 'speaker' is this library with plain multipath, 'resilient' with resilient groups. */
export type LossRouter = 'frr' | 'bird' | 'speaker' | 'resilient'

export interface LossOptions {
  readonly router: LossRouter
  readonly event: 'drain' | 'gate'
  /** Connections under way; default 280. */
  readonly concurrency?: number
  /** Seconds of connections before the event; default 3. */
  readonly before?: number
  /** Seconds that a drain may wait; default 60. */
  readonly drain?: number
}

export interface LossResult {
  readonly router: LossRouter
  readonly event: LossOptions['event']
  /** Fewest under way before the event. */
  readonly leastInFlight: number
  /** Milliseconds from the failure of the server to the decision: what the checks take. */
  readonly failureToDecision: number
  /** From the decision to the kernel route of the router without the director. */
  readonly decisionToRoute: number
  /** From the decision to the weights that send it no new connections; undefined: the router has none. */
  readonly decisionToDrainBit: number | undefined
  /** Opened before the failure, or in its absence the decision, and under way then. */
  readonly inFlightAtFailure: LossCount
  readonly failureToDecisionOpened: LossCount
  readonly decisionToRouteOpened: LossCount
  /** Lost, and over before the route changed: while a drain waits, or a failure is yet to be acted upon. */
  readonly lostBefore: number
  /** Under way when the route changed. */
  readonly inFlightAtRoute: LossCount
  /** Opened after the route changed. */
  readonly after: LossCount
  /** How the others ended, by cause. */
  readonly failures: Readonly<Record<string, number>>
  readonly synRetransmissions: number
  readonly retransmissions: number
  /** Of a drain: connections that the director had left when it went, and whether the deadline had come. */
  readonly left: number | undefined
  readonly deadline: boolean
}

/** Runs one case in the namespaces of a lab that has nothing in it. */
export async function losses(lab: Lab, options: LossOptions): Promise<LossResult> {
  const { router, event, concurrency = 280, before = 3, drain = 60 } = options
  const { vip, router: plan } = await classic(lab)
  // every connection leaves its port in TIME-WAIT for a minute
  const ports = ['sysctl', '-qw', 'net.ipv4.ip_local_port_range=1024 65535']
  await lab.exec('client', ports)
  using watch = new KernelWatch(lab.namespace('router'), vip)
  const running: ChildProcess[] = []
  const start = (node: string, ...argv: string[]): ChildProcess => {
    const child = startAgent(lab, node, ...argv)
    running.push(child)
    return child
  }
  try {
    if (router === 'frr') await new Frr(lab, 'router', plan).start()
    else if (router === 'bird') await new Bird(lab, 'router', plan).start()
    else await heard(start('router', 'router', JSON.stringify(routerOptions(router))), 'ready')
    const directors = (['lb1', 'lb2'] as const).map((name) => {
      const speaker = onEth0(classicIds[name])
      const director: DirectorOptions = { speaker, vip, port: PORT }
      return start(name, 'director', JSON.stringify(director))
    })
    const leaving = classicIds.lb2
    await until(() => Object.keys(watch.now).length === 2, {
      what: 'both directors in the kernel of the router',
      timeout: 60,
    })
    // what has just come is settled, and ARP as well
    for (const name of ['lb1', 'lb2'] as const) {
      await lab.connections('router', classicIds[name], 9, 1)
    }
    const client = start('client', 'client', vip, `${PORT}`, `${concurrency}`)
    await heard(client, 'ready')
    await seconds(before)
    const director = directors[1]!
    const told =
      event === 'drain' ? heard<Drained>(director, 'result') : heard<Down>(director, 'down')
    const failing = event === 'gate' ? heard<Failed>(director, 'failedAt') : undefined
    director.send(
      (event === 'drain'
        ? { do: 'drain', timeout: drain }
        : { do: 'fail' }) satisfies DirectorOrder,
    )
    const said = await told
    const decided = 'result' in said ? said.decidedAt : said.at
    const failed = (await failing)?.failedAt ?? decided
    const isGone = (hops: Readonly<Record<string, number>>): boolean => hops[leaving] === undefined
    const changed = await until(() => watch.since(failed, isGone), {
      what: 'the next hop is gone from the kernel of the router',
    })
    const drainBit = watch.since(decided, (hops) => hops[leaving] === 1 && sum(hops) > 2)
    await seconds(2)
    const reported = heard<ClientReport>(client, 'records')
    client.send({})
    const { records, synRetransmissions, retransmissions } = await reported
    const result = 'result' in said ? said.result : undefined
    return {
      router,
      event,
      leastInFlight: leastInFlight(records, failed),
      failureToDecision: decided - failed,
      decisionToRoute: changed - decided,
      decisionToDrainBit: drainBit === undefined ? undefined : drainBit - decided,
      inFlightAtFailure: inFlightAt(records, failed),
      failureToDecisionOpened: count(records, ([at]) => at > failed && at <= decided),
      decisionToRouteOpened: count(records, ([at]) => at > decided && at <= changed),
      lostBefore: count(records, ([, ended]) => ended <= changed).lost,
      inFlightAtRoute: inFlightAt(records, changed),
      after: openedAfter(records, changed),
      failures: byCause(records),
      synRetransmissions,
      retransmissions,
      left: result?.connections,
      deadline:
        result?.steps.some((s) => s.step === 'connections' && s.outcome === 'timeout') ?? false,
    }
  } finally {
    for (const child of running.reverse()) child.kill('SIGKILL')
  }
}

interface Drained {
  readonly decidedAt: number
  readonly result: DownResult
}
interface Down {
  readonly down: true
  readonly at: number
}
interface Failed {
  readonly failedAt: number
}

/**
 * With resilient groups: an idle timer above the time of an answer, as a bucket that is idle for longer has no
 * connection to lose, and so many buckets that most of them have none.
 */
const routerOptions = (router: LossRouter): SpeakerOptions => {
  const { '0.0.0.0': area } = onEth0(classicIds.router, { priority: 1 }).areas
  return {
    routerId: classicIds.router,
    areas: { '0.0.0.0': { interfaces: { ...area!.interfaces, eth1: { passive: true } } } },
    installRoutes:
      router === 'resilient'
        ? { mode: 'resilient', resilient: { buckets: 8192, idleTimer: 1, unbalancedTimer: 0 } }
        : { mode: 'multipath' },
  }
}

const seconds = (s: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, s * 1000))

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((a, b) => a + b, 0)
