/** Checkers with what they inherit: from their real server, that from its virtual server, or else their own defaults. */
import type {
  CheckerDraft,
  Draft,
  RealServerDraft,
  VirtualServerDraft,
} from './keepalived-draft.ts'
import { urlsOf } from './keepalived-http.ts'
import type {
  KeepalivedChecker,
  KeepalivedConnection,
  KeepalivedSchedule,
} from './keepalived-types.ts'

type Type = KeepalivedChecker['type']

const retries: Partial<Record<Type, number>> = { DNS_CHECK: 3, MISC_CHECK: 0 }
/** 'delayLoop': as long as from one check to the next. */
const delays: Partial<Record<Type, number | 'delayLoop'>> = {
  HTTP_GET: 3,
  SSL_GET: 3,
  DNS_CHECK: 'delayLoop',
}

export function checkersOf(
  rs: RealServerDraft,
  vs: VirtualServerDraft,
  global: Draft['global'],
): KeepalivedChecker[] {
  return rs.checkers.flatMap((checker) => finished(checker, rs, vs, global))
}

function scheduleOf(
  checker: CheckerDraft,
  rs: RealServerDraft,
  vs: VirtualServerDraft,
  global: Draft['global'],
): KeepalivedSchedule {
  const delayLoop = checker.delayLoop ?? rs.delayLoop ?? vs.delayLoop ?? 60
  const delay = delays[checker.type] ?? 1
  return {
    delayLoop,
    retry: checker.retry ?? rs.retry ?? vs.retry ?? retries[checker.type] ?? 1,
    delayBeforeRetry:
      checker.delayBeforeRetry ??
      rs.delayBeforeRetry ??
      vs.delayBeforeRetry ??
      (delay === 'delayLoop' ? delayLoop : delay),
    warmup: checker.warmup ?? rs.warmup ?? vs.warmup ?? delayLoop,
    logAllFailures: checker.logAllFailures ?? global.checkerLogAllFailures ?? false,
  }
}

function finished(
  checker: CheckerDraft,
  rs: RealServerDraft,
  vs: VirtualServerDraft,
  global: Draft['global'],
): KeepalivedChecker[] {
  const { file, line, type } = checker
  const common = { file, line, alpha: checker.alpha ?? rs.alpha ?? vs.alpha }
  const schedule = scheduleOf(checker, rs, vs, global)
  const connect = (own: Partial<KeepalivedConnection>): KeepalivedConnection => ({
    ...own,
    address: own.address ?? rs.address,
    // that of the server as it was written; the service's where none was
    port: own.port ?? (rs.writtenPort === 0 ? rs.port : rs.writtenPort),
    connectTimeout: own.connectTimeout ?? rs.connectTimeout ?? vs.connectTimeout,
  })
  const network = { ...common, ...schedule, connection: connect(checker.connection) }
  switch (type) {
    case 'TCP_CHECK':
    case 'PING_CHECK':
      return [{ ...network, type }]
    case 'HTTP_GET':
    case 'SSL_GET': {
      const { httpProtocol, sni, sniName, fastRecovery } = checker
      const virtualHost = checker.virtualHost ?? rs.virtualHost ?? vs.virtualHost
      return [
        {
          ...network,
          type,
          urls: [...urlsOf(checker)],
          httpProtocol,
          sni,
          fastRecovery,
          ...(virtualHost === undefined ? {} : { virtualHost }),
          ...(sniName === undefined ? {} : { sniName }),
        },
      ]
    }
    case 'SMTP_CHECK': {
      // old: several hosts, each checked; the checker's own connection counts only where it says something
      const own = checker.hosts.length === 0 || Object.keys(checker.connection).length > 0
      const all = [...(own ? [checker.connection] : []), ...checker.hosts]
      return all.map((one) => ({
        ...network,
        type,
        connection: connect(one),
        heloName: checker.heloName,
      }))
    }
    case 'DNS_CHECK':
      return [{ ...network, type, queryType: checker.queryType, name: checker.name ?? '.' }]
    case 'UDP_CHECK': {
      const { payload, requireReply, minReplyLength, maxReplyLength } = checker
      return [
        {
          ...network,
          type,
          minReplyLength,
          maxReplyLength,
          ...(payload === undefined ? {} : { payload }),
          ...(requireReply === undefined ? {} : { requireReply }),
        },
      ]
    }
    case 'MISC_CHECK': {
      const { script, timeout = 0, dynamic } = checker
      if (script === undefined) return []
      const limit = timeout === 0 ? (vs.delayLoop ?? 60) : timeout
      return [{ ...common, ...schedule, type, script, timeout: limit, dynamic }]
    }
    case 'BFD_CHECK':
      return checker.name === undefined ? [] : [{ ...common, type, name: checker.name }]
    case 'FILE_CHECK':
      if (checker.name === undefined) return []
      return [
        {
          file,
          line,
          type,
          trackFile: checker.name,
          weight: checker.weight ?? 1,
          reverse: checker.reverse,
        },
      ]
  }
}
