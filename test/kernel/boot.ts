/**
 * Runs one test file in a virtual machine and relays its TAP; see vm.ts, which starts this.
 *
 *     node boot.js <file> <seconds> [systemd]
 *
 * Ends with the file's exit status; with 1, and the tail of the console on stderr, when the machine hangs or dies.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  canAccelerate,
  fileServer,
  INSIDE,
  type Kernel,
  kernel,
  neverAccelerate,
  root,
  writeImage,
} from './image.ts'

/** Lines of the console that are shown when something went wrong. */
const TAIL = 60
/** Seconds in which a machine with /dev/kvm must have reached its first script. */
const START = 8
const MEMORY = '2G'
/** Named after the order in which the machine numbers its ports. */
const PORTS = ['status', 'out', 'err'] as const

const [file, seconds] = [resolve(process.argv[2]!), Number(process.argv[3])]
const hasSystemd = process.argv[4] === 'systemd'
const folder = mkdtempSync(join(tmpdir(), 'ospf-speaker-kernel-'))
const children: ChildProcess[] = []
const began = performance.now()
let console_ = ''
let status = ''

process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.once(signal, () => end(`ended by ${signal}`))
}

const elapsed = (): string => `${((performance.now() - began) / 1000).toFixed(1)} s`

function showConsole(): void {
  const lines = console_.trimEnd().split(/\r?\n/)
  const shown = lines.slice(-TAIL).map((line) => `    ${line}\n`)
  process.stderr.write(`the virtual machine's console ended with\n${shown.join('')}`)
}

function end(why: string): never {
  showConsole()
  process.stderr.write(`the virtual machine: ${why}, after ${elapsed()}\n`)
  process.exit(1)
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** What the machine runs: a busy system needs little more than lo and its modules. */
function mainScript({ version, modulesOf }: Kernel): string {
  const kept = Object.entries(process.env).filter(([name]) => /^(OSPF_|TAP|NO_COLOR$)/.test(name))
  const variables = { ...Object.fromEntries(kept), [INSIDE]: '1', HOME: '/root', LANG: 'C.UTF-8' }
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  const test = `export PATH=${path}
${Object.entries(variables)
  .map(([name, value]) => `export ${name}=${quoted(value ?? '')}`)
  .join('\n')}
cd ${quoted(root)}
echo up >/dev/vport0p1
${quoted(process.execPath)} ${quoted(file)} >/dev/vport0p2 2>/dev/vport0p3 </dev/null
echo "exit $?" >/dev/vport0p1
/bin/busybox poweroff -f
`
  return `export PATH=${path}
mkdir -p /lib/modules /dev/pts /dev/shm /run/netns /run/lock
ln -sfn ${quoted(join(modulesOf, 'lib/modules', version))} /lib/modules/${version}
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
ip link set lo up
${hasSystemd ? underSystemd(test) : test}`
}

/** Those of the host that a test has no use for: some take long, one empties /tmp. */
const MASKED = [
  'dev-hugepages.mount',
  'dev-mqueue.mount',
  'kmod-static-nodes.service',
  ...['configfs', 'dm_mod', 'efi_pstore', 'fuse', 'loop'].map((name) => `modprobe@${name}.service`),
  'proc-sys-fs-binfmt_misc.automount',
  'sys-fs-fuse-connections.mount',
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  ...[
    'binfmt',
    'hwdb-update',
    'journal-flush',
    'machine-id-commit',
    'modules-load',
    'random-seed',
    'sysctl',
    'sysusers',
    'timesyncd',
    'tmpfiles-setup',
    'tmpfiles-setup-dev',
    'udev-settle',
    'udev-trigger',
    'udevd',
    'update-utmp',
  ].map((name) => `systemd-${name}.service`),
]

/** Has the host's systemd take over, and run a script as its only service. */
function underSystemd(script: string): string {
  // a host that is a container says so there, and systemd would leave out what it cannot do in one
  return `rm -f /.dockerenv
mkdir -p /run/systemd/system
cat >/run/ospf-test.sh <<'END'
${script}END
cat >/run/systemd/system/ospf-test.service <<'END'
[Service]
ExecStart=/bin/sh /run/ospf-test.sh
TimeoutStartSec=infinity
END
for unit in ${MASKED.join(' ')}; do ln -s /dev/null /run/systemd/system/$unit; done
exec /lib/systemd/systemd --unit=ospf-test.service --show-status=0
`
}

/** Ends with this process, however that ends. */
function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.once('error', ({ message }) => end(`${command}: ${message}`))
  children.push(child)
  return child
}

/** A socket to which the emulator connects one port of the machine. */
function port(name: string, take: (chunk: Buffer) => void): Promise<Server> {
  const server = createServer((socket) => socket.on('data', take))
  return new Promise((done) => server.listen(join(folder, name), () => done(server)))
}

const relay = (into: Writable) => (chunk: Buffer) => void into.write(chunk)

/** Runs the machine until it is off. False: it did not get as far as its first script. */
async function runMachine(linux: Kernel, accelerated: boolean): Promise<boolean> {
  console_ = ''
  const share = join(folder, `share-${accelerated}`)
  const server = start(fileServer()!, [
    `--socket-path=${share}`,
    ...['-o', 'source=/', '-o', 'cache=always', '-o', 'sandbox=chroot', '--thread-pool-size=2'],
  ])
  let said = ''
  server.stderr?.on('data', (chunk) => {
    said += chunk
  })
  while (!existsSync(share)) {
    if (server.exitCode !== null) end(`it has no files, since ${fileServer()} said ${said}`)
    await sleep(5)
  }
  const machine = start('qemu-system-x86_64', [
    ...(accelerated
      ? ['-accel', 'kvm', '-cpu', 'host,-arch-capabilities']
      : ['-accel', 'tcg', '-cpu', 'max']),
    ...['-smp', '2', '-m', MEMORY],
    ...['-object', `memory-backend-memfd,id=memory,size=${MEMORY},share=on`],
    ...['-numa', 'node,memdev=memory'],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-nic', 'none'],
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    // The first device: the names of its ports begin with its number.
    ...['-device', 'virtio-serial-pci'],
    ...PORTS.flatMap((name, i) => [
      ...['-chardev', `socket,id=${name},path=${join(folder, name)}`],
      ...['-device', `virtserialport,chardev=${name},nr=${i + 1}`],
    ]),
    ...['-chardev', `socket,id=share,path=${share}`],
    ...['-device', 'vhost-user-fs-pci,chardev=share,tag=host'],
    ...['-kernel', linux.image, '-initrd', join(folder, 'image')],
    ...['-append', 'console=ttyS0 quiet panic=-1 mitigations=off'],
  ])
  const keep = (chunk: Buffer): void => {
    console_ = (console_ + chunk).slice(-65536)
  }
  machine.stdout?.on('data', keep)
  machine.stderr?.on('data', keep)
  const closed = new Promise((done) => machine.once('close', done))
  const hasStarted = (): boolean => /^started/m.test(console_)
  if (accelerated) {
    await Promise.race([closed, sleep(START * 1000, undefined, { ref: false })])
    if (!hasStarted()) {
      machine.kill('SIGKILL')
      await closed
      return false
    }
  }
  await closed
  return hasStarted()
}

async function boot(): Promise<void> {
  const linux = kernel()
  writeImage(join(folder, 'image'), linux, mainScript(linux))
  await port('status', (chunk) => {
    if (status === '') process.stderr.write(`the virtual machine is up after ${elapsed()}\n`)
    status += chunk
  })
  await port('out', relay(process.stdout))
  await port('err', relay(process.stderr))

  const timer = setTimeout(() => end(`not done within ${seconds} s`), seconds * 1000)
  const accelerated = canAccelerate()
  if (!(await runMachine(linux, accelerated)) && accelerated) {
    process.stderr.write('the virtual machine does not start with /dev/kvm: emulated from now on\n')
    neverAccelerate()
    await runMachine(linux, false)
  }
  clearTimeout(timer)
  const code = /exit (\d+)/.exec(status)?.[1]
  if (code === undefined) end('it stopped before the test did')
  if (code !== '0') showConsole()
  // What the ports carried has been written by then.
  setImmediate(() => process.exit(Number(code)))
}

await boot()
