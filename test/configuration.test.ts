/** Configuration files: what they may say, what is wrong with them, and where. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { readYaml } from '../lib/config/yaml.ts'
import { type ConfigWorld, formatProblem, readConfig, validateConfig } from '../lib/index.ts'

const secrets: Readonly<Record<string, string>> = {
  'fixtures/configs/yaml/keys/two': 'second key\n',
  'fixtures/configs/yaml/keys/ca.pem': '-----BEGIN CERTIFICATE-----\n',
}

const world: ConfigWorld = {
  readFile: async (path) => {
    if (secrets[path] === undefined) throw new Error(`ENOENT: no such file, open '${path}'`)
    return secrets[path]
  },
  environment: { OSPF_KEY: 'password' },
}

const file = (name: string) => {
  const path = `fixtures/configs/yaml/${name}`
  return { name: path, text: readFileSync(path, 'utf8') }
}

const read = (text: string) => readConfig([{ name: 'f.yaml', text }], world)

/** What is said of a file. */
async function problems(text: string): Promise<string[]> {
  const { config, problems } = await read(text)
  if (config !== undefined) return []
  return problems.map(formatProblem)
}

const head = `routerId: 10.0.1.133
areas:
  0.0.0.0:
    interfaces:
`
const eth0 = `${head}      eth0: {}\n`

t.test('a director', async (t) => {
  const { config } = await readConfig([file('director.yaml')], world)
  t.strictSame(config, {
    options: {
      routerId: '10.0.1.133',
      areas: {
        '0.0.0.0': {
          interfaces: { eth0: { helloInterval: 1, deadInterval: 4, priority: 0, cost: 1 } },
        },
      },
    },
    isolate: false,
    staticRoutes: [],
    lvs: undefined,
    sequenceFile: undefined,
    vips: {
      '10.0.1.100/32': {
        device: 'lo',
        when: {
          http: 'http://127.0.0.1:8080/ready',
          interval: 1,
          rise: 2,
          fall: 3,
          name: 'web',
        },
      },
    },
    socket: undefined,
    log: undefined,
  })
})

t.test('everything', async (t) => {
  const { config, problems } = await readConfig([file('everything.yaml')], world)
  t.strictSame(problems.map(formatProblem), [])
  t.match(config, {
    options: {
      areas: {
        0: {
          interfaces: {
            eth0: { authentication: { keys: [{ key: 'one' }, { id: 2, key: 'second key' }] } },
            eth1: { authentication: { type: 'simple', key: 'password' } },
          },
        },
      },
    },
    sequenceFile: '/var/lib/ospf-speaker/boot-count',
    socket: '/run/lb.sock',
    log: 'debug',
    vips: {
      '10.0.1.100/32': { when: { weighted: [{ check: { tls: { ca: /BEGIN/ } } }, {}] } },
      '10.0.1.101/32': {
        when: [{ all: [{ name: 'web' }, { name: 'database' }], name: 'both' }, {}],
      },
      '10.0.1.102/32': { area: '1' },
      '10.0.1.103/32': {},
    },
  })
})

t.test('JSON is as good', async (t) => {
  const { config } = await read(
    JSON.stringify({ routerId: '1.1.1.1', areas: { 0: { interfaces: { eth0: { cost: 5 } } } } }),
  )
  t.match(config, { options: { areas: { 0: { interfaces: { eth0: { cost: 5 } } } } } })
})

t.test('every error at once, each in its place', async (t) => {
  const text = `${head}      eth0: { helloIntervall: 1, cost: 0 }
      eth1: { authentication: { type: md5, keys: [{ id: 1, key: 12345 }, { id: 2 }] } }
vips:
  10.0.1.100/32: { when: { http: 'http://a', tcp: 'a:1' } }
  10.0.1.101/32: { when: { htpp: 'http://a' } }
rolle: router
`
  t.strictSame(await problems(text), [
    "f.yaml:5:15: areas: 0.0.0.0: interfaces: eth0: helloIntervall: unknown option 'helloIntervall'; did you mean 'helloInterval'?",
    'f.yaml:5:34: areas: 0.0.0.0: interfaces: eth0: cost: expected a whole number from 1 to 65535, got 0',
    'f.yaml:6:60: areas: 0.0.0.0: interfaces: eth1: authentication: keys: 0: key: expected text, got a number',
    'f.yaml:6:74: areas: 0.0.0.0: interfaces: eth1: authentication: keys: 1: expected one of key, keyFile, keyEnv',
    'f.yaml:8:28: vips: 10.0.1.100/32: when: http: expected only one of http, grpc, tcp, tls, udp, dns, icmp, command, file, trackedFile, self, all, any, atLeast, weighted in a check',
    'f.yaml:8:46: vips: 10.0.1.100/32: when: tcp: expected only one of http, grpc, tcp, tls, udp, dns, icmp, command, file, trackedFile, self, all, any, atLeast, weighted in a check',
    "f.yaml:9:20: vips: 10.0.1.101/32: when: unknown option 'htpp'; did you mean 'http'?",
    "f.yaml:10:1: rolle: unknown option 'rolle'; did you mean 'role'?",
  ])
})

t.test("the library's own errors, each in its place", async (t) => {
  const text = `${head}      eth0: { helloInterval: 10, deadInterval: 5 }
      eth1: { helloMultiplier: 4, helloInterval: 1 }
      eth2: { authentication: { type: md5, keys: [{ id: 1, key: abcdefghijklmnopq }] } }
  0.0.0.0x: {}
externals:
  10.0.0.1/8: {}
originate: nowhere
limits: { maximumPaths: 8 }
vips:
  10.0.1.1/24: {}
  10.0.1.100: { minimumAnnouncers: 2 }
  10.0.1.100/32: {}
  10.0.1.102/32: { when: { http: 'ftp://x' } }
  10.0.1.103/32: { when: [nothing] }
  10.0.1.104/32: { when: { atLeast: 3, of: [{ tcp: 'a:1' }] } }
checks:
  a: { any: [b] }
  b: { all: [a] }
`
  t.strictSame(await problems(text), [
    'f.yaml:5:34: areas: 0.0.0.0: interfaces: eth0: deadInterval: expected more than the hello interval of 10 s, got 5',
    'f.yaml:6:35: areas: 0.0.0.0: interfaces: eth1: helloInterval: expected no helloInterval together with a helloMultiplier, got 1',
    'f.yaml:7:60: areas: 0.0.0.0: interfaces: eth2: authentication: keys: 0: key: expected 1 to 16 octets, got 17',
    "f.yaml:8:3: areas: 0.0.0.0x: expected an Area ID, dotted or a number, got '0.0.0.0x'",
    "f.yaml:10:3: externals: 10.0.0.1/8: expected a prefix without host bits, got '10.0.0.1/8'",
    "f.yaml:11:1: originate: expected a name in prefixLists, which has none, got 'nowhere'",
    "f.yaml:14:3: vips: 10.0.1.1/24: expected a prefix without host bits, got '10.0.1.1/24'",
    'f.yaml:16:3: vips: 10.0.1.100/32: is there twice',
    "f.yaml:17:20: vips: 10.0.1.102/32: when: url must be an http: or https: URL, got 'ftp://x'",
    "f.yaml:18:27: vips: 10.0.1.103/32: when: 0: there is no check 'nothing'; there are a, b",
    'f.yaml:19:20: vips: 10.0.1.104/32: when: n must be a whole number from 1 to the 1 parts, got 3',
    "f.yaml:22:14: checks: b: all: 0: check 'a' is made of itself",
  ])
})

t.test('VIPs that do not go with the rest', async (t) => {
  const text = `${eth0}originate: [{ action: permit, prefix: 10.0.1.0/30, le: 32 }]
vips:
  10.0.1.1: { minimumAnnouncers: 2 }
  10.0.1.2/32: { area: 5 }
  10.0.1.3/32: { as: external, cost: 5 }
  10.0.1.100/32: {}
`
  t.strictSame(await problems(text), [
    "f.yaml:8:15: vips: 10.0.1.1: minimumAnnouncers: expected a gate, and onFail: 'withdraw' with it, got 'no gate'",
    "f.yaml:9:18: vips: 10.0.1.2/32: area: expected an area with an interface, got '0.0.0.5'",
    "f.yaml:10:32: vips: 10.0.1.3/32: cost: expected as: 'stub' with it, got 'external'",
    "f.yaml:11:3: vips: 10.0.1.100/32: expected a prefix that 'originate' permits, got '10.0.1.100/32'",
  ])
})

t.test('YAML that is none, or says a thing twice', async (t) => {
  t.match(await problems('a: [1\n'), [/^f.yaml:2:1: Flow sequence/])
  t.match(await problems(`${eth0}routerId: 1.1.1.1\n`), [
    /^f.yaml:6:1: 'routerId' is said twice, first in line 1$/,
  ])
  t.match(await problems('a: 1\n---\nb: 1\n'), [/^f.yaml:2:1: a second document begins/])
  t.strictSame(await problems(''), ['f.yaml:1:1: nothing is said in it'])
  t.strictSame(await problems('# only this\n'), ['f.yaml:1:1: nothing is said in it'])
  t.strictSame(await problems('{ "a": 1, // a remark\n  "b": { /* and */ "c": 2 } }'), [
    'f.yaml:1:11: a remark begins with # in YAML, and JSON has none',
    'f.yaml:2:10: a remark begins with # in YAML, and JSON has none',
  ])
  t.strictSame(await problems('a: &a { b: 1 }\nc:\n  <<: *a\n'), [
    "f.yaml:3:3: there are no merge keys ('<<') in YAML 1.2: an alias stands for the whole",
  ])
  const open = await problems('{ "a": { "b": { "c": {')
  t.equal(new Set(open).size, open.length, 'each is said once')
  t.match(await problems('? [a]\n: 1\n'), [/f.yaml:1/])
})

t.test('names of devices', async (t) => {
  for (const name of ['"eth\\0"', 'averyveryverylongname', 'a/b', '"a b"']) {
    const [problem = ''] = await problems(`${head}      ${name}: {}\n`)
    t.match(problem, /^f.yaml:5:7: areas: 0.0.0.0: interfaces: .*expected a device name/, name)
  }
})

t.test('many VIPs take time in proportion', async (t) => {
  const vips = (count: number): string =>
    Array.from({ length: count }, (_, i) => `  10.9.${i >> 8}.${i & 255}/32: {}\n`).join('')
  const [few, many] = [2_000, 20_000].map((count) => {
    const begun = process.cpuUsage()
    const { source } = readYaml('f.yaml', `vips:\n${vips(count)}`)
    t.equal(Object.keys((source!.data as { vips: object }).vips).length, count)
    return process.cpuUsage(begun).user
  })
  t.ok(many! < few! * 50, `${few} and ${many} us`)
})

t.test('secrets that are not there', async (t) => {
  const text = `${head}      eth0: { authentication: { type: simple, keyFile: gone } }
      eth1: { authentication: { type: simple, keyEnv: GONE } }
`
  t.strictSame(await problems(text), [
    "f.yaml:5:47: areas: 0.0.0.0: interfaces: eth0: authentication: keyFile: gone cannot be read: ENOENT: no such file, open 'gone'",
    'f.yaml:6:47: areas: 0.0.0.0: interfaces: eth1: authentication: keyEnv: there is no variable GONE in the environment',
  ])
})

t.test('two files are one configuration, and contradictions name both', async (t) => {
  const one = { name: 'a.yaml', text: eth0 }
  const more = { name: 'b.yaml', text: 'vips:\n  10.0.1.100/32: {}\n' }
  const { config } = await readConfig([one, more], world)
  t.match(config, { options: { routerId: '10.0.1.133' }, vips: { '10.0.1.100/32': {} } })
  const other = { name: 'c.yaml', text: 'routerId: 10.0.1.134\nareas: { 0.0.0.0: {} }\n' }
  const { problems: found } = await readConfig([one, other], world)
  t.strictSame(found.map(formatProblem), [
    "c.yaml:1:1: routerId: '10.0.1.134' contradicts '10.0.1.133' of a.yaml:1:1",
  ])
})

t.test('a file alone, without its secrets and its meaning', async (t) => {
  t.strictSame(await validateConfig('f.yaml', eth0), [])
  const gone = `${head}      eth0: { authentication: { type: simple, keyFile: gone } }\n`
  t.strictSame(await validateConfig('f.yaml', gone), [])
  t.match((await validateConfig('f.yaml', 'routerId: 5\n')).map(formatProblem), [
    "f.yaml:1:1: 'areas' is missing",
    'f.yaml:1:1: routerId: expected text, got 5',
  ])
})
