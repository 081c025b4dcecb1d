/**
 * `vrf NAME` and `vrf all` in the places where FRR has them, for exporters and scripts that always say so. A speaker is in
 * one VRF: `default`, or that of its routes.
 */
import type { Command } from './command.ts'
import type { Match } from './grammar.ts'
import { RefusedError } from './refused.ts'
import type { Operated } from './speaker-like.ts'

const DEFAULT = 'default'

/** The VRF that the speaker is in. */
export function vrfOf({ options, devices }: Operated): {
  readonly name: string
  readonly id: number
} {
  const { installRoutes } = options
  const name = typeof installRoutes === 'object' ? installRoutes.vrf : undefined
  return name === undefined ? { name: DEFAULT, id: 0 } : { name, id: devices(name)?.index ?? 0 }
}

/** How a command's answer looks with a VRF. */
interface Frame {
  /** Where `vrf NAME` goes. */
  readonly after: string
  readonly document: (operated: Operated, document: unknown, name: string) => unknown
  /** What the answer's text is made from, again. */
  readonly inner: (operated: Operated, document: unknown, name: string) => unknown
  readonly text: (operated: Operated, text: string, name: string) => string
}

/** `show ip ospf vrf NAME ...`: the document by VRF, and with its name and number. */
const ospf: Frame = {
  after: 'show ip ospf',
  document: (operated, document) => {
    const { name, id } = vrfOf(operated)
    return { [name]: { vrfName: name, vrfId: id, ...(document as object) } }
  },
  inner: (operated, document) => {
    const {
      vrfName: _,
      vrfId: __,
      ...inner
    } = (document as Record<string, Record<string, unknown>>)[vrfOf(operated).name]!
    return inner
  },
  text: (operated, text) => `VRF Name: ${vrfOf(operated).name}\n${text}`,
}

/** `show ip route vrf NAME ...`: as it is, and by VRF with `all`. */
const route: Frame = {
  after: 'show ip route',
  document: (operated, document, name) =>
    name === 'all' ? { [vrfOf(operated).name]: document } : document,
  inner: (operated, document, name) =>
    name === 'all' ? (document as Record<string, unknown>)[vrfOf(operated).name] : document,
  text: (operated, text, name) => (name === 'all' ? `VRF ${vrfOf(operated).name}:\n${text}` : text),
}

/** The commands, and those that can be asked with a VRF a second time so. */
export function withVrfs(commands: readonly Command[]): Command[] {
  return commands.flatMap((command) => {
    const frame = [ospf, route].find(
      ({ after }) => command.syntax === after || command.syntax.startsWith(`${after} `),
    )
    return frame === undefined ? [command] : [command, framed(command, frame)]
  })
}

export const vrfHelp = { vrf: 'Specify the VRF', all: 'All VRFs' }

function framed(command: Command, frame: Frame): Command {
  const at = frame.after.length
  const ask = (operated: Operated, match: Match<Command>): [string, Match<Command>] => {
    const name = match.after('vrf')!
    const own = vrfOf(operated).name
    if (name !== 'all' && name !== own)
      throw new RefusedError(`OSPF is not enabled in vrf ${name}: this speaker is in ${own}`)
    return [name, without(match)]
  }
  return {
    ...command,
    syntax: `${command.syntax.slice(0, at)} vrf {all|WORD}${command.syntax.slice(at)}`,
    help: { ...command.help, ...vrfHelp },
    async document(operated, match) {
      const [name, rest] = ask(operated, match)
      return frame.document(operated, await command.document(operated, rest), name)
    },
    text(operated, match, document) {
      const [name, rest] = ask(operated, match)
      const inner = frame.inner(operated, document, name)
      return frame.text(operated, command.text(operated, rest, inner), name)
    },
  }
}

/** The match as it would be had nothing been said of a VRF. */
function without(match: Match<Command>): Match<Command> {
  const { command, words } = match
  const at = words.indexOf('vrf')
  // `all` behind it is not the `all` of neighbors
  const rest = [...words.slice(0, at), ...words.slice(at + 2)]
  return {
    command,
    words: rest,
    has: (word) => (word === 'all' ? rest.includes('all') : match.has(word)),
    get: (argument) => match.get(argument),
    after(word) {
      const found = rest.indexOf(word)
      return found < 0 ? undefined : rest[found + 1]
    },
  }
}
