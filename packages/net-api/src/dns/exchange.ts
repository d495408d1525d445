import type { IpAddress } from '@tapwire/stack'
import type { NetStack } from '../context.ts'
import { readAddress } from '../endpoint.ts'
import type { Liveness } from '../liveness.ts'
import { startIdleTimer } from '../timeouts.ts'
import type { Turns } from '../turns.ts'
import type { DnsFailure } from './errors.ts'
import { encodeQuery, type Question, type Response } from './message.ts'
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

/** An exchange that settles once, and cleans up after itself when it does. */
export class Settlement {
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

/** What is sent, and between which addresses. */
export interface Message {
  readonly id: number
  readonly query: Uint8Array
  readonly address: IpAddress
  readonly localAddress: IpAddress | null
}

/** Has one query sent, by one transport or the other. What `send` throws means that the server cannot be reached. */
export function exchangeBy(
  context: DnsContext,
  exchange: Exchange,
  send: (message: Message, settlement: Settlement) => void,
): Promise<Outcome> {
  const { stack } = context
  const { server, question, edns, localAddress } = exchange
  const settlement = new Settlement(context, exchange)
  const address = readAddress(server.host, stack.interfaces)
  try {
    if (address === null) settlement.settle('ECONNREFUSED')
    else {
      // DNS-03: sixteen bits that nobody can guess, together with a port that nobody can guess.
      const id = stack.engine.random.uint32() >>> 16
      const query = encodeQuery(id, question, edns)
      send({ id, query, address, localAddress: address.isV4 ? localAddress.v4 : localAddress.v6 }, settlement)
    }
  } catch {
    // No way there, or no socket left: the next server may be nearer.
    settlement.settle('ECONNREFUSED')
  }
  return settlement.promise
}
