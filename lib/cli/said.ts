/** What commands have to say when they are over. */
import type { ReloadAnswer } from './reload.ts'

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
