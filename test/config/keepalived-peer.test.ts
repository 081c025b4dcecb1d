/**
 * Every fixture is given to keepalived itself as well (`keepalived -t`, which only reads), and both must report the same
 * lines, the same unknown keywords, and as many changes.
 */
import { spawnSync } from 'node:child_process'
import t from 'tap'
import type { KeepalivedReport } from '../../lib/config/keepalived.ts'
import { readKeepalived } from '../../lib/keepalived.ts'
import { folder, names } from './keepalived-samples.ts'

const { stderr = '' } = spawnSync('keepalived', ['--version'], { encoding: 'utf8' })
const version = /v(\d+\.\d+\.\d+)/.exec(stderr)?.[1]
const isRoot = process.getuid?.() === 0

/** What depends on the machine, and second lines that say what a number may be. */
const aside =
  /SECURITY VIOLATION|script_user|script user|^\(.*\) (invalid|negative) number|number '.*' outside range|Invalid ~(SEQ|LST) specification/

interface Seen {
  readonly lines: readonly string[]
  readonly unknown: readonly string[]
  readonly changes: number
  readonly isCutShort: boolean
}

/** Each of its processes tells what it finds: what is told twice counts once. */
function theirs(name: string): Seen {
  const run = spawnSync('keepalived', ['-t', '-i', 'one', '-f', name], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 30_000,
  })
  if (run.status === null) throw new Error(`keepalived ended by ${run.signal} over ${name}`)
  const told = `${run.stdout}${run.stderr}`.split('\n').filter((line) => line && !aside.test(line))
  // the first of its processes leaves the name of the file out
  const placed = told.map((line) => /^\((?:.*: )?Line (\d+)\) (.*)$/.exec(line))
  const loose = told.filter((_, i) => placed[i] === null)
  const isCut = (line: string): boolean => /There are \d+ missing/.test(line)
  return {
    lines: unique(placed.flatMap((match) => (match ? [match[1]!] : []))),
    unknown: unique(
      placed.flatMap((match) =>
        match?.[2]?.startsWith('Unknown keyword') ? [`${match[1]} ${match[2]}`] : [],
      ),
    ),
    changes: loose.filter((line) => !isCut(line)).length,
    isCutShort: loose.some(isCut),
  }
}

function ours(reports: readonly KeepalivedReport[]): Seen {
  const isCut = ({ message }: KeepalivedReport): boolean => message.startsWith('There are missing')
  const placed = reports.filter((one) => one.kind !== 'changed' && !isCut(one))
  return {
    lines: unique(placed.map(({ line }) => String(line))),
    unknown: unique(
      placed
        .filter(({ message }) => message.startsWith('Unknown keyword'))
        .map(({ line, message }) => `${line} ${message}`),
    ),
    changes: reports.filter(({ kind }) => kind === 'changed').length,
    isCutShort: reports.some(isCut),
  }
}

const unique = (values: readonly string[]): string[] => [...new Set(values)].sort()

t.ok(names.length >= 25, 'there are fixtures enough')
const skip =
  version === undefined
    ? 'keepalived is not installed'
    : !isRoot && 'only root may run keepalived -t'
t.test(`keepalived ${version ?? ''} reports what we report`, { skip }, async (t) => {
  process.chdir(folder)
  for (const name of names)
    await t.test(name, async (t) => {
      const { config, reports } = readKeepalived(name, { configId: 'one' })
      // where a word is missing keepalived ends at once
      if (config === undefined) {
        const run = spawnSync('keepalived', ['-t', '-f', name], { cwd: folder, timeout: 30_000 })
        t.equal(run.status, 2, 'keepalived does not start either')
        return
      }
      t.strictSame(ours(reports), theirs(name))
    })
})
