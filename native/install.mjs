/**
 * Compiles the bundled `raw-socket` for this Node, at install, and the netlink binding where there is none for this
 * machine. Without a compiler the install goes on all the same: the protocol, the codecs and the simulator need no
 * native code, and starting a speaker says what is missing.
 */
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/** The folder of raw-socket; undefined: npm left it out, being optional. */
function home() {
  try {
    return dirname(require.resolve('raw-socket/package.json'))
  } catch {
    return undefined
  }
}

function loads(folder) {
  try {
    require(join(folder, 'build', 'Release', 'raw.node'))
    return true
  } catch {
    return false
  }
}

const folder = home()
if (process.platform === 'linux' && folder !== undefined && !loads(folder)) {
  // npm and pnpm name the node-gyp that they carry.
  const gyp = process.env.npm_config_node_gyp
  const [command, args] = gyp ? [process.execPath, [gyp]] : ['node-gyp', []]
  const result = spawnSync(command, [...args, 'rebuild'], { cwd: folder, stdio: 'inherit' })
  if (result.status !== 0 || !loads(folder)) {
    console.error(
      'ospf-speaker: raw-socket could not be compiled; a speaker will not start on this machine.\n' +
        'ospf-speaker: install make, g++ and python3, then run: npm rebuild ospf-speaker',
    )
  }
}
// After raw-socket: node-gyp has fetched the headers by then.
const build = join(import.meta.dirname, 'build.mjs')
spawnSync(process.execPath, [build, '--if-missing'], { stdio: 'inherit' })
