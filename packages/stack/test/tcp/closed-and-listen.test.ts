import { describe, expect, it } from 'vitest'
import { packets, parseAddress } from '../../src/index.ts'
import { ORIGINS, Script, type Seg } from './script.ts'

describe.each(ORIGINS)('nobody or a listener, $name', ({ isn }) => {
  const closed = () => new Script({ isn })

  it('SEG-01 an ACK for nobody draws RST with SEQ = SEG.ACK and no ACK', () => {
    closed().send({ flags: 'A', ack: 0x12345678 }).expect({ flags: 'R', seq: 0x12345678 }).silence()
  })

  it.each([
    { flags: 'S', data: 10, length: 11 },
    { flags: 'S', data: 0, length: 1 },
    { flags: 'F', data: 0, length: 1 },
    { flags: 'SF', data: 3, length: 5 },
    { flags: '', data: 7, length: 7 },
    { flags: 'P', data: 0, length: 0 },
  ])(
    'SEG-02 $flags with $data bytes for nobody draws RST,ACK of SEG.SEQ + $length',
    ({ flags, data, length }) => {
      closed().send({ flags, data }).expect({ flags: 'RA', seq: 0, ack: length, length: 0 }).silence()
    },
  )

  it.each(['R', 'RA', 'RS', 'RAF'])('SEG-03 %s is never answered by nobody nor by a listener', (flags) => {
    closed().send({ flags, ack: 5, data: 4 }).silence()
    closed().listen().send({ flags, ack: 5, data: 4 }).silence()
  })

  it.each(['A', 'SA', 'FA', 'PA'])('SEG-04 %s to a listener draws RST with SEQ = SEG.ACK', (flags) => {
    closed().listen().send({ flags, ack: 77 }).expect({ flags: 'R', seq: 77 }).silence()
  })

  it('SEG-05 text on a SYN is not delivered before the handshake ends, and may come again', () => {
    const t = closed().listen()
    t.send({ flags: 'S', data: 20 }).expect({ flags: 'SA', seq: 0, ack: 1 }).silence()
    expect(t.listener.pending).toBe(0)
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 20 }).expect({ flags: 'A', ack: 21 })
    expect(t.readAll()).toHaveLength(20)
  })

  it.each(['F', '', 'P', 'U', 'FPU'])(
    'SEG-06 SEG-25 flags "%s" to a listener are dropped silently',
    (flags) => {
      const t = closed().listen()
      t.send({ flags }).silence()
      expect(t.stack.tcp.sizes.halfOpen).toBe(0)
      expect(t.stack.tcp.counters.droppedUnexpected).toBe(1)
    },
  )

  it('SYN-FIN to a listener opens nothing', () => {
    const t = closed().listen().send({ flags: 'SF' }).silence()
    expect(t.stack.tcp.sizes.halfOpen).toBe(0)
  })
})

describe('damaged segments', () => {
  /** Sends a segment after `harm` to its TCP header at `at`; the checksum is put right again unless told otherwise. */
  function damaged(
    t: Script,
    segment: Seg,
    harm: (bytes: Uint8Array, at: number) => void,
    fix: boolean,
  ): void {
    const bytes = t.build(segment)
    harm(bytes, 20)
    if (fix) {
      const ip = packets.parseIpv4(bytes)!
      bytes[36] = 0
      bytes[37] = 0
      const pseudo = [...ip.source, ...ip.destination, 0, 6, ip.payload.length >>> 8, ip.payload.length & 255]
      const all = [...pseudo, ...bytes.subarray(20)]
      let sum = 0
      for (let i = 0; i < all.length; i += 2) sum += (all[i] << 8) | (all[i + 1] ?? 0)
      while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
      bytes[36] = (~sum >>> 8) & 255
      bytes[37] = ~sum & 255
    }
    t.device.receive(bytes)
  }

  it.each([
    ['data', { flags: 'PA', seq: 1, ack: 1, data: 10 }],
    ['SYN', { flags: 'S', seq: 1 }],
    ['RST', { flags: 'R', seq: 1 }],
  ])('MUST-3 %s with one bit of its checksum flipped is dropped without a word', (_, segment) => {
    for (let bit = 0; bit < 16; bit++) {
      const t = new Script().established()
      damaged(
        t,
        segment,
        (bytes, at) => {
          bytes[at + 16 + (bit >>> 3)] ^= 1 << (bit & 7)
        },
        false,
      )
      t.silence()
      expect(t.state).toBe('ESTABLISHED')
      expect(t.connection.readable).toBe(0)
      expect(t.stack.tcp.counters.droppedBadChecksum).toBe(1)
    }
  })

  it('MUST-2 a checksum field of zero is no “no checksum”', () => {
    const t = new Script().established()
    damaged(t, { flags: 'PA', seq: 1, ack: 1, data: 10 }, (bytes) => bytes.fill(0, 36, 38), false)
    t.silence()
    expect(t.stack.tcp.counters.droppedBadChecksum).toBe(1)
  })

  it.each([0, 1, 2, 3, 4, 6, 15])('SEG-31 a data offset of %i in 20 bytes is dropped silently', (offset) => {
    const t = new Script().established()
    damaged(
      t,
      { flags: 'A', seq: 1, ack: 1 },
      (bytes, at) => {
        bytes[at + 12] = offset << 4
      },
      true,
    )
    t.silence()
    expect(t.stack.tcp.counters.droppedBadOffset).toBe(1)
  })

  it('SEG-31 less than 20 bytes are dropped and counted', () => {
    const t = new Script().listen()
    const addresses = {
      source: parseAddress(t.remote)!.toBytes(),
      destination: parseAddress(t.local)!.toBytes(),
    }
    for (const length of [0, 1, 19]) {
      t.device.receive(
        packets.buildFrame({ ipv4: { ...addresses, protocol: 6, payload: new Uint8Array(length) } }),
      )
    }
    t.silence()
    expect(t.stack.tcp.counters.droppedTooShort).toBe(3)
  })

  it('SEG-33 reserved bits are ignored, and sent as zero', () => {
    const t = new Script().established()
    damaged(
      t,
      { flags: 'PA', seq: 1, ack: 1, data: 10 },
      (bytes, at) => {
        bytes[at + 12] |= 0x0f
      },
      true,
    )
    t.expect({ flags: 'A', ack: 11 })
    for (const { bytes } of t.device.sent) {
      const { tcp } = packets.decodePacket(bytes)
      if (tcp !== undefined) expect(tcp.reserved).toBe(0)
    }
  })
})
