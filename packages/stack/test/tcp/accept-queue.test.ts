import { describe, expect, it } from 'vitest'
import type { TcpConnection } from '../../src/index.ts'
import { openFrom } from './in-state.ts'
import { ORIGINS, Script } from './script.ts'

describe.each(ORIGINS)('the accept queue, $name', (origin) => {
  it('holds as many as the backlog says; a further handshake is not completed, and comes through later', () => {
    const t = new Script(origin).listen({ backlog: 2, accept: false })
    openFrom(t, 5000)
    openFrom(t, 5001)
    expect(t.listener.pending).toBe(2)
    t.remotePort = 5002
    t.send({ flags: 'S' }).silence()
    expect(t.stack.tcp.counters.droppedAcceptQueue).toBe(1)
    expect(t.listener.accept()?.remotePort).toBe(5000)
    openFrom(t, 5002)
    expect(t.listener.pending).toBe(2)
    expect(t.listener.accept()?.remotePort).toBe(5001)
    expect(t.listener.accept()?.remotePort).toBe(5002)
    expect(t.listener.accept()).toBe(null)
    expect(t.stack.tcp.counters).toMatchObject({ accepted: 3, passiveOpens: 3 })
  })

  it('full when the last ACK comes: the record waits, and the next segment completes it', () => {
    const t = new Script(origin).listen({ backlog: 1, accept: false })
    t.remotePort = 5001
    t.send({ flags: 'S' }).expect({ flags: 'SA' })
    const { iss } = t
    openFrom(t, 5000)
    t.iss = iss
    t.remotePort = 5001
    t.send({ flags: 'A', seq: 1, ack: 1 }).silence()
    expect(t.stack.tcp.counters.droppedAcceptQueue).toBe(1)
    expect(t.stack.tcp.sizes).toMatchObject({ connections: 1, halfOpen: 1 })
    t.listener.accept()
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ flags: 'A', seq: 1, ack: 11 })
    t.accept()
    expect(t.readAll()).toHaveLength(10)
  })

  it('SHLD-4 full when a SYN would end TIME-WAIT: it is dropped, and the record stays', () => {
    const t = new Script(origin).listen({ backlog: 1, accept: false })
    openFrom(t, 5000)
    t.accept()
    t.connection.shutdown()
    t.expect({ flags: 'FA' })
    t.send({ flags: 'FA', seq: 1, ack: 2 }).expect({ flags: 'A', ack: 2 })
    openFrom(t, 5001)
    t.remotePort = 5000
    t.send({ flags: 'S', seq: 3 }).silence()
    expect(t.stack.tcp.sizes).toMatchObject({ connections: 1, timeWait: 1 })
    expect(t.stack.tcp.counters).toMatchObject({ droppedAcceptQueue: 1, timeWaitReused: 0 })
    t.listener.accept()
    t.send({ flags: 'S', seq: 3 }).expect({ flags: 'SA' })
    expect(t.stack.tcp.sizes).toMatchObject({ halfOpen: 1, timeWait: 0 })
  })

  it('what came before accept is told to the new handler', () => {
    const t = new Script(origin).listen({ accept: false })
    openFrom(t, 5000)
    t.send({ flags: 'FPA', seq: 1, ack: 1, data: 10 }).expect({ ack: 12 })
    expect(t.events).toEqual([])
    t.stack.engine.run(() => t.accept())
    expect(t.events).toEqual(['readable'])
    expect(t.connection).toMatchObject({ readable: 10, ended: true })
  })

  it('MUST-32 urgent data that came before accept is told to the new handler', () => {
    const t = new Script(origin).listen({ accept: false })
    openFrom(t, 5000)
    t.send({ flags: 'UPA', seq: 1, ack: 1, data: 10, urgent: 4 })
    const news: number[] = []
    t.stack.engine.run(() => {
      const connection = t.listener.accept()
      if (connection !== null) connection.handler = { onUrgent: (c) => news.push(c.urgentLeft) }
    })
    expect(news).toEqual([4])
  })

  it('a connection reset while it waited is still handed out, and says so', () => {
    const t = new Script(origin).listen({ accept: false })
    openFrom(t, 5000)
    t.send({ flags: 'R', seq: 1 })
    expect(t.listener.pending).toBe(1)
    t.stack.engine.run(() => t.accept())
    expect(t.events).toEqual(['close ECONNRESET'])
  })

  it('closing the listener resets what waits, forgets what is half open, and leaves what was accepted', () => {
    const t = new Script(origin).listen()
    openFrom(t, 5000)
    const accepted: TcpConnection = t.connection
    t.listener.handler = { onConnection: () => {} }
    openFrom(t, 5001)
    t.remotePort = 5002
    t.send({ flags: 'S' }).expect({ flags: 'SA' })
    t.listener.close()
    t.expect({ flags: 'RA' }).silence()
    expect(t.stack.tcp.sizes).toEqual({ connections: 1, orphans: 0, halfOpen: 0, timeWait: 0, listeners: 0 })
    expect(accepted.closeReason).toBeUndefined()
    t.silence(300_000)
    t.listener.close()
    expect(t.listener.accept()).toBe(null)
  })

  it('a throwing onConnection does not stop the stack', () => {
    const t = new Script(origin)
    const thrown: unknown[] = []
    const keep = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', (error) => thrown.push(error))
    t.stack.tcp.listen(
      { port: 7 },
      {
        onConnection: () => {
          throw new Error('mine')
        },
      },
    )
    openFrom(t, 5000)
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 1 }).expect({ ack: 2 })
    return new Promise<void>((resolve) =>
      setImmediate(() => {
        for (const listener of keep) process.on('uncaughtException', listener)
        expect(thrown).toHaveLength(1)
        resolve()
      }),
    )
  })
})

describe('accept outside of the callbacks of the stack', () => {
  function waiting(): Script {
    const t = new Script().listen({ accept: false })
    t.send({ flags: 'S', options: [{ name: 'mss', value: 1460 }] }).next()
    t.send({ flags: 'A', seq: 1, ack: 1 }).send({ flags: 'PA', seq: 1, ack: 1, data: 10 })
    return t.skip()
  }

  it('what has come meanwhile is told soon, and not before the call returns: no traffic is needed', () => {
    const t = waiting()
    t.accept()
    expect(t.events).toEqual([])
    t.wait(0)
    expect(t.events).toEqual(['readable'])
    expect(t.readAll()).toHaveLength(10)
  })

  it('so is its end', () => {
    const t = waiting()
    t.send({ flags: 'R', seq: 11 })
    t.accept()
    t.wait(0)
    expect(t.events).toEqual(['readable', 'close ECONNRESET'])
  })

  it('nothing has come: nothing is told, and nothing wakes', () => {
    const t = new Script().listen({ accept: false })
    t.send({ flags: 'S' }).next()
    t.send({ flags: 'A', seq: 1, ack: 1 })
    t.accept()
    expect(t.clock.next).toBe(Number.POSITIVE_INFINITY)
  })
})
