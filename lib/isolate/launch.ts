/** Child processes: how one is started, spoken to and ended. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { FromChild, ToChild } from './messages.ts'

/** One child, as long as it lives. */
export interface Child {
  readonly pid: number | undefined
  /** Messages that are on their way and have not left. */
  readonly backlog: number
  /** What cannot go is dropped: the child's end is told then. @throws what cannot be cloned */
  send(message: ToChild): void
  /** SIGKILL. */
  kill(): void
}

/** Starts one. `ended` is called once, when it is no more. */
export type Launch = (receive: (message: FromChild) => void, ended: (how: string) => void) => Child

/** Milliseconds after the end of a child until its channel is given up. */
const LAST_WORDS_MS = 500

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const entry = fileURLToPath(new URL(`./child.${extension}`, import.meta.url))

/** Where the clock of this process (`performance.now`) began, in milliseconds on the machine's monotonic clock. */
export const clockOrigin = (): number => Number(process.hrtime.bigint()) / 1e6 - performance.now()

/** Starts them in a network namespace, or in that of this process. */
export const launchIn =
  (namespace: string | undefined): Launch =>
  (receive, ended) => {
    // The application logs the events; the child must never wait for a terminal.
    const env = { ...process.env, DEBUG: '' }
    const child: ChildProcess = fork(entry, [], {
      serialization: 'advanced',
      // `ip netns exec` becomes what it runs: the process is the child itself
      ...(namespace === undefined
        ? { execArgv: [] }
        : { execPath: 'ip', execArgv: ['netns', 'exec', namespace, process.execPath] }),
      env,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    let backlog = 0
    let how: string | undefined
    let isOver = false
    /** Once it has exited and all that it said was heard. */
    const look = (isLate = false): void => {
      if (isOver || how === undefined || (child.connected && !isLate)) return
      isOver = true
      ended(how)
    }
    child.on('message', (message) => receive(message as FromChild))
    child.once('disconnect', () => look())
    child.on('error', (error) => {
      // otherwise a message could not go, and the end of the child is told
      if (child.pid !== undefined) return
      how = error.message
      look(true)
    })
    child.once('exit', (code, signal) => {
      how = signal ?? `exit status ${code}`
      look()
      setTimeout(look, LAST_WORDS_MS, true)
    })
    return {
      pid: child.pid,
      get backlog() {
        return backlog
      },
      send(message) {
        if (!child.connected) return
        backlog++
        child.send(message, () => {
          backlog--
        })
      },
      kill() {
        child.kill('SIGKILL')
      },
    }
  }
