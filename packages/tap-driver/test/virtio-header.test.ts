import { Gso, Memory, RxChecksum, RxFrame, TX_HEADROOM, TxDescriptor } from '@tapwire/stack'
import { describe, expect, it } from 'vitest'
import { readVirtioHeader, VIRTIO_HEADER, writeVirtioHeader } from '../src/virtio-header.ts'

const hex = (view: DataView, at: number) => Buffer.from(view.buffer, at, VIRTIO_HEADER).toString('hex')

function written(change: Partial<TxDescriptor>, tcpFlags = 0x18): string {
  const memory = new Memory(1 << 16)
  memory.u8.fill(0xee)
  memory.u8[64 + 34 + 13] = tcpFlags
  const frame = Object.assign(new TxDescriptor(memory), { headOffset: 64, headLength: 54 }, change)
  writeVirtioHeader(memory.view, 64 - VIRTIO_HEADER, frame)
  expect(memory.u8[53]).toBe(0xee)
  expect(memory.u8[64]).toBe(0xee)
  return hex(memory.view, 54)
}

function read(bytes: number[]): [boolean, RxFrame] {
  const frame = new RxFrame()
  frame.gsoSize = 999
  frame.checksum = RxChecksum.Valid
  return [
    readVirtioHeader(new DataView(Uint8Array.from([...bytes, ...Array(10).fill(0)]).buffer), 0, frame),
    frame,
  ]
}

describe('the virtio header of a frame', () => {
  it('fits into the head room', () => {
    expect(VIRTIO_HEADER).toBeLessThanOrEqual(TX_HEADROOM)
  })

  it('is all zeros for a finished frame', () => {
    expect(written({})).toBe('00000000000000000000')
  })

  it('says where a partial checksum goes', () => {
    expect(written({ checksumStart: 34, checksumOffset: 16 })).toBe('01000000000022001000')
  })

  it('says how a super-frame is to be segmented', () => {
    const partial = { checksumStart: 34, checksumOffset: 16, gsoSize: 1448 }
    expect(written({ ...partial, gso: Gso.TcpV4 })).toBe('01013600a80522001000')
    expect(written({ ...partial, gso: Gso.TcpV6 })).toBe('01043600a80522001000')
    expect(written({ ...partial, gso: Gso.Udp })).toBe('01053600a80522001000')
  })

  it('R3168-07 says that CWR is for the first segment alone', () => {
    const partial = { checksumStart: 34, checksumOffset: 16, gsoSize: 1448 }
    expect(written({ ...partial, gso: Gso.TcpV4 }, 0x98)).toBe('01813600a80522001000')
    expect(written({ ...partial, gso: Gso.TcpV6 }, 0x90)).toBe('01843600a80522001000')
    expect(written({ ...partial, gso: Gso.Udp }, 0x90)).toBe('01053600a80522001000')
    expect(written({ checksumStart: 34, checksumOffset: 16 }, 0x98)).toBe('01000000000022001000')
  })

  it('says what of a received frame has been checked', () => {
    expect(read([0, 0])).toMatchObject([true, { checksum: RxChecksum.Unverified, gsoSize: 0 }])
    expect(read([1, 0])).toMatchObject([true, { checksum: RxChecksum.Partial, gsoSize: 0 }])
    expect(read([2, 0])).toMatchObject([true, { checksum: RxChecksum.Valid, gsoSize: 0 }])
  })

  it('gives the segment size of a received super-frame', () => {
    for (const type of [1, 4, 5, 0x81, 0x84]) {
      expect(read([1, type, 54, 0, 0xa8, 0x05])).toMatchObject([
        true,
        { checksum: RxChecksum.Partial, gsoSize: 1448 },
      ])
    }
  })

  it('refuses kinds that were never negotiated, and super-frames of no size', () => {
    for (const type of [2, 3, 6, 0x7f]) expect(read([1, type, 54, 0, 0xa8, 0x05])[0]).toBe(false)
    expect(read([1, 1, 54, 0, 0, 0])[0]).toBe(false)
  })
})
