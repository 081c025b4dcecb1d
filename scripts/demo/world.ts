/** What the story needs of the place where it is played: namespaces of this kernel, or the simulator. */

export const vip = '10.0.1.100'

/** The two load balancers, by name, with their Router IDs, which are their addresses as well. */
export const directors = { lb1: '10.0.1.133', lb2: '10.0.1.135' } as const
export type Director = keyof typeof directors
export const names = Object.keys(directors) as Director[]

export type ProcessState = 'not started' | 'ready' | 'not ready' | 'stopping' | 'exited' | 'killed'

/** The place as it is now. */
export interface View {
  readonly processes: Readonly<Record<Director, ProcessState>>
  /** State of each director in the router's eyes (RFC 2328 10.1); undefined: no neighbor of it. */
  readonly neighbors: Readonly<Record<Director, string | undefined>>
  readonly route: KernelRoute
}

/** What the router's kernel does with packets to the VIP. */
export interface KernelRoute {
  /** Who gets them; none: there is no route. */
  readonly nextHops: readonly Director[]
  /** Milliseconds on the clock of the place when it became so. */
  readonly since: number
}

/** Connections by the director that answered; those that nobody did are 'failed'. */
export type Tally = Readonly<Record<Director | 'failed', number>>

/** How a director that was asked to stop ended. */
export interface Exit {
  readonly status: number | string
  /** Milliseconds on the clock of the place. */
  readonly at: number
}

export interface World extends AsyncDisposable {
  /** One line for the head: where, and what the router is. */
  readonly place: string
  /** Milliseconds, monotonic. */
  now(): number
  view(): View
  /** Lets time pass until it holds. Rejects when it still does not after `limit` seconds, saying what was awaited. */
  until(holds: () => boolean, what: string, limit: number): Promise<void>
  /** Starts the router, or a director. */
  start(node: 'router' | Director): Promise<void>
  /** The application of a director says that it is ready, or not. */
  setReady(director: Director, ready: boolean): void
  /** SIGTERM. */
  terminate(director: Director): Promise<Exit>
  /** SIGKILL. */
  kill(director: Director): Promise<void>
  /** Opens connections from the client to the VIP, one after the other; `progress` is given the count so far. */
  connect(count: number, progress: (tally: Tally) => void): Promise<Tally>
  /** What is still there after disposal, in words; nothing, if all is well. */
  remains(): readonly string[]
}
