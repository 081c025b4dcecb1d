/**
 * Whether a configuration file is as the published schema says: the quick answer, yes or no, in a thousandth of the time
 * that it takes to make a validator of the schema. What is wrong, and where, validate.ts says.
 */
import { configSchema } from './schema.ts'
import type { Schema } from './schema-words.ts'
import { isRecord } from './source.ts'

/** Whether nothing is wrong. What must be said may be said elsewhere, if the file is one of several. */
export function isAccepted(data: unknown, isAlone = true): boolean {
  const { required: _, ...fragment } = configSchema
  return conforms(isAlone ? configSchema : fragment, data)
}

/** They judge nothing by themselves. */
const silent: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  'title',
  'description',
  'definitions',
  'then',
  'else',
])

/** The keywords of JSON Schema that ours uses; a value that one of another kind has to judge is not accepted. */
const keywords: Readonly<
  Record<string, (said: unknown, value: unknown, schema: Schema) => boolean>
> = {
  $ref: (name, value) => conforms(definitionOf(String(name)), value),
  type: (types, value) =>
    Array.isArray(types) ? types.some((type) => isOf(type, value)) : isOf(types, value),
  const: (only, value) => value === only,
  enum: (values, value) => (values as unknown[]).includes(value),
  minimum: (bound, value) => typeof value !== 'number' || value >= Number(bound),
  maximum: (bound, value) => typeof value !== 'number' || value <= Number(bound),
  exclusiveMinimum: (bound, value) => typeof value !== 'number' || value > Number(bound),
  exclusiveMaximum: (bound, value) => typeof value !== 'number' || value < Number(bound),
  // in code points
  minLength: (least, value) => typeof value !== 'string' || [...value].length >= Number(least),
  pattern: (pattern, value) =>
    typeof value !== 'string' || new RegExp(String(pattern), 'u').test(value),
  minItems: (least, value) => !Array.isArray(value) || value.length >= Number(least),
  items: (one, value) =>
    !Array.isArray(value) || value.every((item) => conforms(one as Schema, item)),
  required: (names, value) =>
    !isRecord(value) || (names as string[]).every((name) => value[name] !== undefined),
  properties: (fields, value) =>
    !isRecord(value) ||
    Object.entries(fields as Readonly<Record<string, Schema>>).every(
      ([name, schema]) => value[name] === undefined || conforms(schema, value[name]),
    ),
  additionalProperties: (said, value, { properties = {} }) =>
    !isRecord(value) ||
    Object.keys(value).every(
      (name) =>
        Object.hasOwn(properties as object, name) ||
        (typeof said === 'boolean' ? said : conforms(said as Schema, value[name])),
    ),
  if: (when, value, schema) => {
    const branch = schema[conforms(when as Schema, value) ? 'then' : 'else']
    return branch === undefined || conforms(branch as Schema, value)
  },
  not: (schema, value) => !conforms(schema as Schema, value),
  allOf: (all, value) => (all as Schema[]).every((schema) => conforms(schema, value)),
  anyOf: (some, value) => (some as Schema[]).some((schema) => conforms(schema, value)),
  oneOf: (all, value) => (all as Schema[]).filter((schema) => conforms(schema, value)).length === 1,
}

function conforms(schema: Schema, value: unknown): boolean {
  for (const [keyword, said] of Object.entries(schema))
    if (!silent.has(keyword) && !keywords[keyword]?.(said, value, schema)) return false
  return true
}

function definitionOf(name: string): Schema {
  const known = configSchema['definitions'] as Readonly<Record<string, Schema>>
  return known[name.replace('#/definitions/', '')]!
}

function isOf(type: unknown, value: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'integer':
      return Number.isInteger(value)
    case 'number':
      return Number.isFinite(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isRecord(value)
    default:
      return typeof value === type
  }
}
