import type { AsyncResource } from 'node:async_hooks'
import type { TcpConnection } from '@tapwire/stack'

/** A write that the send ring has not taken wholly. */
export interface PendingWrite {
  readonly chunks: readonly Uint8Array[]
  index: number
  offset: number
  readonly callback: (error: Error | null) => void
  /** Whose write it is: made only where the callback has to wait. */
  scope: AsyncResource | null
}

/** Gives the send ring as much of the rest as it takes. @returns bytes */
export function fill(connection: TcpConnection, write: PendingWrite): number {
  let taken = 0
  while (write.index < write.chunks.length) {
    const chunk = write.chunks[write.index]
    if (write.offset < chunk.length) {
      const bytes = connection.write(chunk, write.offset)
      write.offset += bytes
      taken += bytes
      if (write.offset < chunk.length) return taken
    }
    write.index++
    write.offset = 0
  }
  return taken
}

/** In the async context of whoever wrote. */
export function finishWrite({ callback, scope }: PendingWrite, error: Error | null): void {
  if (scope === null) callback(error)
  else scope.runInAsyncScope(callback, undefined, error)
}
