/** Where a control socket is, and what can be wrong with it, at either end. */
import { existsSync } from 'node:fs'

/** A socket that cannot be had, or a speaker that cannot be asked; the message is for the operator. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
}

/** Where the socket is unless `--socket` says otherwise. */
export const defaultSocket = '/run/ospf-speaker.sock'
/** Where the unit of `packaging/` has it: a service without root has a folder of its own. */
export const serviceSocket = '/run/ospf-speaker/control.sock'

/** The socket that is asked where nothing is said: OSPF_SPEAKER_SOCKET, or whichever is there. */
export function socketToAsk(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  isThere: (path: string) => boolean = existsSync,
): string {
  const { OSPF_SPEAKER_SOCKET: said } = environment
  if (said !== undefined && said !== '') return said
  return !isThere(defaultSocket) && isThere(serviceSocket) ? serviceSocket : defaultSocket
}

/** What fits into sockaddr_un; Node 20 cuts longer paths short without a word. */
const longestPath = 107

export function checkPath(path: string): void {
  if (Buffer.byteLength(path) > longestPath)
    throw new ControlError(`socket ${path}: the path is longer than ${longestPath} bytes`)
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
}

export function whyOf(error: unknown): string {
  if (codeOf(error) === 'EACCES') return 'permission denied'
  return error instanceof Error ? error.message : String(error)
}
