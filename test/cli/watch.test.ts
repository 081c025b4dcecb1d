import t from 'tap'
import { type Screen, watch } from '../../lib/cli/watch.ts'

function screen(isTerminal: boolean): Screen & { readonly written: string[]; waits: number[] } {
  const written: string[] = []
  const waits: number[] = []
  return {
    written,
    waits,
    isTerminal,
    write: (text) => void written.push(text),
    size: () => ({ columns: 12, rows: 4 }),
    wait: async (milliseconds) => void waits.push(milliseconds),
  }
}

const ask = async (words: readonly string[]): Promise<string> => {
  if (words.includes('vip')) throw new Error('no speaker is running')
  return `\nanswer to ${words.join(' ')}\n`
}

t.test('plain where there is no terminal', async (t) => {
  const plain = screen(false)
  await watch({ interval: 0.5, count: 2 }, ask, plain, new AbortController().signal)
  t.strictSame(plain.waits, [500])
  t.equal(plain.written.length, 2)
  t.match(
    plain.written[0],
    /^-- Neighbors\nanswer to show ip ospf neighbor\n\n-- VIPs\nno speaker is running\n/,
  )
  t.match(plain.written[1], /^----\n-- Neighbors/)
  t.notMatch(plain.written.join(''), '\x1b')
})

t.test('drawn over and over on a terminal, which is put back in the end', async (t) => {
  const terminal = screen(true)
  await watch({ interval: 1, count: 2 }, ask, terminal, new AbortController().signal)
  const [enter, first, , leave] = terminal.written
  t.equal(enter, '\x1b[?1049h\x1b[?25l')
  t.equal(
    first,
    '\x1b[H-- Neighbors\x1b[K\nanswer to sh\x1b[K\n\x1b[K\n\x1b[J',
    'as much as there is room for',
  )
  t.equal(leave, '\x1b[?25h\x1b[?1049l')
  const stop = new AbortController()
  stop.abort()
  const other = screen(true)
  await watch({ interval: 1 }, ask, other, stop.signal)
  t.equal(other.written.length, 2, 'nothing is drawn after the end')
})
