/** VRRP and addresses: what of it has a meaning where routes take its place. */
import { readLines } from './keepalived-blocks.ts'
import {
  type Draft,
  type InstanceDraft,
  type Keyword,
  type Keywords,
  last,
  type SyncGroupDraft,
  told,
  without,
} from './keepalived-draft.ts'
import type { KeepalivedAddress, KeepalivedTracked } from './keepalived-types.ts'
import { addressAndLength, BadValue, integer, type Words, wordAt } from './keepalived-values.ts'

const vrrp = 'VRRP is not spoken here: the route takes its place'
const script = 'events and hooks take the place of this script'

const names = (reason: string, ...keywords: readonly string[]): Keywords =>
  Object.fromEntries(keywords.map((name): [string, Keyword] => [name, { act: without(reason) }]))

/** Lines that are not looked into. */
const passed = (reason: string): Keyword => ({
  act: (d, w) => {
    d.reports.notice(w[0]!, reason)
    readLines(d, () => undefined)
  },
})

/** Words of an address line: those with a value after them, and those without. */
const withValue = [
  'dev',
  'scope',
  'broadcast',
  'brd',
  'label',
  'peer',
  'preferred_lft',
  'track_group',
]
const alone = ['home', '-nodad', 'mngtmpaddr', 'noprefixroute', 'autojoin', 'no_track', 'use_vmac']

function address(d: Draft, words: Words): KeepalivedAddress {
  const first = wordAt(words, 0)
  const { address, length } = addressAndLength('ip address', first)
  let device: string | undefined
  for (let i = 1; i < words.length; i++) {
    const word = words[i]!
    if (withValue.includes(word)) {
      const value = words[++i]
      if (value === undefined) throw new BadValue(`No ${word} parameter specified for ${first}`)
      if (word === 'dev') device = value
    } else if (!alone.includes(word))
      d.bad(`Unknown configuration entry '${word}' for ip address - ignoring`)
  }
  return { address, length, ...(device === undefined ? {} : { device }), ...d.place }
}

const addresses = (of: (d: Draft) => KeepalivedAddress[]): Keyword => ({
  act: (d) => readLines(d, (words) => void of(d).push(address(d, words))),
})

/** `NAME [weight N [reverse]]`. */
const tracked = (of: (d: Draft) => KeepalivedTracked[]): Keyword => ({
  act: (d) =>
    readLines(d, (words) => {
      const name = wordAt(words, 0)
      if (words[1] === undefined) return void of(d).push({ name })
      if (words[1] !== 'weight') throw new BadValue(`(${name}) unknown track parameter ${words[1]}`)
      const weight = integer(`weight for ${name}`, wordAt(words, 2), -2_147_483_647, 2_147_483_647)
      return void of(d).push({ name, weight, ...(words[3] === 'reverse' ? { reverse: true } : {}) })
    }),
})

const instance = (d: Draft): InstanceDraft => last(d.instances)
const group = (d: Draft): SyncGroupDraft => last(d.syncGroups)

const state: Keyword = {
  act: (d, w) => {
    const state = wordAt(w, 1)
    if (state !== 'MASTER' && state !== 'BACKUP')
      throw new BadValue(`unknown state '${state}', defaulting to BACKUP`)
    instance(d).state = state
  },
}

const instanceKeywords: Keywords = {
  state,
  interface: { act: (d, w) => (instance(d).device = wordAt(w, 1)) },
  virtual_router_id: {
    act: (d, w) => (instance(d).virtualRouterId = integer('VRID', wordAt(w, 1), 1, 255)),
  },
  priority: { act: (d, w) => (instance(d).priority = integer('Priority', wordAt(w, 1), 1, 255)) },
  virtual_ipaddress: addresses((d) => instance(d).addresses),
  virtual_ipaddress_excluded: addresses((d) => instance(d).excludedAddresses),
  track_script: tracked((d) => instance(d).trackScripts),
  track_file: tracked((d) => instance(d).trackFiles),
  track_process: tracked((d) => instance(d).trackProcesses),
  track_interface: tracked((d) => instance(d).trackInterfaces),
  track_bfd: tracked((d) => instance(d).trackBfds),
  virtual_routes: passed('no routes are added with a VIP: the network learns them by OSPF'),
  virtual_rules: passed('no policy rules are added with a VIP'),
  unicast_peer: passed(vrrp),
  authentication: {
    act: without(vrrp),
    block: { auth_type: { act: () => undefined }, auth_pass: { act: () => undefined } },
  },
  ...names(
    script,
    'notify_backup',
    'notify_master',
    'notify_fault',
    'notify_stop',
    'notify_deleted',
  ),
  ...names(script, 'notify', 'notify_master_rx_lower_pri', 'notify_priority_changes'),
  ...names('no mail is sent: events, hooks and metrics tell it', 'smtp_alert'),
  ...names(
    vrrp,
    'use_vmac',
    'use_vmac_addr',
    'vmac_xmit_base',
    'use_ipvlan',
    'unicast_fault_no_peer',
  ),
  ...names(vrrp, 'check_unicast_src', 'old_unicast_checksum', 'native_ipv6', 'vrf'),
  ...names(vrrp, 'dont_track_primary', 'mcast_src_ip', 'unicast_src_ip', 'mcast_dst_ip'),
  ...names(vrrp, 'track_src_ip', 'unicast_ttl', 'version', 'advert_int', 'promote_secondaries'),
  ...names(
    vrrp,
    'linkbeat_use_polling',
    'accept',
    'no_accept',
    'skip_check_adv_addr',
    'strict_mode',
  ),
  ...names(vrrp, 'preempt', 'nopreempt', 'preempt_delay', 'debug', 'lvs_sync_daemon_interface'),
  ...names(vrrp, 'garp_master_delay', 'garp_master_refresh', 'garp_master_repeat'),
  ...names(vrrp, 'garp_master_refresh_repeat', 'garp_lower_prio_delay', 'garp_lower_prio_repeat'),
  ...names(vrrp, 'down_timer_adverts', 'garp_extra_if', 'vmac_garp_intvl', 'lower_prio_no_advert'),
  ...names(vrrp, 'higher_prio_send_advert', 'kernel_rx_buf_size'),
}

function openInstance(d: Draft, words: Words): 'skip' | undefined {
  const name = wordAt(words, 1)
  if (d.instances.some((one) => one.name === name)) {
    d.bad(`vrrp instance ${name} already defined`)
    return 'skip'
  }
  d.instances.push({
    ...d.place,
    name,
    addresses: [],
    excludedAddresses: [],
    trackScripts: [],
    trackFiles: [],
    trackProcesses: [],
    trackInterfaces: [],
    trackBfds: [],
  })
  return undefined
}

const syncGroup: Keywords = {
  group: { act: (d) => readLines(d, (words) => void group(d).members.push(...words)) },
  track_script: tracked((d) => group(d).trackScripts),
  track_file: tracked((d) => group(d).trackFiles),
  track_interface: passed(vrrp),
  track_process: passed(vrrp),
  track_bfd: passed(vrrp),
  ...names(script, 'notify_backup', 'notify_master', 'notify_fault', 'notify_stop', 'notify'),
  ...names(script, 'notify_priority_changes'),
  ...names('no mail is sent: events, hooks and metrics tell it', 'smtp_alert'),
  ...names(vrrp, 'global_tracking', 'sync_group_tracking_weight'),
}

export const vrrpKeywords: Keywords = {
  vrrp_instance: { act: openInstance, block: instanceKeywords },
  vrrp_sync_group: {
    act: (d, w) =>
      void d.syncGroups.push({
        ...d.place,
        name: wordAt(w, 1),
        members: [],
        trackScripts: [],
        trackFiles: [],
      }),
    block: syncGroup,
  },
  static_ipaddress: told(
    'addresses are for the system to set, or `addresses` of a YAML file',
    addresses((d) => d.staticAddresses),
  ),
  static_routes: passed('give routes to the system, or as `ip route` with --frr'),
  static_rules: passed('policy rules are for the system to set'),
  track_group: { act: without(vrrp), block: { group: passed(vrrp) } },
  garp_group: {
    act: without(vrrp),
    block: {
      ...names(vrrp, 'garp_interval', 'gna_interval', 'interface'),
      interfaces: passed(vrrp),
    },
  },
  linkbeat_interfaces: passed(vrrp),
  interface_up_down_delays: passed(vrrp),
}
