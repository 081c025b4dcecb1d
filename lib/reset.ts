/** Adjacencies that are made anew at run time: what an operator asks for with `clear ip ospf ...`. */
import type { ConfigChange } from './core/io.ts'
import { fail, isObject, onlyFields, parseAddress } from './parse.ts'

/** Which adjacencies are made anew; an empty object: all of them. */
export interface ResetOptions {
  /** Those of one interface. */
  readonly interface?: string
  /** Those with one router, by its Router ID. */
  readonly neighbor?: string
  /** 'neighbors': they are given up and found again; 'interfaces': with interfaces and elections. Default 'neighbors'. */
  readonly what?: 'neighbors' | 'interfaces'
}

/** @throws OspfError ERR_OSPF_CONFIG */
export function parseReset(options: ResetOptions): Extract<ConfigChange, { type: 'reset' }> {
  if (!isObject(options)) throw fail('reset', 'an object', options)
  onlyFields('reset', options, ['interface', 'neighbor', 'what'])
  const { interface: name, neighbor, what = 'neighbors' } = options
  if (what !== 'neighbors' && what !== 'interfaces') {
    throw fail('reset: what', "'neighbors' or 'interfaces'", what)
  }
  if (name !== undefined && typeof name !== 'string') {
    throw fail('reset: interface', 'the name of an interface', name)
  }
  return {
    type: 'reset',
    what,
    interface: name,
    neighbor: neighbor === undefined ? undefined : parseAddress('reset: neighbor', neighbor),
  }
}
