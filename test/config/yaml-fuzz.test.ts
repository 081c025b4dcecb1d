/** Broken files: cut short, scrambled, values exchanged. A configuration or errors with a place, and nothing thrown. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { type ConfigWorld, readConfig } from '../../lib/index.ts'
import { Random } from '../../lib/sim/random.ts'

const text = readFileSync('fixtures/configs/yaml/everything.yaml', 'utf8')
const world: ConfigWorld = { readFile: async () => 'secret\n', environment: { OSPF_KEY: 'secret' } }

/** Whether it was taken. */
async function take(text: string): Promise<boolean> {
  const { config, problems } = await readConfig([{ name: 'f.yaml', text }], world)
  assert.equal(config === undefined, problems.length > 0, 'a configuration, or problems')
  const lines = text.split('\n').length
  for (const { file, line = 0, column = 0, message } of problems)
    assert(file === 'f.yaml' && line >= 1 && line <= lines && column >= 1 && message !== '')
  return config !== undefined
}

t.test('the file as it is', async (t) => {
  t.ok(await take(text))
})

t.test('cut short anywhere', async (t) => {
  let taken = 0
  for (let length = 0; length < text.length; length += 19)
    taken += Number(await take(text.slice(0, length)))
  t.ok(taken > 5, `${taken} were taken`)
})

t.test('lines and characters at random', async (t) => {
  const random = new Random(20261121)
  const below = (n: number): number => Math.floor((random.u32() / 2 ** 32) * n)
  const odd = [
    '&a',
    '*a',
    '<<',
    '!!binary',
    '!x',
    '? ',
    '- ',
    ': ',
    '{',
    ']',
    '\t',
    '"',
    "'",
    '\0',
    '\u2028',
    '%YAML 1.1',
    '---',
    '...',
    '#',
    '|',
    '__proto__',
    '~',
    '.nan',
    '-.inf',
    '1e999',
    '0x10',
    'constructor: 1',
  ]
  let taken = 0
  for (let round = 0; round < 200; round++) {
    let lines = text.split('\n')
    for (let n = below(3); n >= 0; n--) {
      const at = below(lines.length)
      const line = lines[at] ?? ''
      const where = below(line.length + 1)
      const word = odd[below(odd.length)]!
      const changes = [
        () => lines.splice(at, 1),
        () => lines.splice(at, 0, lines[below(lines.length)]!),
        () => (lines[at] = line.slice(0, where) + word + line.slice(where)),
        () => (lines[at] = line.slice(0, where) + line.slice(where + 1)),
        () => (lines[at] = line.replace(/[^\s:{},]+(?=[ ,}\]]|$)/, word)),
        () => (lines = lines.map((l, i) => (i === at ? ` ${l}` : l))),
      ]
      changes[below(changes.length)]!()
    }
    taken += Number(await take(lines.join('\n')))
  }
  t.ok(taken > 5 && taken < 195, `${taken} were taken`)
})

t.test('every value exchanged for one of another kind', async (t) => {
  const { config } = await readConfig([{ name: 'f.yaml', text }], world)
  t.ok(config)
  const { parse } = await import('yaml')
  const whole: unknown = parse(text, { schema: 'core' })
  const values = [null, -1, 1e300, '', 'x', [], {}, [{}], true]
  let count = 0
  const visit = async (holder: Record<string, unknown>): Promise<void> => {
    for (const key of Object.keys(holder)) {
      const was = holder[key]
      for (const value of values) {
        if (++count % 11 !== 0) continue
        holder[key] = value
        await take(JSON.stringify(whole, null, 1))
      }
      holder[key] = was
      if (typeof was === 'object' && was !== null) await visit(was as Record<string, unknown>)
    }
  }
  await visit(whole as Record<string, unknown>)
  t.ok(count > 1000, `${count} exchanges`)
})

t.test('a small file that would be a large one', async (t) => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]']
  for (let i = 1; i < 9; i++) {
    const [was, is] = ['abcdefghi'[i - 1], 'abcdefghi'[i]]
    bomb.push(`${is}: &${is} [${Array(9).fill(`*${was}`).join(',')}]`)
  }
  t.notOk(await take(bomb.join('\n')))
  t.notOk(await take('['.repeat(5000)))
  t.notOk(await take(`a: ${'{a: '.repeat(3000)}`))
  t.notOk(await take('- '.repeat(5000)))
  t.notOk(await take(Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')))
  t.notOk(await take('#'.repeat(5 << 20)))
})
