/**
 * What a process has to load before its first Hello: most of its time until then goes into that, a third of a millisecond a
 * file. So the command is published in fewer files than it is written in.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { importsOf, isRelative, resolved, sourcesOf } from './sources.ts'

const lib = sourcesOf('lib')

/** All that is loaded with these files, at once. */
function loadedWith(...files: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const visit = (path: string): void => {
    if (seen.has(path)) return
    seen.add(path)
    for (const one of importsOf(lib.get(path) ?? '').filter(isRelative))
      if (!one.typesOnly && !one.isLate) visit(resolved(path, one))
  }
  for (const file of files) visit(file)
  return seen
}

/** Modules that a run starts with, one after the other. */
const begins = ['cli/main.ts', 'cli/host.ts', 'cli/run.ts', 'cli/start.ts', 'linux/index.ts']

/** Those that wait until somebody wants them. */
const late = [
  'index.ts',
  'keepalived.ts',
  'config/keepalived.ts',
  'config/yaml.ts',
  'config/accepted.ts',
  'config/schema.ts',
  'config/validate.ts',
  'cli/commands.ts',
  'cli/show.ts',
  'cli/other-commands.ts',
  'lvs/director.ts',
  'lvs/ipvs.ts',
  'lvs/nftables.ts',
  'isolate/child.ts',
  'observe/metrics.ts',
  'sim/index.ts',
]

t.test('a run loads what it needs', async (t) => {
  const loaded = loadedWith(...begins)
  t.ok(loaded.has('core/router.ts'), 'and that')
  t.ok(loaded.has('config/frr.ts'), 'and that')
  for (const file of late) {
    t.ok(lib.has(file), `${file} is there`)
    t.notOk(loaded.has(file), `${file} waits`)
  }
})

t.test('a run loads no TLS', async (t) => {
  for (const file of loadedWith(...begins)) {
    const own = importsOf(lib.get(file) ?? '').filter(
      ({ typesOnly, isLate }) => !typesOnly && !isLate,
    )
    const found = own.filter(({ specifier }) => /^node:(https|http2|tls)$/.test(specifier))
    t.same(found, [], file)
  }
})

// As it is published

const folder = 'dist/bin'
const textOf = (name: string): string => readFileSync(join(folder, name), 'utf8')

/** The modules in a part, by path within lib/. */
const modulesIn = (part: string): string[] =>
  (JSON.parse(textOf(`${part}.map`)) as { sources: string[] }).sources.map((path) =>
    path.replace('../../lib/', ''),
  )

const parts = readdirSync(folder).filter((name) => name.endsWith('.js'))

const partOf = (module: string): string =>
  parts.find((part) => modulesIn(part).includes(module)) ?? `no part has ${module}`

/** Every part that is loaded with these, at once. */
function partsLoadedWith(...first: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const visit = (part: string): void => {
    if (seen.has(part)) return
    seen.add(part)
    for (const [, found] of textOf(part).matchAll(/^(?:import|\}) (?:from )?"\.\/(.+)";$/gm))
      visit(found!)
  }
  for (const part of first) visit(part)
  return seen
}

t.test('the command as it is published loads few files', async (t) => {
  const loaded = partsLoadedWith(...begins.map(partOf))
  const modules = new Set([...loaded].flatMap(modulesIn))
  for (const file of [...begins, 'core/router.ts', 'config/frr.ts', 'linux/netlink.ts'])
    t.ok(modules.has(file), `${file} is in it`)
  for (const file of late) t.notOk(modules.has(file), `${file} waits`)
  t.ok(loaded.size < 80, `${loaded.size} files for ${modules.size} modules`)
  t.ok(modules.size > 2 * loaded.size)
})

t.test('the command as it is published starts', async (t) => {
  const { version, bin } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    version: string
    bin: Record<string, string>
  }
  const command = bin['ospf-speaker'] ?? ''
  t.equal(command, join(folder, partOf('cli/main.ts')), 'what npm links')
  accessSync(command, constants.X_OK)
  const said = (...words: string[]): unknown => {
    const { status, stdout, stderr } = spawnSync(command, words, {
      encoding: 'utf8',
    })
    return { status, stdout, stderr }
  }
  t.same(said('--version'), { status: 0, stdout: `${version}\n`, stderr: '' })
  t.equal(partOf('isolate/child.ts'), 'child.js', 'the process of --isolate is beside it')
})
