/** Quagga's and FRR's files as a file in our words: the same options, and where each came from. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { convertFrr } from '../../lib/cli/convert.ts'
import { startOptions } from '../../lib/cli/options.ts'
import { importFrr } from '../../lib/config/frr.ts'
import { resolveNetworks } from '../../lib/config/networks.ts'
import { formatProblem, readConfig } from '../../lib/index.ts'
import { parseOptions } from '../../lib/options.ts'
import type { Link } from '../../lib/ports.ts'

const world = {
  readFile: async (path: string) => Promise.reject(new Error(`no ${path}`)),
  environment: {},
}

const device = { index: 1, up: true, mtu: 1500, loopback: false, broadcast: true }
const addressed = (name: string, address: number): [string, Link] => [
  name,
  {
    ...device,
    name,
    address,
    prefixLength: 24,
    addresses: [{ address, prefixLength: 24, secondary: false, peer: undefined }],
  },
]
const lo: Link = {
  ...device,
  name: 'lo',
  address: undefined,
  prefixLength: 0,
  addresses: [],
  loopback: true,
  broadcast: false,
}

const fixtures: Readonly<Record<string, readonly string[]>> = {
  director: ['classic/director/ospfd.conf', 'classic/director/zebra.conf'],
  router: ['classic/router/ospfd.conf', 'classic/router/zebra.conf'],
  areas: ['areas.conf'],
  border: ['border.conf'],
}

for (const [name, paths] of Object.entries(fixtures)) {
  t.test(`the ${name}`, async (t) => {
    const files = paths.map((path) => ({
      name: path,
      text: readFileSync(`fixtures/configs/${path}`, 'utf8'),
    }))
    const isClassic = name === 'director' || name === 'router'
    const links = new Map<string, Link>(
      isClassic
        ? []
        : [
            ['lo', lo],
            ...(name === 'areas'
              ? [0x0a000001, 0x0a010001, 0x0a020001]
              : [0x0a000101, 0x0a000b01, 0x0a000c01, 0x0a000d01]
            ).map((address, i) => addressed(`eth${i}`, address)),
          ],
    )
    const said = await convertFrr(files, 'frr', links, () => undefined)
    t.equal(said.status, 0)
    const text = `${said.out.join('\n')}\n`
    const { config, problems } = await readConfig([{ name: 'f.yaml', text }], world)
    t.strictSame(problems.map(formatProblem), [])
    if (config === undefined) return
    const options = importFrr(files).options!
    for (const { device: missing } of options.addresses)
      if (!links.has(missing))
        links.set(
          missing,
          missing === 'lo' ? lo : { ...lo, name: missing, loopback: false, broadcast: true },
        )
    const { staticRoutes = [], ...original } = startOptions(
      options,
      resolveNetworks(options, links),
    )
    t.strictSame(parseOptions(config.options), parseOptions(original))
    t.strictSame(config.staticRoutes, staticRoutes)
    t.match(text, /# .*\.conf:\d/, 'it says where things came from')
  })
}

t.test('each line is behind what it says', async (t) => {
  const files = ['ospfd.conf', 'zebra.conf'].map((name) => ({
    name,
    text: readFileSync(`fixtures/configs/classic/director/${name}`, 'utf8'),
  }))
  const { out } = await convertFrr(files, 'frr', new Map(), () => undefined)
  const lineOf = (name: string, pattern: RegExp): number =>
    files
      .find((file) => file.name === name)!
      .text.split('\n')
      .findIndex((line) => pattern.test(line)) + 1
  const [hello, id, vip] = [
    lineOf('ospfd.conf', /hello-interval/),
    lineOf('ospfd.conf', /router-id/),
    lineOf('zebra.conf', /10\.0\.1\.100/),
  ]
  const text = out.join('\n')
  t.match(text, `helloInterval: 1 # ospfd.conf:${hello}`)
  t.match(text, `routerId: 10.0.1.133 # ospfd.conf:${id}`)
  t.match(text, `address: 10.0.1.100/32 } # zebra.conf:${vip}`)
})

t.test('addresses that are there already stay in the file: zebra has put them there', async (t) => {
  const text = `interface lo
 ip address 10.0.1.100/32
router ospf
 ospf router-id 10.0.1.133
 network 10.0.1.0/24 area 0
`
  const address = { address: 0x0a000164, prefixLength: 32, secondary: false, peer: undefined }
  const links = new Map([['lo', { ...lo, addresses: [address] }], addressed('eth0', 0x0a000185)])
  const { out } = await convertFrr([{ name: 'zebra.conf', text }], 'frr', links, () => undefined)
  t.match(out.join('\n'), /addresses:\n +- \{ device: lo, address: 10\.0\.1\.100\/32 \}/)
})

t.test('files with errors are not converted', async (t) => {
  const said = await convertFrr(
    [{ name: 'f', text: 'router ospf\n nonsense\n' }],
    'frr',
    new Map(),
    () => undefined,
  )
  t.match(said, { status: 2, out: [], complaints: [/^f:2: /] })
})
