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
  encodeMessages,
  MessageFlag,
  MessageType,
  messageSize,
  type NetlinkMessage,
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

export interface NetlinkOptions {
  /** Default NETLINK_ROUTE. */
  readonly protocol?: number
  /** Multicast groups to listen to. A socket that listens should not be used to make changes: it would hear them. */
  readonly groups?: readonly number[]
  /** Octets. Default 1 MiB. */
  readonly receiveBuffer?: number
  /** What the kernel tells unasked, all of one wake-up at once. The payloads may be kept. */
  readonly notify?: (messages: readonly NetlinkMessage[]) => void
  /** The kernel had more to tell than the buffer held. What is known is out of date: read it again. */
  readonly overrun?: () => void
  /** Default: this machine's. */
  readonly native?: NativeNetlink
}

/** One send, and what is awaited for it. */
interface Job {
  readonly requests: readonly Request[]
  readonly dump: boolean
  readonly resolve: (outcomes: Outcome[]) => void
  readonly reject: (error: OspfError) => void
  /** By request; undefined: not answered yet. */
  readonly outcomes: (Outcome | undefined)[]
  /** What came since the last acknowledgement. */
  replies: NetlinkMessage[]
  /** Of the first request; undefined: to be sent. */
  sequence: number | undefined
  interrupted: boolean
  attempts: number
}

type Outcome = readonly NetlinkMessage[] | OspfError

/** One AF_NETLINK socket. Keeps the event loop alive while it listens or awaits an answer. */
export class NetlinkSocket implements Disposable {
  readonly #native: NativeNetlink
  readonly #socket: number
  readonly #options: NetlinkOptions
  readonly #answersPerSend: number
  readonly #jobs: Job[] = []
  #buffer = new Uint8Array(0x10000)
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
    const { protocol = 0, receiveBuffer = 0x100000, groups = [] } = options
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
    const [outcome] = await this.#enqueue([request], false)
    if (outcome instanceof OspfError) throw outcome
    return outcome ?? []
  }

  /** Makes a dump request and resolves with all of it, from an attempt that was not interrupted. */
  async dump(request: Request): Promise<readonly NetlinkMessage[]> {
    const [outcome] = await this.#enqueue([request], true)
    if (outcome instanceof OspfError) throw outcome
    return outcome ?? []
  }

  /**
   * Makes many requests, as many per send as the receive buffer has room for the answers. Resolves with what
   * became of each, in their order: undefined is success. Errno ENOBUFS: the answer got lost.
   */
  async batch(requests: readonly Request[]): Promise<readonly (OspfError | undefined)[]> {
    const jobs: Promise<Outcome[]>[] = []
    for (let start = 0; start < requests.length; ) {
      let end = start
      for (let size = 0; end < requests.length && end - start < this.#answersPerSend; end++) {
        size += messageSize(requests[end]!.payload.length)
        if (size > SEND_LIMIT && end > start) break
      }
      jobs.push(this.#enqueue(requests.slice(start, end), false))
      start = end
    }
    const outcomes = (await Promise.all(jobs)).flat()
    return outcomes.map((outcome) => (outcome instanceof OspfError ? outcome : undefined))
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
  #enqueue(requests: readonly Request[], dump: boolean): Promise<Outcome[]> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new OspfError('ERR_OSPF_STOPPED', 'the netlink socket is closed'))
        return
      }
      const outcomes = requests.map(() => undefined)
      const state = { replies: [], sequence: undefined, interrupted: false, attempts: 0 }
      this.#jobs.push({ requests, dump, resolve, reject, outcomes, ...state })
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
      if (this.#jobs[0] !== job) continue
      if (job.dump || this.#listens || performance.now() >= this.#turnEnd!) break
      this.#readable()
      if (this.#jobs[0] === job) break
    }
    this.#sending = false
    this.#ref()
  }

  #sendOne(job: Job): void {
    job.replies = []
    job.interrupted = false
    job.attempts++
    const { requests } = job
    const first = (this.#sequence + 1) >>> 0
    job.sequence = first
    this.#sequence = (this.#sequence + requests.length) >>> 0
    const sent = this.#native.send(
      this.#socket,
      encodeMessages(
        requests.map(({ type, flags = 0, payload }, i) => {
          // failures are told in any case: that the last is done tells that all before it are
          const isLast = i === requests.length - 1
          const extra = job.dump ? MessageFlag.dump : isLast ? MessageFlag.ack : 0
          const sequence = (first + i) >>> 0
          return { type, flags: flags | MessageFlag.request | extra, sequence, portId: 0, payload }
        }),
      ),
    )
    if (sent < 0) this.#give(job, { errno: -sent, text: undefined })
  }

  /** Ends a job: what was not answered will not be, and this is why; without a reason, it is done. */
  #give(job: Job, answer?: Acknowledgement): void {
    this.#jobs.shift()
    const { outcomes, requests } = job
    job.resolve(
      outcomes.map((o, i) => o ?? (answer ? kernelError(wordsOf(requests[i]!), answer) : DONE)),
    )
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
        : (message.sequence - job.sequence) >>> 0
    if (job === undefined || message.portId !== this.portId || index >= job.requests.length) {
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
    if (job.outcomes[index] !== undefined) return
    const what = wordsOf(job.requests[index]!)
    if (answer.errno !== 0) {
      job.outcomes[index] = kernelError(what, answer)
    } else if (job.interrupted) {
      if (job.attempts < DUMP_ATTEMPTS) return this.#again(job)
      const text = 'what was read kept changing'
      job.outcomes[index] = kernelError(what, { errno: EINTR, text })
    } else {
      job.outcomes[index] = job.replies
    }
    job.replies = []
    if (index < job.requests.length - 1) return
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
const DONE: readonly NetlinkMessage[] = []

const wordsOf = ({ what }: Request): string => (typeof what === 'string' ? what : what())

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
