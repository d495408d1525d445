import type { Socket } from 'node:net'
import { ProtocolError } from './protocol.ts'

/**
 * The next `length` bytes of a connection, not one more: what follows stays with the socket, for whoever reads on.
 *
 * @param patience milliseconds; 0 waits for ever
 * @param signal ends the waiting; nothing has been taken then
 * @throws ProtocolError when the connection ends before, or the bytes do not come in time
 */
export function take(
  socket: Socket,
  length: number,
  patience: number,
  signal?: AbortSignal,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const timer = patience > 0 ? setTimeout(() => done('did not answer in time'), patience) : undefined
    const done = (trouble: string | null, bytes: Buffer | null = null): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', aborted)
      socket.off('readable', look).off('end', ended).off('close', ended).off('error', failed)
      if (bytes !== null) resolve(bytes)
      else reject(new ProtocolError(`the other side ${trouble}`))
    }
    const look = (): void => {
      // At the end of a connection Node hands over what there is, even if it is less.
      const bytes = socket.read(length) as Buffer | null
      if (bytes === null) return
      if (bytes.length === length) done(null, bytes)
      else done('closed the connection')
    }
    const ended = (): void => done('closed the connection')
    const failed = (error: Error): void => done(`is gone: ${error.message}`)
    const aborted = (): void => done('was not waited for')
    signal?.addEventListener('abort', aborted)
    socket.on('readable', look).on('end', ended).on('close', ended).on('error', failed)
    if (socket.destroyed || socket.readableEnded) ended()
    else look()
  })
}
