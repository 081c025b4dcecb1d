/** `show ip ospf interface` and its `traffic`: the keys and columns of FRR 8.4. */
import type { Devices } from './devices.ts'
import type { InterfaceView, NeighborView, Snapshots } from './speaker-like.ts'
import { areaTitle, block, byName, deviceOf, duration, left, right } from './text.ts'

export interface InterfaceEntry {
  readonly [key: string]: string | number | boolean
}

export interface InterfaceDocument {
  readonly interfaces?: Readonly<Record<string, InterfaceEntry>>
  readonly noSuchIface?: true
}

/** LS type of network-LSAs. */
const NETWORK = 2

const networkTypes: Readonly<Record<InterfaceView['network'], string>> = {
  broadcast: 'BROADCAST',
  nbma: 'NBMA',
  'point-to-point': 'POINTOPOINT',
  'point-to-multipoint': 'POINTOMULTIPOINT',
  virtual: 'VIRTUALLINK',
}

const asked = (on: InterfaceView, name: string | undefined): boolean =>
  name === undefined || on.name === name || deviceOf(on.name) === name

export function interfaceDocument(
  speaker: Snapshots,
  devices: Devices,
  name?: string,
): InterfaceDocument {
  const found = speaker
    .interfaces()
    .filter((on) => asked(on, name))
    .toSorted(byName)
  if (name !== undefined && found.length === 0) {
    return devices(name) === undefined
      ? { noSuchIface: true }
      : { interfaces: { [name]: { ifUp: true, ospfEnabled: false } } }
  }
  const neighbors = speaker.neighbors()
  const types = new Map(speaker.status().areas.map(({ id, type }) => [id, type]))
  const entries = found.map((on): [string, InterfaceEntry] => {
    const here = neighbors.filter((neighbor) => neighbor.interface === on.name)
    const title = areaTitle(on.area, types.get(on.area))
    const network = speaker
      .database()
      .find(({ type, own, lsId }) => type === NETWORK && own && lsId === on.address)
    return [on.name, entryOf(on, here, title, speaker.routerId, devices, network?.sequence)]
  })
  return { interfaces: Object.fromEntries(entries) }
}

function entryOf(
  on: InterfaceView,
  here: readonly NeighborView[],
  area: string,
  routerId: string,
  devices: Devices,
  sequence: number | undefined,
): InterfaceEntry {
  const device = devices(deviceOf(on.name))
  const isElected = on.state === 'DR' || on.state === 'Backup'
  /** Hellos name a designated router by its address; FRR shows its Router ID as well. */
  const idOf = (address: string): string | undefined =>
    address === on.address
      ? routerId
      : here.find((neighbor) => neighbor.address === address)?.routerId
  const elected = (address: string, prefix: 'dr' | 'bdr'): Record<string, string> => {
    if (address === '0.0.0.0') return {}
    const id = idOf(address)
    return { ...(id === undefined ? {} : { [`${prefix}Id`]: id }), [`${prefix}Address`]: address }
  }
  return {
    ifUp: on.up,
    ...(device === undefined ? {} : { ifIndex: device.index }),
    mtuBytes: on.mtu,
    ...(device === undefined
      ? {}
      : { bandwidthMbit: device.bandwidth, ifFlags: `<${device.flags.join()}>` }),
    ospfEnabled: true,
    ...(on.address === undefined
      ? {}
      : {
          ipAddress: on.address,
          ipAddressPrefixlen: on.prefixLength,
          ospfIfType: 'Broadcast',
          localIfUsed: broadcastOf(on.address, on.prefixLength),
        }),
    area,
    // there, and true, where the MTU is *not* compared: FRR's key, kept
    ...(on.mtuIgnore ? { mtuMismatchDetect: true } : {}),
    routerId,
    networkType: networkTypes[on.network],
    cost: on.cost,
    transmitDelaySecs: on.transmitDelay,
    state: on.state === 'Point-to-point' ? 'Point-To-Point' : on.state,
    priority: on.priority,
    ...elected(on.designatedRouter, 'dr'),
    ...elected(on.backupDesignatedRouter, 'bdr'),
    ...(sequence === undefined ? {} : { networkLsaSequence: sequence >>> 0 }),
    ...(on.up && !on.passive ? { mcastMemberOspfAllRouters: true } : {}),
    ...(isElected ? { mcastMemberOspfDesignatedRouters: true } : {}),
    timerMsecs: Math.round(on.helloInterval * 1000),
    timerDeadSecs: on.deadInterval,
    timerWaitSecs: on.deadInterval,
    timerRetransmitSecs: on.retransmitInterval,
    ...(on.passive
      ? { timerPassiveIface: true }
      : { timerHelloInMsecs: Math.round((on.helloDue ?? 0) * 1000) }),
    nbrCount: here.length,
    nbrAdjacentCount: on.fullNeighbors,
  }
}

function broadcastOf(address: string, length: number): string {
  const host = 2 ** (32 - length) - 1
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const last = number - (number % (host + 1)) + host
  return [24, 16, 8, 0].map((shift) => Math.floor(last / 2 ** shift) % 256).join('.')
}

export function interfaceText({ interfaces, noSuchIface }: InterfaceDocument): string {
  if (noSuchIface) return block('No such interface name', '')
  const lines = Object.entries(interfaces ?? {}).flatMap(([name, on]) => linesOf(name, on))
  return block(...lines, '')
}

function linesOf(name: string, on: InterfaceEntry): string[] {
  if (!on['ospfEnabled']) return [`${name} is up`, '  OSPF not enabled on this interface']
  const own = `${on['ipAddress'] ?? 'none'}/${on['ipAddressPrefixlen'] ?? 0}`
  const members = [
    on['mcastMemberOspfAllRouters'] ? ' OSPFAllRouters' : '',
    on['mcastMemberOspfDesignatedRouters'] ? ' OSPFDesignatedRouters' : '',
  ].join('')
  const due = Number(on['timerHelloInMsecs'])
  return [
    `${name} is ${on['ifUp'] ? 'up' : 'down'}`,
    `  ifindex ${on['ifIndex'] ?? 0}, MTU ${on['mtuBytes']} bytes, BW ${on['bandwidthMbit'] ?? 0} Mbit ${on['ifFlags'] ?? '<>'}`,
    `  Internet Address ${own}, Broadcast ${on['localIfUsed'] ?? 'none'}, Area ${on['area']}`,
    `  MTU mismatch detection: ${on['mtuMismatchDetect'] ? 'disabled' : 'enabled'}`,
    `  Router ID ${on['routerId']}, Network Type ${on['networkType']}, Cost: ${on['cost']}`,
    `  Transmit Delay is ${on['transmitDelaySecs']} sec, State ${on['state']}, Priority ${on['priority']}`,
    ...(on['drAddress'] === undefined
      ? []
      : [
          `  Designated Router (ID) ${on['drId'] ?? '-'} Interface Address ${on['drAddress']}/${on['ipAddressPrefixlen']}`,
        ]),
    on['bdrAddress'] === undefined
      ? '  No backup designated router on this network'
      : `  Backup Designated Router (ID) ${on['bdrId'] ?? '-'}, Interface Address ${on['bdrAddress']}`,
    ...(on['networkLsaSequence'] === undefined
      ? []
      : [`  Saved Network-LSA sequence number 0x${Number(on['networkLsaSequence']).toString(16)}`]),
    `  Multicast group memberships:${members || ' <None>'}`,
    `  Timer intervals configured, Hello ${helloOf(Number(on['timerMsecs']))}, Dead ${on['timerDeadSecs']}s, Wait ${on['timerWaitSecs']}s, Retransmit ${on['timerRetransmitSecs']}`,
    on['timerPassiveIface']
      ? '    No Hellos (Passive interface)'
      : `    Hello due in ${due > 0 ? duration(due) : 'inactive'}`,
    `  Neighbor Count is ${on['nbrCount']}, Adjacent neighbor count is ${on['nbrAdjacentCount']}`,
  ]
}

/** As vtysh has it: whole seconds, or milliseconds with a hello-multiplier. */
const helloOf = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`)

export type TrafficDocument = Readonly<Record<string, Readonly<Record<string, number>>>>

export function trafficDocument(
  speaker: Snapshots,
  devices: Devices,
  name?: string,
): TrafficDocument {
  const found = speaker
    .interfaces()
    .filter((on) => asked(on, name))
    .toSorted(byName)
  return Object.fromEntries(
    found.map((on) => {
      const { received: rx, sent: tx } = on
      const entry = {
        ifIndex: devices(deviceOf(on.name))?.index ?? 0,
        helloIn: rx.hello,
        helloOut: tx.hello,
        dbDescIn: rx.databaseDescription,
        dbDescOut: tx.databaseDescription,
        lsReqIn: rx.linkStateRequest,
        lsReqOut: tx.linkStateRequest,
        lsUpdIn: rx.linkStateUpdate,
        lsUpdOut: tx.linkStateUpdate,
        lsAckIn: rx.linkStateAcknowledgment,
        lsAckOut: tx.linkStateAcknowledgment,
        // packets leave at once
        packetsQueued: 0,
      }
      return [on.name, entry]
    }),
  )
}

export function trafficText(document: TrafficDocument): string {
  const columns = ['hello', 'dbDesc', 'lsReq', 'lsUpd', 'lsAck'] as const
  const lines = Object.entries(document).map(([name, n]) => {
    const pairs = columns.map((key, i) => {
      const width = i === 0 ? 8 : 7
      return ` ${right(n[`${key}In`]!, width)}/${left(n[`${key}Out`]!, width)}`
    })
    return `${left(name, 10)}${pairs.join('')} ${right(n['packetsQueued']!, 12)}`
  })
  return block(
    '',
    'Interface       HELLO            DB-Desc         LS-Req           LS-Update        LS-Ack            Packets      ',
    '                Rx/Tx            Rx/Tx            Rx/Tx            Rx/Tx            Rx/Tx            Queued       ',
    '-'.repeat(109),
    ...lines,
    '',
  )
}
