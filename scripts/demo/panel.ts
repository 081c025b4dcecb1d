/** The demo as a panel that is drawn over itself: the network, the route, how connections spread, and the steps. */
import { duration, type Screen, titleWidth } from './story.ts'
import { directors, names, type Tally, type View, vip, type World } from './world.ts'

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'
const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const

/** Text in pieces, so that a line can be cut to the width of the terminal. */
type Piece = string | readonly [text: string, style: Style]
type Line = readonly Piece[]

const spinner = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
const barWidth = 30
const hideCursor = '\x1b[?25l'
const showCursor = '\x1b[?25h'

interface Step {
  readonly title: string
  state: 'running' | 'passed' | 'failed'
  measured?: number | undefined
  detail: string
}

const styleOf: Readonly<Record<string, Style>> = {
  ready: 'green',
  'not ready': 'yellow',
  stopping: 'yellow',
  killed: 'red',
  Full: 'green',
}

export class Panel implements Screen {
  readonly #world: () => World | undefined
  readonly #out: NodeJS.WriteStream
  readonly #steps: Step[] = []
  readonly #begun = performance.now()
  #tally: Tally = { lb1: 0, lb2: 0, failed: 0 }
  #height = 0
  #drawn = ''
  readonly #ticking: NodeJS.Timeout

  constructor(world: () => World | undefined, out: NodeJS.WriteStream) {
    this.#world = world
    this.#out = out
    this.#out.write(hideCursor)
    this.#ticking = setInterval(() => this.update(), 80)
  }

  begin(title: string): void {
    this.#steps.push({ title, state: 'running', detail: '' })
    this.update()
  }

  pass(measured: number | undefined, detail: string): void {
    Object.assign(this.#steps.at(-1)!, { state: 'passed', measured, detail })
    this.update()
  }

  fail(why: string): void {
    Object.assign(this.#steps.at(-1)!, { state: 'failed', detail: why })
    this.update()
  }

  tally(tally: Tally): void {
    this.#tally = tally
    this.update()
  }

  /** Gives the terminal back; the last picture stays. */
  close(): void {
    clearInterval(this.#ticking)
    this.#out.write(showCursor)
  }

  update(): void {
    const world = this.#world()
    if (world === undefined) return
    const { rows } = this.#size()
    // A picture higher than the terminal could not be drawn over: the top is left out.
    const lines = this.#picture(world).slice(-(rows - 1))
    const text = lines.map((line) => `${render(line, this.#size().columns - 1)}\x1b[K\n`).join('')
    if (text === this.#drawn) return
    const up = this.#height === 0 ? '' : `\x1b[${this.#height}A`
    this.#out.write(`${up}${text}\x1b[J`)
    this.#drawn = text
    this.#height = lines.length
  }

  /** A terminal that does not know its size says 0. */
  #size(): { readonly columns: number; readonly rows: number } {
    return { columns: this.#out.columns || 80, rows: this.#out.rows || 24 }
  }

  #picture(world: World): Line[] {
    const view = world.view()
    return [
      [
        ['ospf-speaker demo', 'bold'],
        '  ',
        [world.place, 'dim'],
        [`  ${(world.now() / 1000).toFixed(0)} s`, 'dim'],
      ],
      [],
      [...pad('client 10.0.2.10 ── router 10.0.1.136 ──┬── '), ...this.#director(view, 'lb1')],
      [...pad(`${' '.repeat(40)}└── `), ...this.#director(view, 'lb2')],
      [],
      ...this.#route(view),
      [],
      ...names.map((name) => this.#bar(name)),
      [],
      ...this.#steps.flatMap((step) => this.#step(step)),
    ]
  }

  #director(view: View, name: (typeof names)[number]): Line {
    const process = view.processes[name]
    const neighbor = view.neighbors[name] ?? '-'
    return [
      [`${name} ${directors[name]} `, 'bold'],
      [process.padEnd(12), styleOf[process] ?? 'dim'],
      [neighbor, styleOf[neighbor] ?? 'yellow'],
    ]
  }

  #route({ route }: View): Line[] {
    const hop = (i: number): Line => {
      const name = route.nextHops[i]
      if (name === undefined) return []
      return [`     nexthop via ${directors[name]} dev eth0  `, [name, 'cyan']]
    }
    const none = route.nextHops.length === 0
    const head: Piece = none ? ['no route', 'red'] : 'proto ospf'
    return [[` router# ip route show ${vip}  `, head], hop(0), hop(1)]
  }

  #bar(name: (typeof names)[number]): Line {
    const { [name]: count, lb1, lb2, failed } = this.#tally
    const total = lb1 + lb2 + failed
    const filled = total === 0 ? 0 : Math.round((barWidth * count) / total)
    const rest: Piece = ['░'.repeat(barWidth - filled), 'dim']
    const note = name === 'lb2' && failed > 0 ? `   ${failed} failed` : ''
    const share = `  ${String(count).padStart(3)} of ${total} connections`
    return [` ${name} `, ['█'.repeat(filled), 'cyan'], rest, share, [note, 'red']]
  }

  #step({ title, state, measured, detail }: Step): Line[] {
    const tick = Math.floor((performance.now() - this.#begun) / 80) % spinner.length
    if (state === 'running') return [[' ', [spinner[tick]!, 'yellow'], ` ${title} ...`]]
    if (state === 'failed')
      return [
        [' ', ['✘', 'red'], ` ${title}`],
        ['   ', [detail, 'red']],
      ]
    const time = measured === undefined ? '' : duration(measured)
    const head: Piece = ` ${title.padEnd(titleWidth)}`
    const room = this.#size().columns - titleWidth - 14
    const note: Piece = [`  ${whole(detail, room)}`, 'dim']
    return [[' ', ['✔', 'green'], head, [time.padStart(7), 'bold'], note]]
  }
}

const pad = (text: string): Line => [[text, 'dim']]

/** As many of the parts between semicolons as there is room for. */
function whole(detail: string, room: number): string {
  const parts = detail.split('; ')
  while (parts.length > 1 && parts.join('; ').length > room) parts.pop()
  return parts.join('; ')
}

/** One line with its colors, cut to `width` characters. */
function render(line: Line, width: number): string {
  let left = width
  let text = ''
  for (const piece of line) {
    const [raw, style] = typeof piece === 'string' ? [piece] : piece
    const cut = [...raw].slice(0, left).join('')
    left -= [...cut].length
    text += style === undefined || cut === '' ? cut : `\x1b[${codes[style]}m${cut}\x1b[0m`
  }
  return text
}
