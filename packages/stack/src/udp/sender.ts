import { finishChecksum, foldSum, sumBytes, sumMemory } from '../core/checksum.ts'
import { TapwireError } from '../core/errors.ts'
import type { IpAddress } from '../ip/address.ts'
import { formatAddress } from '../ip/address-text.ts'
import type { Internet } from '../ip/internet.ts'
import type { Path, SendOptions } from '../ip/network.ts'
import { Protocol } from '../ip/packet-in.ts'
import type { RoutedPath } from '../ip/routed-path.ts'
import { TransmitResult } from '../link/device.ts'
import { pseudoHeaderSum } from '../wire/pseudo-header.ts'
import { UDP_CHECKSUM, UDP_HEADER_LENGTH, writeUdpChecksum, writeUdpHeader } from '../wire/udp.ts'
import type { UdpTarget } from './api.ts'
import type { UdpCounters } from './counters.ts'
import type { Socket } from './socket.ts'

/** Hands a copy of what was sent to the sockets of this host: the payload lies in `block`. */
export type LoopBack = (socket: Socket, path: RoutedPath, port: number, block: number, length: number) => void

const MAX_PACKET = 65_535

/** Sends datagrams: the way, the header, the checksum. */
export class UdpSender {
  readonly #internet: Internet
  readonly #counters: UdpCounters
  readonly #options: SendOptions = { ttl: 64, tos: 0, dontFragment: false }

  readonly #loopBack: LoopBack

  constructor(internet: Internet, counters: UdpCounters, loopBack: LoopBack) {
    this.#internet = internet
    this.#counters = counters
    this.#loopBack = loopBack
  }

  /** See `UdpSocket.send`. */
  send(socket: Socket, bytes: Uint8Array, target: UdpTarget | undefined): boolean {
    const path = this.#choosePath(socket, target)
    const port = target?.port ?? socket.remotePort
    checkSize(socket, bytes, path)
    const result = this.#transmit(socket, path, port, bytes)
    if (result === TransmitResult.Sent) {
      this.#counters.datagramsOut++
      return true
    }
    if (result === TransmitResult.Full) {
      this.#counters.sendFull++
      return false
    }
    this.#counters.sendRefused++
    throw new TapwireError('ENETUNREACH', `There is no way to ${formatAddress(path.remote)} now`)
  }

  #choosePath(socket: Socket, target: UdpTarget | undefined): Path {
    if (target === undefined) {
      if (socket.connectedPath === null) {
        throw new TapwireError('ENOTCONN', 'A UDP socket that is not connected needs a target to send to')
      }
      return socket.connectedPath
    }
    const path = this.pathTo(socket, target.address, target.localAddress ?? null)
    socket.lastPath = path
    return path
  }

  /** The way from this socket. @throws what `UdpSocket.connect` says */
  pathTo(socket: Socket, address: IpAddress, local: IpAddress | null): Path {
    if (address.isV4 ? !socket.takesV4 : !socket.takesV6) {
      throw new TapwireError('EAFNOSUPPORT', `The UDP socket is not bound for IPv${address.family}`)
    }
    if (address.isLimitedBroadcast && !socket.broadcast) throw broadcastDenied()
    const bound = socket.boundAddress
    const source = local ?? (bound === null || isForMany(bound) ? null : bound)
    const index = address.isMulticast && address.zone === 0 ? socket.multicastInterface : 0
    const path = this.#internet.path(index === 0 ? address : address.withZone(index), source)
    if (typeof path === 'string') throw new TapwireError(path, `There is no way to ${formatAddress(address)}`)
    // UDP-08. Paths of this stack are all of one class, which knows.
    if ((path as RoutedPath).broadcast && !socket.broadcast) throw broadcastDenied()
    return path
  }

  #transmit(socket: Socket, path: Path, port: number, bytes: Uint8Array): TransmitResult {
    const { memory, descriptor, headEnd } = this.#internet
    const block = memory.allocate(bytes.length)
    if (block < 0) throw new TapwireError('ENOBUFS', 'The memory of the stack is used up')
    memory.copyIn(block, bytes)
    const length = UDP_HEADER_LENGTH + bytes.length
    descriptor.reset(headEnd)
    descriptor.payloadOffset = block
    descriptor.payloadLength = bytes.length
    const at = descriptor.prepend(UDP_HEADER_LENGTH)
    writeUdpHeader(memory.view, at, socket.localPort, port, length)
    const pseudo = pseudoHeaderSum(path.pseudoSum, Protocol.Udp, length)
    if (path.iface.txChecksum) {
      memory.view.setUint16(at + UDP_CHECKSUM, foldSum(pseudo))
      descriptor.checksumStart = 0
      descriptor.checksumOffset = UDP_CHECKSUM
    } else {
      const sum = sumMemory(memory, block, bytes.length, pseudo)
      writeUdpChecksum(memory.view, at, finishChecksum(sumBytes(memory.view, at, UDP_HEADER_LENGTH, sum)))
    }
    const options = this.#options
    options.ttl = path.remote.isMulticast ? socket.multicastTtl : socket.ttl
    options.tos = socket.tos
    options.dontFragment = socket.dontFragment
    const routed = path as RoutedPath
    // MCAST-02: with a TTL of 0, and on the loopback interface, nothing leaves but the copy for this host.
    const stays = routed.multicast && (options.ttl === 0 || routed.iface.loopback)
    const result = stays ? TransmitResult.Sent : this.#internet.send(path, Protocol.Udp, options)
    if (result === TransmitResult.Sent && comesBack(socket, routed)) {
      this.#loopBack(socket, routed, port, block, bytes.length)
    }
    memory.free(block)
    return result
  }
}

/** RFC 1112 section 7.1; RFC 919 section 7 says the same of broadcasts. */
function comesBack(socket: Socket, path: RoutedPath): boolean {
  if (path.multicast) return socket.multicastLoopback || path.iface.loopback
  return path.broadcast
}

/** An address that stands for many, or for none: no source, and nobody's own. */
export function isForMany(address: IpAddress): boolean {
  return address.isUnspecified || address.isMulticast || address.isLimitedBroadcast
}

function broadcastDenied(): TapwireError {
  return new TapwireError('EACCES', 'Sending to a broadcast address needs socket.broadcast')
}

/** FRG-09: what can never leave, or may not be cut, is the caller's error. */
function checkSize(socket: Socket, bytes: Uint8Array, path: Path): void {
  const length = UDP_HEADER_LENGTH + bytes.length
  const largest = path.remote.isV4 ? MAX_PACKET - path.headerLength : MAX_PACKET
  if (length > largest) {
    throw new TapwireError(
      'EMSGSIZE',
      `A UDP datagram carries at most ${largest - UDP_HEADER_LENGTH} bytes here`,
    )
  }
  if (socket.dontFragment && length + path.headerLength > path.mtu) {
    throw new TapwireError('EMSGSIZE', `${bytes.length} bytes do not fit into the path's MTU of ${path.mtu}`)
  }
}
