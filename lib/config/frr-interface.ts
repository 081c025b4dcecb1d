/** Statements under `interface`: those of OSPF, each for the interface or for one address of it, and zebra's. */
import { addDigestKey, password } from './frr-authentication.ts'
import { accept, ignore, isOn, refuse, type Statement, type Statements } from './frr-draft.ts'
import { area, prefix, Refusal } from './frr-parse.ts'
import type { FrrInterfaceSettings } from './frr-types.ts'

const at = '[A.B.C.D]$at'

type NumberSetting = 'cost' | 'helloInterval' | 'retransmitInterval' | 'transmitDelay' | 'priority'

/** A setting that is a number, its statement and the one that takes it back. `ospf ...` is how old Quagga has it. */
function numeric(words: string, range: string, field: NumberSetting): Statements {
  return {
    [`[ip] ospf ${words} ${range}$value ${at}`]: (d, a) => {
      d.settingsAt(a.at)[field] = Number(a.value)
    },
    [`no [ip] ospf ${words} [${range}] ${at}`]: (d, a) => {
      delete d.settingsAt(a.at)[field]
    },
  }
}

function toggle(words: string, field: 'mtuIgnore' | 'prefixSuppression'): Statements {
  return {
    [`[no] ip ospf ${words} ${at}`]: (d, a) => {
      if (isOn(a)) d.settingsAt(a.at)[field] = true
      else delete d.settingsAt(a.at)[field]
    },
  }
}

const setArea: Statement = (d, a) => {
  if (d.router && d.router.networks.size > 0)
    throw new Refusal("not together with 'network ... area' statements")
  // which must be the one that `router ospf` names
  d.instances.set(a.instance ?? '', d.reference(''))
  d.settingsAt(a.at).area = area(a.area!)
}

const deadInterval: Statements = {
  [`[ip] ospf dead-interval (1-65535)$value ${at}`]: (d, a) => {
    const settings = d.settingsAt(a.at)
    settings.deadInterval = Number(a.value)
    delete settings.helloMultiplier
  },
  [`ip ospf dead-interval minimal hello-multiplier (1-10)$value ${at}`]: (d, a) => {
    d.needs('helloMultiplier')
    if (a.value === '1')
      throw new Refusal('one Hello in a dead interval of one second is none too many')
    const settings = d.settingsAt(a.at)
    settings.deadInterval = 1
    settings.helloMultiplier = Number(a.value)
  },
  [`no [ip] ospf dead-interval [<(1-65535)|minimal hello-multiplier [(1-10)]>] ${at}`]: (d, a) => {
    const settings: FrrInterfaceSettings = d.settingsAt(a.at)
    delete settings.deadInterval
    delete settings.helloMultiplier
  },
}

const networkTypes: Readonly<
  Record<string, 'broadcast' | 'nbma' | 'point-to-point' | 'point-to-multipoint'>
> = {
  broadcast: 'broadcast',
  'non-broadcast': 'nbma',
  'point-to-point': 'point-to-point',
  'point-to-multipoint': 'point-to-multipoint',
}

const network: Statements = {
  '[ip] ospf network <broadcast|non-broadcast|point-to-point>$type': (d, a) => {
    d.settings().network = networkTypes[a.type!]!
    delete d.settings().nonBroadcast
  },
  // FRR 9 and up: LSAs of the segment that it waits to flood are flooded at once here
  '[ip] ospf network point-to-multipoint [{delay-reflood|non-broadcast$nonBroadcast}]': (d, a) => {
    d.settings().network = 'point-to-multipoint'
    if (a.nonBroadcast === undefined) delete d.settings().nonBroadcast
    else d.settings().nonBroadcast = true
  },
  'ip ospf network point-to-point dmvpn': refuse('DMVPN is not supported'),
  'no [ip] ospf network [<broadcast|non-broadcast|point-to-multipoint|point-to-point>]': (d) => {
    delete d.settings().network
    delete d.settings().nonBroadcast
  },
}

const authentication: Statements = {
  [`[ip] ospf authentication ${at}`]: (d, a) => {
    d.authentication(a.at).type = 'simple'
  },
  [`[ip] ospf authentication null ${at}`]: (d, a) => {
    d.authentication(a.at).type = 'null'
  },
  [`[ip] ospf authentication message-digest ${at}`]: (d, a) => {
    d.authentication(a.at).type = 'message-digest'
  },
  [`ip ospf authentication key-chain KEYCHAIN_NAME$name ${at}`]: (d, a) => {
    d.authentication(a.at).keyChain = a.name!
  },
  [`no [ip] ospf authentication [<null|message-digest|key-chain [KEYCHAIN_NAME]>] ${at}`]: (
    d,
    a,
  ) => {
    delete d.authentication(a.at).type
    delete d.authentication(a.at).keyChain
  },
  [`[ip] ospf authentication-key AUTH_KEY$key ${at}`]: (d, a) => {
    d.authentication(a.at).password = password(a.key!)
  },
  [`no [ip] ospf authentication-key [AUTH_KEY] ${at}`]: (d, a) => {
    delete d.authentication(a.at).password
  },
  [`[ip] ospf message-digest-key (1-255)$id md5 KEY$key ${at}`]: (d, a) => {
    addDigestKey(d.authentication(a.at), a.id!, a.key!)
  },
  [`no [ip] ospf message-digest-key (1-255)$id [md5 KEY] ${at}`]: (d, a) => {
    const stated = d.authentication(a.at)
    stated.digestKeys = stated.digestKeys.filter(({ id }) => id !== Number(a.id))
  },
}

const zebra: Statements = {
  'ip address A.B.C.D/M$prefix [label LINE]': (d, a) => {
    const { address, length } = prefix(a.prefix!)
    const device = d.interface
    d.addresses.set(`${device} ${address}/${length}`, { device, address, length, ...d.place })
  },
  'no ip address A.B.C.D/M$prefix [label LINE]': (d, a) => {
    const { address, length } = prefix(a.prefix!)
    d.addresses.delete(`${d.interface} ${address}/${length}`)
  },
  'ip address A.B.C.D peer A.B.C.D/M': refuse(
    'an address with a peer cannot be added here; give it to the device before',
  ),
  'no ip address A.B.C.D peer A.B.C.D/M': accept,
  // Quagga counts in kbit/s, up to 10000000
  'bandwidth (1-10000000)$value': (d, a) => {
    const value = Number(a.value)
    d.settings().bandwidth = d.compat === 'quagga-0.99' ? value / 1000 : value
  },
  'no bandwidth [(1-10000000)]': (d) => {
    delete d.settings().bandwidth
  },
  'description LINE...': accept,
  'no description': accept,
  shutdown: refuse('a device is not taken down here; do so before'),
  'no shutdown': accept,
  '[no] link-detect': accept,
  '[no] multicast': accept,
  'delay (1-16777215)': accept,
  'no delay [(1-16777215)]': accept,
  'link-params': (d) => {
    d.mode = 'other'
    d.accept('traffic engineering is not supported')
  },
}

const elsewhere = 'it is not about OSPFv2'

/** What other daemons know of an interface. */
const others: Statements = Object.fromEntries(
  [
    '[no] ipv6 LINE...',
    '[no] mpls LINE...',
    '[no] ip <pim|igmp|rip|router|nhrp|irdp|mroute|multicast|summary-address|authentication|hello-interval|hold-time> [LINE...]',
    '[no] <isis|babel|vrrp|evpn|eigrp|pbr-policy|tunnel|openfabric|ptm-enable|keepalive|snmp> [LINE...]',
  ].map((pattern) => [pattern, ignore(elsewhere)]),
)

export const interfaceStatements: Statements = {
  [`[ip] ospf [(1-65535)]$instance area <A.B.C.D|(0-4294967295)>$area ${at}`]: setArea,
  [`no [ip] ospf [(1-65535)]$instance area [<A.B.C.D|(0-4294967295)>] ${at}`]: (d, a) => {
    delete d.settingsAt(a.at).area
  },
  ...network,
  ...numeric('cost', '(1-65535)', 'cost'),
  ...numeric('hello-interval', '(1-65535)', 'helloInterval'),
  ...deadInterval,
  ...numeric('retransmit-interval', '(1-65535)', 'retransmitInterval'),
  ...numeric('transmit-delay', '(1-65535)', 'transmitDelay'),
  ...numeric('priority', '(0-255)', 'priority'),
  ...toggle('mtu-ignore', 'mtuIgnore'),
  ...toggle('prefix-suppression', 'prefixSuppression'),
  [`[no] ip ospf passive ${at}`]: (d, a) => {
    d.settingsAt(a.at).passive = isOn(a)
  },
  ...authentication,
  '[no] ip ospf capability opaque': (d, a) =>
    isOn(a) ? d.accept() : d.accept('opaque LSAs are always carried'),
  'ip ospf bfd [profile BFDPROF]': ignore('BFD is not supported; the dead interval finds failures'),
  'no ip ospf bfd [profile [BFDPROF]]': accept,
  'ip ospf mpls ldp-sync [holddown (0-10000)]': refuse('LDP is not supported'),
  'no ip ospf mpls ldp-sync [holddown [(1-10000)]]': accept,
  'ip ospf graceful-restart hello-delay (1-1800)': ignore('graceful restart is not supported'),
  'no ip ospf graceful-restart hello-delay [(1-1800)]': accept,
  [`ip ospf neighbor-filter PREFIXLIST_NAME ${at}`]: refuse('neighbors are not filtered here'),
  [`no ip ospf neighbor-filter [PREFIXLIST_NAME] ${at}`]: accept,
  ...zebra,
  ...others,
}
