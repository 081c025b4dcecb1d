/** One copy of each LSA for all routers of a simulation: a thousand databases are the same thousand LSAs. */
import { type Lsa, lsaKey } from '../wire/lsa.ts'

/**
 * Makes a function that gives back the LSA it was given first among equals. Equal is the whole LSA but its age: every
 * router keeps the age beside the LSA. Only the latest instance of each is held, so the table is as large as one
 * database.
 */
export function internTable(): (lsa: Lsa) => Lsa {
  const table = new Map<string, Lsa>()
  return (lsa) => {
    const { type, lsId, advertisingRouter, sequence, checksum } = lsa.header
    const key = lsaKey(type, lsId, advertisingRouter)
    const known = table.get(key)
    if (
      known !== undefined &&
      known.header.sequence === sequence &&
      known.header.checksum === checksum &&
      sameButAge(known.raw, lsa.raw)
    ) {
      return known
    }
    table.set(key, lsa)
    return lsa
  }
}

function sameButAge(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 2; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
