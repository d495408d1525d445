import { randomBelow } from '../core/random.ts'
import type { IpAddress } from '../ip/address.ts'
import type { TcpContext } from './context.ts'
import { tupleHash } from './isn.ts'

/**
 * An ephemeral port for a connection by double-hash selection (RFC 6056 section 3.3.4; R6056-02): unpredictable to others,
 * increasing per destination, so that reuse of one tuple comes late. @returns 0 when every port is taken
 */
export function ephemeralPort(
  tcp: TcpContext,
  local: IpAddress,
  remote: IpAddress,
  remotePort: number,
  isListening: (port: number) => boolean,
): number {
  const { first, count } = ephemeralRange(tcp)
  const offset = tupleHash(tcp, local, 0, remote, remotePort, 3) >>> 0
  const slot = (tupleHash(tcp, local, 0, remote, remotePort, 4) >>> 0) % tcp.portCounters.length
  for (let tries = 0; tries < count; tries++) {
    const port = first + ((offset + tcp.portCounters[slot]++) % count)
    if (!isListening(port) && tupleIsFree(tcp, local, port, remote, remotePort)) return port
  }
  return 0
}

/** An ephemeral port to listen on. @returns 0 when every port is taken */
export function ephemeralListenPort(tcp: TcpContext, isListening: (port: number) => boolean): number {
  const { first, count } = ephemeralRange(tcp)
  const start = randomBelow(tcp.engine.random, count)
  for (let i = 0; i < count; i++) {
    const port = first + ((start + i) % count)
    if (!isListening(port)) return port
  }
  return 0
}

/** R6056-01. */
function ephemeralRange(tcp: TcpContext): { first: number; count: number } {
  const [first, last] = tcp.config.ephemeralPorts
  return { first, count: last - first + 1 }
}

/** Whether no connection, half-open or in TIME-WAIT, has this tuple. */
export function tupleIsFree(
  tcp: TcpContext,
  local: IpAddress,
  localPort: number,
  remote: IpAddress,
  remotePort: number,
): boolean {
  return (
    tcp.connections.get(local, localPort, remote, remotePort) === null &&
    tcp.resting.table.get(local, localPort, remote, remotePort) === null &&
    tcp.timeWait.get(local, localPort, remote, remotePort) === null &&
    tcp.halfOpen.get(local, localPort, remote, remotePort) === null
  )
}
