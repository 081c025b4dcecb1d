/** `ospf-speaker check`: whether files make a configuration, and what a running speaker would change for them. */
import { askAction } from './ask.ts'
import { type InputHost, type Inputs, loadInputs, readInputs, type Texts } from './inputs.ts'
import { errorsOf, lineOf } from './keepalived.ts'
import type { ReloadAnswer } from './reload.ts'
import { answered, type Said, say } from './said.ts'

export interface CheckOptions extends Inputs {
  /** Ask the speaker behind this socket what it would change. */
  readonly diff?: string
  /** Say what would be done to IPVS. */
  readonly plan?: boolean
}

/** 0: it is one; 2: it has errors; 1: the machine, or the running speaker, is in the way. */
export async function check(
  { diff, plan, ...inputs }: CheckOptions,
  host: InputHost,
): Promise<Said> {
  const { texts, errors } = await loadInputs(inputs, host)
  if (errors.length > 0) return say(2, [], errors)
  const { keepalived } = texts
  // `run` warns of what keepalived passes over, as keepalived itself does
  const passedOver = keepalived === undefined ? [] : errorsOf(keepalived, texts.strict)
  const changed = (keepalived?.reports ?? []).map(lineOf).filter((one) => !passedOver.includes(one))
  if (passedOver.length > 0) return say(2, changed.map(warning), passedOver)
  if (diff !== undefined) return difference(diff, texts)
  if (isAlone(texts) && plan !== true) return ok(changed)
  const read = await readInputs(texts, host)
  const warned = read.lines.flatMap(({ level, text }) => (level === 'warning' ? [text] : []))
  const warnings = [...warned, ...read.hints]
  if (read.config === undefined)
    return say(read.isMachine ? 1 : 2, warnings.map(warning), read.errors)
  const { lvs } = read.config
  if (plan !== true || lvs === undefined) return ok(warnings)
  const { planLines } = await import('./plan.ts')
  return say(0, [...warnings.map(warning), ...(await planLines(lvs))], [])
}

/** A part of a configuration: who runs it says the rest. */
const isAlone = ({ files, frr, auto }: Texts): boolean =>
  files.length + frr.length === 0 && auto !== true

const warning = (text: string): string => `warning: ${text}`

const ok = (warnings: readonly string[]): Said =>
  say(0, [...warnings.map(warning), 'configuration OK'], [])

async function difference(socket: string, texts: Texts): Promise<Said> {
  return answered((await askAction(socket, 'diff', texts)) as ReloadAnswer, 'no change')
}
