import { parseAddress, type Stack, type TcpConnection, type UdpTarget } from '@tapwire/stack'
import * as packet from 'dns-packet'

type Query = packet.DecodedPacket
/** What the server says; null for silence. An array is sent as several datagrams. */
export type Reply = Partial<packet.Packet> & {
  rcode?: keyof typeof RCODES
  truncated?: boolean
  raw?: Uint8Array
}

const RCODES = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const

export interface Asked {
  readonly over: 'udp' | 'tcp'
  readonly name: string
  readonly type: string
  readonly id: number
  readonly port: number
  readonly edns: boolean
  readonly recursion: boolean
}

/** A DNS server on a stack whose every answer a test decides. */
export class NameServer {
  readonly asked: Asked[] = []
  /** By 'TYPE name'; anything else does not exist. */
  readonly zone = new Map<string, Reply | null | ((asked: Asked) => Reply | null)>()
  readonly #stack: Stack
  readonly #close: (() => void)[] = []

  constructor(stack: Stack, address: string, port = 53) {
    this.#stack = stack
    const where = { address: parseAddress(address), port }
    const socket = stack.udp.bind(where, {
      onMessage: (_socket, message) => {
        const target: UdpTarget = { address: message.remoteAddress, port: message.remotePort }
        const answer = this.#answer(message.bytes(), 'udp', message.remotePort)
        if (answer !== null) socket.send(answer, target)
      },
    })
    const listener = stack.tcp.listen(where, {
      onConnection: () => {
        const connection = listener.accept()
        if (connection !== null) connection.handler = { onReadable: (c) => this.#overTcp(c) }
      },
    })
    this.#close.push(
      () => socket.close(),
      () => listener.close(),
    )
  }

  /** @param type e.g. 'A' @param data of as many records */
  add(type: string, name: string, ...data: unknown[]): void {
    const answers = data.map((value) => ({ type, name, ttl: 60, data: value })) as packet.Answer[]
    this.zone.set(`${type} ${name.toLowerCase()}`, { answers })
  }

  close(): void {
    for (const close of this.#close) close()
  }

  #overTcp(connection: TcpConnection): void {
    const bytes = new Uint8Array(connection.readable)
    connection.read(bytes)
    const answer = this.#answer(bytes.subarray(2), 'tcp', connection.remotePort)
    if (answer === null) return
    // In two pieces, the first of which ends in the middle of the length.
    connection.write(Uint8Array.of(answer.length >>> 8))
    this.#stack.engine.run(() => {})
    const rest = new Uint8Array(1 + answer.length)
    rest[0] = answer.length & 0xff
    rest.set(answer, 1)
    connection.write(rest)
  }

  #answer(bytes: Uint8Array, over: 'udp' | 'tcp', port: number): Uint8Array | null {
    const query = packet.decode(Buffer.from(bytes)) as Query & { flag_rd: boolean }
    const [{ name, type }] = query.questions ?? []
    const edns = (query.additionals ?? []).some((record) => record.type === 'OPT')
    const asked: Asked = { over, name, type, id: query.id ?? 0, port, edns, recursion: query.flag_rd }
    this.asked.push(asked)
    const entry = this.zone.get(`${type} ${name.toLowerCase()}`)
    const known = typeof entry === 'function' ? entry(asked) : entry
    if (known === null) return null
    const reply: Reply = known ?? { rcode: 'NXDOMAIN' }
    if (reply.raw !== undefined) return reply.raw
    const { rcode = 'NOERROR', truncated = false, ...rest } = reply
    const flags = packet.RECURSION_AVAILABLE | (truncated ? packet.TRUNCATED_RESPONSE : 0) | RCODES[rcode]
    return packet.encode({
      type: 'response',
      id: asked.id,
      questions: query.questions,
      ...rest,
      flags: (rest.flags ?? 0) | flags,
    })
  }
}
