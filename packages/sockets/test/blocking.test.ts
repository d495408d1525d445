import { describe, expect, it } from 'vitest'
import {
  F_SETFL,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_WAITALL,
  O_NONBLOCK,
  POLLIN,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SO_LINGER,
  SO_RCVLOWAT,
  SO_RCVTIMEO,
  SO_SNDBUF,
  SO_SNDTIMEO,
  SOL_SOCKET,
  SOL_TCP,
  TCP_SYNCNT,
} from '../src/index.ts'
import {
  at,
  connected,
  failure,
  finished,
  listening,
  now,
  readText,
  tcp,
  text,
  waits,
  world,
} from './support.ts'

const seconds = (sec: number): { sec: number; usec: number } => ({ sec, usec: 0 })

describe('calls that wait', () => {
  it('accept waits for a connection, and tells when it came', () => {
    const made = world()
    const { a, b, clock } = made
    const call = waits(b.sockets.accept(listening(b)))
    clock.advance(1000)
    expect(call.settled).toBe(false)
    const started = clock.now()
    const client = tcp(a)
    finished(made, a.sockets.connect(client, at(b, 80)))
    clock.advance(20)
    expect(call.settled).toBe(true)
    // ARP, SYN, SYN-ACK and ACK: five times 5 ms.
    expect(call.settledAt - started).toBe(25_000)
  })

  it('connect waits for the handshake: 0, and ECONNREFUSED where nobody listens', async () => {
    const made = world()
    const { a, b, clock } = made
    const refused = waits(a.sockets.connect(tcp(a), at(b, 81)))
    clock.advance(100)
    await expect(refused).rejects.toMatchObject({ code: 'ECONNREFUSED', errno: 111, syscall: 'connect' })
    listening(b)
    expect(finished(made, a.sockets.connect(tcp(a), at(b, 80)))).toBe(0)
  })

  it('connect: ETIMEDOUT after TCP_SYNCNT retries, and the socket can connect again', () => {
    const made = world()
    const { a, b } = made
    const client = tcp(a)
    a.sockets.setsockopt(client, SOL_TCP, TCP_SYNCNT, 1)
    const nobody = { ...at(b, 80), address: '10.0.0.99' }
    expect(['ETIMEDOUT', 'EHOSTUNREACH']).toContain(failure(made, () => a.sockets.connect(client, nobody)))
    listening(b)
    expect(finished(made, a.sockets.connect(client, at(b, 80)))).toBe(0)
  })

  it('connect: EINPROGRESS when SO_SNDTIMEO is over, EALREADY the next time', () => {
    const made = world()
    const { a, b, clock } = made
    const client = tcp(a)
    a.sockets.setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, { sec: 0, usec: 1000 })
    const call = waits(a.sockets.connect(client, { ...at(b, 80), address: '10.0.0.99' }))
    clock.advance(1)
    expect(call.error).toMatchObject({ code: 'EINPROGRESS' })
    expect(failure(made, () => a.sockets.connect(client, at(b, 80)))).toBe('EALREADY')
  })

  it('read: EAGAIN when SO_RCVTIMEO is over', () => {
    const made = world()
    const { client } = connected(made)
    made.a.sockets.setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, { sec: 0, usec: 250_000 })
    const call = waits(made.a.sockets.read(client, 10))
    made.clock.advance(249)
    expect(call.settled).toBe(false)
    made.clock.advance(1)
    expect(call.error).toMatchObject({ code: 'EAGAIN' })
  })

  it('recv MSG_WAITALL waits for all of it, or takes what there is at the end', () => {
    const made = world()
    const { client, server } = connected(made)
    const bytes = new Uint8Array(10)
    const call = waits(made.b.sockets.recv(server, bytes, MSG_WAITALL))
    now(made.a.sockets.write(client, text('hello')))
    made.clock.advance(20)
    expect(call.settled).toBe(false)
    now(made.a.sockets.write(client, text('world!')))
    expect(finished(made, call)).toBe(10)
    expect(new TextDecoder().decode(bytes)).toBe('helloworld')
    const rest = waits(made.b.sockets.recv(server, 10, MSG_WAITALL))
    made.a.sockets.shutdown(client, SHUT_WR)
    expect(finished(made, rest)).toBe(1)
  })

  it('read waits for SO_RCVLOWAT bytes', () => {
    const made = world()
    const { client, server } = connected(made)
    made.b.sockets.setsockopt(server, SOL_SOCKET, SO_RCVLOWAT, 8)
    const call = waits(made.b.sockets.read(server, 100))
    now(made.a.sockets.write(client, 5))
    made.clock.advance(20)
    expect(call.settled).toBe(false)
    now(made.a.sockets.write(client, 5))
    expect(finished(made, call)).toBe(10)
  })

  it('recv MSG_PEEK leaves the bytes, from the beginning each time', () => {
    const made = world()
    const { client, server } = connected(made)
    now(made.a.sockets.write(client, text('look')))
    made.clock.advance(20)
    expect(readText(made.b, server, 2, MSG_PEEK)).toBe('lo')
    expect(readText(made.b, server, 9, MSG_PEEK)).toBe('look')
    expect(readText(made.b, server, 9)).toBe('look')
  })

  it('two readers are served in the order in which they came', () => {
    const made = world()
    const { client, server } = connected(made)
    const first = waits(made.b.sockets.read(server, 2))
    const second = waits(made.b.sockets.read(server, 2))
    now(made.a.sockets.write(client, 3))
    made.clock.advance(20)
    expect([first.value, second.value]).toEqual([2, 1])
  })

  it('write waits until all is taken; without waiting it takes what there is room for, then EAGAIN', () => {
    const made = world()
    const { client, server } = connected(made)
    const { a, b, clock } = made
    a.sockets.setsockopt(client, SOL_SOCKET, SO_SNDBUF, 10_000)
    const taken = now(a.sockets.send(client, 100_000, MSG_DONTWAIT))
    // Five eighths of the doubled number: see `PAYLOAD_SHARE`.
    expect(taken).toBe(12_500)
    expect(failure(made, () => a.sockets.send(client, 1, MSG_DONTWAIT))).toBe('EAGAIN')
    const call = waits(a.sockets.write(client, 500_000))
    let read = 0
    for (let i = 0; i < 400 && read < 512_500; i++) {
      clock.advance(5)
      const poll = { fd: server, events: POLLIN, revents: 0 }
      if (now(b.sockets.poll([poll], 0)) > 0) read += now(b.sockets.recv(server, 100_000))
    }
    expect([call.value, read]).toEqual([500_000, 512_500])
  })

  it('write: what was taken when SO_SNDTIMEO is over, and EAGAIN when nothing was', () => {
    const made = world()
    const { client } = connected(made)
    const { a, clock } = made
    a.sockets.setsockopt(client, SOL_SOCKET, SO_SNDBUF, 3000)
    a.sockets.setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, seconds(1))
    // The window of a peer that does not read shuts: then nothing drains.
    const call = waits(a.sockets.write(client, 10_000_000))
    clock.advance(60_000)
    expect(call.value).toBeGreaterThan(3000)
    // A probe of the shut window may still make room for a byte; then none is left.
    const ends = [1, 2, 3].map(() => {
      const late = waits(a.sockets.write(client, 10_000_000))
      clock.advance(1000)
      return (late.error as { code?: string } | undefined)?.code
    })
    expect(ends).toContain('EAGAIN')
  })

  it('a write that waits: what was taken before a RST, then ECONNRESET once, then EPIPE', () => {
    const made = world()
    const { client, server } = connected(made)
    const { a, b, clock } = made
    const call = waits(a.sockets.write(client, 10_000_000))
    clock.advance(1000)
    b.sockets.setsockopt(server, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 })
    b.sockets.close(server)
    clock.advance(100)
    expect(call.value).toBeGreaterThan(0)
    expect(failure(made, () => a.sockets.write(client, 1))).toBe('ECONNRESET')
    expect(failure(made, () => a.sockets.write(client, 1))).toBe('EPIPE')
    expect(now(a.sockets.read(client, 1))).toBe(0)
  })

  it('shutdown wakes who reads, and who accepts: 0 and EINVAL', () => {
    const made = world()
    const { client, listener } = connected(made)
    const reading = waits(made.a.sockets.read(client, 1))
    made.a.sockets.shutdown(client, SHUT_RD)
    expect(reading.value).toBe(0)
    const accepting = waits(made.b.sockets.accept(listener))
    made.b.sockets.shutdown(listener, SHUT_RDWR)
    expect(accepting.error).toMatchObject({ code: 'EINVAL', syscall: 'accept' })
  })

  it('close while a read waits: the number is free, the socket lives on until the read is over', () => {
    const made = world()
    const { client, server } = connected(made)
    const { a, b, clock } = made
    const reading = waits(a.sockets.read(client, 10))
    now(a.sockets.close(client))
    expect(failure(made, () => a.sockets.read(client, 1))).toBe('EBADF')
    now(b.sockets.write(server, 4))
    clock.advance(20)
    expect(reading.value).toBe(4)
    clock.advance(20)
    expect(now(b.sockets.read(server, 1))).toBe(0)
  })

  it('O_NONBLOCK set by fcntl: EAGAIN, EINPROGRESS, and 0 from the next connect', () => {
    const made = world()
    const { a, b, clock } = made
    const listener = listening(b)
    b.sockets.fcntl(listener, F_SETFL, O_NONBLOCK)
    expect(failure(made, () => b.sockets.accept(listener))).toBe('EAGAIN')
    const client = tcp(a)
    a.sockets.fcntl(client, F_SETFL, O_NONBLOCK)
    expect(failure(made, () => a.sockets.connect(client, at(b, 80)))).toBe('EINPROGRESS')
    expect(failure(made, () => a.sockets.connect(client, at(b, 80)))).toBe('EALREADY')
    expect(failure(made, () => a.sockets.write(client, 1))).toBe('EAGAIN')
    clock.advance(50)
    expect(now(a.sockets.connect(client, at(b, 80)))).toBe(0)
    expect(failure(made, () => a.sockets.connect(client, at(b, 80)))).toBe('EISCONN')
  })

  it('closeAll: EINTR for every call that waits', () => {
    const made = world()
    const { client, listener } = connected(made)
    const calls = [
      waits(made.a.sockets.read(client, 1)),
      waits(made.b.sockets.accept(listener)),
      waits(made.a.sockets.poll([{ fd: client, events: 1, revents: 0 }], -1)),
    ]
    made.a.sockets.closeAll()
    made.b.sockets.closeAll()
    expect(calls.map((call) => (call.error as { code?: string }).code)).toEqual(['EINTR', 'EINTR', 'EINTR'])
  })
})

describe('close with SO_LINGER', () => {
  it('on, with time: waits until all is acknowledged', () => {
    const made = world()
    const { client, server } = connected(made)
    const { a, b, clock } = made
    a.sockets.setsockopt(client, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 5 })
    now(a.sockets.write(client, text('last words')))
    const closing = waits(a.sockets.close(client))
    expect(finished(made, closing)).toBe(0)
    clock.advance(10)
    expect(readText(b, server)).toBe('last words')
    expect(now(b.sockets.read(server, 1))).toBe(0)
  })

  it('gives up after its time, and returns 0 all the same', () => {
    const made = world()
    const { client, server } = connected(made)
    const { a, clock } = made
    a.sockets.setsockopt(client, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 2 })
    // More than a peer takes that does not read.
    const writing = a.sockets.send(client, 10_000_000, MSG_DONTWAIT)
    expect(writing).toBeGreaterThan(0)
    now(made.b.sockets.setsockopt(server, SOL_SOCKET, SO_RCVLOWAT, 1))
    const before = clock.now()
    const closing = a.sockets.close(client)
    if (typeof closing !== 'number') {
      finished(made, closing)
      expect(closing.settledAt - before).toBeLessThanOrEqual(2_000_000)
    }
  })

  it('on, with 0 seconds: RST, and the peer reads ECONNRESET once, then 0', () => {
    const made = world()
    const { client, server } = connected(made)
    const { a, b, clock } = made
    a.sockets.setsockopt(client, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 })
    now(a.sockets.close(client))
    clock.advance(20)
    expect(failure(made, () => b.sockets.read(server, 1))).toBe('ECONNRESET')
    expect(now(b.sockets.read(server, 1))).toBe(0)
    expect(failure(made, () => b.sockets.write(server, 1))).toBe('EPIPE')
  })

  it('close with unread data: RST', () => {
    const made = world()
    const { client, server } = connected(made)
    const { a, b, clock } = made
    now(a.sockets.write(client, 10))
    clock.advance(20)
    now(b.sockets.close(server))
    clock.advance(20)
    expect(failure(made, () => a.sockets.read(client, 1))).toBe('ECONNRESET')
  })

  it('closing a listener resets those that wait to be accepted', () => {
    const made = world()
    const { a, b, clock } = made
    const listener = listening(b)
    const client = tcp(a)
    finished(made, a.sockets.connect(client, at(b, 80)))
    clock.advance(20)
    now(b.sockets.close(listener))
    clock.advance(20)
    expect(failure(made, () => a.sockets.read(client, 1))).toBe('ECONNRESET')
  })
})
