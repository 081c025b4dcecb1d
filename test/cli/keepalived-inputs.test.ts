/** A keepalived.conf beside other files: what it adds, what contradicts, and the same written as YAML. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { convert } from '../../lib/cli/convert.ts'
import {
  type InputHost,
  type Inputs,
  loadInputs,
  type ReadInputs,
  readInputs,
} from '../../lib/cli/inputs.ts'
import { formatProblem, readConfig } from '../../lib/index.ts'
import type { Link } from '../../lib/ports.ts'
import { folder, names } from '../config/keepalived-samples.ts'

const eth0: Link = {
  name: 'eth0',
  index: 2,
  up: true,
  address: 0x0a000185,
  prefixLength: 24,
  mtu: 1500,
  loopback: false,
  broadcast: true,
  addresses: [{ address: 0x0a000185, prefixLength: 24, secondary: false, peer: undefined }],
}
const lo: Link = { ...eth0, name: 'lo', index: 1, loopback: true, broadcast: false, addresses: [] }

/** Certificates are not on this machine. */
const host: InputHost = {
  readFile: (path) =>
    path.startsWith('/etc/') ? Promise.resolve(`PEM ${path}`) : readFile(path, 'utf8'),
  environment: {},
  links: async () => new Map([lo, eth0].map((link) => [link.name, link])),
  speed: () => undefined,
}

const at = (name: string): string => join(folder, name)

async function read(inputs: Inputs): Promise<ReadInputs> {
  const { texts, errors } = await loadInputs(inputs, host)
  if (errors.length > 0) throw new Error(errors.join())
  return readInputs(texts, host)
}

function fileWith(t: Test, text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'ka-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'f.yaml')
  writeFileSync(path, text)
  return path
}

const base = `routerId: 1.1.1.1
areas: { 0: { interfaces: { eth0: {} } } }
`

t.test("FRR's files and a keepalived.conf: the classic director", async (t) => {
  const frr = ['ospfd.conf', 'zebra.conf'].map(
    (name) => `fixtures/configs/classic/director/${name}`,
  )
  const { config, errors } = await read({ frr, keepalived: at('classic-dr.conf') })
  t.strictSame(errors, [])
  t.match(config, {
    lvs: { defaults: 'keepalived', services: [{ address: '10.0.1.100', servers: [{}, {}] }] },
    vips: { '10.0.1.100/32': { device: 'lo', lvs: true } },
  })
  const stubs = Object.values(config!.options.areas).flatMap(({ stubNetworks = {} }) =>
    Object.keys(stubNetworks),
  )
  t.strictSame(stubs, [], 'the network statement of the VIP announces nothing of its own')
})

t.test('beside a YAML file, which says more of a VIP', async (t) => {
  const keepalived = at('classic-dr.conf')
  const file = fileWith(t, `${base}vips: { 10.0.1.100/32: { cost: 5, device: eth0 } }\n`)
  const { config, lines } = await read({ files: [file], keepalived })
  t.strictSame(config?.vips, { '10.0.1.100/32': { cost: 5, device: 'eth0', lvs: true } })
  t.match(lines, [{ level: 'warning', text: /nb_get_retry/ }])
  t.match((await read({ files: [file], keepalived, strict: true })).errors, [/nb_get_retry/])
})

t.test('track scripts are gates, if asked', async (t) => {
  const inputs = { files: [fileWith(t, base)], keepalived: at('classic-vrrp.conf') }
  t.strictSame((await read(inputs)).config?.vips, {})
  t.match((await read({ ...inputs, vrrp: true })).config?.vips, {
    '10.0.1.100/32': { device: 'lo', when: [{ command: ['/bin/true'], rise: 2, fall: 3 }] },
    '10.0.1.101/32': {},
  })
})

t.test('contradictions are errors with both places', async (t) => {
  const services = (port: number, more = ''): string =>
    `${base}lvs:\n${more}  services: [{ address: 10.0.1.100, port: ${port}, servers: [] }]\n`
  const keepalived = at('classic-dr.conf')
  const twin = fileWith(t, services(80, '  defaults: keepalived\n'))
  t.match((await read({ files: [twin], keepalived })).errors, [
    new RegExp(`classic-dr.conf:12: lvs: services: 0: .* contradicts .* of ${twin}:5:14`),
  ])
  const other = fileWith(t, services(81, '  defaults: keepalived\n'))
  t.match((await read({ files: [other], keepalived })).config?.lvs?.services, [
    { port: 81 },
    { port: 80 },
  ])
  const mixed = fileWith(t, services(81))
  t.match((await read({ files: [mixed], keepalived })).errors, [
    /f.yaml:4:\d+: lvs: defaults: expected keepalived/,
  ])
  const gated = fileWith(t, `${base}vips: { 10.0.1.100: { when: { file: /x } } }\n`)
  t.match(
    (await read({ files: [gated], keepalived: at('classic-vrrp.conf'), vrrp: true })).errors,
    [/classic-vrrp.conf:20: vips: 10.0.1.100: when: .* contradicts .* of .*f.yaml:3:/],
  )
})

t.test('every fixture as YAML says the same', async (t) => {
  let services = 0
  for (const name of names) {
    const inputs = { keepalived: at(name), vrrp: true }
    const imported = await read({ ...inputs, files: [fileWith(t, base)] })
    const said = await convert(inputs, host)
    if (imported.config === undefined) {
      t.equal(said.status, 2, `${name}: ${imported.errors.join()}`)
      continue
    }
    const text = `${said.out.join('\n')}\n`
    const { config, problems } = await readConfig(
      [
        { name: 'base.yaml', text: base },
        { name: at('f.yaml'), text },
      ],
      host,
    )
    t.strictSame(problems.map(formatProblem), [], name)
    t.strictSame(config?.lvs, imported.config.lvs, name)
    t.strictSame(config?.vips, imported.config.vips, name)
    services += config?.lvs?.services.length ?? 0
    if (config?.lvs !== undefined) t.match(text, /# .*\.conf:\d+\n/, 'with the lines')
  }
  t.ok(services > 50)
})

t.test('--auto beside a keepalived.conf: what the classic set-up scripts find out', async (t) => {
  const routes = `Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask
eth0\t00000000\t8801000A\t0003\t0\t0\t0\t00000000\t0\t0\t0
`
  const machine: InputHost = {
    ...host,
    readFile: (path) =>
      path === '/proc/net/route' ? Promise.resolve(routes) : host.readFile(path),
  }
  const inputs = { auto: true, keepalived: at('classic-dr.conf'), vrrp: true }
  const { texts } = await loadInputs(inputs, machine)
  const { config, errors } = await readInputs(texts, machine)
  t.same(errors, [])
  t.equal(config?.options.routerId, '10.0.1.133')
  t.match(config?.options.areas, {
    '0.0.0.0': {
      interfaces: { eth0: { helloInterval: 1, deadInterval: 4, priority: 0, cost: 1 } },
    },
  })
  const vips = Object.keys(config?.vips ?? {})
  t.ok(vips.length > 0 && vips.every((vip) => vip.startsWith('10.')), vips.join())
  t.ok((config?.lvs?.services?.length ?? 0) > 0)
})
