/** What has been read so far, before defaults are inherited and rules are applied; and what a keyword is. */
import type { IpvsProtocol, IpvsSchedulerFlag, IpvsTunnel } from '../lvs/types.ts'
import { Lines } from './keepalived-lines.ts'
import { Reports } from './keepalived-reports.ts'
import { BadText, shellWords } from './keepalived-text.ts'
import type {
  KeepalivedAddress,
  KeepalivedBfd,
  KeepalivedChecker,
  KeepalivedConnection,
  KeepalivedFiles,
  KeepalivedForward,
  KeepalivedGlobal,
  KeepalivedGroup,
  KeepalivedImportOptions,
  KeepalivedInstance,
  KeepalivedPlace,
  KeepalivedRealServer,
  KeepalivedSchedule,
  KeepalivedScript,
  KeepalivedSorryServer,
  KeepalivedSsl,
  KeepalivedSyncGroup,
  KeepalivedTarget,
  KeepalivedTrackFile,
  KeepalivedTrackProcess,
  KeepalivedTrackScript,
  KeepalivedUrl,
  KeepalivedVirtualServer,
} from './keepalived-types.ts'
import { BadValue, type Words } from './keepalived-values.ts'

/** A keyword: what its line does, and the block that it opens, if it does. */
export interface Keyword {
  /** `words` begin with the keyword; 'skip': the block after it is passed over. */
  readonly act?: (d: Draft, words: Words) => unknown
  readonly block?: Keywords
  /** At the end of the block, unless it was skipped. */
  readonly close?: (d: Draft) => void
}
export type Keywords = Readonly<Record<string, Keyword>>

/** Returned by an act: what follows in braces is passed over. */
export const skip = 'skip'

export type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type Forward = { forward?: KeepalivedForward['forward']; tunnel?: IpvsTunnel }

/** Times of a checker where it says so, before those of its server are inherited. */
export type ScheduleDraft = Partial<Mutable<KeepalivedSchedule>> & { alpha?: boolean }

export interface CheckerDraft extends KeepalivedPlace, ScheduleDraft {
  type: KeepalivedChecker['type']
  connection: Partial<Mutable<KeepalivedConnection>>
  /** Of SMTP_CHECK, which are checked each. */
  hosts: Partial<Mutable<KeepalivedConnection>>[]
  urls: Partial<Mutable<KeepalivedUrl>>[]
  virtualHost?: string
  httpProtocol: '1.0' | '1.0C' | '1.1'
  sni: boolean
  sniName?: string
  fastRecovery: boolean
  heloName: string
  queryType: string
  /** Of DNS_CHECK what is asked for, of BFD_CHECK and FILE_CHECK what is followed. */
  name?: string
  payload?: string
  requireReply?: string
  minReplyLength: number
  maxReplyLength: number
  script?: KeepalivedScript
  timeout?: number
  dynamic: boolean
  weight?: number
  reverse: boolean
}

export interface RealServerDraft
  extends Forward,
    ScheduleDraft,
    Mutable<Pick<KeepalivedRealServer, 'address' | 'port' | 'upperThreshold' | 'lowerThreshold'>>,
    KeepalivedPlace {
  /** As it stands in the file: checks keep to it, whatever becomes of the other. */
  readonly writtenPort: number
  weight?: number
  inhibit?: boolean
  connectTimeout?: number
  notifyUp?: KeepalivedScript
  notifyDown?: KeepalivedScript
  smtpAlert?: boolean
  virtualHost?: string
  snmpName?: string
  checkers: CheckerDraft[]
}

export interface VirtualServerDraft
  extends Forward,
    KeepalivedPlace,
    Omit<ScheduleDraft, 'alpha'>,
    Mutable<
      Pick<
        KeepalivedVirtualServer,
        'haSuspend' | 'alpha' | 'omega' | 'quorum' | 'hysteresis' | 'onePacket'
      >
    > {
  target: KeepalivedTarget
  protocol?: IpvsProtocol
  family?: 4 | 6
  scheduler?: string
  flags: Set<IpvsSchedulerFlag>
  persistenceTimeout?: number
  granularity?: number
  engine?: string
  connectTimeout: number
  weight: number
  inhibit: boolean
  quorumUp?: KeepalivedScript
  quorumDown?: KeepalivedScript
  smtpAlert?: boolean
  virtualHost?: string
  snmpName?: string
  sorry?: Mutable<Pick<KeepalivedSorryServer, 'address' | 'port' | 'inhibit'>> &
    Forward &
    KeepalivedPlace
  realServers: RealServerDraft[]
}

type Lists<T, K extends keyof T> = Omit<Mutable<T>, K> & {
  [P in K]: T[P] extends readonly (infer E)[] ? E[] : T[P]
}

export type InstanceDraft = Lists<
  KeepalivedInstance,
  | 'addresses'
  | 'excludedAddresses'
  | 'trackScripts'
  | 'trackFiles'
  | 'trackProcesses'
  | 'trackInterfaces'
  | 'trackBfds'
>
export type SyncGroupDraft = Lists<KeepalivedSyncGroup, 'members' | 'trackScripts' | 'trackFiles'>

export class Draft {
  readonly reports: Reports
  readonly lines: Lines
  /** The line that the words were made of. */
  line = ''
  /** The text ended within a block. */
  isCutShort = false
  readonly global: Partial<Mutable<KeepalivedGlobal>> & { notificationEmail: string[] } = {
    notificationEmail: [],
  }
  ssl: Mutable<KeepalivedSsl> | undefined
  readonly groups: KeepalivedGroup[] = []
  readonly virtualServers: VirtualServerDraft[] = []
  readonly trackFiles: (Mutable<Omit<KeepalivedTrackFile, 'path'>> & { path?: string })[] = []
  readonly trackScripts: (Mutable<Omit<KeepalivedTrackScript, 'script' | 'timeout'>> & {
    script?: KeepalivedScript
    timeout?: number
  })[] = []
  readonly trackProcesses: Mutable<KeepalivedTrackProcess>[] = []
  readonly bfd: Mutable<KeepalivedBfd>[] = []
  readonly instances: InstanceDraft[] = []
  readonly syncGroups: SyncGroupDraft[] = []
  readonly staticAddresses: KeepalivedAddress[] = []

  constructor(files: KeepalivedFiles, options: KeepalivedImportOptions) {
    this.reports = new Reports()
    this.lines = new Lines(this.reports, files, options)
  }

  get place(): KeepalivedPlace {
    return this.reports.place
  }

  bad(message: string): void {
    this.reports.report('value', message)
  }

  /** What the block in which we are is about. */
  get virtualServer(): VirtualServerDraft {
    return last(this.virtualServers)
  }
  get realServer(): RealServerDraft {
    return last(this.virtualServer.realServers)
  }
  get checker(): CheckerDraft {
    return last(this.realServer.checkers)
  }

  /** The words after the keyword as of a shell: a script with its arguments. */
  script(): KeepalivedScript {
    try {
      const words = shellWords(this.line).slice(1)
      // one quoted word is the whole command line
      const command = words.length === 1 && /\s/.test(words[0]!) ? shellWords(words[0]!) : words
      if (command.length === 0) throw new BadValue('the script is missing')
      return { command }
    } catch (error) {
      throw error instanceof BadText ? new BadValue(error.message) : error
    }
  }
}

export function last<T>(list: readonly T[]): T {
  const one = list.at(-1)
  if (one === undefined) throw new Error('a statement outside of its block')
  return one
}

/** A keyword that manages a process or mail: understood, and nothing to do here. */
export const without =
  (reason: string): NonNullable<Keyword['act']> =>
  (d, words) =>
    d.reports.notice(words[0]!, reason)

/** A keyword that is understood and kept, and has no effect here, or another one: said as well. */
export const told = (reason: string, keyword: Keyword): Keyword => ({
  ...keyword,
  act: (d, words) => {
    keyword.act?.(d, words)
    d.reports.notice(words[0]!, reason)
  },
})
