/** Snapshots of two routers on a LAN and a point-to-point link, as FRR 8.4 showed them in namespaces. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { InterfaceView, LsaView, NeighborView, Snapshots } from '../../lib/cli/speaker-like.ts'

export const eth0: InterfaceView = {
  name: 'eth0',
  area: '0.0.0.0',
  state: 'DROther',
  network: 'broadcast',
  address: '10.0.1.133',
  prefixLength: 24,
  mtu: 1500,
  cost: 1,
  priority: 0,
  helloInterval: 1,
  deadInterval: 4,
  retransmitInterval: 5,
  transmitDelay: 1,
  passive: false,
  mtuIgnore: false,
  designatedRouter: '10.0.1.136',
  backupDesignatedRouter: '0.0.0.0',
}

export const eth1: InterfaceView = {
  ...eth0,
  name: 'eth1',
  state: 'Point-to-point',
  network: 'point-to-point',
  address: '10.0.2.1',
  prefixLength: 30,
  cost: 10,
  priority: 1,
  helloInterval: 10,
  deadInterval: 40,
  designatedRouter: '0.0.0.0',
}

export const onLan: NeighborView = {
  routerId: '10.0.1.136',
  address: '10.0.1.136',
  interface: 'eth0',
  priority: 1,
  state: 'Full',
  upTime: 10.002,
  deadTime: 2.999,
  retransmissions: 1,
  requests: 0,
  summaries: 0,
}

export const onLink: NeighborView = {
  ...onLan,
  address: '10.0.2.2',
  interface: 'eth1',
  upTime: 4.002,
  deadTime: 35.997,
}

const lsa: LsaView = {
  area: '0.0.0.0',
  type: 1,
  lsId: '10.0.1.133',
  advertisingRouter: '10.0.1.133',
  age: 4,
  sequence: -0x7ffffffb,
  checksum: 0xf3ba,
  links: 4,
}

const other = { lsId: '10.0.1.136', advertisingRouter: '10.0.1.136', age: 11 }

export const sample: Snapshots = {
  routerId: '10.0.1.133',
  interfaces: () => [eth0, eth1],
  neighbors: () => [onLan, onLink],
  routes: () => [
    { prefix: '10.0.1.0/24', area: '0.0.0.0', cost: 1, nextHops: [{ interface: 'eth0' }] },
    { prefix: '10.0.2.0/30', area: '0.0.0.0', cost: 10, nextHops: [{ interface: 'eth1' }] },
    {
      prefix: '10.9.9.9/32',
      area: '0.0.0.0',
      cost: 1,
      nextHops: [{ interface: 'eth0', gateway: '10.0.1.136' }],
    },
  ],
  database: () => [
    lsa,
    { ...lsa, ...other, checksum: 0x6642, links: 3 },
    {
      area: '0.0.0.0',
      type: 2,
      ...other,
      sequence: -0x7fffffff,
      checksum: 0x838b,
    },
  ],
}

/** A directory for sockets, gone after the test. The paths of `t.testdir()` are too long for a sockaddr_un. */
export function shortDir(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'ospf-cli-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}
