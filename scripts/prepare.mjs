/**
 * What every script of this repository needs first, on a machine where nothing is installed: Debian packages (as root,
 * saying so), npm packages, and the builds. Plain JavaScript: it runs before anything is compiled.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
export const isRoot = process.platform === 'linux' && process.getuid?.() === 0

/** Runs a command; its output is shown only if it fails. Ends the process then. */
export function must(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...options,
  })
  if (status === 0) return stdout
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`)
  process.stderr.write(`failed: ${command} ${args.join(' ')}${error ? `: ${error.message}` : ''}\n`)
  process.exit(1)
}

const isInstalled = (name) => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status}', name], {
    encoding: 'utf8',
  })
  return stdout === 'installed'
}

/** Installs the Debian packages that are missing, as root on Debian; returns those that still are. */
export function debianPackages(names) {
  const hasApt = spawnSync('apt-get', ['--version']).status === 0
  const missing = hasApt ? names.filter((name) => !isInstalled(name)) : names
  if (missing.length === 0 || !isRoot || !hasApt) return missing
  console.log(`Installing Debian packages: ${missing.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  spawnSync('apt-get', ['-qq', 'update'], { env })
  const install = ['-qq', '-y', '--no-install-recommends', 'install', ...missing]
  const { status, stderr } = spawnSync('apt-get', install, { env, encoding: 'utf8' })
  if (status !== 0) process.stderr.write(stderr ?? '')
  return missing.filter((name) => !isInstalled(name))
}

/** Installs the npm packages if that was not done yet, or one is new. */
export function npmPackages() {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const wanted = ['.package-lock.json', ...Object.keys(devDependencies)]
  if (!wanted.every((name) => existsSync(join(root, 'node_modules', name)))) {
    console.log('Installing npm packages')
    must('npm', ['ci', '--no-audit', '--no-fund'])
  }
  // compiles raw-socket unless it is there, as it is not when npm ran before there was a compiler
  if (isRoot) must(process.execPath, [join(root, 'native', 'install.mjs')])
}

const bin = (name) => join(root, 'node_modules', '.bin', name)

/** The newest change below a folder, in milliseconds since 1970. */
function newest(path) {
  if (!existsSync(path)) return 0
  const status = statSync(path)
  if (!status.isDirectory()) return status.mtimeMs
  return Math.max(status.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

/** Compiles a project unless its output is newer than all of its sources. @returns whether it did */
function compile(project, output, sources) {
  const stamp = join(root, output)
  const from = [...sources, project, 'tsconfig.json', 'package.json'].map((s) => join(root, s))
  if (Math.max(...from.map(newest)) < (existsSync(stamp) ? statSync(stamp).mtimeMs : 0))
    return false
  console.log(`Compiling ${sources.join(', ')}`)
  rmSync(stamp, { recursive: true, force: true })
  mkdirSync(stamp, { recursive: true })
  must(bin('tsc'), ['-p', project])
  return true
}

/** `dist`, as it is published. */
export function buildLibrary() {
  const command = join('scripts', 'command.mjs')
  const isNew = compile('tsconfig.json', 'dist', ['lib', command])
  if (isNew || !existsSync(join(root, 'dist', 'bin'))) must(process.execPath, [join(root, command)])
}

/** `.build`: library, tests, examples and scripts together. */
export function buildTests() {
  compile('tsconfig.test.json', '.build', ['lib', 'test', 'examples', 'scripts'])
}

/** The netlink binding, where there is a compiler. */
export function buildNative() {
  if (process.platform !== 'linux') return
  const binary = join(root, 'native', 'prebuilds', `linux-${process.arch}`, 'netlink.node')
  const source = join(root, 'native', 'netlink.cc')
  if (existsSync(binary) && statSync(binary).mtimeMs > statSync(source).mtimeMs) return
  console.log('Compiling the netlink binding')
  must(process.execPath, [join(root, 'native', 'build.mjs')])
}
