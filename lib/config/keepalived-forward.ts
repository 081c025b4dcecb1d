/** How packets reach a server: `lvs_method`. */
import type { IpvsTunnel } from '../lvs/types.ts'
import type { KeepalivedForward } from './keepalived-types.ts'
import { BadValue, integer, type Words, wordAt } from './keepalived-values.ts'

export const mostWeight = 2_147_483_647

/** `NAT`, `DR`, `TUN [type T] [port N] [csum]`; words from `at` on. */
export function forwarding(of: string, words: Words, at = 1): Partial<KeepalivedForward> {
  const method = wordAt(words, at)
  const forward = ({ NAT: 'nat', DR: 'dr', TUN: 'tun' } as const)[method]
  if (forward === undefined)
    throw new BadValue(`unknown [${method}] routing method for ${of} server.`)
  let tunnel: IpvsTunnel = { type: 'ipip' }
  const checksums = { nocsum: 'none', csum: 'full', remcsum: 'remote' } as const
  for (let i = at + 1; i < words.length; i++) {
    const word = words[i]!
    if (word === 'type') {
      const type = words[++i]
      if (type !== 'ipip' && type !== 'gue' && type !== 'gre')
        throw new BadValue(`Unknown tunnel type ${type ?? ''} for ${of} server.`)
      tunnel = { ...tunnel, type }
    } else if (word === 'port')
      tunnel = { ...tunnel, port: integer('gue tunnel port', words[++i] ?? '', 1, 65_535) }
    else if (Object.hasOwn(checksums, word))
      tunnel = { ...tunnel, checksum: checksums[word as keyof typeof checksums] }
    else throw new BadValue(`Invalid tunnel option ${word} for ${of} server.`)
  }
  const { type, port, checksum = 'none' } = tunnel
  if ((type === 'gue') !== (port !== undefined))
    throw new BadValue('gue tunnels require port, otherwise cannot have port.')
  if (type === 'ipip' && checksum !== 'none')
    throw new BadValue('ipip tunnels do not support checksum option.')
  if (type === 'gre' && checksum === 'remote')
    throw new BadValue('gre tunnels do not support remote checksum option.')
  return forward === 'tun' ? { forward, tunnel } : { forward }
}
