/** Hello packets (A.3.2). */
import type { Reader, Writer } from './bytes.ts'

/** The body of a Hello packet. */
export interface HelloBody {
  readonly kind: 'hello'
  readonly networkMask: number
  /** Seconds, 16 bits. */
  readonly helloInterval: number
  readonly options: number
  /** Router Priority, 0 to 255; 0 is never Designated Router. */
  readonly priority: number
  /** Seconds, 32 bits. */
  readonly deadInterval: number
  /** Interface address; 0 is none. */
  readonly designatedRouter: number
  /** Interface address; 0 is none. */
  readonly backupDesignatedRouter: number
  /** Router IDs heard from lately. */
  readonly neighbors: readonly number[]
}

/*
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                        Network Mask                           |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |         HelloInterval         |    Options    |    Rtr Pri    |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                     RouterDeadInterval                        |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                      Designated Router                        |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                   Backup Designated Router                    |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                          Neighbor                             |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                              ...                              |
 */
/** Reads the body of a Hello packet. Throws DecodeError 'truncated'. */
export function decodeHello(r: Reader): HelloBody {
  const networkMask = r.u32()
  const helloInterval = r.u16()
  const options = r.u8()
  const priority = r.u8()
  const deadInterval = r.u32()
  const designatedRouter = r.u32()
  const backupDesignatedRouter = r.u32()
  const neighbors: number[] = []
  while (r.remaining > 0) neighbors.push(r.u32())
  return {
    kind: 'hello',
    networkMask,
    helloInterval,
    options,
    priority,
    deadInterval,
    designatedRouter,
    backupDesignatedRouter,
    neighbors,
  }
}

/** Writes the body of a Hello packet. */
export function encodeHello(body: HelloBody, w: Writer): void {
  w.u32(body.networkMask).u16(body.helloInterval).u8(body.options).u8(body.priority)
  w.u32(body.deadInterval).u32(body.designatedRouter).u32(body.backupDesignatedRouter)
  for (const neighbor of body.neighbors) w.u32(neighbor)
}
