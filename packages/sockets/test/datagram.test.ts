import { describe, expect, it } from 'vitest'
import {
  AF_INET,
  AF_UNSPEC,
  IP_RECVERR,
  IP_TTL,
  type MessageHeader,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_MORE,
  MSG_PEEK,
  MSG_TRUNC,
  POLLERR,
  POLLIN,
  SHUT_RD,
  SHUT_WR,
  SIOCINQ,
  SO_ERROR,
  SO_RCVBUF,
  SO_REUSEADDR,
  SOL_IP,
  SOL_SOCKET,
} from '../src/index.ts'
import { ANY, at, failure, finished, now, readText, text, udp, waits, world } from './support.ts'

describe('UDP sockets', () => {
  it('sendto, recvfrom with the address, recv MSG_PEEK and MSG_TRUNC', () => {
    const made = world()
    const { a, b, clock } = made
    const [sender, receiver] = [udp(a), udp(b)]
    b.sockets.bind(receiver, { ...ANY, port: 53 })
    expect(now(a.sockets.sendto(sender, text('question'), 0, at(b, 53)))).toBe(8)
    clock.advance(20)
    expect(b.sockets.ioctl(receiver, SIOCINQ)).toBe(8)
    expect(readText(b, receiver, 3, MSG_PEEK)).toBe('que')
    expect(now(b.sockets.recv(receiver, 3, MSG_PEEK | MSG_TRUNC))).toBe(8)
    const message: MessageHeader = { iov: [new Uint8Array(2), new Uint8Array(2)] }
    expect(now(b.sockets.recvmsg(receiver, message))).toBe(4)
    expect(message.flags).toBe(MSG_TRUNC)
    expect(message.name).toMatchObject({ family: AF_INET, address: '10.0.0.1' })
    expect(message.iov).toEqual([text('qu'), text('es')])
    // What did not fit is gone.
    const call = waits(b.sockets.recvfrom(receiver, 10))
    now(a.sockets.sendto(sender, 5, 0, at(b, 53)))
    expect(finished(made, call)).toEqual({
      length: 5,
      address: a.sockets.getsockname(sender) && expect.anything(),
    })
  })

  it('connect: send without address, ECONNREFUSED from the network once, then AF_UNSPEC', () => {
    const made = world()
    const { a, b, clock } = made
    const fd = udp(a)
    expect(failure(made, () => a.sockets.send(fd, 1))).toBe('EDESTADDRREQ')
    expect(failure(made, () => a.sockets.getpeername(fd) && 0)).toBe('ENOTCONN')
    expect(now(a.sockets.connect(fd, at(b, 9)))).toBe(0)
    expect(a.sockets.getpeername(fd)).toEqual(at(b, 9))
    expect(a.sockets.getsockname(fd).address).toBe('10.0.0.1')
    now(a.sockets.send(fd, 1))
    clock.advance(20)
    const poll = { fd, events: POLLIN, revents: 0 }
    now(a.sockets.poll([poll], 0))
    expect(poll.revents).toBe(POLLERR)
    expect(failure(made, () => a.sockets.recv(fd, 1, MSG_DONTWAIT))).toBe('ECONNREFUSED')
    expect(failure(made, () => a.sockets.recv(fd, 1, MSG_DONTWAIT))).toBe('EAGAIN')
    now(a.sockets.connect(fd, { family: AF_UNSPEC, address: '', port: 0 }))
    expect(failure(made, () => a.sockets.send(fd, 1))).toBe('EDESTADDRREQ')
  })

  it('IP_RECVERR and MSG_ERRQUEUE: the errno, origin, type and code of an ICMP error', () => {
    const made = world()
    const { a, b, clock } = made
    const fd = udp(a)
    a.sockets.setsockopt(fd, SOL_IP, IP_RECVERR, 1)
    now(a.sockets.connect(fd, at(b, 9)))
    now(a.sockets.send(fd, 1))
    clock.advance(20)
    const message: MessageHeader = { iov: [10] }
    expect(now(a.sockets.recvmsg(fd, message, MSG_ERRQUEUE))).toBe(0)
    expect(message.flags).toBe(MSG_ERRQUEUE)
    expect(message.control).toEqual([
      {
        level: SOL_IP,
        type: IP_RECVERR,
        data: { errno: 111, origin: 2, type: 3, code: 3, info: 0, data: 0 },
      },
    ])
    expect(failure(made, () => a.sockets.recvmsg(fd, message, MSG_ERRQUEUE))).toBe('EAGAIN')
    expect(a.sockets.getsockopt(fd, SOL_SOCKET, SO_ERROR)).toBe(111)
  })

  it('bind: EADDRINUSE without SO_REUSEADDR, EINVAL the second time, EADDRNOTAVAIL', () => {
    const made = world()
    const { sockets } = made.a
    const [one, two] = [udp(made.a), udp(made.a)]
    sockets.bind(one, { ...ANY, port: 53 })
    expect(failure(made, () => sockets.bind(two, { ...ANY, port: 53 }))).toBe('EADDRINUSE')
    expect(failure(made, () => sockets.bind(one, { ...ANY, port: 54 }))).toBe('EINVAL')
    expect(failure(made, () => sockets.bind(two, { ...ANY, address: '10.5.5.5' }))).toBe('EADDRNOTAVAIL')
    const shared = [udp(made.a), udp(made.a)]
    for (const fd of shared) {
      sockets.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1)
      expect(sockets.bind(fd, { ...ANY, port: 99 })).toBe(0)
    }
  })

  it('MSG_MORE gathers one datagram; EMSGSIZE for what is too large', () => {
    const made = world()
    const { a, b, clock } = made
    const [fd, receiver] = [udp(a), udp(b)]
    b.sockets.bind(receiver, { ...ANY, port: 53 })
    now(a.sockets.connect(fd, at(b, 53)))
    now(a.sockets.send(fd, text('one '), MSG_MORE))
    now(a.sockets.send(fd, text('datagram')))
    clock.advance(20)
    expect(readText(b, receiver)).toBe('one datagram')
    expect(failure(made, () => a.sockets.send(fd, 65_508))).toBe('EMSGSIZE')
    expect(failure(made, () => a.sockets.send(fd, 70_000))).toBe('EMSGSIZE')
  })

  it('shutdown: ENOTCONN, EPIPE, 0; listen and accept: EOPNOTSUPP', () => {
    const made = world()
    const { a, b } = made
    const fd = udp(a)
    expect(failure(made, () => a.sockets.shutdown(fd, SHUT_WR))).toBe('ENOTCONN')
    const other = udp(a)
    now(a.sockets.connect(other, at(b, 9)))
    a.sockets.shutdown(other, SHUT_WR)
    expect(failure(made, () => a.sockets.send(other, 1))).toBe('EPIPE')
    const reading = waits(a.sockets.recv(other, 1))
    a.sockets.shutdown(other, SHUT_RD)
    expect(reading.value).toBe(0)
    expect(failure(made, () => a.sockets.listen(fd, 1))).toBe('EOPNOTSUPP')
    expect(failure(made, () => a.sockets.accept(fd))).toBe('EOPNOTSUPP')
  })

  it('SO_RCVBUF doubled, IP_TTL', () => {
    const { a } = world()
    const fd = udp(a)
    a.sockets.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, 5000)
    a.sockets.setsockopt(fd, SOL_IP, IP_TTL, 3)
    expect(a.sockets.getsockopt(fd, SOL_SOCKET, SO_RCVBUF)).toBe(10_000)
    expect(a.sockets.getsockopt(fd, SOL_IP, IP_TTL)).toBe(3)
  })
})
