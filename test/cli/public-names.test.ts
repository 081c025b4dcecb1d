/** The command line uses the library as anybody would: by its public names. */
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'

const allowed =
  /^(\.\/[\w-]+\.ts|\.\.\/(index|wire\/index|config\/[\w-]+)\.ts|node:[\w/]+|commander)$/

t.test('imports of the command line', async (t) => {
  const files = readdirSync('lib/cli')
  t.ok(files.length > 20)
  for (const file of files) {
    const source = readFileSync(`lib/cli/${file}`, 'utf8')
    const specifiers = [...source.matchAll(/(?:\bfrom|\bimport\()\s*'([^']+)'/g)].map(([, s]) => s!)
    t.strictSame(
      specifiers.filter((specifier) => !allowed.test(specifier)),
      [],
      file,
    )
  }
})
