import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'

export const MEBIBYTE = 1024 * 1024
const CHUNK = 256 * 1024
const BLOCK = 4 * MEBIBYTE

/** Bytes that look random and are the same everywhere (xorshift32). */
function makeBlock(): Uint8Array {
  const words = new Uint32Array(BLOCK / 4)
  let x = 0x9e3779b9
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    words[i] = x
  }
  return new Uint8Array(words.buffer)
}

let block: Uint8Array | null = null

/**
 * Piece `index` of the payload: a window on one block that starts elsewhere every time, so that a piece lost,
 * doubled or out of place changes the hash, and no byte is copied to make it.
 */
function piece(index: number, length: number): Uint8Array {
  block ??= makeBlock()
  const start = (index * 70_001) % (BLOCK - CHUNK)
  return block.subarray(start, start + length)
}

function* pieces(bytes: number): Generator<Uint8Array> {
  for (let index = 0, left = bytes; left > 0; index++) {
    const length = Math.min(CHUNK, left)
    yield piece(index, length)
    left -= length
  }
}

/** `bytes` bytes that both sides know. `onRead` hears how many have been taken so far. */
export function payloadStream(bytes: number, onRead: (bytes: number) => void = () => {}): Readable {
  const source = pieces(bytes)
  let taken = 0
  return new Readable({
    highWaterMark: 2 * CHUNK,
    read() {
      const next = source.next()
      if (!next.done) {
        taken += next.value.length
        onRead(taken)
      }
      this.push(next.done ? null : next.value)
    },
  })
}

const hashes = new Map<number, string>()

/** The SHA-256 of `payloadStream(bytes)`, in hexadecimal. */
export function payloadHash(bytes: number): string {
  const known = hashes.get(bytes)
  if (known !== undefined) return known
  const hash = createHash('sha256')
  for (const chunk of pieces(bytes)) hash.update(chunk)
  const digest = hash.digest('hex')
  hashes.set(bytes, digest)
  return digest
}
