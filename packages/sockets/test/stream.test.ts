import { describe, expect, it } from 'vitest'
import { MSG_DONTWAIT, SHUT_WR } from '../src/index.ts'
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

describe('a TCP connection', () => {
  it('is made, carries bytes both ways, and ends with reads of 0', () => {
    const made = world()
    const { a, b, clock } = made
    const listener = listening(b)
    const accepted = waits(b.sockets.accept(listener))
    const client = tcp(a)
    const connecting = waits(a.sockets.connect(client, at(b, 80)))
    expect(finished(made, connecting)).toBe(0)
    // A round trip of 10 ms, and the neighbours' addresses before it.
    const server = finished(made, accepted)
    expect(server).toBe(4)
    expect(now(a.sockets.write(client, text('hello')))).toBe(5)
    const reading = waits(b.sockets.read(server, 100))
    expect(finished(made, reading)).toBe(5)
    expect(now(b.sockets.write(server, text('world')))).toBe(5)
    clock.advance(20)
    expect(readText(a, client)).toBe('world')
    a.sockets.shutdown(client, SHUT_WR)
    clock.advance(20)
    expect(now(b.sockets.read(server, 10))).toBe(0)
    expect(failure(made, () => a.sockets.write(client, 1))).toBe('EPIPE')
    expect(now(b.sockets.close(server))).toBe(0)
    clock.advance(20)
    expect(now(a.sockets.read(client, 10))).toBe(0)
    expect(failure(made, () => b.sockets.read(server, 1))).toBe('EBADF')
  })

  it('read: EAGAIN with MSG_DONTWAIT while nothing is there', () => {
    const made = world()
    const { client } = connected(made)
    expect(failure(made, () => made.a.sockets.recv(client, 10, MSG_DONTWAIT))).toBe('EAGAIN')
  })
})
