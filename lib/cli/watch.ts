/** `ospf-speaker watch`: neighbors, VIPs and events, drawn again and again; plain text where there is no terminal. */

export interface WatchOptions {
  /** Seconds between two views. */
  readonly interval: number
  /** Views; default: until interrupted. */
  readonly count?: number
}

export interface Screen {
  write(text: string): void
  readonly isTerminal: boolean
  /** Of a terminal. */
  size(): { readonly columns: number; readonly rows: number }
  /** Resolves after so many milliseconds, at a resize, or when the signal aborts. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>
}

/** The answer to a command; rejects when nobody answers. */
type Ask = (words: readonly string[]) => Promise<string>

const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const TO_END_OF_LINE = '\x1b[K'
const TO_END = '\x1b[J'

const views: readonly (readonly [title: string, words: readonly string[]])[] = [
  ['Neighbors', ['show', 'ip', 'ospf', 'neighbor']],
  ['VIPs', ['show', 'vip']],
  ['Health', ['show', 'health']],
  ['Events', ['show', 'events', '10']],
]

/** Draws until the signal aborts, or as often as was asked. A speaker that does not answer is said, and asked again. */
export async function watch(
  { interval, count = Number.POSITIVE_INFINITY }: WatchOptions,
  ask: Ask,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  if (screen.isTerminal) screen.write(ENTER)
  try {
    for (let n = 0; n < count && !signal.aborted; n++) {
      if (n > 0) await screen.wait(interval * 1000, signal)
      if (signal.aborted) return
      draw(screen, await linesOf(ask), n)
    }
  } finally {
    if (screen.isTerminal) screen.write(LEAVE)
  }
}

async function linesOf(ask: Ask): Promise<string[]> {
  const lines: string[] = []
  for (const [title, words] of views) {
    const text = await ask(words).catch((error: unknown) => (error as Error).message)
    const body = text.split('\n').filter((line) => line.trim() !== '')
    lines.push(`-- ${title}`, ...body, '')
  }
  return lines
}

function draw(screen: Screen, lines: readonly string[], n: number): void {
  if (!screen.isTerminal) {
    const text = `${lines.join('\n')}\n`
    return screen.write(n === 0 ? text : `----\n${text}`)
  }
  const { columns, rows } = screen.size()
  const shown = lines.slice(0, Math.max(1, rows - 1)).map((line) => line.slice(0, columns))
  screen.write(`${HOME}${shown.map((line) => `${line}${TO_END_OF_LINE}\n`).join('')}${TO_END}`)
}
