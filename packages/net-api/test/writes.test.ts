import type { TcpConnection } from '@tapwire/stack'
import { describe, expect, it } from 'vitest'
import type { NetContext } from '../src/context.ts'
import { TcpHandle } from '../src/tcp-handle.ts'
import type { Turn } from '../src/turns.ts'

/** A handle over a connection that takes everything, and says for each write whether it was corked. */
function writer() {
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
    write(bytes: Uint8Array) {
      corked.push(this.cork)
      return bytes.length
    },
  }
  const handle = new TcpHandle(context)
  handle.adopt(connection as unknown as TcpConnection)
  const write = (length: number): void => handle.write([new Uint8Array(length)], () => {})
  const turn = (): void => {
    for (const next of posted.splice(0)) next.serve()
  }
  return { connection, corked, posted, write, turn }
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

  it('is not what a small one is', () => {
    const { corked, posted, write } = writer()
    write(1000)
    expect(corked).toEqual([false])
    expect(posted).toHaveLength(0)
  })
})
