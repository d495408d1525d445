import { TransmitResult } from '@tapwire/stack'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fromTuntap2, type Tuntap2Device } from '../src/index.ts'
import { Recorder } from './kernel.ts'

type Listener = (...args: unknown[]) => void

/** A device that misbehaves as the real ones do. */
class Misbehaving {
  readonly name = 'tap7'
  readonly mtu = 1500
  isTap = true
  isUp = true
  readonly written: Buffer[] = []
  readonly callbacks: unknown[][] = []
  readonly listeners = new Map<string, Listener[]>()
  /** Whether the stream's 16 KiB are not used up. */
  room = true
  released = 0
  /** Whether `release` ever ends. */
  quiet = false

  get mac(): string[] {
    if (!this.isUp) throw 'you must set isUp = true in order to access this method'
    return ['8e:1f:00:aa:bb:cc']
  }
  get ipv4(): string {
    throw new Error('the kernel side is nobody else’s business')
  }
  on(event: string, listener: Listener): this {
    if (event === 'readable') throw new Error('would glue frames together')
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener])
    return this
  }
  off(event: string, listener: Listener): this {
    this.listeners.set(event, this.listeners.get(event)?.filter((other) => other !== listener) ?? [])
    return this
  }
  read(): never {
    throw new Error('would glue frames together')
  }
  emit(event: string, ...args: unknown[]): void {
    const listeners = this.listeners.get(event) ?? []
    if (event === 'error' && listeners.length === 0) throw args[0]
    for (const listener of listeners) listener(...args)
  }
  write(chunk: Uint8Array, ...rest: unknown[]): boolean {
    if (!this.isUp) {
      this.emit('error', new Error('EIO: i/o error, write'))
      return false
    }
    this.written.push(Buffer.from(chunk))
    this.callbacks.push(rest)
    return this.room
  }
  release(): void {
    this.released++
    if (this.quiet) return
    queueMicrotask(() => {
      this.emit('close')
      this.emit('close')
    })
  }
}

const FRAME = Uint8Array.from({ length: 60 }, (_, i) => i)

function attached(change: Partial<Misbehaving> = {}) {
  const device = Object.assign(new Misbehaving(), change)
  const link = fromTuntap2(device as unknown as Tuntap2Device)
  const sink = new Recorder()
  link.attach(sink)
  return { device, link, sink }
}

describe('a tuntap2 device as a link', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('takes its properties from the device, and its MAC address from nobody', () => {
    const { link } = attached()
    expect(link).toMatchObject({ name: 'tap7', medium: 'ethernet', mtu: 1500 })
    expect(link.capabilities).toMatchObject({ mac: null, txChecksum: false, tso4: false, maxSuperFrame: 0 })
    expect(link.hostMac).toBe('8e:1f:00:aa:bb:cc')
    expect(attached({ isUp: false }).link.hostMac).toBeNull()
    expect(attached({ isTap: false }).link).toMatchObject({ medium: 'ip', hostMac: null })
    const mac = fromTuntap2(new Misbehaving() as unknown as Tuntap2Device, { mac: '02:00:00:00:00:01' })
      .capabilities.mac
    expect(mac).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 1))
  })

  it('refuses what is no such device', () => {
    for (const wrong of [null, 7, {}, { on() {}, off() {}, write() {}, release() {}, mtu: 1500 }]) {
      expect(() => fromTuntap2(wrong as never)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
      )
    }
    const device = new Misbehaving() as unknown as Tuntap2Device
    expect(() => fromTuntap2(device, { closeTimeout: -1 })).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
    expect(() => fromTuntap2(device, { mac: 'x' })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
    )
  })

  it('delivers one frame for each "data" event', () => {
    const { device, link, sink } = attached()
    device.emit('data', Buffer.from(FRAME))
    device.emit('data', Buffer.from(FRAME.subarray(0, 20)))
    expect(sink.frames.map(({ bytes }) => bytes.length)).toEqual([60, 20])
    expect(sink.frames[0]!.bytes).toEqual(FRAME)
    expect(sink.bursts).toBe(2)
    device.emit('data', Buffer.alloc(1515))
    device.emit('data', Buffer.alloc(0))
    device.emit('data', 'text')
    expect(link.counters).toMatchObject({ rxFrames: 2, rxDropped: 3 })
  })

  it('writes one chunk a frame, a copy, with the callback third', () => {
    const { device, link, sink } = attached()
    const frame = sink.descriptor(FRAME.subarray(0, 14), FRAME.subarray(14, 30), FRAME.subarray(30))
    expect(link.transmit(frame)).toBe(TransmitResult.Sent)
    expect(device.written).toEqual([Buffer.from(FRAME)])
    expect(device.callbacks[0]).toEqual([undefined, expect.any(Function)])
    sink.memory.u8.fill(0)
    expect(device.written[0]).toEqual(Buffer.from(FRAME))
    expect(link.transmit(sink.descriptor(new Uint8Array(1515)))).toBe(TransmitResult.Refused)
  })

  it('stops at a write that answers false, until "drain"', () => {
    const { device, link, sink } = attached({ room: false })
    const frame = sink.descriptor(FRAME)
    expect(link.transmit(frame)).toBe(TransmitResult.Sent)
    expect(link.transmit(frame)).toBe(TransmitResult.Full)
    expect(device.written).toHaveLength(1)
    expect(sink.writables).toBe(0)
    device.room = true
    device.emit('drain')
    device.emit('drain')
    expect(sink.writables).toBe(1)
    expect(link.transmit(frame)).toBe(TransmitResult.Sent)
    expect(link.counters).toMatchObject({ txFrames: 2, txFull: 1 })
  })

  it('never writes while the device is down, and says when it is up', () => {
    const { device, link, sink } = attached({ isUp: false })
    const frame = sink.descriptor(FRAME)
    expect(link.transmit(frame)).toBe(TransmitResult.Full)
    expect(link.transmit(frame)).toBe(TransmitResult.Full)
    vi.advanceTimersByTime(1000)
    expect(sink.writables).toBe(0)
    device.isUp = true
    vi.advanceTimersByTime(50)
    expect(sink.writables).toBe(1)
    expect(link.transmit(frame)).toBe(TransmitResult.Sent)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('closes once, however often "close" comes', async () => {
    const { device, link, sink } = attached()
    await Promise.all([link.close(), link.close()])
    expect(device.released).toBe(1)
    expect(sink.closings).toEqual([null])
    expect(sink.memory.allocated).toBe(0)
    expect(link.transmit(new Recorder().descriptor(FRAME))).toBe(TransmitResult.Refused)
    expect(vi.getTimerCount()).toBe(0)
    device.emit('data', Buffer.from(FRAME))
    expect(sink.frames).toEqual([])
    expect(() => link.attach(new Recorder())).toThrow(/closed/)
  })

  it('does not wait for ever for a quiet device to be released', async () => {
    const { device, link } = attached({ quiet: true })
    const closing = link.close()
    let done = false
    void closing.then(() => {
      done = true
    })
    await vi.advanceTimersByTimeAsync(249)
    expect(done).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(done).toBe(true)
    // Late, and unheard anywhere else: this must not end the process.
    device.emit('error', new Error('late'))
    device.emit('close')
  })

  it('tells the stack when the device fails by itself', async () => {
    const { device, link, sink } = attached()
    device.emit('error', new Error('EIO: i/o error, write'))
    device.emit('close')
    device.emit('close')
    expect(sink.closings).toHaveLength(1)
    expect(sink.closings[0]).toMatchObject({
      code: 'ENETDOWN',
      message: 'The device tap7 went away: EIO: i/o error, write.',
    })
    await link.close()
    expect(device.released).toBe(0)
  })

  it('may be closed by the frame it delivers', async () => {
    const { device, link, sink } = attached()
    sink.onFrameHook = () => void link.close()
    device.emit('data', Buffer.from(FRAME))
    await link.close()
    expect(sink.memory.allocated).toBe(0)
    expect(sink.bursts).toBe(0)
  })
})
