/** Fixtures cut short, with lines lost, doubled, exchanged and damaged: never a crash, never a result by halves. */
import t from 'tap'
import { convertKeepalived, explainKeepalived } from '../../lib/config/keepalived.ts'
import { Random } from '../../lib/sim/random.ts'
import { names, read, textOf } from './keepalived-samples.ts'

const seed = 20_240_815
const cases = 2000

const pieces = [
  '{',
  '}',
  '"',
  '\\',
  '$A',
  `$\{A}`,
  '$A=$A',
  '~SEQ(N, 1, 999999999) x$N',
  '@one ',
  '\0',
  '\u{1F600}',
  '#',
  'include *',
  '-1',
  '99999999999999999999',
  '~LST({A,B},{1})',
]

function damaged(text: string, random: Random): string {
  const lines = text.split('\n')
  for (let i = random.int(4); i >= 0; i--) {
    const at = random.int(lines.length)
    const piece = pieces[random.int(pieces.length)]!
    const line = lines[at] ?? ''
    const column = random.int(line.length + 1)
    switch (random.int(7)) {
      case 0:
        lines.splice(at, 1)
        break
      case 1:
        lines.splice(at, 0, line)
        break
      case 2:
        lines.splice(at, 0, piece)
        break
      case 3:
        lines[at] = line.slice(0, column) + piece + line.slice(column)
        break
      case 4:
        lines[at] = line.slice(0, column)
        break
      case 5:
        lines.splice(at)
        break
      default:
        lines[at] = lines[random.int(lines.length)] ?? ''
    }
    if (lines.length === 0) lines.push('')
  }
  return lines.join('\n')
}

t.test(`${cases} damaged configurations, seed ${seed}`, async (t) => {
  const random = new Random(seed)
  const texts = names.map(textOf)
  const outcomes = { read: 0, refused: 0, reported: 0 }
  const began = Date.now()
  for (let i = 0; i < cases; i++) {
    const text = damaged(texts[random.int(texts.length)]!, random)
    try {
      const { config, reports } = read(text, { configId: 'one', limits: { lines: 5000 } })
      if (reports.length > 0) outcomes.reported++
      if (config === undefined) {
        outcomes.refused++
        if (reports.length === 0) throw new Error('refused without a word')
        continue
      }
      outcomes.read++
      // a result is whole: each of its parts can be told
      explainKeepalived(config)
      convertKeepalived(config, { vrrp: true })
      if (!config.virtualServers.every(({ realServers }) => realServers.length > 0))
        throw new Error('a virtual server without real servers')
    } catch (error) {
      t.fail(`case ${i}: ${error instanceof Error ? error.stack : String(error)}`, { text })
      return
    }
  }
  t.comment(JSON.stringify({ ...outcomes, milliseconds: Date.now() - began }))
  t.ok(outcomes.read > cases / 2, 'most of them can still be read')
  t.ok(outcomes.refused > 0, 'some meet a limit')
  t.ok(outcomes.reported > cases / 4, 'faults are told')
})
