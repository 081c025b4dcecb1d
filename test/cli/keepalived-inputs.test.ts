/** A keepalived.conf beside other files: what it adds, what contradicts, and the same written as YAML. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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

t.test("a VIP costs what FRR's files say, and is in their area", async (t) => {
  const keepalived = at('classic-dr.conf')
  /** The classic director with the VIP not in zebra.conf: `interface lo` says more, and there is area 5. */
  const director = (onLo: string, area = '0.0.0.0'): string[] =>
    ['ospfd.conf', 'zebra.conf'].map((name) =>
      fileWith(
        t,
        readFileSync(`fixtures/configs/classic/director/${name}`, 'utf8')
          .replace(/^interface lo\n!/m, `interface lo\n ${onLo}\n!`)
          .replace(' ip address 10.0.1.100/32\n', '')
          .replace(
            'network 10.0.1.100/32 area 0.0.0.0',
            `network 10.0.1.100/32 area ${area}\n network 10.0.5.0/24 area 5`,
          ),
      ),
    )
  const eth1: Link = {
    ...eth0,
    name: 'eth1',
    index: 3,
    address: 0x0a000501,
    addresses: [{ address: 0x0a000501, prefixLength: 24, secondary: false, peer: undefined }],
  }
  const wider: InputHost = {
    ...host,
    links: async () => new Map([lo, eth0, eth1].map((link) => [link.name, link])),
  }
  const vipOf = async (inputs: Inputs): Promise<unknown> => {
    const { texts } = await loadInputs(inputs, wider)
    const { config, errors, lines } = await readInputs(texts, wider)
    t.strictSame(errors, [])
    t.notMatch(lines, [{ text: /no address is in network/ }])
    t.strictSame(config?.options.addresses ?? [], [], 'the VIP is put on lo by its announcement')
    t.notMatch(JSON.stringify(config?.options.areas), /10\.0\.1\.100/)
    return config?.vips['10.0.1.100/32']
  }
  const frr = director('ip ospf cost 7')
  t.match(await vipOf({ frr, keepalived }), { lvs: true, cost: 7, area: '0.0.0.0' })
  const quagga = director('link-detect')
  t.match(await vipOf({ frr: quagga, keepalived, compat: 'quagga-0.99' }), { cost: 10 })
  t.notMatch(await vipOf({ frr: quagga, keepalived }), { cost: Number }, "FRR's: none")
  const inFive = director('ip ospf cost 7', '5')
  t.match(await vipOf({ frr: inFive, keepalived }), { cost: 7, area: '0.0.0.5' })
  const nowhere = director('ip ospf cost 7', '6')
  t.strictSame(await vipOf({ frr: nowhere, keepalived }), { device: 'lo', lvs: true, cost: 7 })

  const beside = async (vip: string): Promise<unknown> =>
    vipOf({ frr: inFive, keepalived, files: [fileWith(t, `vips:\n  10.0.1.100: ${vip}\n`)] })
  t.match(await beside('{ cost: 5 }'), { cost: 5, area: '0.0.0.5' })
  t.match(await beside('{ area: 0 }'), { cost: 7, area: '0' })
  t.match(await beside(''), { device: 'lo', cost: 7, area: '0.0.0.5' })
  const external = { as: 'external', device: 'lo', lvs: true }
  t.strictSame(await beside('{ as: external }'), external)

  const { out } = await convert({ frr: inFive, keepalived }, wider)
  const lines = /^vips:\n(?: .*\n)+/m.exec(`${out.join('\n')}\n`)?.[0]
  for (const line of [/cost: 7 # .*:\d+/, /area: 0\.0\.0\.5 # .*:\d+/, /lvs: true/])
    t.match(lines, line)
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

t.test('a YAML file beside it says who holds the services, and no more', async (t) => {
  const plane = fileWith(t, `${base}lvs: { dataPlane: none, keepOnStop: true }\n`)
  const keepalived = fileWith(
    t,
    'virtual_server 10.0.1.100 80 {\n lb_kind DR\n protocol TCP\n real_server 10.0.1.11 80 {\n }\n}\n',
  )
  const { config, errors } = await read({ files: [plane], keepalived })
  t.same(errors, [])
  t.match(config?.lvs, {
    dataPlane: 'none',
    keepOnStop: true,
    defaults: 'keepalived',
    services: [{ address: '10.0.1.100' }],
  })
  const more = fileWith(t, 'log: info\n')
  t.match((await read({ files: [plane, more] })).errors, [/f.yaml:3:1: lvs: 'services' is missing/])
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
