/** `ospf-speaker doctor`: what would go wrong on this host, why, and what to do. */
import { type Command, Option } from 'commander'
import type { Config, ListenOptions, ListenReport, PreflightReport } from '../index.ts'
import { type InputHost, type Inputs, loadInputs, readInputs } from './inputs.ts'
import { seconds } from './option-words.ts'
import { lines, said } from './real-server.ts'
import { type Said, say } from './said.ts'

export interface DoctorOptions extends Inputs {
  /** Default: what the configuration makes of it, or a speaker. */
  readonly role?: PreflightReport['role']
  readonly vips?: readonly string[]
  readonly interfaces?: readonly string[]
  readonly announcers?: readonly string[]
  readonly arp?: boolean
  /** Seconds; true: as long as it takes; default: where there is a configuration. */
  readonly listen?: boolean | number
  readonly json?: boolean
}

interface Flags extends Omit<Inputs, 'files' | 'vip'> {
  readonly role?: PreflightReport['role']
  readonly vip?: readonly string[]
  readonly interface?: readonly string[]
  readonly announcer?: readonly string[]
  readonly arp?: true
  readonly listen?: boolean | number
  readonly json?: true
}

export function addDoctor(
  program: Command,
  tell: (said: Said) => void,
  withInputs: (command: Command) => Command,
): void {
  withInputs(
    program
      .command('doctor')
      .description('look this host over, without changing it: ends with 1 if something cannot work')
      .argument('[file...]', 'what it is to be: a configuration in YAML or JSON'),
  )
    .addOption(
      new Option('--role <role>', 'what it is to be; default: as the configuration says').choices([
        'director',
        'real-server',
        'router',
        'speaker',
      ]),
    )
    .option('--vip <address...>', 'VIPs; default: those of the configuration')
    .option(
      '--interface <name...>',
      'devices that matter; default: those of the configuration, or all',
    )
    .option('--arp', 'ask by ARP who has the VIPs')
    .option('--announcer <address...>', 'with --arp: hosts that announce them')
    .option(
      '--listen [seconds]',
      'hear who says Hello, and compare; the default where there is a configuration',
      seconds,
    )
    .option('--no-listen', 'do not')
    .option('--json', 'as JSON')
    .action((files: string[], flags: Flags) =>
      said(async () => {
        const { role, vip, interface: interfaces, announcer, arp, listen, json, ...inputs } = flags
        const { processHost } = await import('./host.ts')
        const options: DoctorOptions = {
          ...inputs,
          files,
          ...(role === undefined ? {} : { role }),
          ...(vip === undefined ? {} : { vips: vip }),
          ...(interfaces === undefined ? {} : { interfaces }),
          ...(announcer === undefined ? {} : { announcers: announcer }),
          ...(listen === undefined ? {} : { listen }),
          arp: arp === true,
          json: json === true,
        }
        tell(await doctor(options, processHost))
      }),
    )
}

export async function doctor(options: DoctorOptions, host: InputHost): Promise<Said> {
  const { vips, interfaces, announcers, arp = false, listen, json = false, ...inputs } = options
  const { files = [], frr = [], keepalived } = inputs
  const isConfigured = files.length > 0 || frr.length > 0 || keepalived !== undefined
  let config: Config | undefined
  if (isConfigured) {
    const { texts, errors } = await loadInputs(inputs, host)
    if (errors.length > 0) return say(2, [], errors)
    const read = await readInputs(texts, host)
    if (read.config === undefined) return say(read.isMachine ? 1 : 2, [], read.errors)
    config = read.config
  }
  const { formatHeard, formatPreflight, listenForOspf, preflight } = await import('../index.ts')
  const devices = interfaces ?? (config && devicesOf(config))
  const addresses = vips ?? (config && vipsOf(config))
  const looked = await preflight({
    role: options.role ?? roleOf(config),
    ...(addresses === undefined ? {} : { vips: addresses }),
    ...(devices === undefined ? {} : { interfaces: devices }),
    ...(config?.lvs === undefined ? {} : { services: config.lvs.services }),
    ...(announcers === undefined ? {} : { announcers }),
    askArp: arp,
  })
  const asked: ListenOptions = {
    ...(config === undefined ? {} : { options: config.options }),
    ...(interfaces === undefined ? {} : { interfaces }),
    ...(typeof listen === 'number' ? { seconds: listen } : {}),
  }
  const listens = listen === undefined ? isConfigured : listen !== false
  const heard = listens ? await listenForOspf(asked) : undefined
  const report = together(looked, heard)
  const isBad = report.findings.some(({ severity }) => severity === 'error')
  const text = json
    ? JSON.stringify({ ...report, ...(heard && { heard: heard.heard, seconds: heard.seconds }) })
    : [...formatHeard(heard?.heard ?? []), formatPreflight(report)].join('\n')
  return say(isBad ? 1 : 0, lines(text), [])
}

/** One report of what was looked at and what was heard. */
function together(looked: PreflightReport, heard: ListenReport | undefined): PreflightReport {
  const unheard = { what: 'who says Hello', why: 'not asked for' }
  if (heard === undefined) return { ...looked, skipped: [...looked.skipped, unheard] }
  const where = heard.interfaces.map((name) => `Hellos on ${name} (${heard.seconds} s)`)
  return {
    ...looked,
    findings: [...looked.findings, ...heard.findings],
    checked: [...looked.checked, ...where],
    skipped: [...looked.skipped, ...heard.skipped],
  }
}

/** VIPs, and the addresses of lo that FRR's files announce by a `network` statement. */
const vipsOf = ({ vips, options }: Config): string[] => [
  ...Object.keys(vips),
  ...Object.values(options.areas)
    .flatMap(({ stubNetworks = {} }) => Object.keys(stubNetworks))
    .filter((prefix) => prefix.endsWith('/32')),
]

function roleOf(config: Config | undefined): PreflightReport['role'] {
  if (config?.lvs !== undefined) return 'director'
  const { installRoutes = false } = config?.options ?? {}
  return installRoutes === false ? 'speaker' : 'router'
}

/** 'eth0:10.0.2.1' is an interface on eth0. */
const devicesOf = ({ options }: Config): string[] => [
  ...new Set(
    Object.values(options.areas).flatMap(({ interfaces = {} }) =>
      Object.keys(interfaces).map((name) => name.split(':')[0]!),
    ),
  ),
]
