import type { TransmitResult } from '../link/device.ts'
import type { Interface } from './interface.ts'
import type { SendOptions } from './network.ts'
import type { IcmpErrorKind, PacketIn } from './packet-in.ts'
import type { RoutedPath } from './routed-path.ts'

/** The port to one version of IP: what IPv4 and IPv6 do each in their own way. */
export interface IpVersion {
  /** A packet from a link; nothing about it has been checked. */
  onPacket(iface: Interface, offset: number, length: number, linkMulticast: boolean): void
  /** Puts the header before what the shared descriptor holds and sends it, in fragments where it must. */
  send(path: RoutedPath, protocol: number, options: SendOptions): TransmitResult
}

/** The port to ICMP, through which IP answers packets it cannot handle. */
export interface ErrorSender {
  /**
   * Answers `packet` with an error. `code` and `pointer` matter for TimeExceeded and ParameterProblem only; the pointer
   * counts bytes from `packet.headerOffset`.
   */
  report(packet: PacketIn, kind: IcmpErrorKind, code: number, pointer: number): void
  /** A packet of ours (its header at `offset`) found no neighbour: its transport is told. */
  onUnresolved(version: 4 | 6, offset: number, length: number): void
}
