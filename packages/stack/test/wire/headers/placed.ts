import fc from 'fast-check'
import { expect } from 'vitest'

/** Every header stands at this odd place, so that a wrong base offset cannot hide. */
export const AT = 3

export function placed(bytes: Uint8Array): DataView {
  const around = new Uint8Array(bytes.length + 8).fill(0xcc)
  around.set(bytes, AT)
  return new DataView(around.buffer)
}

/** Runs a writer on a dirty buffer. @returns the bytes it wrote */
export function wrote(length: number, write: (view: DataView) => void): Uint8Array {
  const around = new Uint8Array(length + 8).fill(0xcc)
  write(new DataView(around.buffer))
  expect([...around.subarray(0, AT), ...around.subarray(AT + length)].every((byte) => byte === 0xcc)).toBe(
    true,
  )
  return around.slice(AT, AT + length)
}

export const i32 = fc.integer({ min: -0x80000000, max: 0x7fffffff })
export const words = (bytes: Uint8Array): number[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(i * 4))
}
