/** Statements at the top: what opens a block, what zebra and the management of a daemon know, and other daemons' own. */
import {
  type Args,
  accept,
  type Draft,
  ignore,
  isOn,
  RouterDraft,
  type Statement,
  type Statements,
  vrfName,
} from './frr-draft.ts'
import { filterStatements } from './frr-filter.ts'
import { address, device, Refusal } from './frr-parse.ts'
import { staticStatements } from './frr-static.ts'

const elsewhere = 'it is not about OSPFv2'

const openRouter: Statement = (d, a) => {
  const instance = a.instance ?? ''
  const vrf = vrfName(a.vrf)
  if (d.router !== undefined && (d.router.instance !== instance || d.router.vrf !== vrf))
    throw new Refusal(
      'more than one OSPF instance is not supported: run one ospf-speaker for each, with files of its own',
    )
  d.router ??= new RouterDraft(d.place, instance, vrf === '' ? '' : device(vrf))
  d.mode = 'router ospf'
}

function openInterface(d: Draft, a: Args): void {
  d.interface = device(a.name!)
  if (vrfName(a.vrf) !== '') d.interfaceVrfs.set(d.interface, vrfName(a.vrf))
  d.settings()
  d.mode = 'interface'
}

const blocks: Statements = {
  'interface IFNAME$name [vrf NAME$vrf]': openInterface,
  'vrf NAME$name': (d, a) => {
    d.mode = 'vrf'
    d.vrfBlock = vrfName(a.name)
  },
  'no vrf NAME$name': (d, a) => d.vrfs.delete(vrfName(a.name)),
  'no interface IFNAME$name [vrf NAME]': (d, a) => {
    d.interfaces.delete(a.name!)
    for (const [key, { device: name }] of d.addresses) if (name === a.name) d.addresses.delete(key)
  },
  'router ospf [(1-65535)$instance] [vrf NAME$vrf]': openRouter,
  'no router ospf [{(1-65535)|vrf NAME$vrf}]': (d, a) => {
    if (d.router?.vrf === vrfName(a.vrf)) d.router = undefined
  },
  'key chain WORD$name': (d, a) => {
    d.keyChains.chain(a.name!)
    d.mode = 'key chain'
  },
  'no key chain WORD$name': (d, a) => d.keyChains.forget(a.name!),
  'line vty': (d) => {
    d.mode = 'line vty'
    d.accept()
  },
  '<exit|quit|end>': (d) => {
    d.mode = 'config'
  },
}

const hostname: Statement = (d, a) => {
  d.hostname = isOn(a) ? a.name! : undefined
  d.accept()
}

const zebra: Statements = {
  '[ip] router-id A.B.C.D$id [vrf NAME$vrf]': (d, a) => {
    d.vrf(a.vrf).routerId = address(a.id!)
  },
  'no [ip] router-id [A.B.C.D] [vrf NAME$vrf]': (d, a) => {
    delete d.vrfs.get(d.vrfOf(a.vrf))?.routerId
  },
  'ip protocol <ospf|any>$source route-map RMAP_NAME$map': (d, a) => {
    d.vrf(undefined).filters.set(a.source as 'ospf' | 'any', d.reference(a.map!))
  },
  'no ip protocol <ospf|any>$source [route-map [RMAP_NAME]]': (d, a) => {
    d.vrfs.get(d.vrfOf(undefined))?.filters.delete(a.source as 'ospf' | 'any')
  },
  'ip protocol WORD route-map RMAP_NAME': ignore('only routes of OSPF are handled here'),
  'no ip protocol WORD [route-map [RMAP_NAME]]': accept,
  'ip forwarding': ignore('the kernel is left as it is: set net.ipv4.ip_forward'),
  'no ip forwarding': accept,
  'ip nht resolve-via-default': accept,
  'no ip nht resolve-via-default': accept,
  '[no] zebra LINE...': accept,
}

const management: Statements = {
  'hostname WORD$name': hostname,
  'no hostname [WORD]': hostname,
  ...Object.fromEntries(
    [
      '[no] password [LINE...]',
      '[no] enable password [LINE...]',
      '[no] domainname [WORD]',
      '[no] log LINE...',
      '[no] service LINE...',
      '[no] debug LINE...',
      '[no] username LINE...',
      '[no] agentx',
      '[no] banner LINE...',
      'frr <version|defaults> LINE...',
      'version LINE...',
      'smux peer LINE...',
      '[no] fpm LINE...',
      '[no] allow-external-route-update',
      '[no] configure terminal',
      '[no] vtysh_user LINE...',
    ].map((pattern) => [pattern, accept]),
  ),
}

/** A block of its own; what stands in it is passed over with it. */
const block: Statement = (d) => {
  d.mode = 'other'
  d.accept(elsewhere)
}

const others: Statements = {
  'router <bgp|rip|ripng|isis|ospf6|eigrp|babel|openfabric> [LINE...]': block,
  ...Object.fromEntries(
    [
      '<bfd|rpki|segment-routing|l2vpn|nexthop-group|pbr-map|pseudowire|line|vnc> [LINE...]',
      'mpls ldp',
    ].map((pattern) => [pattern, block]),
  ),
  ...Object.fromEntries(
    [
      '[no] ipv6 LINE...',
      '[no] <bgp|mpls|mac|vni|isis|babel|vrrp|ripng|pbr> LINE...',
      '[no] ip nht LINE...',
      '[no] ip <pim|igmp|msdp|multicast|mroute|ssmpingd|import-table|table|large-community-list|extcommunity-list|community-list|as-path|multicast-routing> LINE...',
      'no <router|bfd|rpki|segment-routing|l2vpn|nexthop-group|pbr-map|pseudowire|vnc> [LINE...]',
    ].map((pattern) => [pattern, ignore(elsewhere)]),
  ),
}

export const configStatements: Statements = {
  ...blocks,
  ...zebra,
  ...staticStatements,
  ...filterStatements,
  ...management,
  ...others,
}

/** In a `vrf` block. */
export const vrfStatements: Statements = {
  ...zebra,
  ...staticStatements,
  '[no] vni LINE...': ignore(elsewhere),
  '[no] netns LINE...': ignore('the speaker belongs to the namespace that it is started in'),
  'exit-vrf': (d) => {
    d.mode = 'config'
  },
}

export const lineStatements: Statements = {
  'exec-timeout LINE...': accept,
  'no exec-timeout': accept,
  '[no] access-class [WORD]': accept,
  '[no] ipv6 access-class [WORD]': accept,
  '[no] login': accept,
}
