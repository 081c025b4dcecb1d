/** The router of the demo, of whichever make: how it is started, and how its neighbors are learned. */
import { fileURLToPath } from 'node:url'
import { Bird, Frr, type RouterPlan } from '../../test/interop/daemons.ts'
import { type Lab, type LabProcess, until } from '../../test/interop/lab.ts'

export interface LabRouter extends Disposable {
  readonly title: string
  start(): Promise<void>
  /** State by Router ID, without those that are gone. */
  neighbors(): ReadonlyMap<string, string>
  /** Throws when it no longer works. */
  check(): void
}

const program = fileURLToPath(new URL('../../examples/router.js', import.meta.url))

/** By the argument of `--router`. */
export const routers: Readonly<Record<string, (lab: Lab, plan: RouterPlan) => LabRouter>> = {
  'ospf-speaker': (lab, plan) => new Ours(lab, plan),
  frr: (lab, plan) => {
    const frr = new Frr(lab, 'router', plan)
    return new Asked('FRR', frr, async () =>
      Object.entries(await frr.neighbors()).flatMap(([id, [entry]]) =>
        entry === undefined ? [] : [[id, entry.state.split('/')[0] ?? ''] as const],
      ),
    )
  },
  bird: (lab, plan) => {
    const bird = new Bird(lab, 'router', plan)
    return new Asked('BIRD', bird, async () => {
      const text = await bird.birdc('show', 'ospf', 'neighbors')
      return [...text.matchAll(/^([\d.]+)\s+\d+\s+([\w-]+)\//gm)].map(
        ([, id = '', state = '']) => [id, state] as const,
      )
    })
  },
}

/** The end of what a process has printed. */
export const lastLine = (output: string): string => output.trim().split('\n').at(-1) || 'none'

/** examples/router.ts, which prints what happens. */
class Ours implements LabRouter {
  readonly title = 'examples/router.ts'
  readonly #lab: Lab
  readonly #argv: readonly string[]
  #process: LabProcess | undefined

  constructor(lab: Lab, { routerId, interfaces }: RouterPlan) {
    this.#lab = lab
    const devices = interfaces.flatMap(({ name, passive }) => [
      passive ? '--passive' : '--interface',
      name,
    ])
    this.#argv = [process.execPath, program, '--router-id', routerId, ...devices]
  }

  async start(): Promise<void> {
    const started = this.#lab.spawn('router', this.#argv, 'router')
    this.#process = started
    await until(() => started.output.includes('started') || !started.running, {
      what: 'the router has started',
      timeout: 10,
    })
    this.check()
  }

  neighbors(): ReadonlyMap<string, string> {
    const states = new Map<string, string>()
    const said = this.#process?.output.matchAll(/^neighbor (\S+) .* -> (\S+)/gm) ?? []
    for (const [, id = '', state = ''] of said) {
      if (state === 'Down') states.delete(id)
      else states.set(id, state)
    }
    return states
  }

  check(): void {
    const { running, output } = this.#process ?? { running: true, output: '' }
    if (!running) throw new Error(`the router has ended; its last words: ${lastLine(output)}`)
  }

  [Symbol.dispose](): void {}
}

/** A daemon that has to be asked, four times a second. */
class Asked implements LabRouter {
  readonly title: string
  readonly #daemon: { start(): Promise<void> }
  readonly #ask: () => Promise<readonly (readonly [id: string, state: string])[]>
  #neighbors: ReadonlyMap<string, string> = new Map()
  #failure: unknown
  #closed = false

  constructor(
    title: string,
    daemon: { start(): Promise<void> },
    ask: () => Promise<readonly (readonly [id: string, state: string])[]>,
  ) {
    this.title = title
    this.#daemon = daemon
    this.#ask = ask
  }

  async start(): Promise<void> {
    await this.#daemon.start()
    void this.#follow()
  }

  neighbors(): ReadonlyMap<string, string> {
    return this.#neighbors
  }

  check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  [Symbol.dispose](): void {
    this.#closed = true
  }

  async #follow(): Promise<void> {
    while (!this.#closed) {
      try {
        this.#neighbors = new Map(await this.#ask())
      } catch (error) {
        if (!this.#closed) this.#failure = error
        return
      }
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }
}
