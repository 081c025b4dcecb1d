/**
 * The shortest-path tree beside a C program with the same algorithm (floors/spf.c): each in a process of its own, from
 * the same LSAs, everything made from their bytes each time. Both must come to the same distances and next hops.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SpfFigures } from './spf-agent.ts'

export interface Beside {
  readonly name: string
  /** Milliseconds, by figure. */
  readonly figures: Readonly<Record<string, { readonly ours: number; readonly c: number }>>
}

const agent = fileURLToPath(new URL('./spf-agent.js', import.meta.url))
const source = fileURLToPath(new URL('../../bench/floors/spf.c', import.meta.url))
const ROUNDS = 101

/** Compiles it. @returns why not, if it cannot be done */
function compile(program: string): string | undefined {
  try {
    execFileSync('cc', ['-O2', '-o', program, source], { stdio: ['ignore', 'ignore', 'pipe'] })
    return undefined
  } catch (error) {
    const { code, stderr } = error as { readonly code?: string; readonly stderr?: Buffer }
    return code === 'ENOENT' ? 'there is no C compiler (cc)' : `cc: ${stderr}`
  }
}

/**
 * @returns the reason, if there is no C compiler
 * @throws Error when the two disagree
 */
export function besideC(isShort: boolean): readonly Beside[] | string {
  const directory = mkdtempSync(join(tmpdir(), 'spf-'))
  const [program, lsas] = [join(directory, 'spf'), join(directory, 'lsas')]
  try {
    const reason = compile(program)
    if (reason !== undefined) return reason
    const rounds = String(isShort ? 3 : ROUNDS)
    return (isShort ? [300] : [10_000, 100_000]).flatMap((count) =>
      ['grid', 'sparse'].map((kind) => {
        const run = (file: string, ...words: readonly string[]): SpfFigures =>
          JSON.parse(execFileSync(file, words, { encoding: 'utf8' })) as SpfFigures
        const ours = run(process.execPath, agent, kind, String(count), rounds, lsas)
        const c = run(program, lsas, rounds)
        for (const figure of ['edges', 'reached', 'check'] as const) {
          if (ours[figure] === c[figure]) continue
          throw new Error(`${kind} of ${count}: ${figure} is ${ours[figure]}, in C ${c[figure]}`)
        }
        return {
          name: `SPF beside C, ${kind} of ${count}`,
          figures: {
            'tree, ms': { ours: ours.tree.median, c: c.tree.median },
            'the first tree, ms': { ours: ours.tree.first, c: c.tree.first },
            'of it on arrays, ms': { ours: ours.dijkstra.median, c: c.dijkstra.median },
          },
        }
      }),
    )
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
