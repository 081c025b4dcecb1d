/** Which LSAs advertise a prefix, and which prefixes an LSA advertises: what a change of a few of them comes down to. */
import { lengthOfMask, maskOf } from '../wire/address.ts'
import { type Lsa, type LsaBody, LsType } from '../wire/lsa.ts'
import { RouterLinks } from '../wire/router-lsa.ts'

/** A number that stands for a prefix in maps. */
export const prefixKey = (prefix: number, length: number): number => prefix * 64 + length

/** The key of a network by address and mask; -1: the mask has holes. */
export function networkKey(address: number, mask: number): number {
  const length = lengthOfMask(mask)
  return length === undefined ? -1 : prefixKey((address & maskOf(length)) >>> 0, length)
}

export const lengthOfKey = (key: number): number => key % 64
export const prefixOfKey = (key: number): number => Math.floor(key / 64)

/** Values by prefix. Nearly every prefix has one value, which is kept without a list. */
export class PrefixMap<T extends object | number> {
  readonly #values = new Map<number, T | T[]>()

  get(key: number): readonly T[] {
    const found = this.#values.get(key)
    return found === undefined ? [] : Array.isArray(found) ? found : [found]
  }

  add(key: number, value: T): void {
    const found = this.#values.get(key)
    if (found === undefined) this.#values.set(key, value)
    else if (!Array.isArray(found)) {
      if (found !== value) this.#values.set(key, [found, value])
    } else if (!found.includes(value)) found.push(value)
  }

  delete(key: number, value: T): void {
    const found = this.#values.get(key)
    if (found === value) this.#values.delete(key)
    else if (Array.isArray(found)) {
      const rest = found.filter((each) => each !== value)
      this.set(key, rest)
    }
  }

  set(key: number, values: readonly T[]): void {
    if (values.length === 0) this.#values.delete(key)
    else this.#values.set(key, values.length === 1 ? values[0]! : [...values])
  }
}

/** Vertices of a tree by the prefixes that they advertise. It may list too many, never too few. */
export type PrefixIndex = PrefixMap<number>

/** The destination of a summary-LSA for a network, or of an external LSA; -1: it has none. */
export function destinationKey(lsa: Lsa): number {
  const { header } = lsa
  switch (header.type) {
    case LsType.summaryNetwork:
    case LsType.external:
    case LsType.nssa:
      return networkKey(header.lsId, (lsa.body as LsaBody & { readonly mask: number }).mask)
    default:
      return -1
  }
}

const LINK_STUB = 3

/** The stub networks of a router-LSA, with the least metric of each. */
function stubsOf(raw: Uint8Array): Map<number, number> {
  const stubs = new Map<number, number>()
  const links = new RouterLinks(raw)
  while (links.next()) {
    if (links.type !== LINK_STUB) continue
    const key = networkKey(links.id, links.data)
    if (key === -1) continue
    const old = stubs.get(key)
    if (old === undefined || links.metric < old) stubs.set(key, links.metric)
  }
  return stubs
}

/** Stub networks that are in one router-LSA only, or cost something else. */
export function changedStubs(before: Uint8Array, after: Uint8Array): number[] {
  const [old, now] = [stubsOf(before), stubsOf(after)]
  const changed: number[] = []
  for (const [key, metric] of now) if (old.get(key) !== metric) changed.push(key)
  for (const key of old.keys()) if (!now.has(key)) changed.push(key)
  return changed
}
