/** Prefix lists in a configuration: rules in place, or the name of a list that the options hold once. */
import type { PrefixRule } from './core/io.ts'
import { permits } from './core/prefix-list.ts'
import { fail, isObject, onlyFields, parseInteger, parsePrefix } from './parse.ts'
import { formatPrefix } from './wire/address.ts'

/** A line of a prefix list: 'permit' or 'deny', a prefix, and the lengths that match. */
export interface PrefixRuleOptions {
  readonly action: 'permit' | 'deny'
  readonly prefix: string
  /** Least length that matches; default: that of the prefix. */
  readonly ge?: number
  /** Greatest length that matches; default: 32 with `ge`, otherwise that of the prefix. */
  readonly le?: number
}

/** The first rule that matches decides, and the end denies. A string is a name in `prefixLists`. */
export type PrefixListOptions = string | readonly PrefixRuleOptions[]

/** Lists by name. */
export type PrefixLists = ReadonlyMap<string, readonly PrefixRule[]>

/**
 * Reads the lists that others refer to by name.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parsePrefixLists(
  lists: Readonly<Record<string, readonly PrefixRuleOptions[]>>,
): PrefixLists {
  if (!isObject(lists)) throw fail('prefixLists', 'an object by name', lists)
  const parsed = Object.entries(lists).map(
    ([name, rules]) => [name, parseRules(`prefixLists: ${name}`, rules)] as const,
  )
  return new Map(parsed)
}

/**
 * Reads a list, in place or by name.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parsePrefixList(
  field: string,
  list: PrefixListOptions,
  lists: PrefixLists,
): readonly PrefixRule[] {
  if (typeof list !== 'string') return parseRules(field, list)
  const found = lists.get(list)
  if (found === undefined) throw fail(field, `a name in prefixLists${known(lists)}`, list)
  return found
}

/**
 * Refuses to originate what a list does not permit; without a list everything is.
 * @throws OspfError ERR_OSPF_CONFIG
 */
export function checkOriginate(
  where: string,
  allowed: readonly PrefixRule[] | undefined,
  { prefix, length }: { readonly prefix: number; readonly length: number },
): void {
  if (permits(allowed, prefix, length)) return
  throw fail(where, "a prefix that 'originate' permits", formatPrefix(prefix, length))
}

/** The names that there are, for a message. */
export const known = (named: ReadonlyMap<string, unknown>): string =>
  named.size === 0 ? ', which has none' : ` (${[...named.keys()].join(', ')})`

function parseRules(field: string, list: readonly PrefixRuleOptions[]): readonly PrefixRule[] {
  if (!Array.isArray(list)) throw fail(field, 'a list of rules', list)
  return list.map((rule: PrefixRuleOptions, i) => {
    const where = `${field}: ${i}`
    if (!isObject(rule)) throw fail(where, 'an object', rule)
    onlyFields(where, rule, ['action', 'prefix', 'ge', 'le'])
    const { ge, le } = rule
    const permit = parseAction(where, rule)
    const { prefix, length } = parsePrefix(`${where}: prefix`, rule.prefix)
    const least = ge === undefined ? undefined : parseInteger(`${where}: ge`, ge, length, 32)
    const most =
      le === undefined ? undefined : parseInteger(`${where}: le`, le, least ?? length, 32)
    return {
      permit,
      prefix,
      length,
      ...(least === undefined ? {} : { ge: least }),
      ...(most === undefined ? {} : { le: most }),
    }
  })
}

/** Whether a rule permits. @throws OspfError ERR_OSPF_CONFIG */
export function parseAction(where: string, { action }: { readonly action: unknown }): boolean {
  if (action === 'permit' || action === 'deny') return action === 'permit'
  throw fail(`${where}: action`, "'permit' or 'deny'", action)
}
