/** Period of the pattern: long enough that a buffer of it serves any write. */
const PERIOD = 65_536

let pattern: Uint8Array | null = null

/**
 * Bytes of a stream from `position` on: lines of 64 characters, each with its number, so that one sees in the bytes of a segment where
 * they belong. At most 64 KiB at a time.
 */
export function textAt(position: number, length: number): Uint8Array {
  pattern ??= makePattern()
  const from = position % PERIOD
  return pattern.subarray(from, from + Math.min(length, PERIOD))
}

function makePattern(): Uint8Array {
  const bytes = new Uint8Array(2 * PERIOD)
  for (let i = 0; i < bytes.length; i++) {
    const column = i % 64
    const line = Math.floor((i % PERIOD) / 64)
    if (column < 4) bytes[i] = 48 + (Math.floor(line / 10 ** (3 - column)) % 10)
    else if (column === 4) bytes[i] = 32
    else bytes[i] = column === 63 ? 10 : 97 + ((column - 5) % 26)
  }
  return bytes
}
