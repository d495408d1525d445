import type { Endpoint } from './endpoint.ts'

/** What a handle tells the socket above it; each call is a turn of its own. */
export interface HandleOwner {
  /** @returns whether more is wanted now */
  onHandleRead(handle: SocketHandle): boolean
  onHandleEnd(): void
  onHandleError(error: Error): void
  /** Bytes moved, either way: an idle timer starts again. */
  onHandleActivity(): void
}

/** What a socket stands on: a connection of the stack (`TcpHandle`), or a pipe of the operating system (`PipeHandle`). */
export interface SocketHandle {
  owner: HandleOwner | null
  /** Whether data is wanted. */
  reading: boolean
  readonly bytesRead: number
  /** Bytes given to `write`, whether sent or not. */
  readonly bytesWritten: number
  /** Bytes of the pending write that have not been taken yet. */
  readonly writeQueueSize: number
  /** How many bytes `read` is to ask for. */
  readonly readSize: number
  /** Moves what has arrived into `target`. For the owner, within `onHandleRead`. */
  read(target: Uint8Array): number
  readStart(): void
  readStop(): void
  /** One write at a time. @param callback called at once when everything was taken, else in a later turn */
  write(chunks: readonly Uint8Array[], callback: (error: Error | null) => void): void
  /** FIN after all that was written. @param done called in a later turn (NF-04) */
  shutdown(done: () => void): void
  /** @param closed called in a later turn */
  close(closed?: () => void): void
  /** Null where there are no addresses: not bound, or a pipe. */
  getsockname(): Endpoint | null
  getpeername(): Endpoint | null
  ref(): void
  unref(): void
  hasRef(): boolean
}
