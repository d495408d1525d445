import * as nodeNet from 'node:net'
import type { ServerHandle, ServerHandleOwner } from '../server-handle.ts'
import { PipeHandle } from './pipe-handle.ts'

/** What Node's own server is given to listen on a path. */
export interface PipeListenOptions {
  readonly path: string
  readonly backlog?: number | undefined
  readonly exclusive?: boolean | undefined
  readonly readableAll?: boolean | undefined
  readonly writableAll?: boolean | undefined
}

/** A listening UNIX domain socket or Windows pipe of the operating system (NS-03), by one of Node's own servers. */
export class PipeListener implements ServerHandle {
  readonly #server: nodeNet.Server
  #referenced = true

  constructor(owner: ServerHandleOwner) {
    this.#server = nodeNet.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (pipe) => {
      owner.onHandleConnection(new PipeHandle(pipe))
    })
  }

  /**
   * @param listening called at once, or later by a worker of a cluster
   * @param failed called on the next tick, with Node's own error
   * @throws ERR_INVALID_ARG_VALUE for modes of an abstract path, what `chmod` gives
   */
  listen(options: PipeListenOptions, listening: () => void, failed: (error: Error) => void): void {
    const server = this.#server
    server.on('error', failed)
    server.listen(options as nodeNet.ListenOptions)
    if (server.listening) listening()
    else server.once('listening', listening)
  }

  getsockname(): null {
    return null
  }

  close(): void {
    this.#server.close()
  }

  ref(): void {
    this.#referenced = true
    this.#server.ref()
  }

  unref(): void {
    this.#referenced = false
    this.#server.unref()
  }

  hasRef(): boolean {
    return this.#referenced
  }
}
