/** tshark's reading of a capture, trimmed to what the tests compare with. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'

/** One packet as tshark reads it. */
export interface Dissected {
  /** Frame number, from 1. */
  readonly frame: number
  readonly src: string
  readonly dst: string
  /** Every `ospf.*` field by its name, without the prefix; the values in the order of the packet. */
  readonly ospf: Readonly<Record<string, readonly string[]>>
}

/** What only repeats another field: a packet type or LS type as a flag, single bits; and TLVs of opaque LSAs. */
const derived = new RegExp(
  [
    /^msg\.|^auth\.none$|^dbd\.|^lsa\.donotage$|_tree$/,
    /^lsa\.(router|network|summary|asbr|asext|nssa|opaque)$/,
    /^v2\.(options|router\.lsa\.flags)\.|^tlv|^ri\.|^mpls/,
  ]
    .map(({ source }) => source)
    .join('|'),
)

/** Reads `pcap` with tshark and writes the result to `json`, one line per packet. Returns how many. */
export function dissect(pcap: string, json: string): number {
  const options = ['-o', 'ip.defragment:TRUE', '-T', 'json', '-J', 'ip frame ospf']
  const text = execFileSync('tshark', ['-n', '-r', pcap, ...options], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  // tshark repeats keys in an object, which JSON.parse would lose: one field per line is what counts.
  const frames: { frame: number; src: string; dst: string; ospf: Record<string, string[]> }[] = []
  for (const [, key = '', value = ''] of text.matchAll(/^ *"([\w.]+)": "(.*)",?$/gm)) {
    if (key === '_index') frames.push({ frame: 0, src: '', dst: '', ospf: {} })
    const frame = frames.at(-1)
    if (frame === undefined) continue
    if (key === 'frame.number') frame.frame = Number(value)
    else if (key === 'ip.src') frame.src = value
    else if (key === 'ip.dst') frame.dst = value
    else if (key.startsWith('ospf.')) {
      const name = key.slice('ospf.'.length)
      if (derived.test(name)) continue
      const values = frame.ospf[name] ?? []
      values.push(value)
      frame.ospf[name] = values
    }
  }
  writeFileSync(json, `[\n${frames.map((frame) => JSON.stringify(frame)).join(',\n')}\n]\n`)
  return frames.length
}
