import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../../src/core/virtual-clock.ts'
import { createCable } from '../../src/link/cable.ts'
import type { TransmitResult as Result, RxFrame, TxDescriptor } from '../../src/link/device.ts'
import { NO_OFFLOADS, TransmitResult } from '../../src/link/device.ts'
import { WrappedDevice } from '../../src/link/wrapped-device.ts'
import { MAC_A, MAC_B, numbered, Station, TestSink, text, texts } from './helpers.ts'

function setUp(
  wrap: (device: ConstructorParameters<typeof WrappedDevice>[0]) => WrappedDevice,
  frames = 100,
) {
  const clock = new VirtualClock()
  const [left, right] = createCable({ clock, offload: true, macs: [MAC_A, MAC_B], queue: { frames } })
  const wrapped = wrap(left)
  return { clock, left, wrapped, a: new Station(wrapped), b: new Station(right) }
}

const plain = () => setUp((device) => new WrappedDevice(device))

/** Somebody on the path: every second frame falls, and what comes in has its number negated. */
class Meddler extends WrappedDevice {
  #seen = 0

  override transmit(frame: TxDescriptor): Result {
    return this.#seen++ % 2 === 0 ? super.transmit(frame) : TransmitResult.Sent
  }

  override onFrame(frame: RxFrame): void {
    const { view } = this.memory
    view.setUint32(frame.offset + 14, ~view.getUint32(frame.offset + 14) >>> 0)
    super.onFrame(frame)
  }
}

describe('a wrapped device', () => {
  test('says of itself what the device says, or what it was told to', () => {
    const { left, wrapped } = plain()
    const { medium, mtu, capabilities } = wrapped
    expect({ medium, mtu, capabilities }).toEqual({
      medium: left.medium,
      mtu: left.mtu,
      capabilities: left.capabilities,
    })
    expect(new WrappedDevice(left, NO_OFFLOADS).capabilities).toBe(NO_OFFLOADS)
  })

  test('changes nothing of what passes, either way', () => {
    const { clock, a, b, wrapped } = plain()
    a.send(numbered(1, 100), { pieces: [30, 60] })
    b.send(numbered(2, 200))
    wrapped.flush()
    clock.advance(0)
    expect(texts(b.sink.frames)).toEqual([text(numbered(1, 100))])
    expect(texts(a.sink.frames)).toEqual([text(numbered(2, 200))])
    expect(a.sink).toMatchObject({ bursts: 1, burstOpen: false })
    expect(wrapped.memory).toBe(a.sink.memory)
  })

  test('passes on that there is no room, and that there is again', () => {
    const { clock, a, b } = setUp((device) => new WrappedDevice(device), 1)
    expect(a.send(numbered(1))).toBe(TransmitResult.Sent)
    expect(a.send(numbered(2))).toBe(TransmitResult.Full)
    clock.advance(0)
    expect(a.sink.writable).toBe(1)
    expect(b.sink.numbers).toEqual([1])
  })

  test('closes the device, and tells when it is closed', async () => {
    const { clock, a, left, wrapped } = plain()
    await wrapped.close()
    clock.advance(0)
    expect(a.sink.closed).toEqual([null])
    expect(left.transmit(a.describe(numbered(1)))).toBe(TransmitResult.Refused)
  })

  test('has one sink, and none after the device has refused', async () => {
    const { wrapped } = plain()
    expect(() => wrapped.attach(new TestSink())).toThrow(expect.objectContaining({ code: 'EALREADY' }))

    const [left] = createCable({ clock: new VirtualClock() })
    await left.close()
    const gone = new WrappedDevice(left)
    for (const _ of [1, 2]) {
      expect(() => gone.attach(new TestSink())).toThrow(expect.objectContaining({ code: 'ENETDOWN' }))
    }
  })

  test('is where a subclass drops frames or changes them', () => {
    const { clock, a, b } = setUp((device) => new Meddler(device))
    for (const number of [1, 2, 3]) a.send(numbered(number))
    b.send(numbered(0xffff_fffe))
    clock.advance(0)
    expect(b.sink.numbers).toEqual([1, 3])
    expect(a.sink.numbers).toEqual([1])
  })
})
