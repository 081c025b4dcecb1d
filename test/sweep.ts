/** What is left of a run's network namespaces goes, however the run ended. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'

/**
 * Removes every namespace `$1-*`, whatever runs inside, and the folder `$2`. `ip netns list` asks the kernel of every
 * namespace, and complains of those that another run is just making or removing: names are all that is wanted.
 */
const script =
  'for ns in $(ls /var/run/netns | grep "^$1-"); do ' +
  'for pid in $(ip netns pids "$ns"); do kill -9 "$pid"; done; ip netns del "$ns"; done; ' +
  'if [ -n "$2" ]; then rm -rf "$2"; fi'

/** Removes the namespaces `PREFIX-*`, with what runs inside, and the folder. */
export function sweep(prefix: string, directory: string = ''): void {
  execFileSync('sh', ['-c', script, 'sh', prefix, directory], { stdio: 'ignore' })
}

/** A shell that sweeps when this process is no more, even if killed. Its end: `stdin.end()`. */
export function watchdog(prefix: string, directory: string = ''): ChildProcess {
  // it reads a pipe that closes with this process
  const shell = spawn('sh', ['-c', `cat; ${script}`, 'sh', prefix, directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  shell.unref()
  const pipe = shell.stdin as (NodeJS.WritableStream & { unref?(): void }) | null
  pipe?.unref?.()
  return shell
}
