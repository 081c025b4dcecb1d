/**
 * One end of a link: started by socket.test.ts inside a network namespace, since Node cannot enter one by itself.
 * Commands come and answers go over the IPC channel.
 */
import { createHash } from 'node:crypto'
import { RawSocketPort } from '../../lib/linux/socket.ts'
import type { DatagramSocket } from '../../lib/ports.ts'

export type Command =
  | { readonly do: 'open'; readonly name: string; readonly index: number; readonly address: number }
  | {
      readonly do: 'send'
      readonly to: number
      readonly size: number
      readonly count: number
      readonly ttl?: number
    }
  | { readonly do: 'membership'; readonly group: number; readonly join: boolean }
  /** Keeps the loop busy, for milliseconds. */
  | { readonly do: 'block'; readonly time: number }
  | { readonly do: 'close' }
  | { readonly do: 'exit' }

export type Answer =
  | {
      readonly type: 'done'
      readonly code?: string
      readonly errno?: string
      readonly message?: string
    }
  | {
      readonly type: 'received'
      readonly source: number
      readonly destination: number
      readonly ttl: number
      readonly interface: string
      readonly length: number
      /** First four octets. */
      readonly number: number
      readonly whole: boolean
      /** A microtask ran in the turn of the packet. */
      readonly prompt: boolean
    }
  | {
      readonly type: 'error'
      readonly code: string
      readonly errno: string | undefined
      readonly message: string
    }

const say = (answer: Answer): void => void process.send?.(answer)

/** A numbered packet whose receiver can tell whether it is whole: it ends in a digest of what goes before. */
export function testPacket(number: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size).fill(number & 0xff)
  new DataView(bytes.buffer).setUint32(0, number)
  bytes.set(digest(bytes.subarray(0, size - 8)), size - 8)
  return bytes
}

const digest = (bytes: Uint8Array): Uint8Array =>
  createHash('sha256').update(bytes).digest().subarray(0, 8)

const port = new RawSocketPort()
let socket: DatagramSocket | undefined
let sent = 0

async function perform(command: Command): Promise<void> {
  switch (command.do) {
    case 'open':
      socket = port.open(
        command,
        ({ source, destination, ttl, interface: name, bytes }) => {
          const length = bytes.length
          const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
          const end = bytes.length - 8
          const whole = Buffer.compare(digest(bytes.subarray(0, end)), bytes.subarray(end)) === 0
          // Would come after the answer if microtasks waited for some other event.
          let prompt = false
          void Promise.resolve().then(() => {
            prompt = true
          })
          setImmediate(() =>
            say({
              type: 'received',
              source,
              destination,
              ttl,
              interface: name,
              length,
              number,
              whole,
              prompt,
            }),
          )
        },
        (error) => {
          const { code, errno } = error as { code?: string; errno?: string }
          say({ type: 'error', code: code ?? '', errno, message: error.message })
        },
      )
      return
    case 'send':
      for (let n = 0; n < command.count; n++)
        socket?.send(command.to, testPacket(sent++, command.size), command.ttl)
      return
    case 'membership':
      socket?.membership(command.group, command.join)
      return
    case 'block':
      for (const end = Date.now() + command.time; Date.now() < end; );
      return
    case 'close':
      await socket?.[Symbol.asyncDispose]()
      return
    case 'exit':
      process.exit(0)
  }
}

process.on('message', async (command: Command) => {
  try {
    await perform(command)
    say({ type: 'done' })
  } catch (error) {
    const { code, errno, message } = error as { code?: string; errno?: string; message: string }
    say({
      type: 'done',
      message,
      ...(code === undefined ? {} : { code }),
      ...(errno === undefined ? {} : { errno }),
    })
  }
})
// Whoever started us is gone.
process.on('disconnect', () => process.exit(0))
