/**
 * Builds native/netlink.cc into native/prebuilds/linux-<arch>/netlink.node:
 *
 *     node native/build.mjs [--if-missing]
 *
 * Wants a C++ compiler (CXX, default c++) and the headers of any Node from 20 on; they are looked for in
 * npm_config_nodedir, where node-gyp keeps them, and beside the running Node. The binary uses the ABI-stable C API
 * and no C++ library, and names no C library to load (the one of Node itself serves), so one file does for every
 * Node from 20 on. --if-missing leaves a binary alone that is there already. Does nothing on systems without netlink.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))

/** Folders that may hold include/node, the best first. */
function* roots() {
  if (process.env.npm_config_nodedir) yield process.env.npm_config_nodedir
  if (process.config.variables.nodedir) yield process.config.variables.nodedir
  yield dirname(dirname(process.execPath))
  if (process.config.variables.node_prefix) yield process.config.variables.node_prefix
  const gyp = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'node-gyp')
  yield join(gyp, process.versions.node)
  if (existsSync(gyp)) for (const version of readdirSync(gyp)) yield join(gyp, version)
}

/** The folder with node_api.h and uv.h; undefined when there is none. */
function headers() {
  for (const root of roots()) {
    const include = join(root, 'include', 'node')
    if (existsSync(join(include, 'node_api.h')) && existsSync(join(include, 'uv.h'))) return include
  }
  return undefined
}

function fail(message) {
  console.error(`native/build.mjs: ${message}`)
  process.exit(1)
}

function build() {
  if (process.platform !== 'linux') return console.log('netlink is Linux: nothing to build')
  const out = join(here, 'prebuilds', `linux-${process.arch}`, 'netlink.node')
  if (process.argv.includes('--if-missing') && existsSync(out)) return
  const include = headers()
  if (!include) {
    fail(
      `no headers of Node ${process.versions.node}; unpack node-v${process.versions.node}-headers.tar.gz from nodejs.org and set npm_config_nodedir to its folder`,
    )
  }
  mkdirSync(dirname(out), { recursive: true })
  const compiler = process.env.CXX || 'c++'
  // A file of its own, then a rename: a process that has the old one loaded keeps it, and nobody sees half of one.
  const fresh = `${out}.${process.pid}`
  const flags =
    '-std=c++17 -O2 -g0 -fPIC -fvisibility=hidden -fno-exceptions -fno-rtti -Wall -Wextra'
  const link = '-shared -s -nodefaultlibs -Wl,-z,now'
  const args = [...flags.split(' '), '-isystem', include, join(here, 'netlink.cc')]
  const { error, status } = spawnSync(compiler, [...args, ...link.split(' '), '-o', fresh], {
    stdio: 'inherit',
  })
  if (error) fail(`cannot run ${compiler}: ${error.message}`)
  if (status !== 0) fail(`${compiler} failed with ${status}`)
  renameSync(fresh, out)
  console.log(out)
}

build()
