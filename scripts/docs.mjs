#!/usr/bin/env node
/**
 * `npm run docs`: the reference of every entry of the package, as Markdown in docs/api, from the declarations in dist/: each
 * name with its comment and its type. Works offline. Fails when a name that is exported is not found, so that nothing is
 * left out.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { buildLibrary, npmPackages, root } from './prepare.mjs'

npmPackages()
buildLibrary()

const { name: pkg, exports: entries } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const out = join(root, 'docs', 'api')

const sources = new Map()
const read = (path) => {
  if (!sources.has(path)) sources.set(path, readFileSync(path, 'utf8'))
  return sources.get(path)
}

/** What a module exports under other modules' roofs: name, the name there, and the file. */
function* exported(path) {
  const all = /^export (?:type )?\{([^}]*)\} from '([^']+)'/gm
  for (const [, names, from] of read(path).matchAll(all)) {
    const file = join(dirname(path), from.replace(/\.(js|ts)$/, '.d.ts'))
    for (const part of names
      .split(',')
      .map((n) => n.trim())
      .filter(Boolean)) {
      const [there, here = there] = part.replace(/^type /, '').split(' as ')
      yield { name: here, there, file }
    }
  }
}

/** The comment and the declaration of a name; undefined: it is not in this file. */
function declarationOf(file, name) {
  const text = read(file)
  const begin = new RegExp(
    `^export (?:declare )?(?:abstract )?(?:class|interface|type|function|const) ${name}\\b`,
    'm',
  ).exec(text)
  if (begin === null) {
    for (const one of exported(file)) {
      if (one.name === name) return declarationOf(one.file, one.there)
    }
    for (const [, from] of text.matchAll(/^export (?:type )?\* from '([^']+)'/gm)) {
      const found = declarationOf(join(dirname(file), from.replace(/\.(js|ts)$/, '.d.ts')), name)
      if (found) return found
    }
    return undefined
  }
  const lines = text.slice(begin.index).split('\n')
  // to the line that ends it at the top level; overloads follow one another
  let end = lines.findIndex(
    (line, i) => /^[^\s/*]/.test(line) && /[;}]$/.test(line) && (i > 0 || line.endsWith(';')),
  )
  if (end < 0) end = 0
  while (lines[end + 1]?.startsWith(`export declare function ${name}`)) end++
  const before = text.slice(0, begin.index)
  const comment = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*$/.exec(before)?.[1] ?? ''
  const code = lines
    .slice(0, end + 1)
    .join('\n')
    .replace(/^export (?:declare )?/gm, '')
    .replace(/^\s*#private;\n/gm, '')
  return {
    comment: proseOf(comment),
    code,
    kind: /(class|interface|type|function|const) /.exec(begin[0])[1],
  }
}

const proseOf = (comment) =>
  comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim()
    .replace(/^@(\w+)\s/gm, '\n*$1* ')

const kinds = [
  ['class', 'Classes'],
  ['function', 'Functions'],
  ['const', 'Values'],
  ['interface', 'Types'],
  ['type', 'Types'],
]

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
const missing = []
const index = [`# Reference of ${pkg}`, '']
for (const [entry, target] of Object.entries(entries)) {
  if (typeof target === 'string') continue
  const path = join(root, target.types)
  const title = join(pkg, entry)
  const found = []
  for (const { name, there, file } of exported(path)) {
    const declaration = existsSync(file) ? declarationOf(file, there) : undefined
    if (declaration === undefined) missing.push(`${title}: ${name}`)
    else found.push({ name, ...declaration })
  }
  const page = [`# ${title}`, '']
  for (const heading of [...new Set(kinds.map(([, h]) => h))]) {
    const of = kinds.filter(([, h]) => h === heading).map(([kind]) => kind)
    const some = found
      .filter(({ kind }) => of.includes(kind))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    if (some.length === 0) continue
    page.push(`## ${heading}`, '')
    for (const { name, comment, code } of some) {
      page.push(
        `### ${name}`,
        '',
        ...(comment === '' ? [] : [comment, '']),
        '```ts',
        code,
        '```',
        '',
      )
    }
  }
  const file = `${title.replaceAll('/', '-')}.md`
  writeFileSync(join(out, file), page.join('\n'))
  index.push(`- [${title}](${file}): ${found.length} names`)
}
writeFileSync(join(out, 'README.md'), `${index.join('\n')}\n`)
for (const what of missing) console.error(`not found: ${what}`)
console.log(index.slice(2).join('\n'))
process.exitCode = missing.length > 0 ? 1 : 0
