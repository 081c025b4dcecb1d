/** One copy of each LSA for all routers of a simulation: a thousand databases are the same thousand LSAs. */
import { type Lsa, lsaKey } from '../wire/lsa.ts'

/** Whoever has an LSA has seen an instance of it within MaxAge (RFC 2328 14). */
const MAX_AGE_MS = 3_600_000

type Instances = [latest: Lsa, before: Lsa | undefined]

/**
 * Makes a function that gives back the LSA it was given first among equals. Equal is the whole LSA but its age: every
 * router keeps the age beside the LSA. Two instances of each are held, as while one spreads the one before may still be
 * on its way elsewhere, and those alone that came within the last two hours: what is older is in no database.
 * @param now milliseconds of virtual time
 */
export function internTable(now: () => number): (lsa: Lsa) => Lsa {
  let lately = new Map<string, Instances>()
  let earlier = new Map<string, Instances>()
  let since = now()
  return (lsa) => {
    if (now() - since >= MAX_AGE_MS) {
      earlier = lately
      lately = new Map()
      since = now()
    }
    const { type, lsId, advertisingRouter } = lsa.header
    const key = lsaKey(type, lsId, advertisingRouter)
    let known = lately.get(key)
    if (known === undefined) {
      known = earlier.get(key) ?? [lsa, undefined]
      lately.set(key, known)
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
