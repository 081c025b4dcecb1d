/** `ospf-speaker explain`: a keepalived.conf in plain words. Ends with 0, or 2 when the file cannot be used. */
import type { Command } from 'commander'
import { convertKeepalived, explainKeepalived } from '../index.ts'
import { isError, type KeepalivedFlags, lineOf, readConfiguration } from './keepalived.ts'
import { withConfigId } from './option-words.ts'

interface Options extends KeepalivedFlags {
  readonly keepalived: string
  readonly json?: boolean
  readonly vrrp?: boolean
}

export function addExplain(program: Command, end: (status: number) => void): void {
  withConfigId(
    program
      .command('explain')
      .description('what a keepalived.conf means here: services, detection times, traps')
      .requiredOption('--keepalived <file>', 'the configuration, with all that it includes')
      .option('--vrrp', 'announce the addresses of vrrp_instance blocks as well')
      .option('--json', 'the same as JSON'),
  ).action((options: Options) => {
    const { status, out, complaints } = explain(options)
    process.stderr.write(complaints.map((line) => `${line}\n`).join(''))
    process.stdout.write(out)
    end(status)
  })
}

export function explain(options: Options): {
  readonly status: number
  readonly out: string
  readonly complaints: readonly string[]
} {
  const { config, reports, notices } = readConfiguration(options.keepalived, options)
  const complaints = reports.map((one) => (isError(one) ? lineOf(one) : `warning: ${lineOf(one)}`))
  if (config === undefined) return { status: 2, out: '', complaints }
  const explained = explainKeepalived(config)
  const { vips, differences } = convertKeepalived(config, { vrrp: options.vrrp ?? false })
  if (options.json) {
    const all = { ...explained, vips, differences, reports, notices }
    return { status: 0, out: `${JSON.stringify(all, undefined, 2)}\n`, complaints: [] }
  }
  const more: string[] = []
  if (vips.length > 0)
    more.push('', `Announced: ${vips.map(({ address }) => `${address}/32`).join(', ')}`)
  const idle = new Map<string, string[]>()
  for (const { keyword, reason } of notices)
    idle.set(reason, [...(idle.get(reason) ?? []), keyword])
  if (differences.length + idle.size > 0) more.push('', 'Not done, or not the same way:')
  for (const { file, line, message } of differences) more.push(`  ${file}:${line}: ${message}`)
  for (const [reason, keywords] of idle)
    more.push(`  ${[...new Set(keywords)].join(', ')}: ${reason}`)
  return { status: 0, out: explained.text + more.map((line) => `${line}\n`).join(''), complaints }
}
