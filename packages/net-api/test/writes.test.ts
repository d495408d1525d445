import type { TcpConnection } from '@tapwire/stack'
import { describe, expect, it } from 'vitest'
import type { NetContext } from '../src/context.ts'
import { TcpHandle } from '../src/tcp-handle.ts'
import type { Turn } from '../src/turns.ts'

/** A handle over a connection that takes as much as it has room for, and says for each write whether it was corked. */
function writer(room = Number.POSITIVE_INFINITY) {
  const posted: Turn[] = []
  const corked: boolean[] = []
  const context = {
    stack: { engine: { run: (body: () => void) => body() } },
    turns: { post: (turn: Turn) => posted.push(turn) },
    liveness: { hold: () => {}, release: () => {} },
  } as unknown as NetContext
  const connection = {
    closeReason: undefined,
    cork: false,
    room,
    write(bytes: Uint8Array, start = 0) {
      corked.push(this.cork)
      const taken = Math.min(this.room, bytes.length - start)
      this.room -= taken
      return taken
    },
  }
  const handle = new TcpHandle(context)
  handle.adopt(connection as unknown as TcpConnection)
  const write = (length: number): void => handle.write([new Uint8Array(length)], () => {})
  const turn = (): void => {
    for (const next of posted.splice(0)) next.serve()
  }
  const roomFor = (length: number): void => {
    connection.room = length
    handle.onWritable()
  }
  return { connection, corked, posted, write, turn, roomFor }
}

describe('a write that is part of a stream', () => {
  it('leaves in full segments until its turn is over, together with what follows', () => {
    const { connection, corked, posted, write, turn } = writer()
    write(65_536)
    write(65_536)
    write(10)
    expect(corked).toEqual([true, true, true])
    expect(posted).toHaveLength(1)
    turn()
    expect(connection.cork).toBe(false)
  })

  it('has no end while the send ring has not taken all of it', () => {
    const { connection, write, turn, roomFor } = writer(65_000)
    write(65_536)
    turn()
    expect(connection.cork).toBe(true)
    roomFor(100)
    turn()
    expect(connection.cork).toBe(true)
    roomFor(1000)
    turn()
    expect(connection.cork).toBe(true)
    turn()
    expect(connection.cork).toBe(false)
  })

  it('is not what a small one is', () => {
    const { corked, posted, write } = writer()
    write(1000)
    expect(corked).toEqual([false])
    expect(posted).toHaveLength(0)
  })
})
