/** The terminal that `watch` draws on. */
import type { WriteStream } from 'node:tty'
import type { Screen } from './watch.ts'

export function terminal(output: WriteStream): Screen {
  return {
    write: (text) => void output.write(text),
    isTerminal: output.isTTY,
    size: () => ({ columns: output.columns, rows: output.rows }),
    wait: (milliseconds, signal) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          output.off('resize', done)
          signal.removeEventListener('abort', done)
          resolve()
        }
        const timer = setTimeout(done, milliseconds)
        output.once('resize', done)
        signal.addEventListener('abort', done, { once: true })
      }),
  }
}
