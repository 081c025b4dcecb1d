/**
 * Every statement that FRR 8.4.4 knows where OSPFv2 is configured, as its `list` prints it, and what becomes of it
 * here: the files in fixtures/configs/frr-8.4.4 say it in front of the grammar. 'applied': it is in the options.
 * 'listed': it is about managing a daemon. 'not done': reported with a reason, refused with --strict. 'refused': an
 * error. More than one, where the forms of a statement differ.
 */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { importFrr } from '../../lib/config/frr.ts'
import { lacking, reasons } from '../../lib/config/frr-pending.ts'
import { samplesOf } from './frr-samples.ts'

const base = `router ospf
 ospf router-id 1.1.1.1
access-list ACL permit any
ip prefix-list PL permit any
route-map MAP permit 10
`

const blocks: Readonly<Record<string, string>> = {
  config: '',
  interface: 'interface eth0\n',
  'router-ospf': 'router ospf\n',
  'route-map': 'route-map MAP permit 10\n',
  key: 'key chain K\nkey 1\n key-string s\n cryptographic-algorithm md5\n',
}

for (const [block, head] of Object.entries(blocks)) {
  t.test(block, async (t) => {
    const line = `${base}${head}`.split('\n').length
    const becomes = (statement: string): string => {
      const files = [{ name: 'f', text: `${base}${head} ${statement}\n` }]
      const { errors, accepted } = importFrr(files, { lacks: new Set() })
      if (errors.some((error) => error.line === line)) return 'refused'
      const notice = accepted.find((one) => one.line === line)
      return notice === undefined ? 'applied' : notice.reason === undefined ? 'listed' : 'not done'
    }
    const lines = readFileSync(`fixtures/configs/frr-8.4.4/${block}.txt`, 'utf8').trim().split('\n')
    t.ok(lines.length > 20)
    for (const one of lines) {
      const [outcome, grammar = ''] = one.split('\t')
      const outcomes = new Set(samplesOf(grammar).map(becomes))
      t.equal([...outcomes].sort().join(', '), outcome, grammar)
    }
  })
}

t.test('what the speaker has no option for is refused, with the reason', async (t) => {
  const needing: Readonly<Record<keyof typeof reasons, string>> = {
    helloMultiplier: 'interface eth0\n ip ospf dead-interval minimal hello-multiplier 4\n',
    redistribute: 'router ospf\n redistribute static\n',
    defaultInformation: 'router ospf\n default-information originate\n',
    summaryAddresses: 'router ospf\n summary-address 10.0.0.0/8\n',
  }
  for (const [feature, text] of Object.entries(needing)) {
    const files = [{ name: 'f', text: `${base}${text}` }]
    const all = importFrr(files, { lacks: new Set(Object.keys(reasons) as never[]) })
    t.equal(all.errors.length, 1, feature)
    t.strictSame(importFrr(files, { lacks: new Set() }).errors, [], feature)
    const today = importFrr(files).errors.length === 0
    t.equal(today, !lacking.has(feature as keyof typeof reasons), `${feature} today`)
  }
})
