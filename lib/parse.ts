/** Readers of single values of a configuration; what they refuse is an OspfError that names the field. */
import { inspect } from 'node:util'
import { Address4 } from 'ip-address'
import { OspfError } from './errors.ts'
import { networkOf } from './wire/address.ts'

/** An error that names the field, what was expected and what was found. */
export const fail = (field: string, expected: string, got: unknown): OspfError =>
  new OspfError('ERR_OSPF_CONFIG', `${field}: expected ${expected}, got ${show(got)}`)

const show = (value: unknown): string =>
  value === undefined
    ? 'nothing'
    : inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 100 })

/**
 * Reads an address.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parseAddress(field: string, text: unknown): number {
  if (typeof text !== 'string' || text.includes('/') || !Address4.isValid(text)) {
    throw fail(field, 'an IPv4 address', text)
  }
  return Number(new Address4(text).bigInt())
}

/**
 * Reads a prefix, 'A.B.C.D/L', without host bits.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parsePrefix(field: string, text: unknown): { prefix: number; length: number } {
  if (typeof text !== 'string' || !Address4.isValid(text)) {
    throw fail(field, 'a prefix A.B.C.D/L', text)
  }
  const address = new Address4(text)
  const prefix = Number(address.bigInt())
  const length = address.subnetMask
  if (networkOf(prefix, length) !== prefix) throw fail(field, 'a prefix without host bits', text)
  return { prefix, length }
}

/** VIPs with fewer bits than this are a slip of the pen. */
const VIP_LENGTH_MIN = 8

/**
 * Reads a VIP: 'A.B.C.D/32', or the address alone. A shorter prefix is itself: one route to all of its addresses.
 * @throws OspfError ERR_OSPF_CONFIG
 */
export function parseVip(text: unknown): { prefix: number; length: number } {
  const { prefix, length } = parsePrefix('VIP', text)
  if (length < VIP_LENGTH_MIN) throw fail('VIP', `a prefix of /${VIP_LENGTH_MIN} to /32`, text)
  const first = prefix >>> 24
  if (first === 0 || first === 127 || first >= 224) throw fail('VIP', 'a unicast address', text)
  return { prefix, length }
}

/**
 * Reads an Area ID: dotted, or a number as text.
 * @throws OspfError ERR_OSPF_CONFIG
 */
export function parseArea(field: string, text: unknown): number {
  if (typeof text === 'string' && /^\d{1,10}$/.test(text) && Number(text) <= 0xffffffff) {
    return Number(text)
  }
  if (typeof text !== 'string' || text.includes('/') || !Address4.isValid(text)) {
    throw fail(field, 'an Area ID, dotted or a number', text)
  }
  return parseAddress(field, text)
}

/**
 * Reads a whole number within bounds.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parseInteger(field: string, value: unknown, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw fail(field, `a whole number from ${least} to ${most}`, value)
  }
  return value
}

/** Reads a switch. @throws OspfError ERR_OSPF_CONFIG that names the field */
export function parseBoolean(field: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw fail(field, 'true or false', value)
  return value
}

/** A plain object: neither a list nor nothing. */
export const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Refuses what nobody would look at: a misspelt option.
 * @throws OspfError ERR_OSPF_CONFIG
 */
export function onlyFields(where: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw new OspfError(
        'ERR_OSPF_CONFIG',
        `${where}: unknown option '${key}'; known are ${known.join(', ')}`,
      )
    }
  }
}
