import { expect, test } from 'vitest'
import { RxChecksum, RxFrame, TransmitResult } from '../../src/link/device.ts'
import { address, HOST4, HOST6, hostWithDevice, PEER4, PEER6 } from '../support/ip-host.ts'
import { ip4, ip6, pattern } from '../support/packets.ts'

const PACKETS = 100_000
/** The smallest object takes 16 bytes; one per packet would be 1.6 MB. */
const ALLOWED = PACKETS * 4

/** The smallest growth of the heap over several runs: a collection in between, or a compilation, spoils one run only. */
function heapGrowth(work: () => void): number {
  work()
  work()
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 6; i++) {
    const before = process.memoryUsage().heapUsed
    work()
    const grown = process.memoryUsage().heapUsed - before
    if (grown >= 0) least = Math.min(least, grown)
  }
  return least
}

/** A host whose device throws away what it is given, and a transport that only counts. */
function quietHost() {
  const { host, device } = hostWithDevice()
  device.transmit = () => TransmitResult.Sent
  let count = 0
  host.internet.registerTransport(6, {
    onPacket: () => {
      count++
    },
    onIcmpError: () => {},
    onInterfaceDown: () => {},
    onWritable: () => {},
    onBurstEnd: () => false,
  })
  return { host, device, received: () => count }
}

test('the measure sees an object per packet', () => {
  const kept = new Array<object>(16)
  const growth = heapGrowth(() => {
    for (let i = 0; i < PACKETS; i++) kept[i & 15] = { i }
  })
  expect(growth).toBeGreaterThan(ALLOWED)
})

test.each([
  ['IPv4', ip4(PEER4, HOST4, 6, pattern(1460))],
  ['IPv6', ip6(PEER6, HOST6, 6, pattern(1440))],
])('%s packets from the device to the transport make no objects', (_, packet) => {
  const { host, device, received } = quietHost()
  const frame = new RxFrame()
  frame.offset = host.engine.memory.allocate(2048)
  frame.length = packet.length
  frame.checksum = RxChecksum.Valid
  host.engine.memory.copyIn(frame.offset, packet)
  const growth = heapGrowth(() => {
    for (let i = 0; i < PACKETS; i++) {
      device.sink.onFrame(frame)
      if ((i & 63) === 63) device.sink.onBurstEnd()
    }
    device.sink.onBurstEnd()
  })
  expect(received()).toBe(8 * PACKETS)
  expect(growth).toBeLessThan(ALLOWED)
})

test.each([PEER4, PEER6])('packets from the transport to the device make no objects (%s)', (peer) => {
  const { host } = quietHost()
  const path = host.internet.path(address(peer), null)
  if (typeof path === 'string') throw new Error(path)
  const { descriptor, headEnd } = host.internet
  const options = { ttl: 64, tos: 0, dontFragment: true }
  const payload = host.engine.memory.allocate(2048)
  const growth = heapGrowth(() => {
    for (let i = 0; i < PACKETS; i++) {
      descriptor.reset(headEnd)
      descriptor.payloadOffset = payload
      descriptor.payloadLength = 1400
      descriptor.prepend(20)
      host.internet.send(path, 6, options)
      path.confirm()
    }
  })
  expect(host.counters.packetsOut).toBe(8 * PACKETS)
  expect(growth).toBeLessThan(ALLOWED)
})
