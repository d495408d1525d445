import { TapwireError } from '../../core/errors.ts'

/*
 * `wire/packet` holds the second face of each format: plain objects for tests, teaching and attacking. It allocates
 * as it likes and is not used on the way of a packet through the stack.
 */

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function concat(...pieces: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const piece of pieces) length += piece.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** Puts an address in its place. @throws ERR_INVALID_ARG_VALUE if it has not `length` bytes */
export function putAddress(target: Uint8Array, at: number, address: Uint8Array, length: number): void {
  if (address.length !== length) {
    throw new TapwireError(
      'ERR_INVALID_ARG_VALUE',
      `An address of ${length} bytes is needed here. Received ${address.length}`,
    )
  }
  target.set(address, at)
}

/** A fresh array: parsed objects never share memory with the packet, which may be overwritten. */
export function copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return bytes.slice(start, end)
}

export const NO_BYTES = new Uint8Array(0)
