/** Traffic through one stack and back, in virtual time: what is measured by the programs that run in a process of their own. */
import {
  type ConnectionHandler,
  type LinkDevice,
  parseAddress,
  SeededRandom,
  Stack,
  type TcpConnection,
  VirtualClock,
} from '../../src/index.ts'
import { Hairpin } from './hairpin.ts'

export interface TrafficOrder {
  readonly traffic: 'bulk' | 'duplex' | 'many' | 'echo' | 'udp'
  readonly family: 4 | 6
  readonly offloads: boolean
  /** Makes an object for every so many segments, to see whether the measure does; 0 for never. */
  readonly litterOneIn: number
  /** Of how many data frames the hairpin loses one; 0 for none. */
  readonly loseOneIn: number
}

export interface Traffic {
  readonly segments: () => number
  readonly bytes: () => number
  readonly step: () => void
}

/** A power of two, so that no write wraps in the ring: bytes then go in without a view being made of them. */
const CHUNK = new Uint8Array(4096).fill(7)
const MESSAGE = CHUNK.slice(0, 64)
const MANY = 100
/** Timestamps are beyond 2^31 µs, where a number is an object unless somebody takes care. */
const AN_HOUR = 3_600_000

/** @param wrap puts something between the hairpin and the stack */
export function startTraffic(
  order: TrafficOrder,
  wrap: (device: LinkDevice) => LinkDevice = (device) => device,
): Traffic & { stack: Stack } {
  const clock = new VirtualClock()
  clock.advance(AN_HOUR)
  // Of many connections all that they send at once has to fit into the hairpin.
  const sendBuffer = order.traffic === 'many' ? 1 << 16 : 1 << 20
  const tcp = { receiveBuffer: 1 << 20, sendBuffer, sendBufferMax: sendBuffer }
  const stack = new Stack({ clock, random: new SeededRandom(1), tcp })
  const device = new Hairpin(order.offloads, order.loseOneIn)
  stack.addInterface(wrap(device), { addresses: ['10.0.0.2/24', 'fd00::2/64'] })
  const { segments, bytes, step } = (order.traffic === 'udp' ? datagrams : streams)(stack, order)
  return {
    stack,
    segments,
    bytes,
    step: () => {
      step()
      const frames = device.pump()
      if (order.litterOneIn > 0) litter(frames, order.litterOneIn)
      clock.advance(0.1)
    },
  }
}

const kept = new Array<object>(16)
let seen = 0

function litter(frames: number, oneIn: number): void {
  for (let i = 0; i < frames; i++) if (++seen % oneIn === 0) kept[seen & 15] = { seen }
}

function peer(order: TrafficOrder): NonNullable<ReturnType<typeof parseAddress>> {
  const address = parseAddress(order.family === 4 ? '10.0.0.1' : 'fd00::1')
  if (address === null) throw new Error('no address')
  return address
}

function streams(stack: Stack, order: TrafficOrder): Traffic {
  const accepted: TcpConnection[] = []
  const echoes = order.traffic === 'echo'
  const consumer: ConnectionHandler = { onReadable: (connection) => connection.consume(connection.readable) }
  const echo: ConnectionHandler = {
    onReadable: (connection) => {
      connection.consume(connection.readable)
      connection.write(MESSAGE)
    },
  }
  stack.tcp.listen(
    { port: 7 },
    {
      onConnection: (listener) => {
        for (let connection = listener.accept(); connection !== null; connection = listener.accept()) {
          connection.handler = echoes ? echo : consumer
          accepted.push(connection)
        }
      },
    },
  )
  const count = order.traffic === 'many' ? MANY : 1
  const address = peer(order)
  const writers: TcpConnection[] = []
  for (let i = 0; i < count; i++) {
    writers.push(stack.tcp.connect({ address, port: 7 }, echoes ? echo : consumer))
  }
  const { counters } = stack.tcp
  let begun = false
  const step = (): void => {
    if (order.traffic === 'duplex' && accepted.length > 0) fill(accepted[0])
    if (!echoes) for (let i = 0; i < count; i++) fill(writers[i])
    else if (!begun) writers[0].write(MESSAGE)
    begun = true
  }
  return { segments: () => counters.segmentsIn, bytes: () => counters.bytesIn, step }
}

function fill(connection: TcpConnection): void {
  while (connection.writable >= CHUNK.length) if (connection.write(CHUNK) < CHUNK.length) return
}

/** The hairpin sends each datagram back to the socket that it came from. */
function datagrams(stack: Stack, order: TrafficOrder): Traffic {
  let count = 0
  const socket = stack.udp.bind(
    { port: 9 },
    {
      onMessage: () => {
        count++
      },
    },
  )
  socket.connect(peer(order), 9)
  const datagram = CHUNK.slice(0, 1024)
  const step = (): void => {
    for (let i = 0; i < 32; i++) socket.send(datagram)
  }
  return { segments: () => count, bytes: () => count * datagram.length, step }
}
