/** The commands that do something, and those that ask what if. */
import { setTimeout } from 'node:timers/promises'
import {
  type AnnouncementHandle,
  type AnnounceOptions,
  type DownResult,
  formatWhatIf,
  formatWhy,
  type WhatIfChange,
} from '../index.ts'
import { action, type Command, command, countOf, prefixOf } from './command.ts'
import type { Match } from './grammar.ts'
import { RefusedError } from './refused.ts'
import { drainServer, serverDrainText, undrainServer } from './show-lvs.ts'
import type { NeighborView, Operated } from './speaker-like.ts'
import { block, duration } from './text.ts'

interface Done {
  readonly done: string
}

const said = ({ done }: Done): string => block(done)

function announcementOf({ speaker }: Operated, match: Match<Command>): AnnouncementHandle {
  const vip = prefixOf(match)
  const all = speaker.announcements()
  const found = all.find(({ prefix }) => prefix === vip)
  if (found !== undefined) return found
  const known = all.map(({ prefix }) => prefix).join(', ') || 'none'
  throw new RefusedError(`VIP ${vip} is not announced here (announced: ${known})`)
}

/** What was given, and nothing else. */
const defined = <T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }

async function announce({ speaker }: Operated, match: Match<Command>): Promise<Done> {
  const isExternal = match.has('external')
  const type = countOf(match, 'type')
  const options = defined({
    ...(isExternal ? { as: 'external' } : {}),
    cost: countOf(match, 'cost'),
    weight: countOf(match, 'weight'),
    area: match.after('area'),
    device: match.after('device'),
    type,
    metric: countOf(match, 'metric'),
    tag: countOf(match, 'tag'),
  }) as AnnounceOptions
  const announcement = speaker.announce(prefixOf(match)!, options)
  await up(announcement)
  return { done: `VIP ${announcement.prefix} is announced: ${announcement.state}` }
}

/** A VIP that nothing holds back is up as soon as its address is there: waits for that, a second at most. */
async function up(announcement: AnnouncementHandle): Promise<void> {
  for (let i = 0; i < 40 && announcement.state === 'down'; i++) await setTimeout(25)
}

interface DownDocument {
  readonly vips: Readonly<Record<string, DownResult>>
}

/** Who knows that it is gone. */
function heardText({ outcome, acknowledged, by, missing, unaffected, steps }: DownResult): string {
  if (outcome === 'undone') return 'it was put back into service meanwhile'
  if (!acknowledged) return `not acknowledged by ${missing.join(', ') || 'everybody'}`
  if (by.length > 0) return `acknowledged by ${by.map(({ routerId }) => routerId).join(', ')}`
  if (unaffected.length > 0) {
    return `with nothing new for ${unaffected.join(', ')} to acknowledge: the announcement had not left yet`
  }
  const wasAnnounced = steps.some(({ step }) => step === 'withdraw')
  return wasAnnounced ? 'with no adjacent router to acknowledge' : 'it was not announced'
}

const downText = ({ vips }: DownDocument): string => {
  const lines = Object.entries(vips).map(
    ([vip, down]) => `VIP ${vip}: ${down.outcome} after ${duration(down.took)}, ${heardText(down)}`,
  )
  return block(...(lines.length > 0 ? lines : ['there was no VIP to take out of service']))
}

async function drain(operated: Operated, match: Match<Command>): Promise<DownDocument> {
  const options = {
    ...defined({ timeout: countOf(match, 'timeout') }),
    reason: 'drained by request',
  }
  if (prefixOf(match) === undefined) return { vips: await operated.speaker.drain(options) }
  const announcement = announcementOf(operated, match)
  return { vips: { [announcement.prefix]: await announcement.drain(options) } }
}

function undrain(operated: Operated, match: Match<Command>): Done {
  if (prefixOf(match) === undefined) {
    operated.speaker.undrain()
    return { done: 'the speaker is back in service' }
  }
  const announcement = announcementOf(operated, match)
  announcement.undrain()
  return { done: `VIP ${announcement.prefix} is back in service: ${announcement.state}` }
}

async function force(operated: Operated, match: Match<Command>): Promise<Done> {
  const announcement = announcementOf(operated, match)
  const state = match.has('up') ? 'up' : match.has('down') ? 'down' : undefined
  announcement.force(state, 'forced by request')
  if (state === 'up') await up(announcement)
  const how = state === undefined ? 'follows its gate again' : `is forced ${state}`
  return { done: `VIP ${announcement.prefix} ${how}: ${announcement.state}` }
}

function clear({ speaker }: Operated, match: Match<Command>): Done {
  const [name, neighbor] = [match.get('IFNAME'), match.get('A.B.C.D')]
  if (name !== undefined && !speaker.interfaces().some((on) => on.name === name)) {
    throw new RefusedError(`no OSPF interface ${name}`)
  }
  if (neighbor !== undefined && !speaker.neighbors().some((n) => n.routerId === neighbor)) {
    throw new RefusedError(`no neighbor ${neighbor}`)
  }
  const what = match.has('neighbor') ? 'neighbors' : 'interfaces'
  speaker.reset({ what, ...defined({ interface: name, neighbor }) })
  return { done: `${what} are started anew` }
}

interface WhyDocument {
  readonly vip?: { readonly prefix: string; readonly state: string; readonly history: string[] }
  readonly neighbors?: readonly NeighborView[]
  /** What was said of it lately. */
  readonly events?: readonly string[]
  readonly route?: Awaited<ReturnType<Operated['speaker']['why']>>
}

/** A VIP, a neighbor, and the route to it: all that the word may mean. */
async function why({ speaker, events }: Operated, match: Match<Command>): Promise<WhyDocument> {
  const word = match.words[1]!
  const vip = speaker
    .announcements()
    .find(({ prefix }) => prefix === word || prefix === `${word}/32`)
  const neighbors = speaker
    .neighbors()
    .filter(
      ({ routerId, address, hostname }) =>
        routerId === word || address === word || hostname === word,
    )
  const names = new Set([
    word,
    ...neighbors.flatMap(({ routerId, address }) => [routerId, address]),
  ])
  const isOf = (text: string): boolean => text.split(/[\s(),:]+/).some((each) => names.has(each))
  const isDestination = prefixOf(match) !== undefined
  if (!isDestination && neighbors.length === 0) {
    throw new RefusedError(`${word} is no VIP, no neighbor and no destination`)
  }
  return {
    ...(vip === undefined
      ? {}
      : { vip: { prefix: vip.prefix, state: vip.state, history: vip.why() } }),
    ...(neighbors.length === 0 ? {} : { neighbors }),
    events: events
      .latest(1000)
      .filter(({ type, text }) => (type === 'neighbor' || type === 'mismatch') && isOf(text))
      .slice(-10)
      .map(({ text }) => text),
    ...(isDestination ? { route: await speaker.why(word) } : {}),
  }
}

const whyText = ({ vip, neighbors, events, route }: WhyDocument): string =>
  block(
    ...(vip === undefined ? [] : [`VIP ${vip.prefix} is ${vip.state}`, ...vip.history]),
    ...(neighbors ?? []).map(
      (n) =>
        `neighbor ${n.routerId} (${n.address}) on ${n.interface} is ${n.state} for ${duration(n.upTime * 1000)} (${n.lastEvent})`,
    ),
    ...(events ?? []).map((text) => `  ${text}`),
    ...(route === undefined ? [] : [formatWhy(route)]),
  )

const HYPOTHESES = [
  'what-if link-cost {neighbor|address} A.B.C.D cost COUNT [router WORD] [json]',
  'what-if link-down {neighbor|address} A.B.C.D [router WORD] [json]',
  'what-if router-down WORD [json]',
  'what-if drain [WORD] [json]',
  'what-if withdraw A.B.C.D/M [router WORD] [json]',
  'what-if interface-cost IFNAME COUNT [json]',
  'what-if interface-down IFNAME [json]',
]

const hypothesisHelp = {
  drain: 'A router sends no traffic through itself: this one, or another',
  WORD: 'A router: its Router ID or its name',
}

function change(match: Match<Command>): WhatIfChange {
  const type = match.words[1] as WhatIfChange['type']
  const prefix = match.get('A.B.C.D/M')
  const isPlain = type === 'router-down' || type === 'drain'
  return defined({
    type,
    neighbor: match.after('neighbor'),
    address: match.after('address'),
    router: isPlain ? match.get('WORD') : match.after('router'),
    prefix,
    interface: match.get('IFNAME'),
    cost: match.has('COUNT') ? Number(match.get('COUNT')) : undefined,
  }) as WhatIfChange
}

const serverHelp = {
  server: 'A real server, as ADDRESS:PORT',
  service: 'Of this virtual service alone: its name, or its ADDRESS:PORT',
}

const VIP = '{A.B.C.D|A.B.C.D/M}'

export const actionCommands: readonly Command[] = [
  action(
    `announce ${VIP} [cost COUNT] [area A.B.C.D] [weight COUNT] [device IFNAME] [json]`,
    announce,
    said,
  ),
  action(
    `announce ${VIP} external [type COUNT] [metric COUNT] [tag COUNT] [weight COUNT] [device IFNAME] [json]`,
    announce,
    said,
  ),
  action(
    `withdraw ${VIP} [json]`,
    async (operated, match): Promise<DownDocument> => {
      const announcement = announcementOf(operated, match)
      return { vips: { [announcement.prefix]: await announcement.withdraw() } }
    },
    downText,
    { withdraw: 'Announce a VIP no more' },
  ),
  action(`drain [A.B.C.D|A.B.C.D/M] [timeout COUNT] [json]`, drain, downText),
  action('undrain [A.B.C.D|A.B.C.D/M] [json]', undrain, said),
  action(
    'drain server WORD [service WORD] [timeout COUNT] [json]',
    drainServer,
    serverDrainText,
    serverHelp,
  ),
  action('undrain server WORD [service WORD] [json]', undrainServer, said, serverHelp),
  action(`force ${VIP} {up|down|auto} [json]`, force, said, {
    up: 'Whatever the gate says',
    down: 'Whatever the gate says',
  }),
  action('clear ip ospf {process|neighbor [A.B.C.D]|interface [IFNAME]} [json]', clear, said, {
    neighbor: 'Reset OSPF Neighbor',
  }),
  command('why {A.B.C.D|A.B.C.D/M|WORD} [json]', why, whyText),
  ...HYPOTHESES.map((syntax) =>
    command(
      syntax,
      ({ speaker }, match) => speaker.whatIf(change(match)),
      (differences) => block(formatWhatIf(differences)),
      hypothesisHelp,
    ),
  ),
]
