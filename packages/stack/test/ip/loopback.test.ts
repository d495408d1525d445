import { describe, expect, it } from 'vitest'
import { Engine } from '../../src/core/engine.ts'
import { Memory } from '../../src/core/memory.ts'
import { SeededRandom } from '../../src/core/random.ts'
import { VirtualClock } from '../../src/core/virtual-clock.ts'
import { Gso, RxChecksum, type RxFrame, TransmitResult, TxDescriptor } from '../../src/link/device.ts'
import { LoopbackDevice } from '../../src/link/loopback.ts'
import { address, HOST4, hostWithDevice, PEER4, Recorder, UdpRecorder } from '../support/ip-host.ts'
import { pattern } from '../support/packets.ts'

function loopback(queueBytes = 128 * 1024, memoryBytes = 1 << 20) {
  const clock = new VirtualClock()
  const engine = new Engine(clock, new Memory(memoryBytes), new SeededRandom(1))
  const device = new LoopbackDevice(engine, queueBytes)
  const seen = {
    frames: [] as { bytes: Uint8Array; checksum: number; gsoSize: number }[],
    bursts: 0,
    writable: 0,
    closed: 0,
    onFrame: (_: RxFrame) => {},
  }
  device.attach({
    memory: engine.memory,
    onFrame: (frame) => {
      const bytes = engine.memory.copyOut(frame.offset, frame.length)
      seen.frames.push({ bytes, checksum: frame.checksum, gsoSize: frame.gsoSize })
      seen.onFrame(frame)
    },
    onBurstEnd: () => seen.bursts++,
    onWritable: () => seen.writable++,
    onClosed: () => seen.closed++,
  })
  const descriptor = new TxDescriptor(engine.memory)
  const block = engine.memory.allocate(128 * 1024)
  const send = (length: number, first = 0): TransmitResult => {
    engine.memory.copyIn(block + 64, pattern(length, first))
    descriptor.reset(block + 64)
    descriptor.payloadOffset = block + 64
    descriptor.payloadLength = length
    return device.transmit(descriptor)
  }
  return { clock, engine, device, seen, send, descriptor, block }
}

describe('the loopback device', () => {
  it('delivers at the end of the burst, in order, as one burst', () => {
    const { engine, seen, send } = loopback()
    engine.run(() => {
      for (let i = 0; i < 5; i++) expect(send(100, i)).toBe(TransmitResult.Sent)
      expect(seen.frames).toEqual([])
    })
    expect(seen.frames.map((frame) => frame.bytes)).toEqual([0, 1, 2, 3, 4].map((i) => pattern(100, i)))
    expect(seen.bursts).toBe(1)
  })

  it('delivers what was sent while delivering in the next round', () => {
    const { engine, seen, send } = loopback()
    let left = 3
    seen.onFrame = () => {
      if (left-- > 0) send(10)
    }
    engine.run(() => send(10))
    expect([seen.frames.length, seen.bursts]).toEqual([4, 4])
  })

  it('passes partial checksums and super-frames as they are', () => {
    const { engine, seen, device, descriptor, block } = loopback()
    engine.run(() => {
      descriptor.reset(block + 64)
      descriptor.payloadOffset = block + 64
      descriptor.payloadLength = 30_000
      descriptor.prepend(20)
      descriptor.checksumStart = 0
      descriptor.gso = Gso.TcpV4
      descriptor.gsoSize = 1460
      device.transmit(descriptor)
      descriptor.reset(block + 64)
      descriptor.prepend(20)
      device.transmit(descriptor)
    })
    expect(seen.frames.map(({ checksum, gsoSize }) => [checksum, gsoSize])).toEqual([
      [RxChecksum.Partial, 1460],
      [RxChecksum.Unverified, 0],
    ])
  })

  it('limits.loopbackQueueBytes: is full when its queue is, and says when there is room', () => {
    const { engine, device, seen, send } = loopback()
    engine.run(() => {
      let sent = 0
      while (send(1000) === TransmitResult.Sent) sent++
      expect(sent).toBe(128)
      expect(device.full).toBe(1)
      expect(seen.writable).toBe(0)
    })
    expect(seen.frames).toHaveLength(128)
    expect(seen.writable).toBe(1)
    expect(device.queuedBytes).toBe(0)
  })

  it('says so later when memory is what was missing', () => {
    const { clock, engine, seen, send } = loopback()
    const { memory } = engine
    const blocks: number[] = []
    for (let block = memory.allocate(1024); block >= 0; block = memory.allocate(1024)) blocks.push(block)
    expect(engine.run(() => send(1000))).toBe(TransmitResult.Full)
    expect(seen.writable).toBe(0)
    for (const block of blocks) memory.free(block)
    clock.advance(10)
    expect(seen.writable).toBe(1)
    expect(engine.run(() => send(1000))).toBe(TransmitResult.Sent)
  })

  it('refuses what is too long, and everything once it is closed', async () => {
    const { engine, device, seen, send } = loopback()
    expect(engine.run(() => send(65_536))).toBe(TransmitResult.Refused)
    engine.enter()
    send(1000)
    await device.close()
    await device.close()
    engine.leave()
    expect(seen.frames).toEqual([])
    expect([seen.closed, device.queuedBytes]).toEqual([1, 0])
    expect(send(10)).toBe(TransmitResult.Refused)
  })

  it('keeps no memory', () => {
    const { engine, send } = loopback()
    const before = engine.memory.allocated
    for (let i = 0; i < 1000; i++) {
      engine.run(() => {
        for (let j = 0; j < 5; j++) send(1 + ((i * 7919 + j * 104729) % 20_000))
      })
    }
    expect(engine.memory.allocated).toBe(before)
  })
})

describe('a stack with itself', () => {
  it('IP-25: reaches its own addresses without a frame on the wire', () => {
    const { host, device } = hostWithDevice()
    const app = new UdpRecorder()
    host.udp.bind({ port: 7 }, app)
    const socket = host.udp.bind({}, new UdpRecorder())
    for (const to of ['127.0.0.1', '127.1.2.3', '::1', HOST4, 'fd00::2']) {
      socket.send(pattern(60_000), { address: address(to), port: 7 })
    }
    expect(app.messages.map((m) => [m.from, m.bytes.length])).toEqual([
      ['127.0.0.1', 60_000],
      ['127.0.0.1', 60_000],
      ['0:0:0:0:0:0:0:1', 60_000],
      [HOST4, 60_000],
      ['fd00:0:0:0:0:0:0:2', 60_000],
    ])
    expect(device.take()).toEqual([])
    expect(host.counters).toMatchObject({ fragmentsOut: 0, loopedBack: 5 })
  })

  it('nothing is summed on the way: the checksum stays partial', () => {
    const { host } = hostWithDevice()
    const recorder = new Recorder(host, 17)
    const socket = host.udp.bind({}, new UdpRecorder())
    socket.send(pattern(100), { address: address('127.0.0.1'), port: 7 })
    expect(recorder.packets[0].packet.checksum).toBe(RxChecksum.Partial)
    expect(recorder.packets[0].packet.iface.name).toBe('lo')
  })

  it('cannot reach others through lo', () => {
    const { host } = hostWithDevice()
    const path = host.internet.path(address(PEER4), address('127.0.0.1'))
    expect(path).toBe('ENETUNREACH')
  })

  it('two sockets that answer each other forever do not hang the host', () => {
    const { host } = hostWithDevice()
    let count = 0
    const echo = {
      onMessage: (
        socket: { send: (bytes: Uint8Array, to: object) => boolean },
        message: { remoteAddress: unknown; remotePort: number },
      ) => {
        count++
        socket.send(pattern(1), { address: message.remoteAddress, port: message.remotePort })
      },
    }
    const a = host.udp.bind({ port: 1 }, echo as never)
    host.udp.bind({ port: 2 }, echo as never)
    a.send(pattern(1), { address: address('127.0.0.1'), port: 2 })
    const first = count
    expect(first).toBeGreaterThan(10)
    expect(first).toBeLessThan(1000)
    host.clock.step()
    expect(count).toBeGreaterThan(first)
  })
})
