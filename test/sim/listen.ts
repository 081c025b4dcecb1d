import type { Datagram } from '../../lib/core/io.ts'
import { parseAddress } from '../../lib/sim/fib.ts'
import type { SimHost } from '../../lib/sim/host.ts'
import type { Network } from '../../lib/sim/network.ts'
import { formatIpv4 } from '../../lib/wire/address.ts'

/** Opens a socket on a host and notes what arrives; numbered packets are two octets. */
export function listen(net: Network, host: SimHost, name: string) {
  const datagrams: Datagram[] = []
  const got: number[] = []
  const carrier: boolean[] = []
  const attachment = host.attachments.find((a) => a.name === name)!
  const link = { name, index: attachment.index, address: attachment.address }
  const socket = host.ports.datagrams.open(
    link,
    (d) => {
      datagrams.push(d)
      got.push(d.bytes[0]! * 256 + d.bytes[1]!)
    },
    (error) => {
      throw error
    },
  )
  host.ports.links.watch((which, now) => {
    if (which === name && now !== undefined) carrier.push(now.up)
  })
  const sendBytes = (to: string, bytes: Uint8Array) => socket.send(parseAddress(to), bytes)
  const send = (to: string | number, n: number) =>
    sendBytes(typeof to === 'number' ? formatIpv4(to) : to, Uint8Array.of(n >> 8, n & 255))
  return { net, host, socket, datagrams, got, carrier, send, sendBytes }
}
