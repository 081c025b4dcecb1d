/**
 * Readies the bundled `raw-socket` for packing (prepack: no argument), and undoes it (postpack: `--undo`).
 *
 * Its manifest is changed in three places, its code in none:
 * - `files`: npm packs a bundled dependency with its build folder, which holds a binary for the packer's Node alone;
 *   nothing but this list keeps it out.
 * - `gypfile`: `native/install.mjs` compiles it. npm would run both at once, and from version 12 on a bundled
 *   dependency's install script cannot even be approved.
 * - `dependencies`: the nan that it is bundled with. The one that it asks for does not compile on Node 24 and 26.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const path = require.resolve('raw-socket/package.json')
const { files, gypfile, ...manifest } = JSON.parse(readFileSync(path, 'utf8'))
const undo = process.argv.includes('--undo')

const changed = {
  ...manifest,
  dependencies: { nan: undo ? '2.19.*' : require('nan/package.json').version },
  ...(undo ? {} : { files: ['index.js', 'binding.gyp', 'src'], gypfile: false }),
}
// A new file, not a new content: npm believes its own listing of node_modules unless a folder changes.
writeFileSync(`${path}.new`, `${JSON.stringify(changed, null, 2)}\n`)
renameSync(`${path}.new`, path)
