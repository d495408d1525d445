import type * as dgram from 'node:dgram'
import type { Socket } from 'node:net'
import { type ControlChannel, MAX_PARAMS, MAX_RESULTS } from './control.ts'
import { type Host, Measurement } from './measurement.ts'
import { directions, type Params, paramsFromJson } from './params.ts'
import { ProtocolError, State, stateName, streamId } from './protocol.ts'
import type { Reporter } from './report.ts'
import { resultsFromJson, resultsToJson } from './results.ts'
import type { Budget, Stream } from './stream.ts'
import { TcpReceiver, TcpSender } from './tcp-stream.ts'
import { UdpDesk } from './udp-desk.ts'
import { UdpReceiver, UdpSender } from './udp-stream.ts'
import { within } from './within.ts'

interface TestOptions {
  readonly dgram: Pick<typeof dgram, 'createSocket'>
  readonly host: Host
  readonly report: Reporter
  readonly port: number
  readonly patience: number
}

interface Offered {
  readonly socket: Socket
  readonly order: number
}

/** How much is sent is the client's affair: it says when to stop. */
const endless = (): Budget => ({ bytes: Number.POSITIVE_INFINITY, blocks: Number.POSITIVE_INFINITY })

/** One test, from the cookie to the last state. */
export class ServerTest {
  readonly #control: ControlChannel
  readonly #cookie: Buffer
  readonly #options: TestOptions
  #offered: Offered[] = []
  #wanted = 0
  #onComplete: () => void = () => {}
  #desk: UdpDesk | null = null
  #streams: Stream[] = []
  #measurement: Measurement | null = null

  constructor(control: ControlChannel, cookie: Buffer, options: TestOptions) {
    this.#control = control
    this.#cookie = cookie
    this.#options = options
  }

  /** A further connection: one of this test's streams, if it has the same cookie and streams are waited for. */
  offer(socket: Socket, cookie: Buffer, order: number): boolean {
    if (this.#offered.length >= this.#wanted || !cookie.equals(this.#cookie)) return false
    this.#offered.push({ socket, order })
    if (this.#offered.length === this.#wanted) this.#onComplete()
    return true
  }

  /** @throws ProtocolError when the client does what it should not, or is gone */
  async run(): Promise<void> {
    const control = this.#control
    const { report } = this.#options
    control.writeState(State.ParamExchange)
    const params = await this.#readParams()
    report.begin(params, control.socket.remoteAddress ?? '?')
    this.#streams = await this.#gather(params)
    control.writeState(State.TestStart)
    const measurement = new Measurement({
      streams: this.#streams,
      host: this.#options.host,
      omit: params.omit,
      interval: 1,
      onInterval: (sights) => report.interval(sights),
    })
    this.#measurement = measurement
    control.writeState(State.TestRunning)
    measurement.start()
    await this.#untilEnd(params, measurement)
    const own = measurement.end()
    // A client that receives waits for the rest of a block, or for the end.
    for (const stream of this.#streams) stream.close()
    control.writeState(State.ExchangeResults)
    const others = resultsFromJson(await control.readJson(MAX_RESULTS))
    control.writeJson(resultsToJson(own))
    control.writeState(State.DisplayResults)
    report.end(params, this.#streams, own, others)
    await this.#untilDone()
  }

  async #readParams(): Promise<Params> {
    try {
      return paramsFromJson(await this.#control.readJson(MAX_PARAMS))
    } catch (error) {
      if (error instanceof ProtocolError) this.#control.refuse()
      throw error
    }
  }

  /** Waits for all streams, or for the client to vanish. */
  async #gather(params: Params): Promise<Stream[]> {
    const sends = directions(params, 'server')
    const { patience } = this.#options
    return params.protocol === 'udp'
      ? this.#gatherUdp(params, sends, patience)
      : this.#gatherTcp(params, sends, patience)
  }

  async #gatherTcp(params: Params, sends: readonly boolean[], patience: number): Promise<Stream[]> {
    const complete = new Promise<void>((resolve) => {
      this.#onComplete = resolve
    })
    this.#wanted = sends.length
    this.#control.writeState(State.CreateStreams)
    await this.#unlessGone(within(patience, 'the streams did not come in time', complete))
    // Their numbers go by the order of connecting, whoever's cookie was read first.
    this.#offered.sort((a, b) => a.order - b.order)
    return this.#offered.map(({ socket }, i) => {
      const options = { id: streamId(i), params, budget: endless(), onSpent: () => {} }
      return sends[i] ? new TcpSender(socket, options) : new TcpReceiver(socket, options)
    })
  }

  async #gatherUdp(params: Params, sends: readonly boolean[], patience: number): Promise<Stream[]> {
    const { createSocket } = this.#options.dgram
    const address = this.#control.socket.remoteAddress ?? ''
    const desk = await UdpDesk.open((type) => createSocket(type), this.#options.port, address)
    this.#desk = desk
    const complete = desk.gather(sends.length)
    this.#control.writeState(State.CreateStreams)
    const peers = await this.#unlessGone(within(patience, 'the streams did not come in time', complete))
    return peers.map((peer, i) => {
      const options = {
        id: streamId(i),
        params,
        budget: endless(),
        onSpent: () => {},
        socket: desk.socket,
        ...peer,
        ownsSocket: false,
      }
      if (sends[i]) return new UdpSender(options)
      const receiver = new UdpReceiver(options)
      desk.assign(peer, receiver)
      return receiver
    })
  }

  /** @throws ProtocolError when the client's control connection ends first */
  #unlessGone<T>(work: Promise<T>): Promise<T> {
    const { socket } = this.#control
    let gone = (): void => {}
    const vanished = new Promise<never>((_, reject) => {
      gone = () => reject(new ProtocolError('the client is gone'))
      socket.once('close', gone).once('end', gone)
      if (socket.destroyed) gone()
      // Without a reader the end is not seen.
      socket.on('readable', noop)
    })
    return Promise.race([work, vanished]).finally(() =>
      socket.off('close', gone).off('end', gone).off('readable', noop),
    )
  }

  /** The client says when; one that says nothing although it should have, or moves nothing any more, is gone. */
  async #untilEnd(params: Params, measurement: Measurement): Promise<void> {
    const { patience } = this.#options
    const due = performance.now() + (params.omit + params.time) * 1000 + patience
    let moved = -1
    let late = (): void => {}
    const overdue = new Promise<never>((_, reject) => {
      late = () => reject(new ProtocolError('the client neither sends nor ends the test'))
    })
    const watch = setInterval(() => {
      const now = measurement.moved
      if (now === moved || (params.time > 0 && performance.now() > due)) late()
      moved = now
    }, patience)
    try {
      const given = this.#control.readState(0)
      given.catch(() => {})
      const state = await Promise.race([given, overdue])
      if (state === State.TestEnd) return
      if (state === State.ClientTerminate) throw new ProtocolError('the client has terminated')
      throw new ProtocolError(`expected TestEnd, and ${stateName(state)} came`)
    } finally {
      clearInterval(watch)
    }
  }

  /** A client may as well hang up: all has been said. */
  async #untilDone(): Promise<void> {
    try {
      await this.#control.readState()
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
    }
  }

  close(): void {
    this.#measurement?.cancel()
    for (const stream of this.#streams) stream.close()
    for (const { socket } of this.#offered) socket.destroy()
    this.#desk?.close()
    this.#desk = null
    this.#control.socket.end()
    this.#control.socket.setTimeout(this.#options.patience, () => this.#control.socket.destroy()).resume()
  }
}

const noop = (): void => {}
