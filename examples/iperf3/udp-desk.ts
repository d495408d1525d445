import type { Socket, SocketType } from 'node:dgram'
import { once } from 'node:events'
import { ProtocolError } from './protocol.ts'
import { UDP_CONNECT, UDP_CONNECTED } from './udp-packet.ts'
import type { UdpReceiver } from './udp-stream.ts'

export interface UdpPeer {
  readonly address: string
  readonly port: number
}

const keyOf = ({ address, port }: UdpPeer): string => `${address} ${port}`

/** The server's one UDP socket: a stream is a port of the client's. Only the client's address is listened to. */
export class UdpDesk {
  readonly socket: Socket
  readonly #address: string
  readonly #receivers = new Map<string, UdpReceiver>()
  readonly #peers = new Map<string, UdpPeer>()
  #wanted = 0
  #onComplete: () => void = () => {}
  /** Datagrams of others. */
  strays = 0

  private constructor(socket: Socket, address: string) {
    this.socket = socket
    this.#address = address
    socket.on('error', () => {})
    socket.on('message', (message, from) => this.#take(message, from))
  }

  /** @throws ProtocolError when somebody else has the port */
  static async open(
    createSocket: (type: SocketType) => Socket,
    port: number,
    address: string,
  ): Promise<UdpDesk> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    const desk = new UdpDesk(socket, address)
    try {
      socket.bind(port)
      await once(socket, 'listening')
      return desk
    } catch (error) {
      desk.close()
      throw new ProtocolError(`UDP port ${port} cannot be had: ${(error as Error).message}`)
    }
  }

  /** Waits until so many ports have said that they are streams. */
  async gather(count: number): Promise<UdpPeer[]> {
    this.#wanted = count
    await new Promise<void>((resolve) => {
      this.#onComplete = resolve
    })
    return [...this.#peers.values()]
  }

  assign(peer: UdpPeer, receiver: UdpReceiver): void {
    this.#receivers.set(keyOf(peer), receiver)
  }

  #take(message: Buffer, from: UdpPeer): void {
    const receiver = this.#receivers.get(keyOf(from))
    if (receiver !== undefined) receiver.take(message)
    else if (from.address === this.#address && this.#isHello(message)) this.#answer(from)
    else this.strays++
  }

  #isHello(message: Buffer): boolean {
    return message.length >= 4 && message.subarray(0, 4).equals(UDP_CONNECT)
  }

  #answer(from: UdpPeer): void {
    const known = this.#peers.has(keyOf(from))
    if (!known && this.#peers.size >= this.#wanted) {
      this.strays++
      return
    }
    // Again for one that is known: the answer may have been lost.
    this.#peers.set(keyOf(from), { address: from.address, port: from.port })
    this.socket.send(UDP_CONNECTED, from.port, from.address, () => {})
    if (!known && this.#peers.size === this.#wanted) this.#onComplete()
  }

  close(): void {
    this.socket.close()
  }
}
