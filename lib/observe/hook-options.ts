/** Hooks as they are asked for. */
import { fail, isObject, onlyFields, parseInteger } from '../parse.ts'

/**
 * - `neighbor`: a neighbor became Full, or was and is not any more.
 * - `vip`: a VIP came to another state.
 * - `pool`: a real server went up or down, a service gained or lost its quorum, the sorry server stands in or does not.
 * - `interface`: OSPF on an interface came up or went down.
 * - `attack`: something that looks like an attack, or two routers with one Router ID.
 * - `error`: a failure outside the protocol, or of a route in the kernel.
 */
export const hookTopics = ['neighbor', 'vip', 'pool', 'interface', 'attack', 'error'] as const
export type HookTopic = (typeof hookTopics)[number]

/** What is done when something happens: exactly one of `command` and `url`. */
export interface HookOptions {
  readonly on: readonly HookTopic[]
  /** A program and its arguments; no shell is involved. What happened is in its environment, and as JSON on its input. */
  readonly command?: readonly string[]
  /** http: or https:; gets what happened as JSON, by POST. */
  readonly url?: string
  /** Of the request. */
  readonly headers?: Readonly<Record<string, string>>
  /** Seconds after which it is killed, or given up; default 10. */
  readonly timeout?: number
  /** How many run at once; default 1, which keeps them in order. */
  readonly concurrency?: number
  /** How many are begun in a minute; what is beyond that is told in a summary. Default 60. */
  readonly perMinute?: number
  /**
   * How often one that failed is tried again, after 1, 2, 4 and so on up to 60 seconds; what comes after it waits, in
   * order. Default 4 for a url, 0 for a command. Answers that will not change (redirections, and 400 to 499 but for 408,
   * 425 and 429) are not tried again.
   */
  readonly retries?: number
}

export interface Hook {
  readonly on: ReadonlySet<string>
  readonly command: readonly string[] | undefined
  readonly url: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly concurrency: number
  readonly perMinute: number
  readonly retries: number
}

const fields = [
  'on',
  'command',
  'url',
  'headers',
  'timeout',
  'concurrency',
  'perMinute',
  'retries',
] as const satisfies readonly (keyof HookOptions)[]

const HOOKS = 64
const URL_RETRIES = 4

/** @throws OspfError ERR_OSPF_CONFIG that names the field */
export function parseHooks(hooks: unknown): Hook[] {
  if (!Array.isArray(hooks) || hooks.length > HOOKS) {
    throw fail('hooks', `a list of at most ${HOOKS}`, hooks)
  }
  return hooks.map((hook, i) => parseHook(`hooks[${i}]`, hook))
}

function parseHook(where: string, hook: unknown): Hook {
  if (!isObject(hook)) throw fail(where, 'an object', hook)
  const options = hook as HookOptions
  onlyFields(where, options, fields)
  const { on, command, url, headers = {}, timeout = 10, concurrency = 1, perMinute = 60 } = options
  const { retries = url === undefined ? 0 : URL_RETRIES } = options
  const isTopic = (topic: unknown): boolean => hookTopics.some((one) => one === topic)
  if (!Array.isArray(on) || on.length === 0 || !on.every(isTopic)) {
    throw fail(`${where}: on`, `some of ${hookTopics.join(', ')}`, on)
  }
  if ((command === undefined) === (url === undefined)) {
    throw fail(where, 'either command or url', command === undefined ? undefined : 'both')
  }
  if (command !== undefined && !isCommand(command)) {
    throw fail(`${where}: command`, 'a program and its arguments', command)
  }
  if (url !== undefined && !isUrl(url)) throw fail(`${where}: url`, 'an http or https URL', url)
  const isHeader = ([, value]: [string, unknown]): boolean => typeof value === 'string'
  if (!isObject(headers) || !Object.entries(headers).every(isHeader)) {
    throw fail(`${where}: headers`, 'texts by name', headers)
  }
  if (typeof timeout !== 'number' || !(timeout > 0 && timeout <= 3600)) {
    throw fail(`${where}: timeout`, 'seconds above 0, at most an hour', timeout)
  }
  return {
    on: new Set(on),
    command,
    url,
    headers,
    timeoutMs: timeout * 1000,
    concurrency: parseInteger(`${where}: concurrency`, concurrency, 1, 32),
    perMinute: parseInteger(`${where}: perMinute`, perMinute, 1, 6000),
    retries: parseInteger(`${where}: retries`, retries, 0, 10),
  }
}

const isCommand = (command: unknown): boolean =>
  Array.isArray(command) &&
  command.length > 0 &&
  command[0] !== '' &&
  command.every((part) => typeof part === 'string' && !part.includes('\0'))

function isUrl(url: unknown): boolean {
  if (typeof url !== 'string' || !URL.canParse(url)) return false
  return /^https?:$/.test(new URL(url).protocol)
}
