/**
 * A netlink socket that asks and listens: requests with their answers, dumps that are asked for again when they were
 * interrupted, many changes in one send, and what the kernel tells of its own accord.
 */
import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'
import { OspfError } from '../errors.ts'
import { type NativeNetlink, nativeNetlink } from './native.ts'
import {
  type Acknowledgement,
  decodeAcknowledgement,
  decodeMessages,
  MessageFlag,
  MessageType,
  type NetlinkMessage,
  PayloadWriter,
} from './netlink-message.ts'

const { EAGAIN, EINTR, ENOBUFS, EPERM } = constants.errno

/** Options of level SOL_NETLINK. */
const NETLINK_CAP_ACK = 10
const NETLINK_EXT_ACK = 11
const NETLINK_GET_STRICT_CHK = 12

/** Datagrams read per wake-up; what is left wakes us up again, after everybody else had a turn. */
const DATAGRAMS_PER_WAKE_UP = 256
/** Octets of one send; SO_SNDBUF is 208 KiB where nobody changed it. */
const SEND_LIMIT = 0x10000
/** What one acknowledgement takes of the receive buffer, with its text and the kernel's own overhead. */
const ACKNOWLEDGEMENT_COST = 2048
/** Sends are answered before they return: so many milliseconds of them go on at once, then others get their turn. */
const TURN_MS = 5
/** Times that an interrupted dump is asked for again at once. */
const DUMP_ATTEMPTS = 32

export interface Request {
  /** What is being done, for the error message: 'RTM_NEWADDR 10.0.1.100/32'. */
  readonly what: string | (() => string)
  readonly type: number
  /** Added to those that the method itself sets. */
  readonly flags?: number
  readonly payload: Uint8Array
}

/** Many requests, which are written as they are sent. */
export interface Bulk {
  readonly count: number
  /** Appends a request, with `header` and `seal`. */
  write(writer: PayloadWriter, index: number, sequence: number): void
  /** What is being done, for the error message. */
  what(index: number): string
}

/** Why requests were refused, by index; the others were done. */
export type Refusals = ReadonlyMap<number, OspfError>

export interface NetlinkOptions {
  /** Default NETLINK_ROUTE. */
  readonly protocol?: number
  /** Multicast groups to listen to. A socket that listens should not be used to make changes: it would hear them. */
  readonly groups?: readonly number[]
  /** Octets. Default 1 MiB. */
  readonly receiveBuffer?: number
  /**
   * Octets, 8,192 at least. A dump comes in datagrams of this length, up to what the kernel gives (32 KiB). Default
   * 64 KiB; longer than this where a datagram was.
   */
  readonly datagram?: number
  /** What the kernel tells unasked, all of one wake-up at once. The payloads may be kept. */
  readonly notify?: (messages: readonly NetlinkMessage[]) => void
  /** The kernel had more to tell than the buffer held. What is known is out of date: read it again. */
  readonly overrun?: () => void
  /** Default: this machine's. */
  readonly native?: NativeNetlink
}

/** Requests, of which some at a time are sent and then awaited. */
interface Job {
  readonly bulk: Bulk
  readonly dump: boolean
  readonly resolve: (done: Done) => void
  readonly reject: (error: OspfError) => void
  readonly refusals: Map<number, OspfError>
  /** What came to the request under way. */
  replies: NetlinkMessage[]
  /** Those of the latest send. */
  from: number
  to: number
  /** Of the first of these; undefined: to be sent. */
  sequence: number | undefined
  interrupted: boolean
  attempts: number
}

interface Done {
  readonly refusals: Refusals
  readonly replies: readonly NetlinkMessage[]
}

/** One AF_NETLINK socket. Keeps the event loop alive while it listens or awaits an answer. */
export class NetlinkSocket implements Disposable {
  readonly #native: NativeNetlink
  readonly #socket: number
  readonly #options: NetlinkOptions
  readonly #answersPerSend: number
  readonly #jobs: Job[] = []
  readonly #writer = new PayloadWriter()
  #buffer: Uint8Array<ArrayBuffer>
  #sequence = 0
  #lost = false
  #sending = false
  #turnEnd: number | undefined
  #closed = false

  /** Our address. Notifications of changes that this socket asked for carry it. */
  readonly portId: number

  /**
   * Opens a socket. Throws ERR_OSPF_NATIVE without the native binding, ERR_OSPF_PERMISSION or ERR_OSPF_KERNEL when
   * the kernel refuses.
   */
  static open(options: NetlinkOptions = {}): NetlinkSocket {
    return new NetlinkSocket(options)
  }

  private constructor(options: NetlinkOptions) {
    this.#native = options.native ?? nativeNetlink()
    this.#options = options
    const { protocol = 0, receiveBuffer = 0x100000, datagram = 0x10000, groups = [] } = options
    this.#buffer = new Uint8Array(datagram)
    this.#socket = this.#native.open(protocol, receiveBuffer, () => this.#readable())
    if (this.#socket < 0) throw kernelError('open a netlink socket', { errno: -this.#socket })
    // Older kernels have not all of these; replies are read with and without.
    for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]) {
      this.#native.option(this.#socket, option, 1)
    }
    this.portId = this.#native.portId(this.#socket)
    const room = this.#native.bufferSize(this.#socket) / 2
    this.#answersPerSend = Math.max(1, Math.floor(room / ACKNOWLEDGEMENT_COST))
    for (const group of groups) {
      const result = this.#native.membership(this.#socket, group, true)
      if (result < 0) {
        this.close()
        throw kernelError(`join netlink group ${group}`, { errno: -result })
      }
    }
    this.#ref()
  }

  /**
   * Makes one request and resolves with the messages that came before its acknowledgement. Rejects with
   * ERR_OSPF_PERMISSION, ERR_OSPF_KERNEL, or ERR_OSPF_STOPPED when the socket is closed meanwhile.
   */
  async request(request: Request): Promise<readonly NetlinkMessage[]> {
    return only(await this.#enqueue(bulkOf([request]), false))
  }

  /** Makes a dump request and resolves with all of it, from an attempt that was not interrupted. */
  async dump(request: Request): Promise<readonly NetlinkMessage[]> {
    return only(await this.#enqueue(bulkOf([request]), true))
  }

  /**
   * Makes many requests, as many per send as the receive buffer has room for the answers. Resolves with what
   * became of each, in their order: undefined is success. Errno ENOBUFS: the answer got lost.
   */
  async batch(requests: readonly Request[]): Promise<readonly (OspfError | undefined)[]> {
    const refusals = await this.bulk(bulkOf(requests))
    return requests.map((_, i) => refusals.get(i))
  }

  /** As `batch`, for many that are alike. */
  async bulk(bulk: Bulk): Promise<Refusals> {
    return bulk.count === 0 ? new Map() : (await this.#enqueue(bulk, false)).refusals
  }

  /**
   * Has the kernel drop the notifications of changes that the socket with this port id asked for, so that a burst of
   * our own does not fill the buffer. Where it cannot, they arrive and carry that port id.
   */
  ignore(portId: number): void {
    this.#native.filter(this.#socket, portFilter(portId))
  }

  /** Reads what is there now, instead of at the next wake-up. */
  poll(): void {
    this.#readable()
  }

  /** Rejects what is pending with ERR_OSPF_STOPPED. Idempotent; may be called from a callback. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#native.close(this.#socket)
    for (const job of this.#jobs.splice(0)) {
      job.reject(new OspfError('ERR_OSPF_STOPPED', 'the netlink socket is closed'))
    }
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** One job is under way at a time: a second dump would be refused (EBUSY), and lost answers are plain whose. */
  #enqueue(bulk: Bulk, dump: boolean): Promise<Done> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new OspfError('ERR_OSPF_STOPPED', 'the netlink socket is closed'))
        return
      }
      this.#jobs.push({
        bulk,
        dump,
        resolve,
        reject,
        refusals: new Map(),
        replies: [],
        from: 0,
        to: 0,
        sequence: undefined,
        interrupted: false,
        attempts: 0,
      })
      this.#send()
    })
  }

  /**
   * Sends what is next in turn. The kernel answers a request before the call returns; only dumps go on, and who listens
   * is told in a turn of its own.
   */
  #send(): void {
    if (this.#sending || this.#closed) return
    this.#sending = true
    if (this.#turnEnd === undefined && this.#jobs.length > 0) {
      this.#turnEnd = performance.now() + TURN_MS
      setImmediate(() => {
        this.#turnEnd = undefined
      })
    }
    while (!this.#closed) {
      const job = this.#jobs[0]
      if (job === undefined) break
      if (job.sequence === undefined) this.#sendOne(job)
      if (this.#jobs[0] !== job || job.sequence === undefined) continue
      if (job.dump || this.#listens || performance.now() >= this.#turnEnd!) break
      this.#readable()
      if (this.#jobs[0] === job && job.sequence !== undefined) break
    }
    this.#sending = false
    this.#ref()
  }

  #sendOne(job: Job): void {
    job.replies = []
    job.interrupted = false
    job.attempts++
    const writer = this.#writer.truncate(0)
    const { bulk, from } = job
    const first = (this.#sequence + 1) >>> 0
    const end = Math.min(bulk.count, from + this.#answersPerSend)
    let [to, last] = [from, 0]
    for (; to < end; to++) {
      const start = writer.length
      bulk.write(writer, to, (first + to - from) >>> 0)
      if (writer.length > SEND_LIMIT && to > from) {
        writer.truncate(start)
        break
      }
      last = start
    }
    // failures are told in any case: that the last is done tells that all before it are
    writer.flag(last, job.dump ? MessageFlag.dump : MessageFlag.ack)
    job.to = to
    job.sequence = first
    this.#sequence = (this.#sequence + to - from) >>> 0
    const sent = this.#native.send(this.#socket, writer.finish())
    if (sent < 0) this.#give(job, { errno: -sent, text: undefined })
  }

  /** Ends a send: what was not answered will not be, and this is why; without a reason, it is done. */
  #give(job: Job, answer?: Acknowledgement): void {
    const { bulk, refusals, from, to } = job
    for (let i = from; answer !== undefined && i < to; i++)
      if (!refusals.has(i)) refusals.set(i, kernelError(bulk.what(i), answer))
    if (to < bulk.count) {
      job.from = to
      return this.#again(job)
    }
    this.#jobs.shift()
    job.resolve({ refusals, replies: job.replies })
    this.#send()
  }

  #readable(): void {
    const told: NetlinkMessage[] = []
    let drained = false
    // what is next is not sent before all that is there has been read
    const isInside = this.#sending
    this.#sending = true
    for (let i = 0; i < DATAGRAMS_PER_WAKE_UP && !drained && !this.#closed; i++) {
      const length = this.#native.receive(this.#socket, this.#buffer)
      if (length === -EAGAIN) {
        drained = true
      } else if (length < 0 || length > this.#buffer.length) {
        // ENOBUFS, or a datagram that was cut off: something is lost.
        this.#lost = true
        if (length > this.#buffer.length) this.#buffer = new Uint8Array(length)
      } else {
        for (const message of decodeMessages(this.#buffer.slice(0, length))) {
          this.#take(message, told)
        }
      }
    }
    this.#sending = isInside
    if (this.#closed) return
    if (this.#lost && !drained) setImmediate(() => this.#readable())
    // The kernel tells nothing new until the buffer is empty: only then is there a point in reading again.
    const overrun = drained && this.#lost
    if (overrun) this.#recover()
    this.#send()
    if (told.length > 0) this.#options.notify?.(told)
    if (overrun && !this.#closed) this.#options.overrun?.()
  }

  #take(message: NetlinkMessage, told: NetlinkMessage[]): void {
    const job = this.#jobs[0]
    const index =
      job?.sequence === undefined
        ? Number.POSITIVE_INFINITY
        : job.from + ((message.sequence - job.sequence) >>> 0)
    if (job === undefined || message.portId !== this.portId || index >= job.to) {
      // Leftovers of a dump that was given up carry our port id; notifications that we did not cause do not.
      if (message.portId !== this.portId && message.type >= 16) told.push(message)
      return
    }
    if ((message.flags & MessageFlag.dumpInterrupted) !== 0) job.interrupted = true
    if (message.type === MessageType.error || message.type === MessageType.done) {
      this.#answered(job, index, decodeAcknowledgement(message))
    } else if (message.type >= 16) {
      job.replies.push(message)
    }
  }

  #answered(job: Job, index: number, answer: Acknowledgement): void {
    const { bulk, refusals } = job
    if (refusals.has(index)) return
    if (answer.errno !== 0) {
      refusals.set(index, kernelError(bulk.what(index), answer))
    } else if (job.interrupted) {
      if (job.attempts < DUMP_ATTEMPTS) return this.#again(job)
      const text = 'what was read kept changing'
      refusals.set(index, kernelError(bulk.what(index), { errno: EINTR, text }))
    }
    if (index < job.to - 1) return
    // the failure of one before may be what got lost
    if (this.#lost) this.#give(job, LOST)
    else this.#give(job)
  }

  #again(job: Job): void {
    job.sequence = undefined
    this.#send()
  }

  /** The buffer overflowed and is empty now: answers that are still missing will not come. */
  #recover(): void {
    this.#lost = false
    const job = this.#jobs[0]
    if (job?.sequence === undefined) return
    if (job.dump && job.attempts < DUMP_ATTEMPTS) return this.#again(job)
    this.#give(job, LOST)
  }

  #ref(): void {
    if (!this.#closed) this.#native.ref(this.#socket, this.#listens || this.#jobs.length > 0)
  }

  get #listens(): boolean {
    return (this.#options.groups ?? []).length > 0
  }
}

const LOST: Acknowledgement = { errno: ENOBUFS, text: 'the answer got lost' }

const wordsOf = ({ what }: Request): string => (typeof what === 'string' ? what : what())

/** Requests that are written already. */
const bulkOf = (requests: readonly Request[]): Bulk => ({
  count: requests.length,
  write(writer, index, sequence) {
    const { type, flags = 0, payload } = requests[index]!
    const start = writer.length
    writer.header(type, flags, sequence).bytes(payload).seal(start)
  },
  what: (index) => wordsOf(requests[index]!),
})

/** What came of a single request. */
function only({ refusals, replies }: Done): readonly NetlinkMessage[] {
  const [error] = refusals.values()
  if (error !== undefined) throw error
  return replies
}

const names = new Map(Object.entries(constants.errno).map(([name, errno]) => [errno, name]))

/** The error for a refused call: what was tried, the kernel's words, and the symbolic errno. */
export function kernelError(
  what: string,
  answer: { readonly errno: number; readonly text?: string | undefined },
): OspfError {
  const errno = names.get(answer.errno) ?? `errno ${answer.errno}`
  const words = getSystemErrorMap().get(-answer.errno)?.[1]
  const said = [words, answer.text].filter((s) => s !== undefined).join(': ')
  const message = `${what}: ${said || 'refused'} (${errno})`
  return answer.errno === EPERM
    ? new OspfError('ERR_OSPF_PERMISSION', `${message}; CAP_NET_ADMIN is needed`, { errno })
    : new OspfError('ERR_OSPF_KERNEL', message, { errno })
}

/**
 * Classic BPF: load nlmsg_pid (which BPF reads in network order), drop on a match.
 * Notifications are one message per datagram, so the first header is the only one.
 */
function portFilter(portId: number): Uint8Array {
  const swapped = new Uint8Array(new Uint32Array([portId]).buffer)
  const k = new DataView(swapped.buffer).getUint32(0)
  const program: readonly [code: number, jt: number, jf: number, k: number][] = [
    [0x20, 0, 0, 12], // ld [12]
    [0x15, 0, 1, k], // jeq #port, next, +1
    [0x06, 0, 0, 0], // ret #0
    [0x06, 0, 0, 0xffffffff], // ret #-1
  ]
  const bytes = new Uint8Array(program.length * 8)
  for (const [i, [code, jt, jf, k]] of program.entries()) {
    bytes.set(new Uint8Array(new Uint16Array([code]).buffer), i * 8)
    bytes.set([jt, jf], i * 8 + 2)
    bytes.set(new Uint8Array(new Uint32Array([k]).buffer), i * 8 + 4)
  }
  return bytes
}
