/** `ospf-speaker check`: whether files make a configuration, and what a running speaker would change for them. */
import { askAction } from './ask.ts'
import { type InputHost, type Inputs, loadInputs, readInputs, type Texts } from './inputs.ts'
import type { ReloadAnswer } from './reload.ts'
import { answered, type Said, say } from './said.ts'

export interface CheckOptions extends Inputs {
  /** Ask the speaker behind this socket what it would change. */
  readonly diff?: string
}

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
  return answered((await askAction(socket, 'diff', texts)) as ReloadAnswer, 'no change')
}
