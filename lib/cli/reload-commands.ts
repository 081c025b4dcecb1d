/** `ospf-speaker reload`, `confirm` and `renew`: the running speaker is asked over its control socket. */
import { askAction } from './ask.ts'
import type { ReloadAnswer } from './reload.ts'
import { answered, type Said, say } from './said.ts'

/** `ospf-speaker reload`. @param confirm seconds to confirm it */
export async function reload(socket: string, confirm: number | undefined): Promise<Said> {
  const body = confirm === undefined ? {} : { confirm }
  const answer = (await askAction(socket, 'reload', body)) as ReloadAnswer
  const more =
    confirm === undefined
      ? []
      : [`to be confirmed within ${confirm} s with 'ospf-speaker confirm', or it is rolled back`]
  return answered(answer, 'no change', more)
}

/** `ospf-speaker confirm`. */
export async function confirmReload(socket: string): Promise<Said> {
  const { confirmed } = (await askAction(socket, 'confirm', {})) as { confirmed: boolean }
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
  await askAction(socket, 'renew', { vip, ...(seconds === undefined ? {} : { seconds }) })
  return say(0, [], [])
}
