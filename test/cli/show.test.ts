import t from 'tap'
import { serveControl } from '../../lib/cli/control.ts'
import { documentsOf, parseShow, show } from '../../lib/cli/show.ts'
import { sample, shortDir } from './sample.ts'

t.test('words, as in vtysh', async (t) => {
  const parse = (line: string): unknown => parseShow(line.split(' '))
  t.strictSame(parse('ip ospf neighbor'), { subject: 'neighbor', json: false })
  t.strictSame(parse('ip ospf route json'), { subject: 'route', json: true })
  t.strictSame(parse('ip os nei'), { subject: 'neighbor', json: false })
  t.strictSame(parse('ip ospf data json'), { subject: 'database', json: true })
  for (const line of [
    'ip',
    'ip ospf',
    'ip ospf json',
    'ip ospf x',
    'ip bgp route',
    'ip ospf route x',
  ])
    t.throws(() => parse(line), { name: 'UsageError' }, line)
})

t.test('text and JSON through the socket', async (t) => {
  const path = `${shortDir(t)}/control.sock`
  await using _control = await serveControl(
    path,
    documentsOf(async () => sample),
  )
  t.match(
    await show(['ip', 'ospf', 'neighbor'], path),
    /^\nNeighbor ID .*\n10\.0\.1\.136 .* Full\/DR/,
  )
  t.match(await show(['ip', 'ospf', 'route'], path), /N {4}10\.9\.9\.9\/32/)
  t.match(await show(['ip', 'ospf', 'database'], path), /OSPF Router with ID \(10\.0\.1\.133\)/)
  t.match(await show(['ip', 'ospf', 'interface'], path), /eth1 is up/)
  t.match(JSON.parse(await show(['ip', 'ospf', 'route', 'json'], path)), {
    '10.9.9.9/32': { nexthops: [{ ip: '10.0.1.136', via: 'eth0' }] },
  })
})
