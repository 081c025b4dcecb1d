/** The command line uses the library as anybody would: by its public names. */
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import * as names from '../../lib/index.ts'

const allowed =
  /^(\.\/[\w-]+\.ts|\.\.\/(index|wire\/index|config\/[\w-]+)\.ts|node:[\w/]+|commander)$/

/** What is taken from elsewhere: `run` does not load all that there is. */
function* takenFrom(source: string): Generator<readonly [specifier: string, name: string]> {
  for (const [, list, specifier] of source.matchAll(/^import \{([^}]*)\} from '([^']+)'/gm))
    for (const name of list!.split(',')) if (name.trim() !== '') yield [specifier!, name.trim()]
  for (const [, specifier, name] of source.matchAll(/await import\('([^']+)'\)\)\.(\w+)/g))
    yield [specifier!, name!]
}

t.test('imports of the command line', async (t) => {
  const files = readdirSync('lib/cli')
  t.ok(files.length > 20)
  let taken = 0
  for (const file of files) {
    const source = readFileSync(`lib/cli/${file}`, 'utf8')
    const specifiers = [...source.matchAll(/(?:\bfrom|\bimport\()\s*'([^']+)'/g)].map(([, s]) => s!)
    const known = new Set<string>()
    for (const [specifier, name] of takenFrom(source)) {
      if (allowed.test(specifier)) continue
      t.ok(name in names, `${file}: ${name} is a public name`)
      known.add(specifier)
      taken++
    }
    t.strictSame(
      specifiers.filter((specifier) => !allowed.test(specifier) && !known.has(specifier)),
      [],
      file,
    )
  }
  t.ok(taken > 3)
})
