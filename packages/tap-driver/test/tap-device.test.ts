import { Gso, type Memory, TransmitResult } from '@tapwire/stack'
import { describe, expect, it, vi } from 'vitest'
import { Errno } from '../src/errno.ts'
import { TapDevice } from '../src/index.ts'
import type { Libc, PollCallback, PollInterest } from '../src/libc.ts'
import { checkOptions } from '../src/options.ts'
import { Recorder } from './kernel.ts'

const BASE = 0x7fff_fff0_0000

/** A kernel of which each call can be told what to answer. */
class FakeKernel {
  memory: Memory | null = null
  error = 0
  /** What `read` finds, oldest first. */
  readonly waiting: (Uint8Array | number)[] = []
  readonly writes: { address: number; length: number }[] = []
  writeError = 0
  readonly closed: number[] = []
  interest: PollInterest | null = null
  #callback: PollCallback | null = null
  readonly libc = {
    errno: () => this.error,
    addressOf: () => BASE,
    close: (fd: number) => this.closed.push(fd),
    read: (_fd: number, address: number, length: number) => this.#read(address, length),
    write: (_fd: number, address: number, length: number) => this.#write(address, length),
    ioctlValue: () => 0,
    poll: (_fd: number, interest: PollInterest, callback: PollCallback) => {
      const start = (next: PollInterest, to: PollCallback) => {
        this.interest = next
        this.#callback = to
      }
      start(interest, callback)
      return {
        start,
        close: () => {
          this.interest = null
        },
      }
    },
  } as unknown as Libc

  /** The event loop finds the fd ready; resolves when the device has had its turn. */
  async ready(events: Partial<PollInterest>, status = 0): Promise<void> {
    this.#callback!(status, { readable: false, writable: false, ...events })
    await new Promise(setImmediate)
  }

  #read(address: number, length: number): number {
    const next = this.waiting.shift() ?? Errno.EAGAIN
    if (typeof next === 'number') return this.#fail(next)
    this.memory!.copyIn(address - BASE, next.subarray(0, length))
    return Math.min(next.length, length)
  }

  #write(address: number, length: number): number {
    if (this.writeError !== 0) return this.#fail(this.writeError)
    this.writes.push({ address, length })
    return length
  }

  #fail(errno: number): number {
    this.error = errno
    return errno === 0 ? 0 : -1
  }
}

function fake(offload: boolean) {
  const kernel = new FakeKernel()
  const host = { index: 2, up: true, mtu: 1500, mac: Uint8Array.of(2, 0, 0, 0, 0, 1) }
  const offloads = { checksum: offload, tso4: offload, tso6: offload, uso: false }
  const device = new TapDevice(
    checkOptions('ethernet', { offload }),
    { fd: 33, name: 'tap0', host, virtio: offload, offloads, gro: null, persistent: false },
    kernel.libc,
  )
  const sink = new Recorder()
  kernel.memory = sink.memory
  device.attach(sink)
  return { kernel, device, sink }
}

const frame = (length: number, ...header: number[]) =>
  Uint8Array.from([...header, ...new Uint8Array(length).fill(0x5a)])

describe('a TAP device', () => {
  it('delivers nothing during attach, and a burst when frames are there', async () => {
    const { kernel, sink, device } = fake(false)
    expect(sink.frames).toEqual([])
    expect(kernel.interest).toEqual({ readable: true, writable: false })
    kernel.waiting.push(frame(60), Errno.EINTR, frame(1514))
    await kernel.ready({ readable: true })
    expect(sink.frames.map(({ bytes }) => bytes.length)).toEqual([60, 1514])
    expect(sink.bursts).toBe(1)
    expect(device.counters).toMatchObject({ rxFrames: 2, rxBytes: 1574 })
    await kernel.ready({ readable: true })
    expect(sink.bursts).toBe(1)
  })

  it('puts the network header at a multiple of 4', async () => {
    for (const offload of [false, true]) {
      const { kernel, sink } = fake(offload)
      let offset = 0
      sink.onFrameHook = (rx) => {
        offset = rx.offset
      }
      kernel.waiting.push(offload ? frame(60, ...new Array<number>(10).fill(0)) : frame(60))
      await kernel.ready({ readable: true })
      expect(sink.frames[0]!.bytes).toEqual(frame(60))
      expect((offset + 14) % 4).toBe(0)
    }
  })

  it('lets the loop turn after 64 frames or 1 MiB', async () => {
    const { kernel, sink } = fake(false)
    for (let i = 0; i < 100; i++) kernel.waiting.push(frame(60))
    await kernel.ready({ readable: true })
    expect(sink.frames).toHaveLength(64)
    expect(sink.bursts).toBe(1)
    await kernel.ready({ readable: true })
    expect(sink.frames).toHaveLength(100)

    const large = fake(true)
    for (let i = 0; i < 30; i++) large.kernel.waiting.push(frame(60_000, 1, 1, 54, 0, 0xa8, 5, 34, 0, 16, 0))
    await large.kernel.ready({ readable: true })
    expect(large.sink.frames).toHaveLength(18)
    expect(large.sink.frames[0]).toMatchObject({ gsoSize: 1448, checksum: 1 })
  })

  it('counts and drops what it cannot have asked for', async () => {
    const { kernel, sink, device } = fake(true)
    kernel.waiting.push(frame(60, 0, 3, 0, 0, 1, 0, 0, 0, 0, 0), frame(0, 1, 2, 3), frame(70_000))
    await kernel.ready({ readable: true })
    expect(sink.frames).toEqual([])
    expect(device.counters.rxDropped).toBe(3)
    const plain = fake(false)
    plain.kernel.waiting.push(frame(1518), frame(1519))
    await plain.kernel.ready({ readable: true })
    expect(plain.sink.frames).toHaveLength(1)
    expect(plain.device.counters.rxDropped).toBe(1)
  })

  for (const errno of [Errno.EAGAIN, Errno.ENOBUFS, Errno.ENOMEM]) {
    it(`answers Full to errno ${errno}, and calls when there is room, once`, async () => {
      const { kernel, device, sink } = fake(false)
      const out = sink.descriptor(frame(60))
      kernel.writeError = errno
      expect(device.transmit(out)).toBe(TransmitResult.Full)
      expect(device.transmit(out)).toBe(TransmitResult.Full)
      expect(device.counters).toMatchObject({ txFull: 2, txFrames: 0 })
      expect(kernel.interest).toEqual({ readable: true, writable: true })
      kernel.waiting.push(frame(60))
      await kernel.ready({ readable: true })
      expect(sink).toMatchObject({ writables: 0, bursts: 1 })
      kernel.writeError = 0
      await kernel.ready({ writable: true })
      expect(sink.writables).toBe(1)
      expect(kernel.interest).toEqual({ readable: true, writable: false })
      expect(device.transmit(out)).toBe(TransmitResult.Sent)
      expect(kernel.writes).toEqual([{ address: BASE + out.headOffset, length: 60 }])
    })
  }

  it('takes 512 frames in a turn of the loop, and is full until the next', async () => {
    const { kernel, device, sink } = fake(false)
    const out = sink.descriptor(frame(60))
    for (let i = 0; i < 512; i++) expect(device.transmit(out)).toBe(TransmitResult.Sent)
    expect(device.transmit(out)).toBe(TransmitResult.Full)
    expect(device.transmit(out)).toBe(TransmitResult.Full)
    expect(kernel.writes).toHaveLength(512)
    expect(sink.writables).toBe(0)
    await new Promise(setImmediate)
    expect(sink.writables).toBe(1)
    for (let i = 0; i < 512; i++) expect(device.transmit(out)).toBe(TransmitResult.Sent)
    // What the poll delivers is a turn as well.
    await kernel.ready({ readable: true })
    expect(sink.writables).toBe(1)
    expect(device.transmit(out)).toBe(TransmitResult.Sent)
    expect(device.counters).toMatchObject({ txFull: 2, txFrames: 1025 })
  })

  it('is not called for its turn after it was closed', async () => {
    const { device, sink } = fake(false)
    const out = sink.descriptor(frame(60))
    for (let i = 0; i < 513; i++) device.transmit(out)
    await device.close()
    await new Promise(setImmediate)
    expect(sink.writables).toBe(0)
  })

  it('refuses a frame that the kernel finds malformed, and goes on', () => {
    const { kernel, device, sink } = fake(true)
    kernel.writeError = Errno.EINVAL
    expect(device.transmit(sink.descriptor(frame(60)))).toBe(TransmitResult.Refused)
    kernel.writeError = 0
    expect(device.transmit(sink.descriptor(frame(60)))).toBe(TransmitResult.Sent)
    expect(device.counters).toMatchObject({ txRefused: 1, txFrames: 1 })
  })

  it('refuses super-frames where segmentation was not negotiated', () => {
    const { device, sink } = fake(false)
    const out = sink.descriptor(frame(3000))
    out.gso = Gso.TcpV4
    out.gsoSize = 1448
    expect(device.transmit(out)).toBe(TransmitResult.Refused)
  })

  for (const errno of [Errno.EBADFD, Errno.EIO, Errno.ENODEV]) {
    it(`closes when read fails with errno ${errno}, after it delivered what was there`, async () => {
      const { kernel, device, sink } = fake(false)
      kernel.waiting.push(frame(60), errno)
      await kernel.ready({ readable: true })
      expect(sink).toMatchObject({ bursts: 1, closings: [{ code: 'ENETDOWN' }] })
      expect(kernel).toMatchObject({ closed: [33], interest: null })
      expect(device.isOpen).toBe(false)
    })
  }

  it('closes when polling fails, even if read has nothing to say', async () => {
    const { kernel, sink } = fake(false)
    await kernel.ready({}, -9)
    expect(sink.closings).toHaveLength(1)
    expect(kernel.closed).toEqual([33])
  })

  it('does nothing more when the poll calls after it was closed', async () => {
    const { kernel, device, sink } = fake(false)
    kernel.waiting.push(frame(60))
    await device.close()
    await kernel.ready({ readable: true })
    expect(sink.frames).toEqual([])
    expect(kernel.closed).toEqual([33])
    expect(sink.memory.allocated).toBe(0)
  })

  it('delivers within the poll callback, and throws what is thrown there in a turn of its own', () => {
    const { kernel, sink } = fake(false)
    sink.onFrameHook = () => {
      throw new Error('of the sink')
    }
    kernel.waiting.push(frame(60))
    const turns = vi.spyOn(globalThis, 'setImmediate').mockImplementation((() => {}) as never)
    void kernel.ready({ readable: true })
    const [thrower] = turns.mock.calls[0] as unknown as [() => void]
    turns.mockRestore()
    expect(thrower).toThrow('of the sink')
  })

  it('tells a stack without memory so', () => {
    const poor = new Recorder()
    while (poor.memory.allocate(1024) >= 0);
    const host = { index: 2, up: true, mtu: 1500, mac: new Uint8Array(6) }
    const offloads = { checksum: false, tso4: false, tso6: false, uso: false }
    const tun = { fd: 34, name: 'tap1', host, virtio: true, offloads, gro: null, persistent: false }
    const device = new TapDevice(checkOptions('ethernet', {}), tun, new FakeKernel().libc)
    expect(() => device.attach(poor)).toThrow(expect.objectContaining({ code: 'ENOMEM' }))
    expect(device.isOpen).toBe(true)
  })
})
