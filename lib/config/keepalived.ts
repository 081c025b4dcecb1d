/**
 * keepalived.conf as plain values: the grammar of keepalived 2.2, with what later versions have besides. What keepalived
 * passes over is reported with its file and line and passed over; what it changes is changed and reported. Where it
 * would not start, and where a limit is met, there is no configuration.
 */
import { readAll } from './keepalived-blocks.ts'
import { Draft, type Keywords } from './keepalived-draft.ts'
import { globalKeywords } from './keepalived-global.ts'
import { normalised } from './keepalived-normalise.ts'
import { Refused } from './keepalived-reports.ts'
import { serverKeywords } from './keepalived-servers.ts'
import { trackKeywords } from './keepalived-track.ts'
import type {
  KeepalivedConfig,
  KeepalivedFiles,
  KeepalivedGlobal,
  KeepalivedImport,
  KeepalivedImportOptions,
} from './keepalived-types.ts'
import { vrrpKeywords } from './keepalived-vrrp.ts'

export type {
  KeepalivedConversion,
  KeepalivedConversionOptions,
  KeepalivedVip,
} from './keepalived-director.ts'
export { convertKeepalived } from './keepalived-director.ts'
export type {
  KeepalivedExplanation,
  KeepalivedServerExplanation,
  KeepalivedServiceExplanation,
} from './keepalived-explain.ts'
export { explainKeepalived } from './keepalived-explain.ts'
export type { KeepalivedTrap, KeepalivedWarning } from './keepalived-lint.ts'
export type * from './keepalived-types.ts'

const keywords: Keywords = {
  ...globalKeywords,
  ...serverKeywords,
  ...trackKeywords,
  ...vrrpKeywords,
}

/** Reads a file with all that it includes. Never throws on their account: what is wrong is in `reports`. */
export function importKeepalived(
  path: string,
  files: KeepalivedFiles,
  options: KeepalivedImportOptions = {},
): KeepalivedImport {
  const d = new Draft(files, options)
  const { reports, notices } = d.reports
  try {
    d.lines.open(path)
    readAll(d, keywords)
    return { config: finish(d), reports, notices }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return { config: undefined, reports, notices }
  }
}

function finish(d: Draft): KeepalivedConfig {
  d.reports.at(undefined)
  const virtualServers = normalised(d)
  const { groups, bfd, instances, syncGroups, trackProcesses, staticAddresses } = d
  return {
    global: globalOf(d),
    ...(d.ssl === undefined ? {} : { ssl: d.ssl }),
    groups,
    virtualServers,
    trackFiles: d.trackFiles.flatMap(({ path, ...one }) =>
      path === undefined ? [] : [{ ...one, path }],
    ),
    trackScripts: d.trackScripts.flatMap(({ script, timeout, ...one }) =>
      script === undefined ? [] : [{ ...one, script, timeout: timeout ?? one.interval }],
    ),
    trackProcesses,
    bfd,
    instances,
    syncGroups,
    staticAddresses,
  }
}

function globalOf({ global }: Draft): KeepalivedGlobal {
  return {
    checkerLogAllFailures: false,
    lvsTimeouts: {},
    lvsFlush: false,
    lvsFlushOnStop: 'no',
    rsInitNotifies: false,
    enableScriptSecurity: false,
    ...global,
  }
}
