/** The two halves of a batch of routes by themselves: writing the messages, and the kernel's work on them. */
import { nativeNetlink } from '../lib/linux/native.ts'
import { NetlinkSocket } from '../lib/linux/netlink.ts'
import {
  decodeAcknowledgement,
  decodeMessages,
  MessageFlag,
  MessageType,
  PayloadWriter,
} from '../lib/linux/netlink-message.ts'
import {
  encodeGroup,
  encodeLeaf,
  encodeNextHopQuery,
  RTM_DELNEXTHOP,
  RTM_NEWNEXTHOP,
} from '../lib/linux/nexthop-message.ts'
import { newEntry, type Way } from '../lib/linux/route-entry.ts'
import type { Hop } from '../lib/linux/route-message.ts'
import type { RouteSettings } from '../lib/linux/route-options.ts'
import { requestsOf, type Step } from '../lib/linux/route-step.ts'

/** As the sink does: answers of so many fit into its socket's buffer. */
const PER_SEND = 512

/** Routes that all lead to the same. */
export interface Alike {
  readonly prefixes: readonly number[]
  readonly hops: readonly Hop[]
  /** Undefined: the hops are in the routes. */
  readonly group: number | undefined
  readonly settings: RouteSettings
}

const stepsOf = ({ prefixes, hops, group }: Alike, action: Step['action']): Step[] => {
  const way: Way =
    group === undefined
      ? { hops, group: undefined, source: undefined }
      : { hops: [], group: { id: group, isResilient: false, hops }, source: undefined }
  return prefixes.map((prefix) => ({ entry: newEntry(prefix, 32), action, way }))
}

/** Writes the messages into datagrams, each handed on before the next is written. */
function write(
  steps: readonly Step[],
  settings: RouteSettings,
  send: (bytes: Uint8Array) => void,
): void {
  const bulk = requestsOf(steps, settings)
  const writer = new PayloadWriter()
  for (let from = 0; from < bulk.count; from += PER_SEND) {
    writer.truncate(0)
    let last = 0
    for (let i = from; i < Math.min(bulk.count, from + PER_SEND); i++) {
      last = writer.length
      bulk.write(writer, i, i + 1)
    }
    send(writer.flag(last, MessageFlag.ack).finish())
  }
}

/** Milliseconds, and those of them that this process computed. */
export interface Taken {
  readonly ms: number
  readonly cpu: number
}

function taken(work: () => void): Taken {
  const before = process.cpuUsage()
  const begun = performance.now()
  work()
  const ms = performance.now() - begun
  const { user, system } = process.cpuUsage(before)
  return { ms, cpu: (user + system) / 1000 }
}

/** The messages alone. */
export function encodeAlone(alike: Alike): Taken {
  const steps = stepsOf(alike, 'create')
  let octets = 0
  const figure = taken(() =>
    write(steps, alike.settings, ({ length }) => {
      octets += length
    }),
  )
  if (octets < alike.prefixes.length * 40) throw new Error('nothing was written')
  return figure
}

/**
 * The kernel alone: messages that are ready, from the first send to the last acknowledgement, with
 * nobody who listens. The routes are removed again.
 */
export function sendAlone(alike: Alike): Taken {
  const native = nativeNetlink()
  const socket = native.open(0, 0x100000, () => {})
  const buffer = new Uint8Array(0x10000)
  const run = (action: Step['action']): Taken => {
    const datagrams: Uint8Array[] = []
    write(stepsOf(alike, action), alike.settings, (bytes) => datagrams.push(bytes.slice()))
    return taken(() => {
      for (const datagram of datagrams) {
        const sent = native.send(socket, datagram)
        if (sent < 0) throw new Error(`send: ${sent}`)
        const length = native.receive(socket, buffer)
        const [answer] = decodeMessages(buffer.subarray(0, Math.max(0, length)))
        if (answer?.type !== MessageType.error || decodeAcknowledgement(answer).errno !== 0)
          throw new Error('the kernel refused')
      }
    })
  }
  try {
    const figure = run('create')
    run('remove')
    return figure
  } finally {
    native.close(socket)
  }
}

/** Has a next-hop group with these ids in the kernel, the last one its own. */
export async function withGroup<T>(
  hops: readonly Hop[],
  firstId: number,
  work: (group: number) => Promise<T>,
): Promise<T> {
  using socket = NetlinkSocket.open()
  const protocol = 188
  const create = (payload: Uint8Array) => ({
    what: 'create a next hop',
    type: RTM_NEWNEXTHOP,
    flags: MessageFlag.create,
    payload,
  })
  const members = hops.map((_, i) => ({ id: firstId + i, weight: 1 }))
  const group = firstId + hops.length
  for (const [i, hop] of hops.entries())
    await socket.request(create(encodeLeaf({ id: firstId + i, protocol, hop })))
  await socket.request(create(encodeGroup({ id: group, protocol, members })))
  try {
    return await work(group)
  } finally {
    for (let id = group; id >= firstId; id--)
      await socket.request({
        what: 'remove a next hop',
        type: RTM_DELNEXTHOP,
        payload: encodeNextHopQuery(id),
      })
  }
}
