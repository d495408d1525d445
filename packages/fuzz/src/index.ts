/** Every format as plain objects with any values: what the builders of `packets` in @tapwire/stack take. */
export * as fields from './arbitraries/fields.ts'
export {
  arbitraryArp,
  arbitraryEthernetFrame,
  arbitraryIcmp,
  arbitraryIcmpv6,
  arbitraryIgmp,
  arbitraryIpPacket,
  arbitraryIpv4Packet,
  arbitraryIpv6Packet,
  arbitraryMld,
  arbitraryNeighbourDiscovery,
  arbitraryTcpOptions,
  arbitraryTcpSegment,
  arbitraryUdpDatagram,
  type FrameOptions,
  type PacketOptions,
  type Truth,
} from './arbitraries/packets.ts'
export { Dice } from './dice.ts'
export { HARNESSES } from './harness/all.ts'
export { Attacker, type Malice } from './harness/attacker.ts'
export { bytesOf, Door } from './harness/door.ts'
export { Flow, Flows } from './harness/flows.ts'
export { addressBytes, framed, introduction, ipPacket, type Macs } from './harness/peer-packets.ts'
export { Recorder } from './harness/recorder.ts'
export type { Harness, Scenario, World } from './harness/scenario.ts'
export { segmentFor } from './harness/segments.ts'
export { StreamEnd } from './harness/stream.ts'
export { TIGHT_LIMITS } from './harness/tight-limits.ts'
export { mendChecksums } from './mutators/checksums.ts'
export { fragmentBadly } from './mutators/fragments.ts'
export { type Layout, layoutOf } from './mutators/layout.ts'
export { LIES, type Lie, lie } from './mutators/lies.ts'
export { mutatePacket, nudge } from './mutators/mutate.ts'
export { type Failure, type Played, type PlayOptions, playScenario } from './run/play.ts'
export { type HarnessReport, type RunOptions, type RunReport, runFuzz } from './run/run.ts'
