import { TapwireError } from '../core/errors.ts'
import { ANY_V6, type IpAddress } from '../ip/address.ts'
import { formatAddress } from '../ip/address-text.ts'
import type { Path, PathError } from '../ip/network.ts'
import type {
  ConnectionHandler,
  ConnectOptions,
  ListenerHandler,
  ListenOptions,
  TcpConnection,
} from './api.ts'
import { connectionOf } from './connection.ts'
import type { TcpContext } from './context.ts'
import { startActiveOpen } from './handshake-active.ts'
import { TcpListenerImpl } from './listener.ts'
import type { ListenerTable } from './listener-table.ts'
import { NO_SETTINGS, withSettings } from './own-settings.ts'
import { ephemeralListenPort, ephemeralPort, tupleIsFree } from './ports.ts'
import { isPathError } from './reset.ts'
import { makeRoom, writableBytes } from './send-buffer.ts'
import { Tcb, takeSettings } from './tcb.ts'

const DEFAULT_BACKLOG = 511

/** The passive OPEN of RFC 9293 (section 3.10.1), with what `TcpApi.listen` refuses. */
export function openListener(
  tcp: TcpContext,
  listeners: ListenerTable,
  options: ListenOptions,
  handler: ListenerHandler,
): TcpListenerImpl {
  const address = options.address ?? ANY_V6
  const ipv6Only = options.ipv6Only ?? false
  const backlog = checkRange('backlog', options.backlog ?? DEFAULT_BACKLOG, 1, 65_535)
  if (!address.isUnspecified && !tcp.network.isLocal(address)) {
    throw new TapwireError('EADDRNOTAVAIL', `${formatAddress(address)} is not an address of this stack`)
  }
  const fastOpen = checkRange('fastOpen', options.fastOpen ?? tcp.config.fastOpenServer, 0, 65_535)
  const reusePort = options.reusePort ?? false
  const deferAccept = checkRange('deferAccept', options.deferAccept ?? 0, 0, 255)
  const own = withSettings(NO_SETTINGS, options.settings)
  let port = checkRange('port', options.port ?? 0, 0, 65_535)
  if (port === 0) port = ephemeralListenPort(tcp, (candidate) => listeners.has(candidate))
  if (port === 0 || listeners.conflicts(address, port, ipv6Only, reusePort)) {
    throw new TapwireError(
      'EADDRINUSE',
      `Something listens on ${formatAddress(address)} port ${port} already`,
    )
  }
  if (listeners.size >= tcp.limits.listeners) {
    tcp.counters.listenersRefused++
    throw new TapwireError('ENOBUFS', `The limit of ${tcp.limits.listeners} listeners is reached`)
  }
  const listener = new TcpListenerImpl(
    tcp,
    address,
    port,
    ipv6Only,
    backlog,
    fastOpen,
    reusePort,
    handler,
    listeners,
  )
  listener.own = own
  listener.deferAccept = deferAccept
  listeners.add(listener)
  return listener
}

/** The active OPEN of RFC 9293 (section 3.10.1), with what `TcpApi.connect` refuses. */
export function openConnection(
  tcp: TcpContext,
  listeners: ListenerTable,
  options: ConnectOptions,
  handler: ConnectionHandler,
): TcpConnection {
  const remotePort = checkRange('port', options.port, 1, 65_535)
  const wantedPort = checkRange('localPort', options.localPort ?? 0, 0, 65_535)
  const own = withSettings(NO_SETTINGS, options.settings)
  const path = findPath(tcp, options.address, options.localAddress ?? null)
  if (tcp.connectionCount >= tcp.limits.connections) {
    tcp.counters.connectsRefused++
    throw new TapwireError('ENOBUFS', `The limit of ${tcp.limits.connections} connections is reached`)
  }
  const localPort = findLocalPort(tcp, listeners, path, remotePort, wantedPort)
  const tcb = new Tcb(tcp, path, localPort, remotePort, false)
  tcb.handler = handler
  takeSettings(tcb, own)
  if (options.initialData !== undefined) queueInitialData(tcb, options.initialData)
  // Over a loopback all may be over when this returns, and the TCB another's (`rest.ts`).
  const connection = connectionOf(tcb)
  tcp.engine.run(() => {
    tcp.connections.add(tcb)
    startActiveOpen(tcb, options.fastOpen ?? false)
    if (options.initialDataOnSyn) forgetUnsentData(tcb)
  })
  return connection
}

function findPath(tcp: TcpContext, remote: IpAddress, local: IpAddress | null): Path {
  // MUST-46.
  if (remote.isMulticast || remote.isLimitedBroadcast || remote.isUnspecified) {
    throw new TapwireError('ENETUNREACH', `TCP cannot connect to ${formatAddress(remote)}`)
  }
  // MUST-44: the routes choose the source address.
  const path = tcp.network.path(remote, local === null || local.isUnspecified ? null : local)
  if (isPathError(path)) throw pathFailure(path, remote)
  if (path.broadcast) {
    throw new TapwireError('ENETUNREACH', `${formatAddress(remote)} is a broadcast address`)
  }
  return path
}

/** The port that was asked for, or an ephemeral one where that is 0. */
function findLocalPort(
  tcp: TcpContext,
  listeners: ListenerTable,
  { local, remote }: Path,
  remotePort: number,
  wanted: number,
): number {
  const isListening = (port: number): boolean => listeners.has(port)
  const port = wanted > 0 ? wanted : ephemeralPort(tcp, local, remote, remotePort, isListening)
  if (port === 0) {
    // R6056-03.
    throw new TapwireError(
      'EADDRNOTAVAIL',
      `Every ephemeral port is in use towards ${formatAddress(remote)} port ${remotePort}`,
    )
  }
  if (!tupleIsFree(tcp, local, port, remote, remotePort)) {
    throw new TapwireError(
      'EADDRINUSE',
      `A connection from port ${port} to ${formatAddress(remote)} port ${remotePort} exists already`,
    )
  }
  return port
}

/** Before the SYN, so that it can take some of it along. */
function queueInitialData(tcb: Tcb, bytes: Uint8Array): void {
  const { length } = bytes
  checkRange('initialData.length', length, 0, writableBytes(tcb))
  if (length === 0) return
  if (makeRoom(tcb, length) < length) {
    tcb.sendRing.release()
    tcb.tcp.counters.writesNoMemory++
    throw new TapwireError('ENOBUFS', `There is no memory for ${length} bytes of initial data`)
  }
  tcb.sendRing.write(0, bytes, 0, length)
  tcb.sendQueued = length
}

/** What the SYN did not take along has not been written. */
function forgetUnsentData(tcb: Tcb): void {
  tcb.sendQueued = tcb.fastOpen === null ? 0 : tcb.fastOpen.data
  if (tcb.sendQueued === 0) tcb.sendRing.release()
}

function checkRange(name: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw new TapwireError(
    'ERR_OUT_OF_RANGE',
    `'${name}' must be an integer from ${low} to ${high}. Received ${value}`,
  )
}

function pathFailure(error: PathError, remote: IpAddress): TapwireError {
  const texts: { readonly [K in PathError]: string } = {
    ENETUNREACH: 'there is no route to it',
    EHOSTUNREACH: 'it cannot be reached',
    EADDRNOTAVAIL: 'the local address is not one of this stack',
    ENETDOWN: 'the interface is down',
    EINVAL: 'the zone of the address is not an interface of this stack',
    EAFNOSUPPORT: 'local and remote address are of different versions',
  }
  return new TapwireError(error, `Cannot connect to ${formatAddress(remote)}: ${texts[error]}`)
}
