#!/usr/bin/env node
/**
 * `npm run test:mutants`: takes out each feature of the README's table in turn, in a copy of the tree, and runs the tests
 * that are to notice. One that nobody misses is a failure. `npm run test:mutants -- nssa opaque` takes those whose name
 * contains one of the words. Needs a tree in which `npm test` has run once.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './prepare.mjs'

/** @type {readonly { name: string; file: string; find: string; put: string; tests: readonly string[] }[]} */
const mutants = [
  {
    name: 'flooding (13.3)',
    file: 'lib/core/flood.ts',
    find: '      neighbor.addRetransmission(entry)\n      owed = true',
    put: '      neighbor.addRetransmission(entry)',
    tests: ['core/flood'],
  },
  {
    name: 'NBMA',
    file: 'lib/core/interface.ts',
    find: "return network === 'nbma' || this.isVirtual || nonBroadcast === true",
    put: 'return this.isVirtual || nonBroadcast === true',
    tests: ['core/network-types'],
  },
  {
    name: 'point-to-multipoint',
    file: 'lib/core/router-lsa.ts',
    find: "if (iface.config.network === 'point-to-multipoint') add(LINK_STUB, address, HOST_MASK, 0)\n        else ",
    put: '',
    tests: ['core/network-types'],
  },
  {
    name: 'discard routes (11.1)',
    file: 'lib/core/discard.ts',
    find: 'if (!router.discardsHoles) return discards',
    put: 'if (router.discardsHoles) return discards',
    tests: ['core/discard'],
  },
  {
    name: 'virtual links',
    file: 'lib/core/virtual-link.ts',
    find: 'if (virtual === undefined) continue\n    const area',
    put: 'if (virtual === undefined || virtual) continue\n    const area',
    tests: ['core/virtual-link'],
  },
  {
    name: 'several interfaces on one device',
    file: 'lib/core/receive.ts',
    find: 'if (device === undefined) return false\n',
    put: 'if (device === undefined || device) return false\n',
    tests: ['core/configure', 'speaker-addresses'],
  },
  {
    name: 'Wait Timer',
    file: 'lib/core/interface.ts',
    find: 'waitInterval ?? deadInterval',
    put: 'deadInterval',
    tests: ['core/interface'],
  },
  {
    name: 'Hellos below a second',
    file: 'lib/core/interface.ts',
    find: 'helloMultiplier ? Math.floor(1000 / helloMultiplier) : helloInterval * 1000',
    put: 'helloMultiplier ? 1000 : helloInterval * 1000',
    tests: ['core/hello'],
  },
  {
    name: 'area ranges',
    file: 'lib/core/summaries.ts',
    find: 'else if (range.advertise) offerRange(offer, range, cost)',
    put: 'else offer(prefix, length, cost)',
    tests: ['core/summaries'],
  },
  {
    name: 'stub areas',
    file: 'lib/core/summaries.ts',
    find: "if (kind === 'stub' || !isTold) networks.push",
    put: 'if (!isTold && isTold) networks.push',
    tests: ['core/summaries'],
  },
  {
    name: 'area border router types',
    file: 'lib/core/role.ts',
    find: 'return backbone?.isActive === true',
    put: 'return true',
    tests: ['core/summaries', 'core/area'],
  },
  {
    name: 'NSSA',
    file: 'lib/core/nssa.ts',
    find: "if (config.kind !== 'nssa') return\n  // 2.4",
    put: 'if (config) return\n  // 2.4',
    tests: ['core/nssa'],
  },
  {
    name: 'AS externals: equal-cost paths',
    file: 'lib/core/external-routes.ts',
    find: 'else if (order === 0) merge(router, present, candidate)',
    put: 'else if (order === 0 && order) merge(router, present, candidate)',
    tests: ['core/external-routes'],
  },
  {
    name: 'limit of AS externals (RFC 1765)',
    file: 'lib/core/overflow.ts',
    find: 'if (refused) this.#enter()\n    return refused',
    put: 'return refused && false',
    tests: ['core/overflow'],
  },
  {
    name: 'redistribution',
    file: 'lib/core/configure.ts',
    find: "for (const external of change.set) externals.set('redistribution', external)",
    put: '',
    tests: ['redistribution', 'core/externals'],
  },
  {
    name: 'summary addresses',
    file: 'lib/core/configure.ts',
    find: 'router.as.externals.summaryAddresses = change.addresses',
    put: '',
    tests: ['core/externals'],
  },
  {
    name: 'equal-cost limit',
    file: 'lib/core/hop-sets.ts',
    find: 'merged.slice(0, this.maximumPaths)',
    put: 'merged',
    tests: ['core/spf', 'core/routes'],
  },
  {
    name: 'weighted shares',
    file: 'lib/core/weigh.ts',
    find: 'if (path.hopSet === 0 || !asksAnybody(router)) return undefined',
    put: 'if (path.hopSet >= 0 || !asksAnybody(router)) return undefined',
    tests: ['core/weigh', 'vip-share'],
  },
  {
    name: 'replays (D.4.3, RFC 7474)',
    file: 'lib/core/authentication.ts',
    find: 'return extended || strict ? sequence <= last : sequence < last',
    put: 'return (extended || strict) && sequence < 0n && last < 0n',
    tests: ['core/authentication'],
  },
  {
    name: 'digests (RFC 5709)',
    file: 'lib/wire/auth.ts',
    find: "return equalOctets(expected, bytes.subarray(digestAt, digestAt + octets)) ? 'good' : 'digest'",
    put: "return expected.length >= 0 ? 'good' : 'digest'",
    tests: ['wire/auth', 'core/authentication'],
  },
  {
    name: 'TTL security (RFC 5082)',
    file: 'lib/core/receive.ts',
    find: 'if (ttl >= least) {',
    put: 'if (ttl >= least || ttl < least) {',
    tests: ['core/gtsm'],
  },
  {
    name: 'opaque LSAs (RFC 5250)',
    file: 'lib/core/opaque.ts',
    find: 'for (const [lsId, data] of scope.opaques) {',
    put: 'for (const [lsId, data] of [...scope.opaques].slice(0, 0)) {',
    tests: ['core/opaque'],
  },
  {
    name: 'stub router (RFC 6987)',
    file: 'lib/core/router-lsa.ts',
    find: 'isStub ? stubRouter?.includeStub : stubRouter || announceOnly',
    put: 'isStub ? stubRouter?.includeStub : announceOnly',
    tests: ['core/originate', 'stub-router'],
  },
  {
    name: 'announce-only',
    file: 'lib/core/router-lsa.ts',
    find: 'isStub ? stubRouter?.includeStub : stubRouter || announceOnly',
    put: 'isStub ? stubRouter?.includeStub : stubRouter',
    tests: ['core/announce-only'],
  },
  {
    name: 'prefix suppression (RFC 6860)',
    file: 'lib/core/interface.ts',
    find: 'return !prefixSuppression && permits(',
    put: 'return (!prefixSuppression || prefixSuppression) && permits(',
    tests: ['core/network-types'],
  },
  {
    name: 'any packet shows life (RFC 4222)',
    file: 'lib/core/neighbor.ts',
    find: "this.interface.config.aliveBy !== 'hello'",
    put: "this.interface.config.aliveBy === 'any'",
    tests: ['core/overload'],
  },
  {
    name: 'SPF delay (RFC 8405)',
    file: 'lib/core/spf-delay.ts',
    find: '        delay = longMs\n',
    put: '        delay = shortMs\n',
    tests: ['core/spf-delay'],
  },
  {
    name: 'gates',
    file: 'lib/announcement.ts',
    find: "if (decision === undefined) return this.#become('down', cause, reason)",
    put: 'if (decision === undefined) return',
    tests: ['announcement'],
  },
  {
    name: 'secondary addresses',
    file: 'lib/core/router-lsa.ts',
    find: 'config.secondaryAddresses === true && !config.prefixSuppression',
    put: 'config.secondaryAddresses === undefined',
    tests: ['core/configure', 'speaker-addresses'],
  },
  {
    name: 'a VIP on a transit interface',
    file: 'lib/interface-address.ts',
    find: 'return passive || !(isHost(each) && (elects || isVip(each.address)))',
    put: 'return true',
    tests: ['interface-address', 'speaker-addresses'],
  },
  {
    name: 'VIPs as externals',
    file: 'lib/vip.ts',
    find: "announce: { type: 'external', external },",
    put: "announce: { type: 'external', external: { ...external, metric: 1 } },",
    tests: [
      'speaker-vips',
      'flaps',
      'confirmations',
      'complaints',
      'stub-router',
      'speaker-reconfigure',
    ],
  },
  {
    name: 'router information (RFC 7770, RFC 5642)',
    file: 'lib/core/router-information.ts',
    find: 'if (hostname !== undefined) names.set(advertisingRouter, hostname)',
    put: 'if (hostname === undefined) names.set(advertisingRouter, hostname)',
    tests: ['core/opaque'],
  },
  {
    name: 'simple passwords',
    file: 'lib/wire/auth.ts',
    find: 'return equalOctets(authentication, expected)',
    put: 'return expected.length > 0 || equalOctets(authentication, expected)',
    tests: ['wire/auth', 'core/authentication'],
  },
  {
    name: 'attacks are named',
    file: 'lib/core/suspicions.ts',
    find: 'if (episode.count < episode.next) return',
    put: 'if (episode.count > 0) return',
    tests: ['hostile/attacks'],
  },
  {
    name: 'routes to nowhere',
    file: 'lib/route-filter.ts',
    find: 'isNowhere(prefix, length) ? undefined : admitted',
    put: 'isNowhere(prefix, length) ? admitted : admitted',
    tests: ['route-filter'],
  },
  {
    name: 'slow start',
    file: 'lib/slow-start.ts',
    find: 'const FIRST = 0.1',
    put: 'const FIRST = 1',
    tests: ['slow-start'],
  },
  {
    name: 'ranges of VIPs',
    file: 'lib/vip-list.ts',
    find: 'prefix <= last.prefix; prefix++',
    put: 'prefix < last.prefix; prefix++',
    tests: ['vip-list'],
  },
  {
    name: 'LSAs of their own above a number',
    file: 'lib/vip-placement.ts',
    find: 'wanted > config.vipsAsExternalAbove',
    put: 'wanted < 0',
    tests: ['vip-list'],
  },
  {
    name: 'a VIP in several areas',
    file: 'lib/vip.ts',
    find: 'announce: stubs(cost),',
    put: 'announce: stubs(cost).slice(0, 1),',
    tests: ['vip-list'],
  },
  {
    name: 'labels of addresses',
    file: 'lib/announcement.ts',
    find: 'address.address, prefixLength, label)',
    put: 'address.address, prefixLength)',
    tests: ['speaker-vips'],
  },
  {
    name: 'director helper',
    file: 'lib/director-helper.ts',
    find: 'suffices: (read) => [1, 2, 8].includes(effective(read, ignore)),',
    put: 'suffices: () => true,',
    tests: ['director-helper'],
  },
  {
    name: 'director helper: reverse path',
    file: 'lib/director-helper.ts',
    find: 'suffices: (read) => effective(read, path) !== 1,',
    put: 'suffices: () => true,',
    tests: ['director-helper'],
  },
  {
    name: 'the pace of fighting back',
    file: 'lib/core/originate.ts',
    find: 'return isQuiet(router, pace) ? taken : Math.max(taken, pace!.originatedAt + pace!.hold)',
    put: 'return now',
    tests: ['hostile/attacks', 'core/originate', 'core/disguised'],
  },
  {
    name: 'buckets of who drains',
    file: 'lib/linux/route-hops.ts',
    find: 'const draining = hops.flatMap((hop) => (hop.draining ? { ...hop, weight: 1 } : []))',
    put: 'const draining = hops.flatMap((hop) => (hop.draining && !hop.draining ? hop : []))',
    tests: ['linux/nexthops', 'linux/route-hops'],
  },
  {
    name: "status of the kernel's routes",
    file: 'lib/linux/route-status.ts',
    find: 'if (installed !== undefined && leftover) counts.leftovers++\n    else if',
    put: 'if',
    tests: ['linux/route-status'],
  },
  {
    name: 'the lease of an isolated application',
    file: 'lib/isolate/host.ts',
    find: '...(leases.length === 0 ? {} : { lease: Math.min(...leases) }),',
    put: '',
    tests: ['isolate'],
  },
  {
    name: 'panic',
    file: 'lib/health/panic.ts',
    find: 'return failing > this.#share * length\n',
    put: 'return failing < 0\n',
    tests: ['health/panic', 'fleet-policies'],
  },
  {
    name: 'minimum announcers',
    file: 'lib/fleet.ts',
    find: 'if (well.length + before.length < minimum) {',
    put: 'if (well.length < 0) {',
    tests: ['fleet'],
  },
  {
    name: 'the word of an operator',
    file: 'lib/health/override.ts',
    find: 'return this.#call ?? this.#signal ?? this.#file',
    put: 'return this.#signal',
    tests: ['health/override'],
  },
  {
    name: 'damping',
    file: 'lib/health/damping.ts',
    find: 'if (this.#penalty >= this.#options.suppress) this.#suppressed = true',
    put: '',
    tests: ['health/damping', 'flaps'],
  },
  {
    name: 'leftovers of an earlier life',
    file: 'lib/linux/routes.ts',
    find: 'if (entry.leftover && entry.wanted === undefined) this.#ready.add(entry)',
    put: '',
    tests: ['linux/routes'],
  },
  {
    name: 'virtual links in a VRF',
    file: 'lib/sockets.ts',
    find: 'this.#owner.datagrams.openRouted(failed, vrf?.name)',
    put: 'this.#owner.datagrams.openRouted(failed)',
    tests: ['sockets'],
  },
]

const words = process.argv.slice(2)
const chosen = mutants.filter(
  ({ name }) =>
    words.length === 0 || words.some((w) => name.toLowerCase().includes(w.toLowerCase())),
)
const copy = mkdtempSync(join(tmpdir(), 'mutants-'))
let [missed, unnoticed] = [0, 0]
try {
  for (const part of ['lib', 'test', 'examples', 'scripts', 'bench', 'fixtures', 'native']) {
    cpSync(join(root, part), join(copy, part), { recursive: true })
  }
  const configs = ['package.json', 'tsconfig.json', 'tsconfig.test.json', '.taprc']
  for (const file of configs) cpSync(join(root, file), join(copy, file))
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  symlinkSync(join(root, 'dist'), join(copy, 'dist'))
  for (const { name, file, find, put, tests } of chosen) {
    const path = join(copy, file)
    const source = readFileSync(path, 'utf8')
    if (!source.includes(find)) throw new Error(`${name}: ${file} has no '${find}'`)
    writeFileSync(
      path,
      source.replace(find, () => put),
    )
    // types may well be wrong now; what was emitted is what is run
    const compile = ['-p', 'tsconfig.test.json', '--noEmitOnError', 'false']
    spawnSync(join(copy, 'node_modules/.bin/tsc'), compile, { cwd: copy })
    const red = tests.filter((test) => {
      const run = spawnSync(process.execPath, [`.build/test/${test}.test.js`], {
        cwd: copy,
        timeout: 120_000,
        env: { ...process.env, TAP_TIMEOUT: '100' },
      })
      return run.status !== 0
    })
    writeFileSync(path, source)
    if (red.length > 0) missed++
    else unnoticed++
    console.log(
      `${red.length > 0 ? 'missed    ' : 'UNNOTICED '} ${name} (${red.join(', ') || tests.join(', ')})`,
    )
  }
} finally {
  rmSync(copy, { recursive: true, force: true })
}
console.log(`${missed} passed, ${unnoticed} failed`)
process.exit(unnoticed > 0 ? 1 : 0)
