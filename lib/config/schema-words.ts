/** The words that the JSON Schema of the configuration file is written in. */

/** A schema (JSON Schema draft 7), as plain data. */
export interface Schema {
  readonly [keyword: string]: unknown
}

/** Of every field of `T`: what is left out is a compile error, so that an option cannot be forgotten here. */
export type SchemaOf<T> = { readonly [K in keyof Required<T>]: Schema }

export const text: Schema = { type: 'string', minLength: 1 }
export const flag: Schema = { type: 'boolean' }

export const integer = (minimum: number, maximum: number): Schema => ({
  type: 'integer',
  minimum,
  maximum,
})

/** A time, above nothing. */
export const seconds: Schema = { type: 'number', exclusiveMinimum: 0 }

export const oneOf = (...values: readonly (string | number)[]): Schema => ({ enum: values })

export const list = (items: Schema, minItems = 0): Schema => ({
  type: 'array',
  items,
  ...(minItems === 0 ? {} : { minItems }),
})

/** An object with these fields and no others. */
export const fields = (
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
): Schema => ({
  type: 'object',
  properties,
  additionalProperties: false,
  ...(required.length === 0 ? {} : { required }),
})

/** An object by names of one's own. */
export const byName = (additionalProperties: Schema): Schema => ({
  type: 'object',
  additionalProperties,
})

/** The same, or true or false. */
export const orFlag = (schema: Schema): Schema => ({ ...schema, type: ['boolean', 'object'] })

export const named = (name: string): Schema => ({ $ref: `#/definitions/${name}` })

export const described = (description: string, schema: Schema): Schema => ({
  description,
  ...schema,
})

/** If it is like `when`, it must be like `then`; otherwise like `others`, if given. */
export const choice = (when: Schema, then: Schema, others?: Schema): Schema =>
  Object.fromEntries([
    ['if', when],
    ['then', then],
    ...(others === undefined ? [] : [['else', others]]),
  ])

/** A value, or a list of such. */
export const oneOrMany = (one: Schema): Schema => choice({ type: 'array' }, list(one, 1), one)

/** One of these must be said. */
export const needsOne = (...names: readonly string[]): Schema => ({
  oneOf: names.map((name) => ({ required: [name] })),
})

export const METRIC_MAX = 0xfffffe
export const U16_MAX = 0xffff
export const U32_MAX = 0xffffffff
