/** The dashboard and the alert rules name metrics that there are, with labels that they have. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { speakerMetrics } from '../../lib/observe/metrics.ts'
import { running } from '../world.ts'
import { parseOpenMetrics } from './open-metrics.ts'

/** What a query says that is no metric and no label. */
const words = new Set(
  `sum by rate increase count vector histogram_quantile label_values offset or on without`.split(
    ' ',
  ),
)

/** Names of metrics in a query, and the labels that are asked of them. */
function namesIn(query: string): { readonly metrics: string[]; readonly labels: string[] } {
  const labels = Array.from(query.matchAll(/([a-z_]+)\s*(?:=~|!=|!~|=)\s*"/g), ([, name]) => name!)
  const bare = query
    .replaceAll(/\{[^}]*\}/g, ' ')
    .replaceAll(/\bby\s*\([^)]*\)/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/"[^"]*"|offset \w+/g, ' ')
  const metrics = Array.from(bare.matchAll(/\b[a-z][a-z0-9_]*\b/g), ([name]) => name)
  return { metrics: metrics.filter((name) => !words.has(name) && name !== 'instance'), labels }
}

async function known(
  t: Test,
): Promise<{ readonly names: Set<string>; readonly labels: Set<string> }> {
  const { speaker, world, until } = await running()
  using metrics = await speakerMetrics({
    speaker,
    clock: world.clock,
    director: { status: () => ({ services: [] }) },
    hooks: { counts: () => [] },
  })
  const families = parseOpenMetrics((await metrics.render()).body)
  const names = new Set<string>()
  for (const [name, { type }] of families) {
    if (type === 'counter') names.add(`${name}_total`)
    else if (type === 'gauge') names.add(name)
    else for (const part of ['bucket', 'sum', 'count']) names.add(`${name}_${part}`)
  }
  await until(speaker.stop())
  t.ok(names.size > 40)
  const source = ['protocol', 'vip', 'process'].map((name) =>
    readFileSync(`lib/observe/${name}-metrics.ts`, 'utf8'),
  )
  const labels = new Set(Array.from(source.join().matchAll(/'([a-z_]+)'/g), ([, name]) => name!))
  return { names, labels: new Set([...labels, 'instance', 'job']) }
}

function queriesOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([field, one]) =>
    (field === 'expr' || field === 'query') && typeof one === 'string' ? [one] : queriesOf(one),
  )
}

t.test('every metric that is asked for is there', async (t) => {
  const { names, labels } = await known(t)
  const dashboard: unknown = JSON.parse(
    readFileSync('examples/monitoring/grafana-dashboard.json', 'utf8'),
  )
  const rules: unknown = parse(readFileSync('examples/monitoring/alerts.yaml', 'utf8'))
  for (const [what, document] of [
    ['dashboard', dashboard],
    ['rules', rules],
  ] as const) {
    const queries = queriesOf(document).filter((query) => query !== 'prometheus')
    t.ok(queries.length > 15, what)
    for (const query of queries) {
      const { metrics, labels: asked } = namesIn(query)
      const unknown = metrics.filter((name) => !names.has(name) && name !== 'up')
      t.same(unknown, [], `${what}: ${query}`)
      t.same(
        asked.filter((name) => !labels.has(name)),
        [],
        `labels: ${query}`,
      )
    }
  }
})

t.test('every metric has a place in the documentation', async (t) => {
  const { names } = await known(t)
  const text = readFileSync('docs/observability.md', 'utf8')
  const missing = [...names]
    .map((name) => name.replace(/_(bucket|sum|count)$/, ''))
    .filter((name) => !text.includes(`\`${name}`))
  t.same([...new Set(missing)], [])
})

t.test('promtool agrees, where there is one', async (t) => {
  const { error } = spawnSync('promtool', ['--version'])
  if (error !== undefined) {
    t.pass('there is none: the reader of these tests must do')
    return
  }
  const { status, stderr } = spawnSync(
    'promtool',
    ['check', 'rules', 'examples/monitoring/alerts.yaml'],
    { encoding: 'utf8' },
  )
  t.equal(status, 0, stderr)
  const { speaker, world, until } = await running()
  using metrics = await speakerMetrics({ speaker, clock: world.clock })
  const { body } = await metrics.render('text')
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' })
  t.equal(checked.status, 0, checked.stderr + checked.stdout)
  await until(speaker.stop())
})

t.test('every event has a place in the documentation', async (t) => {
  const text = readFileSync('docs/observability.md', 'utf8')
  const sources = ['core/events', 'events', 'announcement', 'stub-router', 'sysctl'].map((name) =>
    readFileSync(`lib/${name}.ts`, 'utf8'),
  )
  const types = Array.from(
    sources.join('').matchAll(/readonly type: '([a-z-]+)'/g),
    ([, type]) => type!,
  )
  t.ok(new Set(types).size > 20)
  for (const type of types) t.ok(text.includes(`| \`${type}\` |`), type)
})
