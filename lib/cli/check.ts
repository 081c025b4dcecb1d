/** `ospf-speaker check`: whether files make a configuration, and what a running speaker would change for them. */
import { askControl } from './control.ts'
import { type InputHost, type Inputs, loadInputs, readInputs, type Texts } from './inputs.ts'
import type { ReloadAnswer } from './reload.ts'

export interface CheckOptions extends Inputs {
  /** Ask the speaker behind this socket what it would change. */
  readonly diff?: string
}

/** What a command prints, and its exit status. */
export interface Said {
  readonly out: readonly string[]
  readonly complaints: readonly string[]
  readonly status: number
}

export const say = (
  status: number,
  out: readonly string[],
  complaints: readonly string[],
): Said => ({
  out,
  complaints,
  status,
})

/** 0: it is one; 2: it has errors; 1: the machine, or the running speaker, is in the way. */
export async function check({ diff, ...inputs }: CheckOptions, host: InputHost): Promise<Said> {
  const { texts, errors } = await loadInputs(inputs, host)
  if (errors.length > 0) return say(2, [], errors)
  if (diff !== undefined) return difference(diff, texts)
  const read = await readInputs(texts, host)
  const warnings = read.lines
    .filter(({ level }) => level === 'warning')
    .map(({ text }) => `warning: ${text}`)
  if (read.config === undefined) return say(read.isMachine ? 1 : 2, warnings, read.errors)
  return say(0, [...warnings, 'configuration OK'], [])
}

async function difference(socket: string, texts: Texts): Promise<Said> {
  return answered((await askControl(socket, '/diff', texts)) as ReloadAnswer, 'no change')
}

/** The lines of an answer of the running speaker. */
export function answered(
  { errors, changes, restarted }: ReloadAnswer,
  nothing: string,
  more: readonly string[] = [],
): Said {
  if (errors.length > 0) return say(2, [], errors)
  const anew = restarted.map((name) => `interface ${name}: its neighbors are met anew`)
  return say(0, changes.length === 0 ? [nothing, ...more] : [...changes, ...anew, ...more], [])
}

/** `ospf-speaker reload`. @param confirm seconds to confirm it */
export async function reload(socket: string, confirm: number | undefined): Promise<Said> {
  const body = confirm === undefined ? {} : { confirm }
  const answer = (await askControl(socket, '/reload', body)) as ReloadAnswer
  const more =
    confirm === undefined
      ? []
      : [`to be confirmed within ${confirm} s with 'ospf-speaker confirm', or it is rolled back`]
  return answered(answer, 'no change', more)
}

/** `ospf-speaker confirm`. */
export async function confirmReload(socket: string): Promise<Said> {
  const { confirmed } = (await askControl(socket, '/confirm', {})) as { confirmed: boolean }
  return confirmed
    ? say(0, ['confirmed'], [])
    : say(1, [], ['ospf-speaker: no change waits to be confirmed'])
}

/** `ospf-speaker renew`: a VIP with a lease lives on. */
export async function renew(
  socket: string,
  vip: string,
  seconds: number | undefined,
): Promise<Said> {
  await askControl(socket, '/renew', { vip, ...(seconds === undefined ? {} : { seconds }) })
  return say(0, [], [])
}
