/** The quick check of a file against the schema, beside Ajv's: what differs is a mistake of the quick one. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { isAccepted } from '../../lib/config/accepted.ts'
import { isRecord, type Path, withAt } from '../../lib/config/source.ts'
import { problemsOf } from '../../lib/config/validate.ts'
import { readYaml } from '../../lib/config/yaml.ts'

const folder = 'fixtures/configs/yaml'
const place = () => ({ file: 'f' })
const byAjv = (data: unknown, isAlone = true): boolean =>
  problemsOf({ name: 'f', data, place }, isAlone).length === 0

const odd: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1,
  1.5,
  255,
  65_536,
  2 ** 32,
  1e300,
  '',
  'x',
  '10.0.0.1',
  '10.0.0.0/24',
  '\u{1f600}',
  [],
  ['x'],
  [[]],
  {},
  { x: 1 },
  { type: 'x' },
]

function* pathsOf(value: unknown, path: Path = []): Generator<Path> {
  yield path
  const inner = Array.isArray(value)
    ? value.entries()
    : isRecord(value)
      ? Object.entries(value)
      : []
  for (const [key, item] of inner) yield* pathsOf(item, [...path, key])
}

const at = (data: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], data)

t.test('every file of the fixtures', async (t) => {
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.yaml'))) {
    const { source } = readYaml(name, readFileSync(join(folder, name), 'utf8'))
    if (source === undefined) continue
    for (const isAlone of [true, false])
      t.equal(isAccepted(source.data, isAlone), byAjv(source.data, isAlone), `${name} ${isAlone}`)
  }
})

t.test('a file of everything, with any one value exchanged, left out or added', async (t) => {
  const { source } = readYaml('f', readFileSync(join(folder, 'everything.yaml'), 'utf8'))
  t.ok(isAccepted(source?.data))
  const verdicts = [0, 0]
  const differing: string[] = []
  const compare = (data: unknown, what: string): void => {
    const verdict = isAccepted(data)
    verdicts[Number(verdict)]!++
    if (verdict !== byAjv(data)) differing.push(`${what}: ${verdict}`)
  }
  for (const path of pathsOf(source?.data)) {
    if (path.length === 0) continue
    const here = path.join('/')
    for (const value of odd) compare(withAt(source?.data, path, value), `${here} ${String(value)}`)
    compare(withAt(source?.data, path, undefined), `no ${here}`)
    const value = at(source?.data, path)
    if (isRecord(value))
      for (const name of ['zzz', 'type', 'constructor'])
        compare(withAt(source?.data, path, { ...value, [name]: 1 }), `${here} with ${name}`)
  }
  t.same(differing, [])
  t.ok(
    verdicts.every((count) => count > 300),
    `${verdicts} were refused and accepted`,
  )
})
