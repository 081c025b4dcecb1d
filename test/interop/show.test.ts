/**
 * `show ... json` beside FRR 8.4: the same topology twice, with FRR and with this library in the middle, compared key by
 * key. Every difference is in a table, with its reason; and every line of the table is a difference that is there.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { AnswerError, askControl } from '../../lib/cli/ask.ts'
import { differences } from '../cli/shape.ts'
import { cli } from './boxes.ts'
import { Frr, Speaker } from './daemons.ts'
import { exported, lacksExporter } from './frr-exporter.ts'
import { Lab, missing, until } from './lab.ts'
import { converge, wire } from './show-lab.ts'

t.setTimeout(400_000)

/** What both are asked. */
const commands: readonly string[] = [
  'show ip ospf',
  'show ip ospf neighbor',
  'show ip ospf neighbor all',
  'show ip ospf neighbor detail',
  'show ip ospf neighbor detail all',
  'show ip ospf neighbor eth0',
  'show ip ospf neighbor eth0 detail',
  'show ip ospf neighbor 10.0.0.1',
  'show ip ospf neighbor 10.0.0.1 detail',
  'show ip ospf neighbor 10.0.0.99',
  'show ip ospf interface',
  'show ip ospf interface eth0',
  'show ip ospf interface eth9',
  'show ip ospf interface traffic',
  'show ip ospf interface traffic eth0',
  'show ip ospf database',
  'show ip ospf database self-originate',
  'show ip ospf database max-age',
  'show ip ospf database router',
  'show ip ospf database router 10.0.0.3',
  'show ip ospf database router self-originate',
  'show ip ospf database router adv-router 10.0.0.1',
  'show ip ospf database network',
  'show ip ospf database summary',
  'show ip ospf database summary 10.9.4.1',
  'show ip ospf database asbr-summary',
  'show ip ospf database external',
  'show ip ospf database external 172.16.1.0',
  'show ip ospf database external adv-router 10.0.0.1',
  'show ip ospf database nssa-external',
  'show ip ospf database opaque-link',
  'show ip ospf database opaque-area',
  'show ip ospf database opaque-as',
  'show ip ospf database opaque-as adv-router 10.0.0.1',
  'show ip ospf route',
  'show ip route',
  'show ip route ospf',
  'show ip route 10.9.3.1',
  'show ip route 10.9.1.1/32',
  'show ip route 10.0.24.1',
  'show ip route connected',
  'show ip route kernel',
  'show ip route static',
  'show ip route 10.0.0.0/8 longer-prefixes',
  'show ip route summary',
  'show ip route vrf all summary',
  'show ip ospf vrf all',
  'show ip ospf vrf all neighbor',
  'show ip ospf vrf all neighbor detail',
  'show ip ospf vrf default neighbor',
  'show ip ospf vrf all interface',
  'show ip ospf vrf default interface eth0',
  'show ip ospf vrf all interface traffic',
  'show ip ospf vrf all database',
  'show ip ospf vrf all database max-age',
  'show ip ospf vrf all database router',
  'show ip ospf vrf all route',
]

/** What both are asked when others have put routes into the kernel of the subject, too. */
const kernelCommands: readonly string[] = [
  'show ip route',
  'show ip route kernel',
  'show ip route summary',
  'show ip route 172.30.1.1',
  'show ip route 172.31.0.0/16',
]
const kernelRoutes: readonly string[] = [
  '172.30.0.0/16 via 10.0.24.2 metric 50 src 10.9.2.1',
  '172.31.0.0/16 nexthop via 10.0.24.2 weight 3 nexthop via 10.0.25.2',
  'unreachable 172.28.0.0/16',
  'prohibit 172.29.0.0/16',
  '172.27.0.0/16 dev eth1 scope link',
]

/** Differences that hold everywhere: the pattern, and why. */
const everywhere: readonly (readonly [pattern: RegExp, why: string])[] = [
  [
    /^extra .*(hostname|Hostname)$/,
    'a router that says its name (RFC 5642) is shown with it; FRR 8.4 reads no names',
  ],
  [
    /^lacking .*[nN]exthopGroupId$/,
    "ids of zebra's own next-hop groups; ours are the kernel's, and not kept for the view",
  ],
  [
    /^value .*\.options: \*\|O\|.* \/ /,
    'FRR sets the O-bit in opaque LSAs; RFC 5250 defines it for Database Descriptions alone',
  ],
]

const nssaDefault =
  'FRR tells an NSSA of a default route without being asked to; RFC 3101 leaves it open'
const nssaOptions =
  'RFC 3101 2.3 wants the N-bit in all Options of an NSSA; FRR sets none in its summaries'

/** Differences that are there or not, as it happens. */
const sometimes: typeof everywhere = [
  [
    /^(extra|lacking) .*thread(LinkState|Database)\w+$/,
    "FRR's retransmission timers run, or not, after what they were for is done",
  ],
]

/** By command: difference and why. */
const table: Readonly<Record<string, readonly (readonly [pattern: RegExp, why: string])[]>> = {
  'show ip ospf': [
    [/^value \.maximumPaths/, 'another default'],
    [/^value \.areas\.\*\.lsa(Summary)?Number/, nssaDefault],
  ],
  'show ip ospf vrf all': [
    [/^value \.default\.maximumPaths/, 'another default'],
    [/^value \.default\.areas\.\*\.lsa(Summary)?Number/, nssaDefault],
  ],
  'show ip ospf vrf all interface': [
    [/^lacking \.default\.interfaces\.lo$/, 'the address of lo is a stub network here'],
  ],
  'show ip ospf vrf all interface traffic': [
    [/^lacking \.default\.lo$/, 'lo is no interface of ours'],
  ],
  'show ip ospf vrf all database': [
    [/^lacking \.default\.areas\.\*\.summaryLinkStates\[0\.0\.0\.0 of 10\.0\.0\.2\]$/, nssaDefault],
    [/^value \.default\..*summaryLinkStatesCount: /, nssaDefault],
  ],
  'show ip route vrf all summary': [
    [
      /^(lacking \.routes(Total|TotalFib)?|extra \.default)$/,
      'by VRF, as FRR has it from 9 on and frr_exporter reads it; FRR 8.4 puts the VRFs one behind the other',
    ],
  ],
  'show ip ospf interface': [
    [/^lacking \.interfaces\.lo$/, 'the address of lo is a stub network here, not an interface'],
  ],
  'show ip ospf interface traffic': [[/^lacking \.lo$/, 'lo is no interface of ours']],
  'show ip ospf database': [
    [/^lacking \.areas\.\*\.summaryLinkStates\[0\.0\.0\.0 of 10\.0\.0\.2\]$/, nssaDefault],
    [/^value .*summaryLinkStatesCount: /, nssaDefault],
  ],
  'show ip ospf database self-originate': [
    [
      /^lacking .*\[(\d+|0\.0\.0\.0 of 10\.0\.0\.2)\]$/,
      'FRR puts an empty object in place of every LSA that is not its own; and the default route',
    ],
    [/Count(: |$)/, 'FRR counts the empty objects'],
  ],
  'show ip ospf database summary': [
    [/^lacking .*\[0\.0\.0\.0 of 10\.0\.0\.2\]$/, nssaDefault],
    [/^value .*\.options: /, nssaOptions],
  ],
  'show ip ospf database summary 10.9.4.1': [[/^value .*\.options: /, nssaOptions]],
  'show ip ospf database external': [
    [
      /^value .*\.metric: 20 \/ 25$/,
      'a type 7 metric goes into the type 5 LSA (RFC 3101 3.2); FRR 8.4 puts in its own default',
    ],
  ],
  'show ip ospf database nssa-external': [
    [
      /^value .*\.options: /,
      'FRR sets the E-bit in a type 7 LSA of its own; it has no place in an NSSA (RFC 3101 2.3)',
    ],
  ],
  'show ip ospf database opaque-area': [
    [/^value .*\.opaqueData/, 'what routers say of themselves is their own: ours has its name'],
  ],
}

type Documents = ReadonlyMap<string, unknown>

t.test('the same keys as FRR', { skip: missing('frr') }, async (t) => {
  const [theirLab, ourLab] = [Lab.for(t), Lab.for(t)]
  for (const lab of [theirLab, ourLab]) await wire(lab)
  let frr: Frr | undefined
  let speaker: Speaker | undefined
  await Promise.all([
    converge(theirLab, (...args) => (frr = new Frr(...args))),
    converge(ourLab, (...args) => (speaker = new Speaker(...args))),
  ])
  const socket = speaker!.showCommand().at(-1)!
  const ask = (command: string): Promise<string> =>
    askControl(socket, { words: [...command.split(' '), 'json'] })
  // both lists are long only while something is on its way
  await until(async () => !/Counter": [1-9]/.test(await ask('show ip ospf neighbor')), {
    what: 'everything is acknowledged',
  })
  const theirs = new Map<string, unknown>()
  const ours = new Map<string, unknown>()
  for (const command of commands) {
    theirs.set(command, JSON.parse(await frr!.vtysh(`${command} json`)))
    ours.set(command, JSON.parse(await ask(command)))
  }
  compare(theirs, ours)

  await t.test('what frr_exporter tells of both', { skip: lacksExporter() }, async (t) => {
    const command = join(ourLab.directory, 'ospf-speaker')
    writeFileSync(command, `#!/bin/sh\nexec ${process.execPath} ${cli} "$@"\n`, { mode: 0o755 })
    // as docs/command.md has it
    const vtysh = ['--frr.vtysh', `--frr.vtysh.path=${command}`]
    const options = `--frr.vtysh.options=vtysh --socket ${socket}`
    const only = ['--no-collector.bgp', '--no-collector.bfd']
    const ofTheirs = await exported(theirLab, 'two', [
      `--frr.socket.dir-path=${frr!.directory}`,
      ...only,
    ])
    const ofOurs = await exported(ourLab, 'two', [...vtysh, options, ...only])
    const told = (values: ReadonlyMap<string, number>): readonly string[] =>
      [...values].map(([what, value]) => `${what} ${value}`).filter((line) => !/scrape/.test(line))
    // for the reason given for `show ip ospf interface`
    t.strictSame(
      told(ofOurs),
      told(ofTheirs).filter((line) => !line.includes('iface="lo"')),
    )
    t.match(told(ofOurs), [
      'frr_collector_up{collector="ospf"} 1',
      /^frr_exporter_build_info/,
      'frr_ospf_neighbor_adjacencies{area="0.0.0.0",iface="eth0",vrf="default"} 2',
      'frr_ospf_neighbor_adjacencies{area="0.0.0.1",iface="eth1",vrf="default"} 1',
      'frr_ospf_neighbor_adjacencies{area="0.0.0.2 [NSSA]",iface="eth2",vrf="default"} 1',
      'frr_ospf_neighbors{area="0.0.0.0",iface="eth0",vrf="default"} 2',
      'frr_ospf_neighbors{area="0.0.0.1",iface="eth1",vrf="default"} 1',
      'frr_ospf_neighbors{area="0.0.0.2 [NSSA]",iface="eth2",vrf="default"} 1',
    ])
  })

  await t.test('routes of others in the kernel', async (t) => {
    for (const lab of [theirLab, ourLab])
      for (const route of kernelRoutes)
        await lab.exec('two', ['ip', 'route', 'add', ...route.split(' ')])
    const command = 'show ip route kernel'
    await until(async () => /172\.27\.0\.0\/16/.test(await frr!.vtysh(`${command} json`)), {
      what: 'zebra has heard of them',
    })
    for (const command of kernelCommands) {
      const found = differences(
        JSON.parse(await frr!.vtysh(`${command} json`)),
        JSON.parse(await ask(command)),
      )
      const allowed = [...everywhere, ...(table[command] ?? [])]
      t.strictSame(
        [...found].filter((one) => !allowed.some(([pattern]) => pattern.test(one))),
        [],
        command,
      )
    }
    const textOf = (text: string): string[] =>
      text
        .replace(/\d\d:\d\d:\d\d/g, 'TIME')
        .split('\n')
        .filter((line) => /^[KC]/.test(line) || /^ {2}\* {10}/.test(line))
    const plain = (command: string): Promise<string> =>
      askControl(socket, { words: command.split(' '), wantsText: true })
    for (const command of ['show ip route kernel', 'show ip route connected'])
      t.strictSame(textOf(await plain(command)), textOf(await frr!.vtysh(command)), command)
  })

  await t.test('actions', async (t) => {
    const post = (command: string): Promise<string> =>
      askControl(socket, {
        words: command.split(' '),
        isAction: true,
        wantsText: true,
        patience: 60_000,
      })
    t.match(await post('announce 10.7.7.7 cost 3'), /^VIP 10\.7\.7\.7\/32 is announced: up/)
    const one = (): Promise<string> => ourLab.exec('one', ['ip', 'route', 'show', '10.7.7.7'])
    await until(async () => (await one()).includes('via 10.0.1.2'), { what: 'one has the VIP' })
    t.match(JSON.parse(await ask('show vip')), { '10.7.7.7/32': { state: 'up', cost: 3 } })
    await t.rejects(
      post('announce 10.7.7.7'),
      new AnswerError(422, 'VIP 10.7.7.7/32 is announced already'),
    )
    t.match(await post('force 10.7.7.7 down'), /is forced down: down/)
    await until(async () => (await one()) === '', { what: 'the VIP is gone' })
    t.match(await post('force 10.7.7.7 auto'), /follows its gate again: up/)
    // withdrawn before it was said again there would be nothing to acknowledge
    const isSaidAgain = /down -> up .*announce in router LSA .* acknowledged by/
    await until(async () => isSaidAgain.test(await post('why 10.7.7.7')), {
      what: 'the VIP is said again',
    })
    t.match(await post('withdraw 10.7.7.7'), /VIP 10\.7\.7\.7\/32: done after .*acknowledged by/)
    t.strictSame(JSON.parse(await ask('show vip')), {})

    const changes = async (): Promise<number> => {
      const found = JSON.parse(await ask('show ip ospf neighbor 10.0.0.4 detail'))
      return found['10.0.0.4']?.[0]?.nbrState === 'Full/-'
        ? found['10.0.0.4'][0].lastPrgrsvChangeMsec
        : -1
    }
    const before = await changes()
    t.match(await post('clear ip ospf neighbor 10.0.0.4'), /^neighbors are started anew/)
    await until(
      async () => {
        const now = await changes()
        return now >= 0 && now < before
      },
      { what: 'the adjacency has been made anew' },
    )
    t.match(await ask('why 10.0.0.4'), /Full/)
  })

  function compare(theirs: Documents, ours: Documents): void {
    const used = new Set<RegExp>()
    for (const command of commands) {
      const allowed = [...everywhere, ...sometimes, ...(table[command] ?? [])]
      const found = [...differences(theirs.get(command), ours.get(command))]
      const unexplained = found.filter((difference) => {
        const line = allowed.find(([pattern]) => pattern.test(difference))
        if (line) used.add(line[0])
        return line === undefined
      })
      t.strictSame(unexplained, [], command)
    }
    for (const [pattern, why] of [...everywhere, ...Object.values(table).flat()]) {
      t.ok(used.has(pattern), `${pattern} is a difference: ${why}`)
    }
  }
})
