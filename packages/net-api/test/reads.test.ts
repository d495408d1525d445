import type { ListenerHandler, TcpConnection, TcpListener } from '@tapwire/stack'
import { describe, expect, it } from 'vitest'
import type { NetContext } from '../src/context.ts'
import { ListenHandle } from '../src/listen-handle.ts'
import type { ServerHandleOwner } from '../src/server-handle.ts'
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

/** A server over a listener with `pending` connections. */
function server(pending: number) {
  const posted: Turn[] = []
  const queue = Array.from({ length: pending }, () => ({ closeReason: undefined }) as TcpConnection)
  const listener = {
    get pending() {
      return queue.length
    },
    accept: () => queue.shift() ?? null,
  } as TcpListener
  const listen = (_: unknown, handler: ListenerHandler): TcpListener => {
    listener.handler = handler
    return listener
  }
  const context = {
    stack: { interfaces: [], tcp: { listen } },
    turns: { post: (turn: Turn) => posted.push(turn) },
    liveness: { hold: () => {}, release: () => {} },
  } as unknown as NetContext
  let accepted = 0
  const owner = { onHandleConnection: () => accepted++ } as unknown as ServerHandleOwner
  const handle = new ListenHandle(context, owner)
  handle.listen({ address: null, port: 7, ipv6Only: false, reusePort: false, backlog: 511 })
  const round = (): void => {
    for (const turn of posted.splice(0)) turn.serve()
  }
  return { handle, posted, round, accepted: () => accepted }
}

describe('connections that wait', () => {
  it('are accepted in one round of the event loop, each in a turn of its own', () => {
    const { handle, posted, round, accepted } = server(20)
    handle.onConnection()
    handle.onConnection()
    expect(posted).toHaveLength(20)
    round()
    expect(accepted()).toBe(20)
    expect(posted).toHaveLength(0)
  })

  it('are 64 a round at most', () => {
    const { handle, posted, round, accepted } = server(100)
    handle.onConnection()
    round()
    expect(accepted()).toBe(64)
    expect(posted).toHaveLength(36)
    round()
    expect(accepted()).toBe(100)
  })
})
