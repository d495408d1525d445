import type { TcpConnection } from '@tapwire/stack'
import { describe, expect, it } from 'vitest'
import type { NetContext } from '../src/context.ts'
import type { HandleOwner } from '../src/socket-handle.ts'
import { TcpHandle } from '../src/tcp-handle.ts'
import type { Turn } from '../src/turns.ts'

const KIB = 1024

/** A handle over a connection that has `readable` bytes, whose owner reads 64 KiB a time. */
function reader(readable: number) {
  const posted: Turn[] = []
  const liveness = { hold: () => {}, release: () => {} }
  const context = { turns: { post: (turn: Turn) => posted.push(turn) }, liveness } as unknown as NetContext
  const connection = { readable, ended: false, closeReason: undefined, handler: null }
  const handle = new TcpHandle(context)
  let reads = 0
  handle.owner = {
    onHandleRead: () => {
      connection.readable -= handle.readSize
      reads++
      return true
    },
    onHandleActivity: () => {},
  } as Partial<HandleOwner> as HandleOwner
  handle.adopt(connection as unknown as TcpConnection)
  handle.reading = true
  const round = (): void => {
    for (const turn of posted.splice(0)) turn.serve()
  }
  return { handle, connection, posted, round, reads: () => reads }
}

describe('what has come in a burst', () => {
  it('is read in one round of the event loop, each read in a turn of its own', () => {
    const { handle, connection, posted, round, reads } = reader(200 * KIB)
    handle.onReadable()
    handle.onReadable()
    expect(posted).toHaveLength(4)
    round()
    expect(reads()).toBe(4)
    expect(connection.readable).toBe(0)
    expect(posted).toHaveLength(0)
  })

  it('is read 32 times at most before others have their turn, and then on', () => {
    const { handle, posted, round, reads } = reader(40 * 64 * KIB)
    handle.onReadable()
    round()
    expect(reads()).toBe(32)
    expect(posted).toHaveLength(8)
    round()
    expect(reads()).toBe(40)
  })

  it('leaves turns without a read when the reader stops in between', () => {
    const { handle, round, reads } = reader(200 * KIB)
    handle.onReadable()
    const owner = handle.owner as HandleOwner
    const { onHandleRead } = owner
    owner.onHandleRead = (of) => {
      onHandleRead(of)
      return false
    }
    round()
    expect(reads()).toBe(1)
  })
})
