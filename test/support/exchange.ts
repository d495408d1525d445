import { createCipheriv, createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'

/** Bytes that look random, the same for the same word everywhere. */
export function wordBytes(word: string, length: number): Buffer {
  const key = createHash('sha256').update(word).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length))
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export interface Exchanged {
  readonly bytes: number
  readonly sha256: string
}

/** Sends all of `bytes` and its end, reads to the other's, and says what came. @param pause ms of rest after each read */
export async function exchange(socket: Socket, bytes: Uint8Array, pause = 0): Promise<Exchanged> {
  const hash = createHash('sha256')
  let count = 0
  socket.on('data', (chunk) => {
    hash.update(chunk)
    count += chunk.length
    if (pause === 0) return
    socket.pause()
    setTimeout(() => socket.resume(), pause)
  })
  const ended = once(socket, 'end')
  socket.end(bytes)
  await ended
  return { bytes: count, sha256: hash.digest('hex') }
}

/** The same as a program for `node -e` on the kernel's side: it connects, exchanges, and prints count and hash. */
export function exchangeProgram(
  address: string,
  port: number,
  word: string,
  length: number,
  pause = 0,
): string {
  return `const { createHash, createCipheriv } = require('crypto')
    const key = createHash('sha256').update('${word}').digest()
    const bytes = createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(${length}))
    const socket = require('net').connect({ host: '${address}', port: ${port}, allowHalfOpen: true })
    const hash = createHash('sha256')
    let count = 0
    socket.on('data', (chunk) => {
      hash.update(chunk)
      count += chunk.length
      if (${pause} === 0) return
      socket.pause()
      setTimeout(() => socket.resume(), ${pause})
    })
    socket.on('end', () => console.log(JSON.stringify({ bytes: count, sha256: hash.digest('hex') })))
    socket.end(bytes)`
}
