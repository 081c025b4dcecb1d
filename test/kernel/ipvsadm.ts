/** ipvsadm, run and read: what it says of every service and destination, as plain text to compare with. */
import { execFileSync } from 'node:child_process'

/** Runs `ipvsadm` with the words of `command`, and returns what it prints. */
export const ipvsadm = (command: string, input?: string): string =>
  execFileSync('ipvsadm', command.split(' '), {
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(input !== undefined && { input }),
  })

/** The columns of one listing: a row for each service and destination, without the heading. */
export const rows = (options: string): string[][] =>
  ipvsadm(options)
    .split('\n')
    .filter((line) => /^(TCP|UDP|SCTP|FWM| {2}-> [\d[])/.test(line))
    .map((line) => line.trim().split(/\s+/))
