/** One copy of each LSA for all routers of a simulation: a thousand databases are the same thousand LSAs. */
import { type Lsa, lsaKey } from '../wire/lsa.ts'

/**
 * Makes a function that gives back the LSA it was given first among equals. Equal is the whole LSA but its age: every
 * router keeps the age beside the LSA. Two instances of each are held, as while one spreads the one before may still be
 * on its way elsewhere; so the table is at most twice as large as one database.
 */
export function internTable(): (lsa: Lsa) => Lsa {
  const table = new Map<string, [latest: Lsa, before: Lsa | undefined]>()
  return (lsa) => {
    const { type, lsId, advertisingRouter } = lsa.header
    const key = lsaKey(type, lsId, advertisingRouter)
    const known = table.get(key)
    if (known === undefined) {
      table.set(key, [lsa, undefined])
      return lsa
    }
    const [latest, before] = known
    if (isSame(latest, lsa)) return latest
    if (before !== undefined && isSame(before, lsa)) return before
    known[0] = lsa
    known[1] = latest
    return lsa
  }
}

const isSame = (a: Lsa, b: Lsa): boolean =>
  a.header.sequence === b.header.sequence &&
  a.header.checksum === b.header.checksum &&
  sameButAge(a.raw, b.raw)

function sameButAge(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 2; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
