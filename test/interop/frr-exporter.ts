/** frr_exporter, as Debian has it: what it tells Prometheus of FRR, or of this library in FRR's place. */
import { existsSync } from 'node:fs'
import { type Lab, type LabProcess, until } from './lab.ts'

const program = '/usr/bin/prometheus-frr-exporter'

/** For tap's `skip`: false, or why the test cannot run here. */
export const lacksExporter = (): string | false =>
  existsSync(program) ? false : 'not installed: prometheus-frr-exporter'

/** Prints what is at a URL. */
const get = 'fetch(process.argv[1]).then(async (r) => process.stdout.write(await r.text()))'

/** Starts it in a node with further arguments, asks it once, and resolves to the values of its own metrics by name and labels. */
export async function exported(
  lab: Lab,
  node: string,
  args: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const listen = '127.0.0.1:9342'
  const exporter = lab.spawn(node, [program, `--web.listen-address=${listen}`, ...args])
  try {
    return valuesOf(await scrape(lab, exporter, `http://${listen}/metrics`))
  } finally {
    await exporter.stop()
  }
}

async function scrape(lab: Lab, exporter: LabProcess, url: string): Promise<string> {
  await until(() => /listening|Listening/.test(exporter.output) || !exporter.running, {
    what: 'the exporter listens',
  })
  if (!exporter.running) throw new Error(`the exporter: ${exporter.output}`)
  return lab.exec(exporter.node, [process.execPath, '-e', get, url])
}

const valuesOf = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split('\n')
      .map((line) => /^(frr_.+) (\S+)$/.exec(line))
      .filter((found) => found !== null)
      .map(([, name, value]) => [name!, Number(value)]),
  )
