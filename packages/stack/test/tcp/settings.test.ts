import { describe, expect, it } from 'vitest'
import { type ConnectionSettings, packets, parseAddress, type TcpSettings } from '../../src/index.ts'
import { MODERN, Script, type SentSeg } from './script.ts'
import { SenderScript, SIZE } from './sender-script.ts'

const option = (segment: SentSeg, name: string): packets.TcpOption | undefined =>
  segment.options.find((o) => o.name === name)

/** Five segments in flight on a connection with SACK, the third to fifth SACKed one by one, 100 ms after they were sent. */
function threeAboveTwoHoles(tcp: TcpSettings): SenderScript {
  const t = new SenderScript({ tcp })
  t.write(1).expectSegments(0)
  t.wait(100).ack(1)
  t.write(6).skip()
  t.wait(100)
  t.ack(1, [3, 4]).ack(1, [3, 5])
  return t
}

describe('what Linux has a sysctl for', () => {
  it('dsack: false tells nobody what came twice (tcp_dsack)', () => {
    for (const dsack of [true, false]) {
      const t = new Script({ tcp: { dsack } }).established(MODERN)
      t.send({ flags: 'A', seq: 1, ack: 1, data: 100 }).skip()
      t.send({ flags: 'A', seq: 1, ack: 1, data: 100 })
      expect(option(t.next(), 'sack') !== undefined).toBe(dsack)
    }
  })

  it('rack: false counts what is SACKed above a hole, and leaves lost retransmissions to the timer (tcp_recovery)', () => {
    const t = threeAboveTwoHoles({ rack: false, tailLossProbe: false })
    t.silence()
    // A third segment above both holes: RFC 6675 has them both lost, at once and without looking at times.
    t.ack(1, [3, 6])
    t.expect({ seq: 1 + SIZE }).skip()
    expect(t.counters.fastRecoveries).toBe(1)
  })

  it('duplicateThreshold: how many must have arrived above a hole (tcp_reordering)', () => {
    const t = new SenderScript({ kind: 'plain', tcp: { duplicateThreshold: 5 } })
    t.write(1).expectSegments(0)
    t.wait(100).ack(1)
    t.write(10).skip()
    for (let i = 0; i < 4; i++) t.ack(1)
    expect(t.counters.fastRecoveries).toBe(0)
    t.ack(1)
    expect(t.counters.fastRecoveries).toBe(1)
  })

  it('tailLossProbe: false waits for the RTO (tcp_early_retrans)', () => {
    for (const tailLossProbe of [true, false]) {
      const t = new SenderScript({ tcp: { tailLossProbe } })
      t.write(1).expectSegments(0)
      t.wait(100).ack(1)
      t.write(2).skip()
      t.wait(1000)
      expect(t.counters.tailProbes > 0).toBe(tailLossProbe)
      expect(t.counters.timeouts > 0).toBe(true)
    }
  })

  it('frto: false sends again after a timeout without asking whether it was needless (tcp_frto)', () => {
    const answers = [true, false].map((frto) => {
      const t = new SenderScript({ kind: 'plain', tcp: { frto } })
      t.write(1).expectSegments(0)
      t.wait(100).ack(1)
      t.write(4).skip()
      t.wait(400).expectSegments(1)
      t.write(4)
      t.ack(2)
      return t.next().seq
    })
    // With F-RTO new data, without it the next one again.
    expect(answers).toEqual([1 + 5 * SIZE, 1 + 2 * SIZE])
  })

  it('slowStartAfterIdle: false keeps the window over a pause (tcp_slow_start_after_idle)', () => {
    const windows = [true, false].map((slowStartAfterIdle) => {
      const t = new SenderScript({ kind: 'plain', win: 65_535, tcp: { slowStartAfterIdle } })
      t.write(10).skip()
      for (let n = 1; n <= 10; n++) t.ack(n)
      t.wait(5000)
      const before = t.info.cwnd
      t.write(1)
      return t.info.cwnd / before
    })
    expect(windows[0]).toBeLessThan(1)
    expect(windows[1]).toBe(1)
  })

  it('quickAck: false delays from the first segment on', () => {
    for (const quickAck of [true, false]) {
      const t = new Script({ tcp: { quickAck } }).established()
      t.send({ flags: 'PA', seq: 1, ack: 1, data: 100 })
      if (quickAck) t.expect({ flags: 'A', ack: 101 })
      else t.silence(39).wait(1).expect({ flags: 'A', ack: 101, at: 40 })
    }
  })

  it('outOfWindowAckInterval: how often what is out of window is answered (tcp_invalid_ratelimit)', () => {
    const t = new Script({ tcp: { outOfWindowAckInterval: 100 } }).established()
    const stray = { flags: 'A', seq: -500, ack: 1 }
    t.send(stray).expect({ flags: 'A', ack: 1 })
    t.wait(99).send(stray).silence()
    t.wait(1).send(stray).expect({ flags: 'A', ack: 1 })
  })

  it('notSentLowWater: bytes that may wait unsent on every connection (tcp_notsent_lowat)', () => {
    const t = new Script({ tcp: { notSentLowWater: 5000 } }).established([{ name: 'mss', value: 1000 }], 2000)
    expect(t.connection.write(new Uint8Array(50_000))).toBe(5000)
  })

  it('mtuProbing: false never suspects a path, always begins small and tries larger (tcp_mtu_probing, tcp_base_mss)', () => {
    const off = new SenderScript({ tcp: { mtuProbing: false } })
    off.write(3)
    off.wait(20_000)
    expect(off.counters.timeouts).toBeGreaterThan(3)
    expect(off.counters.blackHoles).toBe(0)
    const t = new Script({ tcp: { mtuProbing: 'always', baseMss: 700, initialWindow: 20 } })
    t.established([{ name: 'mss', value: 1460 }, { name: 'sackPermitted' }])
    t.connection.write(new Uint8Array(10_000))
    // The probe, of the whole of what the link takes, and then segments of the base MSS.
    t.expect({ length: 1460 }, { length: 700 }, { length: 700 })
    t.send({ flags: 'A', seq: 1, ack: 1461 })
    t.skip()
    t.connection.write(new Uint8Array(5000))
    expect(t.connection.info().segmentSize).toBe(1460)
  })

  it('receiveBufferTuning: false keeps the receive buffer as it is (tcp_moderate_rcvbuf)', () => {
    const buffers = [true, false].map((receiveBufferTuning) => {
      const t = new Script({ tcp: { receiveBuffer: 20_000, receiveBufferTuning } }).established(MODERN)
      let seq = 1
      for (let round = 0; round < 40; round++) {
        for (let i = 0; i < 8; i++) {
          t.send({ flags: 'PA', seq, ack: 1, data: 1000 })
          seq += 1000
        }
        t.connection.consume(t.connection.readable)
        t.wait(21)
      }
      return t.connection.info().rcvBuffer
    })
    expect(buffers[0]).toBeGreaterThan(20_000)
    expect(buffers[1]).toBe(20_000)
  })

  it('keepAliveIdle, keepAliveInterval, keepAliveCount hold where a connection does not say (tcp_keepalive_*)', () => {
    const t = new Script({
      tcp: { keepAliveIdle: 1000, keepAliveInterval: 500, keepAliveCount: 2 },
    }).established()
    t.connection.setKeepAlive(true)
    t.silence(999).wait(1).expect({ flags: 'A', seq: 0, at: 1000 })
    t.wait(500).expect({ flags: 'A', seq: 0 })
    t.wait(500).expect({ flags: 'RA' })
    expect(t.connection.closeReason).toBe('ETIMEDOUT')
  })

  it('refuses what cannot be', () => {
    for (const tcp of [
      { mtuProbing: 2 },
      { duplicateThreshold: 0 },
      { baseMss: 10 },
      { notSentLowWater: 0 },
    ]) {
      expect(() => new Script({ tcp: tcp as TcpSettings })).toThrow(/must be/)
    }
  })
})

describe('what one connection is told for itself', () => {
  const to = { address: parseAddress('10.0.0.2')!, port: 5000, localPort: 7 }
  const opened = (settings: ConnectionSettings): [Script, SentSeg] => {
    const t = new Script()
    t.connection = t.stack.tcp.connect({ ...to, settings }, t.handler)
    return [t, t.next()]
  }
  const headers = (t: Script): packets.DecodedFrame => packets.decodePacket(t.device.sent.at(-1)!.bytes)

  it('ttl and trafficClass are in the SYN already', () => {
    const [t] = opened({ ttl: 5, trafficClass: 0x28 })
    expect(headers(t)).toMatchObject({ ipv4: { ttl: 5, tos: 0x28, dontFragment: true } })
  })

  it('pathMtuDiscovery: never leaves DF off, and does not heed ICMP', () => {
    const [t] = opened({ pathMtuDiscovery: 'never' })
    expect(headers(t)).toMatchObject({ ipv4: { dontFragment: false } })
  })

  it('MUST-14 maxSegment is advertised, and bounds what is sent', () => {
    const [t, syn] = opened({ maxSegment: 700 })
    expect(option(syn, 'mss')).toEqual({ name: 'mss', value: 700 })
    t.send({ flags: 'SA', seq: 0, ack: 1, options: [{ name: 'mss', value: 1460 }] }).expect({ flags: 'A' })
    t.connection.write(new Uint8Array(1000))
    t.expect({ length: 700 }, { length: 300 })
  })

  it('receiveBuffer is the window of the SYN, its scale fits, and it does not grow', () => {
    const [t, syn] = opened({ receiveBuffer: 5000 })
    expect(syn.win).toBe(5000)
    expect(option(syn, 'windowScale')).toEqual({ name: 'windowScale', shift: 0 })
    expect(t.connection.info().rcvBuffer).toBe(5000)
  })

  it('windowClamp bounds what is offered', () => {
    const [t, syn] = opened({ windowClamp: 3000 })
    expect(syn.win).toBe(3000)
    t.send({ flags: 'SA', seq: 0, ack: 1, options: MODERN }).expect({ flags: 'A', win: 3000 })
    t.connection.configure({ windowClamp: 0 })
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 1000 })
    expect(t.next().win).toBeGreaterThan(3000)
  })

  it('sendBuffer is what can be queued', () => {
    const [t] = opened({ sendBuffer: 3000 })
    expect(t.connection.write(new Uint8Array(10_000))).toBe(3000)
  })

  it('synRetries: how often the SYN is sent again', () => {
    const [t] = opened({ synRetries: 1 })
    t.wait(1000).expect({ flags: 'S' }).wait(2000).silence()
    expect(t.connection.closeReason).toBe('ETIMEDOUT')
  })

  it('finWait2: -1 resets as soon as the FIN is acknowledged, more waits so long', () => {
    for (const finWait2 of [-1, 3000]) {
      const t = new Script().established()
      t.connection.configure({ finWait2 })
      t.connection.close()
      t.expect({ flags: 'FA' })
      t.send({ flags: 'A', seq: 1, ack: 2 })
      if (finWait2 < 0) t.expect({ flags: 'RA', seq: 2 })
      else t.silence(2999)
      t.silence(1)
      expect(t.stack.tcp.sizes.connections).toBe(0)
    }
  })

  it('a listener gives its settings to the SYN-ACK and to the connection', () => {
    const t = new Script()
    t.listener = t.stack.tcp.listen(
      { port: 7, settings: { ttl: 9, receiveBuffer: 4000, maxSegment: 600 } },
      { onConnection: () => t.accept() },
    )
    t.send({ flags: 'S', options: MODERN })
    const synAck = t.next()
    expect(synAck.win).toBe(4000)
    expect(option(synAck, 'mss')).toEqual({ name: 'mss', value: 600 })
    expect(headers(t)).toMatchObject({ ipv4: { ttl: 9 } })
    t.noteTimestamps(synAck)
    t.send({ flags: 'A', seq: 1, ack: 1 })
    t.connection.write(new Uint8Array(1))
    t.next()
    expect(headers(t)).toMatchObject({ ipv4: { ttl: 9 } })
  })

  it('setQuickAck: an ACK that waits leaves at once, or the next one waits (TCP_QUICKACK)', () => {
    const t = new Script({ tcp: { quickAck: false } }).established()
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 100 }).silence()
    t.connection.setQuickAck(true)
    t.expect({ flags: 'A', ack: 101 })
    t.connection.setQuickAck(false)
    t.send({ flags: 'PA', seq: 101, ack: 1, data: 100 }).silence(39)
  })

  it('a write with more to come waits for the next write, for an ACK, or 200 ms', () => {
    const t = new Script().established()
    t.connection.write(new Uint8Array(10), 0, true)
    t.silence()
    t.connection.write(new Uint8Array(5))
    t.expect({ length: 15 }).send({ flags: 'A', seq: 1, ack: 16 })
    t.connection.write(new Uint8Array(10), 0, true)
    t.silence(199).wait(1).expect({ length: 10 })
    t.connection.write(new Uint8Array(3), 0, true)
    t.silence()
    t.send({ flags: 'A', seq: 1, ack: 26 }).expect({ length: 3 })
  })

  it('SHLD-3 refuseData: data that comes after our FIN is answered by a RST, data before it is not', () => {
    const t = new Script().established()
    t.connection.refuseData()
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ flags: 'A', ack: 11 })
    t.connection.shutdown()
    t.expect({ flags: 'FA' }).send({ flags: 'A', seq: 11, ack: 2 })
    t.send({ flags: 'PA', seq: 11, ack: 2, data: 10 }).expect({ flags: 'R', seq: 2 })
    expect(t.connection.closeReason).toBe('ECONNRESET')
  })
})

describe('a listener that waits for data (TCP_DEFER_ACCEPT)', () => {
  function deferring(deferAccept: number): Script {
    const t = new Script()
    t.listener = t.stack.tcp.listen({ port: 7, deferAccept }, { onConnection: () => t.accept() })
    t.send({ flags: 'S' }).expect({ flags: 'SA' })
    t.send({ flags: 'A', seq: 1, ack: 1 })
    expect(t.listener.pending).toBe(0)
    return t
  }

  it('a bare ACK makes no connection, data does', () => {
    const t = deferring(3)
    expect(t.stack.tcp.sizes).toMatchObject({ halfOpen: 1, connections: 0 })
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 5 })
    expect(t.readAll()).toHaveLength(5)
  })

  it('does not repeat the SYN-ACK before the last timeout, whose answer makes a connection without data', () => {
    const t = deferring(2)
    t.silence(999)
    // The first timeout passes in silence, the second one asks once more.
    t.wait(2001).expect({ flags: 'SA', at: 3000 })
    t.send({ flags: 'A', seq: 1, ack: 1 })
    expect(t.connection).toBeDefined()
  })

  it('a FIN counts as data', () => {
    const t = deferring(3)
    t.send({ flags: 'FA', seq: 1, ack: 1 })
    expect(t.connection.ended).toBe(true)
  })
})
