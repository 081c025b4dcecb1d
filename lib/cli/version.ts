/** The version of the package. */
import { createRequire } from 'node:module'

/** Put in by scripts/command.mjs, as asking for it takes milliseconds of every start. */
declare const PACKAGE_VERSION: string | undefined

export const version: string =
  typeof PACKAGE_VERSION === 'string'
    ? PACKAGE_VERSION
    : (createRequire(import.meta.url)('ospf-speaker/package.json') as { version: string }).version
