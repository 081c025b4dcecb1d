/** Reloading, checking and comparing, over the control socket, with a speaker that notes what it is told. */
import t, { type Test } from 'tap'
import { askAction } from '../../lib/cli/ask.ts'
import { check } from '../../lib/cli/check.ts'
import { json, serveControl } from '../../lib/cli/control.ts'
import { type InputHost, type Inputs, loadInputs, readInputs } from '../../lib/cli/inputs.ts'
import { logger } from '../../lib/cli/log.ts'
import { type Changeable, Reloader, withActions } from '../../lib/cli/reload.ts'
import { confirmReload, reload, renew } from '../../lib/cli/reload-commands.ts'
import type { Config } from '../../lib/index.ts'
import type { Link } from '../../lib/ports.ts'
import { shortDir } from './sample.ts'

const yaml = (more = ''): string => `routerId: 10.0.1.133
areas: { 0: { interfaces: { eth0: {} } } }
${more}`

const device = { index: 2, up: true, mtu: 1500, loopback: false, broadcast: true }
const link = (name: string, ...addresses: readonly number[]): [string, Link] => [
  name,
  {
    ...device,
    name,
    loopback: name === 'lo',
    address: addresses[0],
    prefixLength: 24,
    addresses: addresses.map((address) => ({
      address,
      prefixLength: name === 'lo' ? 32 : 24,
      secondary: false,
      peer: undefined,
    })),
  },
]

class Machine implements InputHost {
  readonly files: Record<string, string>
  environment: Record<string, string> = {}
  devices: Map<string, Link> = new Map([link('lo'), link('eth0', 0x0a000185)])

  constructor(files: Record<string, string>) {
    this.files = files
  }

  readonly readFile = async (path: string): Promise<string> => {
    if (this.files[path] === undefined) throw new Error(`ENOENT: ${path}`)
    return this.files[path]
  }

  readonly links = async (): Promise<Map<string, Link>> => this.devices

  readonly speed = (): undefined => undefined
}

/** What it is told, in place of a speaker. */
class Speaker implements Changeable {
  config: Config
  readonly told: string[] = []
  onTrial = false

  constructor(config: Config) {
    this.config = config
  }

  plan(config: Config): { changes: string[]; restarted: string[] } {
    const same = JSON.stringify(config) === JSON.stringify(this.config)
    return { changes: same ? [] : ['something differs'], restarted: [] }
  }

  async apply(config: Config): ReturnType<Changeable['apply']> {
    const plan = this.plan(config)
    this.config = config
    this.told.push('apply')
    return plan
  }

  async try(config: Config, seconds: number): ReturnType<Changeable['try']> {
    const plan = await this.apply(config)
    this.told.push(`try ${seconds}`)
    this.onTrial = true
    return { ...plan, ended: Promise.resolve({ how: 'rolled-back', reason: 'no word' }) }
  }

  renew(vip: string, seconds?: number): void {
    this.told.push(`renew ${vip} ${seconds}`)
  }

  confirm(): boolean {
    const was = this.onTrial
    this.onTrial = false
    return was
  }
}

async function running(t: Test, inputs: Inputs, machine: Machine) {
  const { texts } = await loadInputs(inputs, machine)
  const { config, errors } = await readInputs(texts, machine)
  if (config === undefined) throw new Error(errors.join('\n'))
  const speaker = new Speaker(config)
  const printed: string[] = []
  const log = logger(
    config.log ?? 'info',
    (line) => printed.push(line.split(' ').slice(1).join(' ')),
    () => 0,
  )
  const reloader = new Reloader(inputs, machine, () => speaker, log, false)
  const socket = `${shortDir(t)}/s`
  const control = await serveControl(
    socket,
    withActions(reloader.actions, async () => ({ status: 404, body: json({ error: 'no such' }) })),
  )
  t.teardown(() => control[Symbol.asyncDispose]())
  return { speaker, printed, reloader, socket, log }
}

t.test('a reload reads the files again', async (t) => {
  const machine = new Machine({ 'f.yaml': yaml() })
  const { speaker, printed, socket, log } = await running(t, { files: ['f.yaml'] }, machine)
  t.match(await reload(socket, undefined), { status: 0, out: ['no change'] })
  machine.files['f.yaml'] = yaml('vips: { 10.0.1.100: {} }\nlog: warning\n')
  t.match(await reload(socket, undefined), { status: 0, out: ['something differs'] })
  t.strictSame(Object.keys(speaker.config.vips), ['10.0.1.100/32'])
  t.equal(log.level, 'warning', 'the log follows')
  t.strictSame(printed, ['info: reload: no change', 'info: reload: something differs'])
})

t.test('an invalid file changes nothing and is reported', async (t) => {
  const machine = new Machine({ 'f.yaml': yaml() })
  const { speaker, printed, socket } = await running(t, { files: ['f.yaml'] }, machine)
  const before = speaker.config
  machine.files['f.yaml'] = yaml('vipps: {}\nlog: loud\n')
  const errors = [
    "f.yaml:3:1: vipps: unknown option 'vipps'; did you mean 'vips'?",
    "f.yaml:4:1: log: expected one of error, warning, info, debug, got 'loud'",
  ]
  t.match(await reload(socket, undefined), { status: 2, out: [], complaints: errors })
  t.strictSame(printed, [...errors.map((e) => `error: ${e}`), 'error: reload: nothing has changed'])
  delete machine.files['f.yaml']
  t.match(await reload(socket, undefined), { status: 2, complaints: [/ENOENT: f.yaml/] })
  t.equal(speaker.config, before)
  t.strictSame(speaker.told, [])
})

t.test('a reload to be confirmed', async (t) => {
  const machine = new Machine({ 'f.yaml': yaml() })
  const { speaker, printed, socket } = await running(t, { files: ['f.yaml'] }, machine)
  t.match(await confirmReload(socket), { status: 1 })
  machine.files['f.yaml'] = yaml('hostname: lb1\n')
  t.match(await reload(socket, 30), {
    status: 0,
    out: ['something differs', /within 30 s with 'ospf-speaker confirm'/],
  })
  t.strictSame(speaker.told, ['apply', 'try 30'])
  t.match(await confirmReload(socket), { status: 0, out: ['confirmed'] })
  t.match(printed.at(-1), 'warning: reload: rolled back: no word')
  await t.rejects(reload(socket, Number.NaN), /confirm: expected seconds/)
})

t.test('check warns of a pair that is half migrated', async (t) => {
  const zebra = 'interface lo\n ip address 10.0.1.100/32\n ip address 10.0.1.101/32\n'
  const ospfd = 'router ospf\n ospf router-id 1.1.1.1\n network 10.0.1.0/24 area 0\n'
  const machine = new Machine({
    'zebra.conf': zebra,
    'ospfd.conf': ospfd,
    'stated.conf': `interface lo\n ip ospf cost 5\n!\n${ospfd}`,
    'f.yaml': 'vips: { 10.0.1.100: {}, 10.0.1.101: {} }\n',
  })
  const ok = 'configuration OK'
  const frr = ['zebra.conf', 'ospfd.conf']
  t.strictSame(await check({ frr }, machine), {
    status: 0,
    complaints: [],
    out: [
      "warning: 10.0.1.100/32, 10.0.1.101/32 on lo: cost 0, as nothing is stated and FRR has it so; Quagga 0.99 gives 10: beside a director that runs that, all traffic goes to the cheaper of the two (--compat quagga-0.99, or 'ip ospf cost' on lo of both)",
      ok,
    ],
  })
  t.match(await check({ frr, compat: 'quagga-0.99' }, machine), {
    out: [/^warning: .* on lo: cost 10, .* and Quagga 0\.99 has it so; FRR gives 0: /, ok],
  })
  t.strictSame((await check({ frr: ['zebra.conf', 'stated.conf'] }, machine)).out, [ok])
  const gated = await check({ frr, files: ['f.yaml'] }, machine)
  t.strictSame(gated.out, [ok], 'what is announced through a gate has a cost of its own')
})

t.test('check', async (t) => {
  const machine = new Machine({
    'f.yaml': yaml(),
    'bad.yaml': yaml('areas: {}\n'),
    'ospfd.conf': 'router ospf\n ospf router-id 1.1.1.1\n network 10.0.1.0/24 area 0\n',
    'bad.conf': 'router ospf\n nonsense\n',
  })
  t.match(await check({ files: ['f.yaml'] }, machine), { status: 0, out: ['configuration OK'] })
  t.match(await check({ frr: ['ospfd.conf'] }, machine), { status: 0, out: ['configuration OK'] })
  t.match(await check({ files: ['bad.yaml'] }, machine), {
    status: 2,
    complaints: [/^bad.yaml:3:1: 'areas' is said twice, first in line 2/],
  })
  t.match(await check({ frr: ['bad.conf'] }, machine), { status: 2, complaints: [/^bad.conf:2: /] })
  t.match(await check({ files: ['gone'] }, machine), { status: 2, complaints: [/ENOENT: gone/] })
  const { socket, speaker } = await running(t, { files: ['f.yaml'] }, machine)
  t.match(await check({ files: ['f.yaml'], diff: socket }, machine), {
    status: 0,
    out: ['no change'],
  })
  machine.files['f.yaml'] = yaml('hostname: lb1\n')
  t.match(await check({ files: ['f.yaml'], diff: socket }, machine), { out: ['something differs'] })
  t.match(await check({ files: ['bad.yaml'], diff: socket }, machine), { status: 2 })
  t.strictSame(speaker.told, [], 'nothing was applied')
})

t.test('FRR beside YAML: one configuration', async (t) => {
  const ospfd = `router ospf
 ospf router-id 10.0.1.133
 network 10.0.1.0/24 area 0
 network 10.0.1.100/32 area 0
!
interface eth0
!
 ip ospf priority 0
`
  const machine = new Machine({
    'ospfd.conf': ospfd,
    'zebra.conf': 'interface lo\n ip address 10.0.1.100/32\n',
    'vips.yaml': "vips:\n  10.0.1.100: { when: { http: 'http://127.0.0.1/' } }\n",
    'other.yaml':
      'routerId: 10.0.1.134\nareas: { 0.0.0.0: { interfaces: { eth0: { cost: 5, priority: 1 } } } }\nrole: announce-only\n',
  })
  const read = async (inputs: Inputs, inEffect?: Config) => {
    const { texts } = await loadInputs(inputs, machine)
    return readInputs(texts, machine, inEffect)
  }
  const inputs = { frr: ['ospfd.conf', 'zebra.conf'], files: ['vips.yaml'] }
  const { config } = await read(inputs)
  t.match(config, {
    options: { routerId: '10.0.1.133', addresses: [{ address: '10.0.1.100/32' }] },
    vips: { '10.0.1.100/32': { when: { http: 'http://127.0.0.1/' } } },
  })
  t.notOk(
    config?.options.areas['0.0.0.0']?.stubNetworks?.['10.0.1.100/32'],
    'only through its gate',
  )
  const alone = await read({ frr: inputs.frr })
  t.equal(alone.config?.options.areas['0.0.0.0']?.stubNetworks?.['10.0.1.100/32'], 0)
  // now the speaker has put it there
  machine.devices = new Map([link('lo', 0x0a000164), link('eth0', 0x0a000185)])
  const again = await read({ frr: inputs.frr }, alone.config)
  t.strictSame(again.config, alone.config, 'its own addresses are still its own')
  machine.devices = new Map([link('lo'), link('eth0', 0x0a000185)])
  const { errors } = await read({ ...inputs, files: ['other.yaml'] })
  t.strictSame(errors, [
    "ospfd.conf:2: routerId: '10.0.1.133' contradicts '10.0.1.134' of other.yaml:1:1",
    'ospfd.conf:8: areas: 0.0.0.0: interfaces: eth0: priority: 0 contradicts 1 of other.yaml:2:52',
  ])
})

t.test('--auto takes the interface of the default route', async (t) => {
  const machine = new Machine({
    '/proc/net/route': `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask
eth9\t00000000\t0101000A\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\t0101000A\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t0001000A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
`,
  })
  const inputs = { auto: true, vip: ['10.0.1.100'] }
  const { texts } = await loadInputs(inputs, machine)
  t.match((await readInputs(texts, machine)).config, {
    options: {
      routerId: '10.0.1.133',
      areas: {
        '0.0.0.0': { interfaces: { eth0: { helloInterval: 1, deadInterval: 4, priority: 0 } } },
      },
    },
    vips: { '10.0.1.100/32': { device: 'lo' } },
  })
  machine.files['/proc/net/route'] = 'Iface\n'
  t.match(await readInputs(texts, machine), { isMachine: true, errors: [/no default route/] })
  machine.files['/proc/net/route'] = 'Iface\neth7\t00000000\t0\t0003\t0\t0\t0\t00000000\n'
  t.match(await readInputs(texts, machine), {
    errors: [/eth7, which has the default route, has no address/],
  })
  machine.files['/proc/net/route'] =
    'Iface\neth0\t00000000\t0\t0003\t0\t0\t7\t00000000\neth7\t00000000\t0\t0003\t0\t0\t7\t00000000\n'
  t.match(await readInputs(texts, machine), {
    isMachine: true,
    errors: [/eth0 and eth7 both have a default route of metric 7: give one of them/],
  })
})

t.test('a lease is renewed', async (t) => {
  const { socket, speaker } = await running(t, { files: ['f'] }, new Machine({ f: yaml() }))
  t.match(await renew(socket, '10.0.1.100', undefined), { status: 0 })
  t.match(await renew(socket, '10.0.1.100', 5), { status: 0 })
  t.strictSame(speaker.told, ['renew 10.0.1.100 undefined', 'renew 10.0.1.100 5'])
  await t.rejects(renew(socket, '10.0.1.100', -5), /seconds: expected/)
})

t.test('nonsense on the control socket', async (t) => {
  const { socket } = await running(t, { files: ['f'] }, new Machine({ f: yaml() }))
  await t.rejects(askAction(socket, 'diff', { files: 5 }), /expected files/)
  await t.rejects(askAction(socket, 'diff', 'x'.repeat(5 << 20)))
  await t.rejects(askAction(socket, 'nothing', {}), /no such/)
  t.match(await reload(socket, undefined), { status: 0 })
})
