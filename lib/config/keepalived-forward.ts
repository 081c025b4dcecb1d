/** How packets reach a server: `lvs_method`. */
import type { IpvsTunnel } from '../lvs/types.ts'
import type { KeepalivedForward } from './keepalived-types.ts'
import { BadValue, integer, type Words, wordAt } from './keepalived-values.ts'

export const mostWeight = 2_147_483_647

/** `NAT`, `DR`, `TUN [type T] [port N] [csum]`: the method counts even where what follows it does not. */
export function setForwarding(
  of: string,
  words: Words,
  server: { forward?: KeepalivedForward['forward']; tunnel?: IpvsTunnel },
): void {
  const method = wordAt(words, 1)
  const forward = ({ NAT: 'nat', DR: 'dr', TUN: 'tun' } as const)[method]
  if (forward === undefined)
    throw new BadValue(`unknown [${method}] routing method for ${of} server.`)
  server.forward = forward
  const tunnel = tunnelOf(of, words.slice(2))
  if (forward === 'tun') server.tunnel = tunnel
  else delete server.tunnel
}

const checksums: Readonly<Record<string, NonNullable<IpvsTunnel['checksum']>>> = {
  nocsum: 'none',
  csum: 'full',
  remcsum: 'remote',
}

function tunnelOf(of: string, words: Words): IpvsTunnel {
  let tunnel: IpvsTunnel = { type: 'ipip' }
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    const checksum = Object.hasOwn(checksums, word) ? checksums[word] : undefined
    if (word === 'type') {
      const type = words[++i]
      if (type !== 'ipip' && type !== 'gue' && type !== 'gre')
        throw new BadValue(`Unknown tunnel type ${type ?? ''} for ${of} server.`)
      tunnel = { ...tunnel, type }
    } else if (word === 'port')
      tunnel = { ...tunnel, port: integer('gue tunnel port', words[++i] ?? '', 1, 65_535) }
    else if (checksum !== undefined) tunnel = { ...tunnel, checksum }
    else throw new BadValue(`Invalid tunnel option ${word} for ${of} server.`)
  }
  const { type, port, checksum = 'none' } = tunnel
  if ((type === 'gue') !== (port !== undefined))
    throw new BadValue('gue tunnels require port, otherwise cannot have port.')
  if (type === 'ipip' && checksum !== 'none')
    throw new BadValue('ipip tunnels do not support checksum option.')
  if (type === 'gre' && checksum === 'remote')
    throw new BadValue('gre tunnels do not support remote checksum option.')
  return tunnel
}
