/** What runs in the namespace of the fake peers: orders come and reports leave as messages. */
import { execFileSync } from 'node:child_process'
import { LinuxLinks } from '../lib/linux/links.ts'
import { RawSocketPort } from '../lib/linux/socket.ts'
import { formatIpv4 } from '../lib/wire/address.ts'
import { Grid } from './grid.ts'
import { FakePeer, monotonic } from './peer.ts'

export type Order =
  | {
      readonly what: 'links'
      readonly other: number
      readonly grid: number
      readonly full: boolean
    }
  | { readonly what: 'segment'; readonly count: number }
  | { readonly what: 'load' }
  | { readonly what: 'toggle'; readonly router: number }
  | { readonly what: 'vip'; readonly peer: number; readonly there: boolean }
  | { readonly what: 'metric'; readonly metric: number }
  | { readonly what: 'churn'; readonly perSecond: number; readonly seconds: number }
  | { readonly what: 'report' }

export interface Report {
  /** Milliseconds of `monotonic`, when the order was begun and done; of a change, when its LSA was there to be sent. */
  readonly begun: number
  readonly done: number
  readonly hellos: readonly number[]
  readonly exStartAt: number | undefined
  readonly listed: readonly (number | undefined)[]
  /** Of the last load or churn. */
  readonly acknowledged: number
  readonly sent: number
  /** CPU seconds of the peers. */
  readonly cpu: number
}

export const VIP = 0xc0000201
const FIRST_SEQUENCE = -0x7fffffff
const LATE_MS = 100

const links = await LinuxLinks.open()
const port = new RawSocketPort()
const peers: FakePeer[] = []
let grid = new Grid(0, new Map())
let other = 0
let [sent, sequence, metric] = [0, FIRST_SEQUENCE, 10]
const announcers = new Set<number>()
let begun = 0

const idOf = (peer: number): number => 0x0a000001 + peer
const cornerOf = (peer: number): number => (peer === 0 ? 0 : Math.max(0, grid.size - 1))

function own(peer: number): ReturnType<FakePeer['say']> {
  const far =
    grid.size > 0
      ? [{ type: 1, id: grid.idOf(cornerOf(peer)), data: 1, metric: peer ? 1000 : metric, tos: [] }]
      : []
  const vip = { type: 3, id: VIP, data: 0xffffffff, metric: 1, tos: [] }
  return peers[peer]!.say([...far, ...(announcers.has(peer) ? [vip] : [])], other, sequence)
}

async function obey(order: Order): Promise<void> {
  const [first] = peers
  switch (order.what) {
    case 'links': {
      other = order.other
      const devices = [...links.links().values()].filter(({ name }) => name.startsWith('eth'))
      const near = new Map<number, number>()
      if (order.grid > 0) {
        near.set(0, idOf(0))
        if (devices.length > 1) near.set(order.grid - 1, idOf(1))
      }
      grid = new Grid(order.grid, near)
      for (const [i, device] of devices.entries()) {
        const { address } = device.addresses[0]!
        const plan = { device, routerId: idOf(i), address, network: 'point-to-point' } as const
        peers.push(new FakePeer(port, plan))
        own(i)
      }
      if (order.full) for (const lsa of grid.all()) await keep(lsa)
      return
    }
    case 'segment': {
      const device = links.links().get('eth0')!
      const { address } = device.addresses[0]!
      const lines = Array.from({ length: order.count - 1 }, (_, i) => {
        return `addr add ${formatIpv4(address + i + 1)}/16 dev eth0`
      })
      execFileSync('ip', ['-batch', '-'], { input: lines.join('\n') })
      for (let i = 0; i < order.count; i++) {
        const plan = {
          device,
          routerId: idOf(i),
          address: address + i,
          network: 'broadcast',
        } as const
        peers.push(new FakePeer(port, plan))
      }
      return
    }
    case 'load':
      count(grid.size)
      return first!.flood(grid.all())
    case 'toggle':
      return change(first!, grid.toggle(order.router))
    case 'vip':
      if (order.there) announcers.add(order.peer)
      else announcers.delete(order.peer)
      sequence++
      return change(peers[order.peer]!, own(order.peer))
    case 'metric':
      metric = order.metric
      sequence++
      return change(first!, own(0))
    case 'churn': {
      // small bursts, each LSA as seldom as can be
      count(order.perSecond * order.seconds)
      const burst = Math.max(1, Math.round(order.perSecond / 100))
      let due = monotonic()
      for (let i = 0; i < order.perSecond * order.seconds; ) {
        const some = Array.from({ length: burst }, () => grid.reweigh(i++ % grid.size))
        await first!.flood(some)
        // what is late is not caught up with: the same LSA would come too soon (MinLSArrival)
        due = Math.max(due + (1000 * burst) / order.perSecond, monotonic() - LATE_MS)
        const ahead = due - monotonic()
        if (ahead > 1) await new Promise((resolve) => setTimeout(resolve, ahead))
      }
      return
    }
    case 'report':
  }
}

/** What a change takes begins when it is sent, and not when we make it. */
function change(peer: FakePeer, lsa: ReturnType<Grid['lsa']>): Promise<void> {
  begun = monotonic()
  return peer.flood([lsa])
}

/** So many will be sent; what was acknowledged before is forgotten. */
function count(lsas: number): void {
  sent = lsas
  for (const peer of peers) peer.acknowledged = 0
}

async function keep(lsa: ReturnType<Grid['lsa']>): Promise<void> {
  const { type, lsId, advertisingRouter } = lsa.header
  peers[0]!.database.set(`${type}/${lsId}/${advertisingRouter}`, lsa)
}

process.on('message', (order: Order) => {
  begun = monotonic()
  void obey(order).then(() => {
    const { user, system } = process.cpuUsage()
    const report: Report = {
      begun,
      done: monotonic(),
      hellos: peers[0]?.hellos ?? [],
      exStartAt: peers[0]?.exStartAt,
      listed: peers.map((peer) => peer.listedAt),
      acknowledged: peers.reduce((sum, peer) => sum + peer.acknowledged, 0),
      sent,
      cpu: (user + system) / 1e6,
    }
    process.send?.(report)
  })
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
