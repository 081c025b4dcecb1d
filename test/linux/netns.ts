/**
 * Tests that want a network namespace of their own. Node cannot enter one, so the test file runs itself again inside:
 * the outer process makes the namespace and spawns `ip netns exec <namespace> node <this file>` as a subtest, the
 * inner one runs the body of the one test that it was started for.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { watchdog } from '../sweep.ts'

const INSIDE = 'OSPF_TEST_IN_NAMESPACE'
/** Unique to the run. */
const prefix = `ospf-${process.pid}-${randomBytes(3).toString('hex')}`
let count = 0

/** The test that this process was started for, inside a namespace. */
export const inside: string | undefined = process.env[INSIDE]

const unable = process.getuid?.() === 0 ? false : 'not run: needs root'

/** Runs `body` in a fresh network namespace, where lo is up. Names are unique in a file. */
export function inNamespace(name: string, body: (t: Test) => Promise<void>): void {
  if (inside === name) {
    t.test(name, body)
  } else if (inside === undefined) {
    t.test(name, { skip: unable }, async (t) => {
      // should this process be killed
      if (count === 0) watchdog(prefix)
      const namespace = `${prefix}-${count++}`
      const remove = (): void => {
        try {
          execFileSync('ip', ['netns', 'del', namespace], { stdio: 'ignore' })
        } catch {
          // Never made, or gone already.
        }
      }
      t.teardown(remove)
      ip(`netns add ${namespace}`)
      ip(`-n ${namespace} link set lo up`)
      const args = ['netns', 'exec', namespace, process.execPath, process.argv[1]!]
      await t.spawn('ip', args, { env: { ...process.env, [INSIDE]: name } }, 'inside')
    })
  }
}

/** A test that needs no namespace: outside only. */
export function outside(name: string, body: (t: Test) => Promise<void> | void): void {
  if (inside === undefined) t.test(name, body)
}

/** Runs `ip` with the words of `command`, and returns what it prints. */
export function ip(command: string, input?: string): string {
  const options = { encoding: 'utf8', ...(input === undefined ? {} : { input }) } as const
  return execFileSync('ip', command.split(' '), options)
}

/** Waits until `done` holds; rejects after `seconds` with what was waited for. */
export async function until(what: string, done: () => boolean, seconds = 10): Promise<void> {
  const end = performance.now() + seconds * 1000
  while (!done()) {
    if (performance.now() > end) throw new Error(`waited ${seconds} s for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
