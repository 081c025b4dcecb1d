import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { realClock } from '../../lib/clock.ts'
import { openLinux } from '../../lib/linux/index.ts'
import { decodeVrfTable } from '../../lib/linux/link-message.ts'
import { PayloadWriter } from '../../lib/linux/netlink-message.ts'
import { tableNumber, vrfTable } from '../../lib/linux/route-tables.ts'
import { inNamespace, ip, outside } from './netns.ts'

outside('tables by name', async (t) => {
  const folder = t.testdir({ rt_tables: '# reserved\n254\tmain\n0 unspec\n 100 anycast # VIPs\n' })
  mkdirSync(join(folder, 'rt_tables.d'))
  writeFileSync(join(folder, 'rt_tables.d', 'more.conf'), '0x200 blue\n101 anycast\n')
  writeFileSync(join(folder, 'rt_tables.d', 'README'), '7 readme\n')
  t.equal(tableNumber(1000, []), 1000)
  t.equal(tableNumber('main', []), 254)
  t.equal(tableNumber('blue', [folder]), 512)
  t.equal(tableNumber('anycast', [folder]), 101, 'the last word')
  for (const name of ['red', 'readme', 'unspec']) {
    t.throws(() => tableNumber(name, [folder]), {
      code: 'ERR_OSPF_CONFIG',
      message: `installRoutes: table: expected a number or a name of /etc/iproute2/rt_tables, got '${name}'`,
    })
  }
})

outside('the table of a VRF', async (t) => {
  const link = (kind: string): Uint8Array =>
    new PayloadWriter()
      .bytes(new Uint8Array(16))
      .measured((info) =>
        info
          .u16(18)
          .attributeText(1, kind)
          .measured((data) => data.u16(0x8000 | 2).attributeU32(1, 1000)),
      )
      .finish()
  t.equal(decodeVrfTable(link('vrf')), 1000)
  t.equal(decodeVrfTable(link('bond')), undefined)
  t.equal(decodeVrfTable(new Uint8Array(16)), undefined)
  const whole = link('vrf')
  for (let length = 0; length < whole.length; length++) {
    t.doesNotThrow(() => decodeVrfTable(whole.subarray(0, length)), `cut at ${length}`)
  }
})

/** Makes one. Many kernels of small virtual machines are built without. */
function hasVrf(): boolean {
  try {
    ip('link add blue type vrf table 1000')
    return true
  } catch {
    return false
  }
}

inNamespace('VRF devices, where the kernel has them, and others', async (t) => {
  ip('link add a0 type veth peer name b0')
  await t.rejects(vrfTable('a0'), {
    code: 'ERR_OSPF_CONFIG',
    message: "installRoutes: vrf: expected a VRF device, got 'a0', which is another kind",
  })
  await t.rejects(vrfTable('red'), {
    code: 'ERR_OSPF_NO_INTERFACE',
    message: 'installRoutes: vrf: no such device: red',
  })
  if (hasVrf()) t.equal(await vrfTable('blue'), 1000)
  const kernel = { table: 'nowhere', metric: 20 }
  const world = { clock: realClock, interfaces: [], report: () => {} }
  await t.rejects(openLinux({ ...world, kernel }), { code: 'ERR_OSPF_CONFIG', message: /nowhere/ })
  const ports = await openLinux({ ...world, kernel: { ...kernel, table: 'main' } })
  t.ok(ports.routes)
  await ports.close?.()
})
