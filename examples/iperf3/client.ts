import type * as dgram from 'node:dgram'
import { once } from 'node:events'
import type * as net from 'node:net'
import type { Socket } from 'node:net'
import { ControlChannel, MAX_RESULTS } from './control.ts'
import { makeCookie } from './cookie.ts'
import { type Host, Measurement } from './measurement.ts'
import { directions, type Params, paramsToJson } from './params.ts'
import { DEFAULT_PORT, ProtocolError, State, streamId } from './protocol.ts'
import type { Reporter } from './report.ts'
import { type Results, resultsFromJson, resultsToJson } from './results.ts'
import type { Budget, Stream } from './stream.ts'
import { TcpReceiver, TcpSender } from './tcp-stream.ts'
import { connectUdp } from './udp-connect.ts'
import { UdpReceiver, UdpSender } from './udp-stream.ts'

export interface ClientOptions {
  readonly net: Pick<typeof net, 'connect'>
  readonly dgram: Pick<typeof dgram, 'createSocket'>
  readonly host: Host
  readonly report: Reporter
  readonly address: string
  /** Default 5201. */
  readonly port?: number
  readonly params: Params
  /** Seconds between two reports. Default 1. */
  readonly interval?: number
  /** Milliseconds that the server may take for an answer. Default 30,000. */
  readonly patience?: number
}

/** One test with an iperf3 server. @returns what both sides have seen @throws ProtocolError with a sentence for the user */
export async function runClient(options: ClientOptions): Promise<{ own: Results; others: Results }> {
  const client = new Client(options)
  try {
    return await client.run()
  } finally {
    client.close()
  }
}

class Client {
  readonly #options: ClientOptions
  readonly #cookie = makeCookie()
  readonly #port: number
  readonly #patience: number
  #control: ControlChannel | null = null
  readonly #streams: Stream[] = []
  #measurement: Measurement | null = null
  #onEnough: () => void = () => {}

  constructor(options: ClientOptions) {
    this.#options = options
    this.#port = options.port ?? DEFAULT_PORT
    this.#patience = options.patience ?? 30_000
  }

  async run(): Promise<{ own: Results; others: Results }> {
    const { params, report, address } = this.#options
    const control = new ControlChannel(await this.#connect(), this.#patience)
    this.#control = control
    await control.expect(State.ParamExchange)
    control.writeJson(paramsToJson(params))
    await control.expect(State.CreateStreams)
    await this.#openStreams(params)
    report.begin(params, address)
    await control.expect(State.TestStart)
    const measurement = new Measurement({
      streams: this.#streams,
      host: this.#options.host,
      omit: params.omit,
      interval: this.#options.interval ?? 1,
      onInterval: (sights) => report.interval(sights),
    })
    this.#measurement = measurement
    await control.expect(State.TestRunning)
    await this.#untilEnough(control, params, measurement)
    const own = measurement.end()
    control.writeState(State.TestEnd)
    await control.expect(State.ExchangeResults)
    control.writeJson(resultsToJson(own))
    const others = resultsFromJson(await control.readJson(MAX_RESULTS))
    await control.expect(State.DisplayResults)
    report.end(params, this.#streams, own, others)
    control.writeState(State.IperfDone)
    control.socket.end()
    return { own, others }
  }

  /** A connection that has said whose it is. */
  async #connect(): Promise<Socket> {
    const { net, address } = this.#options
    const socket = net.connect({ host: address, port: this.#port })
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(this.#patience) })
    } catch (error) {
      socket.destroy()
      throw new ProtocolError(`no connection to ${address}, port ${this.#port}: ${(error as Error).message}`)
    }
    socket.write(this.#cookie)
    return socket
  }

  async #openStreams(params: Params): Promise<void> {
    const budgets = { true: this.#budget(), false: this.#budget() }
    for (const [i, sends] of directions(params, 'client').entries()) {
      const budget = budgets[`${sends}`]
      const options = { id: streamId(i), params, budget, onSpent: () => this.#onEnough() }
      this.#streams.push(
        params.protocol === 'udp'
          ? await this.#openUdp(sends, options)
          : this.#openTcp(await this.#connect(), sends, options),
      )
    }
  }

  #openTcp(socket: Socket, sends: boolean, options: ConstructorParameters<typeof TcpSender>[1]): Stream {
    return sends ? new TcpSender(socket, options) : new TcpReceiver(socket, options)
  }

  async #openUdp(sends: boolean, options: ConstructorParameters<typeof TcpSender>[1]): Promise<Stream> {
    const { dgram, address } = this.#options
    const peer = { address, port: this.#port }
    const socket = await connectUdp((type) => dgram.createSocket(type), peer, this.#patience)
    const all = { ...options, socket, ...peer, ownsSocket: true }
    if (sends) return new UdpSender(all)
    const receiver = new UdpReceiver(all)
    socket.on('message', (message) => receiver.take(message))
    return receiver
  }

  #budget(): Budget {
    const { bytes, blocks } = this.#options.params
    return { bytes: bytes || Number.POSITIVE_INFINITY, blocks: blocks || Number.POSITIVE_INFINITY }
  }

  /** Until the time is over or the budget spent; a state in between is the server's way of giving up. */
  async #untilEnough(control: ControlChannel, params: Params, measurement: Measurement): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const enough = new Promise<null>((resolve) => {
      this.#onEnough = () => resolve(null)
      // A small budget may be spent before this returns.
      measurement.start()
      if (params.time > 0) timer = setTimeout(resolve, (params.omit + params.time) * 1000, null)
    })
    const watching = new AbortController()
    try {
      const given = control.readState(0, watching.signal)
      // Nobody waits for it any more once the time is over.
      given.catch(() => {})
      const state = await Promise.race([enough, given])
      if (state !== null) throw new ProtocolError(`in the test came ${await control.describe(state)}`)
    } finally {
      clearTimeout(timer)
      watching.abort()
    }
  }

  close(): void {
    this.#measurement?.cancel()
    for (const stream of this.#streams) stream.close()
    this.#control?.socket.end()
  }
}
