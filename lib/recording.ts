/** OSPF packets, as they come in and leave, in a capture file. The disk never holds the protocol up. */
import { createWriteStream, type WriteStream } from 'node:fs'
import type { SpeakerEvent } from './events.ts'
import type { Clock, DatagramPort } from './ports.ts'
import { type CapturedPacket, pcapHeader, pcapRecord } from './wire/pcap.ts'

/** Octets that wait for the disk; packets that come on top are left out. */
const BACKLOG = 8 * 1024 * 1024

/** The same port, and what goes through it in a file. Whatever becomes of the file, the packets go on. */
export class Recording implements AsyncDisposable {
  readonly datagrams: DatagramPort
  readonly #file: WriteStream
  readonly #report: (event: SpeakerEvent) => void
  #isBroken = false
  #lost = 0

  constructor(
    path: string,
    datagrams: DatagramPort,
    clock: Pick<Clock, 'wall'>,
    report: (event: SpeakerEvent) => void,
  ) {
    this.#report = report
    // packets may tell of the network what is nobody's business
    this.#file = createWriteStream(path, { mode: 0o600 })
    this.#file.on('error', (error) => this.#fail(error))
    this.#file.write(pcapHeader())
    const add = (packet: Omit<CapturedPacket, 'time'>): void =>
      this.#add({ time: clock.wall(), ...packet })
    this.datagrams = {
      open: (link, receive, onError) => {
        const hear: typeof receive = (datagram) => {
          add(datagram)
          receive(datagram)
        }
        const socket = datagrams.open(link, hear, onError)
        return {
          send(destination, bytes, ttl = 1) {
            add({ source: link.address, destination, ttl, bytes })
            socket.send(destination, bytes, ttl)
          },
          membership: (group, join) => socket.membership(group, join),
          get closed() {
            return socket.closed
          },
          [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
        }
      },
      openRouted: (onError, vrf) => {
        const socket = datagrams.openRouted(onError, vrf)
        return {
          send(source, destination, bytes, ttl = 64) {
            add({ source, destination, ttl, bytes })
            socket.send(source, destination, bytes, ttl)
          },
          [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
        }
      },
    }
  }

  #add(packet: CapturedPacket): void {
    if (this.#isBroken) return
    if (this.#file.writableLength > BACKLOG) {
      if (this.#lost++ === 0) this.#say('the disk is too slow: packets are left out')
      return
    }
    this.#file.write(pcapRecord(packet))
  }

  #fail(error: Error): void {
    if (!this.#isBroken) this.#say(error.message)
    this.#isBroken = true
  }

  #say(message: string): void {
    this.#report({ type: 'error', where: 'packet recording', error: new Error(message) })
  }

  /** Resolves when the file is complete. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isBroken || this.#file.closed) return
    await new Promise<void>((resolve) => {
      this.#file.once('close', resolve)
      this.#file.end()
    })
  }
}
