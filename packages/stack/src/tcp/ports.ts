import { randomBelow } from '../core/random.ts'
import type { IpAddress } from '../ip/address.ts'
import type { TcpContext } from './context.ts'
import { tupleHash } from './isn.ts'

/** The ephemeral range: Linux's lower end, and everything above (RFC 6056 section 3.2). */
export const EPHEMERAL_FIRST = 32_768
export const EPHEMERAL_COUNT = 32_768

/**
 * An ephemeral port for a connection by double-hash selection (RFC 6056 section 3.3.4): unpredictable to others,
 * increasing per destination, so that reuse of one tuple comes late. @returns 0 when every port is taken
 */
export function ephemeralPort(
  tcp: TcpContext,
  local: IpAddress,
  remote: IpAddress,
  remotePort: number,
  isListening: (port: number) => boolean,
): number {
  const offset = tupleHash(tcp, local, 0, remote, remotePort, 3) >>> 0
  const slot = (tupleHash(tcp, local, 0, remote, remotePort, 4) >>> 0) % tcp.portCounters.length
  for (let tries = 0; tries < EPHEMERAL_COUNT; tries++) {
    const port = EPHEMERAL_FIRST + ((offset + tcp.portCounters[slot]++) % EPHEMERAL_COUNT)
    if (!isListening(port) && tupleIsFree(tcp, local, port, remote, remotePort)) return port
  }
  return 0
}

/** An ephemeral port to listen on. @returns 0 when every port is taken */
export function ephemeralListenPort(tcp: TcpContext, isListening: (port: number) => boolean): number {
  const start = randomBelow(tcp.engine.random, EPHEMERAL_COUNT)
  for (let i = 0; i < EPHEMERAL_COUNT; i++) {
    const port = EPHEMERAL_FIRST + ((start + i) % EPHEMERAL_COUNT)
    if (!isListening(port)) return port
  }
  return 0
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
    tcp.timeWait.get(local, localPort, remote, remotePort) === null &&
    tcp.halfOpen.get(local, localPort, remote, remotePort) === null
  )
}
