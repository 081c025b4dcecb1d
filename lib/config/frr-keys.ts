/** Statements under `key chain` and `key`. */
import type { Statement, Statements } from './frr-draft.ts'

const lifetime =
  (purpose: 'send' | 'accept'): Statement =>
  (d) =>
    d.keyChains.lifetime(purpose, d.words.slice(1))

const chain: Statements = {
  'key (0-2147483647)$id': (d, a) => {
    d.keyChains.key(a.id!)
    d.mode = 'key'
  },
  'no key (0-2147483647)$id': (d, a) => d.keyChains.forgetKey(a.id!),
}

export const keyChainStatements: Statements = chain

export const keyStatements: Statements = {
  ...chain,
  'key-string KEY...$key': (d, a) => d.keyChains.keyString(a.key!),
  'no key-string [LINE...]': (d) => d.keyChains.unset('key'),
  'cryptographic-algorithm WORD$name': (d, a) => d.keyChains.algorithm(a.name!),
  'no cryptographic-algorithm [WORD]': (d) => d.keyChains.unset('algorithm'),
  'send-lifetime LINE...': lifetime('send'),
  'accept-lifetime LINE...': lifetime('accept'),
  'no send-lifetime [LINE...]': (d) => d.keyChains.unset('send'),
  'no accept-lifetime [LINE...]': (d) => d.keyChains.unset('accept'),
  exit: (d) => {
    d.mode = 'key chain'
  },
}
