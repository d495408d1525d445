import type { Stack } from '@tapwire/stack'
import type { Sockets, SocketsOptions } from './api.ts'
import { SocketCalls } from './socket-calls.ts'

export type {
  ControlMessage,
  EpollEvent,
  ExtendedError,
  Incoming,
  Linger,
  MessageHeader,
  OptionValue,
  Outgoing,
  PendingCall,
  PollFd,
  Received,
  Result,
  SocketAddress,
  Sockets,
  SocketsOptions,
  TimeVal,
} from './api.ts'
export * from './constants.ts'
/** All of the constants in one table, for those who look them up by name. */
export * as CONSTANTS from './constants.ts'
export { ERRNO, type ErrnoName, errnoName, errnoText, isErrnoName, SocketError } from './errno.ts'
export type { TcpInfoStruct } from './tcp-info.ts'

/** The BSD socket calls over a stack: a table of descriptors, empty at first. */
export function createSockets(stack: Stack, options: SocketsOptions = {}): Sockets {
  return new SocketCalls(stack, options)
}
