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
export { Door } from './harness/door.ts'
export { Flow, Flows } from './harness/flows.ts'
export { Recorder } from './harness/recorder.ts'
export type { Harness, Scenario } from './harness/scenario.ts'
export { segmentFor } from './harness/segments.ts'
export { mendChecksums } from './mutators/checksums.ts'
export { fragmentBadly } from './mutators/fragments.ts'
export { LIES, type Lie, lie } from './mutators/lies.ts'
export { mutatePacket } from './mutators/mutate.ts'
export { type Failure, type Played, type PlayOptions, playScenario } from './run/play.ts'
export { type HarnessReport, type RunOptions, type RunReport, runFuzz } from './run/run.ts'
