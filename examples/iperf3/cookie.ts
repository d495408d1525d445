import { randomInt } from 'node:crypto'

/** 36 characters and a NUL: they say which control connection a stream belongs to. */
export const COOKIE_LENGTH = 37

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

export function makeCookie(): Buffer {
  const cookie = Buffer.alloc(COOKIE_LENGTH)
  for (let i = 0; i < COOKIE_LENGTH - 1; i++) cookie[i] = ALPHABET.charCodeAt(randomInt(ALPHABET.length))
  return cookie
}

/** Whether this can be one: text of any kind, ended by a NUL. What else arrives at the port is not iperf3. */
export function isCookie(bytes: Uint8Array): boolean {
  if (bytes.length !== COOKIE_LENGTH || bytes[COOKIE_LENGTH - 1] !== 0) return false
  return bytes.subarray(0, COOKIE_LENGTH - 1).every((byte) => byte > 0x20 && byte < 0x7f)
}
