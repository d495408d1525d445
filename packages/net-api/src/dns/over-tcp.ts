import type { TcpConnection } from '@tapwire/stack'
import { type DnsContext, type Exchange, exchangeBy, type Outcome } from './exchange.ts'
import { decodeResponse } from './message.ts'

/** DNS-05: one query over TCP, with a length before each message (RFC 1035 section 4.2.2, RFC 7766). */
export function overTcp(context: DnsContext, exchange: Exchange): Promise<Outcome> {
  const { server, question } = exchange
  return exchangeBy(context, exchange, ({ id, query, address, localAddress }, settlement) => {
    const initialData = new Uint8Array(2 + query.length)
    initialData.set([query.length >>> 8, query.length & 0xff])
    initialData.set(query, 2)
    const reader = new MessageReader()
    const connection = context.stack.tcp.connect(
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
  })
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
