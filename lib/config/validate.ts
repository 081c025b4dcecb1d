/** A configuration file against the published schema: every error at once, in words. */
import { Ajv, type ErrorObject } from 'ajv'
import { checkKinds } from './file-types.ts'
import { configSchema } from './schema.ts'
import type { Schema } from './schema-words.ts'
import { at, type ConfigProblem, isRecord, type Path, type Source, showValue } from './source.ts'
import { problemAt } from './yaml.ts'

const validate = new Ajv({
  allErrors: true,
  verbose: true,
  allowUnionTypes: true,
  strictRequired: false,
  strictTypes: false,
  // a quarter of the time to make it, for a file that is checked once; that the schema is one is tested
  code: { optimize: false },
  inlineRefs: false,
  validateSchema: false,
}).compile(configSchema)

/** What is wrong with a source. What must be said may be said elsewhere, if it is one of several. */
export function problemsOf(source: Source, isAlone = true): ConfigProblem[] {
  if (validate(source.data)) return []
  if (source.data === null) return [problemAt(source, [], 'nothing is said in it')]
  const seen = new Set<string>()
  const problems = (validate.errors ?? []).flatMap((error) => {
    // what comes of another
    if (error.keyword === 'if' || /\/(?:anyOf|oneOf)\/\d/.test(error.schemaPath)) return []
    // another file may say it: one of ours, FRR's, or a keepalived.conf
    const isPart = !isAlone && ['', '/lvs'].includes(error.instancePath)
    if (error.keyword === 'required' && isPart) return []
    const path = pathOf(source.data, error)
    const message = messageOf(error, source.data, path)
    const key = `${path.join('\n')}\n${error.keyword === 'required' ? message : ''}`
    if (seen.has(key)) return []
    seen.add(key)
    return [problemAt(source, path, message)]
  })
  return problems.toSorted((a, b) => rank(a) - rank(b))
}

const rank = ({ line = 0, column = 0 }: ConfigProblem): number => line * 0x10000 + column

function pathOf(data: unknown, { instancePath, keyword, params }: ErrorObject): Path {
  const path: (string | number)[] = []
  for (const token of instancePath.split('/').slice(1)) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~')
    path.push(Array.isArray(at(data, path)) ? Number(name) : name)
  }
  return keyword === 'additionalProperties'
    ? [...path, (params as { additionalProperty: string }).additionalProperty]
    : path
}

function messageOf({ keyword, params, ...error }: ErrorObject, all: unknown, path: Path): string {
  const schema = error.parentSchema as Schema
  const value = error.data
  switch (keyword) {
    case 'additionalProperties':
      return isKind(path.at(-1)) && Object.keys(schema['properties'] ?? {}).some(isKind)
        ? `expected only one of ${words(checkKinds)} in a check`
        : unknownOption(String(path.at(-1)), Object.keys(schema['properties'] ?? {}))
    case 'required':
      return `'${(params as { missingProperty: string }).missingProperty}' is missing`
    case 'anyOf':
    case 'oneOf': {
      const names = (error.schema as { required: string[] }[]).flatMap(({ required }) => required)
      const said = isRecord(value) ? Object.keys(value) : []
      if (said.some((name) => names.includes(name))) return `expected only one of ${words(names)}`
      if (keyword === 'anyOf')
        for (const name of said)
          if (nearest(name, names) !== undefined) return unknownOption(name, names)
      const what = names.length === checkKinds.length ? 'a check, one of ' : 'one of '
      return `expected ${what}${words(names)}`
    }
    default:
      return `expected ${expected(schema)}, got ${showValue(at(all, path), path)}`
  }
}

const isKind = (name: unknown): boolean => checkKinds.some((kind) => kind === name)

const words = (names: readonly unknown[]): string => names.map(String).join(', ')

/** What a schema of one value allows. */
function expected(schema: Schema): string {
  if (Array.isArray(schema['enum'])) return `one of ${words(schema['enum'])}`
  const { type, minimum, maximum, exclusiveMinimum, pattern, minItems } = schema
  const types: unknown[] = Array.isArray(type) ? type : [type]
  const each = types.map((one) => {
    switch (one) {
      case 'integer':
        return maximum === undefined
          ? `a whole number from ${minimum}`
          : `a whole number from ${minimum} to ${maximum}`
      case 'number':
        if (exclusiveMinimum !== undefined) return `a number above ${exclusiveMinimum}`
        return maximum === undefined
          ? `a number from ${minimum ?? 0}`
          : `a number from ${minimum} to ${maximum}`
      case 'string':
        return pattern === undefined ? 'text' : `text like ${pattern}`
      case 'boolean':
        return 'true or false'
      case 'array':
        return minItems === undefined ? 'a list' : 'a list that is not empty'
      case 'object':
        return 'an object'
      case 'null':
        return 'nothing'
      default:
        return 'something else'
    }
  })
  return each.join(' or ')
}

function unknownOption(name: string, known: readonly string[]): string {
  const meant = nearest(name, known)
  return meant === undefined
    ? `unknown option '${name}'; known are ${words(known)}`
    : `unknown option '${name}'; did you mean '${meant}'?`
}

/** The word that was meant, if it is not too far away. */
function nearest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((name) => ({ name, distance: distance(word.toLowerCase(), name.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance)
  return best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3))
    ? best.name
    : undefined
}

/** Letters to insert, take out, change or swap (Damerau). */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8 || a.length > 40) return 99
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, before[j - 2]! + 1)
      row.push(least)
    }
    before = last
    last = row
  }
  return last[b.length]!
}
