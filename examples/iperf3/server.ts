import type * as dgram from 'node:dgram'
import { EventEmitter, once } from 'node:events'
import type * as net from 'node:net'
import type { Server, Socket } from 'node:net'
import { ControlChannel } from './control.ts'
import type { Host } from './measurement.ts'
import { Newcomers, turnAway } from './newcomers.ts'
import { DEFAULT_PORT, ProtocolError } from './protocol.ts'
import type { Reporter } from './report.ts'
import { ServerTest } from './server-test.ts'

export interface ServerOptions {
  readonly net: Pick<typeof net, 'createServer'>
  readonly dgram: Pick<typeof dgram, 'createSocket'>
  readonly host: Host
  readonly report: Reporter
  /** Default 5201. */
  readonly port?: number
  /** Milliseconds that a client may be silent where it is its turn. Default 30,000. */
  readonly patience?: number
}

interface Events {
  /** A test is over: with the reason, when it did not come to its end. */
  done: [ProtocolError | null]
}

/** An iperf3 server: one test at a time, whoever else comes is told that it is busy. */
export class Iperf3Server extends EventEmitter<Events> {
  readonly #options: ServerOptions
  readonly #server: Server
  readonly newcomers = new Newcomers()
  #test: ServerTest | null = null

  private constructor(options: ServerOptions) {
    super()
    this.#options = options
    this.#server = options.net.createServer((socket: Socket) => void this.#onConnection(socket))
  }

  static async listen(options: ServerOptions): Promise<Iperf3Server> {
    const server = new Iperf3Server(options)
    server.#server.listen({ port: options.port ?? DEFAULT_PORT, backlog: 512 })
    await once(server.#server, 'listening')
    return server
  }

  async #onConnection(socket: Socket): Promise<void> {
    const newcomer = await this.newcomers.welcome(socket)
    if (newcomer === null) return
    if (this.#test === null) await this.#run(socket, newcomer.cookie)
    else if (!this.#test.offer(socket, newcomer.cookie, newcomer.order)) turnAway(socket)
  }

  async #run(socket: Socket, cookie: Buffer): Promise<void> {
    const { report, patience = 30_000, port = DEFAULT_PORT } = this.#options
    const test = new ServerTest(new ControlChannel(socket, patience), cookie, {
      ...this.#options,
      patience,
      port,
    })
    this.#test = test
    let failure: ProtocolError | null = null
    try {
      await test.run()
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      failure = error
      report.trouble(error.message)
    } finally {
      test.close()
      this.#test = null
    }
    this.emit('done', failure)
  }

  close(): void {
    this.#test?.close()
    this.#server.close()
  }
}
