/** `global_defs`, the words that stand outside of it, and `SSL`. */

import { readLines } from './keepalived-blocks.ts'
import { type Draft, type Keyword, type Keywords, told, without } from './keepalived-draft.ts'
import type { KeepalivedSyncDaemon } from './keepalived-types.ts'
import { BadValue, familyOf, flag, integer, type Words, wordAt } from './keepalived-values.ts'

const vrrp = 'VRRP is not spoken here: the route takes its place'
const mail = 'no mail is sent: events, hooks and metrics tell it'
const daemon = 'about the processes of keepalived'
const snmp = 'there is no SNMP: metrics tell it'
const hooks = 'hooks (a command, a web service) tell of changes'
const flush = 'services of others are never touched; leftovers of our own go (lvs: stateFile)'
const unit = 'it is not run: a systemd unit has ExecStartPre and ExecStopPost'
const namespaces = 'start ospf-speaker in it: ip netns exec'

/** At most 31 days, as IPVS has it. */
const longestTimeout = 31 * 86_400

const names = (reason: string, ...keywords: readonly string[]): Keywords =>
  Object.fromEntries(keywords.map((name): [string, Keyword] => [name, { act: without(reason) }]))

function timeouts(d: Draft, words: Words): void {
  if (words.length < 3) throw new BadValue('lvs_timeouts requires at least one option')
  const fields = { tcp: 'tcp', tcpfin: 'tcpFin', udp: 'udp' } as const
  for (let i = 1; i < words.length; i++) {
    const name = words[i]!
    if (!Object.hasOwn(fields, name)) {
      d.bad(`Unknown option ${name} specified for lvs_timeouts`)
      continue
    }
    const value = words[++i]
    if (value === undefined) d.bad(`No value specified for lvs_timeout ${name} - ignoring`)
    else {
      const seconds = integer(`lvs_timeout ${name}`, value, 0, longestTimeout)
      d.global.lvsTimeouts = {
        ...d.global.lvsTimeouts,
        [fields[name as keyof typeof fields]]: seconds,
      }
    }
  }
}

function syncDaemon(d: Draft, words: Words): void {
  if (d.global.lvsSyncDaemon !== undefined)
    throw new BadValue('lvs_sync_daemon has already been specified - ignoring')
  const device = words[1]
  if (device === undefined) throw new BadValue('lvs_sync_daemon requires interface')
  if (device.length > 15) throw new BadValue(`lvs_sync_daemon interface name '${device}' too long`)
  let daemon: KeepalivedSyncDaemon = { device }
  const numbers = {
    id: ['id', 0, 255],
    maxlen: ['maximumLength', 1, 65_507],
    port: ['port', 1, 65_535],
    ttl: ['ttl', 1, 255],
  } as const
  for (let i = 2; i < words.length; i++) {
    const word = words[i]!
    const value = words[i + 1]
    if (word === 'inst') daemon = { ...daemon, instance: wordAt(words, ++i) }
    else if (Object.hasOwn(numbers, word)) {
      if (value === undefined) throw new BadValue(`No value specified for lvs_sync_daemon ${word}`)
      const [field, least, most] = numbers[word as keyof typeof numbers]
      daemon = { ...daemon, [field]: integer(`lvs_sync_daemon ${word}`, value, least, most) }
      i++
    } else if (word === 'group') {
      if (value === undefined) throw new BadValue('No value specified for lvs_sync_daemon group')
      if (familyOf(value) === undefined || !/^(2(2[4-9]|3\d)\.|ff)/i.test(value))
        throw new BadValue(`lvs_sync_daemon group address ${value} is not multicast - ignoring`)
      daemon = { ...daemon, group: value }
      i++
    } else if (i === 2) daemon = { ...daemon, instance: word }
    else if (i === 3) {
      daemon = { ...daemon, id: integer('lvs_sync_daemon id', word, 0, 255) }
      d.reports.report('deprecated', 'Please use keyword "id" before lvs_sync_daemon SYNCID')
    } else d.bad(`Unknown option ${word} specified for lvs_sync_daemon`)
  }
  d.global.lvsSyncDaemon = daemon
}

const lvs: Keywords = {
  lvs_timeouts: { act: timeouts },
  lvs_sync_daemon: { act: syncDaemon },
  lvs_flush: told(flush, { act: (d) => (d.global.lvsFlush = true) }),
  lvs_flush_on_stop: told(flush, { act: flushOnStop }),
  lvs_flush_onstop: told(flush, { act: flushOnStop }),
  checker_log_all_failures: told('events tell of changes, and show health of the last word', {
    act: (d, w) => {
      d.global.checkerLogAllFailures = flag('checker_log_all_failures', w)
    },
  }),
  rs_init_notifies: told('notify_up is run when a server comes up, not at the start', {
    act: (d) => (d.global.rsInitNotifies = true),
  }),
  notify_fifo: told(hooks, { act: (d, w) => (d.global.notifyFifo = wordAt(w, 1)) }),
  notify_fifo_script: told(hooks, { act: (d) => (d.global.notifyFifoScript = d.script()) }),
  lvs_notify_fifo: told(hooks, { act: (d, w) => (d.global.lvsNotifyFifo = wordAt(w, 1)) }),
  lvs_notify_fifo_script: told(hooks, { act: (d) => (d.global.lvsNotifyFifoScript = d.script()) }),
  script_user: told('scripts run as this process, but for MISC_CHECK with a user of its own', {
    act: (d, w) => {
      const [, user, group] = w
      if (user === undefined) throw new BadValue('No script username specified')
      d.global.scriptUser = group === undefined ? { user } : { user, group }
    },
  }),
  enable_script_security: told('who may change scripts is not looked at', {
    act: (d) => (d.global.enableScriptSecurity = true),
  }),
  startup_script: told(unit, { act: (d) => (d.global.startupScript = d.script()) }),
  shutdown_script: told(unit, { act: (d) => (d.global.shutdownScript = d.script()) }),
}

function flushOnStop(d: Draft, words: Words): void {
  if (words[1] !== undefined && words[1] !== 'VS')
    throw new BadValue(`Unknown lvs_flush_on_stop type ${words[1]}`)
  d.global.lvsFlushOnStop = words[1] === 'VS' ? 'virtual-servers' : 'all'
}

const alert = (name: 'smtpAlert' | 'smtpAlertChecker', keyword: string): Keyword => ({
  act: (d, w) => {
    d.global[name] = flag(keyword, w)
  },
})

const mailing: Keywords = {
  notification_email: told(mail, {
    act: (d) => readLines(d, (w) => void d.global.notificationEmail.push(...w)),
  }),
  notification_email_from: told(mail, {
    act: (d, w) => (d.global.notificationEmailFrom = wordAt(w, 1)),
  }),
  smtp_server: told(mail, { act: (d, w) => (d.global.smtpServer = w.slice(1).join(' ')) }),
  smtp_alert: told(mail, alert('smtpAlert', 'smtp_alert')),
  smtp_alert_checker: told(mail, alert('smtpAlertChecker', 'smtp_alert_checker')),
  ...names(mail, 'smtp_helo_name', 'smtp_connect_timeout', 'smtp_alert_vrrp'),
  ...names(mail, 'no_email_faults', 'no_checker_emails'),
}

const defs: Keywords = {
  router_id: told('a name for mails: the Router ID of OSPF is said elsewhere', {
    act: (d, w) => (d.global.routerId = wordAt(w, 1)),
  }),
  ...lvs,
  ...mailing,
  ...names(daemon, 'process_names', 'process_name', 'checker_process_name', 'lvs_process_name'),
  ...names(daemon, 'startup_script_timeout', 'shutdown_script_timeout', 'max_auto_priority'),
  ...names(daemon, 'min_auto_priority_delay', 'dynamic_interfaces', 'default_interface'),
  ...names(daemon, 'checker_priority', 'checker_no_swap', 'checker_rt_priority'),
  ...names(daemon, 'checker_cpu_affinity', 'checker_rlimit_rttime', 'checker_rlimit_rtime'),
  ...names(daemon, 'bfd_process_name', 'bfd_priority', 'bfd_no_swap', 'bfd_rt_priority'),
  ...names(daemon, 'bfd_cpu_affinity', 'bfd_rlimit_rttime', 'bfd_rlimit_rtime'),
  ...names(daemon, 'lvs_netlink_cmd_rcv_bufs', 'lvs_netlink_cmd_rcv_bufs_force'),
  ...names(daemon, 'lvs_netlink_monitor_rcv_bufs', 'lvs_netlink_monitor_rcv_bufs_force'),
  ...names(daemon, 'process_monitor_rcv_bufs', 'process_monitor_rcv_bufs_force'),
  ...names(daemon, 'umask', 'random_seed', 'reload_check_config', 'reload_time_file'),
  ...names(daemon, 'reload_repeat', 'reload_file', 'include_check', 'config_save_dir'),
  ...names(daemon, 'tmp_config_directory', 'data_use_instance', 'json_version'),
  ...names(daemon, 'json_dump_file', 'state_dump_file', 'stats_dump_file'),
  ...names('keepalived would mark packets by nftables', 'nftables_ipvs', 'nftables_ipvs_priority'),
  ...names('keepalived would mark packets by nftables', 'nftables_ipvs_start_fwmark'),
  ...names(vrrp, 'nftables', 'nftables_priority', 'nftables_ifindex', 'nftables_counters'),
  ...names(snmp, 'snmp_socket', 'enable_traps', 'enable_snmp_vrrp', 'enable_snmp_keepalived'),
  ...names(
    snmp,
    'enable_snmp_rfc',
    'enable_snmp_rfcv2',
    'enable_snmp_rfcv3',
    'enable_snmp_checker',
  ),
  ...names(snmp, 'snmp_vs_stats_update_interval', 'snmp_rs_stats_update_interval'),
  ...names(daemon, 'enable_dbus', 'dbus_service_name', 'disable_local_igmp'),
  ...names(vrrp, 'vrrp_process_name', 'vrrp_mcast_group4', 'vrrp_mcast_group6'),
  ...names(vrrp, 'vrrp_garp_master_delay', 'vrrp_garp_master_repeat', 'vrrp_garp_master_refresh'),
  ...names(vrrp, 'vrrp_garp_master_refresh_repeat', 'vrrp_garp_lower_prio_delay'),
  ...names(vrrp, 'vrrp_garp_lower_prio_repeat', 'vrrp_down_timer_adverts', 'vrrp_garp_interval'),
  ...names(
    vrrp,
    'vrrp_gna_interval',
    'vrrp_min_garp',
    'vrrp_garp_extra_if',
    'vrrp_vmac_garp_intvl',
  ),
  ...names(vrrp, 'vrrp_lower_prio_no_advert', 'vrrp_higher_prio_send_advert', 'vrrp_version'),
  ...names(vrrp, 'vrrp_iptables', 'vrrp_ipsets', 'vrrp_check_unicast_src', 'vrrp_strict'),
  ...names(vrrp, 'vrrp_skip_check_adv_addr', 'vrrp_priority', 'vrrp_no_swap', 'vrrp_rt_priority'),
  ...names(vrrp, 'vrrp_cpu_affinity', 'vrrp_rlimit_rttime', 'vrrp_rlimit_rtime'),
  ...names(vrrp, 'vrrp_notify_fifo', 'vrrp_notify_fifo_script', 'vrrp_notify_priority_changes'),
  ...names(vrrp, 'fifo_write_vrrp_states_on_reload', 'vrrp_netlink_cmd_rcv_bufs'),
  ...names(vrrp, 'vrrp_netlink_cmd_rcv_bufs_force', 'vrrp_netlink_monitor_rcv_bufs'),
  ...names(vrrp, 'vrrp_netlink_monitor_rcv_bufs_force', 'vrrp_rx_bufs_policy'),
  ...names(vrrp, 'vrrp_rx_bufs_multiplier', 'vrrp_startup_delay', 'log_unknown_vrids'),
  ...names(vrrp, 'vmac_prefix', 'vmac_addr_prefix'),
}

function ssl(d: Draft): void {
  if (d.ssl !== undefined) d.bad('SSL context already specified - replacing')
  d.ssl = {}
}

const sslFile = (name: 'password' | 'ca' | 'certificate' | 'key'): Keyword => ({
  act: (d, w) => {
    if (w[1] === undefined) throw new BadValue(`SSL ${name} missing`)
    if (d.ssl?.[name] !== undefined) d.bad(`SSL ${name} already specified - replacing`)
    d.ssl = { ...d.ssl, [name]: w[1] }
  },
})

export const globalKeywords: Keywords = {
  global_defs: { block: defs },
  net_namespace: told(namespaces, { act: (d, w) => (d.global.netNamespace = wordAt(w, 1)) }),
  net_namespace_ipvs: told(namespaces, {
    act: (d, w) => (d.global.netNamespaceIpvs = wordAt(w, 1)),
  }),
  instance: {
    act: (d, w) => {
      d.global.instance = wordAt(w, 1)
      d.lines.definitions.instance = d.global.instance
    },
  },
  ...names(
    daemon,
    'linkbeat_use_polling',
    'namespace_with_ipsets',
    'use_pid_dir',
    'child_wait_time',
  ),
  SSL: {
    act: ssl,
    block: {
      password: sslFile('password'),
      ca: sslFile('ca'),
      certificate: sslFile('certificate'),
      key: sslFile('key'),
    },
  },
}
