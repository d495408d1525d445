import * as nodeNet from 'node:net'
import { writeCancelled } from '../errors.ts'
import type { HandleOwner, SocketHandle } from '../socket-handle.ts'

/** What a pipe tells of its connection attempt, in Node's own words. */
export interface PipeConnectOwner {
  onPipeAttempt(path: string): void
  onPipeConnected(): void
  onPipeRefused(path: string, error: Error): void
}

/**
 * A UNIX domain socket or a Windows pipe of the operating system: paths are no matter of a TCP/IP stack (NS-03, NK-04). One of
 * Node's own sockets does the work; its errors are passed on as they are.
 */
export class PipeHandle implements SocketHandle {
  owner: HandleOwner | null = null
  reading = false
  bytesRead = 0
  bytesWritten = 0
  readonly #pipe: nodeNet.Socket
  #connectOwner: PipeConnectOwner | null = null
  /** What has arrived and was not read yet. */
  #chunk: Buffer | null = null
  #offset = 0
  /** The end has come while something waits to be read. */
  #endWaits = false
  #waiting: ((error: Error | null) => void) | null = null
  #shutdownDone: (() => void) | null = null
  #referenced = true

  /** @param pipe one that was accepted, with `allowHalfOpen`, and that reads nothing yet */
  constructor(pipe = new nodeNet.Socket({ allowHalfOpen: true })) {
    this.#pipe = pipe
    pipe.pause()
    pipe.on('data', (chunk: Buffer) => this.#arrived(chunk))
    pipe.on('end', () => this.#ended())
    pipe.on('error', (error) => this.owner?.onHandleError(error))
  }

  connect(path: string, owner: PipeConnectOwner): void {
    const first = this.#connectOwner === null
    this.#connectOwner = owner
    if (first) this.#tellAttempts()
    this.#pipe.connect({ path })
  }

  get writeQueueSize(): number {
    return this.#pipe.writableLength
  }

  get readSize(): number {
    return this.#chunk === null ? 0 : this.#chunk.length - this.#offset
  }

  read(target: Uint8Array): number {
    const chunk = this.#chunk
    if (chunk === null) return 0
    const length = chunk.copy(target, 0, this.#offset)
    this.#offset += length
    this.bytesRead += length
    if (this.#offset === chunk.length) this.#chunk = null
    return length
  }

  readStart(): void {
    this.reading = true
    if (this.#chunk === null) this.#pipe.resume()
    else this.#deliverSoon()
  }

  readStop(): void {
    this.reading = false
    this.#pipe.pause()
  }

  write(chunks: readonly Uint8Array[], callback: (error: Error | null) => void): void {
    const pipe = this.#pipe
    this.#waiting = callback
    pipe.cork()
    for (const [i, chunk] of chunks.entries()) {
      this.bytesWritten += chunk.length
      if (i < chunks.length - 1) pipe.write(chunk)
      else pipe.write(chunk, (error) => this.#written(callback, error ?? null))
    }
    pipe.uncork()
    if (pipe.writableLength === 0 && !pipe.destroyed) this.#finishWrite(callback, null)
  }

  shutdown(done: () => void): void {
    this.#shutdownDone = done
    this.#pipe.end(() => this.#tellShutdown())
  }

  close(closed?: () => void): void {
    const pipe = this.#pipe
    this.owner = null
    this.#connectOwner = null
    this.#chunk = null
    this.reading = false
    const tell = (): void => {
      if (this.#waiting !== null) this.#finishWrite(this.#waiting, writeCancelled())
      this.#tellShutdown()
      closed?.()
    }
    if (pipe.closed) process.nextTick(tell)
    else pipe.once('close', tell)
    pipe.destroy()
  }

  getsockname(): null {
    return null
  }

  getpeername(): null {
    return null
  }

  ref(): void {
    this.#referenced = true
    this.#pipe.ref()
  }

  unref(): void {
    this.#referenced = false
    this.#pipe.unref()
  }

  hasRef(): boolean {
    return this.#referenced
  }

  #tellAttempts(): void {
    const pipe = this.#pipe
    pipe.on('connectionAttempt', (path: string) => this.#connectOwner?.onPipeAttempt(path))
    pipe.on('connect', () => this.#connectOwner?.onPipeConnected())
    // The last argument is the error, which Node's types of version 20 do not tell.
    pipe.on('connectionAttemptFailed', (...[path, , , error]: unknown[]) =>
      this.#connectOwner?.onPipeRefused(path as string, error as Error),
    )
  }

  #arrived(chunk: Buffer): void {
    this.#chunk = chunk
    this.#offset = 0
    this.#deliver()
  }

  /** One read. What a small buffer of `onread` leaves is told in a turn of its own. */
  #deliver(): void {
    const { owner } = this
    if (!this.reading || this.#chunk === null || owner === null) return
    owner.onHandleActivity()
    if (!owner.onHandleRead(this)) this.readStop()
    if (this.#chunk !== null) {
      this.#pipe.pause()
      this.#deliverSoon()
    } else if (this.#endWaits) this.#ended()
    else if (this.reading) this.#pipe.resume()
  }

  #deliverSoon(): void {
    setImmediate(() => this.#deliver())
  }

  #ended(): void {
    this.#endWaits = this.#chunk !== null
    if (this.#endWaits) return
    this.owner?.onHandleActivity()
    this.owner?.onHandleEnd()
  }

  #written(callback: (error: Error | null) => void, error: Error | null): void {
    if (this.#waiting !== callback || this.owner === null) return
    this.owner.onHandleActivity()
    this.#finishWrite(callback, error)
  }

  #finishWrite(callback: (error: Error | null) => void, error: Error | null): void {
    this.#waiting = null
    callback(error)
  }

  #tellShutdown(): void {
    const done = this.#shutdownDone
    this.#shutdownDone = null
    done?.()
  }
}
