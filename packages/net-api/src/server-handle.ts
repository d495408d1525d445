import type { CloseReason } from '@tapwire/stack'
import type { Endpoint } from './endpoint.ts'
import type { SocketHandle } from './socket-handle.ts'

/** What a listening handle tells the server above it. */
export interface ServerHandleOwner {
  onHandleConnection(handle: SocketHandle): void
  /** The stack or the interface has gone. */
  onHandleGone(reason: CloseReason): void
}

/** What a server listens with: a listener of the stack (`ListenHandle`), or a path of the host (`PipeListener`). */
export interface ServerHandle {
  /** What is bound; null for a path. */
  getsockname(): Endpoint | null
  /** Stops accepting; connections that were accepted go on. */
  close(): void
  ref(): void
  unref(): void
  hasRef(): boolean
}
