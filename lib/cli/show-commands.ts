/** The `show` commands. */
import { hostname, release, type } from 'node:os'
import { type Command, command, prefixOf } from './command.ts'
import type { LoggedEvent } from './event-ring.ts'
import type { Match } from './grammar.ts'
import { ipRouteText, summaryText } from './ip-route-text.ts'
import { configDocument, configText } from './running-config.ts'
import { databaseDocument, databaseText, type LsaQuestion, lsaKinds } from './show-database.ts'
import { eventLine, eventsText, spfText } from './show-events.ts'
import { interfaceDocument, interfaceText, trafficDocument, trafficText } from './show-interface.ts'
import { type IpRouteQuestion, ipRouteDocument, protocols, routeSummary } from './show-ip-route.ts'
import { formatKernel, kernelDocument } from './show-kernel.ts'
import { lsaDocument, lsaText } from './show-lsa.ts'
import { lvsDocument, lvsText } from './show-lvs.ts'
import {
  type NeighborQuestion,
  neighborDocument,
  neighborsOrNone,
  neighborText,
} from './show-neighbor.ts'
import { processDocument, processText } from './show-process.ts'
import { routeDocument, routersDocument, routersText, routeText } from './show-route.ts'
import { healthDocument, healthText, vipDocument, vipText } from './show-vip.ts'
import type { Operated } from './speaker-like.ts'
import { version } from './version.ts'
import { vrfHelp, withVrfs } from './vrf.ts'

const question = (match: Match<Command>): NeighborQuestion => {
  const [name, routerId] = [match.get('IFNAME'), match.get('A.B.C.D')]
  const bare = match.has('all') || name !== undefined || routerId !== undefined
  return { interface: name, routerId, detail: match.has('detail'), bare }
}

const lsas = (match: Match<Command>): LsaQuestion => {
  const adverts = match.after('adv-router')
  const lsId = match.words[5]
  return {
    adverts,
    lsId: match.has('A.B.C.D') && lsId !== undefined && lsId !== 'adv-router' ? lsId : undefined,
    own: match.has('self-originate'),
    maxAge: match.has('max-age'),
  }
}

/** FRR says what kind of area it is behind its number. */
const typesOf = ({ speaker }: Operated): Readonly<Record<string, string>> =>
  Object.fromEntries(speaker.status().areas.map(({ id, type }) => [id, type]))

const EVENTS = 50

const count = (match: Match<Command>): number => Number(match.get('COUNT') ?? EVENTS)

const routes = (match: Match<Command>): IpRouteQuestion => ({
  prefix: match.get('A.B.C.D/M'),
  address: match.get('A.B.C.D'),
  longer: match.has('longer-prefixes'),
  protocol: protocols.find((word) => match.has(word)),
})

const routeHelp: Readonly<Record<string, string>> = {
  kernel: 'Kernel routes (not installed by this process)',
  connected: 'Connected routes (directly attached subnet or host)',
  static: 'Statically configured routes',
  ospf: 'Open Shortest Path First (OSPFv2)',
  rip: 'Routing Information Protocol (RIP)',
  isis: 'Intermediate System to Intermediate System (IS-IS)',
  bgp: 'Border Gateway Protocol (BGP)',
  eigrp: 'Enhanced Interior Gateway Routing Protocol (EIGRP)',
  nhrp: 'Next Hop Resolution Protocol (NHRP)',
  babel: 'Babel routing protocol (Babel)',
  pbr: 'Policy Based Routing (PBR)',
  openfabric: 'OpenFabric Routing Protocol',
}

export const showCommands: readonly Command[] = withVrfs([
  command('show ip ospf [json]', processDocument, (document, { speaker }) =>
    processText(document, speaker.spf()),
  ),
  command(
    'show ip ospf neighbor [IFNAME|A.B.C.D] [detail] [all] [json]',
    ({ speaker, devices }, match) =>
      neighborsOrNone(speaker, question(match), (name) => devices(name) !== undefined),
    (document, _, match) => neighborText(document, question(match)),
  ),
  command(
    'show ip ospf neighbor all [detail] [json]',
    ({ speaker }, match) => neighborDocument(speaker, question(match)),
    (document, _, match) => neighborText(document, question(match)),
  ),
  command(
    'show ip ospf interface [IFNAME] [json]',
    ({ speaker, devices }, match) => interfaceDocument(speaker, devices, match.get('IFNAME')),
    interfaceText,
  ),
  command(
    'show ip ospf interface traffic [IFNAME] [json]',
    ({ speaker, devices }, match) => trafficDocument(speaker, devices, match.get('IFNAME')),
    trafficText,
  ),
  command(
    'show ip ospf database [self-originate] [json]',
    ({ speaker }, match) => databaseDocument(speaker, { own: match.has('self-originate') }),
    (document, operated) => databaseText(document, typesOf(operated)),
  ),
  command(
    'show ip ospf database adv-router A.B.C.D [json]',
    ({ speaker }, match) => databaseDocument(speaker, { adverts: match.get('A.B.C.D') }),
    (document, operated) => databaseText(document, typesOf(operated)),
  ),
  command(
    'show ip ospf database max-age [json]',
    ({ speaker }) => ({
      routerId: speaker.routerId,
      maxAgeLinkStates: Object.fromEntries(
        speaker
          .database()
          .filter(({ age }) => age >= 3600)
          .map(({ type, lsId, advertisingRouter }) => [
            lsId,
            { lsaType: type, linkStateId: lsId, advertisingRouter },
          ]),
      ),
    }),
    ({ routerId, maxAgeLinkStates }) => {
      const lines = Object.values(maxAgeLinkStates).map(
        (lsa) =>
          `Link type: ${lsa.lsaType}\nLink State ID: ${lsa.linkStateId}\nAdvertising Router: ${lsa.advertisingRouter}\n\n`,
      )
      return `\n       OSPF Router with ID (${routerId})\n\n\n                MaxAge Link States:\n\n${lines.join('')}`
    },
  ),
  ...lsaKinds.map((kind) =>
    command(
      `show ip ospf database ${kind.word} [A.B.C.D] [self-originate|adv-router A.B.C.D] [json]`,
      ({ speaker }, match) => lsaDocument(speaker, kind, lsas(match)),
      (document, operated) => lsaText(document, kind, typesOf(operated)),
    ),
  ),
  command(
    'show ip ospf route [detail] [json]',
    ({ speaker }, match) => routeDocument(speaker, match.has('detail')),
    (routes, { speaker }) => routeText({ routes, routers: speaker.status().routers }),
  ),
  command(
    'show ip ospf border-routers [json]',
    ({ speaker }) => routersDocument(speaker, true),
    (_, { speaker }) => routersText(speaker, true),
  ),
  command(
    'show ip ospf reachable-routers [json]',
    ({ speaker }) => routersDocument(speaker, false),
    (_, { speaker }) => routersText(speaker, false),
  ),
  command('show ip ospf kernel [json]', ({ speaker }) => kernelDocument(speaker), formatKernel),
  command(
    `show ip route [{${protocols.join('|')}}] [json]`,
    (operated, match) => ipRouteDocument(operated, routes(match)),
    (document, _, match) => ipRouteText(document, routes(match)),
    routeHelp,
  ),
  command(
    'show ip route {A.B.C.D|A.B.C.D/M} [json]',
    (operated, match) => ipRouteDocument(operated, routes(match)),
    (document, _, match) => ipRouteText(document, routes(match)),
  ),
  command(
    `show ip route A.B.C.D/M longer-prefixes [{${protocols.join('|')}}] [json]`,
    (operated, match) => ipRouteDocument(operated, routes(match)),
    (document, _, match) => ipRouteText(document, routes(match)),
    { ...routeHelp, 'longer-prefixes': 'Show route matching the specified Network/Mask pair only' },
  ),
  command('show ip route summary [json]', routeSummary, summaryText, {
    summary: 'Summary of all routes',
  }),
  // exporters that want both families ask so, and take no route for no answer
  command(
    'show ipv6 route [vrf {all|WORD}] summary [json]',
    () => ({}),
    () => 'IPv6 routes are not looked at\n',
    { ipv6: 'IPv6 information', summary: 'Summary of all routes', ...vrfHelp },
  ),
  command(
    'show version [json]',
    () => ({ version, os: `${type()}(${release()})`, host: hostname() }),
    ({ os, host }) => `ospf-speaker ${version} (${host}) on ${os}.\n`,
    { version: 'Displays the version of ospf-speaker' },
  ),
  command(
    'show running-config [json]',
    ({ options, speaker }) => {
      const announced = speaker.announcements().map(({ prefix }) => prefix)
      return configDocument(options, version, announced)
    },
    configText,
  ),
  command(
    'show vip [A.B.C.D|A.B.C.D/M] [json]',
    (operated, match) => vipDocument(operated, prefixOf(match)),
    (document, _, match) => {
      const lines = Object.values(document).flatMap(({ history }) => history)
      return prefixOf(match) === undefined
        ? vipText(document)
        : `${vipText(document)}${lines.map((line) => `${line}\n`).join('')}`
    },
  ),
  command('show lvs [stats|rate] [json]', lvsDocument, (document, _, match) =>
    lvsText(document, match),
  ),
  command('show health [json]', healthDocument, healthText),
  command('show spf [json]', ({ speaker }) => speaker.spf(), spfText),
  {
    ...command(
      'show events [COUNT] [follow] [json]',
      ({ events }, match) => events.latest(count(match)),
      eventsText,
    ),
    stream: (operated, match, signal) => follow(operated, match, signal),
  },
])

/** Events as they come, those of the ring first. One who reads too slowly loses the oldest, and is told. */
async function* follow(
  { events }: Operated,
  match: Match<Command>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const asLine = (event: LoggedEvent): string =>
    match.has('json') ? `${JSON.stringify(event)}\n` : `${eventLine(event)}\n`
  const first = events.latest(count(match))
  let number = events.count
  let wake = (): void => {}
  using _listener = events.listen(() => wake())
  const abort = (): void => wake()
  signal.addEventListener('abort', abort, { once: true })
  yield first.map(asLine).join('')
  while (!signal.aborted) {
    const more = events.after(number)
    const lost = (more[0]?.number ?? number + 1) - number - 1
    if (lost > 0 && !match.has('json')) yield `${lost} events lost: the reader is too slow\n`
    if (more.length > 0) {
      number = more.at(-1)!.number
      yield more.map(asLine).join('')
      continue
    }
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
}
