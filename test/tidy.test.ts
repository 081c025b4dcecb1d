/**
 * The house rules, held by a test. It reads the sources as text: no compiler, no parser, so a rule is a regular
 * expression and an exception is a line with its reason.
 */
import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'
import { arrows } from './arrows.ts'
import { codeOf, importsOf, isRelative, read, resolved, sourcesOf, wordsOf } from './sources.ts'

/** What comes from outside, and who uses it. Node's own modules are for those who have to do with the machine. */
const packages: Record<string, readonly string[]> = {
  ajv: ['config'],
  bitwise: ['wire'],
  commander: ['cli'],
  debug: ['speaker', 'events', 'linux', 'cli'],
  'ip-address': ['parse', 'config'],
  'prom-client': ['observe'],
  'raw-socket': ['linux'],
  yaml: ['config'],
}
const withoutNode = ['core', 'wire', 'sim', 'config', 'announcement', 'events', 'views', 'ports']

/** Words that bring in a clock, chance, or the machine. */
const banned: readonly (readonly [where: RegExp, words: RegExp])[] = [
  [
    /^(core|wire|sim)\//,
    /\b(Date|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|performance|process|console)\b/g,
  ],
  [/^(core|wire)\//, /\b(async|await|Promise)\b/g],
  [
    /^(health\/|announcement\.ts|shared-addresses\.ts)/,
    /\b(Date|setTimeout|setInterval|setImmediate|performance|process|console)\b/g,
  ],
  [/^(speaker|events|options|views)\.ts/, /\b(Date|setTimeout|setInterval|performance|console)\b/g],
]

const exceptions: Record<string, readonly string[]> = {
  // virtual time stands still until every promise has been heard
  setImmediate: ['sim/clock.ts'],
  // reads the date of a certificate, not the time
  Date: ['health/tls.ts'],
  // a shared library is loaded once per process, whoever asks
  'let loaded': ['linux/native.ts'],
}

/** What the package leads to: see `exports` and `bin` of package.json. */
const entries = [
  'index.ts',
  'core/index.ts',
  'wire/index.ts',
  'sim/index.ts',
  'cli/main.ts',
  'isolate/child.ts',
]

const longest = 700

/** The folder, or the file at the top, that a path belongs to. */
const unitOf = (path: string): string => path.split('/')[0]!.replace(/\.ts$/, '')

const lib = sourcesOf('lib')

t.test('imports follow the arrows', async (t) => {
  for (const [path, source] of lib) {
    const unit = unitOf(path)
    const allowed = arrows[unit]
    if (allowed === undefined) {
      t.fail(`lib/${unit} has no place in the table of arrows`)
      continue
    }
    const wrong = importsOf(source)
      .filter(isRelative)
      .filter(({ specifier, typesOnly }) => {
        const target = normalize(join(dirname(path), specifier))
        const isAllowed = (name: string): boolean =>
          allowed.includes(name) || (typesOnly && allowed.includes(`type ${name}`))
        return unitOf(target) !== unit && !isAllowed(unitOf(target)) && !isAllowed(target)
      })
    t.same(
      wrong.map(({ specifier }) => specifier),
      [],
      path,
    )
  }
})

t.test('arrows that nobody takes are not drawn', async (t) => {
  for (const [unit, allowed] of Object.entries(arrows)) {
    const files = [...lib].filter(([path]) => unitOf(path) === unit)
    t.not(files.length, 0, `lib/${unit} is there`)
    const taken = new Set(
      files.flatMap(([path, source]) =>
        importsOf(source)
          .filter(isRelative)
          .map((i) => resolved(path, i))
          .flatMap((target) => [target, unitOf(target)]),
      ),
    )
    const unused = allowed.filter((name) => !taken.has(name.replace(/^type /, '')))
    // the simulator stands in for what a speaker stands on; today it needs no more than the ports
    t.same(
      unused.filter((name) => !(unit === 'sim' && name === 'speaker')),
      [],
      unit,
    )
  }
})

t.test('packages and Node’s modules are where they belong', async (t) => {
  for (const [path, source] of lib) {
    const unit = unitOf(path)
    for (const outside of importsOf(source).filter((i) => !isRelative(i))) {
      const { specifier } = outside
      const name = specifier.split('/')[0]!
      if (specifier.startsWith('node:')) {
        t.notOk(withoutNode.includes(unit), `lib/${path} imports ${specifier}`)
      } else {
        t.ok(packages[name]?.includes(unit), `lib/${path} imports ${specifier}`)
      }
    }
  }
  const { dependencies, optionalDependencies } = JSON.parse(read('package.json')) as Record<
    string,
    Record<string, string>
  >
  t.same(Object.keys({ ...dependencies, ...optionalDependencies }).sort(), Object.keys(packages))
})

t.test('import specifiers end in .ts', async (t) => {
  for (const folder of ['lib', 'test']) {
    for (const [path, source] of sourcesOf(folder)) {
      const wrong = importsOf(source)
        .filter(isRelative)
        .filter(({ specifier }) => !/\.(ts|mjs)$/.test(specifier))
      t.same(
        wrong.map(({ specifier }) => specifier),
        [],
        `${folder}/${path}`,
      )
    }
  }
})

t.test('no clock, no chance, no machine where there is to be none', async (t) => {
  for (const [path, source] of lib) {
    for (const [where, words] of banned) {
      if (!where.test(path)) continue
      const found = Array.from(wordsOf(source).matchAll(words), ([word]) => word)
      t.same(
        found.filter((word) => !exceptions[word]?.includes(path)),
        [],
        path,
      )
    }
  }
})

const mark = 'a mark'

/** Looked for in the code; marks in the comments, too. */
const unwanted: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['any', /[:<(,|&=?]\s*any\b(?!\s*[:(.])|\bas any\b|\bany\[\]/g],
  ['enum', /^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?enum\s+\w/gm],
  ['namespace', /^\s*(?:export\s+)?(?:declare\s+)?namespace\s+\w/gm],
  ['default export', /^export\s+default\b|\bas\s+default\b/gm],
  [mark, /\b(?:TO[D]O|FIX[M]E|X[X]X)\b|@ts-(?:ignore|nocheck|expect-error)/g],
]

/** The names of an import or export: there, `any` is the gate. */
const namesOf = /^(?:im|ex)port (?:type )?\{[^}]*\} from/gm

/** Whatever is written by hand, by path from the top. */
const all = ['lib', 'test', 'examples', 'scripts', 'bench']
  .filter((folder) => existsSync(folder))
  .flatMap((folder) =>
    Array.from(sourcesOf(folder), ([path, source]) => [`${folder}/${path}`, source] as const),
  )

t.test('no any, no enum, no default export, nothing left to be done', async (t) => {
  const found: string[] = []
  for (const [path, source] of all) {
    for (const [what, pattern] of unwanted) {
      const text = what === mark ? source : wordsOf(source).replace(namesOf, '')
      for (const [match] of text.matchAll(pattern)) found.push(`${path}: ${what}: ${match}`)
    }
  }
  t.same(found, [])
})

t.test('no test is switched off', async (t) => {
  for (const [path, source] of sourcesOf('test')) {
    const found = wordsOf(source).match(/\bt\.(?:only|skip|todo)\(|\b(?:skip|todo): true\b/g) ?? []
    t.same(found, [], path)
  }
})

t.test('no file is longer than anybody wants to read', async (t) => {
  const lengthOf = (source: string): number => source.split('\n').length - 1
  t.same(
    all.flatMap(([path, source]) =>
      lengthOf(source) > longest ? [`${path}: ${lengthOf(source)}`] : [],
    ),
    [],
  )
  const lengths = Array.from(lib.values(), lengthOf)
  const median = lengths.sort((a, b) => a - b)[lengths.length >> 1]!
  t.ok(median < 250, `the median file of lib has ${median} lines`)
})

t.test('every file of lib is reached from an entry', async (t) => {
  const reached = new Set<string>()
  const visit = (path: string): void => {
    const source = lib.get(path)
    if (reached.has(path) || source === undefined) return
    reached.add(path)
    for (const i of importsOf(source).filter(isRelative)) visit(resolved(path, i))
  }
  for (const entry of entries) visit(entry)
  t.same(
    [...lib.keys()].filter((path) => !reached.has(path)),
    [],
  )
})

t.test('nothing global that changes', async (t) => {
  for (const [path, source] of lib) {
    const found = Array.from(
      codeOf(source).matchAll(/^(?:export )?((?:let|var) \w+)/gm),
      (m) => m[1]!,
    )
    t.same(
      found.filter((what) => !exceptions[what]?.includes(path)),
      [],
      path,
    )
  }
})

t.test('exceptions that nobody needs are not granted', async (t) => {
  for (const [what, paths] of Object.entries(exceptions)) {
    for (const path of paths) t.ok(lib.get(path)?.includes(what), `${path}: ${what}`)
  }
})

t.test('the rules catch what they are for', async (t) => {
  const imports = importsOf(`
import t from 'tap'
import type { A } from './a.ts'
import {
  type B,
  c,
} from '../core/b.ts'
export { d } from './d.ts'
export type { E } from './e.ts'
import './f.ts'
// import x from './not-this.ts'
const g = await import('./g.ts')`)
  t.same(
    imports.map((i) => `${i.specifier}${i.typesOnly ? ' (types)' : ''}`),
    ['tap', './a.ts (types)', '../core/b.ts', './d.ts', './e.ts (types)', './f.ts', './g.ts'],
  )
  t.equal(wordsOf("const a = 'Date' // Date\n/* Date */ Date"), "const a = '' \n Date")
  t.equal(codeOf("get('http://x') // y"), "get('http://x') ")
  const patternOf = (what: string): RegExp => unwanted.find(([name]) => name === what)![1]
  for (const line of [
    'a: any',
    'Map<string, any>',
    'x as any',
    'any[]',
    '(a: any, b) =>',
    '| any',
  ]) {
    t.match(line, new RegExp(patternOf('any').source), line)
  }
  for (const line of [
    'whom any of',
    'any(x)',
    "{ any: 'thing' }",
    'const anything: many',
    'a.any',
  ]) {
    t.notMatch(line, new RegExp(patternOf('any').source), line)
  }
  for (const line of ['enum A {', 'export const enum A {']) {
    t.match(line, new RegExp(patternOf('enum').source, 'm'), line)
  }
  t.match('export default class', new RegExp(patternOf('default export').source, 'm'))
})
