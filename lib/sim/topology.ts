/** Networks from text: a few lines of our own, or a map in GML as the Internet Topology Zoo has them. */
import { OspfError } from '../errors.ts'
import type { Member, Network, SegmentOptions } from './network.ts'
import type { SimNode } from './node.ts'
import { SimRouter } from './router.ts'

/** Where a line is, for errors. */
interface Place {
  readonly file: string
  readonly line: number
}

const failure = ({ file, line }: Place, must: string, got: string): OspfError =>
  new OspfError('ERR_OSPF_CONFIG', `${file}:${line}: expected ${must}, got '${got}'`)

const numbers = [
  'cost',
  'priority',
  'mtu',
  'helloInterval',
  'deadInterval',
  'retransmitInterval',
  'delay',
  'jitter',
  'loss',
  'duplication',
  'reordering',
  'metric',
  'metricType',
] as const
const ofSegments = [...numbers.slice(0, -2), 'area', 'network'] as const
const ofMembers = ['cost', 'priority', 'mtu', 'area', 'address'] as const
const networks = ['broadcast', 'point-to-point', 'point-to-multipoint'] as const

type Settings = Record<string, string | number>

/** 'cost=5' as a setting; undefined: it is none. */
function setting(
  word: string,
  allowed: readonly string[],
  place: Place,
): [string, string | number] | undefined {
  const at = word.indexOf('=')
  if (at < 0) return undefined
  const [name, value] = [word.slice(0, at), word.slice(at + 1)]
  if (!allowed.includes(name)) throw failure(place, `one of ${allowed.join(', ')}`, name)
  if (name === 'network' && !(networks as readonly string[]).includes(value)) {
    throw failure(place, `network ${networks.join(', ')}`, value)
  }
  if (!(numbers as readonly string[]).includes(name)) return [name, value]
  const number = Number(value)
  if (value === '' || !Number.isFinite(number) || number < 0)
    throw failure(place, `a number for ${name}`, value)
  return [name, number]
}

/**
 * Builds a network of a few lines. `#` begins a remark.
 * ```
 * router r1 10.0.0.1            # the Router ID, if it matters
 * host client gateway=10.0.1.1
 * lan office 10.0.1.0/24 cost=10 helloInterval=1 deadInterval=4 r1 priority=5 r2 client
 * link r1 r2 cost=5 area=0.0.0.1
 * announce r2 10.0.9.9/32 cost=3
 * external r1 0.0.0.0/0 metric=5 metricType=1
 * ```
 * What stands before the first member of a lan, or after both ends of a link, holds for all; what follows a member of a
 * lan, for that member. Times in seconds.
 * @param file what errors call it
 * @throws OspfError ERR_OSPF_CONFIG with file, line and what was expected
 */
export function readTopology(net: Network, text: string, file = 'topology'): void {
  text.split('\n').forEach((content, i) => {
    const place = { file, line: i + 1 }
    const [verb, ...words] = content.replace(/#.*/, '').trim().split(/\s+/)
    if (verb === undefined || verb === '') return
    const statement = statements[verb]
    if (statement === undefined)
      throw failure(place, `one of ${Object.keys(statements).join(', ')}`, verb)
    try {
      statement(net, words, place)
    } catch (error) {
      if (!(error instanceof OspfError) || error.message.startsWith(`${file}:`)) throw error
      throw new OspfError('ERR_OSPF_CONFIG', `${file}:${i + 1}: ${error.message}`, { cause: error })
    }
  })
}

const wordAt = (words: readonly string[], i: number, what: string, place: Place): string => {
  const word = words[i]
  if (word === undefined || word.includes('=')) throw failure(place, what, word ?? 'nothing')
  return word
}

const settingsOf = (
  words: readonly string[],
  allowed: readonly string[],
  place: Place,
): Settings => {
  const settings: Settings = {}
  for (const word of words) {
    const pair = setting(word, allowed, place)
    if (pair === undefined) throw failure(place, `name=value with ${allowed.join(', ')}`, word)
    settings[pair[0]] = pair[1]
  }
  return settings
}

function routerOf(net: Network, name: string, place: Place): SimRouter {
  const node = net.node(name)
  if (node instanceof SimRouter) return node
  throw failure(place, 'a router', name)
}

const statements: Readonly<
  Record<string, (net: Network, words: readonly string[], place: Place) => void>
> = {
  router: (net, words, place) => {
    const [, routerId] = words
    net.router(wordAt(words, 0, 'a name', place), routerId === undefined ? {} : { routerId })
  },
  host: (net, words, place) => {
    const { gateway } = settingsOf(words.slice(1), ['gateway'], place)
    net.host(
      wordAt(words, 0, 'a name', place),
      gateway === undefined ? {} : { gateway: String(gateway) },
    )
  },
  lan: (net, words, place) => {
    const name = wordAt(words, 0, 'a name', place)
    const prefix = wordAt(words, 1, 'a prefix A.B.C.D/L', place)
    const options: Settings = {}
    const members: (Settings & { node: SimNode })[] = []
    for (const word of words.slice(2)) {
      const member = members.at(-1)
      const pair = setting(word, member ? ofMembers : ofSegments, place)
      if (pair === undefined) members.push({ node: net.node(word) } as Settings & { node: SimNode })
      else (member ?? options)[pair[0]] = pair[1]
    }
    if (members.length === 0) throw failure(place, 'members', 'none')
    net.segment(name, prefix, members as unknown as Member[], options as SegmentOptions)
  },
  link: (net, words, place) => {
    const [a, b] = [0, 1].map((i) => net.node(wordAt(words, i, 'two machines', place)))
    net.link(a!, b!, settingsOf(words.slice(2), [...ofSegments, 'prefix'], place) as SegmentOptions)
  },
  announce: (net, words, place) => {
    const router = routerOf(net, wordAt(words, 0, 'a router', place), place)
    router.announce(
      wordAt(words, 1, 'a prefix A.B.C.D/L', place),
      settingsOf(words.slice(2), ['cost', 'area'], place),
    )
  },
  external: (net, words, place) => {
    const router = routerOf(net, wordAt(words, 0, 'a router', place), place)
    router.external(
      wordAt(words, 1, 'a prefix A.B.C.D/L', place),
      settingsOf(words.slice(2), ['metric', 'metricType'], place),
    )
  },
}

/**
 * Builds routers and point-to-point links from a map in GML (nodes with ids, edges with source and target; the rest is
 * not looked at). Routers are called by their labels, or by their ids where labels are missing or not unique.
 * @param options of every link; a function is asked link by link, and may draw costs
 * @throws OspfError ERR_OSPF_CONFIG when there is no node, or an edge leads to none
 */
export function readGml(
  net: Network,
  text: string,
  options: SegmentOptions | (() => SegmentOptions) = {},
  file = 'map',
): void {
  const nodes = [
    ...text.matchAll(/\bnode\s*\[((?:"[^"]*"|[^[\]"]|\[(?:"[^"]*"|[^\]"])*\])*)\]/g),
  ].map(([, body = '']) => ({
    id: /\bid\s+(-?\d+)/.exec(body)?.[1],
    label: /\blabel\s+"([^"]*)"/.exec(body)?.[1]?.trim(),
  }))
  if (nodes.length === 0)
    throw new OspfError('ERR_OSPF_CONFIG', `${file}: expected a map with nodes, got none`)
  const labels = nodes.map(({ label }) => label)
  const byId = new Map<string, SimRouter>()
  for (const { id, label } of nodes) {
    if (id === undefined)
      throw new OspfError('ERR_OSPF_CONFIG', `${file}: expected an id of every node`)
    const isUnique =
      label !== undefined && label !== '' && labels.indexOf(label) === labels.lastIndexOf(label)
    byId.set(id, net.router(isUnique ? label.replace(/\s+/g, '-') : `n${id}`))
  }
  const seen = new Set<string>()
  for (const [, source = '', target = ''] of text.matchAll(
    /\bedge\s*\[\s*source\s+(-?\d+)\s+target\s+(-?\d+)/g,
  )) {
    const [a, b] = [byId.get(source), byId.get(target)]
    if (a === undefined || b === undefined) {
      throw new OspfError(
        'ERR_OSPF_CONFIG',
        `${file}: expected nodes ${source} and ${target}, which an edge connects`,
      )
    }
    const key = [source, target].sort().join(' ')
    if (a === b || seen.has(key)) continue
    seen.add(key)
    net.link(a, b, typeof options === 'function' ? options() : options)
  }
}
