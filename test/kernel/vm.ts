/**
 * Tests that want a kernel of their own: IPVS, which the kernel at hand often lacks, and whatever else Debian's cloud
 * kernel can load as a module. Such a test file runs itself again inside a small virtual machine:
 *
 *     import { inKernel } from './vm.ts'
 *
 *     inKernel('rr takes turns', async (t) => {
 *       execFileSync('ipvsadm', ['-A', '-t', '10.0.0.1:80', '-s', 'rr'])
 *       ...
 *     })
 *
 * Outside, the first inKernel of a file starts the machine (boot.ts), and its TAP becomes a subtest; inside, the bodies
 * run, in order. All tests of a file share one machine, which is up after 4 s and has loaded tap after another 7 where
 * the processor is emulated, and sooner with /dev/kvm; every one has to tidy up after itself, or be written to live with what others left.
 * Those of different files never meet. A file that wants more than LIMIT seconds calls `kernelLimit` first.
 *
 * Inside: root, no network but lo, two processors, 2 GB. The files are the host's, all of them at their own paths, so
 * that node, node_modules and every installed program are there; what is written goes to memory and is gone at the
 * end. The kernel loads modules by itself. `inside` tells where the code runs. A machine that hangs is ended at the
 * limit, and the tail of its console is shown; none outlives the process that started it. After `kernelSystemd` the
 * host's systemd is the first process there, and the test a service of it.
 *
 * By hand: node .build/test/kernel/NAME.test.js. OSPF_TEST_KVM=0 emulates even where /dev/kvm is there.
 */
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { INSIDE, unable } from './image.ts'

/** Whether this process runs in the virtual machine. */
export const inside: boolean = process.env[INSIDE] === '1'

/** Seconds that a file may take, with the start of the machine. */
const LIMIT = 300
let limit = LIMIT
let hasSystemd = false
let started = false

/** Grants a file more or less time. To be called before the first `inKernel`. */
export function kernelLimit(seconds: number): void {
  limit = seconds
}

/** Has systemd be the first process of the file's machine. To be called before the first `inKernel`. */
export function kernelSystemd(): void {
  hasSystemd = true
}

const boot = fileURLToPath(new URL('./boot.js', import.meta.url))

/** Runs `body` in the virtual machine that all tests of the file share. */
export function inKernel(name: string, body: (t: Test) => Promise<void>): void {
  if (inside) {
    t.setTimeout(limit * 1000)
    t.test(name, { timeout: limit * 1000 }, body)
    return
  }
  if (started) return
  started = true
  const why = unable(hasSystemd ? ['systemctl'] : [])
  // A little more than the machine has: it says better what went wrong.
  const timeout = (limit + 15) * 1000
  t.setTimeout(timeout + 5000)
  const skip = why === undefined ? false : `not run: the virtual machine ${why}`
  t.test('in a virtual machine', { skip, timeout }, async (t) => {
    const args = [boot, process.argv[1]!, String(limit), ...(hasSystemd ? ['systemd'] : [])]
    await t.spawn(process.execPath, args, { timeout }, 'inside')
  })
}

/** A test that needs no machine: outside only. */
export function outside(
  name: string,
  options: { readonly skip?: string | false },
  body: (t: Test) => Promise<void> | void,
): void {
  if (!inside) t.test(name, options, body)
}
