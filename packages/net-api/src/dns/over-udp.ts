import type { UdpSocket } from '@tapwire/stack'
import { type DnsContext, type Exchange, exchangeBy, type Outcome, type Settlement } from './exchange.ts'
import { decodeResponse } from './message.ts'

/** Sends one query as a datagram from a port of its own (DNS-01, DNS-02, DNS-03). */
export function overUdp(context: DnsContext, exchange: Exchange): Promise<Outcome> {
  const { server, question } = exchange
  return exchangeBy(context, exchange, ({ id, query, address, localAddress }, settlement) => {
    const socket = context.stack.udp.bind(
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
  })
}

/** The way there may be gone by the time the device has room for the query. */
function trySend(socket: UdpSocket, query: Uint8Array, settlement: Settlement): void {
  try {
    socket.send(query)
  } catch {
    settlement.settle('ECONNREFUSED')
  }
}
