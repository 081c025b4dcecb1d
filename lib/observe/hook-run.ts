/** One run of a hook: a program that is started, or a request that is sent. */
import { spawn } from 'node:child_process'
import { request as requestHttp } from 'node:http'
import { kill } from 'node:process'
import { https } from '../secure.ts'
import type { EventRecord } from './event-record.ts'
import type { Hook } from './hook-options.ts'

/** Resolves when it went well; the signal ends it. */
export type HookRun = (hook: Hook, notice: EventRecord, signal: AbortSignal) => Promise<void>

/** A failure that trying again will not mend. */
export class LastingError extends Error {}

export const runHook: HookRun = ({ command, url, headers }, notice, signal) =>
  command === undefined
    ? post(new URL(url!), headers, `${JSON.stringify(notice)}\n`, signal)
    : start(command, notice, signal)

/** Octets of one variable. */
const VARIABLE = 4096

/** What a program finds in its environment: OSPF_EVENT and, of every field that is no list or record, OSPF_<FIELD>. */
export function environmentOf(notice: EventRecord): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const [field, value] of Object.entries(notice)) {
    if (typeof value === 'object' || value === undefined) continue
    const name = field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
    // a NUL would end it
    variables[`OSPF_${name}`] = String(value).replaceAll('\0', '').slice(0, VARIABLE)
  }
  return variables
}

function start(
  [file, ...args]: readonly string[],
  notice: EventRecord,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const child = spawn(file!, args, {
      // a group of its own, to be ended with whatever it has started
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...process.env, ...environmentOf(notice) },
    })
    const abort = (): void => {
      try {
        if (child.pid !== undefined) kill(-child.pid, 'SIGKILL')
      } catch {
        // gone
      }
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
    const done = (error?: Error): void => {
      signal.removeEventListener('abort', abort)
      if (error === undefined) resolve()
      else reject(error)
    }
    child.on('error', done)
    child.on('exit', (code, by) => {
      if (code === 0) return done()
      done(new Error(code === null ? `killed by ${by}` : `exit code ${code}`))
    })
    // one that does not read
    child.stdin?.on('error', () => {})
    child.stdin?.end(`${JSON.stringify(notice)}\n`)
  })
}

/** Statuses of a client's mistake that time may mend: Request Timeout, Too Early, Too Many Requests. */
const passing: readonly number[] = [408, 425, 429]

/** Redirections are not followed: they count as failures, as everything but 200 to 299 does. */
function post(
  url: URL,
  headers: Hook['headers'],
  body: string,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? https().request : requestHttp
    const asked = request(url, {
      method: 'POST',
      agent: false,
      signal,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        ...headers,
      },
    })
    asked.on('error', (error) => reject(signal.aborted ? signal.reason : error))
    asked.on('response', (answer) => {
      const { statusCode = 0 } = answer
      answer.destroy()
      if (statusCode >= 200 && statusCode < 300) resolve()
      else {
        const isLasting = statusCode >= 300 && statusCode < 500 && !passing.includes(statusCode)
        reject(new (isLasting ? LastingError : Error)(`HTTP status ${statusCode}`))
      }
    })
    asked.end(body)
  })
}
