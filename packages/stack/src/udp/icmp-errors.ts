import type { Memory } from '../core/memory.ts'
import type { Path } from '../ip/network.ts'
import { type IcmpErrorIn, IcmpErrorKind } from '../ip/packet-in.ts'
import { plateauBelow } from '../ip/path-mtu.ts'
import { udpDestinationPort, udpLength, udpSourcePort } from '../wire/udp.ts'
import type { UdpError } from './api.ts'
import type { UdpCounters } from './counters.ts'
import type { Socket } from './socket.ts'
import type { SocketTable } from './socket-table.ts'

/** UDP-04: finds the socket by the quoted header. @returns it, where it has an error to tell now */
export function arriveIcmpError(
  error: IcmpErrorIn,
  { view }: Memory,
  sockets: SocketTable,
  counters: UdpCounters,
): Socket | null {
  counters.errorsIn++
  const localPort = udpSourcePort(view, error.offset)
  const socket = quotedSocket(sockets, error, localPort, udpDestinationPort(view, error.offset))
  if (socket === null) {
    counters.errorsUnmatched++
    return null
  }
  const tooBig = error.kind === IcmpErrorKind.PacketTooBig
  const code = tooBig ? reducePath(socket, error, udpLength(view, error.offset)) : codeOf(error.kind)
  if (code === null || socket.connectedPath === null) return null
  socket.pendingError = code
  return socket
}

/** R8201-02: only a socket that could have sent what is quoted has a say. */
function quotedSocket(
  sockets: SocketTable,
  error: IcmpErrorIn,
  localPort: number,
  remotePort: number,
): Socket | null {
  let found: Socket | null = null
  for (const socket of sockets.on(localPort)) {
    const path = socket.connectedPath
    if (path === null) found ??= socket
    else if (socket.remotePort === remotePort && isRemote(path, error)) return socket
  }
  return found
}

function isRemote({ remote }: Path, { remote0, remote1, remote2, remote3 }: IcmpErrorIn): boolean {
  return remote.hasWords(remote0, remote1, remote2, remote3)
}

/** IC6-12, R1191-01: what follows is fragmented to fit, unless the socket does not want that. @param length as quoted */
function reducePath(socket: Socket, error: IcmpErrorIn, length: number): UdpError | null {
  const path = socket.connectedPath ?? socket.lastPath
  if (path === null || !isRemote(path, error)) return null
  path.reduceMtu(error.mtu !== 0 ? error.mtu : plateauBelow(Math.min(length + path.headerLength, path.mtu)))
  return socket.dontFragment ? 'EMSGSIZE' : null
}

/** The errno a socket reports, as Linux has it; null for what is only a hint. */
function codeOf(kind: IcmpErrorKind): UdpError | null {
  switch (kind) {
    case IcmpErrorKind.PortUnreachable:
    case IcmpErrorKind.ProtocolUnreachable:
      return 'ECONNREFUSED'
    case IcmpErrorKind.HostUnreachable:
    case IcmpErrorKind.Prohibited:
    case IcmpErrorKind.TimeExceeded:
      return 'EHOSTUNREACH'
    case IcmpErrorKind.NetUnreachable:
      return 'ENETUNREACH'
    default:
      return null
  }
}
