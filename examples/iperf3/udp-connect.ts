import type { Socket, SocketType } from 'node:dgram'
import { ProtocolError } from './protocol.ts'
import { UDP_CONNECT } from './udp-packet.ts'

/** Milliseconds after which the hello is said again: it, or its answer, may be lost. */
const AGAIN = 1000

interface Peer {
  readonly address: string
  readonly port: number
}

/** A socket whose port the server knows for one of its streams. @throws ProtocolError when it does not answer */
export async function connectUdp(
  createSocket: (type: SocketType) => Socket,
  { address, port }: Peer,
  patience: number,
): Promise<Socket> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.on('error', () => {})
  const hello = (): void => socket.send(UDP_CONNECT, port, address, () => {})
  const again = setInterval(hello, AGAIN)
  let timer: NodeJS.Timeout | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(reject, patience, new ProtocolError('the server does not answer over UDP'))
      // Old servers answer with another number; any four bytes will do.
      socket.once('message', () => resolve())
      hello()
    })
    return socket
  } catch (error) {
    socket.close()
    throw error
  } finally {
    clearInterval(again)
    clearTimeout(timer)
  }
}
