export { type Alarm, type Clock, SystemClock } from './core/clock.ts'
export type { Emitter } from './core/emitter.ts'
export { type ErrorCode, TapwireError } from './core/errors.ts'
export { Memory } from './core/memory.ts'
export { type Random, SeededRandom } from './core/random.ts'
export { VirtualClock } from './core/virtual-clock.ts'
export type { EthernetCounters } from './ethernet/counters.ts'
/** The `link` of an interface on Ethernet: its counters, and its neighbours. */
export { EthernetLink, type NeighbourInfo } from './ethernet/ethernet-link.ts'
export { NeighbourState } from './ethernet/neighbour.ts'
export type { IcmpCounters } from './icmp/counters.ts'
export type { PingOptions, PingResult } from './icmp/pinger.ts'
export { IpAddress } from './ip/address.ts'
export {
  formatAddress,
  type Prefix,
  parseAddress,
  requireAddress,
  requirePrefix,
} from './ip/address-text.ts'
export type {
  InterfaceCounters,
  InterfaceIpCounters,
  InterfaceTcpCounters,
  IpCounters,
  PacketDrops,
  SegmentDrops,
} from './ip/counters.ts'
export type { Interface } from './ip/interface.ts'
export type { InternetEvents } from './ip/internet.ts'
export { AddressState, type ConflictDetection, type InterfaceAddress } from './ip/link-port.ts'
export { IcmpErrorKind } from './ip/packet-in.ts'
export type { Route } from './ip/routes.ts'
export { DEFAULT_LIMITS, LIMIT_RANGES, type Limits } from './limits.ts'
export { type CableEnd, type CableOptions, type CableStats, createCable } from './link/cable.ts'
export {
  type CaptureOptions,
  type CaptureSink,
  type CaptureStats,
  type CapturingDevice,
  capture,
} from './link/capture.ts'
export type { CodelOptions } from './link/codel.ts'
export * from './link/device.ts'
export type { FateListener, FrameFate } from './link/frame-fate.ts'
export type { QueueLimits } from './link/frame-queue.ts'
export type { GilbertElliott } from './link/gilbert-elliott.ts'
export { type ImpairedDevice, impair } from './link/impair.ts'
export type { Direction, FrameFilter, Impairment, ImpairOptions, QueueBound } from './link/impair-options.ts'
export type { ImpairStats } from './link/impair-stats.ts'
export type { JitterDistribution } from './link/jitter.ts'
export type { MemoryLinkOptions } from './link/memory-link.ts'
export type { PolicerOptions } from './link/policer.ts'
export type {
  Fate,
  FateFunction,
  FateRule,
  FateScript,
  PacketMatch,
  PacketPredicate,
} from './link/scripted.ts'
export {
  createSwitch,
  type Switch,
  type SwitchOptions,
  type SwitchPort,
  type SwitchPortStats,
} from './link/switch.ts'
export { type PlainDevice, withoutOffloads } from './link/without-offloads.ts'
export { WrappedDevice } from './link/wrapped-device.ts'
export { type InterfaceSettings, type NameSettings, Stack, type StackOptions } from './stack.ts'
export * from './tcp/api.ts'
export type { PortRange, TcpSettings } from './tcp/config.ts'
export { DropReason, TCP_DROP_COUNTERS } from './tcp/count.ts'
export type { TcpCounters } from './tcp/counters.ts'
export {
  EcnEvent,
  PathMtuCause,
  RecoveryKind,
  RetransmitCause,
  type TcpTracer,
  TraceKind,
  UndoProof,
  WindowSide,
} from './tcp/trace.ts'
export {
  type DropName,
  decodeTrace,
  type TraceEvent,
  traceEvents,
  type WindowOwner,
} from './tcp/trace-event.ts'
export * from './udp/api.ts'
export type { UdpCounters } from './udp/counters.ts'
export { warmUpTcp } from './warm-up.ts'
/** The formats as readable objects: build, parse and describe packets; read captures. */
export * as packets from './wire/packet.ts'
export * as pcapng from './wire/pcapng.ts'
