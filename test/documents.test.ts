/** README.md and docs/ hold: what they link to and name is there, their configurations are valid, their code compiles. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { commands, verbs } from '../lib/cli/commands.ts'
import { formatProblem, readConfig } from '../lib/index.ts'

const documents = ['README.md', ...readdirSync('docs').map((name) => join('docs', name))]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(name, 'utf8') }))

/** Blocks of code in a language, each with where it stands. */
function blocks(language: string): { readonly where: string; readonly code: string }[] {
  return documents.flatMap(({ name, text }) =>
    [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
      .filter(([, of]) => of === language)
      .map((match) => {
        const line = text.slice(0, match.index).split('\n').length
        return { where: `${name}:${line}`, code: match[2]! }
      }),
  )
}

/** What stands outside of blocks of code. */
const proseOf = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '')

/** The anchors that GitHub makes of a document's headings. */
const anchorsOf = (path: string): string[] =>
  Array.from(readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm), ([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

t.test('links lead somewhere', async (t) => {
  let count = 0
  for (const { name, text } of documents) {
    for (const [, target] of proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue
      const [path, anchor] = target!.split('#')
      const file = path === '' ? name : join(dirname(name), path!)
      t.ok(existsSync(file), `${name}: ${target}`)
      if (anchor !== undefined) t.ok(anchorsOf(file).includes(anchor), `${name}: ${target}`)
      count++
    }
  }
  t.ok(count > 10)
})

t.test('files and scripts that are named are there', async (t) => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>
  }
  for (const { name, text } of documents) {
    for (const [, path] of text.matchAll(
      /`((?:lib|test|examples|bench|packaging|scripts|docs)\/[\w./-]+)`/g,
    ))
      t.ok(existsSync(path!), `${name}: ${path}`)
    for (const [, built] of text.matchAll(/node \.build\/([\w./-]+)\.js/g))
      t.ok(existsSync(`${built}.ts`), `${name}: ${built}`)
    for (const [, script] of text.matchAll(/npm run ([\w:]+)/g))
      t.ok(script! in scripts, `${name}: npm run ${script}`)
  }
})

const base = {
  routerId: '10.0.1.133',
  areas: { '0.0.0.0': { interfaces: { eth0: {} } } },
}

t.test('configurations are valid', async (t) => {
  const found = blocks('yaml')
  t.ok(found.length >= 3)
  const world = { readFile: async () => 'secret', environment: {} }
  for (const { where, code } of found) {
    const texts = [{ name: 'document.yaml', text: code }]
    const whole = /^routerId:/m.test(code)
      ? texts
      : [{ name: 'base.yaml', text: JSON.stringify(base) }, ...texts]
    const { problems } = await readConfig(whole, world)
    t.same(problems.map(formatProblem), [], where)
  }
})

const own = new Map<string, string>()
const helpOf = (name: string): string => {
  const known = own.get(name)
  if (known !== undefined) return known
  const argv = [resolve('.build/lib/cli/main.js'), name, '--help']
  const help = execFileSync(process.execPath, argv, { encoding: 'utf8' })
  own.set(name, help)
  return help
}

interface Container {
  readonly args: readonly string[]
  readonly livenessProbe: { readonly exec: { readonly command: readonly string[] } }
}
interface Manifest {
  readonly kind: string
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: {
    readonly template: {
      readonly spec: { readonly hostNetwork: boolean; readonly containers: readonly Container[] }
    }
  }
}

t.test('the example for Kubernetes: its configuration, and what it starts', async (t) => {
  const text = readFileSync('packaging/kubernetes.yaml', 'utf8')
  const [config, daemons] = parseAllDocuments(text).map((one) => one.toJS() as Manifest)
  t.same([config?.kind, daemons?.kind], ['ConfigMap', 'DaemonSet'])
  const inside = config?.data?.['ospf-speaker.yaml'] ?? ''
  const texts = [
    { name: 'ospf-speaker.yaml', text: inside },
    { name: 'router-id.yaml', text: 'routerId: 10.0.1.133' },
  ]
  const world = { readFile: async () => '', environment: {} }
  const { config: read, problems } = await readConfig(texts, world)
  t.same(problems.map(formatProblem), [])
  t.equal(read?.metrics, '0.0.0.0:9099')
  const { hostNetwork, containers } = daemons!.spec!.template.spec
  t.equal(hostNetwork, true)
  const [{ args, livenessProbe }] = containers as [Container]
  t.equal(args[0], 'run')
  const help = helpOf('run')
  for (const flag of args.filter((arg) => arg.startsWith('--'))) t.match(help, `${flag} `)
  const [program, ...words] = livenessProbe.exec.command
  t.equal(program, 'ospf-speaker')
  t.doesNotThrow(() => commands.parse(words.slice(0, words.indexOf('--socket'))))
})

t.test('commands are understood', async (t) => {
  const lines = [
    ...blocks('sh').flatMap(({ where, code }) =>
      code.split('\n').map((line) => ({ where, line: line.replace(/\s+#.*$/, '') })),
    ),
    ...documents.flatMap(({ name, text }) =>
      Array.from(proseOf(text).matchAll(/`([^`\n]+)`/g), ([, line]) => ({
        where: name,
        line: line!,
      })),
    ),
  ].filter(({ line }) => /^ospf-speaker\s/.test(line))
  t.ok(lines.length > 20)
  for (const { where, line } of lines) {
    const words = line
      .replace(/ *[>|].*$/, '')
      .split(/\s+/)
      .slice(1)
    const [first = ''] = words
    const at = `${where}: ${line}`
    const isVerb = verbs.some(({ token }) => token.startsWith(first))
    if (isVerb && !words.includes('--socket')) {
      // an abbreviated name, an argument in capitals, or what stands for more is no matter of the grammar
      const said = words.filter((word) => !word.startsWith('-') && word !== '...')
      if (said.at(-1)?.endsWith('?') || said.length === 1) continue
      t.doesNotThrow(() => commands.parse(said), at)
      continue
    }
    const help = helpOf(first)
    t.match(help, new RegExp(`^Usage: ospf-speaker ${first}`), at)
    for (const option of words.filter((word) => word.startsWith('--')))
      t.match(help, new RegExp(`${option}\\b`), at)
  }
})

t.test('the program of the README is the first example', async (t) => {
  const [first] = blocks('ts').filter(({ where }) => where.startsWith('README.md'))
  const example = readFileSync('examples/announce-vip.ts', 'utf8')
  // one has lines of another length
  const bare = (code = ''): string => code.replace(/\s+/g, '').replaceAll(',}', '}')
  t.equal(bare(example.replace(/^\/\*\*.*\*\/\n/, '')), bare(first?.code))
})

/** What the pieces of code take for given. */
const given = `
import * as all from 'ospf-speaker'
declare global {
  const { OspfSpeaker, Director, Ipvs, Nftables, healthy, http }: typeof all
  const speaker: all.Speaker
  const director: all.Director
  const options: all.SpeakerOptions
  const gate: import('ospf-speaker').Gate
  const server: { listen(port: number): Promise<void>; close(): Promise<void>; connections: number }
  const response: import('node:http').ServerResponse
}
`

t.test('code compiles', async (t) => {
  // inside the package, so that it finds itself by its name
  const folder = resolve('.build/documents')
  mkdirSync(folder, { recursive: true })
  const found = blocks('ts')
  t.ok(found.length >= 5)
  writeFileSync(join(folder, 'given.ts'), given)
  for (const [i, { where, code }] of found.entries())
    writeFileSync(join(folder, `block-${i}.ts`), `${code}\nexport {} // ${where}\n`)
  const config = {
    extends: '../../tsconfig.json',
    compilerOptions: {
      rootDir: folder,
      noEmit: true,
      declaration: false,
      declarationMap: false,
      isolatedDeclarations: false,
      noUnusedLocals: false,
      noUncheckedIndexedAccess: false,
    },
    include: ['*.ts'],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  let said = ''
  try {
    execFileSync('node_modules/.bin/tsc', ['-p', folder], { encoding: 'utf8' })
  } catch (error) {
    said = String((error as { stdout?: unknown }).stdout)
  }
  t.equal(
    said.replace(/block-(\d+)\.ts/g, (_, i) => found[Number(i)]?.where ?? ''),
    '',
  )
})
