/** How many LSAs a second are read from packets, and written into them. */
import { decodeLsa } from '../lib/wire/lsa.ts'
import { decodePacket, encodePacket } from '../lib/wire/packet.ts'
import { Grid } from './grid.ts'

export function codec(isShort: boolean): Record<string, number> {
  const lsas = new Grid(400, new Map()).all()
  const packets: Uint8Array[] = []
  const encode = (): void => {
    packets.length = 0
    for (let i = 0; i < lsas.length; i += 16) {
      const body = { kind: 'ls-update', lsas: lsas.slice(i, i + 16) } as const
      packets.push(encodePacket({ routerId: 1, areaId: 0 }, body))
    }
  }
  const decode = (): void => {
    for (const packet of packets) {
      const { body } = decodePacket(packet)
      if (body.kind === 'ls-update') for (const raw of body.lsas) decodeLsa(raw)
    }
  }
  const rate = (work: () => void): number => {
    const milliseconds = isShort ? 50 : 1000
    for (const end = performance.now() + milliseconds / 2; performance.now() < end; ) work()
    const begun = performance.now()
    let rounds = 0
    for (; performance.now() < begun + milliseconds; rounds++) work()
    return (1000 * rounds * lsas.length) / (performance.now() - begun)
  }
  return { 'LSAs written into packets': rate(encode), 'LSAs read from packets': rate(decode) }
}
