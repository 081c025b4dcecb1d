/** Runs what is to be told of a change. */
import { runCommand } from '../health/command.ts'
import type { NotifyCommand } from './director-options.ts'

/** Milliseconds that it may take. */
export const NOTIFY_LIMIT = 30_000

/** Rejects when the command cannot be started, fails, or takes too long: then it is killed. */
export async function runNotify([file, ...args]: NotifyCommand): Promise<void> {
  const { code, by, said } = await runCommand(file, args, {}, AbortSignal.timeout(NOTIFY_LIMIT))
  if (code === 0) return
  throw new Error(
    `${code === null ? `killed by ${by}` : `exit code ${code}`}${said && `: ${said}`}`,
  )
}
