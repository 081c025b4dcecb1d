/** `ospf-speaker show ip ospf ...`: which document the words name, and how it is printed. */
import { askControl, type Documents } from './control.ts'
import {
  type DatabaseDocument,
  databaseDocument,
  type InterfaceDocument,
  interfaceDocument,
  type NeighborDocument,
  neighborDocument,
  type RouteDocument,
  routeDocument,
} from './documents.ts'
import { formatDatabase, formatInterfaces, formatNeighbors, formatRoutes } from './format.ts'
import { formatKernel, type KernelDocument, kernelDocument } from './show-kernel.ts'
import type { Snapshots } from './speaker-like.ts'

/** The command's words are not ours; the message says which are. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

interface Subject {
  readonly document: (speaker: Snapshots) => unknown
  /** Text of a document that came back as JSON. */
  readonly format: (document: unknown) => string
}

const subjects: Readonly<Record<string, Subject>> = {
  neighbor: { document: neighborDocument, format: (d) => formatNeighbors(d as NeighborDocument) },
  route: { document: routeDocument, format: (d) => formatRoutes(d as RouteDocument) },
  database: { document: databaseDocument, format: (d) => formatDatabase(d as DatabaseDocument) },
  interface: {
    document: interfaceDocument,
    format: (d) => formatInterfaces(d as InterfaceDocument),
  },
  kernel: { document: kernelDocument, format: (d) => formatKernel(d as KernelDocument) },
}

const pathOf = (subject: string): string => `/show/ip/ospf/${subject}`

/** What the control socket serves for a speaker. */
export function documentsOf(speaker: () => Promise<Snapshots>): Documents {
  return Object.fromEntries(
    Object.entries(subjects).map(([name, { document }]) => [
      pathOf(name),
      async () => document(await speaker()),
    ]),
  )
}

/** The output of `show WORDS`, asked of the speaker behind the socket. Words may be cut short, as in vtysh. */
export async function show(words: readonly string[], socket: string): Promise<string> {
  const { subject, json } = parseShow(words)
  const document = await askControl(socket, pathOf(subject))
  return json ? `${JSON.stringify(document, null, 2)}\n` : subjects[subject]!.format(document)
}

/** The subject that the words name. Throws a UsageError. */
export function parseShow(words: readonly string[]): {
  readonly subject: string
  readonly json: boolean
} {
  const json = words.length > 3 && words.at(-1) === 'json'
  const [ip, ospf, word, ...more] = json ? words.slice(0, -1) : words
  const names = Object.keys(subjects)
  const usage = `expected: show ip ospf ${names.join('|')} [json]`
  if (word === undefined || more.length > 0 || !begins('ip', ip) || !begins('ospf', ospf))
    throw new UsageError(usage)
  const subject = names.find((name) => begins(name, word))
  if (subject === undefined) throw new UsageError(`'${word}' is not known; ${usage}`)
  return { subject, json }
}

const begins = (name: string, word: string | undefined): boolean =>
  word !== undefined && word !== '' && name.startsWith(word)
