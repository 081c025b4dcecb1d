/**
 * Makes the command as it is published, dist/bin: some files instead of hundreds of modules, a part of which is loaded
 * when it is wanted, as in lib/. A process loads a third of a millisecond for each file, and a router that starts is
 * waited for. The modules in dist/ remain what `import` gets.
 *
 * Names and lines stay readable in a stack trace; `node --enable-source-maps` shows those of lib/. Packages are not
 * copied into it: they come as they are installed.
 */
import { readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const outdir = join(root, 'dist', 'bin')

// names of parts come from what is in them: those of an earlier build would stay
rmSync(outdir, { recursive: true, force: true })
await build({
  absWorkingDir: root,
  // the child process is looked for beside the part that starts it
  entryPoints: [
    { in: 'lib/cli/main.ts', out: 'ospf-speaker' },
    { in: 'lib/isolate/child.ts', out: 'child' },
  ],
  outdir,
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  define: { PACKAGE_VERSION: JSON.stringify(version) },
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
})
