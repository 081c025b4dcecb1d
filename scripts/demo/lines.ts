/** The demo as plain lines, for pipes, logs and whoever wants no colors: what changed, when it does. */
import { duration, type Screen, titleWidth } from './story.ts'
import { directors, names, type Tally, type View, vip, type World } from './world.ts'

export class Lines implements Screen {
  readonly #world: () => World | undefined
  readonly #print: (line: string) => void
  #shown: View | undefined
  #title = ''

  constructor(world: () => World | undefined, print: (line: string) => void) {
    this.#world = world
    this.#print = print
  }

  update(): void {
    const view = this.#world()?.view()
    if (view === undefined) return
    const { processes, neighbors, route } = view
    if (route.nextHops.join() !== (this.#shown?.route.nextHops.join() ?? '')) {
      const via = route.nextHops.map((name) => `via ${directors[name]}`)
      this.#line(`kernel route ${vip}: ${via.join(', ') || 'none'}`, route.since)
    }
    for (const name of names) {
      if (processes[name] !== (this.#shown?.processes[name] ?? 'not started')) {
        this.#line(`${name}: ${processes[name]}`)
      }
      if (neighbors[name] !== this.#shown?.neighbors[name]) {
        this.#line(`neighbor ${directors[name]} (${name}): ${neighbors[name] ?? 'gone'}`)
      }
    }
    this.#shown = view
  }

  begin(title: string): void {
    this.#title = title
  }

  pass(measured: number | undefined, detail: string): void {
    this.update()
    const time = measured === undefined ? '' : duration(measured)
    this.#print(`✔ ${this.#title.padEnd(titleWidth)} ${time.padStart(7)}  ${detail}`)
  }

  fail(why: string): void {
    this.update()
    this.#print(`✘ ${this.#title}: ${why}`)
  }

  /** Counts are part of every line that they matter to. */
  tally(_tally: Tally): void {}

  #line(text: string, at: number = this.#world()?.now() ?? 0): void {
    this.#print(`${(at / 1000).toFixed(2).padStart(7)} s  ${text}`)
  }
}
