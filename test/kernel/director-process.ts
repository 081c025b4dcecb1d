/** Load balancers (director-child.ts) in the namespaces of a lab: started, told what to do, and listened to. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { DirectorEvent } from '../../lib/index.ts'
import { type Lab, LabProcess, type LabTest, until } from '../interop/lab.ts'
import type {
  DirectorAnswers,
  DirectorOrder,
  DirectorSaid,
  LoadBalancer,
} from './director-child.ts'

const child = fileURLToPath(new URL('./director-child.js', import.meta.url))

type Rest<T> = T extends unknown ? Omit<T, 'id'> : never
type EventOf<T extends DirectorEvent['type']> = Extract<DirectorEvent, { readonly type: T }>

/** Seconds until an emulated machine that has other things to do must have answered. */
export const PATIENCE = 120

export class DirectorProcess {
  readonly process: LabProcess
  readonly #child: ChildProcess
  readonly #said: DirectorSaid[] = []
  #orders = 0

  private constructor(lab: Lab, node: string, options: LoadBalancer) {
    const argv = [process.execPath, '--expose-gc', child, JSON.stringify(options)]
    const started = spawn('ip', ['netns', 'exec', lab.namespace(node), ...argv], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#child = started
    this.process = new LabProcess(node, 'director', started)
    started.stdin.on('error', () => {}) // it was killed
    let rest = ''
    started.stdout.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#said.push(JSON.parse(line) as DirectorSaid)
    })
  }

  /** Resolves when speaker and director run; rejects if they cannot. */
  static async start(
    t: LabTest,
    lab: Lab,
    node: string,
    options: LoadBalancer,
  ): Promise<DirectorProcess> {
    const started = new DirectorProcess(lab, node, options)
    t.teardown(async () => {
      await started.process.kill()
      if (!t.passing()) t.comment(started.log())
    })
    await until(
      () => started.#said.some(({ type }) => type === 'started') || !started.process.running,
      { what: `the director on ${node} has started`, timeout: PATIENCE },
    )
    if (!started.process.running) throw new Error(started.process.output)
    return started
  }

  /** The director's events of one type since wall time `since`, with the wall time of each. */
  events<T extends DirectorEvent['type']>(
    type: T,
    since = 0,
  ): readonly { readonly at: number; readonly line: string; readonly event: EventOf<T> }[] {
    return this.#said.flatMap((said) =>
      said.type === 'director' && said.event.type === type && said.at >= since
        ? [{ at: said.at, line: said.line, event: said.event as EventOf<T> }]
        : [],
    )
  }

  async ask<T extends DirectorOrder['do']>(
    order: Rest<Extract<DirectorOrder, { readonly do: T }>> & { readonly do: T },
  ): Promise<DirectorAnswers[T]> {
    const id = ++this.#orders
    this.#child.stdin?.write(`${JSON.stringify({ ...order, id })}\n`)
    const answer = await until(
      () => this.#said.find((said) => said.type === 'answer' && said.id === id),
      { what: `${this.process.node} answers to ${order.do}`, timeout: PATIENCE },
    )
    if (answer.type !== 'answer' || answer.error !== undefined)
      throw new Error(JSON.stringify(answer))
    return answer.result as DirectorAnswers[T]
  }

  /** SIGTERM; resolves with the exit status. */
  stop(): Promise<number | string> {
    return this.process.stop(PATIENCE)
  }

  /** SIGKILL. */
  kill(): Promise<number | string> {
    return this.process.kill()
  }

  /** Its events as lines, for the report of a failed test. */
  log(): string {
    const lines = this.#said.flatMap((said) =>
      'line' in said ? [`${new Date(said.at).toISOString()} ${said.line.slice(0, 200)}`] : [],
    )
    const rest = this.process.output.split('\n').filter((line) => !line.startsWith('{"type":'))
    return [`--- director on ${this.process.node}`, ...lines, ...rest].join('\n')
  }
}
