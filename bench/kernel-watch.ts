/** The next hops of one route in a kernel as its netlink monitor tells them, next-hop objects included, and when. */
import { type ChildProcess, spawn } from 'node:child_process'

/** Weights by gateway, from an instant on (wall time, milliseconds). */
export interface RouteState {
  readonly at: number
  readonly hops: Readonly<Record<string, number>>
}

export class KernelWatch implements Disposable {
  readonly history: RouteState[] = []
  readonly #monitor: ChildProcess
  readonly #prefix: string
  /** Gateways of next-hop objects. */
  readonly #leaves = new Map<string, string>()
  /** Members and weights of groups. */
  readonly #groups = new Map<string, readonly (readonly [id: string, weight: number])[]>()
  #id: string | undefined
  #hops: Record<string, number> = {}

  /** @param namespace as `ip -n` has it */
  constructor(namespace: string, prefix: string) {
    this.#prefix = prefix
    const argv = ['-n', namespace, '-ts', '-o', 'monitor', 'route', 'nexthop']
    this.#monitor = spawn('ip', argv, { stdio: ['ignore', 'pipe', 'ignore'] })
    let rest = ''
    this.#monitor.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#read(line)
    })
  }

  /** When it came to be so, after an instant. Undefined: it is not yet. */
  since(start: number, isSo: (hops: RouteState['hops']) => boolean): number | undefined {
    return this.history.find(({ at, hops }) => at >= start && isSo(hops))?.at
  }

  get now(): RouteState['hops'] {
    return this.history.at(-1)?.hops ?? {}
  }

  [Symbol.dispose](): void {
    this.#monitor.kill()
  }

  #read(line: string): void {
    // the clock of the machine, as a local time
    const stamp = /^\[([\dT:.-]+)\] (?:\[\w+\])?(.*)$/.exec(line)
    if (stamp === null) return
    const [, time = '', said = ''] = stamp
    const isGone = said.startsWith('Deleted ')
    const text = isGone ? said.slice('Deleted '.length) : said
    const object = /^id (\d+) (.*)$/.exec(text)
    if (object) this.#object(object[1]!, object[2]!, isGone)
    else if (text.startsWith(`${this.#prefix} `)) this.#route(text, isGone)
    else return
    const hops = this.#now()
    if (JSON.stringify(hops) === JSON.stringify(this.now)) return
    // a Date has whole milliseconds, and an instant that is too early blames the wrong connections
    const [, whole = '', rest = '0'] = /^(.*)\.(\d+)$/.exec(time) ?? []
    const at = new Date(whole).getTime() + Number(`0.${rest}`) * 1000
    this.history.push({ at, hops })
  }

  #object(id: string, text: string, isGone: boolean): void {
    this.#leaves.delete(id)
    this.#groups.delete(id)
    if (isGone) return
    const group = /\bgroup (\S+)/.exec(text)?.[1]
    const via = /\bvia (\S+)/.exec(text)?.[1]
    if (group !== undefined) {
      const members = group.split('/').map((member) => member.split(','))
      this.#groups.set(
        id,
        members.map(([leaf = '', weight = '1']) => [leaf, Number(weight)]),
      )
    } else if (via !== undefined) this.#leaves.set(id, via)
  }

  #route(text: string, isGone: boolean): void {
    this.#id = isGone ? undefined : /\bnhid (\d+)/.exec(text)?.[1]
    this.#hops = {}
    if (isGone) return
    for (const [, via = '', weight = '1'] of text.matchAll(
      /\bvia (\S+)(?:[^\\]*?weight (\d+))?/g,
    )) {
      this.#hops[via] = Number(weight)
    }
  }

  #now(): Record<string, number> {
    const id = this.#id
    if (id === undefined) return this.#hops
    const members = this.#groups.get(id) ?? (this.#leaves.has(id) ? [[id, 1] as const] : [])
    const hops: Record<string, number> = {}
    for (const [leaf, weight] of members) {
      const via = this.#leaves.get(leaf)
      if (via !== undefined) hops[via] = (hops[via] ?? 0) + weight
    }
    return Object.keys(hops).length > 0 ? hops : this.#hops
  }
}
