/** The version of the package. */
import { createRequire } from 'node:module'

const { version: found } = createRequire(import.meta.url)('ospf-speaker/package.json') as {
  readonly version: string
}

export const version: string = found
