import { describe, expect, it } from 'vitest'
import { type packets, parseAddress } from '../../src/index.ts'
import { MODERN, pattern, SACK_ONLY, Script } from './script.ts'
import { SenderScript, SIZE } from './sender-script.ts'

describe('what a connection says of itself', () => {
  it('sending: what was sent, what is queued, in flight, and sent again', () => {
    const t = new Script().established(MODERN)
    t.connection.write(pattern(1, 20_000))
    const sent = t.connection.info()
    expect(sent).toMatchObject({
      state: 'ESTABLISHED',
      bytesSent: 14_480,
      inFlight: 14_480,
      unsent: 20_000 - 14_480,
      sndQueued: 20_000,
      sndBuffer: 131_072,
      recovery: 'open',
      sinceSent: 0,
      bytesRetransmitted: 0,
      congestion: 'cubic',
    })
    t.wait(5000)
    const late = t.connection.info()
    expect(late.recovery).toBe('loss')
    expect(late.backoff).toBeGreaterThan(0)
    expect(late.lost).toBeGreaterThan(0)
    expect(late.bytesRetransmitted).toBeGreaterThan(0)
    // A tail loss probe may have been new data.
    expect(late.bytesSent - late.bytesRetransmitted).toBeGreaterThanOrEqual(14_480)
    expect(late.sinceReceived).toBe(5000)
  })

  it('round trips: smoothed, least, and as the receiver sees them', () => {
    const t = new Script().established(MODERN)
    t.connection.write(pattern(1, 100))
    const data = t.next()
    t.wait(30)
    t.noteTimestamps(data)
    t.send({ flags: 'A', seq: 1, ack: 101 })
    const info = t.connection.info()
    expect(info.srtt).toBeGreaterThan(0)
    expect(info.minRtt).toBeLessThanOrEqual(30)
    t.send({ flags: 'A', seq: 1, ack: 101, data: 1000 })
    expect(t.connection.info().rcvRtt).toBe(30)
  })

  it('receiving: what waits, in order and not', () => {
    const t = new Script().established(SACK_ONLY)
    t.send({ flags: 'A', seq: 1, ack: 1, data: 100 })
    t.send({ flags: 'A', seq: 201, ack: 1, data: 100 })
    t.send({ flags: 'A', seq: 401, ack: 1, data: 100 })
    t.wait(70)
    expect(t.connection.info()).toMatchObject({
      readable: 100,
      rcvBuffer: 65_535,
      outOfOrderIn: 2,
      outOfOrderRanges: 2,
      bytesReceived: 100,
      sinceData: 70,
    })
  })

  it('R8985-06 the handshake gives the first minimum of the round trip', () => {
    const t = new Script()
    t.listen()
    t.send({ flags: 'S', seq: 0, win: 65_535 })
    t.expect({ flags: 'SA' })
    t.wait(80)
    t.send({ flags: 'A', seq: 1, ack: 1 })
    expect(t.connection.info().minRtt).toBe(80)
  })

  it('probes are counted until they are answered', () => {
    const t = new Script().established()
    t.connection.write(pattern(1, 10))
    t.send({ flags: 'A', seq: 1, ack: 11, win: 0 })
    t.connection.write(pattern(1, 10))
    t.wait(20_000)
    expect(t.connection.info().probes).toBeGreaterThan(2)
    t.send({ flags: 'A', seq: 1, ack: 11, win: 0 })
    expect(t.connection.info().probes).toBe(0)
    t.wait(20_000)
    expect(t.connection.info().probes).toBeGreaterThan(0)
    t.send({ flags: 'A', seq: 1, ack: 11, win: 1000 })
    expect(t.connection.info().probes).toBe(0)
  })
})

describe("what Linux's TCP_INFO tells as well", () => {
  it('how long a sender was busy, and what held it up: the window', () => {
    const t = new Script().established([{ name: 'mss', value: 1000 }], 3000)
    t.wait(500)
    expect(t.connection.info()).toMatchObject({ busyTime: 0, windowLimitedTime: 0, bufferLimitedTime: 0 })
    t.connection.write(pattern(1, 6000))
    t.skip().wait(70)
    // It counts while it runs.
    expect(t.connection.info()).toMatchObject({ busyTime: 70, windowLimitedTime: 70 })
    t.send({ flags: 'A', seq: 1, ack: 3001, win: 5000 })
    t.skip().wait(30)
    expect(t.connection.info()).toMatchObject({ busyTime: 100, windowLimitedTime: 70, unacked: 3000 })
    t.send({ flags: 'A', seq: 1, ack: 6001, win: 5000 })
    t.wait(1000)
    expect(t.connection.info()).toMatchObject({
      busyTime: 100,
      windowLimitedTime: 70,
      bufferLimitedTime: 0,
      unacked: 0,
      delivered: 6000,
    })
  })

  it('how long a sender was busy, and what held it up: the send buffer', () => {
    const t = new Script({ tcp: { sendBuffer: 4000, sendBufferMax: 4000 } }).established()
    expect(t.connection.write(pattern(1, 5000))).toBe(4000)
    t.skip().wait(80)
    // The last bytes wait for the ACK of nothing: all is in flight.
    t.send({ flags: 'A', seq: 1, ack: 4001 })
    t.wait(500)
    const info = t.connection.info()
    expect(info.busyTime).toBe(80)
    expect(info.bufferLimitedTime).toBe(80)
    expect(info.windowLimitedTime).toBe(0)
  })

  it('timeouts: in a row, in all, and how long the rows lasted', () => {
    const t = new SenderScript({ kind: 'plain' })
    t.write(2).skip().wait(301)
    expect(t.info).toMatchObject({ timeouts: 1, totalTimeouts: 1, timeoutRows: 1, timeoutTime: 1 })
    t.wait(600)
    expect(t.info).toMatchObject({ timeouts: 2, totalTimeouts: 2, timeoutRows: 1, timeoutTime: 601 })
    t.wait(100).ack(2).wait(5000)
    expect(t.info).toMatchObject({ timeouts: 0, totalTimeouts: 2, timeoutRows: 1, timeoutTime: 701 })
    const syn = new Script().connect().wait(3000)
    syn.next()
    syn.send({ flags: 'SA', seq: 0, ack: 1 })
    expect(syn.connection.info()).toMatchObject({ totalTimeouts: 2, timeoutRows: 1, timeoutTime: 2000 })
  })

  it('the congestion state in words: open, disorder, recovery, loss, cwr', () => {
    const t = new SenderScript()
    t.write(10).skip().wait(100)
    expect(t.info.congestionState).toBe('open')
    t.ack(0, [1, 2])
    expect(t.info).toMatchObject({ congestionState: 'disorder', recovery: 'open', sacked: SIZE })
    t.ack(0, [1, 7])
    expect(t.info).toMatchObject({ congestionState: 'recovery', sacked: 6 * SIZE, retransmitting: SIZE })
    t.wait(3000)
    expect(t.info.congestionState).toBe('loss')

    const marked = new Script().listen()
    marked.send({ flags: 'SEW', seq: 0, options: SACK_ONLY }).next()
    marked.wait(50).send({ flags: 'A', seq: 1, ack: 1 })
    expect(marked.connection.info()).toMatchObject({ ecn: true, ecnSeen: false, congestionState: 'open' })
    marked.connection.write(pattern(1, 20_000))
    marked.skip().wait(50).send({ flags: 'AE', seq: 1, ack: 1461 })
    expect(marked.connection.info()).toMatchObject({ congestionState: 'cwr', deliveredCe: 1460 })
    marked.wait(50).send({ flags: 'A', seq: 1, ack: 14_601 })
    expect(marked.connection.info().congestionState).toBe('open')
  })

  it('data segments each way: a super-frame counts as the segments it was merged from', () => {
    const t = new Script().established()
    t.send({ flags: 'A', seq: 1, ack: 1, data: 4380, gsoSize: 1460 }, { flags: 'A', seq: 4381, ack: 1 })
    t.connection.write(pattern(1, 3000))
    t.wait(50)
    expect(t.connection.info()).toMatchObject({
      segmentsIn: 5,
      dataSegmentsIn: 3,
      dataSegmentsOut: 3,
      advertisedMss: 1460,
    })
  })

  it('Fast Open: taken by the server', () => {
    const t = new Script()
    const options = (cookie: Uint8Array): packets.TcpOption[] => [
      { name: 'mss', value: 1460 },
      { name: 'fastOpen', cookie },
    ]
    t.listener = t.stack.tcp.listen({ port: 7, fastOpen: 4 }, { onConnection: () => t.accept() })
    t.remotePort = 4000
    t.send({ flags: 'S', options: options(new Uint8Array(0)) })
    const option = t.next().options.find((o) => o.name === 'fastOpen')
    const cookie = option?.name === 'fastOpen' ? option.cookie : new Uint8Array(0)
    t.remotePort = 5000
    t.send({ flags: 'S', options: options(cookie), data: 10 })
    expect(t.connection.info()).toMatchObject({ fastOpen: true, fastOpenFailure: null, readable: 10 })
  })

  it('Fast Open: why it brought a client nothing', () => {
    const connect = (t: Script): void => {
      t.connection = t.stack.tcp.connect(
        {
          address: parseAddress(t.remote)!,
          port: t.remotePort,
          localPort: t.localPort,
          fastOpen: true,
          initialData: pattern(1, 10),
        },
        t.handler,
      )
    }
    const t = new Script()
    connect(t)
    t.next()
    t.send({ flags: 'SA', seq: 0, ack: 1, options: [{ name: 'fastOpen', cookie: pattern(1, 8) }] })
    expect(t.connection.info()).toMatchObject({ fastOpen: false, fastOpenFailure: 'cookieUnavailable' })
    t.skip().connection.abort()
    t.localPort = 8
    connect(t)
    t.skip()
    t.iss = 0
    const syn = t.device.sent.at(-1)!.bytes
    t.iss = new DataView(syn.buffer, syn.byteOffset).getUint32(24)
    t.send({ flags: 'SA', seq: 0, ack: 11 })
    expect(t.connection.info()).toMatchObject({ fastOpen: true, fastOpenFailure: null, bytesAcked: 10 })
    t.skip().connection.abort()
    t.localPort = 9
    connect(t)
    const again = t.device.sent.at(-1)!.bytes
    t.iss = new DataView(again.buffer, again.byteOffset).getUint32(24)
    t.send({ flags: 'SA', seq: 0, ack: 1 })
    expect(t.connection.info()).toMatchObject({ fastOpen: false, fastOpenFailure: 'dataNotAcked' })

    const late = new Script()
    connect(late)
    late.wait(1001)
    late.next()
    late.send({ flags: 'SA', seq: 0, ack: 1 })
    expect(late.connection.info().fastOpenFailure).toBe('synRetransmitted')
  })
})
