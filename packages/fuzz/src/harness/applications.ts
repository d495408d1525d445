import {
  type ConnectionHandler,
  parseAddress,
  type Stack,
  TapwireError,
  type TcpConnection,
  type TcpListener,
  TcpState,
  type UdpSocket,
} from '@tapwire/stack'
import type { Dice } from '../dice.ts'

/** What the network may answer an application that asks for something, and what is no fault of the stack's. */
const REFUSALS = new Set([
  'ENOBUFS',
  'EADDRNOTAVAIL',
  'EADDRINUSE',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EMSGSIZE',
  'ENETDOWN',
])

const CONGESTION = ['cubic', 'newreno', 'bbr'] as const

/** The programs on a stack: they listen, connect, read, write, change their minds and go. */
export class Applications {
  readonly connections: TcpConnection[] = []
  readonly #stack: Stack
  readonly #dice: Dice
  readonly #sockets: UdpSocket[] = []
  readonly #listeners = new Map<number, TcpListener>()
  readonly #bytes: Uint8Array
  connected = 0
  accepted = 0
  read = 0
  written = 0
  datagrams = 0

  constructor(stack: Stack, dice: Dice) {
    this.#stack = stack
    this.#dice = dice
    this.#bytes = dice.bytes(30_000)
  }

  readonly #handler: ConnectionHandler = {
    onReadable: (connection) => {
      // Half of them read at once, the others when they come to it.
      if ((connection.remotePort & 1) === 0) this.#consume(connection)
    },
    onClose: (connection) => connection.close(),
  }

  listen(port: number, backlog: number, fastOpen = 0): void {
    if (this.#listeners.has(port)) return
    const onConnection = (listener: TcpListener): void => {
      for (let c = listener.accept(); c !== null; c = listener.accept()) {
        c.handler = this.#handler
        this.connections.push(c)
        this.accepted++
      }
    }
    this.#listeners.set(port, this.#stack.tcp.listen({ port, backlog, fastOpen }, { onConnection }))
  }

  bind(port: number, paused: boolean): UdpSocket {
    const socket = this.#stack.udp.bind({ port }, { onMessage: () => void this.datagrams++ })
    socket.paused = paused
    this.#sockets.push(socket)
    return socket
  }

  connect(address: string, port: number): void {
    this.#ask(() => {
      const to = parseAddress(address)
      if (to === null) throw new Error(`${address} is no address`)
      this.connections.push(
        this.#stack.tcp.connect({ address: to, port, fastOpen: this.#dice.one(4) }, this.#handler),
      )
      this.connected++
    })
  }

  /** Somebody does something. */
  act(peers: readonly string[]): void {
    const dice = this.#dice
    const which = dice.below(20)
    if (which === 0) this.connect(dice.pick(peers), dice.pick([80, 7]))
    else if (which === 1) this.#send(dice.pick(peers))
    else if (which === 2) this.#ping(dice.pick(peers))
    else if (which === 3 && dice.one(8)) this.#relisten()
    else if (this.connections.length > 0) this.#actOn(dice.pick(this.connections))
  }

  /** Takes leave of what is over. */
  tidy(): void {
    for (let i = this.connections.length - 1; i >= 0; i--) {
      if (this.connections[i].closeReason === undefined) continue
      this.connections[i].close()
      this.connections.splice(i, 1)
    }
  }

  closeAll(): void {
    for (const connection of this.connections.splice(0)) connection.close()
    for (const listener of this.#listeners.values()) listener.close()
    this.#listeners.clear()
    for (const socket of this.#sockets.splice(0)) socket.close()
  }

  #actOn(connection: TcpConnection): void {
    const dice = this.#dice
    switch (dice.below(14)) {
      case 0:
        connection.shutdown()
        return
      case 1:
        if (dice.one(2)) connection.close()
        return
      case 2:
        if (dice.one(3)) connection.abort()
        return
      case 3:
        connection.setKeepAlive(dice.one(2), { idle: 50, interval: 20, count: 3 })
        return
      case 4:
        connection.noDelay = !connection.noDelay
        return
      case 5:
        connection.cork = !connection.cork
        return
      case 6:
        connection.congestion = dice.pick(CONGESTION)
        return
      case 7:
        connection.userTimeout = dice.pick([0, 0, 100, 5000])
        return
      case 8:
      case 9:
        this.#consume(connection)
        return
      default:
        this.#write(connection)
    }
  }

  #consume(connection: TcpConnection): void {
    this.read += connection.readable
    connection.consume(connection.readable)
  }

  #write(connection: TcpConnection): void {
    const early = connection.state < TcpState.Established
    if (connection.closeReason !== undefined || connection.writable === 0 || (early && !this.#dice.one(4)))
      return
    const bytes = this.#bytes.subarray(
      0,
      this.#dice.pick([1, 100, 1400, this.#dice.below(this.#bytes.length)]),
    )
    this.written += this.#dice.one(20) ? connection.writeUrgent(bytes) : connection.write(bytes)
  }

  #send(address: string): void {
    const to = parseAddress(address)
    const socket = this.#dice.pick(this.#sockets)
    this.#ask(() => {
      if (to !== null)
        socket.send(this.#bytes.subarray(0, this.#dice.pick([0, 100, 1400, 4000])), {
          address: to,
          port: 5353,
        })
    })
    if (this.#dice.one(4)) socket.paused = !socket.paused
  }

  #ping(address: string): void {
    const to = parseAddress(address)
    this.#ask(() => {
      if (to !== null) this.#stack.icmp.ping(to, { timeout: 1000 }, () => {})
    })
  }

  #relisten(): void {
    const [port] = [...this.#listeners.keys()]
    if (port === undefined) return
    this.#listeners.get(port)?.close()
    this.#listeners.delete(port)
    this.listen(port, this.#dice.pick([1, 2, 8]))
  }

  #ask(what: () => void): void {
    try {
      what()
    } catch (error) {
      if (!(error instanceof TapwireError) || !REFUSALS.has(error.code)) throw error
    }
  }
}
