import type { IpAddress, TcpConnection, UdpSocket } from '@tapwire/stack'
import type { NetStack } from '../context.ts'
import { readAddress } from '../endpoint.ts'
import type { Liveness } from '../liveness.ts'
import { startIdleTimer } from '../timeouts.ts'
import type { Turns } from '../turns.ts'
import type { DnsFailure } from './errors.ts'
import { decodeResponse, encodeQuery, type Question, type Response } from './message.ts'
import type { NameServer } from './settings.ts'

/** What all exchanges of one `createDns` share. */
export interface DnsContext {
  readonly stack: NetStack
  readonly turns: Turns
  readonly liveness: Liveness
}

/** One question to one server. */
export interface Exchange {
  readonly server: NameServer
  readonly question: Question
  readonly edns: boolean
  /** Milliseconds. */
  readonly timeout: number
  /** Where queries come from; null lets the routes choose (`setLocalAddress`). */
  readonly localAddress: { readonly v4: IpAddress | null; readonly v6: IpAddress | null }
  /** Aborted when nobody wants the answer any more. */
  readonly signal: AbortSignal
}

export type Outcome = Response | DnsFailure

/** DNS-03: sixteen bits that nobody can guess, together with a port that nobody can guess. */
function randomId({ stack }: DnsContext): number {
  return stack.engine.random.uint32() >>> 16
}

/** An exchange that settles once, and cleans up after itself when it does. */
class Settlement {
  readonly promise: Promise<Outcome>
  readonly #context: DnsContext
  readonly #cleanUp: (() => void)[] = []
  #resolve!: (outcome: Outcome) => void
  #settled = false

  constructor(context: DnsContext, { timeout, signal }: Exchange) {
    this.#context = context
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve
    })
    context.liveness.hold()
    const timer = startIdleTimer(context.stack.clock, context.turns, timeout, () => this.settle('ETIMEOUT'))
    const cancel = (): void => this.settle('ECANCELLED')
    signal.addEventListener('abort', cancel)
    this.after(() => {
      timer.clear()
      signal.removeEventListener('abort', cancel)
    })
  }

  /** What is to be closed in the end. */
  after(cleanUp: () => void): void {
    if (this.#settled) cleanUp()
    else this.#cleanUp.push(cleanUp)
  }

  /** The answer is told in a turn of its own, as every event. */
  settle(outcome: Outcome): void {
    if (this.#settled) return
    this.#settled = true
    for (const cleanUp of this.#cleanUp) cleanUp()
    this.#context.liveness.release()
    this.#context.turns.post({ serve: () => this.#resolve(outcome) })
  }
}

/** Sends one query as a datagram from a port of its own (DNS-01, DNS-02, DNS-03). */
export function overUdp(context: DnsContext, exchange: Exchange): Promise<Outcome> {
  const { server, question, edns } = exchange
  const { stack } = context
  const settlement = new Settlement(context, exchange)
  const address = readAddress(server.host, stack.interfaces)
  if (address === null) {
    settlement.settle('ECONNREFUSED')
    return settlement.promise
  }
  const id = randomId(context)
  const query = encodeQuery(id, question, edns)
  try {
    const localAddress = address.isV4 ? exchange.localAddress.v4 : exchange.localAddress.v6
    const socket = stack.udp.bind(
      { address: localAddress },
      {
        onMessage: (_socket, message) => {
          const response = decodeResponse(message.bytes(), id, question)
          if (response !== null) settlement.settle(response)
        },
        onError: () => settlement.settle('ECONNREFUSED'),
        onWritable: (socket) => trySend(socket, query, settlement),
        onClose: () => settlement.settle('ECANCELLED'),
      },
    )
    settlement.after(() => socket.close())
    // Only what comes from the server's address and port is received, and what ICMP says of it.
    socket.connect(address, server.port)
    trySend(socket, query, settlement)
  } catch {
    // No way there, or no socket left: the next server may be nearer.
    settlement.settle('ECONNREFUSED')
  }
  return settlement.promise
}

/** The way there may be gone by the time the device has room for the query. */
function trySend(socket: UdpSocket, query: Uint8Array, settlement: Settlement): void {
  try {
    socket.send(query)
  } catch {
    settlement.settle('ECONNREFUSED')
  }
}

/** DNS-05: the same over TCP, with a length before each message (RFC 1035 section 4.2.2, RFC 7766). */
export function overTcp(context: DnsContext, exchange: Exchange): Promise<Outcome> {
  const { server, question, edns } = exchange
  const { stack } = context
  const settlement = new Settlement(context, exchange)
  const address = readAddress(server.host, stack.interfaces)
  if (address === null) {
    settlement.settle('ECONNREFUSED')
    return settlement.promise
  }
  const id = randomId(context)
  const query = encodeQuery(id, question, edns)
  const initialData = new Uint8Array(2 + query.length)
  initialData.set([query.length >>> 8, query.length & 0xff])
  initialData.set(query, 2)
  const reader = new MessageReader()
  try {
    const localAddress = address.isV4 ? exchange.localAddress.v4 : exchange.localAddress.v6
    const connection = stack.tcp.connect(
      { address, port: server.port, localAddress, initialData },
      {
        // On a loopback the answer may be there before `connect` returns.
        onReadable: (connection) => {
          const message = reader.read(connection)
          if (message !== null) settlement.settle(decodeResponse(message, id, question) ?? 'EBADRESP')
          else if (connection.ended) settlement.settle('ECONNREFUSED')
        },
        onClose: () => settlement.settle('ECONNREFUSED'),
      },
    )
    settlement.after(() => connection.abort())
  } catch {
    settlement.settle('ECONNREFUSED')
  }
  return settlement.promise
}

/** Puts together a message that comes with its length in front, however it was cut. */
class MessageReader {
  /** Where the next bytes go. */
  #room: Uint8Array = new Uint8Array(2)
  #message: Uint8Array | null = null

  /** @returns the message when it is whole */
  read(connection: TcpConnection): Uint8Array | null {
    while (connection.readable > 0) {
      const message = this.#took(connection.read(this.#room))
      if (message !== null) return message
    }
    return null
  }

  #took(length: number): Uint8Array | null {
    const full = length === this.#room.length
    if (!full) {
      this.#room = this.#room.subarray(length)
      return null
    }
    if (this.#message !== null) return this.#message
    const prefix = new Uint8Array(this.#room.buffer)
    this.#message = new Uint8Array((prefix[0] << 8) | prefix[1])
    this.#room = this.#message
    return this.#room.length === 0 ? this.#message : null
  }
}
