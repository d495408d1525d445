import { describe, expect, it } from 'vitest'
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLET,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  MSG_DONTWAIT,
  MSG_OOB,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRNORM,
  SHUT_WR,
  SO_LINGER,
  SO_OOBINLINE,
  SO_RCVLOWAT,
  SO_SNDBUF,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from '../src/index.ts'
import {
  at,
  connected,
  failure,
  finished,
  type Host,
  listening,
  now,
  readText,
  tcp,
  text,
  udp,
  waits,
  world,
} from './support.ts'

const EVERYTHING = POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM | POLLRDHUP
const READABLE = POLLIN | POLLRDNORM
const WRITABLE = POLLOUT | POLLWRNORM

function bits(host: Host, fd: number, events = EVERYTHING): number {
  const entry = { fd, events, revents: 0 }
  now(host.sockets.poll([entry], 0))
  return entry.revents
}

describe('poll bits, as Linux has them in each state', () => {
  it('a new socket: POLLOUT and POLLHUP; POLLHUP and POLLERR need not be asked for', () => {
    const { a } = world()
    expect(bits(a, tcp(a))).toBe(WRITABLE | POLLHUP)
    expect(bits(a, 3, 0)).toBe(POLLHUP)
    expect(bits(a, 99)).toBe(POLLNVAL)
    expect(bits(a, -5)).toBe(0)
  })

  it('connecting: nothing; connected: POLLOUT; data: POLLIN', () => {
    const made = world()
    const { a, b, clock } = made
    const listener = listening(b)
    expect(bits(b, listener)).toBe(0)
    const client = tcp(a, SOCK_NONBLOCK)
    expect(failure(made, () => a.sockets.connect(client, at(b, 80)))).toBe('EINPROGRESS')
    expect(bits(a, client)).toBe(0)
    clock.advance(50)
    expect(bits(a, client)).toBe(WRITABLE)
    expect(bits(b, listener)).toBe(READABLE)
    const server = now(b.sockets.accept(listener))
    now(b.sockets.write(server, 3))
    clock.advance(20)
    expect(bits(a, client)).toBe(WRITABLE | READABLE)
  })

  it('refused: POLLERR and POLLHUP with everything else, until SO_ERROR or connect has told it', () => {
    const made = world()
    const { a, b, clock } = made
    const client = tcp(a, SOCK_NONBLOCK)
    expect(failure(made, () => a.sockets.connect(client, at(b, 81)))).toBe('EINPROGRESS')
    clock.advance(50)
    expect(bits(a, client)).toBe(READABLE | WRITABLE | POLLRDHUP | POLLHUP | POLLERR)
    expect(failure(made, () => a.sockets.connect(client, at(b, 81)))).toBe('ECONNREFUSED')
    expect(bits(a, client)).toBe(WRITABLE | POLLHUP)
  })

  it('the peer has shut down: POLLIN and POLLRDHUP; both have: POLLHUP too', () => {
    const made = world()
    const { client, server } = connected(made)
    const { a, b, clock } = made
    b.sockets.shutdown(server, SHUT_WR)
    clock.advance(20)
    expect(bits(a, client)).toBe(READABLE | WRITABLE | POLLRDHUP)
    a.sockets.shutdown(client, SHUT_WR)
    clock.advance(20)
    expect(bits(a, client)).toBe(READABLE | WRITABLE | POLLRDHUP | POLLHUP)
  })

  it('reset: POLLERR and POLLHUP, and POLLERR no more once read', () => {
    const made = world()
    const { client, server } = connected(made)
    const { a, b, clock } = made
    b.sockets.setsockopt(server, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 })
    now(b.sockets.close(server))
    clock.advance(20)
    expect(bits(a, client)).toBe(READABLE | WRITABLE | POLLRDHUP | POLLHUP | POLLERR)
    expect(failure(made, () => a.sockets.read(client, 1))).toBe('ECONNRESET')
    expect(bits(a, client)).toBe(READABLE | WRITABLE | POLLRDHUP | POLLHUP)
  })

  it('SO_RCVLOWAT counts, and a full send buffer takes POLLOUT away', () => {
    const made = world()
    const { client, server } = connected(made)
    const { a, b, clock } = made
    a.sockets.setsockopt(client, SOL_SOCKET, SO_RCVLOWAT, 4)
    now(b.sockets.write(server, 3))
    clock.advance(20)
    expect(bits(a, client)).toBe(WRITABLE)
    a.sockets.setsockopt(client, SOL_SOCKET, SO_SNDBUF, 5000)
    now(a.sockets.send(client, 100_000, MSG_DONTWAIT))
    expect(bits(a, client)).toBe(0)
    clock.advance(50)
    expect(bits(a, client)).toBe(WRITABLE)
  })

  it('urgent data: POLLPRI, EINVAL for what there is not, MSG_OOB once, the stream without it', () => {
    const made = world()
    const { client, server } = connected(made)
    const { a, b, clock } = made
    expect(failure(made, () => b.sockets.recv(server, 1, MSG_OOB))).toBe('EINVAL')
    now(a.sockets.write(client, text('ab')))
    now(a.sockets.send(client, text('c!'), MSG_OOB))
    now(a.sockets.write(client, text('d')))
    clock.advance(50)
    expect(bits(b, server) & POLLPRI).toBe(POLLPRI)
    expect(readText(b, server, 1, MSG_OOB)).toBe('!')
    expect(failure(made, () => b.sockets.recv(server, 1, MSG_OOB))).toBe('EINVAL')
    expect(readText(b, server)).toBe('abc')
    expect(readText(b, server)).toBe('d')
  })

  it('SO_OOBINLINE leaves it in the stream, with a stop before it', () => {
    const made = world()
    const { client, server } = connected(made)
    const { a, b, clock } = made
    b.sockets.setsockopt(server, SOL_SOCKET, SO_OOBINLINE, 1)
    now(a.sockets.send(client, text('ab!'), MSG_OOB))
    clock.advance(50)
    expect(readText(b, server)).toBe('ab')
    expect(readText(b, server)).toBe('!')
  })
})

describe('poll and epoll wait', () => {
  it('poll: 0 when its time is over, the number of those that are ready when not', () => {
    const made = world()
    const { client, server } = connected(made)
    const { a, b, clock } = made
    const fds = [
      { fd: client, events: POLLIN, revents: 0 },
      { fd: tcp(a), events: 0, revents: 0 },
    ]
    expect(now(a.sockets.poll(fds.slice(0, 1), 0))).toBe(0)
    const idle = waits(a.sockets.poll(fds.slice(0, 1), 100))
    clock.advance(100)
    expect([idle.value, idle.settled]).toEqual([0, true])
    const call = waits(a.sockets.poll(fds.slice(0, 1), -1))
    now(b.sockets.write(server, 1))
    expect(finished(made, call)).toBe(1)
    expect(now(a.sockets.poll(fds, -1))).toBe(2)
    expect(fds.map(({ revents }) => revents)).toEqual([POLLIN, POLLHUP])
  })

  it('epoll: level-triggered, EPOLLET, EPOLLONESHOT, EPOLL_CTL_MOD, EPOLL_CTL_DEL; EEXIST, ENOENT', () => {
    const made = world()
    const { client, server } = connected(made)
    const { a, b, clock } = made
    const { sockets } = a
    const epoll = sockets.epoll_create1()
    sockets.epoll_ctl(epoll, EPOLL_CTL_ADD, client, { events: EPOLLIN, data: 7 })
    expect(
      failure(made, () => sockets.epoll_ctl(epoll, EPOLL_CTL_ADD, client, { events: 0, data: 0 }) as 0),
    ).toBe('EEXIST')
    const call = waits(sockets.epoll_wait(epoll, 8, -1))
    now(b.sockets.write(server, 1))
    expect(finished(made, call)).toEqual([{ events: EPOLLIN, data: 7 }])
    expect(now(sockets.epoll_wait(epoll, 8, 0))).toHaveLength(1)
    sockets.epoll_ctl(epoll, EPOLL_CTL_MOD, client, { events: EPOLLIN | EPOLLET, data: 8 })
    expect(now(sockets.epoll_wait(epoll, 8, 0))).toHaveLength(1)
    expect(now(sockets.epoll_wait(epoll, 8, 0))).toHaveLength(0)
    now(b.sockets.write(server, 1))
    clock.advance(20)
    expect(now(sockets.epoll_wait(epoll, 8, 0))).toHaveLength(1)
    sockets.epoll_ctl(epoll, EPOLL_CTL_MOD, client, { events: EPOLLOUT | EPOLLONESHOT, data: 9 })
    expect(now(sockets.epoll_wait(epoll, 8, 0))).toEqual([{ events: EPOLLOUT, data: 9 }])
    expect(now(sockets.epoll_wait(epoll, 8, 0))).toEqual([])
    sockets.epoll_ctl(epoll, EPOLL_CTL_DEL, client)
    expect(failure(made, () => sockets.epoll_ctl(epoll, EPOLL_CTL_DEL, client) as 0)).toBe('ENOENT')
    sockets.epoll_ctl(epoll, EPOLL_CTL_ADD, client, { events: EPOLLIN, data: 7 })
    now(sockets.close(client))
    expect(now(sockets.epoll_wait(epoll, 8, 0))).toEqual([])
    expect(failure(made, () => sockets.epoll_wait(udp(a), 8, 0))).toBe('EINVAL')
  })
})
