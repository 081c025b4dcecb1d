/** The part of the schema that is about virtual services and their real servers. */
import type {
  CheckTargetOptions,
  CheckTimingOptions,
  DirectorOptions,
  DnsCheckOptions,
  FileCheckOptions,
  HttpCheckOptions,
  HttpUrlOptions,
  MiscCheckOptions,
  PassiveCheckOptions,
  PingCheckOptions,
  RealServerOptions,
  SlowStartOptions,
  SmtpCheckOptions,
  SorryServerOptions,
  TcpCheckOptions,
  TlsCheckOptions,
  TlsCheckSettings,
  UdpCheckOptions,
  VipPolicyOptions,
  VirtualServiceOptions,
} from '../lvs/director-options.ts'
import type { IpvsPersistence, IpvsTimeouts, IpvsTunnel } from '../lvs/types.ts'
import type { LvsData, NftablesData } from './file-types.ts'
import {
  byName,
  choice,
  described,
  fields,
  flag,
  integer,
  list,
  named,
  oneOf,
  oneOrMany,
  orFlag,
  type Schema,
  type SchemaOf,
  seconds,
  text,
  U16_MAX,
  U32_MAX,
} from './schema-words.ts'

const S32_MAX = 0x7fffffff
const port = integer(0, U16_MAX)
const number: Schema = { type: 'number', minimum: 0 }
const anyText: Schema = { type: 'string' }
const notify = described('Program and arguments; no shell is involved', list(text, 1))

const timing = {
  delayLoop: described('From the end of one check to the next', seconds),
  retry: described('Failures after the first until the server is down', integer(0, S32_MAX)),
  delayBeforeRetry: number,
  connectTimeout: seconds,
  warmup: number,
  rise: described('Successes in a row that bring a server back', integer(1, S32_MAX)),
  alpha: described('Counts as down until its first success', flag),
} satisfies SchemaOf<CheckTimingOptions>

const target = {
  address: text,
  port: integer(1, U16_MAX),
  localAddress: text,
  through: described(
    'The check goes through IPVS, by a service of its own',
    fields({ address: text, port: integer(1, U16_MAX) }, ['address', 'port']),
  ),
} satisfies SchemaOf<CheckTargetOptions>

const base = { ...timing, ...target, name: text }

const url = {
  path: text,
  host: text,
  status: oneOrMany({ type: ['integer', 'string'] }),
  digest: { type: 'string', pattern: '^[0-9a-fA-F]{32}$' },
  body: text,
  regex: text,
  regexFlags: { type: 'string', pattern: '^[imsu]*$' },
  regexNoMatch: flag,
  regexMinOffset: integer(0, S32_MAX),
  regexMaxOffset: integer(0, S32_MAX),
} satisfies SchemaOf<HttpUrlOptions>

/** PEM texts, or the files that hold them. */
const tls = {
  verify: described('False: certificates are not verified', flag),
  ca: text,
  cert: text,
  key: text,
  passphrase: text,
  serverName: text,
  caFile: text,
  certFile: text,
  keyFile: text,
  passphraseFile: text,
} satisfies SchemaOf<TlsCheckSettings> & Record<string, Schema>

const kinds = {
  http: {
    type: oneOf('http'),
    ...base,
    ...url,
    tls: orFlag(fields(tls)),
    method: text,
    headers: byName(anyText),
    urls: list(fields(url), 1),
    fastRecovery: flag,
  } satisfies SchemaOf<HttpCheckOptions>,
  tcp: {
    type: oneOf('tcp'),
    ...base,
    send: text,
    expect: text,
    regex: text,
  } satisfies SchemaOf<TcpCheckOptions>,
  tls: {
    type: oneOf('tls'),
    ...base,
    ...tls,
    minimumDays: number,
  } satisfies SchemaOf<TlsCheckOptions>,
  smtp: { type: oneOf('smtp'), ...base, helo: text } satisfies SchemaOf<SmtpCheckOptions>,
  dns: {
    type: oneOf('dns'),
    ...base,
    query: text,
    recordType: oneOf('A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'),
    records: flag,
    answer: text,
  } satisfies SchemaOf<DnsCheckOptions>,
  udp: {
    type: oneOf('udp'),
    ...base,
    payload: anyText,
    requireReply: { type: ['boolean', 'string'] },
    minReplyLength: integer(0, U16_MAX),
    maxReplyLength: integer(0, U16_MAX),
  } satisfies SchemaOf<UdpCheckOptions>,
  ping: { type: oneOf('ping'), ...base } satisfies SchemaOf<PingCheckOptions>,
  misc: {
    type: oneOf('misc'),
    ...timing,
    name: text,
    command: notify,
    timeout: seconds,
    dynamic: flag,
    uid: integer(0, U32_MAX),
    gid: integer(0, U32_MAX),
  } satisfies SchemaOf<MiscCheckOptions>,
  file: {
    type: oneOf('file'),
    ...timing,
    name: text,
    path: text,
    weight: { type: 'integer' },
    reverse: flag,
  } satisfies SchemaOf<FileCheckOptions>,
}

const required: Readonly<Record<string, readonly string[]>> = {
  misc: ['type', 'command'],
  file: ['type', 'path'],
}

const check: Schema = {
  type: 'object',
  required: ['type'],
  properties: { type: oneOf(...Object.keys(kinds)) },
  allOf: Object.entries(kinds).map(([kind, options]) =>
    choice(
      { properties: { type: { const: kind } }, required: ['type'] },
      fields(options, required[kind] ?? ['type']),
    ),
  ),
}

const tunnel = fields(
  {
    type: oneOf('ipip', 'gue', 'gre'),
    port: integer(1, U16_MAX),
    checksum: oneOf('none', 'full', 'remote'),
  } satisfies SchemaOf<IpvsTunnel>,
  ['type'],
)
const forward = oneOf('nat', 'dr', 'tun', 'local', 'bypass')

const slowStart = {
  seconds,
  from: { type: 'number', exclusiveMinimum: 0, maximum: 1 },
  steps: integer(1, 1000),
} satisfies SchemaOf<SlowStartOptions>

const serverDefaults = {
  ...timing,
  forward,
  tunnel,
  weight: integer(0, S32_MAX),
  inhibitOnFailure: described('A server that is down stays, with weight 0', flag),
  slowStart: {
    type: ['number', 'object'],
    ...choice({ type: 'object' }, fields(slowStart, ['seconds'])),
  },
}

const server = {
  ...serverDefaults,
  address: text,
  port,
  upperThreshold: integer(0, U32_MAX),
  lowerThreshold: integer(0, U32_MAX),
  checks: list(named('serverCheck')),
  drain: described('Takes no new connections', flag),
  notifyUp: notify,
  notifyDown: notify,
} satisfies SchemaOf<RealServerOptions>

const sorryServer = {
  address: text,
  port,
  forward,
  tunnel,
  inhibit: flag,
} satisfies SchemaOf<SorryServerOptions>

const passive = {
  window: seconds,
  minimum: integer(1, S32_MAX),
  hold: seconds,
  maximumHold: seconds,
} satisfies SchemaOf<PassiveCheckOptions>

const persistence = {
  timeout: integer(1, S32_MAX),
  prefixLength: integer(1, 128),
  engine: text,
} satisfies SchemaOf<IpvsPersistence>

const service = {
  ...serverDefaults,
  name: text,
  address: text,
  port,
  protocol: oneOf('tcp', 'udp', 'sctp'),
  fwmark: integer(1, U32_MAX),
  family: oneOf(4, 6),
  vips: list(text),
  scheduler: described('As ipvsadm names it: wlc, rr, mh ...', text),
  flags: list(
    oneOf('flag-1', 'flag-2', 'flag-3', 'sh-fallback', 'sh-port', 'mh-fallback', 'mh-port'),
  ),
  persistence: {
    type: ['integer', 'object'],
    ...choice({ type: 'object' }, fields(persistence, ['timeout'])),
  },
  onePacket: flag,
  checks: list(named('serverCheck')),
  passive: orFlag(fields(passive)),
  servers: list(fields(server, ['address'])),
  sorryServer: fields(sorryServer, ['address']),
  quorum: integer(1, S32_MAX),
  hysteresis: integer(0, S32_MAX),
  omega: flag,
  quorumUp: notify,
  quorumDown: notify,
  keepLast: integer(0, S32_MAX),
  drainTimeout: number,
  reorder: oneOf('idle', 'always', 'never'),
} satisfies SchemaOf<VirtualServiceOptions>

const timeouts = {
  tcp: integer(1, S32_MAX),
  tcpFin: integer(1, S32_MAX),
  udp: integer(1, S32_MAX),
} satisfies SchemaOf<IpvsTimeouts>

const vipPolicy = {
  services: oneOf('all', 'any'),
  sorry: flag,
} satisfies SchemaOf<VipPolicyOptions>

const director = {
  services: list(named('virtualService')),
  defaults: described('Where nothing is said; default own', oneOf('own', 'keepalived')),
  vips: described('What the announcement of a VIP follows', byName(fields(vipPolicy))),
  timeouts: described("Of the kernel's connection table", fields(timeouts)),
  reconcileInterval: seconds,
  retryInterval: seconds,
  maximumRetryInterval: seconds,
  keepOnStop: described('At a stop the services stay in the kernel', flag),
  waitForPlane: described('Start although IPVS is not there, or not permitted: VIPs wait', flag),
  checksOnly: described('Checks and gates alone: the kernel is left as it is', flag),
} satisfies SchemaOf<DirectorOptions>

const nftables = {
  type: oneOf('nftables'),
  devices: described("Devices that clients' packets come in by, for direct routing", list(text)),
  table: text,
  flows: integer(1, S32_MAX),
  nft: described('The program', text),
} satisfies SchemaOf<NftablesData>

const lvs = {
  ...director,
  dataPlane: described('Who holds the services; default ipvs. none: checks alone', {
    type: ['string', 'object'],
    ...choice({ type: 'object' }, fields(nftables, ['type']), {
      enum: ['ipvs', 'none', 'nftables'],
    }),
  }),
  stateFile: described(
    'Remembers over a crash which services of IPVS are ours; false: nothing does. Default of run: a file in /run/ospf-speaker',
    { type: ['string', 'boolean'], ...choice(text, { enum: [false] }) },
  ),
} satisfies SchemaOf<LvsData>

export const lvsDefinitions: Readonly<Record<string, Schema>> = {
  serverCheck: described('How a real server is checked', check),
  virtualService: fields(service, ['servers']),
  lvs: described('Virtual services and the health of their servers', fields(lvs, ['services'])),
}
