/** Changes inputs: octets, numbers, pieces, words. */
import type { Random } from '../../lib/sim/random.ts'

const interesting = [0, 1, 2, 3, 4, 0x10, 0x20, 0x7f, 0x80, 0xfe, 0xff]

/** A number of one, two or four octets, in either order. */
function putNumber(bytes: Uint8Array, random: Random): void {
  const width = random.pick([1, 2, 4])
  if (bytes.length < width) return
  const at = random.int(bytes.length - width + 1)
  const little = random.chance(0.5)
  const read = (i: number): number => bytes[at + (little ? i : width - 1 - i)]!
  let value = 0
  for (let i = width - 1; i >= 0; i--) value = value * 256 + read(i)
  const choices = [
    () => value + random.int(17) - 8,
    () => random.pick(interesting),
    () => bytes.length - at + random.int(9) - 4,
    () => 2 ** (8 * width) - 1 - random.int(4),
    () => 2 ** (8 * width - 1) + random.int(3) - 1,
    () => random.u32(),
  ]
  let next = random.pick(choices)()
  for (let i = 0; i < width; i++) {
    bytes[at + (little ? i : width - 1 - i)] = next & 0xff
    next = Math.floor(next / 256)
  }
}

function splice(
  bytes: Uint8Array,
  at: number,
  remove: number,
  insert: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes.length - remove + insert.length)
  out.set(bytes.subarray(0, at))
  out.set(insert, at)
  out.set(bytes.subarray(at + remove), at + insert.length)
  return out
}

export interface MutationOptions {
  /** Words and numbers of the format. */
  readonly words: readonly Uint8Array[]
  readonly maximumLength: number
}

/** One to eight changes to an input; `other`: another one, to take pieces of. */
export function mutate(
  input: Uint8Array,
  other: Uint8Array,
  random: Random,
  { words, maximumLength }: MutationOptions,
): Uint8Array<ArrayBuffer> {
  let bytes = new Uint8Array(input)
  const piece = (of: Uint8Array): [number, number] => {
    const at = random.int(of.length + 1)
    return [at, Math.min(of.length - at, 1 + random.int(random.pick([4, 16, 64])))]
  }
  for (let changes = 1 + random.int(random.pick([1, 3, 8])); changes > 0; changes--) {
    const at = random.int(bytes.length + 1)
    const choices: (() => void)[] = [
      () => {
        if (bytes.length > 0) bytes[random.int(bytes.length)]! ^= 1 << random.int(8)
      },
      () => {
        if (bytes.length > 0) bytes[random.int(bytes.length)] = random.int(256)
      },
      () => putNumber(bytes, random),
      () => putNumber(bytes, random),
      () => {
        const noise = Uint8Array.from({ length: 1 + random.int(4) }, () => random.int(256))
        bytes = splice(bytes, at, 0, noise)
      },
      () => {
        const [from, length] = piece(bytes)
        bytes = splice(bytes, from, length, new Uint8Array())
      },
      () => {
        const [from, length] = piece(bytes)
        bytes = splice(bytes, at, 0, bytes.slice(from, from + length))
      },
      () => {
        const [from, length] = piece(other)
        const over = random.chance(0.5) ? Math.min(length, bytes.length - at) : 0
        bytes = splice(bytes, at, over, other.subarray(from, from + length))
      },
      () => {
        bytes = bytes.slice(0, at)
      },
    ]
    if (words.length > 0) {
      const put = (): void => {
        const word = random.pick(words)
        const over = random.chance(0.5) ? Math.min(word.length, bytes.length - at) : 0
        bytes = splice(bytes, at, over, word)
      }
      choices.push(put, put)
    }
    random.pick(choices)()
  }
  return bytes.length > maximumLength ? bytes.slice(0, maximumLength) : bytes
}
