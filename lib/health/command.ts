/** A probe that runs a command and looks at its exit code. */
import { spawn } from 'node:child_process'
import { kill } from 'node:process'
import { excerpt } from './dialogue.ts'
import { explain, invalid, named, type Probe } from './probe.ts'

export interface CommandOptions {
  /** Exit codes that count as healthy; default 0. */
  readonly exit?: number | readonly number[]
  /** Variables of the environment; default: those of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** Working directory; default: that of this process. */
  readonly cwd?: string
  /** To run it as; needs the privilege to change. */
  readonly uid?: number
  readonly gid?: number
}

/** Octets of what the command says that are kept, for the reason. */
const OUTPUT = 4096

/**
 * Runs a program with its arguments; no shell is involved. It leads a process group of its own: when the signal aborts, the
 * group is killed, with whatever the command has started. Rejects with the exit code and the last line that it wrote.
 *
 * @example command('/usr/local/bin/check', ['--quick'])
 * @throws OspfError ERR_OSPF_CONFIG when an option cannot be used
 */
export function command(
  file: string,
  args: readonly string[] = [],
  options: CommandOptions = {},
): Probe {
  if (typeof file !== 'string' || file === '') throw invalid('file', 'the path of a program', file)
  if (!Array.isArray(args) || !args.every((arg) => typeof arg === 'string')) {
    throw invalid('args', 'a list of strings', args)
  }
  const { exit = 0, env, cwd, uid, gid } = options
  const expected = Array.isArray(exit) ? (exit as readonly number[]) : [exit as number]
  if (expected.length === 0 || !expected.every((n) => Number.isInteger(n) && n >= 0 && n <= 255)) {
    throw invalid('exit', 'exit codes from 0 to 255', exit)
  }
  return named(`command ${file}`, async (signal) => {
    signal.throwIfAborted()
    try {
      const { code, by, said } = await runCommand(file, args, { env, cwd, uid, gid }, signal)
      if (code !== null && expected.includes(code)) return
      const how = code === null ? `killed by ${by}` : `exit code ${code}`
      const wanted = code === null ? '' : `, expected ${expected.join(', ')}`
      throw new Error(`${how}${wanted}${said === '' ? '' : `: ${said}`}`)
    } catch (error) {
      throw explain(error, signal)
    }
  })
}

/** How a command ended. */
export interface CommandResult {
  /** Null: by a signal. */
  readonly code: number | null
  readonly by: NodeJS.Signals | null
  /** The beginning of its last line. */
  readonly said: string
}

/** Runs a command to its end; kills its process group when the signal aborts. */
export function runCommand(
  file: string,
  args: readonly string[],
  options: Optional<Omit<CommandOptions, 'exit'>>,
  signal: AbortSignal,
): Promise<CommandResult> {
  const { env, cwd, uid, gid } = options
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...args], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(env === undefined ? {} : { env: { ...env } }),
      ...(cwd === undefined ? {} : { cwd }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    })
    let said = ''
    const hear = (chunk: Buffer): void => {
      said = (said + chunk.toString('utf8')).slice(-OUTPUT)
    }
    // where no descriptor is left there are none, and 'error' follows
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    const abort = (): void => {
      killGroup(child.pid)
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
    child.on('error', (error) => {
      signal.removeEventListener('abort', abort)
      reject(error)
    })
    // 'exit', not 'close': who was started in the background may keep the pipes open
    child.on('exit', (code, by) => {
      signal.removeEventListener('abort', abort)
      child.stdout.destroy()
      child.stderr.destroy()
      resolve({ code, by, said: excerpt(said.trim().split('\n').at(-1) ?? '') })
    })
  })
}

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** The whole group; that it is gone already is no error. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    kill(-pid, 'SIGKILL')
  } catch {
    // gone
  }
}
