/** Prefix lists: which destinations something is for. */
import { maskOf } from '../wire/address.ts'
import type { PrefixRule } from './io.ts'

/** A prefix list: the first rule that matches decides; no list permits everything. */
export function permits(
  rules: readonly PrefixRule[] | undefined,
  prefix: number,
  length: number,
): boolean {
  if (rules === undefined) return true
  for (const rule of rules) {
    const least = rule.ge ?? rule.length
    const most = rule.le ?? (rule.ge === undefined ? rule.length : 32)
    if (length < least || length > most || length < rule.length) continue
    if ((prefix & maskOf(rule.length)) >>> 0 === rule.prefix) return rule.permit
  }
  return false
}
