/** Where two JSON documents differ: in keys, in types, and in values that do not change from run to run. */

type Json = { readonly [key: string]: Json } | readonly Json[] | string | number | boolean | null

/** 'lacking', 'extra', 'type', 'length' or 'value', and where: addresses and indices as '*'. */
export type Difference = string

/** Values of these keys depend on when, how often, or on which machine. */
const volatile =
  /age$|sequence|seq(number|$)|checksum|msecs?$|uptime|deadtime|^length$|counter$|(in|out)$|ifindex|interfaceindex|execut|duration|^numofl|^tos|^lsaflags$|multplier$/i

/** LSAs by their Link State ID and who advertises them, anything else by its place. */
function byIdentity(list: readonly Json[]): Map<string, Json> {
  return new Map(
    list.map((each, i) => {
      const of = (each ?? {}) as Readonly<Record<string, Json>>
      const id = of['lsId'] ?? of['linkStateId']
      const by = of['advertisedRouter'] ?? of['advertisingRouter']
      return [id === undefined ? String(i) : `${id} of ${by}`, each]
    }),
  )
}

const isAddress = (key: string): boolean => /^\d+\.\d+\.\d+\.\d+(\/\d+)?$/.test(key)

export function differences(theirs: unknown, ours: unknown): ReadonlySet<Difference> {
  const found = new Set<Difference>()
  const visit = (a: Json, b: Json, path: string, key: string): void => {
    if (Array.isArray(a) && Array.isArray(b)) {
      const [left, right] = [byIdentity(a), byIdentity(b)]
      for (const id of right.keys()) if (!left.has(id)) found.add(`extra ${path}[${id}]`)
      for (const [id, each] of left) {
        const other = right.get(id)
        if (other === undefined) found.add(`lacking ${path}[${id}]`)
        else visit(each, other, `${path}[]`, key)
      }
      return
    }
    if (typeof a !== typeof b || Array.isArray(a) !== Array.isArray(b)) {
      found.add(`type ${path}`)
    } else if (typeof a === 'object' && a !== null) {
      const [left, right] = [a, b] as Readonly<Record<string, Json>>[]
      for (const name of new Set([...Object.keys(left!), ...Object.keys(right!)])) {
        const below = `${path}.${isAddress(name) ? '*' : name}`
        if (!(name in right!)) found.add(`lacking ${below}`)
        else if (!(name in left!)) found.add(`extra ${below}`)
        else visit(left![name]!, right![name]!, below, name)
      }
    } else if (a !== b && !volatile.test(key)) found.add(`value ${path}: ${a} / ${b}`)
  }
  visit(theirs as Json, ours as Json, '', '')
  return found
}
