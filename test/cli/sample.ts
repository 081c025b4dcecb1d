/** Snapshots of two routers on a LAN and a point-to-point link, as FRR 8.4 showed them in namespaces. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { EventRing } from '../../lib/cli/event-ring.ts'
import type { InterfaceView, LsaView, NeighborView, Operated } from '../../lib/cli/speaker-like.ts'
import type { AnnouncementHandle, PacketCounts } from '../../lib/index.ts'
import { noVitals } from '../../lib/vitals.ts'

const packets: PacketCounts = {
  hello: 20,
  databaseDescription: 3,
  linkStateRequest: 1,
  linkStateUpdate: 5,
  linkStateAcknowledgment: 4,
}

export const eth0: InterfaceView = {
  name: 'eth0',
  area: '0.0.0.0',
  state: 'DROther',
  network: 'broadcast',
  up: true,
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
  authentication: { type: 'null', keyId: undefined, algorithm: undefined },
  designatedRouter: '10.0.1.136',
  backupDesignatedRouter: '0.0.0.0',
  neighbors: 1,
  fullNeighbors: 1,
  drops: { checksum: 2 },
  helloDue: 0.583,
  received: packets,
  sent: { ...packets, hello: 21 },
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
  drops: {},
}

export const onLan: NeighborView = {
  routerId: '10.0.1.136',
  hostname: undefined,
  address: '10.0.1.136',
  interface: 'eth0',
  area: '0.0.0.0',
  priority: 1,
  state: 'Full',
  role: 'DR',
  designatedRouter: '10.0.1.136',
  backupDesignatedRouter: '0.0.0.0',
  options: ['O', 'E'],
  upTime: 10.002,
  stateChanges: 5,
  lastEvent: 'LoadingDone',
  deadTime: 2.999,
  retransmissions: 1,
  requests: 0,
  summaries: 0,
}

export const onLink: NeighborView = {
  ...onLan,
  address: '10.0.2.2',
  interface: 'eth1',
  role: undefined,
  designatedRouter: '0.0.0.0',
  upTime: 4.002,
  deadTime: 35.997,
}

const STUB = 3
const own = { lsId: '10.0.1.133', advertisingRouter: '10.0.1.133' }
const other = { lsId: '10.0.1.136', advertisingRouter: '10.0.1.136', age: 11, own: false }

const routerLsa: LsaView = {
  area: '0.0.0.0',
  interface: undefined,
  type: 1,
  ...own,
  advertisingHostname: undefined,
  age: 4,
  sequence: -0x7ffffffb,
  checksum: 0x3ba,
  options: ['E'],
  length: 48,
  own: true,
  links: 2,
  body: {
    kind: 'router',
    virtualLink: false,
    external: true,
    border: false,
    nssaTranslator: false,
    wildcard: false,
    flags: 0,
    links: [
      { type: 2, id: 0x0a000188, data: 0x0a000185, metric: 1, tos: [] },
      { type: STUB, id: 0x0a090909, data: 0xffffffff, metric: 5, tos: [] },
    ],
  },
}

const { links: _links, ...plain } = routerLsa

const external: LsaView = {
  ...plain,
  area: undefined,
  type: 5,
  lsId: '172.16.0.0',
  checksum: 0xea0f,
  length: 36,
  prefix: '172.16.0.0/16',
  body: {
    kind: 'external',
    mask: 0xffff0000,
    metricType: 2,
    metric: 20,
    forwardingAddress: 0,
    tag: 11,
    tos: [],
  },
}

export const database: readonly LsaView[] = [
  { ...routerLsa, ...other, checksum: 0x6642 },
  routerLsa,
  {
    ...plain,
    type: 2,
    ...other,
    sequence: -0x7fffffff,
    checksum: 0x838b,
    length: 32,
    body: { kind: 'network', mask: 0xffffff00, attachedRouters: [0x0a000185, 0x0a000188] },
  },
  external,
]

const route = { area: '0.0.0.0', type2Cost: undefined, tag: undefined, age: 12, lsas: [] } as const

type SampleSpeaker = Operated['speaker']

/** What an announcement would do, and what was asked of it. */
export function announcement(prefix: string, asked: string[] = []): AnnouncementHandle {
  const down = { acknowledged: true, by: [], missing: [], unaffected: [], took: 42, steps: [] }
  return {
    prefix,
    state: 'up',
    reason: 'no gate',
    since: 1000,
    history: () => [],
    why: () => [`${prefix} came up`],
    force: (state) => void asked.push(`force ${prefix} ${state ?? 'auto'}`),
    drain: async ({ timeout } = {}) => {
      asked.push(`drain ${prefix} ${timeout ?? 'default'}`)
      return { outcome: 'done', ...down }
    },
    undrain: () => void asked.push(`undrain ${prefix}`),
    withdraw: async () => {
      asked.push(`withdraw ${prefix}`)
      return { outcome: 'done', ...down, unaffected: ['10.0.0.1'] }
    },
  } as Partial<AnnouncementHandle> as AnnouncementHandle
}

/** @param asked gets a line for everything that is asked of the speaker */
export function operated(asked: string[] = []): Operated {
  const vips = [announcement('10.9.9.9/32', asked)]
  const speaker: Partial<SampleSpeaker> = {
    routerId: '10.0.1.133',
    refresh: async () => {},
    interfaces: () => [eth1, eth0],
    neighbors: () => [onLink, onLan],
    kernelSettings: () => [],
    announcements: () => vips,
    announce: (vip, options) => {
      asked.push(`announce ${vip} ${JSON.stringify(options)}`)
      return announcement(vip, asked)
    },
    drain: async () => ({}),
    undrain: () => void asked.push('undrain'),
    reset: (which) => void asked.push(`reset ${JSON.stringify(which)}`),
    why: (prefix) => ({
      prefix,
      route: undefined,
      covering: undefined,
      candidates: [],
      notes: ['nobody advertises it'],
    }),
    whatIf: (change) => {
      asked.push(`what-if ${JSON.stringify(change)}`)
      return []
    },
    kernel: () => undefined,
    vitals: () => ({ ...noVitals, late: 0.25 }),
    spf: () => [
      {
        time: Date.UTC(2020, 0, 2, 3, 4, 5),
        what: 'tree',
        areas: ['0.0.0.0'],
        vertices: 3,
        networks: 4,
        routes: 2,
        reasons: ['router-LSA of 10.0.1.136'],
        moreReasons: 1,
        durationMs: 0.25,
      },
    ],
    status: () => ({
      routerId: '10.0.1.133',
      isBorder: false,
      isBoundary: true,
      abrType: 'cisco',
      rfc1583Compatibility: false,
      maximumPaths: 64,
      areas: [
        {
          id: '0.0.0.0',
          type: 'normal',
          translates: false,
          interfaces: 2,
          activeInterfaces: 2,
          fullNeighbors: 2,
          virtualAdjacencies: 0,
          spfRuns: 7,
        },
      ],
      routers: [
        {
          routerId: '10.0.1.136',
          area: '0.0.0.0',
          pathType: 'intra-area',
          cost: 1,
          isBorder: true,
          isBoundary: true,
          nextHops: [{ interface: 'eth0', gateway: '10.0.1.136' }],
        },
      ],
    }),
    routes: () => [
      {
        prefix: '10.9.9.9/32',
        pathType: 'intra-area',
        cost: 1,
        nextHops: [{ interface: 'eth0', gateway: '10.0.1.136' }],
        ...route,
      },
      {
        prefix: '10.0.1.0/24',
        pathType: 'intra-area',
        cost: 1,
        nextHops: [{ interface: 'eth0', gateway: undefined }],
        ...route,
      },
      {
        prefix: '10.0.2.0/30',
        pathType: 'intra-area',
        cost: 10,
        nextHops: [{ interface: 'eth1', gateway: undefined }],
        ...route,
      },
      {
        ...route,
        prefix: '172.17.0.0/16',
        pathType: 'external-2',
        area: undefined,
        cost: 1,
        type2Cost: 20,
        tag: 9,
        nextHops: [{ interface: 'eth0', gateway: '10.0.1.136' }],
      },
    ],
    database: () => [...database],
  }
  return {
    speaker: speaker as SampleSpeaker,
    options: {
      routerId: '10.0.1.133',
      installRoutes: true,
      areas: {
        '0.0.0.0': {
          interfaces: {
            eth0: {
              priority: 0,
              cost: 1,
              authentication: { type: 'simple', password: 'geheim' } as never,
            },
            eth1: { network: 'point-to-point' },
          },
          stubNetworks: { '10.9.9.9/32': 1 },
        },
        1: { type: 'nssa', summaries: false },
      },
    },
    events: new EventRing(() => 0),
    devices: (name) =>
      name.startsWith('eth')
        ? {
            index: Number(name.slice(3)) + 2,
            mtu: 1500,
            bandwidth: 10000,
            flags: ['UP', 'BROADCAST', 'RUNNING', 'MULTICAST'],
          }
        : undefined,
    wall: () => Date.UTC(2020, 0, 2, 3, 4, 15),
    now: () => 13_000,
  }
}

/** All of what comes. */
export async function said(pieces: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const piece of pieces) text += piece
  return text
}

/** A directory for sockets, gone after the test. The paths of `t.testdir()` are too long for a sockaddr_un. */
export function shortDir(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'ospf-cli-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}
