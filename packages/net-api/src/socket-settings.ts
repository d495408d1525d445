import { invalidArgType } from './errors.ts'
import type { Socket } from './socket.ts'
import { TcpHandle } from './tcp-handle.ts'
import { validateInt32 } from './validate.ts'

export const kNoDelay = Symbol('noDelay')
export const kKeepAlive = Symbol('keepAlive')
export const kKeepAliveDelay = Symbol('keepAliveDelay')
export const kKeepAliveInterval = Symbol('keepAliveInterval')
export const kKeepAliveCount = Symbol('keepAliveCount')
export const kTypeOfService = Symbol('typeOfService')

/** What Node 24 takes in one object; milliseconds. */
export interface KeepAliveOptions {
  readonly enable?: boolean | undefined
  readonly initialDelay?: number | undefined
  readonly interval?: number | undefined
  readonly count?: number | undefined
}

/** What pipes have none of is set on connections of the stack only. */
function tcpHandle(socket: Socket): TcpHandle | null {
  return socket._handle instanceof TcpHandle ? socket._handle : null
}

/** A connection is there: what was asked for before it is set. */
export function applySettings(socket: Socket): void {
  const handle = tcpHandle(socket)
  if (handle === null) return
  if (socket[kNoDelay]) handle.setNoDelay(true)
  if (socket[kKeepAlive]) {
    handle.setKeepAlive(true, socket[kKeepAliveDelay], socket[kKeepAliveInterval], socket[kKeepAliveCount])
  }
  const trafficClass = socket[kTypeOfService]
  if (trafficClass !== undefined) handle.setTypeOfService(trafficClass)
}

export function setNoDelay(socket: Socket, enabled: boolean): void {
  const changed = enabled !== socket[kNoDelay]
  socket[kNoDelay] = enabled
  if (changed) tcpHandle(socket)?.setNoDelay(enabled)
}

/** NF-22: whole seconds count. */
export function setKeepAlive(socket: Socket, given: KeepAliveOptions): void {
  const enabled = Boolean(given.enable)
  const delay = Math.trunc(Number(given.initialDelay) / 1000) || 0
  const interval = given.interval === undefined ? undefined : Math.trunc(given.interval / 1000) || 0
  const { count } = given
  const changed =
    enabled !== socket[kKeepAlive] ||
    (enabled &&
      (delay !== socket[kKeepAliveDelay] ||
        interval !== socket[kKeepAliveInterval] ||
        count !== socket[kKeepAliveCount]))
  socket[kKeepAlive] = enabled
  socket[kKeepAliveDelay] = delay
  socket[kKeepAliveInterval] = interval
  socket[kKeepAliveCount] = count
  if (changed) tcpHandle(socket)?.setKeepAlive(enabled, delay, interval, count)
}

/** NF-23. @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, EBADF */
export function setTypeOfService(socket: Socket, tos: number): void {
  if (Number.isNaN(tos)) throw invalidArgType('tos', 'number', tos)
  validateInt32(tos, 'tos', 0, 255)
  const changed = tos !== socket[kTypeOfService]
  socket[kTypeOfService] = tos
  if (changed) tcpHandle(socket)?.setTypeOfService(tos)
}

export function getTypeOfService(socket: Socket): number {
  return tcpHandle(socket)?.getTypeOfService() ?? socket[kTypeOfService] ?? 0
}
