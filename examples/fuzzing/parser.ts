import { arbitraryTcpSegment, arbitraryUdpDatagram } from '@tapwire/fuzz'
import { packets } from '@tapwire/stack'
import fc from 'fast-check'

/** The code under test: whatever reads packets. */
const mine = (bytes: Uint8Array) => packets.decodePacket(bytes)

// Whatever comes, it does not throw: packets that lie about themselves, too.
const anything = fc.oneof(arbitraryTcpSegment(), arbitraryUdpDatagram())
fc.assert(
  fc.property(anything, (bytes) => void mine(bytes)),
  { numRuns: 5000 },
)

// What is right is taken for right.
const right = arbitraryTcpSegment({ truth: 'valid', destinationPort: 80 })
fc.assert(
  fc.property(right, (bytes) => {
    const { tcp, problems } = mine(bytes)
    return tcp?.destinationPort === 80 && problems.length === 0
  }),
)
console.log('nothing thrown, nothing misread') // prints: nothing thrown, nothing misread
