import { describe, expect, it } from 'vitest'
import { arp, arpReply, Bench, BROADCAST, OTHER_MAC, OUR_MAC, only, PEER_MAC } from './support.ts'

const ZERO_MAC = '00:00:00:00:00:00'
const REQUEST = `arp request 10.0.0.2(${OUR_MAC}) 10.0.0.9(${ZERO_MAC}) -> ${BROADCAST}`
const REPLY = `arp reply 10.0.0.2(${OUR_MAC}) 10.0.0.9(${PEER_MAC}) -> ${PEER_MAC}`

const request = arp({ sender: '10.0.0.9', target: '10.0.0.2' })
const reply = arpReply({ sender: '10.0.0.9', target: '10.0.0.2' })

/** The request with one byte of the ARP packet changed. */
function changed(offset: number, value: number): Uint8Array {
  const bytes = Uint8Array.from(request)
  bytes[14 + offset] = value
  return bytes
}

describe('ARP in', () => {
  it.each([
    ['hardware type', changed(1, 6)],
    ['protocol type', changed(2, 0x86)],
    ['hardware length', changed(4, 8)],
    ['protocol length', changed(5, 16)],
    ['operation', changed(7, 3)],
    ['length', request.subarray(0, 14 + 27)],
  ])('ARP-01 drops a packet with a wrong %s', (_name, bytes) => {
    const bench = Bench.ready()
    bench.receive(bytes)
    expect(bench.take()).toEqual([])
    expect(bench.table()).toEqual([])
    expect(bench.counters.dropArpMalformed).toBe(1)
  })

  it('ARP-02 takes a new MAC for a cached address from any ARP, before looking at the operation', () => {
    const bench = Bench.ready()
    bench.receive(request)
    expect(bench.table()).toEqual([`10.0.0.9 Stale ${PEER_MAC}`])
    // Gratuitous, and for nobody here.
    bench.receive(arp({ from: OTHER_MAC, sender: '10.0.0.9', target: '10.0.0.9' }))
    expect(bench.table()).toEqual([`10.0.0.9 Stale ${OTHER_MAC}`])
    bench.take()
    bench.send('10.0.0.2', '10.0.0.9', 1)
    expect(only(bench.take())).toBe(`v4 10.0.0.9 #1 -> ${OTHER_MAC}`)
    bench.receive(arpReply({ to: BROADCAST, sender: '10.0.0.9', target: '10.0.0.77' }))
    bench.send('10.0.0.2', '10.0.0.9', 2)
    expect(only(bench.take())).toBe(`v4 10.0.0.9 #2 -> ${PEER_MAC}`)
  })

  it('ARP-02 a changed MAC makes a confirmed neighbour doubtful again', () => {
    const bench = Bench.ready()
    bench.send('10.0.0.2', '10.0.0.9', 1)
    bench.receive(reply)
    expect(bench.table()).toEqual([`10.0.0.9 Reachable ${PEER_MAC}`])
    bench.receive(arpReply({ from: OTHER_MAC, sender: '10.0.0.9', target: '10.0.0.2' }))
    expect(bench.table()).toEqual([`10.0.0.9 Stale ${OTHER_MAC}`])
  })

  it('ARP-03 learns who asks for us, answers, and needs no question of its own', () => {
    const bench = Bench.ready()
    bench.receive(request)
    expect(only(bench.take())).toBe(REPLY)
    bench.send('10.0.0.2', '10.0.0.9', 5)
    expect(only(bench.take())).toBe(`v4 10.0.0.9 #5 -> ${PEER_MAC}`)
  })

  it('ARP-04 answers by unicast, and for own addresses only', () => {
    const bench = Bench.ready()
    bench.receive(request)
    expect(only(bench.take())).toBe(REPLY)
    bench.receive(arp({ sender: '10.0.0.9', target: '10.0.0.3' }))
    expect(bench.take()).toEqual([])
    expect(bench.counters.arpRequestsIn).toBe(2)
    expect(bench.counters.arpRepliesOut).toBe(1)
  })

  it('ARP-08 ignores group, zero and our own hardware addresses as sender', () => {
    const bench = Bench.ready()
    for (const senderMac of [BROADCAST, '01:00:5e:00:00:01', ZERO_MAC, OUR_MAC]) {
      bench.send('10.0.0.2', '10.0.0.9', 1)
      bench.receive(arpReply({ from: PEER_MAC, senderMac, sender: '10.0.0.9', target: '10.0.0.2' }))
      bench.receive(arp({ from: PEER_MAC, senderMac, sender: '10.0.0.8', target: '10.0.0.2' }))
    }
    expect(bench.table()).toEqual(['10.0.0.9 Incomplete -'])
    expect(bench.take()).toEqual([REQUEST])
    expect(bench.counters.dropArpBadHardware).toBe(8)
  })

  it('ARP-09 creates nothing from what is not addressed to us', () => {
    const bench = Bench.ready()
    bench.receive(arp({ sender: '10.0.0.9', target: '10.0.0.3' }))
    bench.receive(arpReply({ sender: '10.0.0.9', target: '10.0.0.3' }))
    bench.receive(arp({ sender: '10.0.0.9', target: '10.0.0.9' }))
    expect(bench.table()).toEqual([])
  })

  it.each(['255.255.255.255', '10.0.0.255', '224.0.0.1', '127.0.0.1', '0.0.0.1', '240.0.0.1'])(
    'ARP-09 learns nothing from sender %s, and does not answer it',
    (sender) => {
      const bench = Bench.ready()
      bench.receive(arp({ sender, target: '10.0.0.2' }))
      expect(bench.table()).toEqual([])
      expect(bench.take()).toEqual([])
      expect(bench.counters.dropArpBadSender).toBe(1)
    },
  )

  it('ARP-09 answers a probe from 0.0.0.0 and learns nothing from it', () => {
    const bench = Bench.ready()
    bench.receive(arp({ sender: '0.0.0.0', target: '10.0.0.2' }))
    expect(only(bench.take())).toBe(`arp reply 10.0.0.2(${OUR_MAC}) 0.0.0.0(${PEER_MAC}) -> ${PEER_MAC}`)
    expect(bench.table()).toEqual([])
  })

  it('ARP-10 allows and counts a frame source that differs from the ARP sender', () => {
    const bench = Bench.ready()
    bench.receive(arp({ from: OTHER_MAC, senderMac: PEER_MAC, sender: '10.0.0.9', target: '10.0.0.2' }))
    expect(bench.table()).toEqual([`10.0.0.9 Stale ${PEER_MAC}`])
    expect(only(bench.take())).toBe(REPLY)
    expect(bench.counters.arpSourceMismatch).toBe(1)
  })
})

describe('ARP out', () => {
  it('ARP-05 asks again after the entry was idle past its time, and finds a changed MAC', () => {
    const bench = Bench.ready({ link: { timing: { reachableTime: 10_000_000 } } })
    bench.send('10.0.0.2', '10.0.0.9', 1)
    bench.receive(reply)
    bench.take()
    // Between half and one and a half of 10 s, then 5 s of delay.
    bench.clock.advance(16_000)
    bench.send('10.0.0.2', '10.0.0.9', 2)
    expect(bench.take()).toEqual([`v4 10.0.0.9 #2 -> ${PEER_MAC}`])
    bench.clock.advance(5_000)
    const unicast = REQUEST.replace(/-> .*/, `-> ${PEER_MAC}`)
    expect(bench.take()).toEqual([unicast])
    // The machine was replaced: unicast stays unanswered, the broadcast does not.
    bench.clock.advance(3_000)
    expect(bench.take()).toEqual([unicast, unicast, REQUEST])
    bench.receive(arpReply({ from: OTHER_MAC, sender: '10.0.0.9', target: '10.0.0.2' }))
    expect(bench.table()).toEqual([`10.0.0.9 Reachable ${OTHER_MAC}`])
  })

  it('ARP-06 asks at most once a second, however much is sent', () => {
    const bench = Bench.ready()
    for (let i = 0; i < 10_000; i++) {
      bench.send('10.0.0.2', '10.0.0.9', 1)
      bench.clock.advance(1)
    }
    const times = bench.device.frames.map((frame) => frame.at)
    expect(times.length).toBeGreaterThanOrEqual(9)
    for (let i = 1; i < times.length; i++) expect(times[i] - times[i - 1]).toBeGreaterThanOrEqual(1000)
    expect(new Set(bench.take())).toEqual(new Set([REQUEST]))
  })

  it('ARP-07 keeps packets until the answer, and sends them in order', () => {
    const bench = Bench.ready()
    for (let i = 1; i <= 5; i++) bench.send('10.0.0.2', '10.0.0.9', i)
    expect(bench.take()).toEqual([REQUEST])
    bench.clock.advance(300)
    bench.receive(reply)
    expect(bench.take()).toEqual([1, 2, 3, 4, 5].map((i) => `v4 10.0.0.9 #${i} -> ${PEER_MAC}`))
    expect(bench.link.waitingBytes).toBe(0)
    expect(bench.table()).toEqual([`10.0.0.9 Reachable ${PEER_MAC}`])
  })

  it('ARP-07 resolves by a request of the other side too, without calling it confirmed', () => {
    const bench = Bench.ready()
    bench.send('10.0.0.2', '10.0.0.9', 1)
    bench.take()
    bench.receive(request)
    expect(bench.take()).toEqual([`v4 10.0.0.9 #1 -> ${PEER_MAC}`, REPLY])
    expect(bench.table()).toEqual([`10.0.0.9 Delay ${PEER_MAC}`])
  })

  it.each([
    ['by broadcast', arpReply({ to: BROADCAST, sender: '10.0.0.9', target: '10.0.0.2' })],
    ['to somebody else', arpReply({ sender: '10.0.0.9', target: '10.0.0.77' })],
  ])('ARP-07 resolves by a reply %s, without calling it confirmed', (_name, frame) => {
    const bench = Bench.ready()
    bench.send('10.0.0.2', '10.0.0.9', 1)
    bench.receive(frame)
    expect(bench.table()).toEqual([`10.0.0.9 Delay ${PEER_MAC}`])
  })

  it('ARP-08 reports packets as undeliverable after three unanswered requests, not before', () => {
    const bench = Bench.ready()
    const start = bench.ms
    bench.send('10.0.0.2', '10.0.0.9', 1)
    bench.send('10.0.0.2', '10.0.0.9', 2)
    bench.clock.advance(2_999)
    expect(bench.unresolved).toEqual([])
    bench.clock.advance(1)
    expect(bench.unresolved).toEqual(['10.0.0.9: 1', '10.0.0.9: 2'])
    expect(bench.takeTimed()).toEqual([0, 1000, 2000].map((at) => `${start + at} ${REQUEST}`))
    expect(bench.table()).toEqual([])
    expect(bench.link.waitingBytes).toBe(0)
    expect(bench.counters.neighboursFailed).toBe(1)
  })

  it('asks from the address the packet came from, else from one in the prefix of the target', () => {
    const bench = Bench.ready({}, '192.168.0.2/24', '10.0.0.2/24', '10.0.0.3/24')
    bench.send('10.0.0.3', '10.0.0.9', 1)
    bench.send('10.9.9.9', '10.0.0.8', 1)
    expect(bench.take()).toEqual([
      `arp request 10.0.0.3(${OUR_MAC}) 10.0.0.9(${ZERO_MAC}) -> ${BROADCAST}`,
      `arp request 10.0.0.2(${OUR_MAC}) 10.0.0.8(${ZERO_MAC}) -> ${BROADCAST}`,
    ])
  })

  it('does not ask from an address that is being checked', () => {
    const bench = Bench.ready({ mode: 'strict' }, '10.0.0.2/24')
    bench.add('10.0.0.3/24')
    bench.send('10.0.0.3', '10.0.0.9', 1)
    expect(bench.take()).toEqual([REQUEST])
  })

  it('does not answer for an address that was removed', () => {
    const bench = Bench.ready()
    bench.engine.run(() => bench.link.removeAddress(bench.addresses[0]))
    bench.receive(request)
    expect(bench.take()).toEqual([])
  })

  it('a neighbour whose address becomes our own is forgotten', () => {
    const bench = Bench.ready()
    bench.receive(request)
    bench.send('10.0.0.2', '10.0.0.10', 1)
    bench.add('10.0.0.9/24')
    bench.add('10.0.0.10/24')
    expect(bench.table()).toEqual([])
    expect(bench.link.waitingBytes).toBe(0)
    bench.clock.advance(5_000)
    expect(bench.unresolved).toEqual([])
  })
})
