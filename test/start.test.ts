/**
 * What a process has to load before its first Hello: most of its time until then goes into that, a third of a millisecond a
 * file.
 */
import t from 'tap'
import { importsOf, isRelative, resolved, sourcesOf } from './sources.ts'

const lib = sourcesOf('lib')

/** All that is loaded with these files, at once. */
function loadedWith(...files: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const visit = (path: string): void => {
    if (seen.has(path)) return
    seen.add(path)
    for (const one of importsOf(lib.get(path) ?? '').filter(isRelative))
      if (!one.typesOnly && !one.isLate) visit(resolved(path, one))
  }
  for (const file of files) visit(file)
  return seen
}

t.test('a run loads what it needs', async (t) => {
  const loaded = loadedWith(
    'cli/main.ts',
    'cli/run-command.ts',
    'cli/host.ts',
    'cli/run.ts',
    'cli/start.ts',
  )
  t.ok(loaded.has('core/router.ts'), 'and that')
  t.ok(loaded.has('config/frr.ts'), 'and that')
  for (const file of [
    'index.ts',
    'keepalived.ts',
    'config/keepalived.ts',
    'config/yaml.ts',
    'config/accepted.ts',
    'config/schema.ts',
    'config/validate.ts',
    'cli/commands.ts',
    'cli/show.ts',
    'cli/other-commands.ts',
    'lvs/director.ts',
    'lvs/ipvs.ts',
    'lvs/nftables.ts',
    'isolate/child.ts',
    'observe/metrics.ts',
    'sim/index.ts',
  ]) {
    t.ok(lib.has(file), `${file} is there`)
    t.notOk(loaded.has(file), `${file} waits`)
  }
})
