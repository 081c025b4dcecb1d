/**
 * The kernel of the virtual machine and the small memory disk that it starts from: Debian's cloud kernel, unpacked and
 * not installed, a static busybox, and the modules that reach the root file system, which is the host's own.
 */
import { execFileSync } from 'node:child_process'
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Set where a test runs inside the machine. */
export const INSIDE = 'OSPF_TEST_IN_KERNEL'

const PACKAGE = 'linux-image-cloud-amd64'
const BUSYBOX = '/bin/busybox'
/** Debian 12 has it with qemu, later ones on its own. */
const FILE_SERVERS = ['/usr/lib/qemu/virtiofsd', '/usr/libexec/virtiofsd']
/** What the host must have besides. */
const TOOLS = ['qemu-system-x86_64', 'cpio', 'depmod', 'setpriv', 'ipvsadm', 'keepalived', 'nft']

/** The repository, from wherever this file was compiled to. */
export const root: string = ancestorWith('package.json')

function ancestorWith(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, name))) folder = dirname(folder)
  return folder
}

export interface Kernel {
  readonly version: string
  readonly image: string
  /** Holds lib/modules/VERSION, with modules.dep. */
  readonly modulesOf: string
}

const run = (command: string, args: readonly string[], cwd = root): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

const found = (name: string): boolean =>
  ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/bin'].some((folder) =>
    existsSync(join(folder, name)),
  )

/** The program that shows the host's files to the machine. */
export const fileServer = (): string | undefined => FILE_SERVERS.find((path) => existsSync(path))

/** Why there can be no machine here; undefined: it can be started. @param more programs that it is to have besides */
export function unable(more: readonly string[] = []): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'needs Linux on x86-64'
  if (process.getuid?.() !== 0) return 'needs root'
  const tools = [...TOOLS, ...more].filter((name) => !found(name))
  if (!existsSync(BUSYBOX)) tools.push('busybox')
  if (fileServer() === undefined) tools.push('virtiofsd')
  if (tools.length > 0) return `needs ${tools.join(', ')}`
  try {
    kernel()
    return undefined
  } catch (error) {
    return `needs ${PACKAGE}, which could not be had: ${String(error).split('\n')[0]}`
  }
}

const cache = join(root, 'tmp', 'kernel')
/** Left where a machine did not start with /dev/kvm, as nested ones do not on some hosts. */
const withoutKvm = join(cache, 'without-kvm')

/** Whether the processor runs the machine, which is faster. OSPF_TEST_KVM=0 says no. */
export function canAccelerate(): boolean {
  if (process.env['OSPF_TEST_KVM'] === '0' || existsSync(withoutKvm)) return false
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

export const neverAccelerate = (): void => writeFileSync(withoutKvm, '')

/** Downloads the kernel, unless that was done before. Throws what apt says. */
export function kernel(): Kernel {
  mkdirSync(cache, { recursive: true })
  const present = readdirSync(cache).find((name) => name.startsWith('linux-image-'))
  return describe(join(cache, present ?? basename(download())))
}

function download(): string {
  const folder = mkdtempSync(join(cache, 'download-'))
  try {
    try {
      fetchPackage(folder)
    } catch {
      // The lists of packages are old, or were never read.
      run('apt-get', ['-qq', 'update'])
      fetchPackage(folder)
    }
    const file = readdirSync(folder).find((name) => name.endsWith('.deb'))!
    const unpacked = join(folder, file.replace(/_.*/, ''))
    run('dpkg-deb', ['-x', join(folder, file), unpacked])
    run('depmod', ['-b', unpacked, describe(unpacked).version])
    const target = join(cache, basename(unpacked))
    // Somebody else may have been faster.
    if (!existsSync(target)) renameSync(unpacked, target)
    return target
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function fetchPackage(folder: string): void {
  const depends = run('apt-cache', ['depends', PACKAGE])
  const name = /Depends: (linux-image-\S+)/.exec(depends)?.[1]
  if (name === undefined) throw new Error(`no ${PACKAGE} among apt's packages`)
  run('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', name], folder)
}

function describe(folder: string): Kernel {
  const version = readdirSync(join(folder, 'lib', 'modules'))[0]!
  return { version, image: join(folder, 'boot', `vmlinuz-${version}`), modulesOf: folder }
}

/** Those that the first script needs; all others are loaded from the host's files. */
const MODULES = ['virtio_pci', 'virtio_console', 'virtiofs', 'overlay']

const APPLETS = ['cp', 'mkdir', 'modprobe', 'mount', 'sh', 'switch_root']

/** The first script: the host's files, read-only, below a memory file system that takes what is written. */
const init = `#!/bin/busybox sh
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
echo started
for module in ${MODULES.join(' ')}; do modprobe $module; done
mount -t virtiofs -o ro host /lower
mount -t tmpfs -o size=75% upper /upper
mkdir /upper/upper /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/upper,workdir=/upper/work overlay /root
cp /main /root/.main
mount -t tmpfs run /root/run
for folder in proc sys dev; do mount -o move /$folder /root/$folder; done
exec switch_root /root /bin/sh /.main
`

/** Writes the memory disk to `path`; `main` is the shell script that runs once the host's files are there. */
export function writeImage(path: string, { version, modulesOf }: Kernel, main: string): void {
  const folder = mkdtempSync(`${path}.`)
  try {
    for (const name of ['bin', 'proc', 'sys', 'dev', 'lower', 'upper', 'root']) {
      mkdirSync(join(folder, name))
    }
    copyFileSync(BUSYBOX, join(folder, 'bin', 'busybox'))
    for (const name of APPLETS) symlinkSync('busybox', join(folder, 'bin', name))
    const shown = run('modprobe', ['-d', modulesOf, '-S', version, '-a', '-D', ...MODULES])
    for (const [, module] of shown.matchAll(/^insmod (\S+)/gm)) {
      const target = join(folder, module!.slice(modulesOf.length))
      mkdirSync(dirname(target), { recursive: true })
      copyFileSync(module!, target)
    }
    run('depmod', ['-b', folder, version])
    writeFileSync(join(folder, 'init'), init, { mode: 0o755 })
    writeFileSync(join(folder, 'main'), main)
    run('sh', ['-c', 'cd "$1" && find . | cpio --quiet -o -H newc >"$2"', 'sh', folder, path])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
