/** Breaks when it is told the right four letters, which nobody guesses at once: the fuzzer must come to them one by one. */
export function parse(input: Uint8Array): void {
  if (input[0] !== 0x4f) return
  if (input[1] !== 0x53) return
  if (input[2] !== 0x50) return
  if (input[3] === 0x46) throw new RangeError('four letters')
}
